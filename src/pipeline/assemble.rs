//! Messages that are one question: a long text that Telegram's apps cut, a comment and what is forwarded with it, several
//! forwards.
//!
//! A long text opens, and what the same user writes right behind it belongs to it, until something shorter has come. What is
//! forwarded right behind a question belongs to it, and so do forwards that follow each other. Asked by the worker with what
//! waits in the lane ([`join`]), and by poll, in groups to take what does not name the bot, and everywhere to know what comes
//! while its question is in work ([`Open`]). What comes when its question has its answer is [`follows`]' to know. Albums are told
//! by a mark of their own ([`album`]).

pub mod album;

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::command::Request;
use crate::domain::lane::Lane;
use crate::domain::quote::{Kind, Quote};
use crate::domain::update::{Key, MESSAGE};
use crate::render::MAX_UNITS;
use crate::store::inbox::Waiting;
use crate::store::turns::Last;
use crate::telegram::{Incoming, Me, Message, is_cut};
use album::OpenAlbums;

/// The next message of a text that was cut comes within this, and so does more of what is forwarded.
const GAP: Duration = Duration::from_millis(1500);
/// The same by the dates of the messages, which are whole seconds. A comment and what it forwards have the same date.
const GAP_IN_DATES: i64 = 2;
/// How long after a forwarded message the next one may be sent: longer, for many are sent in several pours, but not so long
/// that somebody could choose something else to forward.
const FORWARDS_APART: i64 = 5;
/// The most messages that become one question with the first: more than any model reads, and than Telegram forwards at once.
pub const MOST_MESSAGES: usize = 128;

/// What the beginning of a question has become.
#[derive(Debug, PartialEq, Eq)]
pub enum Assembled {
    /// It is complete.
    Whole(Whole),
    /// It may go on; to be looked at again after this.
    MoreMayCome(Duration),
}

/// A question with all its messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// The user's own words, put together.
    pub text: String,
    /// Telegram's ids of the messages that are the user's own.
    pub own_ids: Vec<i64>,
    /// What they reply to.
    pub replied: Vec<Quote>,
    /// What is forwarded, with Telegram's ids of the messages, in their order.
    pub forwards: Vec<(i64, Quote)>,
    /// When the last message was sent.
    pub date: i64,
    /// The updates that belong to the first one.
    pub joined: Vec<Key>,
}

impl Whole {
    /// Telegram's ids of all messages: the user's own, and then what is forwarded.
    pub fn message_ids(&self) -> Vec<i64> {
        self.own_ids.iter().copied().chain(self.forwards.iter().map(|(id, _)| *id)).collect()
    }

    /// Everything that is quoted.
    pub fn quotes(&self) -> Vec<Quote> {
        self.replied.iter().chain(self.forwards.iter().map(|(_, quote)| quote)).cloned().collect()
    }

    /// The last question, and what of it has come since it was answered.
    pub fn grown_from(last: &Last, late: Self) -> Self {
        let (own_ids, forwarded_ids) = last.message_ids.split_at(last.own_message_ids().len());
        let (forwards, replied): (Vec<_>, Vec<_>) =
            last.quotes().iter().cloned().partition(|quote| quote.kind == Kind::Forward);
        // In a group that became a supergroup the former ids are gone, and the order is that of the quotations.
        let ids = forwarded_ids.iter().copied().chain(std::iter::repeat(0));
        let mut whole = Self {
            text: last.question().to_owned(),
            own_ids: own_ids.to_vec(),
            replied,
            forwards: ids.zip(forwards).chain(late.forwards).collect(),
            ..late
        };
        whole.put_in_order();
        whole
    }

    fn put_in_order(&mut self) {
        self.forwards.sort_by_key(|(id, _)| *id);
    }

    /// Takes the message in, if it was forwarded. False: it was not.
    fn takes_forward(&mut self, message: &Message) -> bool {
        let forwards = message.is_forward();
        if forwards {
            let id = message.message_id.unwrap_or_default();
            self.forwards.extend(message.quotes.iter().map(|quote| (id, quote.clone())));
        }
        forwards
    }
}

/// How long after a question, in dates, something may be forwarded and belong to it.
fn may_follow(has_forwards: bool) -> i64 {
    if has_forwards { FORWARDS_APART } else { GAP_IN_DATES }
}

/// Whether this, which was forwarded, belongs to the last question, which has its answer.
pub fn follows(last: &Last, message: &Message) -> bool {
    let has_forwards = last.own_message_ids().len() < last.message_ids.len();
    last.asked_at()
        .is_some_and(|asked_at| (0..=may_follow(has_forwards)).contains(&(message.date - asked_at)))
}

/// What an update is to the bot.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing: people say it to each other.
    Nothing,
    /// Something to be answered.
    ToAnswer,
    /// A late piece of the question that began with this update, which may be in work.
    PieceOf(i64),
}

