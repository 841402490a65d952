//! One update → its reply, stored together in one transaction: a command's, a button's, or the answer to a question
//! ([`crate::pipeline::question`]).
//!
//! Called by the worker for the oldest update of a lane. Whatever happens, the person gets an end: an answer, or one
//! sentence per class of failure.

use std::time::{Duration, Instant};

use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use tracing::{debug, info};

use crate::base::cancel::CancelToken;
use crate::domain::button::{Action, Button};
use crate::domain::command::{Command, Request};
use crate::domain::phrases::Language;
use crate::domain::reply::{Content, Part};
use crate::pipeline::assemble::{self, Paste};
use crate::pipeline::question::Question;
use crate::pipeline::services::Services;
use crate::store::archive::{self, Selection};
use crate::store::erase;
use crate::store::finish;
use crate::store::history;
use crate::store::inbox::{self, Waiting};
use crate::store::outbox::{Address, Unsent};
use crate::store::strangers;
use crate::store::turns::{self, Last, Stopped};
use crate::store::{Dialogue, Lane, StoreError};
use crate::telegram::{EDITED_MESSAGE, Incoming, Message, Press};

/// An update that crashed the program twice gets an honest failure at the third attempt.
pub const LAST_ATTEMPT: i32 = 3;
/// A failure that was about to be told when the program ended is told by the next start; but not for ever, for reading the
/// update may be what ends the program.
const UNREAD_FROM: i32 = 6;
/// How long the button of /forget works.
const BUTTON_LIFE: Duration = Duration::from_secs(3600);

/// What became of an update.
pub enum Answered {
    /// It is done; this is to be sent.
    Done(Vec<Unsent>),
    /// It is to be looked at again after this.
    PutOff(Duration),
    /// It may not be complete: to be looked at again after this, or when something new has come.
    MoreMayCome(Duration),
    /// It is not any more what it was when it was looked at.
    Changed,
    /// The end was asked for; the update waits for the next boot.
    Interrupted,
}

impl Services {
    /// Answers `waiting`, the oldest update of `lane`.
    pub fn answer(&self, lane: Lane, waiting: &Waiting, stop: &CancelToken) -> Result<Answered, StoreError> {
        let (seq, key) = (waiting.seq, waiting.key(lane));
        // an update from before this boot may be why the last run ended: count before trying
        let counted = seq <= self.newest_at_boot;
        let attempt = waiting.attempts + 1;
        if counted {
            self.store.run(|conn| inbox::set_attempts(conn, key, attempt))?;
        }
        if attempt >= UNREAD_FROM {
            // not even the failure could be told: without looking at the update again
            return self.say(waiting.address(lane), Language::Russian.unreadable());
        }
        let answered = self.attempt(lane, waiting, attempt, &stop.during(seq..=seq));
        // neither a pause, nor a shutdown, nor an outage of the database is the update's fault
        if counted && !matches!(answered, Ok(Answered::Done(_)) | Err(StoreError::Refused(_))) {
            self.store.retry_forever(|conn| inbox::set_attempts(conn, key, waiting.attempts))?;
        }
        answered
    }

