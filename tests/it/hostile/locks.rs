//! The child that reads files cannot do anything else: each lock alone stops what it is for, and without it that goes through.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;
use std::{fs, thread};

use sandbox::process::{children, signal};
use sandbox::wait_until;

use crate::support::files::{Read, extract, read_with};
use crate::support::program;

/// What comes of a probe with these locks alone; with all of them if none is named.
#[track_caller]
fn probe(probe: &str, only: Option<&str>) -> Read {
    read_with("a.txt", b"words", |command| {
        command.env("EXTRACT_PROBE", probe).env("SHORT_WAITS", "extraction=120 processor=1");
        if let Some(only) = only {
            command.env("EXTRACT_ONLY", only);
        }
    })
}

/// A probe goes through without locks; each of these alone, and all of them, stop it.
#[track_caller]
fn stops(what: &str, locks: &[(&str, &str)], all: &str) {
    assert_eq!(probe(what, Some("")).text(), "went through", "{what} without locks");
    for (lock, expected) in locks {
        assert_eq!(outcome(&probe(what, Some(lock))), *expected, "{what} with {lock} alone");
    }
    assert_eq!(outcome(&probe(what, None)), all, "{what} with all locks");
}

fn outcome(read: &Read) -> String {
    read.told["refused"].as_str().map_or_else(|| read.text(), str::to_owned)
}

const DENIED: &str = "Operation not permitted (os error 1)";
const NO_MORE_FILES: &str = "Too many open files (os error 24)";

#[test]
fn memory_and_processor_time_are_limited() {
    stops("memory", &[("memory", "too_much_memory")], "too_much_memory");
    stops("processor", &[("processor", "too_long")], "too_long");
}

#[test]
fn files_are_neither_read_nor_written() {
    stops("read:/etc/passwd", &[("open files", NO_MORE_FILES), ("calls", DENIED)], DENIED);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    let write = format!("write:{}", path.display());
    // The signal for a file that grows too large ends it.
    for (lock, expected) in [("file size", "damaged"), ("open files", NO_MORE_FILES), ("calls", DENIED)] {
        assert_eq!(outcome(&probe(&write, Some(lock))), expected, "{lock}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "", "{lock}");
    }
    stops(&write, &[], DENIED);
    assert_eq!(fs::read_to_string(&path).unwrap(), "written", "by the one without locks");
}

#[test]
fn nothing_is_connected_to_and_no_process_is_started() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("connect:{}", listener.local_addr().unwrap());
    stops(&connect, &[("open files", NO_MORE_FILES), ("calls", DENIED)], DENIED);
    stops("fork:/bin/true", &[("calls", DENIED)], DENIED);
}

#[test]
fn the_limit_of_processes_counts_for_everybody_but_root() {
    let nobody = 65_534;
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("systech-aidd");
    program::copy(env!("CARGO_BIN_EXE_systech-aidd").as_ref(), &program);
    fs::write(folder.path().join("a.txt"), "words").unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let of = |only: &str| {
        let mut command = Command::new(&program);
        command.args(["extract", "--json"]).arg(folder.path().join("a.txt"));
        command.env("EXTRACT_PROBE", "fork:/bin/true").env("EXTRACT_ONLY", only);
        if is_root {
            command.uid(nobody).gid(nobody);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(of("").contains("went through"), "{}", of(""));
    assert!(of("processes").contains("Resource temporarily unavailable"), "{}", of("processes"));
}

#[test]
fn what_the_bot_was_started_with_does_not_reach_the_child() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    fs::write(&path, "words").unwrap();
    // The shell hands descriptor 9 on, as a careless supervisor does.
    let of = |only: Option<&str>| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec 9<\"$1\"; exec \"$0\" extract --json \"$1\""]);
        shell.arg(env!("CARGO_BIN_EXE_systech-aidd")).arg(&path).env("EXTRACT_PROBE", "descriptor:9");
        only.map(|only| shell.env("EXTRACT_ONLY", only));
        String::from_utf8(shell.output().unwrap().stdout).unwrap()
    };
    let name = path.display().to_string();
    assert!(of(Some("")).contains(&name), "{}", of(Some("")));
    for only in [Some("descriptors"), None] {
        assert!(!of(only).contains(&name), "{only:?}: {}", of(only));
    }
    let environment = read_with("a.txt", b"words", |command| {
        command
            .env("EXTRACT_PROBE", "environment")
            .env("OPENROUTER_API_KEY", "secret")
            .env_remove("LD_LIBRARY_PATH");
    });
    assert_eq!(environment.text(), "");
}

