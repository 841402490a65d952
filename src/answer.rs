//! One update → its reply, stored together in one transaction: a command's, or the model's answer to a question.
//!
//! Called by the worker for the oldest update of a lane. Whatever happens, the person gets an end: an answer, or one
//! sentence per class of failure.

use std::time::{Duration, Instant};

use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use tracing::{debug, info, warn};

use crate::backoff::Backoff;
use crate::bot::Bot;
use crate::button::Button;
use crate::command::{Command, Request};
use crate::failure::Failure;
use crate::llm::{Completion, LlmError, Message};
use crate::part::{Content, Part};
use crate::phrases::Language;
use crate::point;
use crate::preview::Preview;
use crate::render;
use crate::stop::Stop;
use crate::store::archive::{self, Selection};
use crate::store::erase;
use crate::store::finish::{self, Ending, Turn};
use crate::store::history::{self, Role};
use crate::store::inbox::{self, Waiting};
use crate::store::outbox::{Address, Unsent};
use crate::store::strangers;
use crate::store::{Dialogue, Lane, StoreError};
use crate::telegram::{self, Incoming, Press};

/// An update that crashed the program twice gets an honest failure at the third attempt.
const LAST_ATTEMPT: i32 = 3;
/// How long a button works.
const BUTTON_LIFE: Duration = Duration::from_secs(3600);
/// How often a model call is repeated after a passing error.
const RETRIES: i32 = 2;

/// A question in work.
struct Question<'a> {
    address: Address,
    text: &'a str,
    language: Language,
    attempt: i32,
    began: Instant,
}

/// What became of an update.
pub enum Answered {
    /// It is done; this is to be sent.
    Done(Vec<Unsent>),
    /// The model is to be asked again after this.
    PutOff(Duration),
    /// The end was asked for; the update waits for the next boot.
    Interrupted,
}

impl Bot {
    /// Answers `waiting`, the oldest update of `lane`.
    pub fn answer(&self, lane: Lane, waiting: &Waiting, stop: &Stop) -> Result<Answered, StoreError> {
        let seq = waiting.seq;
        // an update from before this boot may be why the last run ended: count before trying
        let counted = seq <= self.newest_at_boot;
        let attempt = waiting.attempts + 1;
        if counted {
            self.store.run(|conn| inbox::set_attempts(conn, seq, attempt))?;
        }
        if attempt > LAST_ATTEMPT {
            // not even the failure could be told: without looking at the update again
            let address = Address { lane, update_seq: seq, thread_id: None, reply_to: None };
            return self.say(address, Language::Russian.failure(Failure::Crashed));
        }
        let answered = self.attempt(lane, waiting, attempt, stop);
        // neither a pause, nor a shutdown, nor an outage of the database is the update's fault
        if counted && !matches!(answered, Ok(Answered::Done(_)) | Err(StoreError::Refused(_))) {
            self.store.insist(|conn| inbox::set_attempts(conn, seq, waiting.attempts));
        }
        answered
    }