/// The newest question of each chat, user and topic: what goes on with it need not name the bot. What is remembered is what
/// was written within seconds.
#[derive(Default)]
pub struct Open {
    newest: HashMap<(i64, i64, Option<i64>), Newest>,
    albums: OpenAlbums,
}

struct Newest {
    /// When its last message was sent.
    date: i64,
    /// The update with which it began.
    first: i64,
    /// Its text may go on.
    cut: bool,
    /// Something is forwarded with it.
    forwards: bool,
}

impl Open {
    /// Looks at a message of the batch before [`Open::takes`] is asked about any: the words of an album may stand below
    /// whichever of its pictures.
    pub fn look_at(&mut self, Incoming { kind, message, .. }: &Incoming) {
        if !message.private && *kind == MESSAGE {
            self.albums.open(message);
        }
    }

    /// What the update is. To be asked in the order of the updates. What names the bot in one piece of an album is for it in
    /// all.
    pub fn takes(&mut self, Incoming { update_id, kind, message }: &mut Incoming, me: &Me) -> Taken {
        message.addressed |= self.albums.has(message);
        let addressed = if message.addressed { Taken::ToAnswer } else { Taken::Nothing };
        if *kind != MESSAGE {
            return addressed;
        }
        let near = |newest: &Newest, gap: i64| message.date.abs_diff(newest.date) <= gap.unsigned_abs();
        let place = (message.chat_id, message.user_id, message.thread_id);
        let forward = message.is_forward();
        let text =
            message.text.as_deref().filter(|text| Request::of(text, &me.username) == Request::Question);
        let newest = self.newest.remove(&place).filter(|newest| {
            if forward {
                near(newest, may_follow(newest.forwards))
            } else {
                newest.cut && near(newest, GAP_IN_DATES) && text.is_some_and(|text| !text.is_empty())
            }
        });
        if !message.addressed && newest.is_none() {
            return Taken::Nothing;
        }
        let first = newest.as_ref().map_or(*update_id, |newest| newest.first);
        if let Some(text) = text {
            self.newest.retain(|_, newest| near(newest, FORWARDS_APART));
            let cut = is_cut(text);
            self.newest.insert(place, Newest { date: message.date, first, cut, forwards: forward });
        }
        if forward && newest.is_some() { Taken::PieceOf(first) } else { Taken::ToAnswer }
    }
}

/// Joins what of `following`, the updates that wait behind `first` in its lane, belongs to it.
pub fn join(lane: Lane, message: &Message, first: &Waiting, following: &[Waiting], me: &Me) -> Assembled {
    let text = message.text.clone().unwrap_or_default();
    let mut units = text.encode_utf16().count();
    // The text may go on.
    let mut cut = is_cut(&text);
    // Something may follow.
    let mut open = cut || text.is_empty();
    let mut last = (message.date, first.age);
    let mut whole = Whole { text, ..Whole::default() };
    if !whole.takes_forward(message) {
        whole.own_ids.extend(message.message_id);
        whole.replied.clone_from(&message.quotes);
    }
    for waiting in following {
        let next = Incoming::decode(&waiting.payload, me).ok().filter(|_| waiting.kind == MESSAGE);
        let next = next.map(|next| next.message).filter(|next| next.thread_id == message.thread_id);
        let apart = |next: &Message| next.date - last.0;
        open = match next {
            Some(next) if next.is_forward() && apart(&next) <= may_follow(!whole.forwards.is_empty()) => {
                whole.takes_forward(&next);
                cut = false;
                last.0 = next.date;
                true
            }
            Some(Message { text: Some(ref more), date, message_id, .. })
                if cut
                    && date - last.0 <= GAP_IN_DATES
                    && last.1.saturating_sub(waiting.age) <= GAP
                    && !next.as_ref().is_some_and(Message::is_forward)
                    && Request::of(more, &me.username) == Request::Question =>
            {
                // The apps cut between words and drop the space there, unless a message is full to the last unit.
                let spaced =
                    whole.text.ends_with(char::is_whitespace) || more.starts_with(char::is_whitespace);
                if units < MAX_UNITS && !spaced {
                    whole.text.push('\n');
                }
                whole.text.push_str(more);
                whole.own_ids.extend(message_id);
                units = more.encode_utf16().count();
                cut = is_cut(more);
                last.0 = date;
                cut
            }
            _ => {
                open = false;
                break;
            }
        };
        whole.joined.push(waiting.key(lane));
        last.1 = waiting.age;
    }
    whole.date = last.0;
    whole.put_in_order();
    let wait = GAP.saturating_sub(last.1);
    if open && !wait.is_zero() && !first.stopped && whole.joined.len() < MOST_MESSAGES {
        return Assembled::MoreMayCome(wait);
    }
    Assembled::Whole(whole)
}

#[cfg(test)]
mod tests;
