//! How many files and sockets this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for the sockets of as many answers in the making as WORKERS may be, to the model and to Telegram.
const ENOUGH: u64 = 16_384;

/// Takes what the system grants at most. Shells and systemd grant 1,024 at first, for programs that cannot count further.
pub fn allow_more() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
    if limit.current.is_some_and(|now| now < wanted) {
        // A refusal leaves what was granted before, as a larger WORKERS than that serves is refused a socket and tries again.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
    }
}
