//! How far PostgreSQL is with an index that a migration builds beside running bots. On a large table that takes minutes, and
//! an operator who sees nothing takes it for hanging.

use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use tracing::info;

use crate::base::failpoints;
use crate::base::secret::Secret;
use crate::store;

/// How often it is told: a terminal's line is written anew, a log gets one more.
const ON_TERMINAL: Duration = Duration::from_millis(500);
const IN_LOG: Duration = Duration::from_secs(10);

/// What PostgreSQL says about the build of an index (`pg_stat_progress_create_index`).
#[derive(QueryableByName)]
struct Progress {
    #[diesel(sql_type = Nullable<Text>)]
    index: Option<String>,
    #[diesel(sql_type = Text)]
    phase: String,
    /// In this phase, in percent, where PostgreSQL counts.
    #[diesel(sql_type = Nullable<BigInt>)]
    percent: Option<i64>,
}

/// Does the work on `conn`, and meanwhile tells how far an index is that it builds.
pub(super) fn told<T>(conn: &mut PgConnection, url: &Secret, work: impl FnOnce(&mut PgConnection) -> T) -> T {
    #[derive(QueryableByName)]
    struct Backend {
        #[diesel(sql_type = Integer)]
        pid: i32,
    }
    let backend = diesel::sql_query("SELECT pg_backend_pid() AS pid").get_result::<Backend>(conn);
    let Ok(Backend { pid }) = backend else { return work(conn) };
    thread::scope(|scope| {
        // Closed when the work is done, or panics.
        let (working, done) = bounded::<()>(0);
        scope.spawn(move || {
            let terminal = io::stderr().is_terminal();
            let usual = if terminal { ON_TERMINAL } else { IN_LOG };
            let interval = failpoints::wait("progress", usual);
            let mut other = None;
            while done.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                if other.is_none() {
                    other = store::connect(url).ok();
                }
                match other.as_mut().map(|other| look(other, pid)) {
                    Some(Ok(Some(progress))) => progress.tell(terminal),
                    Some(Ok(None)) => {}
                    // Older than version 12, or away: the work itself finds that out.
                    Some(Err(_)) | None => break,
                }
            }
            if terminal && other.is_some() {
                let _ = write!(io::stderr(), "{CLEAR}");
            }
        });
        let outcome = work(conn);
        drop(working);
        outcome
    })
}

/// To the beginning of the line, and nothing left on it.
const CLEAR: &str = "\r\x1b[K";

fn look(conn: &mut PgConnection, pid: i32) -> QueryResult<Option<Progress>> {
    diesel::sql_query(
        "SELECT relname::text AS index, phase,
                (100 * CASE WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN lockers_done
                            WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END
                     / nullif(CASE WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN lockers_total
                                   WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END, 0))::bigint AS percent
         FROM pg_stat_progress_create_index AS progress LEFT JOIN pg_class ON pg_class.oid = index_relid
         WHERE progress.pid = $1",
    )
    .bind::<Integer, _>(pid)
    .get_result(conn)
    .optional()
}

impl Progress {
    fn tell(&self, terminal: bool) {
        let index = self.index.as_deref().unwrap_or("index");
        let percent = self.percent.map(|percent| format!(", {percent}%")).unwrap_or_default();
        if terminal {
            let _ = write!(io::stderr(), "{CLEAR}{index}: {}{percent}", self.phase);
        } else {
            info!(index, "{}{percent}", self.phase);
        }
    }
}
