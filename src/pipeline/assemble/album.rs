//! Albums: each picture of one is a message, all with the same mark, and nobody says which is the last one. What comes before
//! there was silence for a while is one question ([`album`]); what comes later changes it ([`crate::pipeline::in_work`]).

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::lane::Lane;
use crate::domain::quote::Quote;
use crate::domain::update::{Key, MESSAGE};
use crate::store::attachments::Sent;
use crate::store::inbox::Waiting;
use crate::telegram::{Incoming, Me, Message, Piece};

/// So much silence after the newest piece, and nothing more is waited for.
const SILENCE: Duration = Duration::from_millis(1500);
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
    pub(in crate::pipeline) fn sent(&self) -> Sent<'_> {
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
        let wait = SILENCE.saturating_sub(silence);
        if !wait.is_zero() && !first.stopped && pieces.len() < MOST_IN_ALBUM {
            return Album::MoreMayCome(wait);
        }
    }
    pieces.sort_by_key(|came| came.message_id);
    Album::Whole(pieces)
}

/// Albums of which one piece was for the bot: its date, by the mark and the user.
#[derive(Default)]
pub(super) struct OpenAlbums(HashMap<(i64, i64, String), i64>);

impl OpenAlbums {
    fn key(message: &Message) -> Option<(i64, i64, String)> {
        Some((message.chat_id, message.user_id, message.piece.as_ref()?.album.clone()?))
    }

    pub(super) fn open(&mut self, message: &Message) {
        if message.addressed
            && let Some(key) = Self::key(message)
        {
            self.0.retain(|_, date| message.date.abs_diff(*date) <= ALBUM_IN_DATES);
            self.0.insert(key, message.date);
        }
    }

    pub(super) fn has(&self, message: &Message) -> bool {
        Self::key(message).is_some_and(|key| self.0.contains_key(&key))
    }
}
