//! A log that cannot be written.

use std::path::Path;
use std::process::Stdio;

use sandbox::TestEnv;
use sandbox::env::Bot;
use sandbox::telegram::Person;

#[test]
fn a_log_on_a_full_disk_costs_lines_and_no_answers() {
    let env = TestEnv::new();
    let bot = Bot::start(&env.command(&[]), Path::new("/dev/full"));
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
    assert!(bot.stop().success());
}

#[test]
fn a_log_whose_reader_has_gone_costs_lines_and_no_answers() {
    let env = TestEnv::new();
    let mut bot = env.command(&[]).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    drop(bot.stderr.take());
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
    sandbox::process::signal(bot.id(), "TERM");
    assert!(bot.wait().unwrap().success());
}
