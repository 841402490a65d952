//! A pooler before a server: the real `PgBouncer`.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use super::install::Unprivileged;
use super::{Error, Server};
use crate::process::{Leash, Leashed};
use crate::wait::wait_until;

/// How long its end may take.
const END: Duration = Duration::from_secs(10);

/// A `PgBouncer` that is gone when dropped, or when its process is.
pub struct Pooler {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    /// Where the server listens.
    server: Mutex<String>,
    running: Mutex<Option<Leashed>>,
}

impl Pooler {
    /// Starts `program` before `server`, in this `pool_mode`.
    pub fn start(program: &Path, server: &Server, mode: &str) -> Result<Self, Error> {
        let failed = |error| Error::new(format!("PgBouncer does not start: {error}"));
        let folder = tempfile::tempdir().map_err(failed)?;
        // It gives up being root after it has read its settings, and reads them again when it is told to.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).map_err(failed)?;
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(failed)?.port();
        let pooler = Self {
            program: program.to_owned(),
            folder,
            port,
            server: Mutex::new(address(server)),
            running: Mutex::default(),
        };
        pooler.settle(&[("pool_mode", mode)])?;
        pooler.resume()?;
        Ok(pooler)
    }

    /// The URL of a database by way of it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Changes settings while it runs, as an operator does: the file, then RELOAD.
    #[track_caller]
    pub fn reload(&self, settings: &[(&str, &str)]) {
        self.settle(settings).unwrap_or_else(|error| panic!("{error}"));
        let reloads = self.log().matches("got SIGHUP").count();
        self.running().as_mut().expect("it runs").signal("HUP");
        wait_until("PgBouncer to read its settings again", || {
            (self.log().matches("got SIGHUP").count() > reloads).then_some(())
        });
    }

    /// Leads to another server from now on, as an operator has it do after a failover: these settings, then RELOAD.
    #[track_caller]
    pub fn lead_to(&self, server: &Server, settings: &[(&str, &str)]) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = address(server);
        self.reload(settings);
    }

    /// Changes settings for its next start.
    #[track_caller]
    pub fn reload_at_rest(&self, settings: &[(&str, &str)]) {
        self.settle(settings).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Kills it: its clients' connections break.
    pub fn kill(&self) {
        if let Some(mut leashed) = self.running().take() {
            leashed.signal("KILL");
            assert!(matches!(leashed.wait(END), Ok(Some(_))), "PgBouncer did not die within {END:?}");
        }
    }

    /// Starts it again on its port, with the settings that it had.
    pub fn resume(&self) -> Result<(), Error> {
        let mut running = self.running();
        let mut command = Command::new(&self.program);
        if let Some(user) = Unprivileged::needed()? {
            command.arg("--user").arg(user.name()?);
        }
        command.arg(self.settings());
        let log = self.folder.path().join("log");
        let leash = Leash { log: &log, signal: "KILL", remove: None };
        let leashed = leash
            .start(&command)
            .map_err(|error| Error::new(format!("PgBouncer does not start: {error}")))?;
        *running = Some(leashed);
        drop(running);
        wait_until("PgBouncer to listen", || std::net::TcpStream::connect(("127.0.0.1", self.port)).ok());
        Ok(())
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("pgbouncer.ini")
    }

    fn settle(&self, settings: &[(&str, &str)]) -> Result<(), Error> {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let (host, port) = server.rsplit_once(':').unwrap_or((&server, "5432"));
        let further: Vec<_> = settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let text = format!(
            "[databases]\n* = host={host} port={port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {}\nunix_socket_dir =\nauth_type = any\nmax_client_conn = 200\n{}\n",
            self.port,
            further.join("\n")
        );
        std::fs::write(self.settings(), text)
            .map_err(|error| Error::new(format!("the settings of PgBouncer cannot be written: {error}")))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn running(&self) -> MutexGuard<'_, Option<Leashed>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a server listens.
fn address(server: &Server) -> String {
    let url = server.url("postgres");
    url.split_once('@').and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default().to_owned()
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of PgBouncer ---\n{}", self.log());
        }
    }
}
