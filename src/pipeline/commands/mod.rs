//! What each command does. Who may use it is settled before.

use tracing::debug;

use crate::domain::command::Command;
use crate::domain::reply::Part;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::history;
use crate::store::turns::{self, Stopped};

mod export;
mod forget;

impl InWork<'_> {
    pub(super) fn command(&self, command: Command) -> Result<Answered, StoreError> {
        let &Self { services, address, .. } = self;
        let language = self.message.language;
        debug!(seq = address.update_seq, command = command.name(), "command received");
        match command {
            Command::Start => services.say(address, language.greeting()),
            Command::Help => services.say(address, language.help()),
            Command::Role => services.say(address, &services.role),
            Command::Stop => self.stop_was_heeded(),
            Command::Retry => self.retry(),
            Command::Clear | Command::New => services.reply(address, |conn, lane| {
                history::clear(conn, lane).map(|n| vec![Part::plain(language.cleared(n))])
            }),
            Command::Restore => services.reply(address, |conn, lane| {
                history::restore(conn, lane, None).map(|n| vec![Part::plain(language.restored(n))])
            }),
            Command::Forget => self.forget(),
            Command::Export => self.export(),
        }
    }

    /// What there was to stop was stopped when the command came in; this says what it was.
    fn stop_was_heeded(&self) -> Result<Answered, StoreError> {
        let &Self { services, address, .. } = self;
        let language = self.message.language;
        services.reply(address, |conn, lane| {
            Ok(match turns::stopped_by(conn, lane, address.key())? {
                Stopped::Questions => Vec::new(),
                Stopped::Rest => vec![Part::plain(language.rest_not_sent())],
                Stopped::Nothing => vec![Part::plain(language.nothing_to_stop())],
            })
        })
    }

    fn retry(&self) -> Result<Answered, StoreError> {
        match self.services.store.run(|conn| turns::last(conn, self.address.lane))? {
            Some(last) => self.regenerate(&last, last.question()),
            None => self.services.say(self.address, self.message.language.nothing_to_repeat()),
        }
    }
}
