//! What a test has the child try, to see each lock hold. Compiled in with the cargo feature `failpoints` only, like
//! [`crate::base::failpoints`].

#[cfg(not(feature = "failpoints"))]
mod armed {
    use crate::base::exit::ExitCode;

    /// Nothing: the feature is off.
    pub(in super::super) fn asked_for() -> (Option<String>, Option<Vec<String>>) {
        (None, None)
    }

    /// Nothing: the feature is off.
    pub(in super::super) fn try_it(_: &str) -> ExitCode {
        ExitCode::FAILURE
    }
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::fs::{self, File};
    use std::io::{self, Read, Write};
    use std::net::TcpStream;
    use std::os::fd::AsRawFd;
    use std::process::Command;
    use std::{env, hint, process, thread};

    use rustix::time::{ClockId, clock_gettime};

    use crate::base::exit::ExitCode;
    use crate::domain::document::{Extracted, Piece};

    /// `EXTRACT_PROBE`, and `EXTRACT_ONLY` with names of locks and commas between.
    pub(in super::super) fn asked_for() -> (Option<String>, Option<Vec<String>>) {
        let only = env::var("EXTRACT_ONLY").ok();
        (env::var("EXTRACT_PROBE").ok(), only.map(|only| only.split(',').map(str::to_owned).collect()))
    }

    /// Does what a parser that was taken over might do, and answers with how far it came.
    pub(in super::super) fn try_it(probe: &str) -> ExitCode {
        let (what, of) = probe.split_once(':').unwrap_or((probe, ""));
        let outcome = attempt(what, of).unwrap_or_else(|error| error.to_string());
        let piece = Piece { number: 1, name: None, text: outcome };
        let extracted = Extracted { pieces: vec![piece], total: 1, ..Extracted::default() };
        let answer: Result<Extracted, crate::domain::document::Refused> = Ok(extracted);
        let answer = serde_json::to_vec(&answer).unwrap_or_default();
        let told = io::stdout().write_all(&answer);
        if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn attempt(what: &str, of: &str) -> io::Result<String> {
        match what {
            // Through libc's own allocator, as any parser would.
            "memory" => drop(hint::black_box(Vec::<u8>::with_capacity(1 << 30))),
            // Twice what the test allows, however busy the machine is.
            "processor" => while clock_gettime(ClockId::ProcessCPUTime).tv_sec < 2 {},
            "hang" => loop {
                thread::park();
            },
            "talk" => loop {
                io::stdout().write_all(&[b' '; 1 << 12])?;
            },
            "complain" => loop {
                io::stderr().write_all(&[b' '; 1 << 12])?;
            },
            "deep" => return Ok(deep(u64::MAX).to_string()),
            "panic" => panic!("{of}"),
            "abort" => process::abort(),
            "read" => drop(File::open(of)?),
            "write" => File::options().write(true).open(of)?.write_all(b"written")?,
            "connect" => drop(TcpStream::connect(of)?),
            "fork" => drop(Command::new(of).status()?),
            "descriptor" => {
                let path = fs::read_link(format!("/proc/self/fd/{of}"))?;
                return Ok(path.display().to_string());
            }
            "input" => drop(io::stdin().lock().read_to_end(&mut Vec::new())?),
            "environment" => return Ok(env::vars().map(|(name, _)| name).collect::<Vec<_>>().join(",")),
            "status" => return fs::read_to_string("/proc/self/status"),
            "limits" => return fs::read_to_string("/proc/self/limits"),
            _ => return Err(io::Error::other("there is no such probe")),
        }
        // It may have got through with the input closed.
        hint::black_box(io::stdin().as_raw_fd());
        Ok("went through".to_owned())
    }

    #[expect(unconditional_recursion, reason = "that is the probe")]
    fn deep(left: u64) -> u64 {
        let here = hint::black_box([left; 64]);
        deep(left - 1) + here[0]
    }
}

pub(super) use armed::{asked_for, try_it};
