//! What takes the place of a part that Telegram refuses, and of those that follow it in the same reply; and which of the bot's
//! messages parts take the place of. `store::replace` carries it out.

use std::fmt;

use crate::domain::reply::{Content, Op, ReplyPart};
use crate::domain::speech::Unspoken;

/// What takes its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instead {
    /// Its simpler form, and those of the parts that follow it in the same reply.
    Simpler,
    /// The same as a new message, for the one it was to replace cannot be changed; so are the parts that follow it, and
    /// what they were to replace is taken away: the order on the screen stays that of the parts.
    Anew,
    /// Plain text without a button, a topic and a message to reply to, and those of the parts that follow it likewise: what
    /// Telegram takes if it takes anything.
    Bare,
    /// Two plain parts, each with about half of the text.
    Halves,
    /// The sentence that what was to be spoken is not; what was to be spoken behind it is left out.
    Said(Unspoken),
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simpler => "a simpler form takes its place",
            Self::Anew => "the part is sent as a new one",
            Self::Bare => "plain text with nothing around it takes its place",
            Self::Halves => "two shorter parts take its place",
            Self::Said(_) => "a sentence takes its place",
        })
    }
}

/// Messages of the bot's whose place a reply takes.
#[derive(Clone, Default, Debug)]
pub struct Standing {
    /// Those that can become others, in order.
    pub texts: Vec<i64>,
    /// Those that can only be taken away.
    pub files: Vec<i64>,
}

impl Standing {
    /// These, all of which can become others.
    pub fn of(texts: impl IntoIterator<Item = i64>) -> Self {
        Self { texts: texts.into_iter().collect(), files: Vec::new() }
    }

    /// What is done with each of `parts`: the first ones take the place of these messages, one by one, and what is left of the
    /// messages is taken away.
    pub fn taken_by(self, parts: impl IntoIterator<Item = ReplyPart>) -> Vec<(ReplyPart, Op)> {
        let mut texts = self.texts.into_iter();
        let mut ops = Vec::new();
        for part in parts {
            // A file takes no message's place.
            let op = if part.content.is_file() { Op::Send } else { texts.next().map_or(Op::Send, Op::Edit) };
            ops.push((part, op));
        }
        // The statement says nothing.
        ops.extend(texts.chain(self.files).map(|id| (ReplyPart::plain(""), Op::Delete(id))));
        ops
    }
}

/// A part that waits to be sent, as far as this program can read it.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// What is to be done with it.
    pub op: Option<Op>,
    /// The message itself.
    pub part: Option<ReplyPart>,
    /// It is in no topic, and replies to nothing.
    pub is_alone: bool,
}

/// What takes the place of `rest`, which begins with the part that Telegram refuses. `None`: there is nothing to replace that
/// one by. Whatever takes its place is simpler than it, so that this ends ([`crate::domain::reply::ReplyPart::fallback`]).
pub fn replacement(rest: &[Waiting], instead: Instead) -> Option<Vec<(ReplyPart, Op)>> {
    let standing = rest.iter().filter_map(|waiting| match waiting.op {
        Some(Op::Edit(message_id) | Op::Delete(message_id)) => Some(message_id),
        Some(Op::Send) | None => None,
    });
    let standing = Standing::of(standing);
    let parts = new_parts(rest, instead)?;
    match instead {
        Instead::Bare if is_bare(rest.first()?) => None,
        Instead::Simpler | Instead::Halves | Instead::Bare => Some(standing.taken_by(parts)),
        // What is to be taken away behind a voice message may be one itself, which becomes no sentence.
        Instead::Said(_) => Some(Standing { texts: Vec::new(), files: standing.texts }.taken_by(parts)),
        Instead::Anew => {
            // The message of the refused part itself cannot be taken away either.
            let files = standing.texts.into_iter().skip(1).collect();
            Some(Standing { texts: Vec::new(), files }.taken_by(parts))
        }
    }
}

/// What is said instead.
fn new_parts(rest: &[Waiting], instead: Instead) -> Option<Vec<ReplyPart>> {
    if matches!(rest.first()?.op, Some(Op::Delete(_))) {
        // It says nothing, so there is nothing simpler.
        return None;
    }
    let mut parts = Vec::new();
    for (index, waiting) in rest.iter().enumerate() {
        if matches!(waiting.op, Some(Op::Delete(_))) {
            continue;
        }
        // What this version cannot read is not sent, as by the sender.
        let Some(part) = waiting.part.clone() else { continue };
        match instead {
            Instead::Simpler if !part.fallback.is_empty() => parts.extend(part.fallback),
            Instead::Simpler if index == 0 => return None,
            Instead::Halves if index == 0 => parts.extend(part.halves()?),
            Instead::Said(why) => match part.content {
                Content::Voice { failed, unwanted, .. } if index == 0 => {
                    parts.push(ReplyPart::plain(match why {
                        Unspoken::Failed => failed,
                        Unspoken::Unwanted => unwanted,
                    }));
                }
                Content::Voice { .. } => {}
                _ if index == 0 => return None,
                _ => parts.push(part),
            },
            Instead::Bare => match part.bare() {
                Some(bare) => parts.push(bare),
                None if index == 0 => return None,
                None => parts.push(part),
            },
            Instead::Simpler | Instead::Anew | Instead::Halves => parts.push(part),
        }
    }
    Some(parts)
}

/// Whether it has nothing around it that could be taken away.
fn is_bare(waiting: &Waiting) -> bool {
    waiting.is_alone && waiting.part.as_ref().is_some_and(|part| part.bare().as_ref() == Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(op: Op, part: ReplyPart) -> Waiting {
        Waiting { op: Some(op), part: Some(part), is_alone: true }
    }

    #[test]
    fn nothing_takes_the_place_of_a_deletion() {
        let rest = [waiting(Op::Delete(1), ReplyPart::plain("")), waiting(Op::Send, ReplyPart::plain("b"))];
        for instead in [Instead::Simpler, Instead::Bare, Instead::Halves, Instead::Anew] {
            assert!(replacement(&rest, instead).is_none(), "{instead:?}");
        }
    }

    #[test]
    fn a_part_that_nobody_can_read_keeps_those_before_it_from_nothing() {
        let simpler = ReplyPart { fallback: vec![ReplyPart::plain("a")], ..ReplyPart::plain("A") };
        let unread = Waiting { op: Some(Op::Edit(2)), part: None, is_alone: true };
        let rest = [waiting(Op::Edit(1), simpler), unread];
        let expected = [(ReplyPart::plain("a"), Op::Edit(1)), (ReplyPart::plain(""), Op::Delete(2))];
        assert!(replacement(&rest, Instead::Simpler) == Some(expected.to_vec()));
    }

    #[test]
    fn what_is_sent_anew_takes_away_all_messages_but_the_one_that_cannot_be_changed() {
        let rest = [waiting(Op::Edit(1), ReplyPart::plain("a")), waiting(Op::Edit(2), ReplyPart::plain("b"))];
        let expected = [
            (ReplyPart::plain("a"), Op::Send),
            (ReplyPart::plain("b"), Op::Send),
            (ReplyPart::plain(""), Op::Delete(2)),
        ];
        assert!(replacement(&rest, Instead::Anew) == Some(expected.to_vec()));
    }
}