    fn attempt(
        &self,
        lane: Lane,
        waiting: &Waiting,
        attempt: i32,
        stop: &CancelToken,
    ) -> Result<Answered, StoreError> {
        let Ok(Incoming { message, .. }) = Incoming::decode(&waiting.payload, &self.me) else {
            return self.say(waiting.address(lane), Language::Russian.unreadable());
        };
        let reply_to = message.message_id.filter(|_| !message.private);
        let address = Address { thread_id: message.thread_id, reply_to, ..waiting.address(lane) };
        let language = message.language;
        if !self.access.admits(lane) && !self.is_erasure(&message) {
            return self.turn_away(address, language, message.private);
        }
        let answering = Answering { bot: self, address, waiting, attempt, message: &message, stop };
        if let Some(press) = &message.press {
            return answering.press(press);
        }
        if message.stopped_draft.is_some() {
            // it took effect when it came in, and what it stopped says so
            return self.silence(address);
        }
        if !message.addressed {
            // poll kept it for what it followed, and that went without it
            return self.silence(address);
        }
        if waiting.kind == EDITED_MESSAGE {
            return answering.edit();
        }
        let text = match message.text.as_deref() {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) if !message.private => return self.say(address, language.no_question()),
            _ => return self.say(address, language.only_text()),
        };
        match Request::of(text, &self.me.username) {
            Request::Foreign => self.silence(address),
            Request::Unknown { .. } => self.say(address, language.unknown_command()),
            Request::Command(command) => self.command(&answering, command),
            Request::Question if assemble::is_cut(text) => answering.paste(),
            Request::Question => answering.ask(text),
        }
    }

    /// Whether it is the command or the button by which everybody may delete what is theirs.
    fn is_erasure(&self, message: &Message) -> bool {
        match (&message.press, &message.text) {
            (Some(press), _) => {
                matches!(Button::of(&press.data), Some(Button { action: Action::Forget, .. }))
            }
            (None, Some(text)) => Request::of(text, &self.me.username) == Request::Command(Command::Forget),
            (None, None) => false,
        }
    }

    /// Says once a day that the bot is not for everybody.
    fn turn_away(&self, address: Address, language: Language, private: bool) -> Result<Answered, StoreError> {
        let answered = self.reply(address, |conn, lane| {
            let Lane { user_id, chat_id, .. } = lane;
            let sentence = || Part::plain(language.stranger(user_id, (!private).then_some(chat_id)));
            Ok(strangers::tell(conn, lane)?.then(sentence).into_iter().collect())
        })?;
        if matches!(&answered, Answered::Done(unsent) if !unsent.is_empty()) {
            let Lane { user_id, chat_id, .. } = address.lane;
            info!(user = user_id, chat = chat_id, "told a stranger that the bot does not answer everybody");
        }
        Ok(answered)
    }

    fn command(&self, answering: &Answering<'_>, command: Command) -> Result<Answered, StoreError> {
        let &Answering { address, message: &Message { language, private, .. }, .. } = answering;
        debug!(seq = address.update_seq, command = command.name(), "command received");
        match command {
            Command::Start => self.say(address, language.greeting()),
            Command::Help => self.say(address, language.help()),
            Command::Role => self.say(address, &self.role),
            // what there was to stop was stopped when this came in
            Command::Stop => self.reply(address, |conn, lane| {
                Ok(match turns::stopped_by(conn, lane, address.key())? {
                    Stopped::Questions => Vec::new(),
                    Stopped::Rest => vec![Part::plain(language.rest_not_sent())],
                    Stopped::Nothing => vec![Part::plain(language.nothing_to_stop())],
                })
            }),
            Command::Retry => answering.retry(),
            Command::Clear | Command::New => self.reply(address, |conn, lane| {
                history::clear(conn, lane).map(|n| vec![Part::plain(language.cleared(n))])
            }),
            Command::Restore => self.reply(address, |conn, lane| {
                history::restore(conn, lane, None).map(|n| vec![Part::plain(language.restored(n))])
            }),
            Command::Forget => self.reply(address, |conn, lane| {
                let selection =
                    Selection { user_id: Some(lane.user_id), cleared: true, ..Selection::default() };
                Ok(vec![match archive::count(conn, selection)? {
                    0 => Part::plain(language.nothing_to_delete()),
                    messages => Part::plain(language.forget(messages)).with_button(
                        language.forget_button(),
                        Button {
                            action: Action::Forget,
                            user_id: lane.user_id,
                            update_seq: address.update_seq,
                        },
                    ),
                }])
            }),
            Command::Export if !private => self.say(address, language.only_in_private()),
            Command::Export => self.reply(address, |conn, lane| {
                let messages = archive::count(conn, Selection::from(Dialogue::from(lane)))?;
                Ok(vec![if messages > 0 {
                    Part {
                        fallback: vec![Part::plain(language.export_failed())],
                        ..Part::of(Content::Document { caption: language.exported().to_owned() })
                    }
                } else {
                    Part::plain(language.nothing_to_export())
                }])
            }),
        }
    }

    /// Finishes the update with a text of the bot's own.
    pub(crate) fn say(&self, address: Address, text: impl AsRef<str>) -> Result<Answered, StoreError> {
        self.reply(address, |_, _| Ok(vec![Part::plain(text.as_ref())]))
    }

    /// Finishes the update without a word.
    fn silence(&self, address: Address) -> Result<Answered, StoreError> {
        self.reply(address, |_, _| Ok(Vec::new()))
    }

    fn reply(
        &self,
        address: Address,
        act: impl Fn(&mut PgConnection, Lane) -> QueryResult<Vec<Part>>,
    ) -> Result<Answered, StoreError> {
        let finished = self.store.run(|conn| finish::reply(conn, address, &act))?;
        Ok(Answered::Done(finished.done().unwrap_or_default()))
    }
}

