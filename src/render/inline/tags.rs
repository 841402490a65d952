//! The tags of a text: which of them mean something, and what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::address;
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
                tag if !found.closing && self.growing.is_none() && !self.definitions.is_meant(tag) => {
                    Ok(None)
                }
                Tag::Code | Tag::Pre if !found.closing => self.code_in_tags(at, &found),
                _ => {
                    let length = found.length;
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
        let closing = if pre { "</pre>" } else { "</code>" };
        let ended = self.end(closing, || up_to_end(rest, found.tag));
        // While the text grows, all that follows is code, but for what may become its end.
        let growing = self.growing.map(|_| {
            let end = rest.rfind('<').filter(|end| tag_at::may_come(&rest[*end..])).unwrap_or(rest.len());
            (&rest[..end], rest.len())
        });
        let Some((inside, length)) = ended.or(growing) else { return Ok(None) };
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

    /// Whether two tags of a format are spoken of in blocks of their own: `<li>the <i> tag</li><li>the </i> tag</li>`.
    fn are_words(&self, opener: usize, closer: usize) -> bool {
        let word = |mark: &TagMark<'_>| mark.is_spoken_of(self.text) && mark.is_followed_by_space(self.text);
        let parts = |mark: &TagMark<'_>| !mark.found.tag.formats() && mark.found.tag != Tag::Break;
        let (begin, end) = (&self.tags[opener], &self.tags[closer]);
        begin.found.tag.formats()
            && word(begin)
            && word(end)
            && self.tags[opener + 1..closer].iter().any(parts)
    }

    /// Finds out which tags mean something. What opens and is never closed is a tag where it begins a word (`a <b>word`),
    /// and text where it ends one or is one (`List<b>`, `the <b> tag`).
    pub(super) fn settle_tags(&mut self) -> Result<(), usize> {
        let mut open: BTreeMap<Tag, Vec<usize>> = BTreeMap::new();
        for number in 0..self.tags.len() {
            let mark = &self.tags[number];
            let found = &mark.found;
            let tag = found.tag;
            let again = !tag.nests() && open.get(&tag).is_some_and(|open| !open.is_empty());
            self.tags[number].meaning = if !found.closing && again && mark.touches_word(self.text) {
                Meaning::Text
            } else if !found.closing {
                open.entry(tag).or_default().push(number);
                if tag == Tag::Link && found.attribute("href").is_none() {
                    Meaning::Text
                } else {
                    Meaning::Tag
                }
            } else if let Some(opener) = open.get_mut(&tag).and_then(Vec::pop) {
                if self.are_words(opener, number) {
                    self.tags[opener].meaning = Meaning::Text;
                }
                self.tags[opener].meaning
            } else if mark.is_spoken_of(self.text) && (tag.formats() || !self.definitions.is_opened(tag)) {
                Meaning::Text
            } else if tag.formats() {
                Meaning::Nothing
            } else {
                Meaning::Tag
            };
        }
        let mut open: Vec<usize> = open.into_values().flatten().collect();
        open.sort_unstable();
        for number in open {
            let mark = &mut self.tags[number];
            let tag = mark.found.tag;
            let is_word = mark.touches_word(self.text)
                || tag == Tag::Link
                || (tag.formats() && mark.is_followed_by_space(self.text));
            if !tag.needs_end() || !is_word {
                continue;
            }
            let link = tag == Tag::Link;
            if self.growing.is_some_and(|it| if link { it.is_near(mark.at) } else { it.is_doubtful(mark.at) })
            {
                return Err(mark.at);
            }
            mark.meaning = Meaning::Text;
        }
        Ok(())
    }
}

/// What is before the closing tag, and its length with the tag.
fn up_to_end(text: &str, tag: Tag) -> Option<(&str, usize)> {
    let mut at = 0;
    loop {
        at += text[at..].find("</")?;
        if let Some(found) = tag_at::at(&text[at..]).filter(|found| found.tag == tag) {
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
        text = up_to_end(rest, Tag::Code).map_or(rest, |(code, _)| code);
        language = found
            .attribute("class")
            .and_then(|class| class.split(' ').find_map(|it| it.strip_prefix("language-")));
    }
    Piece::Listing { language, text: entity::decoded(text).into_owned() }
}
