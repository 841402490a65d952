//! Nothing is lost, nothing is done twice: what holds through crashes, repetitions and outages.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person};
use sandbox::{PATIENCE, TestEnv, wait_until};
use systech_aidd::domain::address::Address;
use systech_aidd::domain::choice::Choice;
use systech_aidd::domain::lane::Lane;
use systech_aidd::domain::replacement::Instead;
use systech_aidd::domain::reply::ReplyPart;
use systech_aidd::store::finish::{self, Ending, Turn};
use systech_aidd::store::inbox;
use systech_aidd::store::outbox;
use systech_aidd::store::replace::replace;
use systech_aidd::store::take_in::{self, Received};

use crate::support::transaction::Transaction;

#[test]
fn an_update_is_committed_before_the_call_that_confirms_it() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    // It may be read: which questions are open is looked up before the first batch is stored.
    let in_the_way = Transaction::begin(&env.database, "LOCK TABLE updates IN SHARE ROW EXCLUSIVE MODE");
    env.telegram.say(&Person::private(1), "remember me");
    env.database.wait_blocked_like("INSERT INTO \"updates\"%", 1);
    assert_eq!(env.telegram.unconfirmed(), 1);
    // And so a crash at this moment loses nothing.
    bot.kill();
    drop(in_the_way);
    env.wait_disconnected();
    assert_eq!(env.telegram.unconfirmed(), 1);
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("remember me"));
    env.telegram.wait_confirmed();
}

#[test]
fn a_repeated_delivery_is_answered_once_even_after_a_restart() {
    let env = TestEnv::new();
    let bot = env.start();
    let said = env.telegram.say(&Person::private(1), "once");
    env.telegram.wait_for_count(1, 1);
    env.telegram.wait_confirmed();
    assert_eq!(env.telegram.redeliver(said.update_id..=said.update_id), 1);
    env.telegram.wait_confirmed();
    assert!(bot.stop().success());
    let _bot = env.start();
    assert_eq!(env.telegram.redeliver(said.update_id..=said.update_id), 1);
    env.telegram.say(&Person::private(1), "twice");
    env.telegram.wait_for_text(1, |text| text.contains("twice"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 2);
    assert_eq!(env.times_asked("once"), 1);
}

#[test]
fn an_id_that_comes_back_after_a_quiet_week_is_another_message() {
    let env = TestEnv::new();
    let _bot = env.start();
    let said = env.telegram.say(&Person::private(1), "long ago");
    env.telegram.wait_for_count(1, 1);
    env.telegram.wait_confirmed();
    env.wait_settled();
    env.psql("UPDATE updates SET done_at = done_at - interval '49 hours'");
    env.telegram.set_next_update_id(said.update_id);
    env.telegram.say(&Person::private(2), "much later");
    env.telegram.wait_for_text(2, |text| text.contains("much later"));
}

/// The inbox row, the lane and the address of one question, put there without a bot.
fn one_question(conn: &mut PgConnection) -> Address {
    let lane = Lane { bot_id: 1, chat_id: 2, user_id: 3, thread_id: None };
    let received = Received {
        bot_id: 1,
        update_id: 4,
        chat_id: 2,
        user_id: 3,
        thread_id: None,
        kind: "message",
        message_id: Some(5),
        payload: "{}".to_owned(),
    };
    assert_eq!(take_in::ingest(conn, &[received]).unwrap(), 1);
    inbox::oldest(conn, lane).unwrap().unwrap().address(lane)
}

#[test]
fn an_update_is_finished_once_whoever_else_ran_it() {
    let env = TestEnv::new();
    env.kill(env.start_ready());
    let mut conn = PgConnection::establish(&env.database.url()).unwrap();
    let address = one_question(&mut conn);
    let ending = Ending::Answered { answer: "a".to_owned() };
    let turn = Turn {
        question: "q",
        message_ids: &[5],
        quotes: &[],
        asked_at: None,
        joined: &[],
        files: &[],
        replaces: None,
        sender: None,
        reading: None,
        began: Instant::now(),
        ending: &ending,
        calls: &[],
        gone: &Choice::NONE,
    };
    let parts = [ReplyPart::plain("a")];
    let first = finish::turn(&mut conn, address, &turn, &parts).unwrap();
    assert_eq!(first.done().unwrap().len(), 1);
    assert!(finish::turn(&mut conn, address, &turn, &parts).unwrap().done().is_none());
    assert!(
        finish::reply(&mut conn, address, &[], |_, _| Ok(vec![ReplyPart::plain("b")]))
            .unwrap()
            .done()
            .is_none()
    );
    let counts = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turns), (SELECT count(*) FROM reply_parts)";
    assert_eq!(env.psql(counts), "2|1|1");
    assert_eq!(env.psql("SELECT payload IS NULL, done_at IS NOT NULL FROM updates"), "t|t");
}

