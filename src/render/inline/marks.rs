//! The marks between which a formula stands.

/// The marks a formula stands between.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::render) enum Marks {
    /// `$…$`
    Dollar,
    /// `$$…$$`
    Dollars,
    /// `\(…\)`
    Paren,
    /// `\[…\]`
    Bracket,
    /// `\begin{align}…\end{align}`
    Environment,
    /// `[ … ]`, where a model's backslashes were taken for escapes.
    Bare,
    /// The same over several lines.
    BareLines,
}

impl Marks {
    pub(super) fn at(text: &str) -> Option<Self> {
        Some(match text.as_bytes() {
            [b'\\', b'(', ..] => Self::Paren,
            [b'\\', b'[', ..] => Self::Bracket,
            [b'$', b'$', ..] => Self::Dollars,
            [b'$', ..] => Self::Dollar,
            [b'[', b' ', ..] => Self::Bare,
            [b'[', b'\n', ..] => Self::BareLines,
            _ if text.starts_with("\\begin{") => Self::Environment,
            _ => return None,
        })
    }

    pub(super) fn opening(self) -> &'static str {
        match self {
            Self::Dollar => "$",
            Self::Dollars => "$$",
            Self::Paren => "\\(",
            Self::Bracket => "\\[",
            Self::Bare => "[ ",
            Self::BareLines => "[\n",
            Self::Environment => "\\begin{",
        }
    }

    pub(super) fn closing(self) -> &'static str {
        match self {
            Self::Paren => "\\)",
            Self::Bracket => "\\]",
            Self::Bare => " ]",
            Self::BareLines => "\n]",
            Self::Environment => "\\end{",
            dollars => dollars.opening(),
        }
    }

    /// Whether the formula stands on lines of its own.
    pub(in crate::render) fn display(self) -> bool {
        matches!(self, Self::Dollars | Self::Bracket | Self::Environment | Self::Bare | Self::BareLines)
    }

    /// Whether the marks may be escaped punctuation.
    pub(super) fn escape(self) -> bool {
        matches!(self, Self::Paren | Self::Bracket)
    }

    /// Whether the marks are more often no marks of a formula: it takes a command of TeX to make one.
    pub(super) fn bare(self) -> bool {
        matches!(self, Self::Bare | Self::BareLines)
    }
}
