//! A limit for every statement of a message's way.
//!
//! A server that is gone is noticed by the kernel (the limits of [`super::connection`]). One that is frozen is not: its
//! kernel goes on acknowledging, libpq waits for ever, and nothing can be sent after it. So whoever works on a connection is
//! on a list here, and what takes too long is looked into: if the server answers somebody else, the statement is at work or
//! waits for a lock, and may go on; if not, or if another server has taken its place, the socket is shut down under it, and
//! libpq reports a connection that broke.
//!
//! Diesel does not tell which socket is its own. Each connection therefore has a limit for unacknowledged data
//! (TCP_USER_TIMEOUT) that differs by some milliseconds from those of the others, and is recognised by it. Sockets of the
//! same machine have no such limit: of those, all that lead to a server of PostgreSQL are shut down.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::server::Generation;
use super::sockets;
use crate::base::failpoints;

/// After this a statement is looked into, and again each time that as much has passed.
const LIMIT: Duration = Duration::from_secs(4);
/// How many connections can be told apart; the oldest of more share their mark.
const LINES: u32 = 1000;
/// Where the URL turns the limit off, which would leave no mark: so long that it is as good as none.
const NO_LIMIT: u32 = 3_600_000;

/// What the socket of a connection is recognised by.
#[derive(Clone, Copy)]
pub(super) struct Line {
    tcp_user_timeout: u32,
}

impl Line {
    /// A new one, and the URL with it.
    pub(super) fn on(url: &str) -> (Self, String) {
        static LAST: AtomicU32 = AtomicU32::new(0);
        const NAME: &str = "tcp_user_timeout=";
        let number = LAST.fetch_add(1, Ordering::Relaxed) % LINES;
        let (before, rest) = url.split_once(NAME).unwrap_or((url, ""));
        let value = rest.split('&').next().unwrap_or_default();
        let limit = value.parse().ok().filter(|limit| *limit > 0).unwrap_or(NO_LIMIT);
        let line = Self { tcp_user_timeout: limit + number };
        (line, format!("{before}{NAME}{}{}", line.tcp_user_timeout, &rest[value.len()..]))
    }

    /// Ends whatever waits for it. Returns how many sockets it was.
    fn cut(self) -> usize {
        sockets::shut_down(self.tcp_user_timeout)
    }
}

/// Work on a connection.
struct UnderWay {
    line: Line,
    /// Of its server. `None`: it is still connecting.
    generation: Option<Generation>,
    looked_into: Instant,
}

/// Who works on a connection, and since when.
#[derive(Default)]
pub(super) struct Deadlines {
    under_way: Mutex<HashMap<u64, UnderWay>>,
    last: AtomicU64,
}

impl Deadlines {
    /// Work begins; it ends when what is returned is dropped.
    pub(super) fn begin(&self, line: Line, generation: Option<Generation>) -> Within<'_> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        self.list().insert(number, UnderWay { line, generation, looked_into: Instant::now() });
        Within(self, number)
    }

    /// Cuts what takes too long and leads to no server that `answers`. Returns how many connections that were.
    pub(super) fn enforce(&self, answers: impl FnOnce() -> Option<Generation>) -> usize {
        let limit = failpoints::wait("statement", LIMIT);
        let overdue = |work: &&mut UnderWay| work.looked_into.elapsed() > limit;
        if self.list().values_mut().filter(overdue).count() == 0 {
            return 0;
        }
        let answering = answers();
        let mut list = self.list();
        let mut cut = 0;
        for work in list.values_mut().filter(overdue) {
            work.looked_into = Instant::now();
            if work.generation.is_none() || work.generation != answering {
                cut += work.line.cut().min(1);
            }
        }
        cut
    }

    fn list(&self) -> MutexGuard<'_, HashMap<u64, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that is on the list until this is dropped.
pub(super) struct Within<'a>(&'a Deadlines, u64);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.0.list().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_limit_of_the_url_and_some_milliseconds_of_its_own() {
        for (url, before, after, least) in [
            ("postgresql://h/d?tcp_user_timeout=3000", "postgresql://h/d?", "", 3000),
            ("postgresql://h/d?tcp_user_timeout=7000&x=1", "postgresql://h/d?", "&x=1", 7000),
            ("postgresql://h/d?tcp_user_timeout=0&x=1", "postgresql://h/d?", "&x=1", NO_LIMIT),
        ] {
            let ((one, marked), (other, _)) = (Line::on(url), Line::on(url));
            let limit = one.tcp_user_timeout;
            assert_eq!(marked, format!("{before}tcp_user_timeout={limit}{after}"));
            assert!((least..least + LINES).contains(&limit) && limit != other.tcp_user_timeout);
        }
    }
}
