//! Words in one look, and the looks.

use unicode_width::UnicodeWidthStr;

/// Words in one look. What stands around them is layout, not style: it is there without colours too.
#[derive(Clone, Default)]
pub(super) struct Run {
    pub(super) before: &'static str,
    pub(super) text: String,
    pub(super) after: String,
    pub(super) styles: Vec<Style>,
}

impl Run {
    pub(super) fn width(&self) -> usize {
        self.before.width() + self.text.width() + self.after.width()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Bold,
    Italic,
    Underline,
    Strike,
    Dim,
    Code,
    Link,
}

impl Style {
    /// By the name that Telegram has for it, in entities and in rich text.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bold" => Self::Bold,
            "italic" | "mathematical_expression" => Self::Italic,
            "underline" => Self::Underline,
            "strikethrough" => Self::Strike,
            "spoiler" => Self::Dim,
            "code" => Self::Code,
            "text_link" | "url" => Self::Link,
            _ => return None,
        })
    }

    /// Select Graphic Rendition (ECMA-48, 8.3.117).
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Italic => "3",
            Self::Underline => "4",
            Self::Strike => "9",
            Self::Code => "36",
            Self::Link => "34",
        }
    }
}

/// How many columns they take on the screen.
pub(super) fn width(runs: &[Run]) -> usize {
    runs.iter().map(Run::width).sum()
}
