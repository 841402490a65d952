//! /announce: an owner's word for everybody reaches each once, whatever ends the program meanwhile.

use std::collections::BTreeMap;
use std::time::Instant;

use sandbox::env::Bot;
use sandbox::telegram::{Action, Calls, Person, Sent};
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

use super::requests::{OWNER, greeted, owned, owner, person};
use crate::support::asking::ask;

/// The first of those who asked something lately.
pub(super) const FIRST: i64 = 1001;

/// So many people's messages are in the outbox at once.
const RELEASED_AT_ONCE: usize = 50;

/// A bot with an owner, and so many people who have asked something lately.
pub(super) fn with_people(number: i64) -> TestEnv {
    let mut env = owned();
    env.set("SHORT_WAITS", "doorkeeper=0.2 announcer=0.02");
    env.set("TELEGRAM_RATE", "10000");
    let bot = env.start_ready();
    greeted(&env);
    env.kill(bot);
    let last = FIRST + number - 1;
    env.psql(&format!(
        "INSERT INTO people (bot_id, id, state, language) SELECT bot_id, id, 'allowed', 'en' FROM leases, generate_series({FIRST}, {last}) AS id;
         WITH asked AS (INSERT INTO messages (user_id, chat_id, role, content, message_length)
                        SELECT id, id, 'user', 'zebra', 5 FROM generate_series({FIRST}, {last}) AS id RETURNING id, user_id)
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state)
         SELECT bot_id, 0, user_id, user_id, asked.id, 'answered' FROM asked, leases"
    ));
    for user in FIRST..=last {
        env.telegram.meet(&person(user));
    }
    env
}

/// Presses the button with this data below the newest message of the owner that has one.
pub(super) fn press(env: &TestEnv, ends: &str) -> Sent {
    let is_control = |sent: &&Sent| {
        sent.buttons().iter().any(|data| data.starts_with("announce:") && data.ends_with(ends))
    };
    let found =
        env.telegram.wait_until(PATIENCE, |state| state.in_chat(OWNER).rev().find(is_control).cloned());
    let data = found.buttons().into_iter().find(|data| data.ends_with(ends)).unwrap().to_owned();
    env.telegram.press(&owner(), found.message_id, &data);
    found
}

/// Somebody presses a button that is not there any more, or never was theirs.
fn forge(env: &TestEnv, user_id: i64, message_id: i64, data: &str) {
    let done = "SELECT count(*) FROM updates WHERE done_at IS NOT NULL";
    let before: i64 = env.psql(done).parse().unwrap();
    env.telegram.push(json!({"callback_query": {
        "id": format!("forged-{before}"),
        "from": {"id": user_id, "is_bot": false, "first_name": "P", "language_code": "en"},
        "message": {"message_id": message_id, "date": 1, "chat": {"id": user_id, "type": "private", "first_name": "P"}},
        "data": data, "chat_instance": "1",
    }}));
    env.wait_for_rows(done, |rows| rows.parse::<i64>().unwrap() > before);
    env.wait_settled();
}

/// How often each person got this text.
fn got(env: &TestEnv, text: &str) -> BTreeMap<i64, usize> {
    let mut got = BTreeMap::new();
    for sent in env.telegram.sent().iter().filter(|sent| sent.chat_id >= FIRST && sent.text() == text) {
        *got.entry(sent.chat_id).or_default() += 1;
    }
    got
}

/// Waits for the result, and returns it.
pub(super) fn result(env: &TestEnv) -> String {
    env.telegram
        .wait_for_text(OWNER, |text| text.starts_with("Announcement: ") && text.contains("left out"))
        .text()
        .to_owned()
}

fn announce(env: &TestEnv, text: &str) {
    env.telegram.say(&owner(), &format!("/announce {text}"));
    press(env, ":send");
}

