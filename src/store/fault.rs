//! Why a connection did not come about: one place for whoever has to tell the reasons apart, whatever language the server
//! speaks.
//!
//! What libpq says by itself is English, for this program sets no locale. A refusal by the server is in the language of
//! its `lc_messages`, and is told apart by its SQLSTATE.

use std::fmt;

use diesel::ConnectionError;

use super::connection::bounded;
use super::pooler;
use super::public_url::PublicUrl;
use super::sqlstate::{self, Refusal};
use crate::base::secret::Secret;

/// What is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// libpq cannot read the URL.
    Url,
    /// The host has no address.
    Resolution,
    /// Nobody listens there, or not in time.
    Port,
    /// The server has no TLS.
    NoTls,
    /// Another fault of TLS, on either side.
    Tls,
    /// `pg_hba.conf` lets nobody in from there.
    Access,
    /// The password, or another proof of who one is.
    Password,
    /// There is no such role, or it may not log in.
    Role,
    /// There is no such database.
    Database,
    /// The role may not connect to the database.
    Rights,
    /// A parameter that the server does not know or take.
    Parameter,
    /// The server has no connection left.
    Connections,
    /// A pooler gives the bot no session of its own.
    Pooler,
    /// The server is starting or ending.
    Server,
    /// Something else.
    Unknown,
}

impl Cause {
    /// Whether waiting may help.
    pub fn may_pass(self) -> bool {
        use Cause::{Access, Database, Parameter, Password, Pooler, Rights, Role, Url};
        !matches!(self, Url | Access | Password | Role | Database | Rights | Parameter | Pooler)
    }

    /// By SQLSTATE. One code stands for whoever is turned away before it is known who they are; there the server's
    /// function tells more.
    fn of(Refusal { sqlstate, function }: &Refusal) -> Self {
        match (sqlstate.as_str(), function.as_str()) {
            ("28P01", _) | ("28000", "auth_failed") => Self::Password,
            ("28000", "InitializeSessionUserId") => Self::Role,
            ("28000", _) => Self::Access,
            ("3D000", _) => Self::Database,
            ("42501", _) => Self::Rights,
            ("53300", _) => Self::Connections,
            ("57P01" | "57P02" | "57P03", _) => Self::Server,
            (code, _) if code.starts_with("42") || code.starts_with("22") => Self::Parameter,
            _ => Self::Unknown,
        }
    }
}

/// libpq's own words for each cause, the more telling ones first: of several addresses each may fail in another way.
const WORDS: &[(Cause, &[&str])] = &[
    (Cause::Resolution, &["could not translate host name"]),
    (Cause::Password, &["no password supplied"]),
    (Cause::NoTls, &["does not support SSL"]),
    (Cause::Tls, &["certificate", "private key", "sslmode", "SSL"]),
    (
        Cause::Port,
        &[
            "Connection refused",
            "No such file",
            "Permission denied",
            "timeout expired",
            "timed out",
            "unreachable",
            "No route",
        ],
    ),
    // But not the server that closed the connection unexpectedly.
    (Cause::Url, &["invalid", "unexpected character", "unexpected spaces", "missing"]),
];

/// Why a connection did not come about.
#[derive(Debug)]
pub struct ConnectionFault {
    /// What is at fault.
    pub cause: Cause,
    /// What libpq or the server says, on one line.
    words: String,
}

impl fmt::Display for ConnectionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl ConnectionFault {
    /// Finds out, which may take another attempt to connect.
    pub fn of(url: &Secret, error: &ConnectionError) -> Self {
        let message = error.to_string();
        if message.contains(pooler::SHARED) {
            return Self { cause: Cause::Pooler, words: pooler::SHARED.to_owned() };
        }
        if let Some(name) = unknown_parameter(&message) {
            let words = format!("the libpq of this machine is too old for {name} in DATABASE_URL");
            return Self { cause: Cause::Parameter, words };
        }
        // What a server says has its severity before it, and libpq puts two spaces between them.
        let cause = if message.contains(":  ") {
            let refusal = sqlstate::refusal(&bounded(url.expose()));
            refusal.as_ref().map_or(Cause::Unknown, Cause::of)
        } else {
            let said = |words: &[&str]| words.iter().any(|words| message.contains(words));
            WORDS.iter().find(|(_, words)| said(words)).map_or(Cause::Unknown, |(cause, _)| *cause)
        };
        // libpq quotes pieces of a URL that it cannot take apart, and such a piece may be half a password.
        let words = match cause {
            Cause::Url => "DATABASE_URL cannot be parsed".to_owned(),
            _ => on_one_line(url, &message),
        };
        Self { cause, words }
    }
}

