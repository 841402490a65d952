//! Long texts: Telegram's apps cut what is longer than a message into several. Together they are one question.
//!
//! A long text opens, and what the same user writes right behind it belongs to it, until something shorter has come.
//! Albums: each picture of one is a message, all with the same mark, and nobody says which is the last one. What comes before
//! there was silence for a while is one question; what comes later changes it ([`crate::pipeline::in_work`]).
//!
//! Asked by the worker with what waits in the lane ([`join`], [`album`]), and by poll in groups, where only the first message names
//! the bot ([`Open`]).

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::command::Request;
use crate::domain::lane::Lane;
use crate::domain::update::{Key, MESSAGE};
use crate::render::MAX_UNITS;
use crate::store::attachments::Sent;
use crate::store::inbox::Waiting;
use crate::telegram::{Incoming, Me, Message, Piece, is_cut};

/// The next message of a text that was cut comes within this.
const GAP: Duration = Duration::from_millis(1500);
/// The same by the dates of the messages, which are whole seconds.
const GAP_IN_DATES: i64 = 2;
/// The most messages that become one question with the first: more than any model reads.
pub const MOST_MESSAGES: usize = 64;

/// What the beginning of a long text has become.
#[derive(Debug, PartialEq, Eq)]
pub enum Paste {
    /// It is complete.
    Whole {
        /// The text, put together.
        text: String,
        /// Telegram's ids of its messages.
        message_ids: Vec<i64>,
        /// The updates that belong to the first one.
        joined: Vec<Key>,
    },
    /// It may go on; to be looked at again after this.
    MoreMayCome(Duration),
}

/// The most messages that an album has (Bot API, sendMediaGroup).
const MOST_IN_ALBUM: usize = 10;
/// How long a piece of an album may come after the one that named the bot, by the dates of the messages, in seconds: slow
/// uploads bring the rest of it late.
const ALBUM_IN_DATES: u64 = 60;

/// A file that came, with the update it came with.
pub struct Came {
    /// The update.
    pub key: Key,
    /// Telegram's id of the message.
    pub message_id: i64,
    /// The file and its words.
    pub piece: Piece,
}

impl Came {
    /// As the store takes it.
    pub(super) fn sent(&self) -> Sent<'_> {
        let Self { key, message_id, piece } = self;
        Sent { key: *key, telegram_message_id: *message_id, album: piece.album.as_deref(), file: &piece.file }
    }
}

/// What the first file of an album has become.
pub enum Album {
    /// So far it is complete: the pieces in the order in which they were sent.
    Whole(Vec<Came>),
    /// It may go on; to be looked at again after this.
    MoreMayCome(Duration),
}

/// The album that begins with `first`, of which `following`, the updates that wait behind it in its lane, bring the rest; or
/// the file alone, if it is of no album.
pub fn album(lane: Lane, message: &Message, first: &Waiting, following: &[Waiting], me: &Me) -> Album {
    let came = |key: Key, message: &Message| {
        let (message_id, piece) = message.message_id.zip(message.piece.clone())?;
        Some(Came { key, message_id, piece })
    };
    let mut pieces = Vec::from_iter(came(first.key(lane), message));
    let album = pieces.first().and_then(|first| first.piece.album.clone());
    let mut silence = first.age;
    if album.is_some() {
        for waiting in following.iter().filter(|waiting| waiting.kind == MESSAGE) {
            let Ok(Incoming { message, .. }) = Incoming::decode(&waiting.payload, me) else { continue };
            let next = came(waiting.key(lane), &message).filter(|next| next.piece.album == album);
            if let Some(next) = next {
                silence = silence.min(waiting.age);
                pieces.push(next);
            }
        }
        let wait = GAP.saturating_sub(silence);
        if !wait.is_zero() && !first.stopped && pieces.len() < MOST_IN_ALBUM {
            return Album::MoreMayCome(wait);
        }
    }
    pieces.sort_by_key(|came| came.message_id);
    Album::Whole(pieces)
}

/// What of groups may go on in messages which do not name the bot any more.
#[derive(Default)]
pub struct Open {
    texts: OpenTexts,
    albums: OpenAlbums,
}

/// Albums of which one piece was for the bot: its date, by the mark and the user.
#[derive(Default)]
struct OpenAlbums(HashMap<(i64, i64, String), i64>);

