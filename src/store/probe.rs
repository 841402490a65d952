//! A second connection beside Diesel's, by which [`super::pooler`] finds out what stands between this program and the
//! server. It asks libpq what Diesel does not: which process the other side says it is, and, because a pooler may keep
//! somebody waiting for minutes, an answer within a limit.

#![expect(
    unsafe_code,
    reason = "no safe call tells the process that libpq was told, or waits no longer than it may"
)]

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::thread;
use std::time::{Duration, Instant};

use pq_sys::{
    ConnStatusType, ExecStatusType, PGconn, PGresult, PQbackendPID, PQclear, PQconnectdb, PQconsumeInput,
    PQfinish, PQgetResult, PQgetvalue, PQisBusy, PQntuples, PQresultStatus, PQsendQuery, PQstatus,
};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection for a few questions.
pub(super) struct Probe(NonNull<PGconn>);

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The first value; empty where the statement gives none.
    Value(String),
    /// An error, or the end of the connection.
    Refused,
    /// Nothing within the limit.
    Nothing,
}

impl Probe {
    /// Connects. `None`: it did not come about.
    pub(super) fn open(url: &str) -> Option<Self> {
        let url = CString::new(url).ok()?;
        // SAFETY: `url` lives longer than the call; the connection is owned by the value alone, which frees it
        let probe = Self(NonNull::new(unsafe { PQconnectdb(url.as_ptr()) })?);
        // SAFETY: the connection is not freed
        let status = unsafe { PQstatus(probe.0.as_ptr()) };
        (status == ConnStatusType::CONNECTION_OK).then_some(probe)
    }

    /// The process that serves this connection, as the other side said when it accepted it.
    pub(super) fn told_process(&self) -> i32 {
        // SAFETY: the connection is not freed
        unsafe { PQbackendPID(self.0.as_ptr()) }
    }

    /// Sends the statements in one message of the simple protocol, which holds nothing over from one to the next.
    pub(super) fn ask(&mut self, sql: &str) -> Reply {
        let deadline = Instant::now() + PATIENCE;
        let Ok(sql) = CString::new(sql) else { return Reply::Refused };
        let conn = self.0.as_ptr();
        // SAFETY: the connection is not freed, and used by nobody else meanwhile; `sql` is copied by the call
        if unsafe { PQsendQuery(conn, sql.as_ptr()) } == 0 {
            return Reply::Refused;
        }
        let mut reply = Reply::Value(String::new());
        loop {
            // SAFETY: as above
            while unsafe { PQisBusy(conn) } != 0 {
                if Instant::now() >= deadline {
                    return Reply::Nothing;
                }
                thread::sleep(Duration::from_millis(1));
                // SAFETY: as above
                if unsafe { PQconsumeInput(conn) } == 0 {
                    return Reply::Refused;
                }
            }
            // SAFETY: as above; the result is freed once, by its own value
            match NonNull::new(unsafe { PQgetResult(conn) }) {
                None => return reply,
                Some(result) if reply != Reply::Refused => reply = Answer(result).read(),
                Some(result) => drop(Answer(result)),
            }
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // SAFETY: it is freed here alone
        unsafe { PQfinish(self.0.as_ptr()) }
    }
}

/// A result of libpq's.
struct Answer(NonNull<PGresult>);

impl Answer {
    fn read(&self) -> Reply {
        let result = self.0.as_ptr();
        // SAFETY: the result is not freed; the value is a string of libpq's that lives as long as it, and is copied
        unsafe {
            match PQresultStatus(result) {
                ExecStatusType::PGRES_TUPLES_OK if PQntuples(result) > 0 => {
                    Reply::Value(CStr::from_ptr(PQgetvalue(result, 0, 0)).to_string_lossy().into_owned())
                }
                ExecStatusType::PGRES_TUPLES_OK | ExecStatusType::PGRES_COMMAND_OK => {
                    Reply::Value(String::new())
                }
                _ => Reply::Refused,
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: it is freed here alone
        unsafe { PQclear(self.0.as_ptr()) }
    }
}
