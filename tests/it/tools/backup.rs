//! Backups before a change and by hand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::env::Operator;
use sandbox::{TestEnv, wait_until};

use crate::support::migrations::{migrated, states};
use crate::support::{predecessor, program};

const ROWS: &str = "
    INSERT INTO messages (user_id, chat_id, role, content, message_length)
    SELECT n, n, 'user', 'Привет №' || n, 9 FROM generate_series(1, 500) AS n";
pub(crate) const CONTENTS: &str = "SELECT * FROM messages ORDER BY id";
const VERSIONS: &str = "SELECT version, run_on FROM __diesel_schema_migrations ORDER BY 1";

/// A database at the third migration, with rows and a folder for backups.
pub(crate) fn halfway() -> (Operator, PathBuf) {
    let mut operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000003"]).ok();
    operator.psql(ROWS);
    let folder = operator.folder().join("backups");
    fs::create_dir(&folder).unwrap();
    operator.set("BACKUP_DIR", folder.to_str().unwrap());
    (operator, folder)
}

/// The files of a folder, by their ending: finished and unfinished ones.
pub(crate) fn files(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().partition(|path| path.extension().is_some_and(|extension| extension == "dump"))
}

/// A `pg_dump` of this shell script in front of all others; `$real` is the real one, which also tells its version.
fn install_pg_dump(operator: &mut Operator, script: &str) {
    install(operator, "pg_dump", script);
}

/// The same for any program.
pub(crate) fn install(operator: &mut Operator, name: &str, script: &str) {
    let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().unwrap();
    let real = String::from_utf8(found.stdout).unwrap();
    let folder = operator.folder().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let text = format!("real={}\n[ \"$1\" != --version ] || exec $real --version\n{script}", real.trim());
    program::script(&folder.join(name), &text);
    operator.set("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
}

/// A `pg_dump` that stops in mid-dump. It ends when the returned file is dropped.
fn install_pg_dump_that_stops_midway(operator: &mut Operator) -> fs::File {
    let fifo = operator.folder().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let script = format!("$real \"$@\" | head -c 3000\ncat {} >/dev/null\nexit 1", fifo.display());
    install_pg_dump(operator, &script);
    // For reading too, or opening would wait for the other side.
    fs::File::options().read(true).write(true).open(fifo).unwrap()
}

fn wait_for_half_a_backup(folder: &Path) -> PathBuf {
    let half = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.len() >= 3000);
    wait_until("half a backup", || files(folder).1.into_iter().find(half))
}

#[test]
fn before_a_change_there_is_a_backup_that_brings_back_the_state_before_it() {
    let (operator, folder) = halfway();
    let (contents, versions) = (operator.psql(CONTENTS), operator.psql(VERSIONS));
    let said = operator.run(&["migrate", "up"]).ok();
    let (backups, unfinished) = files(&folder);
    assert_eq!((backups.len(), unfinished.len()), (1, 0));
    assert!(said.starts_with(&format!("backup {}", backups[0].display())), "{said}");
    let name = backups[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(operator.database.name()) && name.ends_with("Z-20261123000003.dump"), "{name}");
    assert_eq!(fs::metadata(&backups[0]).unwrap().permissions().mode() & 0o777, 0o600);

    let other = Operator::new();
    let said = other.run(&["restore", backups[0].to_str().unwrap()]).ok();
    assert!(said.ends_with("the database is at 2026-11-23-000003_create_updates\n"), "{said}");
    assert_eq!(other.psql(CONTENTS), contents);
    assert_eq!(other.psql(VERSIONS), versions);
    // And it is a database like any other.
    other.run(&["migrate", "up"]).ok();
    assert_eq!(states(&other), "aaaaa");
}

#[test]
fn each_command_that_changes_anything_backs_up_and_no_other_does() {
    let (operator, folder) = halfway();
    for harmless in
        [&["status"][..], &["history"], &["up", "--dry-run"], &["down"], &["to", "20261123000003"]]
    {
        operator.run(&[&["migrate"], harmless].concat());
        assert_eq!(files(&folder).0.len(), 0, "{harmless:?}");
    }
    let changes = [
        &["up"][..],
        &["down", "--yes"],
        &["redo", "--yes"],
        &["to", "20261123000002", "--yes"],
        &["down", "--all", "--yes"],
    ];
    for (count, change) in changes.into_iter().enumerate() {
        operator.run(&[&["migrate"], change].concat()).ok();
        assert_eq!(files(&folder).0.len(), count + 1, "{change:?}");
    }
    // Now there is nothing to lose.
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(files(&folder).0.len(), changes.len());
}

#[test]
fn a_start_that_migrates_backs_up_first_and_the_next_start_does_not() {
    let mut env = TestEnv::empty();
    let folder = env.folder().join("backups");
    fs::create_dir(&folder).unwrap();
    env.set("PATH", std::env::var("PATH").unwrap());
    env.set("BACKUP_DIR", folder.to_str().unwrap());
    env.psql(&predecessor::database());
    assert!(env.start_ready().stop().success());
    let (backups, unfinished) = files(&folder);
    assert_eq!((backups.len(), unfinished.len()), (1, 0));
    assert!(backups[0].to_str().unwrap().ends_with("Z-0.dump"), "{backups:?}");
    assert!(env.start_ready().stop().success());
    assert_eq!(files(&folder).0.len(), 1);
    let log = env.logs();
    assert!(log.find("backup made").unwrap() < log.find("migrating").unwrap(), "{log}");
}

