//! A cluster of our own: created, started, stopped, frozen.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::install::{self, Unprivileged};
use super::kept::{self, Postmaster};
use super::place::{as_user, prepare, socket_folder, temporary_folder};
use super::{Error, Options};
use crate::http::free_port;
use crate::process::{Leash, Leashed, children, keep_over_exec, signal};

/// How long a start may take, crash recovery included.
pub(super) const START: Duration = Duration::from_mins(1);
/// Of a server that listens on its socket alone: the port is a part of the socket's name there, and never taken.
const PRIVATE_PORT: u16 = 5432;

pub(super) struct Cluster {
    binaries: PathBuf,
    user: Option<Unprivileged>,
    folder: PathBuf,
    data: PathBuf,
    log: PathBuf,
    temporary: bool,
    private: bool,
    settings: Vec<(String, String)>,
    language: Option<String>,
    address: Option<Ipv4Addr>,
    port: u16,
    /// Of the socket; empty where there is none.
    socket: PathBuf,
    running: Mutex<Option<Leashed>>,
    /// Keeps others away from a folder that is kept. Freed last.
    lock: Option<File>,
}

impl Cluster {
    pub(super) fn create(options: Options) -> Result<Self, Error> {
        Self::create_by(options, Self::init)
    }

    /// A streaming copy of `primary`, in a temporary folder, with the settings of both.
    pub(super) fn standby_of(primary: &Self, mut options: Options) -> Result<Self, Error> {
        options.settings = [&*primary.settings, &*options.settings].concat();
        Self::create_by(options, |standby, folder| standby.copy(&primary.url("postgres"), folder))
    }

    /// `fill` makes the data folder, where there is none.
    fn create_by(
        Options { folder, private, settings, language, address }: Options,
        fill: impl FnOnce(&Self, &Path) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let user = Unprivileged::needed()?;
        let temporary = folder.is_none();
        let folder = folder.unwrap_or_else(temporary_folder);
        let folder = std::path::absolute(&folder)
            .map_err(|error| Error::new(format!("{}: {error}", folder.display())))?;
        prepare(&folder, user)?;
        let lock = if temporary { None } else { Some(kept::lock(&folder)?) };
        let data = folder.join("data");
        let mut cluster = Self {
            binaries: install::server_binaries_for(&data)?,
            user,
            data,
            log: folder.join("postgres.log"),
            socket: socket_folder(&folder, private, user)?,
            folder,
            temporary,
            private,
            settings,
            language,
            address,
            port: 0,
            running: Mutex::default(),
            lock,
        };
        if !temporary {
            kept::settle(&cluster.data)?;
        }
        if !cluster.data.join("PG_VERSION").exists() {
            cluster.create_data(fill)?;
        }
        // Somebody may take the port between our look and PostgreSQL's.
        let mut attempts = 0;
        loop {
            cluster.port = if private { PRIVATE_PORT } else { free_port() };
            attempts += 1;
            match cluster.start() {
                Err(_) if !private && attempts < 5 && cluster.port_was_taken() => {}
                outcome => return outcome.map(|()| cluster),
            }
        }
    }

    pub(super) fn url(&self, database: &str) -> String {
        if self.private {
            kept::socket_url(&self.socket, self.port, database)
        } else {
            kept::tcp_url(self.reached_at(), self.port, database)
        }
    }

    pub(super) fn hold_over_exec(&self) -> Result<(), Error> {
        let hold = || {
            if let Some(lock) = &self.lock {
                let lock = lock.try_clone()?;
                keep_over_exec(&lock)?;
                // Closed by the end of the process alone.
                std::mem::forget(lock);
            }
            self.running().take().map_or(Ok(()), Leashed::hold_over_exec)
        };
        hold().map_err(|error| Error::new(format!("the server cannot be handed on: {error}")))
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.running().as_ref().map(Leashed::pid)
    }

    fn running(&self) -> MutexGuard<'_, Option<Leashed>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A command as the user that PostgreSQL runs as.
    fn as_user(&self, program: &Path) -> Command {
        as_user(self.user, program)
    }

    /// Creates the data, whole or not at all: it gets its name when it is complete.
    fn create_data(&self, fill: impl FnOnce(&Self, &Path) -> Result<(), Error>) -> Result<(), Error> {
        let folder = kept::for_new_data(&self.folder)?;
        fill(self, &folder)?;
        let named = std::fs::rename(&folder, &self.data).and_then(|()| File::open(&self.folder)?.sync_all());
        named.map_err(|error| Error::new(format!("{}: {error}", self.data.display())))
    }

