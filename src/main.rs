//! The binary: maps the outcome of a run to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match systech_aidd::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("systech-aidd: {error:#}");
            ExitCode::FAILURE
        }
    }
}
