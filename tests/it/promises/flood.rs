//! A flood of strangers: the owner reads little of it, the database keeps little, and nobody who is let in waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::requests::{OWNER, greeted, owned, person, requests};

#[test]
fn of_a_flood_of_strangers_the_owner_reads_ten_messages_and_then_a_number_and_a_hundred_wait() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    for user in 1001..=1300 {
        env.telegram.say(&person(user), "zebra");
    }
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "301");
    env.wait_settled();
    assert_eq!((requests(&env), env.telegram.texts(OWNER).len()), (10, 11));
    let last = env.telegram.texts(OWNER).pop().unwrap();
    assert!(last.contains("This is the tenth request within an hour"), "{last}");
    let rows = "SELECT (SELECT count(*) FROM people WHERE state = 'waiting'),
                       (SELECT count(*) FROM updates WHERE held IS NOT NULL),
                       (SELECT count(*) FROM updates WHERE payload IS NOT NULL),
                       (SELECT count(*) <= 100 FROM strangers), (SELECT count(*) FROM messages)";
    assert_eq!(env.psql(rows), "100|100|0|t|0");
    assert!(env.model.requests().is_empty());
    let told = (1001..=1300).map(|user| env.telegram.texts(user).len()).sum::<usize>();
    assert!(told <= 200, "{told} sentences to strangers");

    env.psql("UPDATE people SET told_at = told_at - interval '1 hour'");
    let told = env.telegram.wait_for_text(OWNER, |text| text.starts_with("Others wait"));
    assert!(told.text().contains("yet: 90. In all there wait: 100. I keep no more"), "{}", told.text());
    env.wait_settled();
    assert_eq!(env.telegram.texts(OWNER).len(), 12);
}

/// So many strangers write in so many seconds; `make nightly` has ten thousand in a minute.
fn flood() -> (u32, f64) {
    let strangers = std::env::var("STRANGERS").map_or(600, |number| number.parse().unwrap());
    let seconds = if strangers > 600 { 60.0 } else { 3.6 };
    (strangers, seconds)
}

#[test]
fn while_strangers_flood_the_bot_who_is_let_in_is_answered_as_ever() {
    let mut env = owned();
    env.set("ALLOWED_USERS", "5");
    env.set("RUST_LOG", "info");
    let _bot = env.start_ready();
    greeted(&env);
    let (strangers, seconds) = flood();
    let answered = |count: usize| {
        let began = Instant::now();
        env.telegram.say(&person(5), "mine");
        env.telegram.wait_for_count(5, count);
        began.elapsed()
    };
    let median = |mut waits: Vec<Duration>| {
        waits.sort_unstable();
        waits[waits.len() / 2]
    };
    let usual = median((1..=10).map(answered).collect());
    let over = AtomicBool::new(false);
    let waits: Vec<Duration> = thread::scope(|scope| {
        scope.spawn(|| {
            let pace = Duration::from_secs_f64(seconds / f64::from(strangers));
            let began = Instant::now();
            for number in 0..strangers {
                env.telegram.say(&person(10_000 + i64::from(number)), "zebra");
                thread::sleep((began + pace * number).saturating_duration_since(Instant::now()));
            }
            over.store(true, Ordering::Relaxed);
        });
        (11..100_000).take_while(|_| !over.load(Ordering::Relaxed)).map(answered).collect()
    });
    let (questions, longest, now) = (waits.len(), *waits.iter().max().unwrap(), median(waits));
    println!(
        "{strangers} strangers in {seconds} s: of {questions} answers half took less than {now:?} (before: {usual:?}), the longest {longest:?}"
    );
    // Strangers and answers share two processors with other tests: seconds, but not the minutes of a queue.
    assert!(now < usual * 10 + Duration::from_secs(5) && longest < Duration::from_secs(30));
    env.wait_for_rows(
        "SELECT count(*) FROM updates WHERE user_id >= 10000 AND done_at IS NOT NULL",
        |rows| rows == strangers.to_string(),
    );
    env.wait_settled();
    let rows = "SELECT (SELECT count(*) FROM people WHERE state = 'waiting'), (SELECT count(*) FROM people WHERE told_at IS NOT NULL),
                       (SELECT count(*) FROM updates WHERE payload IS NOT NULL), (SELECT count(*) <= 100 FROM strangers),
                       (SELECT count(*) FROM messages WHERE user_id <> 5)";
    assert_eq!(env.psql(rows), "100|10|0|t|0");
    assert_eq!((requests(&env), env.telegram.texts(OWNER).len()), (10, 11));
    assert_eq!(env.times_asked("zebra"), 0);
}
