//! What the model writes, as Telegram shows it: Markdown in, messages out.
//!
//! Fed by the worker with a finished answer ([`answer`]) or with what has come of one ([`draft`]). Pure: no
//! I/O, no clock, no panics, and time linear in the text. The way of an answer:
//!
//! ```text
//! source → walk (inline) → doc ─┬→ text → flat → split ─┬→ parts
//!                              ├→ rich (packs blocks) ─┘
//!                              └→ html
//! ```
//!
//! Guarantees for every part, and for every part of its fallback: Telegram's limits hold, it is not blank, no
//! grapheme is cut (unless one alone is over the limit), entities are sorted and lie apart or one within the
//! other. No text of the answer is lost in any of the forms. Nothing a model writes becomes a button, media or
//! the mention of a stranger by id; links go to `http` and `https` only.

pub mod chart;
mod classic;
mod doc;
mod entity;
mod fence;
mod flat;
mod heard;
mod html;
mod inline;
mod limits;
mod lines;
mod link;
mod rich;
mod segments;
mod source;
mod spoken;
mod split;
mod table;
mod text;
mod unfinished;
mod walk;

use std::fmt;
use std::str::FromStr;

use classic::text_parts;
pub use heard::{below_what_was_heard, heard};
pub use limits::{
    MAX_CAPTION_UNITS, MAX_ENTITIES, MAX_UNITS, RICH_MAX_BLOCKS, RICH_MAX_COLUMNS, RICH_MAX_DEPTH,
    RICH_MAX_UNITS,
};
pub use spoken::{Speech, spoken};

use crate::domain::reply::{Content, ReplyPart};

/// When answers are sent as rich messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RichMessages {
    /// Where they earn it: the answer holds a table, a formula or a details block.
    #[default]
    Auto,
    /// Never: classic text only.
    Never,
    /// All of them.
    Always,
}

/// A value that is not a [`RichMessages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRichMessages;

impl fmt::Display for UnknownRichMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected auto, never or always")
    }
}

impl std::error::Error for UnknownRichMessages {}

impl FromStr for RichMessages {
    type Err = UnknownRichMessages;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        match value {
            "auto" => Ok(Self::Auto),
            "never" => Ok(Self::Never),
            "always" => Ok(Self::Always),
            _ => Err(UnknownRichMessages),
        }
    }
}

/// A finished answer as the messages to send, in order. An answer without anything to see has no parts:
/// what to say then is the caller's to know.
pub fn answer(markdown: &str, mode: RichMessages) -> Vec<ReplyPart> {
    let source = source::cleaned(markdown);
    let document = walk::document(&source, &segments::segments(&source, false), false);
    let rich = match mode {
        RichMessages::Never => false,
        RichMessages::Always => true,
        RichMessages::Auto => doc::earns_rich(&document),
    };
    if rich { rich::parts(document) } else { text_parts(&document) }
}

/// A finished answer as HTML, for the operator's page: what [`answer`] shows, with tables, formulas and details where the answer
/// has them. All in it is text but a fixed list of elements and attributes (`html`).
pub fn html(markdown: &str) -> String {
    let source = source::cleaned(markdown);
    html::rendered(&walk::document(&source, &segments::segments(&source, false), false))
}

/// One message that previews an unfinished answer: classic text, formatted as if what is open were closed.
/// `None` while there is nothing to see.
///
/// An answer longer than a message shows the message being written, as [`answer`] would cut it: what has
/// scrolled out does so once per message and not with every word.
///
/// What stands does not change: as long as the same message is shown, the text of a preview continues the
/// preview before it, in the same looks. To keep that promise the last few characters wait where they could become
/// markup (a lone `*`, half a link or formula, a row of a table). It does not hold where Markdown
/// itself looks back: a mark that is never closed turns out to be text, a table re-aligns while it grows, a
/// later `[name]: address` makes links.
pub fn draft(markdown: &str) -> Option<Content> {
    let source = source::cleaned(markdown);
    let segments = unfinished::settled(&source, segments::segments(&source, true));
    let document = walk::document(&source[..segments.end()], &segments, true);
    let flat = text::flat(&document);
    let last = split::messages(&flat).pop()?;
    let (text, entities) = flat.message(last);
    Some(Content::Text { text, entities })
}
