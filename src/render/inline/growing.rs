//! The end of a text that is still being written: what is shown of it stays as it is shown.

use super::symbols;

/// How much text may wait for the end of a link, tag or formula, in bytes; more is shown as it stands.
const MAX_WAIT: usize = 1000;

/// The same for what is more often text: what a single dollar begins, a tag that touches a word.
const MAX_DOUBT: usize = 100;

/// A text that is still being written, seen from its end.
#[derive(Clone, Copy)]
pub(in crate::render) struct Growing {
    /// Its last line has ended.
    whole: bool,
    /// How long the text was when this was asked first.
    length: usize,
    /// How often it may be cut yet: a bound keeps a text of nothing but beginnings from being read again and again.
    cuts: usize,
}

impl Growing {
    pub(in crate::render) fn new(whole: bool) -> Self {
        Self { whole, length: 0, cuts: 8 }
    }

    pub(super) fn at(self, text: &str) -> Self {
        Self { length: text.len(), ..self }
    }

    /// Whether what began at this place may still wait for its end.
    pub(super) fn is_near(self, at: usize) -> bool {
        self.cuts > 0 && at + MAX_WAIT >= self.length
    }

    /// The same for what begins with a doubt.
    pub(super) fn is_doubtful(self, at: usize) -> bool {
        self.cuts > 0 && at + MAX_DOUBT >= self.length
    }

    /// Whether the last line has ended: nothing more comes to what stands at its end.
    pub(super) fn is_whole(self) -> bool {
        self.whole
    }

    /// The text without the marks at its end that may become others.
    pub(super) fn settled<'a>(&mut self, text: &'a str) -> &'a str {
        if self.whole {
            return text.trim_end();
        }
        let line = text.trim_end_matches(|c: char| " \t*_~`$\\![<&|^".contains(c));
        let line = symbols::may_come(line).map_or(line, |at| &line[..at]);
        self.whole = line.ends_with('\n');
        line.trim_end()
    }

    /// The text up to where something waits. To what is followed by space nothing more comes.
    pub(super) fn cut<'a>(&mut self, text: &'a str, at: usize) -> &'a str {
        let text = &text[..at];
        self.whole = text.ends_with(char::is_whitespace);
        self.cuts -= 1;
        self.settled(text)
    }
}