#[test]
fn it_is_shown_first_and_goes_to_those_who_asked_lately_once_each_but_not_to_who_wants_none() {
    let env = with_people(7);
    let _bot = env.start_ready();
    env.psql("UPDATE people SET state = 'blocked' WHERE id = 1001");
    env.psql("UPDATE turns SET created_at = now() - interval '31 days' WHERE user_id = 1002");
    env.psql("UPDATE turns SET chat_id = -5 WHERE user_id = 1003");
    env.psql("INSERT INTO unsubscribed (bot_id, user_id) SELECT bot_id, 1004 FROM leases");
    let before = env.telegram.texts(OWNER).len();
    env.telegram.say(&owner(), "/announce New: **pictures**\n/help");
    let shown = env.telegram.wait_for_count(OWNER, before + 2)[before..].to_vec();
    env.wait_settled();
    assert_eq!(shown[0].text(), "New: pictures\n/help");
    assert_eq!(shown[0].content.entities[0]["type"], "bold");
    assert!(
        shown[1].text().contains("It goes to 3 people who asked something in the last 30 days"),
        "{}",
        shown[1].text()
    );
    assert_eq!(got(&env, "New: pictures\n/help").len(), 0, "nothing is sent before its owner says so");
    press(&env, ":send");
    assert_eq!(
        result(&env),
        "Announcement: 3 of 3 sent, 0 not delivered (the bot is blocked, or the chat closed), 0 left out, 0 not sent."
    );
    env.wait_settled();
    assert_eq!(got(&env, "New: pictures\n/help"), [(1005, 1), (1006, 1), (1007, 1)].into());
    // Pressed again, it is not sent again.
    let data = shown[1].buttons()[0].to_owned();
    forge(&env, OWNER, shown[1].message_id, &data);
    assert_eq!(got(&env, "New: pictures\n/help").values().sum::<usize>(), 3);
    assert_eq!(env.psql("SELECT state FROM announcements"), "done");
}

#[test]
fn with_one_button_people_get_no_more_and_with_another_they_get_them_again() {
    let env = with_people(2);
    let _bot = env.start_ready();
    announce(&env, "one");
    result(&env);
    let first = env.telegram.wait_for_text(FIRST, |text| text == "one");
    assert_eq!(first.buttons(), ["news:1001:off"]);
    env.telegram.press(&person(FIRST), first.message_id, first.buttons()[0]);
    let told = env.telegram.wait_for_text(FIRST, |text| text == "You get no more announcements.");
    env.wait_settled();
    announce(&env, "two");
    env.telegram.wait_for_text(1002, |text| text == "two");
    env.wait_settled();
    assert_eq!(got(&env, "two"), [(1002, 1)].into());
    env.telegram.press(&person(FIRST), told.message_id, told.buttons()[0]);
    env.telegram.wait_for_text(FIRST, |text| text == "You get announcements again.");
    env.wait_settled();
    announce(&env, "three");
    env.telegram.wait_for_text(FIRST, |text| text == "three");
    // After an erasure nothing says what the person got.
    env.run(&["history", "erase", "--user", "1001", "--yes"]).ok();
    assert_eq!(env.psql("SELECT count(*) FROM announcement_recipients WHERE user_id = 1001"), "0");
}

#[test]
fn nobody_but_an_owner_announces_and_a_draft_is_its_owners() {
    let env = with_people(3);
    let _bot = env.start_ready();
    assert!(ask(&env, &person(FIRST), "/announce zebra").text().contains("do not know this command"));
    for (wrong, said) in [
        ("/announce", "“/announce text”"),
        ("/announce 7d", "“/announce text”"),
        ("/announce stop", "No announcement is under way."),
    ] {
        assert!(ask(&env, &owner(), wrong).text().contains(said), "{wrong}");
    }
    let before = env.telegram.texts(OWNER).len();
    env.telegram.say(&owner(), "/announce zebra");
    let control = env.telegram.wait_for_count(OWNER, before + 2)[before + 1].clone();
    env.wait_settled();
    let data = control.buttons()[0].to_owned();
    for data in [data.clone(), data.replace(":9:", ":1001:")] {
        forge(&env, FIRST, control.message_id, &data);
    }
    assert_eq!(env.psql("SELECT state FROM announcements"), "draft");
    press(&env, ":stop");
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("The announcement is cancelled"));
    forge(&env, OWNER, control.message_id, &data);
    assert_eq!(got(&env, "zebra").len(), 0);
    assert_eq!(env.psql("SELECT count(*) FROM announcement_recipients"), "0");
}