impl OpenAlbums {
    fn key(message: &Message) -> Option<(i64, i64, String)> {
        Some((message.chat_id, message.user_id, message.piece.as_ref()?.album.clone()?))
    }

    fn open(&mut self, message: &Message) {
        if message.addressed
            && let Some(key) = Self::key(message)
        {
            self.0.retain(|_, date| message.date.abs_diff(*date) <= ALBUM_IN_DATES);
            self.0.insert(key, message.date);
        }
    }

    fn has(&self, message: &Message) -> bool {
        Self::key(message).is_some_and(|key| self.0.contains_key(&key))
    }
}

impl Open {
    /// Looks at a message of the batch before [`Open::takes`] is asked about any: the words of an album may stand below
    /// whichever of its pictures.
    pub fn look_at(&mut self, Incoming { kind, message, .. }: &Incoming) {
        if !message.private && *kind == MESSAGE {
            self.albums.open(message);
        }
    }

    /// Whether it is for the bot, or belongs to what was. To be asked in the order of the updates. What names the bot in one
    /// piece of an album is for it in all.
    pub fn takes(&mut self, incoming: &mut Incoming, me: &Me) -> bool {
        let message = &mut incoming.message;
        message.addressed |= self.albums.has(message);
        self.texts.takes(incoming, me)
    }
}

/// Texts of groups that may go on in messages which do not name the bot any more: the date of the last message of each, by
/// its chat, user and topic.
#[derive(Default)]
struct OpenTexts(HashMap<(i64, i64, Option<i64>), i64>);

impl OpenTexts {
    /// Whether it is for the bot, or goes on with a question that was. To be asked in the order of the updates. What is
    /// remembered is what was written within seconds.
    fn takes(&mut self, Incoming { kind, message, .. }: &Incoming, me: &Me) -> bool {
        if message.private || *kind != MESSAGE {
            return message.addressed;
        }
        let near = |date: i64| message.date.abs_diff(date) <= GAP_IN_DATES.unsigned_abs();
        let place = (message.chat_id, message.user_id, message.thread_id);
        let text = message.text.as_deref().unwrap_or_default();
        let asks = !text.is_empty() && Request::of(text, &me.username) == Request::Question;
        let opened = self.0.remove(&place).is_some_and(|date| near(date) && asks);
        let taken = message.addressed || opened;
        if taken && asks && is_cut(text) {
            self.0.retain(|_, date| near(*date));
            self.0.insert(place, message.date);
        }
        taken
    }
}