#[test]
fn a_refused_form_gives_way_to_simpler_ones_in_one_step_and_in_order() {
    let env = TestEnv::new();
    env.kill(env.start_ready());
    let mut conn = PgConnection::establish(&env.database.url()).unwrap();
    let address = one_question(&mut conn);
    let with_fallback = |text: &str, simpler: &[&str]| ReplyPart {
        fallback: simpler.iter().map(|text| ReplyPart::plain(*text)).collect(),
        ..ReplyPart::plain(text)
    };
    let parts = [with_fallback("1", &["1a", "1b"]), ReplyPart::plain("2"), with_fallback("3", &["3a"])];
    let stored = finish::reply(&mut conn, address, &[], |_, _| Ok(parts.to_vec())).unwrap().done().unwrap();
    assert!(!replace(&mut conn, &stored[1], Instead::Simpler).unwrap(), "the plain one is the simplest form");
    assert!(replace(&mut conn, &stored[0], Instead::Simpler).unwrap());
    let now = outbox::unsent(&mut conn, address.lane).unwrap();
    let texts: Vec<_> = now.iter().map(|unsent| unsent.part().unwrap()).collect();
    assert_eq!(texts, ["1a", "1b", "2", "3a"].map(ReplyPart::plain));
    assert_eq!(env.psql("SELECT string_agg(position::text, ',' ORDER BY id) FROM reply_parts"), "0,1,2,3");
}

#[test]
fn an_answer_is_saved_before_it_is_sent_so_a_crash_does_not_pay_the_model_twice() {
    let env = TestEnv::new();
    let bot = env.start();
    let hang = env.telegram.fault(Calls::to("sendMessage").times(1), Action::Hang);
    env.telegram.say(&Person::private(1), "expensive");
    hang.wait_hits(1, PATIENCE);
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "2");
    assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE state = 'unsent'"), "1");
    env.kill(bot);
    let _bot = env.start();
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 1);
    assert_eq!(env.times_asked("expensive"), 1);
}

#[test]
fn the_one_possible_duplicate_is_a_part_whose_taking_was_never_learnt() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.fault(Calls::to("sendMessage").times(1), Action::TakeThenReset);
    env.telegram.say(&Person::private(1), "hello");
    env.wait_for_rows("SELECT state FROM reply_parts", |rows| rows == "sent");
    let texts = env.telegram.texts(1);
    assert_eq!(texts.len(), 2);
    assert_eq!(texts[0], texts[1]);
    assert_eq!(env.times_asked("hello"), 1);
}

#[test]
fn with_the_database_down_a_generated_answer_waits_for_it_and_is_not_generated_again() {
    let mut env = TestEnv::with_own_server();
    env.set("WORKERS", "4");
    let bot = env.start();
    let gate = env.model.hold(When::any());
    for user in 1..=4 {
        env.telegram.say(&Person::private(user), "hello");
    }
    gate.wait_arrivals(4);
    env.server().stop();
    gate.release();
    env.model.wait_until(PATIENCE, |state| (state.in_flight() == 0).then_some(()));
    bot.wait_for_line("the database is unreachable");
    env.server().start();
    for user in 1..=4 {
        env.telegram.wait_for_count(user, 1);
    }
    env.wait_settled();
    assert_eq!(env.times_asked("hello"), 4);
    let logs = env.logs();
    // Whoever is slow to connect when it is over may count as an outage of its own.
    let outage = logs.lines().take_while(|line| !line.contains("the database is reachable again"));
    let lines = outage.filter(|line| line.contains("database is unreachable")).count();
    assert_eq!(lines, 1, "an outage is one line");
}

#[test]
fn two_hundred_messages_survive_kill_9_and_only_the_window_repeats() {
    const SEED: u64 = 7;
    println!("seed {SEED}");
    let env = TestEnv::new();
    env.model.usually(Behaviour::answer().random_delay(Duration::from_millis(300), SEED));
    let mut bot = env.start();
    let people: Vec<_> = (1..=40).map(Person::private).collect();
    let mut nonces = BTreeSet::new();
    for n in 0..5 {
        for person in &people {
            let nonce = format!("nonce-{}-{n}", person.user_id);
            env.telegram.say(person, &nonce);
            nonces.insert(nonce);
        }
    }
    // Which answer it is: each quotes its question.
    let answered = |texts: Vec<String>| -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for text in texts {
            let at = text.find("nonce-").unwrap();
            let nonce: String =
                text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            *counts.entry(nonce).or_default() += 1;
        }
        counts
    };
    let all = || answered(env.telegram.sent().iter().map(|sent| sent.text().to_owned()).collect());
    let mut window = BTreeSet::new();
    // A question that is in work at three kills becomes an honest failure: so two.
    for goal in [40, 120] {
        wait_until("some answers", || (env.telegram.sent().len() >= goal).then_some(()));
        env.kill(bot);
        let unrecorded = env.psql(
            "SELECT substring(payload FROM 'nonce-[0-9]+-[0-9]+') FROM reply_parts WHERE state = 'unsent'",
        );
        let taken = all();
        window.extend(unrecorded.lines().filter(|nonce| taken.contains_key(*nonce)).map(str::to_owned));
        bot = env.start();
    }
    env.telegram.wait_until(4 * PATIENCE, |state| (state.sent().len() >= 200 + window.len()).then_some(()));
    env.telegram.wait_confirmed();
    env.wait_settled();
    let counts = all();
    let lost: Vec<_> = nonces.iter().filter(|nonce| !counts.contains_key(*nonce)).collect();
    let repeated: BTreeSet<_> =
        counts.iter().filter(|(_, count)| **count > 1).map(|(nonce, _)| nonce.clone()).collect();
    println!("200 messages, 2 kills: lost {}, duplicated inside the window {}", lost.len(), repeated.len());
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(repeated, window, "only what was taken and not recorded is sent again");
    for person in &people {
        let mut newest = None;
        for text in env.telegram.texts(person.chat_id) {
            let n = (0..5).find(|n| text.contains(&format!("nonce-{}-{n}", person.user_id)));
            assert!(n >= newest, "lane {}: {n:?} after {newest:?}", person.user_id);
            newest = n;
        }
    }
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "400");
    drop(bot);
}

