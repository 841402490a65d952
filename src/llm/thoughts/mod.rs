//! Thoughts that stand in the text of an answer, kept apart from it while it comes.
//!
//! Only what stands before the answer is a thought: an answer that talks about `<think>`, in code or later in its text, stays
//! as it is. Where just the end of a thought is marked (the prompt of some models holds the beginning), everything before it
//! was one. That is known late: what was shown is taken back, and the next answer of that model waits for the mark.

mod code;
mod marks;

use marks::{Closing, Head, TAIL};

/// What there is to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard<'a> {
    /// More of the answer.
    More(&'a str),
    /// What was shown until now was no answer.
    Anew,
}

/// Takes the text of an answer, piece by piece.
pub(super) struct Filter {
    state: State,
    /// What is not known to be thought or answer yet.
    held: String,
    /// How far the thought in it was searched for its end.
    passed: usize,
    /// The answer.
    text: String,
    /// A thought stood before it.
    after_thought: bool,
    /// Only the end of the thought was marked.
    alone: bool,
    /// What may stand behind the answer and is none of it.
    behind: &'static [&'static str],
    /// How far the answer was searched for a lone end of a thought; `None`: it is known to have none.
    searched: Option<usize>,
    /// The model is known to begin with a thought that is not marked.
    thinks_first: bool,
}

#[derive(Clone, Copy)]
enum State {
    /// A mark may come.
    Beginning,
    /// In a thought.
    Thought(Closing),
    /// In a thought, if the mark of its end comes.
    Unmarked,
    /// Before the first letter of the answer.
    Opened,
    /// In the answer.
    Answer,
}

/// An answer as it would be stored today: earlier versions, and the predecessor, stored thoughts along with it.
pub fn without_thoughts(answer: &str) -> String {
    let mut filter = Filter::new(false);
    filter.push(answer, &mut |_| {});
    filter.end(false, &mut |_| {});
    filter.text
}

impl Filter {
    /// `thinks_first`: the model is known to mark only the end of its thoughts.
    pub(super) fn new(thinks_first: bool) -> Self {
        Self {
            state: State::Beginning,
            held: String::new(),
            passed: 0,
            text: String::new(),
            after_thought: false,
            alone: false,
            behind: &[],
            searched: Some(0),
            thinks_first,
        }
    }

    /// The answer as far as it is known.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// How much memory it holds.
    pub(super) fn len(&self) -> usize {
        self.held.len() + self.text.len()
    }

    /// Only the end of a thought was marked.
    pub(super) fn ended_alone(&self) -> bool {
        self.alone
    }

