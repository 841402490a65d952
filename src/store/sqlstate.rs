//! Why a server refused a connection, by its SQLSTATE: the words are in the server's own language.
//!
//! libpq knows the SQLSTATE of a refusal and tells it only to those who asked for verbose errors before they connected.
//! Diesel connects by one call of libpq's, before and after which it is too early or too late to ask. So libpq is asked to
//! connect once more. What else could tell a refusal apart: the words in each language and version, or the start of the
//! protocol over again, with TLS and every kind of authentication.
//!
//! This, [`super::probe`], [`super::sockets`], one call of the extractor and one of `base::memory` are the only unsafe code of
//! the program (`tests/architecture/layers.rs`).

#![expect(unsafe_code, reason = "no safe call of libpq's tells the SQLSTATE of a refused connection")]

use std::ffi::{CStr, CString};

use pq_sys::{PGVerbosity, PQconnectStart, PQerrorMessage, PQfinish, PQreset, PQsetErrorVerbosity};

/// How a server refused a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) sqlstate: String,
    /// The server's function that refused, where the server tells it: PostgreSQL does, poolers do not.
    pub(super) function: String,
}

impl Refusal {
    /// Whether the server has no connection left, for anybody or for this role.
    pub(super) fn is_full(&self) -> bool {
        self.sqlstate == "53300"
    }
}

/// Tries to connect. `None`: it worked, or no server refused it.
pub(super) fn refusal(url: &str) -> Option<Refusal> {
    let url = CString::new(url).ok()?;
    // SAFETY: `url` lives until the end; `conn` is libpq's, not null, used by nobody else, and freed once; the
    // message is
    // a string of libpq's that lives as long as `conn`, and is copied before
    let message = unsafe {
        let conn = PQconnectStart(url.as_ptr());
        if conn.is_null() {
            return None;
        }
        PQsetErrorVerbosity(conn, PGVerbosity::PQERRORS_VERBOSE);
        // The attempt that was begun is given up for one that waits, within connect_timeout.
        PQreset(conn);
        let message = CStr::from_ptr(PQerrorMessage(conn)).to_string_lossy().into_owned();
        PQfinish(conn);
        message
    };
    told(&message)
}

/// `… failed: ВАЖНО:  28P01: …`, and further down `LOCATION:  auth_failed, auth.c:334`. What leads to them is libpq's own.
fn told(message: &str) -> Option<Refusal> {
    let sqlstate = message.split(":  ").skip(1).find_map(|rest| {
        let (code, _) = rest.split_once(": ")?;
        let is_code = code.len() == 5 && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        is_code.then(|| code.to_owned())
    })?;
    let location = message.lines().find_map(|line| line.strip_prefix("LOCATION:  "));
    let function = location.and_then(|location| location.split_once(',')).map(|(function, _)| function);
    Some(Refusal { sqlstate, function: function.unwrap_or_default().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_and_the_function_are_found_whatever_the_language() {
        let refusal = |sqlstate: &str, function: &str| {
            Some(Refusal { sqlstate: sqlstate.to_owned(), function: function.to_owned() })
        };
        for (message, expected) in [
            (
                "connection to server at \"h\" (::1), port 5 failed: ВАЖНО:  28P01: пользователь \"u\" не прошёл\n\
                 LOCATION:  auth_failed, auth.c:334\n",
                refusal("28P01", "auth_failed"),
            ),
            (
                "connection to server at \"h\", port 6432 failed: FATAL:  08P01: no such user\n",
                refusal("08P01", ""),
            ),
            ("FATAL:  3D000: データベース\"d\"は存在しません\n", refusal("3D000", "")),
            (
                "connection to server at \"h\", port 5 failed: Connection refused\n\tIs the server running",
                None,
            ),
            ("FATAL:  role: \"u\"", None),
            ("", None),
        ] {
            assert_eq!(told(message), expected, "{message}");
        }
    }
}
