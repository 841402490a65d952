//! Signals: the end, a second one that does not wait, and the catalogue read anew.

use std::io::{self, IsTerminal};

use anyhow::Context;
use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::warn;

use super::threads::spawn;
use crate::base::cancel::CancelToken;
use crate::base::exit::{ExitCode, exit};

/// What signals ask for.
pub(super) struct Watched {
    /// The end.
    pub(super) shutdown: Receiver<()>,
    /// The catalogue is to be read anew.
    pub(super) hangups: Receiver<()>,
}

/// The first SIGTERM or SIGINT asks for the end, the second one is it. So does SIGHUP, if the terminal is gone at which the bot
/// was started; otherwise it asks for the catalogue.
pub(super) fn watch_signals(stop: CancelToken) -> anyhow::Result<Watched> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).context("signals cannot be watched")?;
    let (end, shutdown) = bounded(1);
    let (hangup, hangups) = bounded(1);
    let at_start = terminals();
    spawn("signals".to_owned(), move || {
        let mut ending = false;
        for signal in signals.forever() {
            let hung_up = at_start.iter().zip(terminals()).any(|(was, is)| *was && !is);
            if signal == SIGHUP && (ending || !hung_up) {
                // One that waits already reads what is there then.
                let _ = hangup.try_send(());
                continue;
            }
            if ending {
                warn!("a second signal: ending at once");
                // A shell reports a process that a signal ended as 128 and the signal's number.
                exit(u8::try_from(128 + signal).map_or(ExitCode::FAILURE, ExitCode::from));
            }
            ending = true;
            stop.request();
            let _ = end.send(());
        }
    })?;
    Ok(Watched { shutdown, hangups })
}

/// Which of the three streams are terminals. One that hung up is none any more.
fn terminals() -> [bool; 3] {
    [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()]
}
