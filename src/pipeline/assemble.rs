//! Messages that are one question: a long text that Telegram's apps cut, an album, a picture and the words behind it, a comment
//! and what is forwarded with it, several forwards.
//!
//! A long text opens, and what the same user writes right behind it belongs to it, until something shorter has come. A picture
//! without words opens as well, for the words that say what it is about. What is forwarded right behind a question belongs to
//! it, and so do forwards that follow each other. The pieces of an album are told by their mark, whatever comes between them.
//!
//! Asked by the worker with what waits in the lane ([`join`]); by poll, in groups to take what does not name the bot, and
//! everywhere to know what comes while its question is in work ([`Open`]). What comes when its question has its answer is
//! [`is_late_for`]'s to know.

mod gaps;
mod open;
mod whole;

use std::time::Duration;

use crate::domain::command::Request;
use crate::domain::lane::Lane;
use crate::domain::update::{Key, MESSAGE};
use crate::render::MAX_UNITS;
use crate::store::attachments::Stored;
use crate::store::inbox::Waiting;
use crate::store::turns::Last;
use crate::telegram::{Incoming, Me, Message, is_cut};

use gaps::{GAP, GAP_IN_DATES, may_follow};
pub use open::{Open, Taken};
pub use whole::{Edited, Whole};

/// The most messages that become one question with the first: more than any model reads, and than Telegram forwards at once.
pub const MOST_MESSAGES: usize = 128;
/// The most messages that an album has (Bot API, sendMediaGroup).
const MOST_IN_ALBUM: usize = 10;

/// What the beginning of a question has become.
#[derive(Debug, PartialEq, Eq)]
pub enum Assembled {
    /// It is complete.
    Whole(Whole),
    /// It may go on; to be looked at again after this.
    MoreMayCome(Duration),
}

/// Whether what begins with this message belongs to the last question, which has its answer and these files.
pub fn is_late_for(last: &Last, files: &[Stored], message: &Message, whole: &Whole) -> bool {
    let has_forwards = last.own_message_ids().len() < last.message_ids.len();
    let apart = last.asked_at().map(|asked_at| message.date - asked_at);
    let follows = apart.is_some_and(|apart| (0..=may_follow(has_forwards)).contains(&apart));
    (message.is_forward() && follows) || files.iter().any(|file| whole.is_of_album(file))
}

/// Joins what of `following`, the updates that wait behind `first` in its lane, belongs to it.
pub fn join(lane: Lane, message: &Message, first: &Waiting, following: &[Waiting], me: &Me) -> Assembled {
    let mut joining = Joining {
        whole: Whole::alone(first.key(lane), message),
        full: message.text.as_deref().filter(|text| is_cut(text)).map(is_full),
        date: message.date,
        age: first.age,
        ended: false,
    };
    for waiting in following {
        let next = Incoming::decode(&waiting.payload, me).ok().filter(|_| waiting.kind == MESSAGE);
        let next = next.map(|next| next.message).filter(|next| next.thread_id == message.thread_id);
        match next {
            Some(next) if joining.has_place_for(&next, waiting.age, me) => {
                joining.take(waiting.key(lane), &next, waiting.age);
            }
            _ => joining.ended = true,
        }
        if joining.ended && joining.whole.albums().is_empty() {
            break;
        }
    }
    let wait = GAP.saturating_sub(joining.age);
    let Joining { whole, .. } = &joining;
    if joining.is_open() && !wait.is_zero() && !first.stopped && whole.joined.len() < MOST_MESSAGES {
        return Assembled::MoreMayCome(wait);
    }
    Assembled::Whole(joining.whole)
}

/// A question that grows.
struct Joining {
    whole: Whole,
    /// Its text may go on; whether the last message of it was full to the last unit.
    full: Option<bool>,
    /// When its last message was sent.
    date: i64,
    /// How long that has been here.
    age: Duration,
    /// Something else has come: only pieces of its albums belong to it still.
    ended: bool,
}

impl Joining {
    fn has_place_for(&self, next: &Message, age: Duration, me: &Me) -> bool {
        if next.overheard {
            return false;
        }
        if next.album().is_some_and(|album| self.whole.albums().contains_key(album)) {
            return true;
        }
        let apart = next.date - self.date;
        if next.is_forward() {
            return !self.ended && apart <= may_follow(self.whole.has_forwards());
        }
        let text = next.text.as_deref();
        let is_said = text.is_some_and(|text| Request::of(text, &me.username) == Request::Question);
        let in_time = apart <= GAP_IN_DATES && self.age.saturating_sub(age) <= GAP;
        !self.ended && is_said && in_time && (self.full.is_some() || (self.wants_words() && next.addressed))
    }

    /// Whether it shows something, and nobody has said yet what about it.
    fn wants_words(&self) -> bool {
        self.whole.has_files() && self.whole.is_wordless()
    }

    fn take(&mut self, key: Key, next: &Message, age: Duration) {
        match (self.full, &next.text) {
            (Some(full), Some(more)) if !next.is_forward() => self.whole.take_more(next, more, full),
            _ => self.whole.take(key, next),
        }
        let goes_on = next.text.as_deref().filter(|text| is_cut(text));
        self.full = goes_on.map(is_full);
        self.whole.joined.push(key);
        self.date = self.date.max(next.date);
        self.age = age;
    }

    /// Whether more may come.
    fn is_open(&self) -> bool {
        let may_follow = self.full.is_some() || self.whole.has_forwards() || self.whole.is_wordless();
        (may_follow && !self.ended) || self.whole.albums().values().any(|files| *files < MOST_IN_ALBUM)
    }
}

/// Whether the apps had no room for another word.
fn is_full(text: &str) -> bool {
    text.encode_utf16().count() >= MAX_UNITS
}

#[cfg(test)]
mod tests;
