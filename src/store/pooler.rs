//! Whether a connection has a session of its own on the server.
//!
//! The bot needs one: prepared statements, the lock that guards migrations and its settings belong to the session. A pooler
//! that hands out the server's connections for a transaction or a statement at a time (PgBouncer's `pool_mode`) mixes the
//! sessions of its clients. Two connections of this program then name their prepared statements alike, and one would
//! run what the other meant. So such a pooler is refused, and no statement is ever sent through it on trust:
//!
//! - PostgreSQL names the process that serves a connection when it accepts it. A pooler accepts before it has a process,
//!   and names another one. Without a pooler nothing further is asked, and no statement costs more.
//! - Behind a pooler each session gets a mark. A connection that finds itself without its mark, or another one with it,
//!   shares its session.
//! - `pool_mode` may be changed while the bot runs. Behind a pooler all work is therefore done in transactions that begin by
//!   looking for the mark (`Mark::hold`).

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error;

use super::probe::{Probe, Reply};

/// Why such a pooler is of no use.
pub(super) const SHARED: &str = "a connection pooler (PgBouncer or another one) in transaction or statement mode stands between the \
     bot and PostgreSQL, but the bot needs sessions of its own";
/// What to do about it.
pub const REMEDY: &str = "set pool_mode = session for this database in the pooler, or put host and port of PostgreSQL itself into \
     DATABASE_URL";

/// How often the mark is looked for. A pooler at rest hands out the connection that it got back last, and is found out by
/// the first look; one at work may have given it to somebody else in between.
const LOOKS: usize = 5;

/// What the server is made to say, in any language, where the mark is missing.
const MISSING: &str = "systech-aidd: the mark of this session is missing";

/// Behind a pooler: what tells this connection's session from all others.
pub(super) struct Mark {
    value: String,
    /// Begins a transaction, and fails unless the session has the mark. One message, so that nothing comes between.
    begin: String,
}

/// What stands between this connection and the server. `None`: nothing.
pub(super) fn examine(url: &str, conn: &mut PgConnection) -> ConnectionResult<Option<Mark>> {
    let mut probe = Probe::open(url);
    // Where it is not to be had (the last connection may be taken), whatever stands there counts as a pooler.
    let process = probe.as_mut().map_or(Reply::Nothing, |probe| probe.ask("SELECT pg_backend_pid()"));
    if let (Some(probe), Reply::Value(process)) = (&probe, &process)
        && *process == probe.told_process().to_string()
    {
        return Ok(None);
    }
    let probe = probe.filter(|_| matches!(process, Reply::Value(_)));
    let mark = Mark::new(format!("{:016x}", fastrand::u64(..)));
    match mark.settle(conn, probe) {
        Ok(true) => Ok(Some(mark)),
        Ok(false) => Err(ConnectionError::BadConnection(refusal())),
        Err(error) => Err(ConnectionError::CouldntSetupConfiguration(error)),
    }
}

/// What there is to say about it, in one sentence.
pub(super) fn refusal() -> String {
    format!("{SHARED}: {REMEDY}")
}

/// Whether an error says that the session had lost its mark.
pub(super) fn tells_a_shared_session(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, told) if told.message().contains(MISSING))
}

impl Mark {
    fn new(value: String) -> Self {
        // A number only if the mark is there; current_setting keeps the planner from looking at the other branch.
        let begin = format!(
            "BEGIN; SELECT (CASE current_setting('systech_aidd.mark', true) WHEN '{value}' THEN '0' \
             ELSE '{MISSING}' END)::integer"
        );
        Self { value, begin }
    }

    /// Marks the session and prepares it for us. False: it is shared.
    fn settle(&self, conn: &mut PgConnection, other: Option<Probe>) -> QueryResult<bool> {
        conn.batch_execute(&format!("SET systech_aidd.mark TO '{}'", self.value))?;
        if let Some(mut other) = other
            && self.is_shared(conn, &mut other)?
        {
            return Ok(false);
        }
        // A session that was shared once comes with the statements that its users had prepared.
        self.is_there(conn, |conn| conn.batch_execute("DEALLOCATE ALL"))
    }

    /// Whether this session is somebody else's as well, as far as it can be found out.
    fn is_shared(&self, conn: &mut PgConnection, other: &mut Probe) -> QueryResult<bool> {
        for _ in 0..LOOKS {
            // A pooler in statement mode takes no BEGIN, and closes the connection that sends one; an outage spares
            // none.
            match (other.ask("BEGIN"), other.ask("SELECT current_setting('systech_aidd.mark', true)")) {
                (Reply::Refused, _) => return conn.batch_execute("SELECT 1").map(|()| true),
                (_, Reply::Value(mark)) if mark == self.value => return Ok(true),
                // Everything is taken; whoever works on this connection looks for the mark.
                (Reply::Nothing, _) | (_, Reply::Nothing) => return Ok(false),
                _ => {}
            }
            // The other one holds a server's connection now, so this one may get another than before.
            if !self.is_there(conn, |_| Ok(()))? {
                return Ok(true);
            }
            other.ask("COMMIT");
            if !self.is_there(conn, |_| Ok(()))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// [`Mark::hold`]. False: the session has no mark.
    fn is_there(
        &self,
        conn: &mut PgConnection,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<()>,
    ) -> QueryResult<bool> {
        match self.hold(conn, work) {
            Err(error) if tells_a_shared_session(&error) => Ok(false),
            held => held.map(|()| true),
        }
    }

    /// Runs `work` in a transaction, and only on the session that has the mark: until it is over, a pooler gives it to
    /// nobody else. After an error that tells a shared session the connection is of no further use.
    pub(super) fn hold<T>(
        &self,
        conn: &mut PgConnection,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> QueryResult<T> {
        AnsiTransactionManager::begin_transaction_sql(conn, &self.begin)?;
        match work(conn) {
            Ok(value) => AnsiTransactionManager::commit_transaction(conn).map(|()| value),
            Err(error) => {
                // A connection that is broken rolls back by itself.
                let _ = AnsiTransactionManager::rollback_transaction(conn);
                Err(error)
            }
        }
    }
}
