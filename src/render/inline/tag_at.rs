//! Tags as they stand in a text: of the allow-list, and well-formed.

use super::tag::{NAMES, Tag};

/// A tag as it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::render) struct Found<'a> {
    pub(in crate::render) tag: Tag,
    /// Its name in small letters: what `<i>` begins no `</em>` ends.
    pub(super) name: &'static str,
    pub(in crate::render) closing: bool,
    pub(in crate::render) length: usize,
    attributes: &'a str,
}

impl<'a> Found<'a> {
    /// The value of an attribute, as it is written.
    pub(in crate::render) fn attribute(&self, name: &str) -> Option<&'a str> {
        attributes(self.attributes).find(|(key, _)| key.eq_ignore_ascii_case(name))?.1
    }
}

/// The tag at the beginning of the text: of the allow-list, with attributes that have values in quotes.
pub(in crate::render) fn at(text: &str) -> Option<Found<'_>> {
    let inner = text.strip_prefix('<')?;
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let name = &inner[..name_length(inner)];
    let rest = &inner[name.len()..];
    let (name, tag) = Tag::named(name)?;
    let attributes = &rest[..attributes_length(rest)];
    let end = &rest[attributes.len()..];
    let end = if tag.is_void() && !closing { end.strip_prefix('/').unwrap_or(end) } else { end };
    let proper = self::attributes(attributes)
        .all(|(name, value)| !closing && (value.is_some() || tag.takes_alone(name)));
    let end = end.strip_prefix('>').filter(|_| proper)?;
    Some(Found { tag, name, closing, length: text.len() - end.len(), attributes })
}

/// Whether the text begins with a tag that ends the paragraph before it.
pub(in crate::render) fn begins_block(text: &str) -> bool {
    at(text).is_some_and(|found| {
        matches!(
            found.tag,
            Tag::Details
                | Tag::Paragraph
                | Tag::Heading(_)
                | Tag::Quote
                | Tag::Pre
                | Tag::List(_)
                | Tag::Table
                | Tag::Rule
        )
    })
}

/// Whether a text is the source of a language of tags that mean nothing here; its indents are part of it.
pub(in crate::render) fn is_markup(text: &str) -> bool {
    text.starts_with('<') && text[1..].starts_with(|c: char| c.is_ascii_alphabetic()) && at(text).is_none()
}

/// Whether the text could become a tag, or a comment, when more of it has come.
pub(super) fn may_come(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('<') else { return false };
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let name = &inner[..name_length(inner)];
    let rest = &inner[name.len()..];
    if rest.is_empty() {
        let beginning =
            |known: &str| known.get(..name.len()).is_some_and(|known| known.eq_ignore_ascii_case(name));
        return NAMES.iter().any(|(known, _)| beginning(known));
    }
    let Some((_, tag)) = Tag::named(name) else { return false };
    let attributes = &rest[..attributes_length(rest)];
    let mut bare =
        self::attributes(attributes).filter(|(name, value)| value.is_none() && !tag.takes_alone(name));
    // The last name may get its value yet.
    let named = match (bare.next(), bare.next()) {
        (None, _) => true,
        (Some((name, _)), None) => attributes.ends_with(name),
        _ => false,
    };
    // What is behind the whole attributes is the beginning of one more.
    let rest = rest[attributes.len()..].trim_start_matches('/');
    named
        && !rest.contains(['<', '>'])
        && (rest.is_empty() || rest.contains(['"', '\'']) || !rest.contains(' '))
}

fn name_length(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-').len()
}

/// The attributes at the beginning of the text, each with its value.
fn attributes(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (attribute, length) = attribute(rest)?;
        rest = &rest[length..];
        Some(attribute)
    })
}

/// How much of the text attributes take, and the space behind them.
fn attributes_length(text: &str) -> usize {
    let mut at = 0;
    while let Some((_, length)) = attribute(&text[at..]) {
        at += length;
    }
    text.len() - text[at..].trim_start().len()
}

/// The attribute at the beginning of the text, and its length with the space before it.
fn attribute(text: &str) -> Option<((&str, Option<&str>), usize)> {
    let inner = text.trim_start();
    let name = &inner[..name_length(inner)];
    if inner.len() == text.len() || name.is_empty() {
        return None;
    }
    let rest = &inner[name.len()..];
    let Some(value) = rest.trim_start().strip_prefix('=').map(str::trim_start) else {
        return Some(((name, None), text.len() - rest.len()));
    };
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, rest) = match quote {
        Some(quote) => {
            let end = value[1..].bytes().take(MAX_BYTES).position(|byte| byte == quote as u8)?;
            (&value[1..=end], &value[end + 2..])
        }
        // Only where nothing but an attribute can be meant.
        None if matches!(name, "href" | "start") => value
            .split_at(value.find(|c: char| c.is_whitespace() || "\"'<>`".contains(c)).unwrap_or(value.len())),
        None => return None,
    };
    Some(((name, Some(value)), text.len() - rest.len()))
}

/// The longest value of an attribute; the bound keeps the search for its end short.
const MAX_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(Tag, bool, usize)> {
        at(text).map(|found| (found.tag, found.closing, found.length))
    }

    #[test]
    fn only_well_formed_tags_of_the_list_are_tags() {
        assert_eq!(found("<b>x"), Some((Tag::Bold, false, 3)));
        assert_eq!(found("</B >x"), Some((Tag::Bold, true, 5)));
        assert_eq!(found("<br/>"), Some((Tag::Break, false, 5)));
        assert_eq!(found("<details open>"), Some((Tag::Details, false, 14)));
        assert_eq!(found("<p class=\"a > b\">"), Some((Tag::Paragraph, false, 17)));
        for text in [
            "<b and c>",
            "<T>",
            "<script>",
            "< b>",
            "<b",
            "<b/>",
            "</b and c>",
            "<b c=d>",
            "<b<i>",
            "<i,j>",
            "<>",
            "<br and>",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn an_attribute_has_the_value_it_was_given() {
        let link = at("<a class='x' HREF=\"https://example.com/?a=1&amp;b\" >").expect("a tag");
        assert_eq!(link.attribute("href"), Some("https://example.com/?a=1&amp;b"));
        assert_eq!(link.attribute("title"), None);
        assert_eq!(
            at("<a href=https://example.com>").and_then(|link| link.attribute("href")),
            Some("https://example.com")
        );
    }

    #[test]
    fn what_may_become_a_tag_is_told_from_a_comparison() {
        for text in ["<", "<b", "<det", "<a href=\"http", "<a ", "</", "</b", "<a href"] {
            assert!(may_come(text), "{text}");
        }
        for text in ["<x", "<b and c", "<5", "<div", "<b and ", "<script"] {
            assert!(!may_come(text), "{text}");
        }
    }
}
