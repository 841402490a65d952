//! The tags of a text: which of them mean something, and what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::address;
use super::chars::is_word;
use super::piece::Piece;
use super::scan::{Node, Scan, Step};
use super::tag::Tag;
use super::tag_at;
use super::tag_mark::{Meaning, TagMark};

use crate::render::entity;

impl<'a> Scan<'a> {
    /// What an angle bracket begins: a comment, a tag, an address.
    pub(super) fn tag(&mut self, at: usize) -> Result<Option<Step<'a>>, usize> {
        let rest = &self.text[at..];
        if rest.starts_with("<!--") {
            return self.comment(at);
        }
        if let Some(found) = tag_at::at(rest) {
            return match found.tag {
                tag if !found.closing && !self.may_mean(tag) && !self.begins_paragraph(at, &found) => {
                    Ok(None)
                }
                Tag::Code | Tag::Pre if !found.closing => self.code_in_tags(at, &found),
                _ => {
                    let behind = &rest[found.length..];
                    let spaces = behind.len() - behind.trim_start_matches(' ').len();
                    let length = found.length + if found.tag == Tag::Break { spaces } else { 0 };
                    self.tags.push(TagMark { found, at, meaning: Meaning::Tag });
                    Ok(Some((Some(Node::Tag(self.tags.len() - 1)), length)))
                }
            };
        }
        if let Some(address) = address::bracketed(rest) {
            return Ok(Some(self.address(at, address)));
        }
        match self.growing {
            Some(growing) if growing.is_near(at) && (tag_at::may_come(rest) || address::may_come(rest)) => {
                Err(at)
            }
            _ => Ok(None),
        }
    }

    /// Whether a tag that makes a block can do so. While the text grows, what is missing may come.
    fn may_mean(&self, tag: Tag) -> bool {
        self.growing.is_some() || self.definitions.is_meant(tag)
    }

    /// Whether it is a `<p>` that its writer never closes: it begins a line, and words follow.
    fn begins_paragraph(&self, at: usize, found: &tag_at::Found<'a>) -> bool {
        let before = self.text[..at].trim_end_matches([' ', '\t']);
        let begins = before.is_empty() || before.ends_with('\n');
        let after = &self.text[at + found.length..];
        found.tag == Tag::Paragraph && begins && after.starts_with(is_word)
    }

    /// A comment that has its lines for itself says nothing to a reader; another one is what is spoken of.
    fn comment(&mut self, at: usize) -> Result<Option<Step<'a>>, usize> {
        let rest = &self.text[at..];
        let begins = self.text[..at].trim_end_matches([' ', '\t']);
        let begins = begins.is_empty() || begins.ends_with('\n');
        let Some(end) = self.end("-->", || rest.find("-->").map(|end| end + "-->".len())) else {
            return match self.growing {
                Some(growing) if begins && growing.is_near(at) => Err(at),
                _ => Ok(None),
            };
        };
        let after = rest[end..].trim_start_matches([' ', '\t']);
        let alone = begins && (after.is_empty() || after.starts_with('\n'));
        let text = Node::Piece(Piece::Text(Cow::Borrowed(&rest[..end])));
        Ok(Some(((!alone).then_some(text), end)))
    }

    /// `<code>` and `<pre>`: what is between them is code, whatever marks it holds.
    #[expect(clippy::unnecessary_wraps, reason = "as its neighbours return")]
    fn code_in_tags(&mut self, at: usize, found: &tag_at::Found<'a>) -> Result<Option<Step<'a>>, usize> {
        let rest = &self.text[at + found.length..];
        let pre = found.tag == Tag::Pre;
        let ended = self.end(found.name, || up_to_end(rest, found.name));
        // While the text grows, all that follows is code, but for what may become its end.
        let growing = self.growing.map(|_| {
            let end = rest.rfind('<').filter(|end| tag_at::may_come(&rest[*end..])).unwrap_or(rest.len());
            (&rest[..end], rest.len())
        });
        let Some((inside, length)) = ended.or(growing) else { return Ok(None) };
        let mark = TagMark { found: found.clone(), at, meaning: Meaning::Text };
        if !pre && mark.is_word(self.text, false) && (inside.ends_with(' ') || opens(inside, found.name)) {
            return Ok(None);
        }
        let node =
            if pre { listing(inside) } else { Piece::Code(entity::decoded(inside).replace('\n', " ")) };
        Ok(Some((Some(Node::Piece(node)), found.length + length)))
    }

    /// The end of what began here; it is looked for until it was missed once, so that the pass stays linear.
    fn end<T>(&mut self, closing: &'static str, find: impl Fn() -> Option<T>) -> Option<T> {
        if self.endless.contains(&closing) {
            return None;
        }
        let end = find();
        if end.is_none() {
            self.endless.push(closing);
        }
        end
    }

    fn address(&mut self, at: usize, address: &'a str) -> Step<'a> {
        self.words(at);
        let target = if address.contains(':') {
            Cow::Borrowed(address)
        } else {
            Cow::Owned(format!("mailto:{address}"))
        };
        self.nodes.push(Node::Piece(Piece::Link(target)));
        self.nodes.push(Node::Piece(Piece::Text(Cow::Borrowed(address))));
        (Some(Node::Piece(Piece::LinkEnd)), address.len() + 2)
    }

    /// Finds out which tags mean something. A format is what two tags of one name enclose; those that stand apart like words
    /// of a sentence are words: `the <i> tag and the </i> tag`. While the text grows, what begins a word is open.
    pub(super) fn settle_tags(&mut self) -> Result<(), usize> {
        let mut open: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        // In a list or a table those of its parts mean what they say.
        let mut within = false;
        for number in 0..self.tags.len() {
            let mark = &self.tags[number];
            let (tag, name) = (mark.found.tag, mark.found.name);
            let is_word = |mark: &TagMark<'_>| mark.is_word(self.text, within);
            let openers = open.entry(name).or_default();
            let last = openers.last().map(|opener| &self.tags[*opener]);
            let meaning = if !mark.found.closing {
                let again = !tag.nests() && last.is_some_and(|last| !is_word(last));
                let aimless = tag == Tag::Link && mark.found.attribute("href").is_none();
                if (again && mark.touches_word(self.text)) || (!tag.formats() && is_word(mark)) {
                    Meaning::Text
                } else {
                    openers.push(number);
                    if aimless { Meaning::Text } else { Meaning::Tag }
                }
            } else if let Some(opener) = openers.pop() {
                if tag.formats() && is_word(&self.tags[opener]) && is_word(mark) {
                    self.tags[opener].meaning = Meaning::Text;
                }
                self.tags[opener].meaning
            } else if !tag.formats()
                && self.definitions.is_opened(tag)
                && self.may_mean(tag)
                && !is_word(mark)
            {
                // It ends what another paragraph began.
                Meaning::Tag
            } else {
                Meaning::Text
            };
            within |= meaning == Meaning::Tag && matches!(tag, Tag::List(_) | Tag::Table);
            self.tags[number].meaning = meaning;
        }
        let mut open: Vec<usize> = open.into_values().flatten().collect();
        open.sort_unstable();
        open.into_iter().try_for_each(|number| self.settle_open_tag(number))
    }

    /// Finds out what a tag is that nothing closes.
    fn settle_open_tag(&mut self, number: usize) -> Result<(), usize> {
        let mark = &mut self.tags[number];
        let tag = mark.found.tag;
        let touches = mark.touches_word(self.text);
        if !tag.needs_end() || !(tag.formats() || touches) {
            return Ok(());
        }
        if let Some(growing) = self.growing {
            if tag == Tag::Link && growing.is_near(mark.at) {
                return Err(mark.at);
            }
            if tag.formats() && tag != Tag::Link && !touches && !mark.is_followed_by_space(self.text) {
                return Ok(());
            }
            if growing.is_doubtful(mark.at) {
                return Err(mark.at);
            }
        }
        mark.meaning = Meaning::Text;
        Ok(())
    }
}

/// Whether a tag of this name opens something in the text.
fn opens(text: &str, name: &str) -> bool {
    let mut tags = text.match_indices('<').filter_map(|(at, _)| tag_at::at(&text[at..]));
    tags.any(|found| found.name == name && !found.closing)
}

/// What is before the closing tag, and its length with the tag.
fn up_to_end<'a>(text: &'a str, name: &str) -> Option<(&'a str, usize)> {
    let mut at = 0;
    loop {
        at += text[at..].find("</")?;
        if let Some(found) = tag_at::at(&text[at..]).filter(|found| found.name == name) {
            return Some((&text[..at], at + found.length));
        }
        at += 2;
    }
}

/// A block of code in HTML; the code within it may say its language.
fn listing(inside: &str) -> Piece<'_> {
    let mut text = inside;
    let mut language = None;
    if let Some(found) =
        tag_at::at(text.trim_start()).filter(|found| found.tag == Tag::Code && !found.closing)
    {
        let rest = &text.trim_start()[found.length..];
        text = up_to_end(rest, found.name).map_or(rest, |(code, _)| code);
        language = found
            .attribute("class")
            .and_then(|class| class.split(' ').find_map(|it| it.strip_prefix("language-")));
    }
    Piece::Listing { language, text: entity::decoded(text).into_owned() }
}