/// Lets it go on until so many have got it, and kills the bot then.
fn kill_after(env: &TestEnv, bot: Bot, number: usize, text: &str) {
    env.telegram.wait_until(PATIENCE, |state| {
        (state.sent().iter().filter(|sent| sent.chat_id >= FIRST && sent.text() == text).count() >= number)
            .then_some(())
    });
    env.kill(bot);
}

#[test]
fn whatever_ends_the_program_and_whatever_telegram_says_each_person_gets_it_once() {
    let people: i64 =
        std::env::var("ANNOUNCE_PEOPLE").ok().and_then(|people| people.parse().ok()).unwrap_or(200);
    let env = with_people(people);
    let all = usize::try_from(people).unwrap();
    let mut bot = env.start_ready();
    // Three have blocked the bot, and Telegram wants pauses now and then.
    for blocked in [FIRST, FIRST + 7, FIRST + people - 1] {
        env.telegram.block(blocked);
    }
    env.telegram.fault(Calls::to("sendMessage").skip(20).times(3), Action::RetryAfter(1));
    announce(&env, "zebra");
    for quarter in 1..=3 {
        kill_after(&env, bot, all * quarter / 4 - 10, "zebra");
        bot = env.start_ready();
    }
    let said = result(&env);
    env.wait_settled();
    assert!(
        said.starts_with(&format!("Announcement: {} of {people} sent, 3 not delivered", people - 3)),
        "{said}"
    );
    let got = got(&env, "zebra");
    assert_eq!(got.len(), all - 3, "everybody who can be reached");
    // What Telegram took while a kill kept that from being recorded: at each of three kills one for each send in flight.
    let twice: usize = got.values().map(|times| times - 1).sum();
    println!("{people} people, three kills: {twice} got it twice");
    assert!(twice <= 3 * RELEASED_AT_ONCE, "{twice} got it twice");
}

#[test]
fn how_far_it_is_stands_in_one_message_that_is_edited_over_a_kill_and_ends_with_the_result() {
    let mut env = with_people(200);
    // Some 25 people a second.
    env.set("TELEGRAM_RATE", "100");
    env.set("SHORT_WAITS", "doorkeeper=0.2 shown=0.1");
    let bot = env.start_ready();
    for blocked in [FIRST + 1, FIRST + 2] {
        env.telegram.block(blocked);
    }
    env.telegram.say(&owner(), "/announce zebra");
    let control = press(&env, ":send").message_id;
    env.telegram.wait_until(PATIENCE, |state| {
        let text = state.message(OWNER, control)?.text();
        let sent = text.strip_prefix("Announcement: ")?.split(' ').next()?.parse::<usize>().ok()?;
        (sent > 0).then_some(())
    });
    env.kill(bot);
    // The last one is blocked by an owner meanwhile.
    let last = "user_id = 1200 AND state = 'waiting'";
    assert_eq!(env.psql(&format!("SELECT count(*) FROM announcement_recipients WHERE {last}")), "1");
    env.psql("UPDATE people SET state = 'blocked' WHERE id = 1200");
    let _bot = env.start_ready();
    let said = result(&env);
    env.wait_settled();
    assert_eq!(
        said,
        "Announcement: 197 of 200 sent, 2 not delivered (the bot is blocked, or the chat closed), 1 left out, 0 not sent."
    );
    let about: Vec<Sent> = env.telegram.look(|state| {
        let is_about = |sent: &&Sent| {
            sent.text().starts_with("Announcement") || sent.first_text().starts_with("This is how")
        };
        state.in_chat(OWNER).filter(is_about).cloned().collect()
    });
    assert_eq!(about.len(), 1, "{:?}", env.telegram.texts(OWNER));
    let progress: Vec<usize> = about[0]
        .edits
        .iter()
        .filter_map(|(_, content)| {
            content.text.strip_prefix("Announcement: ")?.split(' ').next()?.parse().ok()
        })
        .collect();
    assert!(progress.len() >= 3 && progress.is_sorted(), "{progress:?}");
    assert!(about[0].buttons().is_empty(), "nothing is left to be stopped");
}