#[test]
fn a_start_that_cannot_back_up_changes_nothing_and_ends() {
    let mut env = TestEnv::empty();
    let folder = env.folder().join("backups");
    fs::create_dir(&folder).unwrap();
    // Without PATH there is no pg_dump.
    env.set("PATH", "/nonexistent");
    env.set("BACKUP_DIR", folder.to_str().unwrap());
    env.psql(&predecessor::database());
    assert_eq!(env.start().wait().code(), Some(1));
    assert!(env.logs().contains("pg_dump is not installed here"), "{}", env.logs());
    assert_eq!(env.psql("SELECT to_regclass('__diesel_schema_migrations') IS NULL"), "t");
}

#[test]
fn sigterm_during_the_backup_of_a_start_ends_it_and_leaves_nothing_behind() {
    let mut operator = Operator::new();
    install_pg_dump(&mut operator, "while echo x; do sleep 0.01; done");
    let mut env = TestEnv::empty();
    let folder = env.folder().join("backups");
    fs::create_dir(&folder).unwrap();
    let path = format!("{}:{}", operator.folder().join("bin").display(), std::env::var("PATH").unwrap());
    env.set("PATH", path);
    env.set("BACKUP_DIR", folder.to_str().unwrap());
    env.psql(&predecessor::database());
    let bot = env.start();
    wait_until("a backup to begin", || files(&folder).1.into_iter().next());
    assert!(bot.stop().success());
    assert_eq!(files(&folder), (vec![], vec![]));
    assert_eq!(env.psql("SELECT to_regclass('__diesel_schema_migrations') IS NULL"), "t");
}

/// Nothing is migrated, nothing is left, and the reason is told.
#[track_caller]
fn refuses(operator: &Operator, folder: &Path, reasons: &[&str]) {
    let said = operator.run(&["migrate", "up"]).fails_with(1);
    for reason in reasons.iter().chain(&["nothing was migrated", "unset BACKUP_DIR"]) {
        assert!(said.contains(reason), "{reason} is not in: {said}");
    }
    assert_eq!(states(operator), "aaapp");
    assert_eq!(files(folder), (vec![], vec![]));
}

#[test]
fn without_pg_dump_nothing_is_migrated() {
    let (mut operator, folder) = halfway();
    operator.set("PATH", "/nonexistent");
    refuses(&operator, &folder, &["pg_dump is not installed here", "postgresql-client"]);
}

#[test]
fn with_a_pg_dump_that_is_older_than_the_server_nothing_is_migrated() {
    let (mut operator, folder) = halfway();
    install_pg_dump(&mut operator, "");
    program::script(&operator.folder().join("bin/pg_dump"), "echo 'pg_dump (PostgreSQL) 9.6.24'");
    refuses(
        &operator,
        &folder,
        &["pg_dump is of PostgreSQL 9, which is older than the server's 1", "install the client programs"],
    );
}

#[test]
fn a_change_that_changes_nothing_leaves_no_backup_however_often_it_is_tried() {
    let (operator, folder) = halfway();
    // In the way of the fourth migration.
    operator.psql("CREATE TABLE turns ()");
    for _ in 0..2 {
        let said = operator.run(&["migrate", "up"]).fails_with(1);
        assert!(said.contains("nothing was changed, so the backup is removed"), "{said}");
        assert_eq!(files(&folder), (Vec::new(), Vec::new()));
    }
    // And of the fifth: what the fourth has done is a change.
    operator.psql("ALTER TABLE turns RENAME TO reply_parts");
    operator.run(&["migrate", "up"]).fails_with(1);
    assert_eq!(states(&operator), "aaaap");
    assert_eq!(files(&folder).0.len(), 1);
}

#[test]
fn when_the_dump_fails_nothing_is_migrated() {
    let (mut operator, folder) = halfway();
    install_pg_dump(
        &mut operator,
        "$real \"$@\" | head -c 3000\necho 'pg_dump: error: the disk is on fire' >&2\nexit 1",
    );
    refuses(&operator, &folder, &["pg_dump failed", "the disk is on fire"]);
}

#[test]
fn a_dump_of_a_newer_pg_dump_is_not_called_broken() {
    let mut operator = Operator::new();
    let dump = operator.folder().join("x.dump");
    fs::write(&dump, "PGDMP").unwrap();
    install(
        &mut operator,
        "pg_restore",
        "echo 'pg_restore: error: unsupported version (1.99) in file header' >&2\nexit 1",
    );
    let said = operator.run(&["restore", dump.to_str().unwrap()]).fails_with(1);
    assert!(said.contains("made by a newer pg_dump") && said.contains("postgresql-client"), "{said}");
    assert!(!said.contains("not a complete backup"), "{said}");
}

