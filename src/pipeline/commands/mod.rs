//! What each command does. Who may use it is settled before.

use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use tracing::debug;

use crate::domain::choice::Kind;
use crate::domain::command::{self, Command, Request};
use crate::domain::lane::Lane;
use crate::domain::reply::ReplyPart;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::costs;
use crate::store::history;
use crate::store::turns::{self, Stopped};

mod choose;
mod export;
mod find;
mod forget;
mod list;
mod voice;
mod memory;

impl InWork<'_> {
    pub(super) fn command(&self, command: Command) -> Result<Answered, StoreError> {
        let &Self { services, address, .. } = self;
        let language = self.message.language;
        debug!(seq = address.update_seq, command = command.name(), "command received");
        match command {
            Command::Start => self.say(language.greeting()),
            Command::Help => self.say(language.help(&self.assistant.commands(), self.services.me.hears)),
            Command::Role if self.has_several(Kind::Role) => self.choose_by_name(Kind::Role),
            Command::Role => self.say(self.assistant.catalogue().roles[self.in_force.role].words.clone()),
            Command::Model => self.choose_by_name(Kind::Model),
            Command::Voice => self.voice(),
            Command::Settings => self.settings(),
            Command::Stop => self.stop_was_heeded(),
            Command::Retry => self.retry(),
            Command::Clear | Command::New => match self.words() {
                Some(question) => {
                    // A repetition after a crash finds nothing left to clear.
                    services.store.run(|conn| history::clear_before_question(conn, address.lane))?;
                    self.ask(question)
                }
                None => self.reply(|conn, lane| {
                    history::clear(conn, lane).map(|n| vec![ReplyPart::plain(language.cleared(n))])
                }),
            },
            Command::Restore => self.reply(|conn, lane| {
                history::restore(conn, lane, None).map(|n| vec![ReplyPart::plain(language.restored(n))])
            }),
            Command::Usage if self.is_of_owner() => self.usage_of_bot(),
            Command::Usage => self.reply(|conn, lane| {
                let (day, month) = costs::of_person(conn, lane.user_id)?;
                Ok(vec![ReplyPart::plain(language.usage(&day.spent(), &month.spent()))])
            }),
            Command::Find => self.find(),
            Command::Remember => self.remember_words(),
            Command::Memory => self.memory(),
            Command::Forget => self.forget(),
            Command::Export => self.export(),
        }
    }

    /// What there was to stop was stopped when the command came in; this says what it was.
    fn stop_was_heeded(&self) -> Result<Answered, StoreError> {
        let &Self { address, .. } = self;
        let language = self.message.language;
        self.reply(|conn, lane| {
            Ok(match turns::stopped_by(conn, lane, address.key())? {
                Stopped::Questions => Vec::new(),
                Stopped::Rest => vec![ReplyPart::plain(language.rest_not_sent())],
                Stopped::Nothing => vec![ReplyPart::plain(language.nothing_to_stop())],
            })
        })
    }

    fn retry(&self) -> Result<Answered, StoreError> {
        if self.words().is_some() {
            // A retry would answer the old question instead of the words behind the command.
            return self.services.say(self.address, self.message.language.words_not_asked());
        }
        match self.services.store.run(|conn| turns::last(conn, self.address.lane))? {
            Some(last) => self.regenerate(&last, last.question()),
            None => self.services.say(self.address, self.message.language.nothing_to_repeat()),
        }
    }

    /// Whether its user may choose between several of this kind.
    fn has_several(&self, kind: Kind) -> bool {
        self.assistant.catalogue().open_to(self.address.lane, kind).len() > 1
    }

    /// What the user wrote behind the command. A deep link is not written.
    fn words(&self) -> Option<&str> {
        let words = command::words(self.message.text.as_deref()?)?;
        (!command::is_deep_link(words) || !self.is_start()).then_some(words)
    }

    fn is_start(&self) -> bool {
        self.is(Command::Start, self.message.text.as_deref().unwrap_or_default())
    }

    fn is(&self, command: Command, text: &str) -> bool {
        Request::of(text, &self.services.me.username) == Request::Command(command)
    }

    fn say(&self, text: impl Into<String>) -> Result<Answered, StoreError> {
        let part = ReplyPart::plain(text);
        self.reply(|_, _| Ok(vec![part.clone()]))
    }

    /// Finishes the command with what `act` replies. Words behind it are not asked, and the user is told so.
    fn reply(
        &self,
        act: impl Fn(&mut PgConnection, Lane) -> QueryResult<Vec<ReplyPart>>,
    ) -> Result<Answered, StoreError> {
        let not_asked = self.words().map(|_| ReplyPart::plain(self.message.language.words_not_asked()));
        self.services.reply(self.address, |conn, lane| {
            let mut parts = act(conn, lane)?;
            parts.extend(not_asked.clone());
            Ok(parts)
        })
    }
}
