//! Child processes that never outlive the process that started them, not even when it is killed with SIGKILL.
//!
//! A child runs below a small `sh` that holds the reading end of a pipe. When the writing end goes, which the kernel
//! sees to however its holder ends, the shell ends the child and removes what it was told to. The child has a process
//! group of its own: Ctrl-C in a terminal reaches the parent only, which then decides. Needs nothing but a POSIX `sh`
//! and `/proc`.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Arguments: the signal at the parent's end, a folder to remove then (or nothing), the log file, the command.
/// Over the pipe: signal names to pass on, or `keep`, after which nothing is removed.
const LEASH: &str = r#"
signal=$1 remove=$2 log=$3
shift 3
exec 3<&0 </dev/null
"$@" >>"$log" 2>&1 3<&- &
child=$!
echo "$child"
exec >/dev/null
(
    while read -r word <&3; do
        case $word in
            keep) remove= ;;
            *) kill -s "$word" "$child" ;;
        esac
    done
    kill -s "$signal" "$child"
    # A frozen process hears of it only when it goes on.
    kill -s CONT "$child"
    for status in /proc/[0-9]*/status; do
        while read -r name value; do
            [ "$name" = PPid: ] || continue
            [ "$value" != "$child" ] || { pid=${status#/proc/}; kill -s CONT "${pid%/status}"; }
            break
        done <"$status"
    done
    # A child that does not listen gets ten seconds.
    tries=0
    while kill -s 0 "$child"; do
        [ "$tries" -lt 200 ] || kill -s KILL "$child"
        tries=$((tries + 1))
        sleep 0.05
    done
    [ -z "$remove" ] || rm -rf "$remove"
) 2>/dev/null &
exec 3<&-
wait "$child"
"#;

/// The child's PATH may lead nowhere.
const SH: &str = "/bin/sh";

/// How a child is to run.
#[derive(Debug)]
pub struct Leash<'a> {
    /// Where its output goes, appended.
    pub log: &'a Path,
    /// The signal that ends it when the parent goes.
    pub signal: &'a str,
    /// The folder to remove after that.
    pub remove: Option<&'a Path>,
}

/// A child on a leash; dropping it ends the child.
#[derive(Debug)]
pub struct Leashed {
    shell: Child,
    pipe: Option<ChildStdin>,
    pid: u32,
}

impl Leash<'_> {
    /// Starts the command. Environment and working folder are taken from it, its streams are not.
    pub fn start(&self, command: &Command) -> io::Result<Leashed> {
        self.start_below(command, None)
    }

    /// As [`Leash::start`], the whole leash below a command such as `setpriv`.
    pub(crate) fn start_below(&self, command: &Command, below: Option<&Command>) -> io::Result<Leashed> {
        let mut shell = match below {
            Some(below) => {
                let mut shell = Command::new(below.get_program());
                shell.args(below.get_args()).arg(SH);
                shell
            }
            None => Command::new(SH),
        };
        shell.args(["-c", LEASH, "leash", self.signal]);
        shell.args([
            self.remove.map_or(OsStr::new(""), Path::as_os_str),
            self.log.as_os_str(),
            command.get_program(),
        ]);
        shell.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut shell = shell.spawn()?;
        let pipe = shell.stdin.take();
        let mut pid = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut pid)?;
        }
        let pid =
            pid.trim().parse().map_err(|_| io::Error::other("the leash's shell did not start its child"))?;
        Ok(Leashed { shell, pipe, pid })
    }
}

impl Leashed {
    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends the child a signal (`TERM`, `KILL`, …).
    pub fn signal(&self, name: &str) {
        signal(self.pid, name);
    }

    /// How the child ended, if it has. A child that died of a signal has the code 128 + its number, as in a shell.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Waits for the child's end; `None` when the time is over.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.shell.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Leaves the child to this process as a whole, also when the process becomes another program (`exec`).
    pub fn hold_over_exec(self) -> io::Result<()> {
        if let Some(pipe) = &self.pipe {
            keep_over_exec(pipe)?;
        }
        // Closed by the end of the process alone.
        std::mem::forget(self);
        Ok(())
    }

    /// Keeps the folder that was to be removed at the end.
    pub(crate) fn keep(&mut self) {
        if let Some(pipe) = &mut self.pipe {
            let _ = pipe.write_all(b"keep\n");
        }
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}

/// Lets a file stay open in the program that this process becomes (`exec`).
pub fn keep_over_exec(file: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty())?)
}

/// Sends a process a signal, by name. Uses the shell's own `kill`: the program is not everywhere.
pub fn signal(pid: u32, name: &str) {
    let _ = Command::new("sh")
        .args(["-c", r#"kill -s "$1" "$2""#, "signal", name, &pid.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// The children of a process, from `/proc`.
pub fn children(pid: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|process| parent(*process) == Some(pid))
        .collect()
}

fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// A program in the folders of `PATH`.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}
