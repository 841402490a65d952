//! Why a connection to PostgreSQL did not come about: which part of the way is at fault, and what to do about it.
//!
//! libpq tells it in words only. Its own are English (this program sets no locale); a server speaks the language of its
//! `lc_messages`, so the Russian of PostgreSQL is known here too. libpq quotes pieces of a URL that it cannot take
//! apart, and such a piece may be half a password: those are never repeated.

use crate::base::secret::Secret;
use crate::database::backup::connection::Connection;

/// A part of the way that is at fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) found: String,
    pub(super) remedy: &'static str,
}

/// By the words that each goes by, the more telling ones first: of several addresses each may fail in another way.
const TROUBLES: &[(&[&str], &str, &str)] = &[
    (
        &["could not translate host name"],
        "name resolution",
        "correct the host in DATABASE_URL, or the DNS of this machine; between the containers of Docker Compose the host \
         is called postgres",
    ),
    (
        &["no pg_hba.conf entry", "pg_hba.conf rejects", "в pg_hba.conf нет записи", "pg_hba.conf отвергает"],
        "access",
        "allow this user, database and machine in the server's pg_hba.conf, or add ?sslmode=require to DATABASE_URL if \
         the server accepts TLS only",
    ),
    (
        &["authentication failed", "no password supplied", "проверку подлинности"],
        "password",
        "put the right user and password into DATABASE_URL, or set the password with psql: ALTER ROLE … PASSWORD '…'",
    ),
    (
        &["FATAL:  role", "ВАЖНО:  роль"],
        "user",
        "correct the user in DATABASE_URL, or create it with psql: CREATE ROLE … LOGIN PASSWORD '…'",
    ),
    (
        &["permission denied for database", "нет доступа к базе данных"],
        "rights",
        "let the owner of the database run in psql: GRANT CONNECT ON DATABASE … TO …",
    ),
    (
        &["FATAL:  database", "ВАЖНО:  база данных"],
        "database",
        "correct the database in DATABASE_URL, or create it with psql: CREATE DATABASE … OWNER …",
    ),
    (
        &["too many clients", "too many connections", "connection slots"],
        "connections",
        "close other connections, lower DATABASE_POOL_SIZE, or raise max_connections of the server",
    ),
    (
        &["starting up", "shutting down", "in recovery", "not accepting connections"],
        "server",
        "wait until the server has started, then run doctor again",
    ),
    (
        &["does not support SSL"],
        "TLS",
        "turn TLS on in the server (ssl = on), or take sslmode out of DATABASE_URL if the network is private",
    ),
    (
        &["certificate", "sslmode", "SSL"],
        "TLS",
        "name the certificate of the server's authority in sslrootcert of DATABASE_URL, and use the host name of the \
         server's certificate; sslmode is one of disable, prefer, require, verify-ca, verify-full",
    ),
    (
        &["Connection refused", "No such file", "timeout expired", "timed out", "unreachable", "No route"],
        "port",
        "start PostgreSQL (docker compose up -d), or correct host and port in DATABASE_URL",
    ),
];

/// What `message`, libpq's, says about the way to this URL.
pub(super) fn trouble(url: &Secret, message: &str) -> Trouble {
    let known = TROUBLES.iter().find(|(words, ..)| words.iter().any(|words| message.contains(words)));
    match known {
        Some((_, part, remedy)) => Trouble { found: format!("{part}: {}", quoted(url, message)), remedy },
        // libpq's words for a URL that it cannot take apart, a piece of it included
        None if message.contains("invalid") || message.contains("unexpected") => unreadable(),
        None => Trouble {
            found: format!("connection: {}", quoted(url, message)),
            remedy: "read the log of PostgreSQL",
        },
    }
}

fn unreadable() -> Trouble {
    Trouble {
        found: "address: DATABASE_URL cannot be parsed".to_owned(),
        remedy: "write it as postgresql://user:password@host:port/database, with special characters of a parameter as %40",
    }
}

/// The words on one line, without libpq's question whether the server is running. They hold no password; should a
/// server ever repeat it, it is not shown.
fn quoted(url: &Secret, message: &str) -> String {
    let message = message.split("Is the server running").next().unwrap_or_default();
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match Connection::of(url) {
        Ok(Connection { password: Some(password), .. }) => line.replace(password.expose(), "***"),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_understood_in_english_and_in_russian() {
        let url = Secret::new("postgresql://u:p4ss@h/d");
        for (message, part) in [
            (r#"FATAL:  password authentication failed for user "u""#, "password"),
            ("ВАЖНО:  пользователь \"u\" не прошёл проверку подлинности (по паролю)", "password"),
            (r#"FATAL:  role "u" does not exist"#, "user"),
            ("ВАЖНО:  роль \"u\" не существует", "user"),
            (r#"FATAL:  database "d" does not exist"#, "database"),
            ("ВАЖНО:  база данных \"d\" не существует", "database"),
            (r#"FATAL:  permission denied for database "d""#, "rights"),
            ("ВАЖНО:  нет доступа к базе данных \"d\"", "rights"),
            (r#"FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", SSL off"#, "access"),
            ("FATAL:  sorry, too many clients already", "connections"),
            ("FATAL:  the database system is starting up", "server"),
            ("SSL error: certificate verify failed", "TLS"),
            (r#"invalid sslmode value: "maybe""#, "TLS"),
            ("connection to server at \"h\", port 5432 failed: timeout expired", "port"),
            ("something new", "connection"),
        ] {
            assert!(trouble(&url, message).found.starts_with(&format!("{part}: ")), "{message}");
        }
    }

    #[test]
    fn what_libpq_cannot_take_apart_is_never_repeated() {
        let url = Secret::new("postgresql://h/d?password=p4%ss");
        assert_eq!(trouble(&url, r#"invalid percent-encoded token: "p4%ss""#), unreadable());
        let echo = trouble(&Secret::new("postgresql://u:p4ss@h/d"), "the server says p4ss");
        assert_eq!(echo.found, "connection: the server says ***");
    }
}
