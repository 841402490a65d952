//! The binary: maps the outcome of a run to an exit code.

use systech_aidd::cli;
use systech_aidd::exit::{ExitCode, exit};

fn main() {
    exit(cli::run().unwrap_or_else(|error| {
        eprintln!("systech-aidd: {error:#}");
        ExitCode::FAILURE
    }))
}