    fn attempt(
        &self,
        lane: Lane,
        waiting: &Waiting,
        attempt: i32,
        stop: &Stop,
    ) -> Result<Answered, StoreError> {
        let update_seq = waiting.seq;
        let Ok(Incoming { message, .. }) = Incoming::decode(&waiting.payload, &self.me) else {
            let address = Address { lane, update_seq, thread_id: None, reply_to: None };
            return self.say(address, Language::Russian.unreadable());
        };
        let reply_to = (!message.private).then_some(message.message_id);
        let address = Address { lane, update_seq, thread_id: message.thread_id, reply_to };
        let language = message.language;
        if !self.access.admits(lane) && !self.is_erasure(&message) {
            return self.turn_away(address, language, message.private);
        }
        if let Some(press) = message.press {
            return self.press(address, &press, language);
        }
        let text = match message.text {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) if !message.private => return self.say(address, language.no_question()),
            _ => return self.say(address, language.only_text()),
        };
        match Request::of(&text, &self.me.username) {
            Request::Foreign => self.reply(address, |_, _| Ok(Vec::new())),
            Request::Unknown { .. } => self.say(address, language.unknown_command()),
            Request::Command(command) => self.command(address, command, language, message.private),
            Request::Question => {
                let began = Instant::now();
                let question = Question { address, text: &text, language, attempt, began };
                if attempt == LAST_ATTEMPT {
                    warn!(seq = update_seq, "crashed at each attempt; the question fails");
                    return self.fail(&question, Failure::Crashed);
                }
                let preview = Preview::begin(&self.telegram, &self.paces, address, message.private);
                self.question(&question, waiting.retries, &preview, stop)
            }
        }
    }

    /// Whether it is the command or the button by which everybody may delete what is theirs.
    fn is_erasure(&self, message: &telegram::Message) -> bool {
        match (&message.press, &message.text) {
            (Some(press), _) => matches!(Button::of(&press.data), Some(Button::Forget { .. })),
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
            info!(user = user_id, chat = chat_id, "somebody who is not allowed to use the bot was told so");
        }
        Ok(answered)
    }

    fn command(
        &self,
        address: Address,
        command: Command,
        language: Language,
        private: bool,
    ) -> Result<Answered, StoreError> {
        debug!(seq = address.update_seq, command = command.name(), "command");
        match command {
            Command::Start => self.say(address, language.greeting()),
            Command::Help => self.say(address, language.help()),
            Command::Role => self.say(address, &self.role),
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
                    messages => Part {
                        content: Content::Ask {
                            text: language.forget(messages),
                            label: language.forget_button().to_owned(),
                            button: Button::Forget { user_id: lane.user_id, update_seq: address.update_seq }
                                .data(),
                        },
                        fallback: Vec::new(),
                    },
                }])
            }),
            Command::Export if !private => self.say(address, language.only_in_private()),
            Command::Export => self.reply(address, |conn, lane| {
                let messages = archive::count(conn, Selection::from(Dialogue::from(lane)))?;
                Ok(vec![if messages > 0 {
                    Part {
                        content: Content::Document { caption: language.exported().to_owned() },
                        fallback: vec![Part::plain(language.export_failed())],
                    }
                } else {
                    Part::plain(language.nothing_to_export())
                }])
            }),
        }
    }

    fn press(&self, address: Address, press: &Press, language: Language) -> Result<Answered, StoreError> {
        match Button::of(&press.data) {
            None => self.say(address, language.old_button()),
            // told already, with the acknowledgement
            Some(button) if !button.is_for(address.lane.user_id) => {
                self.reply(address, |_, _| Ok(Vec::new()))
            }
            Some(Button::Forget { update_seq, .. }) => self.reply(address, |conn, lane| {
                if !inbox::done_lately(conn, lane, update_seq, BUTTON_LIFE)? {
                    return Ok(vec![Part::plain(language.old_button())]);
                }
                let rows = erase::person(conn, lane.user_id, Some(address.update_seq))?;
                info!(user = lane.user_id, messages = rows.messages, "erased, as the person asked");
                Ok(vec![Part::plain(language.forgotten(rows.messages))])
            }),
        }
    }

    fn question(
        &self,
        question: &Question<'_>,
        retries: i32,
        preview: &Preview,
        stop: &Stop,
    ) -> Result<Answered, StoreError> {
        point::pass("question", question.text);
        let seq = question.address.update_seq;
        let lane = question.address.lane;
        let said = self.store.run(|conn| history::recent(conn, lane, self.max_history))?;
        match self.ask(&said, question.text, preview, stop) {
            Ok(Completion { text: answer, usage }) => {
                let parts = render::answer(&answer, self.rich_messages);
                if parts.is_empty() {
                    let class = Failure::Empty.class();
                    warn!(seq, class, problem = "nothing to see in the answer", "no answer");
                    return self.fail(question, Failure::Empty);
                }
                info!(
                    seq,
                    prompt_tokens = usage.prompt_tokens,
                    completion_tokens = usage.completion_tokens,
                    millis = usage.duration_ms,
                    "answered"
                );
                self.finish(question, &Ending::Answered { answer, usage }, &parts)
            }
            Err(LlmError::Stopped) => Ok(Answered::Interrupted),
            Err(LlmError::Passing { pause, problem, .. }) if retries < RETRIES => {
                let backoff = || {
                    Backoff::nth(retries.unsigned_abs(), Duration::from_millis(500), Duration::from_secs(8))
                };
                let wait = pause.unwrap_or_else(backoff);
                info!(seq, problem, seconds = wait.as_secs_f32(), "the model is asked again later");
                self.store.run(|conn| inbox::put_off(conn, seq, retries + 1, wait))?;
                Ok(Answered::PutOff(wait))
            }
            Err(error) => {
                let failure = match error {
                    LlmError::Passing { failure, .. } | LlmError::Final { failure, .. } => failure,
                    LlmError::ContextTooLong | LlmError::Stopped => Failure::TooLong,
                };
                warn!(seq, class = failure.class(), problem = %error, "no answer");
                self.fail(question, failure)
            }
        }
    }

    /// Asks the model; if the prompt is too long for it, once more with half of the history.
    fn ask(
        &self,
        said: &[history::Said],
        question: &str,
        preview: &Preview,
        stop: &Stop,
    ) -> Result<Completion, LlmError> {
        let ask = |said: &[history::Said]| {
            let system = (!self.system_prompt.is_empty())
                .then_some(Message { role: "system", content: &self.system_prompt });
            let past = said.iter().map(|(role, content)| Message { role, content });
            let prompt: Vec<_> = system
                .into_iter()
                .chain(past)
                .chain([Message { role: Role::User.as_str(), content: question }])
                .collect();
            self.llm.complete(&prompt, stop, |more| preview.grow(more))
        };
        match ask(said) {
            Err(LlmError::ContextTooLong) if !said.is_empty() => ask(&said[said.len().div_ceil(2)..]),
            result => result,
        }
    }

    fn fail(&self, question: &Question<'_>, failure: Failure) -> Result<Answered, StoreError> {
        let parts = [Part::plain(question.language.failure(failure))];
        let ending = Ending::Failed { class: failure.class(), refused: failure == Failure::Refused };
        self.finish(question, &ending, &parts)
    }

    /// Stores a turn. What was paid for is not given up because the database is away, or takes nothing from anybody.
    fn finish(
        &self,
        question: &Question<'_>,
        ending: &Ending,
        parts: &[Part],
    ) -> Result<Answered, StoreError> {
        let &Question { address, text, began, attempt, .. } = question;
        let turn = Turn { question: text, began, ending };
        let unsent = self.store.insist_or(
            |conn| finish::turn(conn, address, &turn, parts),
            |conn| inbox::set_attempts(conn, address.update_seq, attempt),
        )?;
        Ok(Answered::Done(unsent.unwrap_or_default()))
    }

    /// Finishes the update with a text of the bot's own.
    fn say(&self, address: Address, text: impl AsRef<str>) -> Result<Answered, StoreError> {
        self.reply(address, |_, _| Ok(vec![Part::plain(text.as_ref())]))
    }

    fn reply(
        &self,
        address: Address,
        act: impl Fn(&mut PgConnection, Lane) -> QueryResult<Vec<Part>>,
    ) -> Result<Answered, StoreError> {
        let unsent = self.store.run(|conn| finish::reply(conn, address, &act))?;
        Ok(Answered::Done(unsent.unwrap_or_default()))
    }
}
