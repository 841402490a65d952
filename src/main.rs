//! The binary: maps the outcome of a run to an exit code.

use std::io::Write;
use systech_aidd::base::exit::{ExitCode, exit};

use systech_aidd::cli;

fn main() {
    exit(cli::run().unwrap_or_else(|error| {
        // Nobody reads a standard error that is closed.
        let _ = writeln!(std::io::stderr(), "systech-aidd: {error:#}");
        ExitCode::FAILURE
    }))
}
