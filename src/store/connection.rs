//! One connection, in the pool or outside it.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::hosts;
use super::pooler::{self, Mark};

/// Limits for a server that is gone without a word (libpq, Parameter Key Words), in libpq's own units.
type Limits = [(&'static str, u32); 5];

/// For migrations and commands: what they do may take long, and is not worth losing to a network that fails in passing.
const PATIENT: Limits = [
    ("connect_timeout", 5),
    ("keepalives_idle", 30),
    ("keepalives_interval", 10),
    ("keepalives_count", 3),
    ("tcp_user_timeout", 30_000),
];

/// For the way of a message: it is repeated on another connection, and people wait for it.
pub(super) const PROMPT: Limits = [
    ("connect_timeout", 3),
    ("keepalives_idle", 3),
    ("keepalives_interval", 1),
    ("keepalives_count", 3),
    ("tcp_user_timeout", 3_000),
];

/// What makes the server end a session behind a machine that is cut off or has lost its power, within the same limits, and behind a
/// process that freezes in the middle of a transaction: its locks hold up others. By itself a server waits for hours.
pub(super) fn ends_behind(limits: Limits) -> String {
    let limits = limits.into_iter().filter_map(|(name, value)| match name {
        "connect_timeout" => None,
        "tcp_user_timeout" => Some(format!("SET {name} TO {value}; ")),
        _ => Some(format!("SET tcp_{name} TO {value}; ")),
    });
    limits.collect::<String>() + "SET idle_in_transaction_session_timeout TO 10000"
}

/// Holds up nobody for long, wherever this process freezes or is cut off: for a command that changes what others wait for. Not for
/// one that passes on what it reads as fast as somebody takes it.
pub fn holds_up_nobody(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(&ends_behind(PATIENT))
}

/// A connection by a URL that has its limits, named so that `pg_stat_activity` tells whose it is, and what marks its session where a
/// pooler stands before the server. Its session is nobody else's.
pub(super) fn connect_marked(url: &str) -> ConnectionResult<(PgConnection, Option<Mark>)> {
    let mut conn = PgConnection::establish(url)?;
    let mark = pooler::examine(url, &mut conn)?;
    // Diesel sets UTC; the stamps in `messages` are in the server's own time zone, as the predecessor's are
    conn.batch_execute("SET application_name TO 'systech-aidd'; RESET TIME ZONE")
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok((conn, mark))
}

/// The URL as migrations and commands use it.
pub(super) fn bounded(url: &str) -> String {
    within(url, PATIENT)
}

/// The URL with limits. Of several servers the one that takes writes is meant. What the URL sets itself wins.
pub(super) fn within(url: &str, limits: Limits) -> String {
    let mut limited = url.to_owned();
    let mut set = |name: &str, value: &str| {
        if !limited.contains(&format!("{name}=")) {
            let mark = if limited.contains('?') { '&' } else { '?' };
            limited.extend([&*mark.to_string(), name, "=", value]);
        }
    };
    if hosts::each(url).len() > 1 {
        set("target_session_attrs", "read-write");
        if limits == PROMPT {
            // The least that libpq takes: there is another one to try.
            set("connect_timeout", "2");
        }
    }
    for (name, value) in limits {
        set(name, &value.to_string());
    }
    limited
}

/// How the database encodes text.
pub fn encoding(conn: &mut PgConnection) -> QueryResult<String> {
    diesel::select(sql::<Text>("current_setting('server_encoding')")).get_result(conn)
}