    pub(super) fn push(&mut self, piece: &str, hear: &mut impl FnMut(Heard<'_>)) {
        if let State::Answer = self.state {
            self.text.push_str(piece);
            hear(Heard::More(piece));
        } else {
            self.held.push_str(piece);
        }
        while self.step(false, hear) {}
    }

    /// The answer has ended; `cut`: at the limit of tokens.
    pub(super) fn end(&mut self, cut: bool, hear: &mut impl FnMut(Heard<'_>)) {
        while self.step(true, hear) {}
        match self.state {
            State::Unmarked if cut => {}
            // Half a mark, and the limit was reached.
            State::Beginning if cut && self.may_begin_a_mark() => {}
            State::Beginning | State::Opened | State::Unmarked => self.release(hear),
            State::Thought(_) | State::Answer => {}
        }
        while let Some(length) = marks::without_one_of(&self.text, self.behind) {
            self.text.truncate(length);
        }
    }

    fn may_begin_a_mark(&self) -> bool {
        let text = self.held.trim_start();
        !text.is_empty() && marks::head(text, self.after_thought) == Head::Perhaps
    }

    /// Decides about what is held, as far as it can. Whether there may be more to decide.
    fn step(&mut self, ended: bool, hear: &mut impl FnMut(Heard<'_>)) -> bool {
        match self.state {
            State::Beginning => self.begin(hear),
            State::Thought(closing) => match closing.find(&self.held, self.passed) {
                Ok(end) => {
                    self.held.drain(..end.end);
                    self.after_thought = true;
                    self.state = State::Beginning;
                    true
                }
                Err(from) => {
                    let kept = self.held.floor_char_boundary(from.saturating_sub(code::NEAR));
                    self.held.drain(..kept);
                    self.passed = from - kept;
                    false
                }
            },
            State::Opened => {
                if !self.held.trim_start().is_empty() {
                    self.release(hear);
                }
                false
            }
            State::Unmarked | State::Answer => self.find_lone_end(ended, hear),
        }
    }

    fn begin(&mut self, hear: &mut impl FnMut(Heard<'_>)) -> bool {
        let blanks = self.held.len() - self.held.trim_start().len();
        let text = &self.held[blanks..];
        if text.is_empty() {
            return false;
        }
        match marks::head(text, self.after_thought) {
            Head::Perhaps => return false,
            Head::Nothing(length) => drop(self.held.drain(..blanks + length)),
            Head::Thought(length, closing) => {
                self.held.drain(..blanks + length);
                self.passed = 0;
                self.state = State::Thought(closing);
            }
            Head::Answer(length, behind) => {
                self.held.drain(..blanks + length);
                self.behind = behind;
                self.after_thought = true;
                self.state = State::Opened;
            }
            Head::Text if self.thinks_first && !self.after_thought => self.state = State::Unmarked,
            Head::Text => self.release(hear),
        }
        true
    }

    /// What is held is the answer.
    fn release(&mut self, hear: &mut impl FnMut(Heard<'_>)) {
        let mut held = std::mem::take(&mut self.held);
        if self.after_thought {
            held.drain(..held.len() - held.trim_start().len());
        }
        self.state = State::Answer;
        self.searched = self.searched.map(|_| 0);
        if !held.is_empty() {
            hear(Heard::More(&held));
        }
        self.text = held;
    }

    /// Looks for the end of a thought whose beginning was not marked.
    fn find_lone_end(&mut self, ended: bool, hear: &mut impl FnMut(Heard<'_>)) -> bool {
        let Some(searched) = self.searched else { return false };
        let unmarked = matches!(self.state, State::Unmarked);
        let text = if unmarked { &self.held } else { &self.text };
        if text.trim_start().is_empty() {
            return false;
        }
        let Some(mark) = marks::lone(text, searched) else {
            self.searched = Some(text.floor_char_boundary(text.len().saturating_sub(TAIL)));
            return false;
        };
        match is_end(text, mark.at.start, &text[mark.at.end..], mark.doubtful, ended) {
            // The text that follows will tell.
            None => return false,
            Some(true) => {}
            Some(false) => {
                // The answer talks about marks: they are words of it.
                self.searched = None;
                if unmarked {
                    self.release(hear);
                }
                return false;
            }
        }
        self.held = text[mark.at.end..].to_owned();
        self.text.clear();
        self.behind = mark.behind;
        self.after_thought = true;
        self.alone = true;
        self.searched = None;
        self.state = State::Beginning;
        if !unmarked {
            hear(Heard::Anew);
        }
        true
    }
}

/// Whether the mark at `at` is the end of a thought, and not something that the answer talks about. `None`: what follows will
/// tell.
fn is_end(text: &str, at: usize, after: &str, doubtful: bool, ended: bool) -> Option<bool> {
    const QUOTES: &[char] = &['"', '\'', '(', '\u{ab}', '\u{201c}', '\u{2018}', '\u{201e}', '*', '_'];
    const SENTENCE_ENDS: &[char] = &['.', '!', '?', '\u{2026}', '\u{3002}', ':', ')'];
    const GO_ON: &[char] = &['.', ',', ';', ':', '!', '?', ')', '"', '\'', '\u{bb}', '\u{201d}', '\u{2019}'];
    const JOINTS: &[char] = &['|', '=', '/', '\u{2013}', '\u{2014}', '\u{2192}'];
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or_default();
    if code::goes_on_behind(before) || before.ends_with(QUOTES) || marks::has_opening_tag(before) {
        return Some(false);
    }
    if !doubtful || line.trim().is_empty() || line.trim_end().ends_with(SENTENCE_ENDS) {
        return Some(true);
    }
    if after.starts_with(['\n', '\r']) {
        return Some(true);
    }
    match after.trim_start().chars().next() {
        None => ended.then_some(false),
        // A sentence that is about the mark goes on behind the mark. Not every script has capitals.
        Some(next) if after.starts_with(char::is_whitespace) => {
            let word = next.is_alphabetic() && !next.is_uppercase();
            Some(!word && !GO_ON.contains(&next) && !JOINTS.contains(&next))
        }
        Some(next) => Some(!GO_ON.contains(&next)),
    }
}

#[cfg(test)]
mod tests;