    fn init(&self, folder: &Path) -> Result<(), Error> {
        let mut initdb = self.as_user(&self.binaries.join("initdb"));
        initdb.arg("-D").arg(folder).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]);
        if self.temporary {
            initdb.arg("--no-sync");
        }
        self.fill_with("initdb", initdb)?;
        if self.address.is_none() {
            return Ok(());
        }
        let neighbours = "host all all samenet trust\nhost replication all samenet trust\n";
        let rules = OpenOptions::new().append(true).open(folder.join("pg_hba.conf"));
        rules
            .and_then(|mut rules| rules.write_all(neighbours.as_bytes()))
            .map_err(|error| Error::new(format!("the server cannot be opened to its network: {error}")))
    }

    fn reached_at(&self) -> Ipv4Addr {
        self.address.unwrap_or(Ipv4Addr::LOCALHOST)
    }

    /// A copy that follows the server of `url` from now on.
    fn copy(&self, url: &str, folder: &Path) -> Result<(), Error> {
        let mut basebackup = self.as_user(&self.binaries.join("pg_basebackup"));
        basebackup.arg("-D").arg(folder).args(["-d", url, "--write-recovery-conf", "--no-sync"]);
        basebackup.args(["--wal-method=stream", "--checkpoint=fast"]);
        self.fill_with("pg_basebackup", basebackup)
    }

    fn fill_with(&self, name: &str, mut program: Command) -> Result<(), Error> {
        let output = program
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Error::new(format!("{name} does not start: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let folder = self.data.display();
        Err(Error::new(format!("{name} could not create a PostgreSQL in {folder}:\n{}", said.trim_end())))
    }

    pub(super) fn start(&self) -> Result<(), Error> {
        let mut running = self.running();
        if running.is_some() {
            return Ok(());
        }
        let mut postgres = Command::new(self.binaries.join("postgres"));
        postgres.current_dir("/").arg("-D").arg(&self.data);
        for (name, value) in self.own_settings().iter().chain(&self.settings) {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        if let Some(language) = &self.language {
            // gettext's own: what lc_messages names needs a locale, which may not be installed.
            postgres.env("LANGUAGE", language);
        }
        let leash = Leash {
            log: &self.log,
            signal: if self.temporary { "QUIT" } else { "INT" },
            remove: self.removed_at_end(),
        };
        let below = self.user.map(Unprivileged::below);
        let mut leashed = leash
            .start_below(&postgres, below.as_ref())
            .map_err(|error| Error::new(format!("PostgreSQL does not start: {error}")))?;
        let deadline = Instant::now() + START;
        while !self.is_ready(leashed.pid()) {
            if leashed.try_wait().is_ok_and(|ended| ended.is_some()) || Instant::now() > deadline {
                // The folder is needed for another attempt, and for its log.
                leashed.keep();
                return Err(Error::new(format!(
                    "PostgreSQL does not start. Its log ends with:\n{}",
                    self.log_tail()
                )));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        *running = Some(leashed);
        Ok(())
    }

    fn own_settings(&self) -> Vec<(String, String)> {
        let addresses = if self.private { String::new() } else { self.reached_at().to_string() };
        let mut settings = vec![
            ("listen_addresses".into(), addresses),
            ("port".into(), self.port.to_string()),
            ("unix_socket_directories".into(), self.socket.display().to_string()),
            ("unix_socket_permissions".into(), "0700".into()),
            ("max_connections".into(), "300".into()),
            ("logging_collector".into(), "off".into()),
        ];
        if self.temporary {
            // What protects from a power cut. A crash of the server must lose nothing here either, so commits wait
            // as usual.
            settings.extend(["fsync", "full_page_writes"].map(|name| (name.to_owned(), "off".to_owned())));
            // What it shares between its processes lies in its folder, and goes with it however the server ended.
            settings.push(("dynamic_shared_memory_type".into(), "mmap".into()));
        }
        settings
    }

    /// The folder that goes with the server.
    fn removed_at_end(&self) -> Option<&Path> {
        if self.temporary {
            Some(&self.folder)
        } else {
            Some(self.socket.as_path()).filter(|socket| self.private && *socket != self.folder)
        }
    }

    fn is_ready(&self, pid: u32) -> bool {
        Postmaster::read(&self.data).is_some_and(|postmaster| postmaster.pid == pid && postmaster.ready)
    }

    fn port_was_taken(&self) -> bool {
        self.log_tail().contains("could not bind")
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    pub(super) fn stop(&self, how: &str) {
        let Some(mut leashed) = self.running().take() else { return };
        leashed.keep();
        // SIGKILL leaves shared memory and children behind: patience is cheaper.
        leashed.signal(how);
        let ended = leashed.wait(START);
        assert!(matches!(ended, Ok(Some(_))), "PostgreSQL did not stop within {START:?}");
    }

    pub(super) fn freeze(&self) {
        if let Some(pid) = self.pid() {
            // The postmaster first, or it starts new ones.
            signal(pid, "STOP");
            for child in children(pid) {
                signal(child, "STOP");
            }
        }
    }

    /// Ends all its processes in mid-work, as a power cut does.
    pub(super) fn kill(&self) {
        let Some(mut leashed) = self.running().take() else { return };
        leashed.keep();
        // Frozen first, so that none of them sees another one go.
        let pid = leashed.pid();
        signal(pid, "STOP");
        let children = children(pid);
        for process in children.iter().copied().chain([pid]) {
            signal(process, "KILL");
        }
        let ended = leashed.wait(START);
        assert!(matches!(ended, Ok(Some(_))), "PostgreSQL did not die within {START:?}");
    }

    /// Stops the processes that send the log to standbys: those fall behind, while everything else goes on.
    pub(super) fn hold_replication(&self) {
        let senders = self.pid().into_iter().flat_map(children).filter(|child| {
            let title = std::fs::read_to_string(format!("/proc/{child}/cmdline"));
            title.is_ok_and(|title| title.contains("walsender"))
        });
        let held = senders.inspect(|sender| signal(*sender, "STOP")).count();
        assert!(held > 0, "nothing is replicated");
    }

    pub(super) fn thaw(&self) {
        if let Some(pid) = self.pid() {
            for process in children(pid).into_iter().chain([pid]) {
                signal(process, "CONT");
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Ends the server, which its watchdog follows with the temporary folder.
        drop(self.running().take());
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
