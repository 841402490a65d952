//! How the program ends.

use std::io::{self, Write};

use signal_hook::low_level;

/// What the program tells whoever started it; like the standard library's, which does not tell its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitCode(u8);

impl ExitCode {
    /// All is well.
    pub const SUCCESS: Self = Self(0);
    /// An error.
    pub const FAILURE: Self = Self(1);
}

impl From<u8> for ExitCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

/// Ends the program at once, whatever its threads are doing.
///
/// By `_exit(2)`: `exit(3)` has OpenSSL and Kerberos take themselves down first, and a thread that is using a connection to
/// PostgreSQL then crashes the process.
pub fn exit(code: ExitCode) -> ! {
    let _ = io::stdout().flush();
    low_level::exit(code.0.into())
}