#[test]
fn a_kill_that_hits_many_questions_is_held_against_few_of_them() {
    const MANY: usize = 12;
    let env = TestEnv::new();
    let gate = env.model.hold(When::any());
    let mut bot = env.start();
    for user in 1..=12 {
        env.telegram.say(&Person::private(user).speaking("en"), "What do runners eat?");
    }
    for kills in 1..=3 {
        gate.wait_arrivals(kills * MANY);
        env.kill(bot);
        bot = env.start();
    }
    // From now on they come one by one.
    gate.wait_arrivals(3 * MANY + 1);
    env.wait_for_rows("SELECT attempts, count(*) FROM updates GROUP BY 1 ORDER BY 1", |rows| {
        rows == "2|11\n3|1"
    });
    env.kill(bot);
    gate.release();
    let _bot = env.start();
    for user in 1..=12 {
        env.telegram.wait_for_count(user, 1);
    }
    env.wait_settled();
    let ends = env.psql("SELECT state, failure, count(*) FROM turns GROUP BY 1, 2 ORDER BY 1");
    assert_eq!(ends, "answered||11\nfailed|crashed|1");
}

#[test]
fn a_message_that_crashes_the_program_each_time_becomes_an_honest_failure() {
    let env = TestEnv::new();
    let gate = env.model.hold(When::asked("poison"));
    let mut bot = env.start();
    env.telegram.say(&Person::private(1).speaking("en"), "poison");
    for crash in 1..=4 {
        gate.wait_arrivals(crash);
        env.kill(bot);
        bot = env.start();
    }
    env.telegram.wait_for_text(1, |text| text.contains("went wrong inside me") && text.contains("/retry"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT state, failure FROM turns"), "failed|crashed");
    assert_eq!(env.times_asked("poison"), 4);
    // And the lane goes on.
    env.telegram.say(&Person::private(1), "harmless");
    env.telegram.wait_for_text(1, |text| text.contains("harmless"));
    drop(bot);
}

#[test]
fn a_failure_that_is_about_to_be_told_when_the_program_dies_is_told_by_the_next_start() {
    let mut env = TestEnv::new();
    let gate = env.model.hold(When::asked("poison"));
    let mut bot = env.start();
    env.telegram.say(&Person::private(1).speaking("en"), "poison");
    for crash in 1..=4 {
        gate.wait_arrivals(crash);
        env.kill(bot);
        if crash == 4 {
            env.set("KILL_POINT", "finishing");
        }
        bot = env.start();
    }
    env.wait_killed(bot);
    env.unset("KILL_POINT");
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("went wrong inside me"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT state, failure, attempts FROM turns, updates"), "failed|crashed|5");
    assert_eq!(env.psql("SELECT content FROM messages"), "poison", "the question is kept");
}

#[test]
fn a_database_that_takes_nothing_is_waited_for_and_the_answer_is_not_paid_for_again() {
    let env = TestEnv::new();
    let gate = env.model.hold(When::any());
    let bot = env.start();
    env.telegram.say(&Person::private(1), "hello");
    gate.wait_arrived();
    // A standby after a failover refuses writes and goes on answering reads.
    let read_only = |on: bool| {
        env.server().psql(
            "postgres",
            &format!("ALTER DATABASE \"{}\" SET default_transaction_read_only TO {on}", env.database.name()),
        );
        env.server().terminate_connections(env.database.name());
    };
    read_only(true);
    gate.release();
    bot.wait_for_line("trying again");
    read_only(false);
    env.telegram.wait_for_count(1, 1);
    assert_eq!(env.times_asked("hello"), 1);
}

#[test]
fn an_orderly_stop_in_mid_answer_counts_no_attempt() {
    let mut env = TestEnv::new();
    env.set("SHUTDOWN_GRACE", "0");
    let gate = env.model.hold(When::asked("patience"));
    env.telegram.say(&Person::private(1), "patience");
    for start in 1..=4 {
        let bot = env.start();
        gate.wait_arrivals(start);
        let status = bot.stop();
        assert!(status.success(), "{status:?}\n{}", env.logs());
        assert_eq!(env.psql("SELECT attempts, done_at IS NULL FROM updates"), "0|t");
    }
    gate.release();
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("patience"));
}
