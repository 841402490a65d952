//! Runs a command with DATABASE_URL pointing at an empty database of a throwaway PostgreSQL:
//!
//! ```text
//! cargo run --example with_postgres -- diesel migration run
//! ```

use std::process::{Command, ExitCode};

use sandbox::postgres::Server;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: with_postgres COMMAND [ARGUMENT ...]");
        return ExitCode::from(2);
    };
    let server = match Server::temporary() {
        Ok(server) => server,
        Err(error) => {
            eprintln!("with_postgres: {error}");
            return ExitCode::FAILURE;
        }
    };
    let url = server.create_database("throwaway");
    match Command::new(&program).args(words).env("DATABASE_URL", url).status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("with_postgres: {} does not start: {error}", program.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}