/// Joins what of `following`, the updates that wait behind `first` in its lane, belongs to it.
pub fn join(lane: Lane, message: &Message, first: &Waiting, following: &[Waiting], me: &Me) -> Paste {
    let mut text = message.text.clone().unwrap_or_default();
    let mut message_ids = Vec::from_iter(message.message_id);
    let mut joined = Vec::new();
    let mut last = (message.date, first.age);
    let mut units = text.encode_utf16().count();
    let mut open = true;
    for waiting in following {
        let next = Incoming::decode(&waiting.payload, me).ok().filter(|_| waiting.kind == MESSAGE);
        let Some(Message { text: Some(more), date, message_id, thread_id, .. }) =
            next.map(|next| next.message)
        else {
            open = false;
            break;
        };
        let belongs = thread_id == message.thread_id
            && date - last.0 <= GAP_IN_DATES
            && last.1.saturating_sub(waiting.age) <= GAP
            && Request::of(&more, &me.username) == Request::Question;
        if !belongs {
            open = false;
            break;
        }
        // The apps cut between words and drop the space there, unless a message is full to the last unit.
        let spaced = text.ends_with(char::is_whitespace) || more.starts_with(char::is_whitespace);
        if units < MAX_UNITS && !spaced {
            text.push('\n');
        }
        text.push_str(&more);
        message_ids.extend(message_id);
        joined.push(waiting.key(lane));
        last = (date, waiting.age);
        units = more.encode_utf16().count();
        open = is_cut(&more);
        if !open {
            break;
        }
    }
    let wait = GAP.saturating_sub(last.1);
    if open && !wait.is_zero() && !first.stopped && joined.len() < MOST_MESSAGES {
        return Paste::MoreMayCome(wait);
    }
    Paste::Whole { text, message_ids, joined }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::choice::Choice;

    fn waiting(seq: i64, age_ms: u64, text: &str, date: i64) -> Waiting {
        let payload = format!(
            r#"{{"update_id":{seq},"message":{{"message_id":{seq},"date":{date},"chat":{{"id":1,"type":"private"}},"from":{{"id":1}},"text":"{text}"}}}}"#
        );
        Waiting {
            seq,
            update_id: seq,
            kind: MESSAGE.to_owned(),
            payload,
            attempts: 0,
            retries: 0,
            stopped: false,
            live_message_id: None,
            wait: None,
            age: Duration::from_millis(age_ms),
            last: false,
            behind_unsent: false,
            choice: Choice::NONE,
        }
    }

    fn joined(all: &[Waiting]) -> Paste {
        let me = Me { id: 7, username: "bot".to_owned() };
        let first = Incoming::decode(&all[0].payload, &me).ok().unwrap().message;
        let lane = Lane { bot_id: 7, chat_id: 1, user_id: 1, thread_id: None };
        join(lane, &first, &all[0], &all[1..], &me)
    }

    const NONE: [i64; 0] = [];

    fn long(letter: char, units: usize) -> String {
        std::iter::repeat_n(letter, units).collect()
    }

    fn ids(paste: &Paste) -> Vec<i64> {
        match paste {
            Paste::Whole { joined, .. } => joined.iter().map(|key| key.seq).collect(),
            Paste::MoreMayCome(_) => panic!("not whole"),
        }
    }

    #[test]
    fn a_long_message_waits_for_what_may_follow_it() {
        let (one, two) = (long('a', 4096), long('b', 4050));
        assert_eq!(joined(&[waiting(1, 500, &one, 0)]), Paste::MoreMayCome(Duration::from_millis(1000)));
        let both = [waiting(1, 1400, &one, 0), waiting(2, 100, &two, 1)];
        assert_eq!(joined(&both), Paste::MoreMayCome(Duration::from_millis(1400)));
        assert_eq!(ids(&joined(&[waiting(1, 1500, &one, 0)])), NONE);
    }

    #[test]
    fn a_shorter_message_completes_it_at_once_and_what_comes_then_is_another_question() {
        let (one, two) = (long('a', 4096), long('b', 4050));
        let all =
            [waiting(1, 30, &one, 0), waiting(2, 20, &two, 0), waiting(3, 10, "c", 1), waiting(4, 5, "d", 1)];
        let paste = joined(&all);
        assert_eq!(ids(&paste), [2, 3]);
        let Paste::Whole { text, message_ids, .. } = paste else { unreachable!() };
        // The first one was full: cut inside a word; the second one was not.
        assert_eq!(text, format!("{one}{two}\nc"));
        assert_eq!(message_ids, [1, 2, 3]);
    }

    #[test]
    fn what_came_later_or_is_no_text_or_is_a_command_does_not_belong_to_it() {
        let one = long('a', 4000);
        for other in [
            waiting(2, 10, "/clear", 0),
            waiting(2, 10, "later by the dates, while the bot was away", 60),
            waiting(2, 10, "later by the inbox", 0),
            Waiting { kind: "edited_message".to_owned(), ..waiting(2, 10, "x", 0) },
            Waiting {
                payload: waiting(2, 10, "x", 0).payload.replace("\"text\"", "\"caption\""),
                ..waiting(2, 10, "x", 0)
            },
        ] {
            let age = if other.payload.contains("inbox") { 5000 } else { 20 };
            assert_eq!(ids(&joined(&[waiting(1, age, &one, 0), other])), NONE);
        }
    }

    #[test]
    fn what_was_stopped_waits_for_nothing_and_takes_along_what_belongs_to_it() {
        let one = long('a', 4096);
        let stopped = |waiting| Waiting { stopped: true, ..waiting };
        assert_eq!(ids(&joined(&[stopped(waiting(1, 10, &one, 0))])), NONE);
        // The button of its draft stops the first one; what it was asked with is stopped with it.
        let all = [stopped(waiting(1, 10, &one, 0)), waiting(2, 9, &one, 0), waiting(3, 8, "end", 0)];
        assert_eq!(ids(&joined(&all)), [2, 3]);
        // What comes after the stop is not.
        let all = [stopped(waiting(1, 10, &one, 0)), waiting(2, 9, "/stop", 0), waiting(3, 8, "new", 0)];
        assert_eq!(ids(&joined(&all)), NONE);
    }
}
