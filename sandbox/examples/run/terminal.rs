//! Questions at a terminal, with and without an echo. Whatever signal ends them, the terminal echoes again afterwards.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::Outcome;

/// The terminal of this process.
pub(super) struct Terminal {
    /// What the terminal was like before a question; whoever holds the lock is not ended by a signal meanwhile.
    before: Arc<Mutex<Option<Termios>>>,
}

impl Terminal {
    /// `None` where nobody can be asked.
    pub(super) fn open() -> Outcome<Option<Self>> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(None);
        }
        let before = Arc::new(Mutex::new(None));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
        let restored = Arc::clone(&before);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let before = lock(&restored);
                restore(before.as_ref());
                eprintln!();
                // Whoever waits for this process sees that the signal ended it.
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(Some(Self { before }))
    }

    /// Does what a signal must not interrupt.
    pub(super) fn undisturbed<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = lock(&self.before);
        work()
    }

    /// What the person types.
    pub(super) fn ask(&self, question: &str) -> Outcome<String> {
        self.question(question, true)
    }

    /// The same, and nobody else can read it on the screen.
    pub(super) fn ask_secretly(&self, question: &str) -> Outcome<String> {
        self.question(question, false)
    }

    /// Only a plain yes is one.
    pub(super) fn confirm(&self, question: &str) -> Outcome<bool> {
        let answer = self.ask(&format!("{question} [y/N] "))?.to_lowercase();
        Ok(["y", "yes", "д", "да"].contains(&answer.as_str()))
    }

    fn question(&self, question: &str, echo: bool) -> Outcome<String> {
        let asked = Asked::begin(&self.before, echo)?;
        eprint!("{question}");
        io::stderr().flush()?;
        let mut line = Vec::new();
        let read = io::stdin().lock().read_until(b'\n', &mut line)?;
        drop(asked);
        if !echo || read == 0 {
            eprintln!();
        }
        if read == 0 {
            return Err("the input ended before everything was answered".into());
        }
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }
}

/// A question that is being answered; dropped, the terminal is as before.
struct Asked<'a>(&'a Mutex<Option<Termios>>);

impl<'a> Asked<'a> {
    fn begin(before: &'a Mutex<Option<Termios>>, echo: bool) -> io::Result<Self> {
        let mut saved = lock(before);
        let mut modes = tcgetattr(io::stdin())?;
        *saved = Some(modes.clone());
        if !echo {
            modes.local_modes.remove(LocalModes::ECHO);
        }
        // Ctrl-Z would leave a terminal without an echo to the shell.
        modes.special_codes[SpecialCodeIndex::VSUSP] = 0;
        // What was typed before the question is no answer to it.
        tcsetattr(io::stdin(), OptionalActions::Flush, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        restore(lock(self.0).take().as_ref());
    }
}

fn restore(before: Option<&Termios>) {
    if let Some(before) = before {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
}

fn lock(before: &Mutex<Option<Termios>>) -> MutexGuard<'_, Option<Termios>> {
    before.lock().unwrap_or_else(PoisonError::into_inner)
}
