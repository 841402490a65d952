//! A cluster of our own: created, started, stopped, frozen.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Error;
use super::install::{Unprivileged, server_binaries};
use crate::http::free_port;
use crate::process::{Leash, Leashed, children, signal};

/// How long a start may take, crash recovery included.
const START: Duration = Duration::from_mins(1);

pub(super) struct Cluster {
    binaries: PathBuf,
    user: Option<Unprivileged>,
    folder: PathBuf,
    data: PathBuf,
    log: PathBuf,
    temporary: bool,
    settings: Vec<(String, String)>,
    port: u16,
    running: Mutex<Option<Leashed>>,
}

impl Cluster {
    pub(super) fn create(folder: Option<PathBuf>, settings: Vec<(String, String)>) -> Result<Self, Error> {
        Self::create_by(folder, settings, Self::init)
    }

    /// A streaming copy of `primary`, in a temporary folder.
    pub(super) fn standby_of(primary: &Self) -> Result<Self, Error> {
        Self::create_by(None, primary.settings.clone(), |standby| standby.copy(&primary.url("postgres")))
    }

    /// `fill` makes the data folder, where there is none.
    fn create_by(
        folder: Option<PathBuf>,
        settings: Vec<(String, String)>,
        fill: impl FnOnce(&Self) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let binaries = server_binaries()?;
        let user = Unprivileged::needed()?;
        let temporary = folder.is_none();
        let folder = folder.unwrap_or_else(temporary_folder);
        let folder = std::path::absolute(&folder)
            .map_err(|error| Error::new(format!("{}: {error}", folder.display())))?;
        prepare(&folder, user)?;
        let mut cluster = Self {
            binaries,
            user,
            data: folder.join("data"),
            log: folder.join("postgres.log"),
            folder,
            temporary,
            settings,
            port: 0,
            running: Mutex::default(),
        };
        if !cluster.data.join("PG_VERSION").exists() {
            fill(&cluster)?;
        }
        // Somebody may take the port between our look and PostgreSQL's.
        let mut attempts = 0;
        loop {
            cluster.port = free_port();
            attempts += 1;
            match cluster.start() {
                Err(_) if attempts < 5 && cluster.port_was_taken() => {}
                outcome => return outcome.map(|()| cluster),
            }
        }
    }

    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
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

    fn init(&self) -> Result<(), Error> {
        let mut initdb = self.as_user(&self.binaries.join("initdb"));
        initdb.arg("-D").arg(&self.data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]);
        if self.temporary {
            initdb.arg("--no-sync");
        }
        self.fill_with("initdb", initdb)
    }

    /// A copy that follows the server of `url` from now on.
    fn copy(&self, url: &str) -> Result<(), Error> {
        let mut basebackup = self.as_user(&self.binaries.join("pg_basebackup"));
        basebackup.arg("-D").arg(&self.data).args(["-d", url, "--write-recovery-conf", "--no-sync"]);
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
        let leash = Leash {
            log: &self.log,
            signal: if self.temporary { "QUIT" } else { "INT" },
            remove: self.temporary.then_some(self.folder.as_path()),
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
        let socket = self.socket_folder();
        let mut settings = vec![
            ("listen_addresses".into(), "127.0.0.1".into()),
            ("port".into(), self.port.to_string()),
            ("unix_socket_directories".into(), socket.display().to_string()),
            ("max_connections".into(), "300".into()),
            ("logging_collector".into(), "off".into()),
        ];
        if self.temporary {
            // What protects from a power cut. A crash of the server must lose nothing here either, so commits wait as usual.
            settings.extend(["fsync", "full_page_writes"].map(|name| (name.to_owned(), "off".to_owned())));
        }
        settings
    }

    /// Beside the data; a path too long for a socket means none, and TCP only.
    fn socket_folder(&self) -> PathBuf {
        let fits = self.folder.as_os_str().len() + "/.s.PGSQL.65535".len() < 107;
        if fits { self.folder.clone() } else { PathBuf::new() }
    }

    /// What `pg_ctl` looks at too: the last line of `postmaster.pid`.
    fn is_ready(&self, pid: u32) -> bool {
        let status = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = status.lines().map(str::trim).collect();
        lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
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
        // frozen first, so that none of them sees another one go
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

fn as_user(user: Option<Unprivileged>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = user.below();
    command.arg(program);
    command
}

fn temporary_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("sandbox-postgres-{}-{number}", std::process::id()))
}

/// Creates the folder and gives it to the user.
fn prepare(folder: &Path, user: Option<Unprivileged>) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::new(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let Some(user) = user else { return Ok(()) };
    chown(folder, Some(user.uid), Some(user.gid)).map_err(failed)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    if usable(folder, user) {
        return Ok(());
    }
    Err(Error::new(format!(
        "PostgreSQL does not run as root, and the user it runs as (uid {}) cannot reach {}. Choose a folder below one \
         that everybody may enter.",
        user.uid,
        folder.display()
    )))
}

/// Whether the user can work in a folder.
fn usable(folder: &Path, user: Unprivileged) -> bool {
    let mut test = as_user(Some(user), Path::new("test"));
    test.arg("-x").arg(folder).current_dir("/").stderr(Stdio::null());
    test.status().is_ok_and(|status| status.success())
}

/// Whether a server can keep its data below this existing folder: always, unless we are root and the user that
/// PostgreSQL then runs as cannot get there.
pub fn reachable(folder: &Path) -> Result<bool, Error> {
    Ok(Unprivileged::needed()?.is_none_or(|user| usable(folder, user)))
}