/// An update in work that may turn out to be a question.
struct Answering<'a> {
    bot: &'a Services,
    address: Address,
    waiting: &'a Waiting,
    attempt: i32,
    message: &'a Message,
    stop: &'a CancelToken,
}

impl Answering<'_> {
    fn press(&self, press: &Press) -> Result<Answered, StoreError> {
        let &Self { bot, address, message: &Message { language, .. }, .. } = self;
        match Button::of(&press.data) {
            None => bot.say(address, language.old_button()),
            // told already, with the acknowledgement
            Some(button) if !button.is_for(address.lane.user_id) => bot.silence(address),
            Some(Button { action: Action::Retry, update_seq, .. }) => {
                match bot.store.run(|conn| turns::last(conn, address.lane))? {
                    Some(last) if last.update_seq() == update_seq => self.again(&last, last.question()),
                    _ => bot.say(address, language.old_button()),
                }
            }
            Some(Button { action: Action::Forget, update_seq, .. }) => bot.reply(address, |conn, lane| {
                if !inbox::done_lately(conn, lane, update_seq, BUTTON_LIFE)? {
                    return Ok(vec![Part::plain(language.old_forget_button())]);
                }
                let rows = erase::person(conn, lane.user_id, Some(address.update_seq))?;
                info!(
                    user = lane.user_id,
                    messages = rows.messages,
                    "erased a user who asked for it with /forget"
                );
                Ok(vec![Part::plain(language.forgotten(rows.messages))])
            }),
        }
    }

    fn retry(&self) -> Result<Answered, StoreError> {
        match self.bot.store.run(|conn| turns::last(conn, self.address.lane))? {
            Some(last) => self.again(&last, last.question()),
            None => self.bot.say(self.address, self.message.language.nothing_to_repeat()),
        }
    }

    /// A message says something else now. If it still waited for its answer, that was seen to when this came in; else it
    /// is answered again, as long as nothing was asked after it. What became a question only now is asked now.
    fn edit(&self) -> Result<Answered, StoreError> {
        let &Self { bot, address, message, .. } = self;
        let text = message.text.as_deref().unwrap_or_default();
        let asks = !text.trim().is_empty() && Request::of(text, &bot.me.username) == Request::Question;
        let last = bot.store.run(|conn| turns::last(conn, address.lane))?;
        let asked = last.filter(|last| message.message_id.is_some_and(|id| last.message_ids.contains(&id)));
        match asked {
            Some(last) if asks => match last.message_ids.len() {
                1 if last.question() == text => bot.silence(address),
                1 => self.again(&last, text),
                // as it was: full still, or the end
                _ if last.question().ends_with(text)
                    || (assemble::is_cut(text) && last.question().contains(text)) =>
                {
                    bot.silence(address)
                }
                _ => bot.say(address, message.language.edit_of_several()),
            },
            // it had no answer: it was no question before, or not one to the bot
            None if asks
                && !bot.store.run(|conn| turns::knows(conn, address.lane, message.message_id))? =>
            {
                self.ask(text)
            }
            _ => bot.silence(address),
        }
    }

    /// A text that Telegram's apps may have cut: what belongs to it is one question.
    fn paste(&self) -> Result<Answered, StoreError> {
        let &Self { bot, address, waiting, message, .. } = self;
        let seq = waiting.seq;
        let following =
            bot.store.run(|conn| inbox::following(conn, address.lane, seq, assemble::MOST_MESSAGES))?;
        match assemble::join(address.lane, message, waiting, &following, &bot.me) {
            Paste::Whole { text, message_ids, joined } => bot.question(&Question {
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
    fn again(&self, last: &Last, text: &str) -> Result<Answered, StoreError> {
        let reply_to = last.message_ids.first().copied().filter(|_| !self.message.private);
        self.bot.question(&Question {
            address: Address { reply_to, ..self.address },
            text,
            message_ids: &last.message_ids,
            again: Some(last),
            ..self.question()
        })
    }

    /// The message alone is the question.
    fn ask(&self, text: &str) -> Result<Answered, StoreError> {
        let message_ids = Vec::from_iter(self.message.message_id);
        self.bot.question(&Question { text, message_ids: &message_ids, ..self.question() })
    }

    /// What every question of this update begins with.
    fn question(&self) -> Question<'_> {
        Question {
            address: self.address,
            text: "",
            message_ids: &[],
            joined: &[],
            again: None,
            language: self.message.language,
            private: self.message.private,
            attempt: self.attempt,
            retries: self.waiting.retries,
            stopped: self.waiting.stopped,
            began: Instant::now(),
            stop: self.stop,
        }
    }
}
