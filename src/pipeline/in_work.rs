//! An update in work that may turn out to be a question.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::admission::Standing;
use crate::domain::attachment::{Attachment, content, may_have_files, words};
use crate::domain::choice::InForce;
use crate::domain::quote::Quote;
use crate::domain::update::Key;
use crate::pipeline::asked::Question;
use crate::pipeline::assemble::album::{self, Album, Came};
use crate::pipeline::assemble::{self, Assembled, Whole};
use crate::pipeline::assistant::Assistant;
use crate::pipeline::outcome::Answered;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::attachments::{self, Sent, Stored};
use crate::store::inbox::{self, Waiting};
use crate::store::turns::{self, Last};
use crate::telegram::{Message, Piece};

/// The update, and everything that is known about it.
pub struct InWork<'a> {
    /// The neighbours.
    pub services: &'a Services,
    /// Where the reply goes.
    pub address: Address,
    /// Its row in the inbox.
    pub waiting: &'a Waiting,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The message, or the press of a button.
    pub message: &'a Message,
    /// How the bot stands to its user.
    pub standing: Standing,
    /// Ends the work early.
    pub stop: &'a CancelToken,
    /// Who answers.
    pub assistant: &'a Assistant,
    /// With what, in this dialogue.
    pub in_force: &'a InForce,
}

