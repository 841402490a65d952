//! Replies that need no model: a sentence of the bot's own, or silence, stored together with the mark that the update is
//! done.

use diesel::pg::PgConnection;
use diesel::result::QueryResult;

use crate::domain::address::Address;
use crate::domain::lane::Lane;
use crate::domain::reply::ReplyPart;
use crate::domain::update::Key;
use crate::pipeline::outcome::Answered;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::finish;

impl Services {
    /// Finishes the update with a text of the bot's own.
    pub(super) fn say(&self, address: Address, text: impl AsRef<str>) -> Result<Answered, StoreError> {
        self.reply(address, |_, _| Ok(vec![ReplyPart::plain(text.as_ref())]))
    }

    /// Finishes the update without a word.
    pub(super) fn silence(&self, address: Address) -> Result<Answered, StoreError> {
        self.reply(address, |_, _| Ok(Vec::new()))
    }

    /// Finishes the update with what `act` replies; what it does to the database is part of the same transaction.
    pub(super) fn reply(
        &self,
        address: Address,
        act: impl Fn(&mut PgConnection, Lane) -> QueryResult<Vec<ReplyPart>>,
    ) -> Result<Answered, StoreError> {
        self.reply_to_all(address, &[], act)
    }

    /// As [`Services::reply`], and finishes with it what came with the update.
    pub(super) fn reply_to_all(
        &self,
        address: Address,
        joined: &[Key],
        act: impl Fn(&mut PgConnection, Lane) -> QueryResult<Vec<ReplyPart>>,
    ) -> Result<Answered, StoreError> {
        let finished = self.store.run(|conn| finish::reply(conn, address, joined, &act))?;
        Ok(Answered::Done(finished.done().unwrap_or_default()))
    }
}
