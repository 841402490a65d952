//! An update in work that may turn out to be a question.

use std::time::Instant;

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::admission::Standing;
use crate::domain::choice::InForce;
use crate::pipeline::asked::Question;
use crate::pipeline::assemble::{self, Paste};
use crate::pipeline::assistant::Assistant;
use crate::pipeline::outcome::Answered;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::inbox::{self, Waiting};
use crate::store::turns::Last;
use crate::telegram::Message;

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
        self.services.question(&Question { text, message_ids: &message_ids, ..self.question() })
    }

    /// A text that Telegram's apps may have cut: what belongs to it is one question.
    pub(super) fn ask_whole(&self) -> Result<Answered, StoreError> {
        let &Self { services, address, waiting, message, .. } = self;
        let seq = waiting.seq;
        let following =
            services.store.run(|conn| inbox::following(conn, address.lane, seq, assemble::MOST_MESSAGES))?;
        match assemble::join(address.lane, message, waiting, &following, &services.me) {
            Paste::Whole { text, message_ids, joined } => services.question(&Question {
                text: &text,
                message_ids: &message_ids,
                joined: &joined,
                stop: &self.stop.during(seq..=joined.last().map_or(seq, |last| last.seq)),
                ..self.question()
            }),
            Paste::MoreMayCome(wait) => Ok(Answered::MoreMayCome(wait)),
        }
    }

    /// Answers the last question again, as it is now.
    pub(super) fn regenerate(&self, last: &Last, text: &str) -> Result<Answered, StoreError> {
        let reply_to = last.message_ids.first().copied().filter(|_| !self.message.private);
        self.services.question(&Question {
            address: Address { reply_to, ..self.address },
            text,
            message_ids: &last.message_ids,
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
            joined: &[],
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
            calls: &[],
        }
    }
}