#[test]
fn a_kill_between_the_outbox_and_telegram_costs_nobody_the_announcement() {
    for (point, most) in [("finished", 1), ("sending", 1), ("taken", 2), ("recorded", 1)] {
        let env = with_people(5);
        // Of what people get the button alone has their number.
        let part = if point == "finished" { "announce:9:" } else { "news:1003:off" };
        let bot = env.start_with(&[("KILL_POINT", &format!("{point}:{part}"))]);
        env.telegram.say(&owner(), "/announce zebra");
        if point != "finished" {
            press(&env, ":send");
        }
        env.wait_killed(bot);
        let _bot = env.start_ready();
        if point == "finished" {
            press(&env, ":send");
        }
        assert!(result(&env).starts_with("Announcement: 5 of 5 sent, 0 not delivered"), "{point}");
        env.wait_settled();
        let got = got(&env, "zebra");
        let times = |user: i64| got[&user];
        assert!((1..=most).contains(&times(1003)), "{point}: {got:?}");
        // Those of the others may be on their way in this moment.
        let most = if point == "finished" { 1 } else { 2 };
        assert!([1001, 1002, 1004, 1005].iter().all(|user| times(*user) <= most), "{point}: {got:?}");
        assert_eq!(env.psql("SELECT count(*) FROM announcements"), "1", "{point}");
    }
}

#[test]
fn a_stop_ends_it_and_says_how_far_it_was() {
    let env = with_people(100);
    let _bot = env.start_ready();
    // Everybody's turn comes slowly.
    env.telegram.fault(
        Calls::to("sendMessage").skip(3).times(1000),
        Action::Delay(std::time::Duration::from_millis(100)),
    );
    announce(&env, "zebra");
    env.telegram.wait_for_text(FIRST, |text| text == "zebra");
    assert!(ask(&env, &owner(), "/announce stop").text().starts_with("I stop"));
    let said = result(&env);
    env.wait_settled();
    let sent = got(&env, "zebra").len();
    assert!(sent < 100 && said.starts_with(&format!("Announcement: {sent} of 100 sent,")), "{said}");
    assert!(said.ends_with(&format!("{} not sent.", 100 - sent)), "{said}");
    assert_eq!(env.psql("SELECT state FROM announcements"), "stopped");
}

#[test]
fn answers_beside_an_announcement_are_as_fast_as_without_one() {
    let mut env = with_people(400);
    env.set("TELEGRAM_RATE", "30");
    env.set("SHORT_WAITS", "doorkeeper=0.2");
    let _bot = env.start_ready();
    let asker = Person::private(OWNER).speaking("en");
    let slowest = || {
        let times = (0..30).map(|number| {
            let (begun, before) = (Instant::now(), env.telegram.texts(OWNER).len());
            env.telegram.say(&asker, &format!("question {number}"));
            env.telegram.wait_for_count(OWNER, before + 1);
            begun.elapsed()
        });
        times.max().unwrap()
    };
    let alone = slowest();
    announce(&env, "zebra");
    env.telegram.wait_for_text(FIRST, |text| text == "zebra");
    let beside = slowest();
    let sent = got(&env, "zebra").len();
    assert!(sent < 400, "it goes on beside the answers");
    println!("the slowest of 30 answers: {alone:?} alone, {beside:?} beside an announcement");
    assert!(beside < alone * 2 + std::time::Duration::from_millis(500), "{beside:?} instead of {alone:?}");
}
