//! The parent's side: starts the child, feeds it, and puts an end to it.
//!
//! The child is started by [`Command`] alone: nothing runs between fork and exec, where a program with threads could deadlock. What has
//! to be limited, the child limits itself as the first thing it does, before it has read a byte that is not ours.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process_group};
use tracing::warn;

use super::order::{About, CHILD, Limits, Order};
use super::pipes::{Broken, Talk};
use super::probe;
use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::domain::document::{Extracted, Refused};

/// How often a wait for the child is looked up from, for a stop.
const LOOK_UP: Duration = Duration::from_millis(100);

/// A file that somebody sent. Name and type are what the sender says.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// What the sender calls it.
    pub name: Option<&'a str>,
    /// What the sender says it is.
    pub mime: Option<&'a str>,
}

/// Reads files, each in a child of its own, and not too many at once.
pub struct Extractor {
    limits: Limits,
    /// How many children there may still be.
    free: Mutex<usize>,
    freed: Condvar,
}

/// With the usual limits.
impl Default for Extractor {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Extractor {
    /// A reader with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { free: Mutex::new(limits.at_once.max(1)), freed: Condvar::new(), limits }
    }

    /// The text of a file, or why there is none. Takes as long as the limits let it, and ends at once when it is stopped.
    pub fn read(&self, sent: Sent<'_>, stop: &CancelToken) -> Result<Extracted, Refused> {
        if sent.bytes.is_empty() {
            return Err(Refused::Empty);
        }
        if sent.bytes.len() > self.limits.bytes {
            return Err(Refused::TooLarge);
        }
        let _turn = self.turn(stop)?;
        self.in_child(sent, stop)
    }

    /// Waits until one more child is allowed.
    fn turn(&self, stop: &CancelToken) -> Result<Turn<'_>, Refused> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            if stop.is_requested() {
                return Err(Refused::Stopped);
            }
            free = self.freed.wait_timeout(free, LOOK_UP).unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Ok(Turn(self))
    }

    fn in_child(&self, sent: Sent<'_>, stop: &CancelToken) -> Result<Extracted, Refused> {
        let deadline = Instant::now() + failpoints::wait("extraction", self.limits.time);
        let about = About { name: sent.name.map(str::to_owned), mime: sent.mime.map(str::to_owned) };
        let mut head = serde_json::to_vec(&about).map_err(|_| Refused::Unavailable)?;
        head.push(b'\n');
        let mut running = Running(self.start()?);
        // JSON may take six bytes for a character; what says more than that does not keep to its limit.
        let most = self.limits.characters.saturating_mul(6).saturating_add(1 << 16);
        let mut talk = Talk::new(&mut running.0, &[&head, sent.bytes], most).map_err(unavailable)?;
        while !talk.is_over() {
            if stop.is_requested() {
                return Err(Refused::Stopped);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Refused::TooLong);
            }
            match talk.go_on(left.min(LOOK_UP)) {
                Ok(()) => {}
                Err(Broken::TooMuch) => return Err(Refused::TooLarge),
                Err(Broken::Io(error)) => return Err(unavailable(error)),
            }
        }
        let (answer, complaint) = talk.heard();
        // Its ends of the pipes are closed, so it is at its end, or hangs there.
        let status = running.end(deadline).map_err(unavailable)?.ok_or(Refused::TooLong)?;
        if !status.success() {
            warn!(%status, "the reader of files died");
            return Err(cause(status, &complaint));
        }
        serde_json::from_slice::<Result<Extracted, Refused>>(&answer).unwrap_or_else(|_| {
            warn!(bytes = answer.len(), "the reader of files gave no answer");
            Err(Refused::Damaged)
        })
    }

    fn start(&self) -> Result<Child, Refused> {
        let Limits { characters, memory, processor, .. } = self.limits;
        let (probe, only) = probe::asked_for();
        let order = Order {
            parent: getpid().as_raw_nonzero().get(),
            memory,
            processor_seconds: failpoints::wait("processor", processor).as_secs().max(1),
            characters,
            probe,
            only,
        };
        let order = serde_json::to_string(&order).map_err(|_| Refused::Unavailable)?;
        // This very program, also when an upgrade has put another one in its place meanwhile.
        let mut command = Command::new("/proc/self/exe");
        command.args([CHILD, &order]).env_clear().process_group(0).current_dir("/");
        // Where libpq lies in a place of its own, the child has to find it to start.
        command.envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(unavailable)
    }
}

/// The place of one child among those that may run.
struct Turn<'a>(&'a Extractor);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

/// A child that is gone when this is: killed with all it may have started, and waited for.
struct Running(Child);

impl Running {
    /// Waits for its end, until the deadline.
    fn end(&mut self, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LOOK_UP);
        }
    }

    fn kill(&self) {
        // The group has its number, and nobody else gets that before it is waited for.
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            self.kill();
            let _ = self.0.wait();
        }
    }
}

/// What ended a child that gave no answer.
fn cause(status: ExitStatus, complaint: &[u8]) -> Refused {
    let says = |words: &str| complaint.windows(words.len()).any(|window| window == words.as_bytes());
    match status.signal().map(Signal::from_named_raw) {
        Some(Some(Signal::XCPU)) => Refused::TooLong,
        // The kernel kills whoever goes on after XCPU, and whoever takes the memory of the machine.
        Some(Some(Signal::KILL)) => Refused::TooMuchMemory,
        // The standard library says so before it aborts.
        _ if says("memory allocation of") => Refused::TooMuchMemory,
        None if status.code() == Some(super::child::NOT_LOCKED.into()) => Refused::Unavailable,
        _ => Refused::Damaged,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error")]
fn unavailable(error: std::io::Error) -> Refused {
    warn!(%error, "the reader of files cannot be used");
    Refused::Unavailable
}
