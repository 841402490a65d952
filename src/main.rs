//! The binary: maps the outcome of a run to an exit code.

use systech_aidd::base::exit::{ExitCode, exit};
use systech_aidd::cli;

fn main() {
    exit(cli::run().unwrap_or_else(|error| {
        eprintln!("systech-aidd: {error:#}");
        ExitCode::FAILURE
    }))
}