#[test]
fn rights_cores_and_the_stack_are_limited() {
    let line = |probed: &Read, name: &str| {
        let text = probed.text();
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line[name.len()..].split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let privileges = |only| line(&probe("status", Some(only)), "NoNewPrivs:");
    assert_eq!((privileges(""), privileges("privileges")), (vec!["0".to_owned()], vec!["1".to_owned()]));
    let limits = |only, name| line(&probe("limits", Some(only)), name);
    assert_ne!(limits("", "Max core file size"), ["0", "0"]);
    assert_eq!(limits("core", "Max core file size"), ["0", "0"]);
    assert_ne!(limits("", "Max stack size"), ["8388608", "8388608"]);
    assert_eq!(limits("stack", "Max stack size"), ["8388608", "8388608"]);
}

#[test]
fn whatever_ends_the_child_costs_a_sentence() {
    for (what, expected) in
        [("panic:secret", "damaged"), ("abort", "damaged"), ("deep", "damaged"), ("talk", "too_large")]
    {
        let read = probe(what, None);
        assert_eq!(outcome(&read), expected, "{what}");
        assert!(!read.errors.contains("secret"), "{}", read.errors);
    }
}

#[test]
fn a_child_that_hangs_is_killed_in_time() {
    for what in ["hang", "complain"] {
        let read = read_with("a.txt", b"words", |command| {
            command.env("EXTRACT_PROBE", what).env("SHORT_WAITS", "extraction=1");
        });
        assert_eq!(outcome(&read), "too_long", "{what}");
        assert!(read.took < Duration::from_secs(20), "{what}: {:?}", read.took);
    }
}

/// A command whose child hangs, and that child.
fn hanging(only: Option<&str>) -> (Child, u32, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    fs::write(&path, "words").unwrap();
    let mut command = extract();
    command.arg(&path).env("EXTRACT_PROBE", "hang").env("OPENROUTER_API_KEY", "secret");
    only.map(|only| command.env("EXTRACT_ONLY", only));
    let parent = command.spawn().unwrap();
    // It hangs when it has its own command line, and sleeps.
    let child = wait_until("the child hangs", || {
        let child = children(parent.id()).into_iter().next()?;
        let state = fs::read_to_string(format!("/proc/{child}/wchan")).unwrap_or_default();
        let status = fs::read_to_string(format!("/proc/{child}/status")).ok()?;
        let is_set_up = status.contains("State:\tS") && (only.is_some() || status.contains("Seccomp:\t2"));
        (is_set_up && !state.contains("pipe")).then_some(child)
    });
    (parent, child, folder)
}

#[test]
fn a_running_child_is_locked_in_as_a_whole_and_dies_with_its_parent() {
    let (mut parent, child, _folder) = hanging(None);
    let of = |file: &str| fs::read(format!("/proc/{child}/{file}")).unwrap();
    let status = String::from_utf8(of("status")).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Threads:\t1"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    let limits = String::from_utf8(of("limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max address space"), ["268435456", "268435456"]);
    assert_eq!(limit("Max cpu time"), ["20", "21"]);
    for name in ["Max core file size", "Max file size", "Max open files", "Max processes"] {
        assert_eq!(limit(name), ["0", "0"], "{name}");
    }
    let open = fs::read_dir(format!("/proc/{child}/fd")).unwrap().count();
    assert_eq!(open, 3, "its pipes");
    let environment = String::from_utf8(of("environ")).unwrap();
    assert!(!environment.contains("secret"), "{environment}");
    let command = String::from_utf8(of("cmdline")).unwrap();
    assert!(!command.contains("a.txt"), "names are private: {command}");
    assert_ne!(status.lines().find(|line| line.starts_with("NSpgid")), None);
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until("the child is gone", || {
        (!fs::exists(format!("/proc/{child}/cmdline")).unwrap() || is_dead(child)).then_some(())
    });
}

fn is_dead(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

#[test]
fn without_that_lock_the_child_outlives_its_parent() {
    let (mut parent, child, _folder) = hanging(Some("core"));
    parent.kill().unwrap();
    parent.wait().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(!is_dead(child), "or the test above shows nothing");
    signal(child, "KILL");
}

#[test]
fn a_child_that_cannot_lock_itself_in_reads_nothing() {
    // Its parent is not the one that it names.
    let order = r#"{"parent":1,"memory":268435456,"processor_seconds":1,"characters":10}"#;
    let output =
        Command::new(env!("CARGO_BIN_EXE_systech-aidd")).args(["extract-child", order]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(90), 0));
    let output = Command::new(env!("CARGO_BIN_EXE_systech-aidd"))
        .args(["extract-child", "nonsense"])
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(90), 0));
}
