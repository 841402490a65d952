//! The HTML tags a model writes in Markdown that have a meaning here. Whatever else stands between `<` and `>` is text.
//!
//! Nothing of it reaches Telegram as HTML.

/// A tag of the allow-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::render) enum Tag {
    Bold,
    Italic,
    Underline,
    Strike,
    Spoiler,
    Code,
    Sub,
    Super,
    Link,
    Break,
    Rule,
    Details,
    Summary,
    Paragraph,
    Heading(u8),
    Quote,
    Pre,
    /// A list, numbered or not.
    List(bool),
    Item,
    Table,
    /// A part of a table that says nothing: its head, its body.
    Section,
    Row,
    Cell,
}

/// The names of the tags.
pub(super) const NAMES: [(&str, Tag); 40] = [
    ("b", Tag::Bold),
    ("strong", Tag::Bold),
    ("i", Tag::Italic),
    ("em", Tag::Italic),
    ("u", Tag::Underline),
    ("ins", Tag::Underline),
    ("s", Tag::Strike),
    ("del", Tag::Strike),
    ("strike", Tag::Strike),
    ("tg-spoiler", Tag::Spoiler),
    ("code", Tag::Code),
    ("kbd", Tag::Code),
    ("samp", Tag::Code),
    ("tt", Tag::Code),
    ("sub", Tag::Sub),
    ("sup", Tag::Super),
    ("a", Tag::Link),
    ("br", Tag::Break),
    ("hr", Tag::Rule),
    ("details", Tag::Details),
    ("summary", Tag::Summary),
    ("p", Tag::Paragraph),
    ("h1", Tag::Heading(1)),
    ("h2", Tag::Heading(2)),
    ("h3", Tag::Heading(3)),
    ("h4", Tag::Heading(4)),
    ("h5", Tag::Heading(5)),
    ("h6", Tag::Heading(6)),
    ("blockquote", Tag::Quote),
    ("pre", Tag::Pre),
    ("ul", Tag::List(false)),
    ("ol", Tag::List(true)),
    ("li", Tag::Item),
    ("table", Tag::Table),
    ("thead", Tag::Section),
    ("tbody", Tag::Section),
    ("tfoot", Tag::Section),
    ("tr", Tag::Row),
    ("td", Tag::Cell),
    ("th", Tag::Cell),
];

impl Tag {
    /// The tag of this name, and the name in small letters.
    pub(super) fn named(name: &str) -> Option<(&'static str, Self)> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied()
    }

    /// Whether the tag formats words within a line.
    pub(super) fn formats(self) -> bool {
        matches!(
            self,
            Self::Bold
                | Self::Italic
                | Self::Underline
                | Self::Strike
                | Self::Spoiler
                | Self::Sub
                | Self::Super
                | Self::Link
        )
    }

    /// Whether the tag has a meaning within itself.
    pub(super) fn nests(self) -> bool {
        !self.formats()
            && !matches!(self, Self::Paragraph | Self::Heading(_) | Self::Summary | Self::Code | Self::Pre)
    }

    /// Whether the tag never has an end.
    pub(super) fn is_void(self) -> bool {
        matches!(self, Self::Break | Self::Rule)
    }

    /// Whether the tag has an end, if it is one. Those within a list or a table often have none.
    pub(super) fn needs_end(self) -> bool {
        !self.is_void() && !matches!(self, Self::Item | Self::Row | Self::Cell | Self::Section)
    }

    /// The attributes that need no value.
    pub(super) fn takes_alone(self, attribute: &str) -> bool {
        matches!(
            (self, attribute),
            (Self::Details, "open") | (Self::List(true), "reversed") | (Self::Quote, "expandable")
        )
    }
}
