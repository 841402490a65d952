//! A folder that is kept: one process at a time, and what a kill left behind in it.
//!
//! Whoever runs a server on a folder holds a lock on it, and the kernel frees that however the holder ends. A server that is
//! at work while the lock is free belongs to nobody: it is just stopping, or what was to stop it was killed too.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Error;
use super::server::START;
use crate::process::signal;

const TICK: Duration = Duration::from_millis(10);

/// Takes the folder for this process.
pub(super) fn lock(folder: &Path) -> Result<File, Error> {
    let failed = |error| Error::new(format!("{} cannot be used: {error}", folder.display()));
    let lock = File::open(folder).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error {
            sentence: format!("another process uses the PostgreSQL in {}", folder.display()),
            in_use: true,
        }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Ends a server that nobody owns any more, and forgets one that was killed. Needs the lock.
pub(super) fn settle(data: &Path) -> Result<(), Error> {
    let deadline = Instant::now() + START;
    let mut asked = false;
    loop {
        let processes = at_work_in(data);
        if processes.is_empty() {
            break;
        }
        let postmaster = Postmaster::read(data).filter(|postmaster| processes.contains(&postmaster.pid));
        if let Some(postmaster) = postmaster.filter(|_| !asked) {
            // A frozen one would not hear it.
            for process in &processes {
                signal(*process, "CONT");
            }
            signal(postmaster.pid, "INT");
            asked = true;
        }
        if Instant::now() > deadline {
            return Err(Error::new(format!(
                "a PostgreSQL that was left behind in {} does not end (process {})",
                data.display(),
                processes[0]
            )));
        }
        std::thread::sleep(TICK);
    }
    // What holds its number would keep a new one from starting, once another process has that number.
    let mut left = vec![data.join("postmaster.pid")];
    let beside = data.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    left.extend(beside.map(|file| file.path()).filter(|path| is_socket_or_its_lock(path)));
    for path in left {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::new(format!("{}: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_socket_or_its_lock(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_bytes().starts_with(b".s.PGSQL."))
}

/// All processes of the server on this data: each works in its folder.
fn at_work_in(data: &Path) -> Vec<u32> {
    let Ok(data) = data.canonicalize() else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data))
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
}

/// Where data is created before it gets its name; what an earlier attempt left is removed.
pub(super) fn for_new_data(folder: &Path) -> Result<PathBuf, Error> {
    const NEW: &str = "data-new-";
    let failed = |error| Error::new(format!("{}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
        if entry.file_name().as_bytes().starts_with(NEW.as_bytes()) {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    Ok(folder.join(format!("{NEW}{}", std::process::id())))
}

/// What a server says of itself in `postmaster.pid`, where `pg_ctl` looks too.
pub(super) struct Postmaster {
    pub(super) pid: u32,
    pub(super) ready: bool,
    port: u16,
    socket: PathBuf,
}

impl Postmaster {
    pub(super) fn read(data: &Path) -> Option<Self> {
        let file = fs::read(data.join("postmaster.pid")).ok()?;
        let lines: Vec<_> = file.split(|byte| *byte == b'\n').collect();
        let text = |line: usize| std::str::from_utf8(lines.get(line)?).ok().map(str::trim);
        Some(Self {
            pid: text(0)?.parse().ok()?,
            ready: text(7) == Some("ready"),
            port: text(3)?.parse().ok()?,
            socket: OsStr::from_bytes(lines.get(4)?).into(),
        })
    }

    fn url(&self, database: &str) -> String {
        if self.socket.as_os_str().is_empty() {
            tcp_url(Ipv4Addr::LOCALHOST, self.port, database)
        } else {
            socket_url(&self.socket, self.port, database)
        }
    }
}

/// The URL of the server that another process runs in this folder, as soon as it takes connections.
pub(super) fn wait_for_url(folder: &Path) -> Result<String, Error> {
    let deadline = Instant::now() + START;
    loop {
        let data = folder.join("data");
        if let Some(postmaster) = Postmaster::read(&data)
            && postmaster.ready
            && at_work_in(&data).contains(&postmaster.pid)
        {
            return Ok(postmaster.url("postgres"));
        }
        match lock(folder) {
            Err(error) if !error.is_in_use() => return Err(error),
            Err(_) if Instant::now() < deadline => std::thread::sleep(TICK),
            Err(_) => {
                return Err(Error::new(format!("the PostgreSQL in {} does not start", folder.display())));
            }
            Ok(_) => return Err(Error::new(format!("no PostgreSQL is at work in {}", folder.display()))),
        }
    }
}

pub(super) fn tcp_url(address: Ipv4Addr, port: u16, database: &str) -> String {
    format!("postgres://postgres@{address}:{port}/{database}")
}

pub(super) fn socket_url(folder: &Path, port: u16, database: &str) -> String {
    let mut host = String::new();
    for byte in folder.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            host.push(char::from(*byte));
        } else {
            let _ = write!(host, "%{byte:02X}");
        }
    }
    format!("postgres://postgres@/{database}?host={host}&port={port}")
}
