//! Why a connection to PostgreSQL did not come about, for people: which part of the way is at fault, and what to do about
//! it.

use crate::store::fault::{Cause, ConnectionFault};
use crate::store::pooler;

/// A part of the way that is at fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) found: String,
    pub(super) remedy: &'static str,
}

impl From<&ConnectionFault> for Trouble {
    fn from(fault: &ConnectionFault) -> Self {
        let (part, remedy) = part(fault.cause);
        Self { found: format!("{part}: {fault}"), remedy }
    }
}

/// The part that is at fault, and what to do.
fn part(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Url => (
            "address",
            "write it as postgresql://user:password@host:port/database, with special characters of a parameter as %40",
        ),
        Cause::Resolution => (
            "name resolution",
            "correct the host in DATABASE_URL, or the DNS of this machine; between the containers of Docker Compose the \
             host is called postgres",
        ),
        Cause::Port => {
            ("port", "start PostgreSQL (docker compose up -d), or correct host and port in DATABASE_URL")
        }
        Cause::NoTls => (
            "TLS",
            "turn TLS on in the server (ssl = on), or take sslmode out of DATABASE_URL if the network is private",
        ),
        Cause::Tls => (
            "TLS",
            "name the certificate of the server's authority in sslrootcert of DATABASE_URL, and use the host name of the \
             server's certificate; sslmode is one of disable, prefer, require, verify-ca, verify-full",
        ),
        Cause::Access => (
            "access",
            "allow this user, database and machine in the server's pg_hba.conf, or add ?sslmode=require to DATABASE_URL \
             if the server accepts TLS only",
        ),
        Cause::Password => (
            "password",
            "put the right user and password into DATABASE_URL, or set the password with psql: ALTER ROLE … PASSWORD '…'",
        ),
        Cause::Role => (
            "user",
            "correct the user in DATABASE_URL, or create it with psql: CREATE ROLE … LOGIN PASSWORD '…'",
        ),
        Cause::Database => (
            "database",
            "correct the database in DATABASE_URL, or create it with psql: CREATE DATABASE … OWNER …",
        ),
        Cause::Rights => {
            ("rights", "let the owner of the database run in psql: GRANT CONNECT ON DATABASE … TO …")
        }
        Cause::Parameter => (
            "parameter",
            "correct the parameters in DATABASE_URL, after its ?, or the settings of the role and of the database: ALTER \
             ROLE … RESET ALL",
        ),
        Cause::Connections => (
            "connections",
            "close other connections, lower DATABASE_POOL_SIZE, or raise max_connections of the server",
        ),
        Cause::Pooler => ("pooler", pooler::REMEDY),
        Cause::Server => ("server", "wait until the server has started, then run doctor again"),
        Cause::Unknown => ("connection", "read the log of PostgreSQL"),
    }
}
