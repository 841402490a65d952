//! Connections beside the pool, for work that takes as long as it takes, and which of several servers they lead to.
//!
//! libpq takes the first server of a URL that takes writes, and a former primary that came back takes some. So it is never left
//! to choose: a process that runs on knows the servers it has met, and a command asks all of them.

use std::ops::{Deref, DerefMut};

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::connection::{bounded, connect_marked};
use super::connector::{Connector, Tracked};
use super::deadlines::Within;
use super::hosts;
use super::pool::Store;
use crate::base::secret::Secret;

/// A connection for a command: to the server that takes writes, and of several that say so to the one that was promoted last.
pub fn connect(url: &Secret) -> ConnectionResult<PgConnection> {
    connect_marked(&bounded(chosen(url).expose())).map(|(conn, _)| conn)
}

/// The URL with this server alone. Where none answers, and where it names only one, the URL as it is.
pub fn chosen(url: &Secret) -> Secret {
    let mut each = hosts::each(url.expose());
    if each.len() < 2 {
        return url.clone();
    }
    let connector = Connector::new(url, None);
    match connector.look_around() {
        Some(_) => Secret::new(each.swap_remove(connector.hosts.good())),
        None => url.clone(),
    }
}

/// A connection beside the pool of a store, to the server on which the store works. It is watched over all the time
/// ([`Store::enforce_deadlines`]): whatever is done on it ends with an error if the server answers nobody any more, or was replaced.
pub struct Apart<'a> {
    _within: Within<'a>,
    tracked: Tracked,
}

impl Store {
    /// Opens one.
    pub fn apart(&self) -> ConnectionResult<Apart<'_>> {
        let connector = self.connector();
        let tracked = connector.connect()?;
        Ok(Apart { _within: connector.deadlines.begin(tracked.line, Some(tracked.generation)), tracked })
    }
}

impl Apart<'_> {
    /// Of its server alone. Whatever else this process connects to by it ends along with this connection.
    pub fn url(&self) -> Secret {
        self.tracked.url.clone()
    }
}

impl Deref for Apart<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.tracked.conn
    }
}

impl DerefMut for Apart<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tracked.conn
    }
}
