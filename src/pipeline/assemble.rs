//! Messages that are one question: a long text that Telegram's apps cut, a comment and what is forwarded with it, several
//! forwards.
//!
//! A long text opens, and what the same user writes right behind it belongs to it, until something shorter has come. What is
//! forwarded right behind a question belongs to it, and so do forwards that follow each other. Asked by the worker with what
//! waits in the lane ([`join`]), and by poll, in groups to take what does not name the bot, and everywhere to know what comes
//! while its question is in work ([`Open`]). What comes when its question has its answer is [`follows`]' to know.
//!
//! Albums: each picture of one is a message, all with the same mark, and nobody says which is the last one. What comes before
//! there was silence for a while is one question ([`album`]); what comes later changes it ([`crate::pipeline::in_work`]).

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::command::Request;
use crate::domain::lane::Lane;
use crate::domain::quote::{Kind, Quote};
use crate::domain::update::{Key, MESSAGE};
use crate::render::MAX_UNITS;
use crate::store::attachments::Sent;
use crate::store::inbox::Waiting;
use crate::store::turns::Last;
use crate::telegram::{Incoming, Me, Message, Piece, is_cut};

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
    /// What it replies to, or what is forwarded with it.
    pub quotes: Vec<Quote>,
}

impl Came {
    /// As the store takes it.
    pub(super) fn sent(&self) -> Sent<'_> {
        let Self { key, message_id, piece, .. } = self;
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
        Some(Came { key, message_id, piece, quotes: message.quotes.clone() })
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
mod tests {
    use super::*;
    use crate::domain::admission::Known;
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
            next: None,
            behind_unsent: false,
            choice: Choice::NONE,
            known: Known::default(),
        }
    }

    fn joined(all: &[Waiting]) -> Assembled {
        let me = Me { id: 7, username: "bot".to_owned() };
        let first = Incoming::decode(&all[0].payload, &me).ok().unwrap().message;
        let lane = Lane { bot_id: 7, chat_id: 1, user_id: 1, thread_id: None };
        join(lane, &first, &all[0], &all[1..], &me)
    }

    const NONE: [i64; 0] = [];

    fn long(letter: char, units: usize) -> String {
        std::iter::repeat_n(letter, units).collect()
    }

    fn ids(paste: &Assembled) -> Vec<i64> {
        match paste {
            Assembled::Whole(Whole { joined, .. }) => joined.iter().map(|key| key.seq).collect(),
            Assembled::MoreMayCome(_) => panic!("not whole"),
        }
    }

    #[test]
    fn a_long_message_waits_for_what_may_follow_it() {
        let (one, two) = (long('a', 4096), long('b', 4050));
        assert_eq!(joined(&[waiting(1, 500, &one, 0)]), Assembled::MoreMayCome(Duration::from_millis(1000)));
        let both = [waiting(1, 1400, &one, 0), waiting(2, 100, &two, 1)];
        assert_eq!(joined(&both), Assembled::MoreMayCome(Duration::from_millis(1400)));
        assert_eq!(ids(&joined(&[waiting(1, 1500, &one, 0)])), NONE);
    }

    #[test]
    fn a_shorter_message_completes_it_at_once_and_what_comes_then_is_another_question() {
        let (one, two) = (long('a', 4096), long('b', 4050));
        let all =
            [waiting(1, 30, &one, 0), waiting(2, 20, &two, 0), waiting(3, 10, "c", 1), waiting(4, 5, "d", 1)];
        let paste = joined(&all);
        assert_eq!(ids(&paste), [2, 3]);
        let Assembled::Whole(Whole { text, own_ids, .. }) = paste else { unreachable!() };
        // The first one was full: cut inside a word; the second one was not.
        assert_eq!(text, format!("{one}{two}\nc"));
        assert_eq!(own_ids, [1, 2, 3]);
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

    fn forwarded(seq: i64, age_ms: u64, date: i64) -> Waiting {
        let origin = r#""forward_origin":{"type":"hidden_user"},"text":"#;
        let payload =
            waiting(seq, age_ms, &format!("piece {seq}"), date).payload.replace("\"text\":", origin);
        Waiting { payload, ..waiting(seq, age_ms, "", date) }
    }

    fn whole(all: &[Waiting]) -> Whole {
        match joined(all) {
            Assembled::Whole(whole) => whole,
            Assembled::MoreMayCome(_) => panic!("not whole"),
        }
    }

    #[test]
    fn what_is_forwarded_behind_a_question_belongs_to_it_and_is_ordered_by_its_numbers() {
        let all = [waiting(1, 3000, "what is it?", 9), forwarded(3, 1800, 9), forwarded(2, 1600, 10)];
        let whole = whole(&all);
        assert_eq!((&*whole.text, whole.message_ids(), whole.date), ("what is it?", vec![1, 2, 3], 10));
        let words: Vec<_> = whole.quotes().into_iter().map(|quote| quote.text).collect();
        assert_eq!(words, ["piece 2", "piece 3"]);
        assert_eq!(whole.joined.len(), 2);
    }

    #[test]
    fn forwards_wait_for_more_of_them_until_something_else_has_come() {
        assert_eq!(joined(&[forwarded(1, 500, 0)]), Assembled::MoreMayCome(Duration::from_millis(1000)));
        let two = [waiting(1, 900, "x", 0), forwarded(2, 100, 0)];
        assert_eq!(joined(&two), Assembled::MoreMayCome(Duration::from_millis(1400)));
        assert_eq!(ids(&joined(&[forwarded(1, 500, 0), forwarded(2, 90, 4), waiting(3, 50, "x", 4)])), [2]);
        // A text that nothing was forwarded with waits for nothing.
        assert_eq!(ids(&joined(&[waiting(1, 10, "x", 0)])), NONE);
    }

    #[test]
    fn what_was_forwarded_later_by_the_dates_is_a_question_of_its_own() {
        assert_eq!(ids(&joined(&[waiting(1, 10, "x", 0), forwarded(2, 5, 3)])), NONE);
        assert_eq!(ids(&joined(&[forwarded(1, 10, 0), forwarded(2, 5, 6)])), NONE);
    }

    #[test]
    fn the_poller_knows_of_which_question_a_late_piece_is() {
        let me = Me { id: 7, username: "bot".to_owned() };
        let mut open = Open::default();
        let mut taken =
            |waiting: &Waiting| open.takes(&mut Incoming::decode(&waiting.payload, &me).ok().unwrap(), &me);
        assert_eq!(taken(&waiting(1, 0, "what is it?", 0)), Taken::ToAnswer);
        assert_eq!(taken(&forwarded(2, 0, 2)), Taken::PieceOf(1));
        assert_eq!(taken(&forwarded(3, 0, 7)), Taken::PieceOf(1));
        assert_eq!(taken(&forwarded(4, 0, 13)), Taken::ToAnswer);
        assert_eq!(taken(&waiting(5, 0, "/clear", 13)), Taken::ToAnswer);
        assert_eq!(taken(&forwarded(6, 0, 13)), Taken::ToAnswer, "a command has no pieces");
    }
}
