//! XML, element by element. Nothing that a document declares is expanded or fetched: entities are the five of XML, numbers, and the few of
//! HTML that books use.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesEnd, BytesStart, Event};

use super::encoding;

/// A part of a document, in its order.
pub(super) enum Node<'a> {
    /// An element begins. One without content ends at once.
    Open(Element<'a>),
    /// An element ends.
    Close(End<'a>),
    /// Words.
    Text(Cow<'a, str>),
}

/// The beginning of an element.
pub(super) struct Element<'a>(BytesStart<'a>);

/// The end of an element.
pub(super) struct End<'a>(BytesEnd<'a>);

impl Element<'_> {
    /// Its name without its namespace.
    pub(super) fn name(&self) -> &str {
        local(self.0.name().into_inner())
    }

    /// The value of an attribute, by its name without a namespace.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes
            .with_checks(false)
            .flatten()
            .find(|attribute| local(attribute.key.into_inner()) == name)?;
        let value = &found.value;
        Some(quick_xml::escape::unescape(value).map_or_else(|_| value.to_string(), Cow::into_owned))
    }

    /// The value of an attribute, by its name with its prefix.
    pub(super) fn full_attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found =
            attributes.with_checks(false).flatten().find(|attribute| attribute.key.into_inner() == name)?;
        Some(found.value.into_owned())
    }

    /// The value of a number.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// The value of an attribute that is true unless it says otherwise, as `w:val` is.
    pub(super) fn is_on(&self, name: &str) -> bool {
        !matches!(self.attribute(name).as_deref(), Some("0" | "false" | "off" | "none"))
    }
}

impl End<'_> {
    /// Its name without its namespace.
    pub(super) fn name(&self) -> &str {
        local(self.0.name().into_inner())
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The elements of a document.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    /// Whether it breaks off, or is no XML from some place on.
    pub(super) is_broken: bool,
    depth: usize,
}

impl<'a> Xml<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self { reader, is_broken: false, depth: 0 }
    }

    /// Goes on behind the end of the element that was just opened.
    pub(super) fn pass(&mut self) {
        let until = self.depth - 1;
        while self.depth > until && self.next().is_some() {}
    }

    /// The words within the element that was just opened.
    pub(super) fn words(&mut self) -> String {
        let mut words = String::new();
        let until = self.depth - 1;
        while self.depth > until {
            match self.next() {
                Some(Node::Text(text)) => words.push_str(&text),
                Some(_) => {}
                None => break,
            }
        }
        words
    }
}

impl<'a> Iterator for Xml<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.is_broken {
            return None;
        }
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(start)) => {
                    self.depth += 1;
                    return Some(Node::Open(Element(start)));
                }
                Ok(Event::End(end)) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Some(Node::Close(End(end)));
                }
                Ok(Event::Text(text)) => return Some(Node::Text(text.into_inner())),
                Ok(Event::CData(text)) => return Some(Node::Text(text.into_inner())),
                Ok(Event::GeneralRef(reference)) => {
                    let character = reference.resolve_char_ref().ok().flatten();
                    let name = reference.into_inner();
                    return Some(Node::Text(
                        character.map_or_else(|| entity(&name), |c| c.to_string().into()),
                    ));
                }
                Ok(Event::Eof) => {
                    self.is_broken = self.depth > 0;
                    return None;
                }
                Ok(_) => {}
                Err(_) => {
                    self.is_broken = true;
                    return None;
                }
            }
        }
    }
}

/// What an entity stands for; one that the document declares itself stands for nothing.
fn entity<'a>(name: &str) -> Cow<'a, str> {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "nbsp" => "\u{a0}",
        "ndash" => "–",
        "mdash" => "—",
        "hellip" => "…",
        "laquo" => "«",
        "raquo" => "»",
        "bdquo" => "„",
        "ldquo" => "“",
        "rdquo" => "”",
        "lsquo" => "‘",
        "rsquo" => "’",
        "copy" => "©",
        _ => "",
    }
    .into()
}

/// The text of a document in the encoding that it declares.
pub(super) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let head = &bytes[..bytes.len().min(200)];
    let declared = String::from_utf8_lossy(head).into_owned();
    let label = declared.strip_prefix("<?xml").and_then(|rest| {
        rest.split_once("?>")?.0.split_once("encoding")?.1.split(['"', '\'']).nth(1).map(str::to_owned)
    });
    encoding::decode_named(bytes, label.as_deref().map(str::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        Xml::new(text)
            .filter_map(|node| if let Node::Text(text) = node { Some(text.into_owned()) } else { None })
            .collect()
    }

    #[test]
    fn entities_are_those_of_xml_and_none_of_the_document() {
        let bomb = "<!DOCTYPE a [<!ENTITY lol 'lol'><!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>1 &lt; 2 &#1078;&#x416; &lol;&x;&nbsp;<b/><![CDATA[<raw>]]></a>";
        assert_eq!(words(bomb), "1 < 2 жЖ \u{a0}<raw>");
    }

    #[test]
    fn a_document_that_breaks_off_is_seen_to() {
        let mut xml = Xml::new("<a><b>text</b><c>");
        while xml.next().is_some() {}
        assert!(xml.is_broken);
        let mut xml = Xml::new("<a><b>skipped<c/></b>kept</a>");
        assert!(matches!(xml.next(), Some(Node::Open(_))));
        assert!(matches!(xml.next(), Some(Node::Open(_))));
        xml.pass();
        assert!(matches!(xml.next(), Some(Node::Text(text)) if text == "kept"));
        assert!(xml.next().is_some() && xml.next().is_none() && !xml.is_broken);
    }
}
