//! The throwaway PostgreSQL: what tests of the bot rely on.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::postgres::{Options, Server, shared, unique_name};
use sandbox::process::{children, signal};
use sandbox::wait_until;

#[test]
fn databases_are_created_queried_and_copied() {
    let server = shared();
    let name = unique_name("first");
    let url = server.create_database(&name);
    assert!(url.ends_with(&format!("/{name}")));
    assert_eq!(
        server.psql(&name, "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'ы'); SELECT * FROM t"),
        "1|ы"
    );
    let copy = unique_name("copy");
    server.create_database_from_template(&copy, &name);
    assert_eq!(server.psql(&copy, "SELECT count(*) FROM t"), "1");
    assert!(server.try_psql(&copy, "SELECT 1/0").unwrap_err().to_string().contains("division by zero"));
    server.drop_database(&copy);
    assert!(server.has_database(&name) && !server.has_database(&copy));
}

#[test]
fn data_survives_stop_crash_and_restart_on_the_same_url() {
    let server = Server::temporary().unwrap();
    let url = server.create_database("kept");
    server.psql("kept", "CREATE TABLE t AS SELECT 1 AS a");
    server.stop();
    assert_eq!(server.pid(), None);
    assert!(server.try_psql("kept", "SELECT 1").is_err());
    server.start();
    server.psql("kept", "INSERT INTO t VALUES (2)");
    server.crash();
    server.start();
    assert_eq!(server.psql("kept", "SELECT count(*) FROM t"), "2");
    assert_eq!(server.url("kept"), url);
}

#[test]
fn a_watch_sees_every_change_with_one_connection_and_goes_on_after_an_error() {
    let server = Server::temporary().unwrap();
    let mut watch = server.watch("postgres", "SELECT pg_backend_pid(), * FROM t -- and a comment");
    assert_eq!(watch.look(), None, "there is no table yet");
    server.psql("postgres", "CREATE TABLE t AS SELECT E'two\\nlines' AS a");
    let first = watch.look().unwrap();
    assert!(first.ends_with("|two\nlines"), "{first}");
    server.psql("postgres", "DELETE FROM t");
    assert_eq!(watch.look().as_deref(), Some(""));
    server.psql("postgres", "INSERT INTO t VALUES (E'two\\nlines')");
    assert_eq!(watch.look(), Some(first), "the same connection");
    server.restart();
    assert_eq!(watch.look(), None);
    assert!(watch.look().unwrap().ends_with("|two\nlines"));
}

#[test]
fn a_frozen_server_answers_after_the_thaw() {
    let server = Server::temporary().unwrap();
    server.freeze();
    let answer = std::thread::scope(|scope| {
        let asked = scope.spawn(|| server.psql("postgres", "SELECT 7"));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!asked.is_finished());
        server.thaw();
        asked.join().unwrap()
    });
    assert_eq!(answer, "7");
}

#[test]
fn connections_can_be_terminated() {
    let server = shared();
    let name = unique_name("cut");
    server.create_database(&name);
    std::thread::scope(|scope| {
        let sleeping = scope.spawn(|| server.try_psql(&name, "SELECT pg_sleep(60)"));
        wait_until("the connection is there", || (server.terminate_connections(&name) == 1).then_some(()));
        assert!(sleeping.join().unwrap().is_err());
    });
}

#[test]
fn a_dropped_server_leaves_neither_processes_nor_files_even_when_frozen() {
    let server = Server::temporary().unwrap();
    let folder = server.data_folder().parent().unwrap().to_owned();
    let pid = server.pid().unwrap();
    server.freeze();
    drop(server);
    assert!(!std::fs::exists(format!("/proc/{pid}")).unwrap() && !folder.exists());
}

