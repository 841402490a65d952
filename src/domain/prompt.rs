//! What a model reads, message by message. The prompt of a question is put together here, and so is the one that is told from
//! the tables afterwards ([`crate::store::readings`]): they cannot differ.

use std::borrow::Cow;
use std::fmt;

use ring::digest::{SHA256, digest};

use crate::domain::history::{Exchange, Role};
use crate::domain::summary;

/// What a model read for an answer, as far as it changes from question to question: by it the prompt can be put together
/// again from the tables.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Reading {
    /// The instructions of the role.
    pub instructions: String,
    /// The facts behind them (`facts.id`).
    pub facts: Vec<i64>,
    /// The summary of what was said before (`summaries.id`).
    pub summary: Option<i64>,
    /// What of the dialogue, in order (`messages.id`).
    pub messages: Vec<i64>,
    /// Files that it was shown (`attachments.id`).
    pub files: Vec<i64>,
    /// Files whose words it read (`attachments.id`).
    pub worded: Vec<i64>,
    /// How many tokens the words of files could have for each question.
    pub room: usize,
}

/// What names instructions in the table `prompts`. `None`: there are none.
pub fn id_of(instructions: &str) -> Option<Vec<u8>> {
    (!instructions.is_empty()).then(|| digest(&SHA256, instructions.as_bytes()).as_ref().to_vec())
}

/// The same in hexadecimal digits, as a [`summary::Summary`] has it.
pub fn name_of(instructions: &str) -> Option<String> {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or_default();
    let digits =
        |bytes: Vec<u8>| bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    id_of(instructions).map(digits)
}

/// A message of a prompt, without the pictures that stand behind its text.
#[derive(PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is.
    pub place: Place,
    /// The text.
    pub text: Cow<'a, str>,
}

/// Without words: what people write stays out of logs and panics.
impl fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({:?}, {} bytes)", self.place, self.text.len())
    }
}

/// What a message of a prompt is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The instructions.
    Instructions,
    /// A question of the past (`messages.id`).
    Asked(i64),
    /// An answer of the past.
    Answered,
    /// The question.
    Question,
}

impl Place {
    /// Who speaks, as endpoints name it.
    pub fn role(self) -> &'static str {
        match self {
            Self::Instructions => "system",
            Self::Asked(_) | Self::Question => Role::User.as_str(),
            Self::Answered => Role::Assistant.as_str(),
        }
    }
}

/// The prompt: instructions, what was said before, the question. The summary is no message of its own, for many models take
/// nothing but questions and answers in turns: it stands, marked, at the head of the first question.
pub fn lines<'a>(
    instructions: &'a str,
    summary: Option<&str>,
    read: &'a [Exchange],
    question: &'a str,
) -> Vec<Line<'a>> {
    let mut lines = Vec::with_capacity(2 * read.len() + 2);
    if !instructions.is_empty() {
        lines.push(Line { place: Place::Instructions, text: instructions.into() });
    }
    let mut summary = summary.map(summary::marked);
    let mut asked = |text: &'a str| match summary.take() {
        Some(summary) => (summary + "\n\n" + text).into(),
        None => text.into(),
    };
    for turn in read {
        lines.push(Line { place: Place::Asked(turn.question_id), text: asked(&turn.question) });
        lines.push(Line { place: Place::Answered, text: (&*turn.answer).into() });
    }
    lines.push(Line { place: Place::Question, text: asked(question) });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_stands_at_the_head_of_the_first_question_and_nowhere_else() {
        let turn = |id: i64, question: &str, answer: &str| Exchange {
            question_id: id,
            message_ids: vec![id, id + 1],
            question: question.to_owned(),
            answer: answer.to_owned(),
        };
        let read = [turn(1, "a", "b"), turn(3, "c", "d")];
        let texts = |summary, read| -> Vec<(&str, String)> {
            lines("be kind", summary, read, "e")
                .into_iter()
                .map(|line| (line.place.role(), line.text.into_owned()))
                .collect()
        };
        let said = |role: &'static str, text: &str| (role, text.to_owned());
        let rest = [said("assistant", "b"), said("user", "c"), said("assistant", "d"), said("user", "e")];
        let plain = texts(None, &read);
        assert_eq!(plain[..2], [said("system", "be kind"), said("user", "a")]);
        assert_eq!(plain[2..], rest);
        let marked = summary::marked("soup");
        let summed = texts(Some("soup"), &read);
        assert_eq!(summed[1], said("user", &format!("{marked}\n\na")));
        assert_eq!(summed[2..], rest);
        assert_eq!(texts(Some("soup"), &[])[1], said("user", &format!("{marked}\n\ne")));
        assert_eq!(lines("", None, &[], "e").len(), 1);
    }
}
