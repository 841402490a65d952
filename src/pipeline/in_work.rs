//! An update in work that may turn out to be a question.

use std::time::Instant;

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::admission::Standing;
use crate::domain::attachment::{content, may_have_files};
use crate::domain::choice::InForce;
use crate::domain::sound;
use crate::pipeline::asked::Question;
use crate::pipeline::assemble::{self, Assembled, Whole};
use crate::pipeline::assistant::Assistant;
use crate::pipeline::outcome::Answered;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::attachments::{self, Sent, Stored};
use crate::store::inbox::{self, Waiting};
use crate::store::turns::{self, Last};
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
        self.services.question(&Question {
            text,
            message_ids: &message_ids,
            quotes: &self.message.quotes,
            ..self.question()
        })
    }

    /// A message that others may follow: what belongs to it is one question. What comes to a question that was answered
    /// already changes it, as an edit does.
    pub(super) fn ask_whole(&self) -> Result<Answered, StoreError> {
        let whole = match self.assemble()? {
            Assembled::MoreMayCome(wait) => return Ok(Answered::MoreMayCome(wait)),
            Assembled::Whole(whole) => whole,
        };
        if whole.captions().any(|caption| self.is_announce(caption)) {
            return self.refuse_to_announce(&whole.joined);
        }
        match self.late_for(&whole)? {
            Some((last, files)) => self.ask_assembled(&Whole::of(&last, &files).with(whole), Some(&last)),
            None if whole.text().trim().is_empty() && whole.quotes().is_empty() => {
                self.services.say(self.address, self.message.language.no_question())
            }
            None => self.ask_assembled(&whole, None),
        }
    }

    fn assemble(&self) -> Result<Assembled, StoreError> {
        let &Self { services, address, waiting, message, .. } = self;
        let (lane, seq) = (address.lane, waiting.seq);
        let following = match waiting.next {
            Some(_) => {
                services.store.run(|conn| inbox::following(conn, lane, seq, assemble::MOST_MESSAGES))?
            }
            None => Vec::new(),
        };
        Ok(assemble::join(lane, message, waiting, &following, &services.me))
    }

    /// The last question with its files, if this belongs to it.
    fn late_for(&self, whole: &Whole) -> Result<Option<(Last, Vec<Stored>)>, StoreError> {
        if !self.message.is_forward() && self.message.album().is_none() {
            return Ok(None);
        }
        let last = self.last_question()?;
        Ok(last.filter(|(last, files)| assemble::is_late_for(last, files, self.message, whole)))
    }

    /// The last question with its files.
    pub(super) fn last_question(&self) -> Result<Option<(Last, Vec<Stored>)>, StoreError> {
        let lane = self.address.lane;
        self.services.store.run(|conn| {
            let Some(last) = turns::last(conn, lane)? else { return Ok(None) };
            let files = if may_have_files(last.question()) {
                attachments::of_question(conn, lane, &[], last.messages().collect())?
            } else {
                Vec::new()
            };
            Ok(Some((last, files)))
        })
    }

    /// Asks what was put together; the answer takes the place of the one to this question, if there was one.
    pub(super) fn ask_assembled(
        &self,
        whole: &Whole,
        replaces: Option<&Last>,
    ) -> Result<Answered, StoreError> {
        let (seq, joined) = (self.waiting.seq, &whole.joined);
        let text = whole.text();
        let text = Some(&*text)
            .filter(|text| !text.trim().is_empty())
            .unwrap_or(self.message.language.what_about_this());
        self.services.question(&Question {
            address: replaces.map_or(self.address, |last| self.beside(last)),
            text,
            message_ids: &whole.message_ids(),
            quotes: &whole.quotes(),
            asked_at: told(whole.date),
            joined,
            sent: &whole.sent(),
            replaces,
            stop: &self.stop.during(seq..=joined.last().map_or(seq, |last| last.seq)),
            ..self.question()
        })
    }

    /// Where an answer goes that takes the place of this question's.
    fn beside(&self, last: &Last) -> Address {
        let reply_to = last.message_ids.first().copied().filter(|_| !self.message.private);
        Address { reply_to, ..self.address }
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

    /// Answers the last question again, and has its recording heard anew: as if it had come again with the press, to which the
    /// new words belong until the answer is stored.
    pub(super) fn hear_again(&self, last: &Last) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let lane = address.lane;
        let files = services
            .store
            .run(|conn| attachments::of_question(conn, lane, &[], last.messages().collect()))?;
        let own: Vec<&Stored> = files.iter().filter(|file| !file.quoted).collect();
        let heard: Vec<_> = own.iter().map(|file| file.heard()).collect();
        let captions = sound::captions(last.question(), &heard);
        let (Some((above, captions)), [Stored { file, telegram_message_id, .. }]) = (captions, &own[..])
        else {
            return services.say(address, message.language.old_button());
        };
        let key = self.waiting.key(lane);
        let telegram_message_id = *telegram_message_id;
        let sent = [Sent { key, telegram_message_id, album: None, file, quoted: false }];
        let caption = captions.first().copied().unwrap_or_default();
        services.question(&Question {
            address: self.beside(last),
            text: &content(&[(None, above), (Some(file), caption)]),
            message_ids: &last.message_ids,
            quotes: last.quotes(),
            asked_at: last.asked_at(),
            sent: &sent,
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
    pub(super) fn question(&self) -> Question<'_> {
        Question {
            address: self.address,
            text: "",
            message_ids: &[],
            quotes: &[],
            words_alone: false,
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
            has_budget: self.waiting.known.budget,
            sender: self.message.private.then_some(&self.message.sender),
            began: Instant::now(),
            stop: self.stop,
            assistant: self.assistant,
            in_force: self.in_force,
            summaries: &self.waiting.summaries,
            reading: None,
            memory: &self.waiting.memory,
            calls: &[],
        }
    }
}

/// A date, where Telegram tells one.
fn told(date: i64) -> Option<i64> {
    Some(date).filter(|date| *date > 0)
}