#[test]
fn a_folder_keeps_its_data_from_one_server_to_the_next() {
    let folder = std::env::temp_dir().join(unique_name("sandbox_kept"));
    let server = Server::in_dir(&folder).unwrap();
    server.create_database("kept");
    drop(server);
    assert!(Server::in_dir(&folder).unwrap().has_database("kept"));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A folder of its own, which another user can enter.
fn kept_folder() -> PathBuf {
    std::env::temp_dir().join(unique_name("sandbox_kept"))
}

#[test]
fn a_kept_folder_is_for_one_process_at_a_time_and_others_can_join() {
    let folder = kept_folder();
    assert!(Server::join(&folder).is_err());
    let server = Server::in_dir(&folder).unwrap();
    server.create_database("kept");
    let error = Server::in_dir(&folder).err().unwrap();
    assert!(error.is_in_use(), "{error}");
    assert!(Server::join(&folder).unwrap().has_database("kept"));
    drop(server);
    assert!(Server::join(&folder).err().unwrap().to_string().contains("no PostgreSQL is at work"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_private_server_has_a_socket_for_its_user_and_no_port_however_long_its_path() {
    let long = "a folder with an & and a very long name ".repeat(4);
    let top = kept_folder();
    for folder in [top.clone(), top.join(long)] {
        let server = Options::default().folder(&folder).private().start().unwrap();
        let url = server.create_database("kept");
        assert_eq!(server.psql("kept", "SHOW listen_addresses"), "");
        let socket = server.psql("kept", "SHOW unix_socket_directories");
        assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o700);
        let joined = Server::join(&folder).unwrap();
        assert_eq!((joined.url("kept"), joined.psql("kept", "SELECT 7")), (url, "7".to_owned()));
        drop(server);
        if Path::new(&socket) != folder {
            wait_until("the end of the socket's folder", || (!Path::new(&socket).exists()).then_some(()));
        }
    }
    std::fs::remove_dir_all(&top).unwrap();
}

/// A process that has nothing to do with PostgreSQL; ended when dropped.
struct Bystander(std::process::Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_start_is_not_kept_off_by_a_process_that_has_the_number_of_a_server_before_the_power_went() {
    let folder = kept_folder();
    let server = Options::default().folder(&folder).private().start().unwrap();
    server.create_database("kept");
    let copies = [folder.join("data/postmaster.pid"), folder.join(".s.PGSQL.5432.lock")];
    let texts = copies.each_ref().map(|file| std::fs::read_to_string(file).unwrap());
    let pid = server.pid().unwrap().to_string();
    let owner = std::fs::metadata(server.data_folder()).unwrap().uid();
    drop(server);
    // Of another user's process PostgreSQL itself knows that it is no server.
    let bystander = Bystander(std::process::Command::new("sleep").arg("600").uid(owner).spawn().unwrap());
    for (file, text) in copies.iter().zip(texts) {
        std::fs::write(file, text.replacen(&pid, &bystander.0.id().to_string(), 1)).unwrap();
    }
    assert!(Options::default().folder(&folder).private().start().unwrap().has_database("kept"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn data_that_was_being_created_when_the_power_went_is_created_anew() {
    let folder = kept_folder();
    let half = folder.join("data-new-1");
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    assert_eq!(Server::in_dir(&folder).unwrap().psql("postgres", "SELECT 7"), "7");
    assert!(!half.exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn data_of_another_version_is_told_and_not_touched() {
    let folder = kept_folder();
    let version = folder.join("data/PG_VERSION");
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(&version, "9.6\n").unwrap();
    let error = Server::in_dir(&folder).err().unwrap();
    assert!(error.to_string().contains("is of PostgreSQL 9.6, and the server in"), "{error}");
    assert_eq!(std::fs::read_dir(folder.join("data")).unwrap().count(), 1);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Not a test of its own: a process for the next one to kill.
#[test]
fn a_process_with_a_server() {
    let Ok(report) = std::env::var("SANDBOX_VICTIM") else { return };
    let server = Server::temporary().unwrap();
    let folder = server.data_folder().parent().unwrap().display().to_string();
    std::fs::write(&report, format!("{} {folder}\n", server.pid().unwrap())).unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

#[test]
fn a_server_does_not_outlive_its_killed_process() {
    let report = std::env::temp_dir().join(unique_name("sandbox_victim"));
    let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_with_a_server"])
        .env("SANDBOX_VICTIM", &report)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the server runs", || {
        (std::fs::read_to_string(&report).is_ok_and(|text| text.ends_with('\n'))).then_some(())
    });
    let text = std::fs::read_to_string(&report).unwrap();
    let (pid, folder) = text.trim().split_once(' ').unwrap();
    assert!(!children(pid.parse().unwrap()).is_empty());
    signal(victim.id(), "KILL");
    victim.wait().unwrap();
    wait_until("the server is gone", || (!std::fs::exists(format!("/proc/{pid}")).unwrap()).then_some(()));
    wait_until("its folder is gone", || (!std::fs::exists(folder).unwrap()).then_some(()));
    std::fs::remove_file(&report).unwrap();
}
