//! What poll remembers of the newest questions: what goes on with one need not name the bot, and has its question asked anew if
//! that is in work.

use std::collections::HashMap;

use super::gaps::{ALBUM_IN_DATES, FORWARDS_APART, GAP_IN_DATES, may_follow};
use crate::domain::command::Request;
use crate::domain::update::MESSAGE;
use crate::store::lately::Asked;
use crate::telegram::{Incoming, Me, Message, is_cut};

/// Stands for the update of a question that has its answer: there is no work on it to be interrupted.
const ANSWERED: i64 = 0;

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

/// The newest question of each chat, user and topic, and the albums. What is remembered is what was sent within seconds.
#[derive(Default)]
pub struct Open {
    newest: HashMap<(i64, i64, Option<i64>), Newest>,
    albums: HashMap<(i64, i64, String), Album>,
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

struct Album {
    /// When its newest piece was sent.
    date: i64,
    /// The update with which its question began.
    first: i64,
    /// One of its pieces is for the bot, so all are.
    addressed: bool,
}

impl Open {
    /// Remembers what an earlier run knew: questions of groups that have their answer, and what waits there for one, each the
    /// oldest first.
    pub fn recall(&mut self, asked: Vec<Asked>, waiting: &[String], me: &Me) {
        for Asked { chat_id, user_id, thread_id, asked_at, forwards, album } in asked {
            let Some(date) = asked_at else { continue };
            let (first, addressed) = (ANSWERED, true);
            if let Some(album) = album {
                self.albums.insert((chat_id, user_id, album), Album { date, first, addressed });
            }
            self.newest.insert((chat_id, user_id, thread_id), Newest { date, first, cut: false, forwards });
        }
        let mut waiting: Vec<_> =
            waiting.iter().filter_map(|payload| Incoming::decode(payload, me).ok()).collect();
        for incoming in &waiting {
            self.look_at(incoming);
        }
        for incoming in &mut waiting {
            self.takes(incoming, me);
        }
    }

    /// Looks at a message of the batch before [`Open::takes`] is asked about any: the words of an album may stand below
    /// whichever of its pictures.
    pub fn look_at(&mut self, &Incoming { kind, update_id, ref message }: &Incoming) {
        if kind == MESSAGE
            && let Some(key) = key(message)
        {
            self.albums.retain(|_, album| message.date.abs_diff(album.date) <= ALBUM_IN_DATES);
            let new = Album { date: message.date, first: update_id, addressed: false };
            let album = self.albums.entry(key).or_insert(new);
            album.date = album.date.max(message.date);
            album.addressed |= message.addressed;
        }
    }

    /// What the update is. To be asked in the order of the updates. What names the bot in one piece of an album is for it in
    /// all.
    pub fn takes(&mut self, Incoming { update_id, kind, message }: &mut Incoming, me: &Me) -> Taken {
        let album = key(message).and_then(|key| self.albums.get_mut(&key));
        message.addressed |= album.as_ref().is_some_and(|album| album.addressed);
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
            if !message.overheard {
                return Taken::Nothing;
            }
            // Of what is not said to the bot the recording is taken in, and nothing beside it.
            message.quotes.clear();
            if let Some(piece) = &mut message.piece {
                piece.caption.clear();
                piece.album = None;
            }
            return Taken::ToAnswer;
        }
        message.overheard = false;
        let begun = album.as_ref().map(|album| album.first).filter(|first| first != update_id);
        // Of a forwarded album, the question began with its comment.
        let first = begun.or(newest.map(|newest| newest.first)).unwrap_or(*update_id);
        if let Some(album) = album {
            (album.first, album.addressed) = (first, true);
        }
        if text.is_some() || message.piece.is_some() {
            self.newest.retain(|_, newest| near(newest, FORWARDS_APART));
            let cut = text.is_some_and(is_cut);
            self.newest.insert(place, Newest { date: message.date, first, cut, forwards: forward });
        }
        let is_piece = first != *update_id && (forward || message.piece.is_some());
        if is_piece { Taken::PieceOf(first) } else { Taken::ToAnswer }
    }
}

/// What tells the album of a message from others.
fn key(message: &Message) -> Option<(i64, i64, String)> {
    Some((message.chat_id, message.user_id, message.album()?.to_owned()))
}