#[test]
fn when_the_dump_cannot_be_read_back_nothing_is_migrated() {
    let (mut operator, folder) = halfway();
    install_pg_dump(&mut operator, "echo not a dump");
    refuses(&operator, &folder, &["is not a complete backup", "pg_restore failed"]);
}

#[test]
fn without_room_for_a_backup_nothing_is_migrated() {
    let (mut operator, _) = halfway();
    // A file system that never has any.
    operator.set("BACKUP_DIR", "/proc");
    let said = operator.run(&["migrate", "up"]).fails_with(1);
    assert!(said.contains("/proc has 0 MB of free space, and a backup of this database may take"), "{said}");
    assert_eq!(states(&operator), "aaapp");
}

#[test]
fn a_backup_killed_midway_is_never_taken_for_one_and_the_next_run_clears_it_away() {
    let (mut operator, folder) = halfway();
    let stopped = install_pg_dump_that_stops_midway(&mut operator);
    // What somebody else left, or is about to finish.
    let theirs = folder.join("download.dump.part");
    fs::write(&theirs, "").unwrap();
    let running = operator.begin(&["migrate", "up"]);
    let half = wait_for_half_a_backup(&folder);
    operator.kill(running);
    drop(stopped);
    let mut unfinished = vec![theirs.clone(), half.clone()];
    unfinished.sort();
    assert_eq!(files(&folder), (vec![], unfinished));
    assert_eq!(states(&operator), "aaapp");

    install_pg_dump(&mut operator, "exec $real \"$@\"");
    let said = operator.run(&["migrate", "up"]);
    assert!(said.err.contains("removed an unfinished backup of a killed run"), "{}", said.err);
    assert!(said.err.contains(half.file_name().unwrap().to_str().unwrap()), "{}", said.err);
    said.ok();
    let (backups, unfinished) = files(&folder);
    assert_eq!((backups.len(), unfinished), (1, vec![theirs]));
    assert_eq!(states(&operator), "aaaaa");
}

#[test]
fn killed_right_after_its_backup_a_migration_is_continued_by_the_next_run() {
    let (operator, folder) = halfway();
    operator.kill_when_it_says(operator.begin(&["migrate", "up"]), "backup");
    assert_eq!((files(&folder).0.len(), files(&folder).1.len()), (1, 0));
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(states(&operator), "aaaaa");
}

#[test]
fn a_backup_in_the_making_is_left_alone_by_another_run() {
    let (mut operator, folder) = halfway();
    let stopped = install_pg_dump_that_stops_midway(&mut operator);
    let running = operator.begin(&["backup"]);
    let half = wait_for_half_a_backup(&folder);
    install_pg_dump(&mut operator, "exec $real \"$@\"");
    operator.run(&["backup"]).ok();
    assert_eq!(files(&folder).1, [half]);
    drop(stopped);
    let said = running.wait().fails_with(1);
    assert!(said.contains("pg_dump failed"), "{said}");
    assert_eq!(files(&folder).1, Vec::<PathBuf>::new());
}

#[test]
fn no_password_is_on_a_command_line_and_no_other_secret_is_handed_on() {
    let (mut operator, folder) = halfway();
    let url = operator.database.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.rsplit_once('@').unwrap_or(("postgres", rest));
    let user = user.split(':').next().unwrap();
    // This server believes everybody; one that does not has the password in its URL already.
    if operator.server().is_own() {
        operator.set("DATABASE_URL", format!("{scheme}://{user}:hunter%32@{place}"));
    }
    operator.set("TELEGRAM_BOT_TOKEN", "1:token");
    install_pg_dump(&mut operator, "echo \"$@\" > arguments; env > environment\nexec $real \"$@\"");
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(files(&folder).0.len(), 1);
    let read = |name: &str| fs::read_to_string(operator.folder().join(name)).unwrap();
    assert!(
        read("arguments").contains(&format!("--dbname=postgresql://{user}@{place}")),
        "{}",
        read("arguments")
    );
    assert!(!read("arguments").contains("hunter"));
    assert!(read("environment").contains("PGPASSWORD=") && !read("environment").contains("1:token"));
    if operator.server().is_own() {
        assert!(read("environment").contains("PGPASSWORD=hunter2\n"));
    }
}

#[test]
fn a_backup_by_hand_goes_where_it_is_told_and_never_over_another_one() {
    let (operator, folder) = halfway();
    let elsewhere = operator.folder().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for _ in 0..3 {
        operator.run(&["backup"]).ok();
    }
    operator.run(&["backup", "--to", "elsewhere"]).ok();
    assert_eq!((files(&folder).0.len(), files(&elsewhere).0.len()), (3, 1));
    assert_eq!(states(&operator), "aaapp");
    let said = operator.run(&["backup", "--to", "nowhere"]).fails_with(1);
    assert!(said.contains("nowhere is not a folder"), "{said}");
}

#[test]
fn a_backup_by_hand_without_a_place_asks_for_one() {
    let said = migrated().run(&["backup"]).fails_with(1);
    assert!(said.contains("--to FOLDER") && said.contains("BACKUP_DIR"), "{said}");
}
