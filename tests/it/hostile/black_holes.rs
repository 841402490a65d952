//! Neighbours that are gone without a word: how soon both ends of a connection to the database find out is set, whatever the system's
//! own limits are. scripts/black-holes plays it with packets that are really dropped.

use std::fs;

use sandbox::telegram::Person;
use sandbox::{TestEnv, wait_until};

/// Ticks of a second, in which the kernel tells times (USER_HZ).
const TICKS: u64 = 100;

#[test]
fn the_server_ends_a_session_behind_a_bot_that_is_gone_within_seconds() {
    let env = TestEnv::new();
    let _bot = env.start_ready();
    let limits =
        ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"];
    let recorded = limits.iter().chain(&["idle_in_transaction_session_timeout"]);
    let recorded: Vec<String> = recorded.map(|name| format!("current_setting(''{name}'')")).collect();
    // What holds in the session that stores an update, and in the one that renews the lease.
    env.psql(&format!(
        "CREATE TABLE limits (told text);
         CREATE FUNCTION tell_limits() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN INSERT INTO limits VALUES (concat_ws('' '', TG_TABLE_NAME, {})); RETURN NULL; END';
         CREATE TRIGGER tell_limits AFTER INSERT ON updates FOR EACH ROW EXECUTE FUNCTION tell_limits();
         CREATE TRIGGER tell_limits AFTER UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION tell_limits()",
        recorded.join(", ")
    ));
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
    let told = "SELECT DISTINCT told FROM limits ORDER BY told";
    env.wait_for_rows(told, |rows| rows.lines().count() == 2);
    assert_eq!(env.psql(told), "leases 3 1 3 3000 10s\nupdates 3 1 3 3000 10s");
}

/// The sockets of this process that lead to the port: in how many seconds each is looked after, as far as a timer runs.
fn looked_after(process: u32, port: &str) -> Vec<Option<u64>> {
    let port = port.parse::<u16>().unwrap();
    let own: Vec<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|fd| Some(fs::read_link(fd.ok()?.path()).ok()?.display().to_string()))
        .collect();
    let sockets = fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let of_port = sockets.lines().filter_map(|line| {
        // Address and remote address, state, queues, timer:when, retransmits, uid, timeout, inode.
        let columns: Vec<&str> = line.split_whitespace().collect();
        let is_own = own.contains(&format!("socket:[{}]", columns.get(9)?));
        let leads_there = columns.get(2)?.ends_with(&format!(":{port:04X}"));
        let (timer, when) = columns.get(5)?.split_once(':')?;
        let keepalive = timer == "02";
        let when = u64::from_str_radix(when, 16).ok()?;
        (is_own && leads_there).then_some(keepalive.then_some(when / TICKS))
    });
    of_port.collect()
}

#[test]
fn the_bot_looks_after_its_sessions_every_few_seconds() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    let url = env.database.url();
    let port = url.rsplit_once(':').unwrap().1.split(['/', '?']).next().unwrap();
    // Idle connections have no timer but this one; one that has just sent something has another.
    let timers = wait_until("each session to be at rest", || {
        let timers = looked_after(bot.pid(), port);
        let at_rest: Vec<u64> = timers.iter().copied().flatten().collect();
        (!at_rest.is_empty() && at_rest.len() == timers.len()).then_some(at_rest)
    });
    assert!(timers.iter().all(|seconds| *seconds <= 3), "{timers:?}: a system looks after hours");
}
