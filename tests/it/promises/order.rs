//! Order within a lane, independence between lanes.

use std::time::Duration;

use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use sandbox::{PATIENCE, TestEnv, wait_until};

#[test]
fn fifty_lanes_of_twenty_messages_each_keep_their_order() {
    const SEED: u64 = 20_261_123;
    println!("seed {SEED}");
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.usually(Behaviour::answer().random_delay(Duration::from_millis(40), SEED));
    let people: Vec<_> = (1..=50).map(Person::private).collect();
    for n in 0..20 {
        for person in &people {
            env.telegram.say(person, &format!("message number {n:02}"));
        }
    }
    for person in &people {
        let sent = env.telegram.wait_until(4 * PATIENCE, |state| {
            let sent: Vec<_> = state.in_chat(person.chat_id).map(|sent| sent.text().to_owned()).collect();
            (sent.len() == 20).then_some(sent)
        });
        for (n, text) in sent.iter().enumerate() {
            assert!(text.contains(&format!("number {n:02}")), "lane {}, answer {n}: {text}", person.chat_id);
        }
    }
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "2000");
    // In the table too, question and answer alternate in the order of the questions.
    let disorder = "SELECT count(*) FROM (
        SELECT content, role, row_number() OVER (PARTITION BY user_id ORDER BY created_at, id) - 1 AS n FROM messages
    ) AS m WHERE role <> CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END
        OR (role = 'user' AND content <> 'message number ' || lpad((n / 2)::text, 2, '0'))";
    assert_eq!(env.psql(disorder), "0");
}

#[test]
fn a_lane_answers_one_message_at_a_time() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::asked("first"));
    let person = Person::private(1);
    env.telegram.say(&person, "first");
    env.telegram.say(&person, "second");
    gate.wait_arrived();
    // Another lane has long been answered when the second message would be.
    env.telegram.say(&Person::private(2), "meanwhile");
    env.telegram.wait_for_count(2, 1);
    assert_eq!(env.times_asked("second"), 0);
    assert!(env.telegram.texts(1).is_empty());
    gate.release();
    env.telegram.wait_for_count(1, 2);
}

#[test]
fn no_lane_waits_for_another_not_even_in_the_same_group() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::asked("slow"));
    env.telegram.address(&Person::in_group(1, -5), "slow");
    gate.wait_arrived();
    for n in 2..20 {
        env.telegram.address(&Person::in_group(n, -5), "quick");
    }
    env.telegram.wait_for_count(-5, 18);
    gate.release();
    env.telegram.wait_for_count(-5, 19);
}

#[test]
fn a_long_queue_in_one_lane_does_not_starve_the_others() {
    let mut env = TestEnv::new();
    env.set("WORKERS", "1");
    let _bot = env.start();
    let gate = env.model.hold(When::asked("number 0 "));
    let busy = Person::private(1);
    for n in 0..500 {
        env.telegram.say(&busy, &format!("number {n} of many"));
    }
    gate.wait_arrived();
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "500");
    for user in 2..=11 {
        env.telegram.say(&Person::private(user), "one question");
    }
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "510");
    gate.release();
    // With one worker, ten lanes are answered while the busy one takes about as many turns as they.
    let answered = env.telegram.wait_until(PATIENCE, |state| {
        (2..=11).all(|user| state.in_chat(user).count() == 1).then(|| state.in_chat(1).count())
    });
    assert!(answered <= 25, "the busy lane had {answered} answers before the others had one");
}

#[test]
fn threads_begin_when_a_lane_needs_one_and_end_when_none_does() {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "idle=1");
    let bot = env.start_ready();
    assert!(bot.workers() <= 1, "{} threads for nobody", bot.workers());
    // More dialogues than any fixed number of threads that fits a small machine, and all of them at once.
    let gate = env.model.hold(When::any());
    for user in 1..=200 {
        env.telegram.say(&Person::private(user), "think");
    }
    gate.wait_arrivals(200);
    assert_eq!(bot.workers(), 200);
    gate.release();
    for user in 1..=200 {
        env.telegram.wait_for_count(user, 1);
    }
    // One dialogue goes on without a pause, and needs one of them.
    wait_until("all threads but one to end", || {
        env.telegram.say(&Person::private(1), "and now?");
        env.wait_settled();
        (bot.workers() <= 2).then_some(())
    });
    wait_until("the last thread to end", || (bot.workers() == 0).then_some(()));
    env.others_are_served();
    assert!(bot.stop().success());
}

#[test]
fn there_are_never_more_threads_than_workers_and_who_is_beyond_them_is_next() {
    let mut env = TestEnv::new();
    env.set("WORKERS", "3");
    let bot = env.start_ready();
    let gate = env.model.hold(When::any());
    for user in 1..=9 {
        env.telegram.say(&Person::private(user), "think");
    }
    for arrived in [3, 4, 5, 6, 7, 8, 9] {
        gate.wait_arrivals(arrived);
        assert!(bot.workers() <= 3, "{} threads", bot.workers());
        gate.release_one();
    }
    gate.release();
    for user in 1..=9 {
        env.telegram.wait_for_count(user, 1);
    }
}

#[test]
fn workers_hold_no_connection_while_the_model_thinks() {
    let mut env = TestEnv::new();
    env.set("WORKERS", "24");
    env.set("DATABASE_POOL_SIZE", "1");
    let _bot = env.start();
    let gate = env.model.hold(When::any());
    for user in 1..=24 {
        env.telegram.say(&Person::private(user), "think");
    }
    gate.wait_arrivals(24);
    gate.release();
    for user in 1..=24 {
        env.telegram.wait_for_count(user, 1);
    }
}
