//! The talk with the child over its three pipes, on one thread: neither side can block the other.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// How much of a complaint is kept: its first words tell what it is about.
const COMPLAINT: usize = 1024;

/// How a talk ends early.
pub(super) enum Broken {
    /// The child says more than it may.
    TooMuch,
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rustix::io::Errno> for Broken {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// What is still to be said, and what was heard.
pub(super) struct Talk<'a> {
    /// The child's input, until all is said.
    say: Option<ChildStdin>,
    rest: Vec<&'a [u8]>,
    answer: Ear<ChildStdout>,
    complaint: Ear<ChildStderr>,
}

/// One output of the child, until its end.
struct Ear<R> {
    pipe: Option<R>,
    heard: Vec<u8>,
    most: usize,
}

impl<'a> Talk<'a> {
    /// Takes over the pipes of the child, to say all of `words` and hear at most `most` bytes.
    pub(super) fn new(child: &mut Child, words: &[&'a [u8]], most: usize) -> io::Result<Self> {
        let (Some(say), Some(answer), Some(complaint)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the child has no pipes"));
        };
        for pipe in [say.as_fd(), answer.as_fd(), complaint.as_fd()] {
            fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
        }
        Ok(Self {
            say: Some(say),
            rest: words.iter().rev().copied().collect(),
            answer: Ear { pipe: Some(answer), heard: Vec::new(), most },
            complaint: Ear { pipe: Some(complaint), heard: Vec::new(), most: usize::MAX },
        })
    }

    /// Whether the child has closed what it speaks through.
    pub(super) fn is_over(&self) -> bool {
        self.answer.pipe.is_none() && self.complaint.pipe.is_none()
    }

    /// What was heard: the answer, and the beginning of what the child complained of.
    pub(super) fn heard(self) -> (Vec<u8>, Vec<u8>) {
        (self.answer.heard, self.complaint.heard)
    }

    /// Says and hears what can be said and heard now, or within this time.
    pub(super) fn go_on(&mut self, within: Duration) -> Result<(), Broken> {
        let pipes = [
            (self.say.as_ref().map(AsFd::as_fd), PollFlags::OUT),
            (self.answer.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (self.complaint.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
        ];
        let open = pipes.into_iter().filter_map(|(pipe, flags)| Some(PollFd::from_borrowed_fd(pipe?, flags)));
        let mut open: Vec<_> = open.collect();
        let within = Timespec::try_from(within).map_err(io::Error::other)?;
        match poll(&mut open, Some(&within)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.say()?;
        self.answer.hear()?;
        self.complaint.hear()?;
        // Only the beginning tells something, and a child that never ends its complaint is at its time limit.
        self.complaint.heard.truncate(COMPLAINT);
        Ok(())
    }

    fn say(&mut self) -> io::Result<()> {
        while let Some(pipe) = &mut self.say {
            let Some(words) = self.rest.last_mut() else {
                // The child reads to the end of its input.
                self.say = None;
                break;
            };
            if words.is_empty() {
                self.rest.pop();
                continue;
            }
            match pipe.write(words) {
                Ok(count) => *words = &words[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // It has died, or has heard enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.say = None,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<R: Read> Ear<R> {
    fn hear(&mut self) -> Result<(), Broken> {
        let mut buffer = [0; 1 << 14];
        // One buffer at a time: a child that talks without end must not keep this from looking at the clock.
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        match pipe.read(&mut buffer) {
            Ok(0) => self.pipe = None,
            Ok(count) if self.heard.len() + count > self.most => return Err(Broken::TooMuch),
            Ok(count) => self.heard.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