/// A parameter that this libpq does not know. The settings let through none that no libpq knows, so it is no piece of a
/// password.
fn unknown_parameter(message: &str) -> Option<&str> {
    message.trim().strip_prefix("invalid URI query parameter: \"")?.strip_suffix('"')
}

/// The words without libpq's question whether the server is running. They hold no password; should a server ever repeat
/// it, it is not shown.
fn on_one_line(url: &Secret, message: &str) -> String {
    let message = message.split("Is the server running").next().unwrap_or_default();
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match PublicUrl::of(url) {
        Ok(PublicUrl { password: Some(password), .. }) => line.replace(password.expose(), "***"),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(url: &str, message: &str) -> ConnectionFault {
        ConnectionFault::of(&Secret::new(url), &ConnectionError::BadConnection(message.to_owned()))
    }

    #[test]
    fn a_refusal_is_known_by_its_code() {
        for (sqlstate, function, cause) in [
            ("28P01", "auth_failed", Cause::Password),
            ("28P01", "", Cause::Password),
            ("28000", "auth_failed", Cause::Password),
            ("28000", "InitializeSessionUserId", Cause::Role),
            ("28000", "ClientAuthentication", Cause::Access),
            ("3D000", "InitPostgres", Cause::Database),
            ("42501", "CheckMyDatabase", Cause::Rights),
            ("42704", "find_option", Cause::Parameter),
            ("22023", "ProcessStartupPacket", Cause::Parameter),
            ("53300", "InitProcess", Cause::Connections),
            ("57P03", "ProcessStartupPacket", Cause::Server),
            ("08P01", "", Cause::Unknown),
        ] {
            let refusal = Refusal { sqlstate: sqlstate.to_owned(), function: function.to_owned() };
            assert_eq!(Cause::of(&refusal), cause, "{refusal:?}");
        }
    }

    #[test]
    fn what_libpq_says_by_itself_is_known_by_its_words() {
        for (message, cause) in [
            ("could not translate host name \"h\" to address: Name or service not known", Cause::Resolution),
            (
                "connection to server at \"h\", port 5 failed: fe_sendauth: no password supplied",
                Cause::Password,
            ),
            ("server does not support SSL, but SSL was required", Cause::NoTls),
            ("SSL error: certificate verify failed", Cause::Tls),
            (r#"invalid sslmode value: "maybe""#, Cause::Tls),
            ("connection to server at \"h\", port 5432 failed: timeout expired", Cause::Port),
            (r#"invalid percent-encoded token: "p4%ss""#, Cause::Url),
            ("connection to server failed: server closed the connection unexpectedly", Cause::Unknown),
            ("something new", Cause::Unknown),
        ] {
            assert_eq!(fault("postgresql://u@h/d", message).cause, cause, "{message}");
        }
    }

    #[test]
    fn a_parameter_that_this_libpq_does_not_know_is_named() {
        let fault = fault("postgresql://h/d?x=1", "invalid URI query parameter: \"sslnegotiation\"\n");
        assert_eq!(fault.cause, Cause::Parameter);
        assert!(fault.to_string().contains("too old for sslnegotiation"), "{fault}");
    }

    #[test]
    fn what_libpq_cannot_take_apart_is_never_repeated_and_neither_is_a_password() {
        let fault_of_url =
            fault("postgresql://h/d?password=p4%ss", r#"invalid percent-encoded token: "p4%ss""#);
        assert_eq!(fault_of_url.to_string(), "DATABASE_URL cannot be parsed");
        assert_eq!(fault("postgresql://u:p4ss@h/d", "something says p4ss").to_string(), "something says ***");
    }
}
