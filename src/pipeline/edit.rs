//! A message that says something else now.
//!
//! If it still waited for its answer, the poller has put the new text in its place. Otherwise it is answered again, as long
//! as nothing was asked after it.

use crate::domain::attachment::{Attachment, words};
use crate::domain::command::Request;
use crate::pipeline::assemble::album::Came;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::attachments;
use crate::store::turns::{self, Last};
use crate::telegram::{Piece, is_cut};

/// What an edit asks for.
enum Meaning {
    /// Nothing: what was asked is as it was, or something was asked after it.
    Nothing,
    /// What was no question before is one now.
    NewQuestion,
    /// The last question, with another text.
    Regenerate(Last),
    /// The last question consisted of several messages, and only one of them is known now.
    PartOfSeveral,
}

impl InWork<'_> {
    pub(super) fn edit(&self) -> Result<Answered, StoreError> {
        if let Some(piece) = &self.message.piece {
            return self.edit_shown(piece);
        }
        let text = self.message.text.as_deref().unwrap_or_default();
        if let Some(answered) = self.edit_fact(text)? {
            return Ok(answered);
        }
        match self.meaning(text)? {
            Meaning::Nothing => self.services.silence(self.address),
            Meaning::NewQuestion => self.ask(text),
            Meaning::Regenerate(last) => self.regenerate(&last, text),
            Meaning::PartOfSeveral => {
                self.services.say(self.address, self.message.language.edit_of_several())
            }
        }
    }

    /// A picture that is another one now, or has other words below it.
    fn edit_shown(&self, piece: &Piece) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let Some(message_id) = message.message_id else { return services.silence(address) };
        let lane = address.lane;
        let last = services.store.run(|conn| {
            let last = turns::last(conn, lane)?.filter(|last| last.message_ids.contains(&message_id));
            let Some(last) = last else { return Ok(None) };
            let files = attachments::of_question(conn, lane, &[], last.messages().collect())?;
            Ok(Some((last, files)))
        })?;
        let came = [Came {
            key: self.waiting.key(lane),
            message_id,
            piece: piece.clone(),
            quotes: message.quotes.clone(),
        }];
        let Some((last, files)) = last else {
            let known = services.store.run(|conn| turns::knows(conn, lane, Some(message_id)))?;
            return if known { services.silence(address) } else { self.ask_pieces(None, &[], &came) };
        };
        let shown: Vec<&Attachment> = files.iter().map(|file| &file.file).collect();
        let Some(said) = words(last.question(), &shown) else {
            // A text that shows something now; of several texts only this one is known.
            return match last.message_ids.len() {
                1 => self.ask_pieces(Some(&last), &[], &came),
                _ => services.say(address, message.language.edit_of_several()),
            };
        };
        let as_it_was = files.iter().zip(said).any(|(file, said)| {
            file.telegram_message_id == message_id
                && file.file.unique_id == piece.file.unique_id
                && said == piece.caption.trim()
        });
        if as_it_was { services.silence(address) } else { self.ask_pieces(Some(&last), &files, &came) }
    }

    fn meaning(&self, text: &str) -> Result<Meaning, StoreError> {
        let &Self { services, address, message, .. } = self;
        let asks = !text.trim().is_empty() && Request::of(text, &services.me.username) == Request::Question;
        if !asks {
            return Ok(Meaning::Nothing);
        }
        let last = services.store.run(|conn| turns::last(conn, address.lane))?;
        let is_of = |last: &Last| message.message_id.is_some_and(|id| last.own_message_ids().contains(&id));
        if let Some(last) = last.filter(is_of) {
            return Ok(match last.own_message_ids().len() {
                1 if last.question() == text => Meaning::Nothing,
                1 => Meaning::Regenerate(last),
                _ if is_piece(text, last.question()) => Meaning::Nothing,
                _ => Meaning::PartOfSeveral,
            });
        }
        // The message had no answer: before the edit it was no question, or not one to the bot.
        let known = services.store.run(|conn| turns::knows(conn, address.lane, message.message_id))?;
        Ok(if known { Meaning::Nothing } else { Meaning::NewQuestion })
    }
}

/// Whether a message of several is as it was: a full one somewhere in the question, or its end.
fn is_piece(text: &str, question: &str) -> bool {
    question.ends_with(text) || (is_cut(text) && question.contains(text))
}
