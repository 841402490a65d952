//! One connection, in the pool or outside it.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::pooler::{self, Mark};
use crate::base::secret::Secret;

/// A connection outside the pool, named so that `pg_stat_activity` tells whose it is. Its session is nobody else's.
pub fn connect(url: &Secret) -> ConnectionResult<PgConnection> {
    connect_marked(url).map(|(conn, _)| conn)
}

/// A connection, and what marks its session where a pooler stands before the server.
pub(super) fn connect_marked(url: &Secret) -> ConnectionResult<(PgConnection, Option<Mark>)> {
    let url = bounded(url.expose());
    let mut conn = PgConnection::establish(&url)?;
    let mark = pooler::examine(&url, &mut conn)?;
    // Diesel sets UTC; the stamps in `messages` are in the server's own time zone, as the predecessor's are
    conn.batch_execute("SET application_name TO 'systech-aidd'; RESET TIME ZONE")
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok((conn, mark))
}

/// The URL with limits for a server that is gone without a word (libpq, Parameter Key Words); what it sets itself wins.
/// A server that is merely frozen still acknowledges what it gets, and is waited for.
pub(super) fn bounded(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in [
        ("connect_timeout", 5),
        ("keepalives_idle", 30),
        ("keepalives_interval", 10),
        ("keepalives_count", 3),
        ("tcp_user_timeout", 30_000),
    ] {
        if !url.contains(&format!("{name}=")) {
            let mark = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{mark}{name}={value}");
        }
    }
    url
}

/// How the database encodes text.
pub fn encoding(conn: &mut PgConnection) -> QueryResult<String> {
    diesel::select(sql::<Text>("current_setting('server_encoding')")).get_result(conn)
}