impl InWork<'_> {
    /// The message alone is the question.
    pub(super) fn ask(&self, text: &str) -> Result<Answered, StoreError> {
        let message_ids = Vec::from_iter(self.message.message_id);
        self.services.question(&Question {
            text,
            message_ids: &message_ids,
            quotes: &self.message.quotes,
            ..self.question()
        })
    }

    /// A message that others may follow: what belongs to it is one question.
    pub(super) fn ask_whole(&self) -> Result<Answered, StoreError> {
        match self.assemble()? {
            Assembled::MoreMayCome(wait) => Ok(Answered::MoreMayCome(wait)),
            Assembled::Whole(whole) if whole.text.trim().is_empty() && whole.quotes().is_empty() => {
                self.services.say(self.address, self.message.language.no_question())
            }
            Assembled::Whole(whole) => self.ask_assembled(&whole, None),
        }
    }

    /// What was forwarded. It is a question by itself, or a late piece of the last one.
    pub(super) fn ask_forwarded(&self) -> Result<Answered, StoreError> {
        let whole = match self.assemble()? {
            Assembled::MoreMayCome(wait) => return Ok(Answered::MoreMayCome(wait)),
            Assembled::Whole(whole) => whole,
        };
        match self.services.store.run(|conn| turns::last(conn, self.address.lane))? {
            Some(last) if assemble::follows(&last, self.message) => self.grow(&last, whole),
            _ => self.ask_assembled(&whole, None),
        }
    }

    /// Answers the last question again with what of it has come since it was answered; the new answer takes the place of the
    /// old one.
    pub(super) fn grow(&self, last: &Last, late: Whole) -> Result<Answered, StoreError> {
        self.ask_assembled(&Whole::grown_from(last, late), Some(last))
    }

    fn assemble(&self) -> Result<Assembled, StoreError> {
        let &Self { services, address, waiting, message, .. } = self;
        let seq = waiting.seq;
        let following =
            services.store.run(|conn| inbox::following(conn, address.lane, seq, assemble::MOST_MESSAGES))?;
        Ok(assemble::join(address.lane, message, waiting, &following, &services.me))
    }

    fn ask_assembled(&self, whole: &Whole, replaces: Option<&Last>) -> Result<Answered, StoreError> {
        let (seq, joined) = (self.waiting.seq, &whole.joined);
        let question = Question {
            text: Some(&*whole.text)
                .filter(|text| !text.trim().is_empty())
                .unwrap_or(self.message.language.what_about_this()),
            message_ids: &whole.message_ids(),
            quotes: &whole.quotes(),
            asked_at: told(whole.date),
            joined,
            stop: &self.stop.during(seq..=joined.last().map_or(seq, |last| last.seq)),
            ..self.question()
        };
        self.services.question(&match replaces {
            Some(last) => Question { address: self.beside(last), replaces, ..question },
            None => question,
        })
    }

    /// Where an answer goes that takes the place of this question's.
    fn beside(&self, last: &Last) -> Address {
        let reply_to = last.message_ids.first().copied().filter(|_| !self.message.private);
        Address { reply_to, ..self.address }
    }

    /// A question that shows something: a file, with all that were sent together with it. What comes to a question that was
    /// answered already changes it, as an edit does.
    pub(super) fn ask_shown(&self, piece: &Piece) -> Result<Answered, StoreError> {
        let &Self { services, address, waiting, message, .. } = self;
        let (lane, seq) = (address.lane, waiting.seq);
        let following = match piece.album {
            Some(_) => {
                services.store.run(|conn| inbox::following(conn, lane, seq, assemble::MOST_MESSAGES))?
            }
            None => Vec::new(),
        };
        let pieces = match album::album(lane, message, waiting, &following, &services.me) {
            Album::Whole(pieces) => pieces,
            Album::MoreMayCome(wait) => return Ok(Answered::MoreMayCome(wait)),
        };
        let (last, shown) = match &piece.album {
            Some(album) => self.late_for(album)?,
            None => (None, Vec::new()),
        };
        self.ask_pieces(last.as_ref(), &shown, &pieces)
    }

    /// The last question and its files, if this album is part of it.
    fn late_for(&self, album: &str) -> Result<(Option<Last>, Vec<Stored>), StoreError> {
        let lane = self.address.lane;
        self.services.store.run(|conn| {
            let Some(last) = turns::last(conn, lane)? else { return Ok((None, Vec::new())) };
            if !may_have_files(last.question()) {
                return Ok((None, Vec::new()));
            }
            let files = attachments::of_question(conn, lane, &[], last.messages().collect())?;
            let is_part = files.iter().any(|file| file.album.as_deref() == Some(album));
            Ok(if is_part { (Some(last), files) } else { (None, Vec::new()) })
        })
    }

    /// Asks what these pieces say and show together with the files of the question whose place it takes, if it takes any.
    pub(super) fn ask_pieces(
        &self,
        last: Option<&Last>,
        shown: &[Stored],
        pieces: &[Came],
    ) -> Result<Answered, StoreError> {
        let said = last.and_then(|last| {
            words(last.question(), &shown.iter().map(|file| &file.file).collect::<Vec<_>>())
        });
        let said = said.unwrap_or_else(|| vec![""; shown.len()]);
        // By Telegram's ids of the messages: in the order in which they were sent, a piece that came anew in its own place.
        let mut all: BTreeMap<i64, (&Attachment, &str)> = shown
            .iter()
            .zip(said)
            .map(|(file, said)| (file.telegram_message_id, (&file.file, said)))
            .collect();
        all.extend(pieces.iter().map(|came| (came.message_id, (&came.piece.file, &*came.piece.caption))));
        let text = content(&all.into_values().collect::<Vec<_>>());
        let known = last.map_or(&[][..], |last| &last.message_ids);
        let message_ids: BTreeSet<i64> =
            known.iter().copied().chain(pieces.iter().map(|came| came.message_id)).collect();
        let message_ids: Vec<i64> = message_ids.into_iter().collect();
        let is_new = |came: &&Came| {
            !shown.iter().any(|file| {
                file.telegram_message_id == came.message_id
                    && file.file.unique_id == came.piece.file.unique_id
            })
        };
        let sent: Vec<Sent<'_>> = pieces.iter().filter(is_new).map(Came::sent).collect();
        let seq = self.waiting.seq;
        let joined: Vec<Key> = pieces.iter().map(|came| came.key).filter(|key| key.seq != seq).collect();
        let to = joined.iter().map(|key| key.seq).max().unwrap_or(seq);
        let mut quotes: Vec<Quote> = last.map_or(&[][..], Last::quotes).to_vec();
        // Each piece of an album replies to the same message.
        for quote in pieces.iter().flat_map(|came| &came.quotes) {
            if !quotes.contains(quote) {
                quotes.push(quote.clone());
            }
        }
        self.services.question(&Question {
            address: last.map_or(self.address, |last| self.beside(last)),
            text: &text,
            message_ids: &message_ids,
            quotes: &quotes,
            joined: &joined,
            sent: &sent,
            replaces: last,
            stop: &self.stop.during(seq..=to),
            ..self.question()
        })
    }

    /// Answers the last question again, as it is now.
    pub(super) fn regenerate(&self, last: &Last, text: &str) -> Result<Answered, StoreError> {
        self.services.question(&Question {
            address: self.beside(last),
            text,
            message_ids: &last.message_ids,
            quotes: last.quotes(),
            asked_at: last.asked_at(),
            replaces: Some(last),
            ..self.question()
        })
    }

    /// Has the last answer go on, as a turn of its own: its question is the bot's own sentence.
    pub(super) fn go_on(&self) -> Result<Answered, StoreError> {
        self.services.question(&Question { text: self.message.language.go_on(), ..self.question() })
    }

    /// How many questions its user may ask in any hour.
    fn rate_limit(&self) -> Option<u32> {
        let Services { rate_limit, admission, .. } = self.services;
        rate_limit.limit(admission.is_open(self.waiting.known))
    }

    /// What every question of this update begins with.
    fn question(&self) -> Question<'_> {
        Question {
            address: self.address,
            text: "",
            message_ids: &[],
            quotes: &[],
            asked_at: told(self.message.date),
            joined: &[],
            sent: &[],
            files: &[],
            replaces: None,
            language: self.message.language,
            private: self.message.private,
            attempt: self.attempt,
            retries: self.waiting.retries,
            stopped: self.waiting.stopped,
            rate_limit: self.rate_limit(),
            began: Instant::now(),
            stop: self.stop,
            assistant: self.assistant,
            in_force: self.in_force,
            memory: &self.waiting.memory,
            fact_ids: &[],
            calls: &[],
        }
    }
}

/// A date, where Telegram tells one.
fn told(date: i64) -> Option<i64> {
    Some(date).filter(|date| *date > 0)
}
