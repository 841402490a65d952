//! A person at the terminal of `make run`.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::termios::{LocalModes, tcgetattr};
use sandbox::process::signal;
use sandbox::wait_until;

use super::checkout::Checkout;
use crate::support::terminal::terminal;

/// `make run` at a terminal; killed when dropped.
pub(super) struct Session {
    pub(super) person: File,
    pub(super) child: Child,
    /// Ends with the last process that has the terminal open.
    reader: Option<JoinHandle<()>>,
    shown: Arc<Mutex<Vec<u8>>>,
    /// How much of that was waited for.
    seen: usize,
    secrets: Vec<String>,
}

impl Session {
    pub(super) fn start(checkout: &Checkout, mut command: Command) -> Self {
        let (person, terminal) = terminal();
        let [stdin, stdout] = [&terminal; 2].map(|terminal| terminal.try_clone().unwrap());
        let child = command.stdin(stdin).stdout(stdout).stderr(terminal).spawn().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, text) = (person.try_clone().unwrap(), Arc::clone(&shown));
        let reader = std::thread::spawn(move || {
            let mut some = [0; 4096];
            // The last one who has the terminal open takes it along: an error then.
            while let Ok(read @ 1..) = screen.read(&mut some) {
                text.lock().unwrap().extend_from_slice(&some[..read]);
            }
        });
        let (_, secret) = checkout.telegram.token().split_once(':').unwrap();
        let secrets = vec![secret.to_owned(), checkout.model.key().to_owned(), "hunter2".to_owned()];
        Self { person, child, reader: Some(reader), shown, seen: 0, secrets }
    }

    pub(super) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until this is shown, after what was waited for before.
    #[track_caller]
    pub(super) fn sees(&mut self, part: &str) {
        let found = wait_until(part, || {
            let ended = self.has_ended();
            let shown = self.shown();
            let found = shown[self.seen..].find(part);
            assert!(found.is_some() || ended.is_none(), "it ended ({ended:?}) without {part:?}: {shown}");
            found
        });
        self.seen += found + part.len();
    }

    pub(super) fn types(&mut self, line: &str) {
        self.person.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    #[track_caller]
    pub(super) fn answers(&mut self, question: &str, answer: &str) {
        self.sees(question);
        self.types(answer);
    }

    pub(super) fn echoes(&self) -> bool {
        tcgetattr(&self.person).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// How it ended, if it has; all it said is shown then.
    fn has_ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().unwrap()?;
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        Some(status)
    }

    /// Its end, until which no secret was ever shown.
    #[track_caller]
    pub(super) fn ends(&mut self) -> ExitStatus {
        let status = wait_until("the end", || self.has_ended());
        let shown = self.shown();
        for secret in &self.secrets {
            assert!(!shown.contains(secret), "a secret is shown: {shown}");
        }
        status
    }

    /// SIGTERM, as a service manager sends it.
    #[track_caller]
    pub(super) fn stops(&mut self) {
        signal(self.child.id(), "TERM");
        assert_eq!(self.ends().code(), Some(0), "{}", self.shown());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what was shown ---\n{}", self.shown());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
