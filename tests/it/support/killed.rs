//! What tests may rely on after they have killed the bot.

use std::path::Path;
use std::time::Duration;

use sandbox::telegram::Person;
use sandbox::{TestEnv, wait_until};

use super::transaction::Transaction;

#[test]
fn a_kill_returns_when_the_server_has_ended_what_the_dead_process_had_begun() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    // Who reads is let through, who writes is not.
    let in_the_way = Transaction::begin(&env.database, "LOCK TABLE updates IN SHARE MODE");
    env.telegram.say(&Person::private(1), "hello");
    env.database.wait_blocked_like("INSERT INTO \"updates\"%", 1);
    let process = format!("/proc/{}", bot.pid());
    std::thread::scope(|scope| {
        let killing = scope.spawn(|| {
            env.kill(bot);
            env.psql("SELECT count(*) FROM updates")
        });
        wait_until("the bot to be dead", || (!Path::new(&process).exists()).then_some(()));
        // The time in which a kill that does not wait would return.
        std::thread::sleep(Duration::from_millis(300));
        assert!(!killing.is_finished(), "the statement of the dead bot is still to come");
        drop(in_the_way);
        assert_eq!(killing.join().unwrap(), "1");
    });
}
