//! The processes that read documents: a stop ends them, few of them are there at once, and none is left over.

use sandbox::process::children;
use sandbox::telegram::Person;
use sandbox::{TestEnv, wait_until};

use super::documents::{document, downloads, person};

#[test]
fn a_stop_ends_the_reader_and_no_more_than_two_read_at_once() {
    let mut env = TestEnv::new();
    env.set("EXTRACT_PROBE", "hang");
    env.set("SHORT_WAITS", "extraction=600");
    let bot = env.start();
    let readers = || children(bot.pid()).len();
    let people: Vec<Person> = (1..=3).map(|id| Person::private(id).speaking("en")).collect();
    for person in &people {
        env.telegram.post(person, &document(&env, "a.txt", b"words", "soup"));
    }
    env.wait_for_rows("SELECT count(*) FROM attachments WHERE content IS NOT NULL", |count| count == "3");
    wait_until("two readers", || (readers() == 2).then_some(()));
    // Those who read are stopped one by one; the third one's turn comes, and it ends like the others.
    for person in &people {
        env.telegram.say(person, "/stop");
        env.telegram.wait_for_text(person.user_id, |text| text.contains("Stopped"));
        assert!(readers() <= 2);
    }
    env.wait_settled();
    assert_eq!((readers(), env.model.requests().len()), (0, 0));
    assert_eq!(env.psql("SELECT count(*) FROM attachments WHERE unreadable IS NULL AND text IS NULL"), "3");
    env.kill(bot);
    env.unset("EXTRACT_PROBE");
    let _bot = env.start();
    env.telegram.say(&people[0], "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("soup"));
    assert_eq!(downloads(&env), 3);
}

#[test]
fn a_reader_that_takes_too_long_or_dies_costs_one_sentence() {
    for (probe, unreadable) in [("hang", "too_long"), ("abort", "damaged"), ("memory", "too_much_memory")] {
        let mut env = TestEnv::new();
        env.set("EXTRACT_PROBE", probe);
        env.set("SHORT_WAITS", if probe == "hang" { "extraction=1" } else { "extraction=60" });
        let bot = env.start();
        env.telegram.post(&person(), &document(&env, "a.txt", b"words", "soup"));
        env.telegram.wait_for_text(1, |text| text.contains("could not read “a.txt”"));
        env.wait_settled();
        assert_eq!(env.psql("SELECT unreadable FROM attachments"), unreadable);
        assert!(children(bot.pid()).is_empty(), "{probe}");
        env.telegram.say(&person(), "harmless");
        env.telegram.wait_for_text(1, |text| text.contains("harmless"));
    }
}
