//! A model that sums up a private dialogue may propose a fact that its person said of themself; the bot asks, and keeps it only
//! after a yes.

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Person, Sent};
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

use super::choosing::{labels, press, told};
use super::summaries;

/// What is in every request for a summary.
const PERSON: &str = "[The person]";
/// How the bot asks.
const ASKS: &str = "You said this, and it may be of use: ";
const ASKED: &str = "SELECT content, kept FROM fact_proposals ORDER BY id";

fn ann() -> Person {
    Person::private(1).speaking("en")
}

/// A bot whose model proposes these facts whenever it sums up.
fn env(facts: &[&str]) -> TestEnv {
    let mut env = TestEnv::new();
    env.set("MAX_HISTORY_MESSAGES", "4");
    env.set("SHORT_WAITS", "quiet=0 later=0.1");
    env.model.usually(Behaviour::text("Well."));
    propose(&env, facts);
    env
}

fn propose(env: &TestEnv, facts: &[&str]) {
    let written = format!("They talked of zebras.\n\n**@@FACTS**\n- {}\n", facts.join("\n- "));
    env.model.clear();
    env.model.on(When::asked(PERSON), Behaviour::text(&written));
}

/// Says this, and so much more that it is summed up.
fn say(env: &TestEnv, person: &Person, words: &str) {
    let rest = ["question 2.", "question 3.", "question 4."];
    summaries::ask_calmly(env, person, [words].into_iter().chain(rest).map(str::to_owned));
}

/// The questions of the bot whether to remember something.
fn questions(env: &TestEnv) -> Vec<Sent> {
    env.telegram
        .look(|state| state.in_chat(1).filter(|sent| sent.text().starts_with(ASKS)).cloned().collect())
}

fn question(env: &TestEnv) -> Sent {
    env.telegram.wait_until(PATIENCE, |state| {
        state.in_chat(1).find(|sent| sent.text().starts_with(ASKS) && !labels(sent).is_empty()).cloned()
    })
}

/// The message that took the place of the question.
fn became(env: &TestEnv, question: &Sent, beginning: &str) -> Sent {
    env.telegram.wait_until(PATIENCE, |state| {
        state.message(1, question.message_id).filter(|now| now.text().starts_with(beginning)).cloned()
    })
}

/// Another day begins.
fn next_day(env: &TestEnv) {
    env.psql("UPDATE fact_proposals SET proposed_at = proposed_at - interval '25 hours'");
}

/// Nothing was proposed, though summaries were made.
fn assert_nothing_asked(env: &TestEnv) {
    assert_ne!(env.psql("SELECT count(*) FROM summaries"), "0");
    assert_eq!(env.psql("SELECT count(*) FROM fact_proposals"), "0");
    assert_eq!(questions(env).len(), 0);
}

#[test]
fn what_a_person_said_of_themself_is_asked_about_once_and_kept_after_a_yes_and_read_from_then_on() {
    let env = env(&["I own a private jet", "I eat no meat"]);
    let bot = env.start_ready();
    say(&env, &ann(), "Hello! I eat no meat. What is for dinner?");
    let asked = question(&env);
    assert!(asked.text().contains(": I eat no meat\n"), "{}", asked.text());
    assert_eq!(labels(&asked), [["Yes", "No"]]);
    // No summary holds what was proposed, and nothing is a fact yet.
    assert_eq!(env.psql("SELECT DISTINCT content FROM summaries"), "They talked of zebras.");
    assert_eq!(env.psql("SELECT count(*) FROM facts"), "0");
    // Somebody else's press does nothing; the person's own counts once.
    press(&env, &Person { user_id: 2, ..ann() }, &asked, "Yes");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql(ASKED), "I eat no meat|");
    // Of several presses the first one counts.
    assert!(bot.stop().success());
    for label in ["Yes", "Yes", "No"] {
        press(&env, &ann(), &asked, label);
    }
    let _bot = env.start_ready();
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql(ASKED), "I eat no meat|t");
    let now = became(&env, &asked, "This is settled already");
    assert!(labels(&now).is_empty());
    // The fact knows the message that said it.
    let first = env.psql("SELECT message_ids[1] FROM turns ORDER BY id LIMIT 1");
    assert_eq!(
        env.psql("SELECT content, message_id FROM facts WHERE deleted_at IS NULL"),
        format!("I eat no meat|{first}")
    );
    told(&env, &ann(), "And for lunch?");
    env.wait_settled();
    let read = env.asked("And for lunch?").pop().unwrap().messages[0].content.clone();
    assert!(read.ends_with(": I eat no meat"), "{read}");
    env.assert_logged("zebra", 0);
}

#[test]
fn what_was_refused_is_never_asked_about_again_and_nobody_is_asked_twice_a_day() {
    let env = env(&["I eat no meat"]);
    let _bot = env.start_ready();
    say(&env, &ann(), "I eat no meat.");
    let asked = question(&env);
    press(&env, &ann(), &asked, "No");
    assert!(labels(&became(&env, &asked, "All right, I do not remember this")).is_empty());
    assert_eq!(env.psql(ASKED), "I eat no meat|f");
    // Another fact has to wait for another day.
    propose(&env, &["I don't eat any meat", "My cat is black"]);
    say(&env, &ann(), "I don't eat any meat. My cat is black.");
    assert_eq!(env.psql(ASKED), "I eat no meat|f");
    next_day(&env);
    say(&env, &ann(), "I don't eat any meat. My cat is black.");
    env.wait_for_rows(ASKED, |rows| rows == "I eat no meat|f\nMy cat is black|");
    // As long as that is open, nothing else is asked.
    next_day(&env);
    propose(&env, &["My dog is white"]);
    say(&env, &ann(), "My dog is white.");
    assert_eq!(env.psql("SELECT count(*) FROM fact_proposals"), "2");
    assert_eq!(env.psql("SELECT count(*) FROM facts"), "0");
}

#[test]
fn nothing_is_proposed_that_stands_in_a_quotation_a_forward_a_file_or_an_answer() {
    let env = env(&["I am allergic to nuts", "I live in Riga"]);
    env.model.usually(Behaviour::text("I am allergic to nuts, and I live in Riga."));
    let _bot = env.start_ready();
    let eve = json!({"id": 5, "is_bot": false, "first_name": "Eve"});
    let words = "I am allergic to nuts. I live in Riga.";
    let mut picture = env.telegram.photo(&[(b"\xff\xd8\xff picture", 800, 600)]);
    picture["caption"] = json!(words);
    for fields in [
        json!({"text": "What does this mean?", "reply_to_message": {"message_id": 999, "date": 1, "from": eve, "text": words}}),
        // Somebody may be talked into repeating what a text says.
        json!({"text": words, "reply_to_message": {"message_id": 999, "date": 1, "from": eve, "text": words}}),
        json!({"text": words, "forward_origin": {"type": "user", "sender_user": eve, "date": 1}}),
        picture,
        json!({"text": "Am I allergic to nuts? Do I live in Riga?"}),
        json!({"text": "question 6."}),
        json!({"text": "question 7."}),
        json!({"text": "question 8."}),
    ] {
        env.telegram.post(&ann(), &fields);
        env.telegram.wait_confirmed();
        env.wait_settled();
        summaries::wait_summed_up(&env, &ann());
    }
    assert_nothing_asked(&env);
}

#[test]
fn in_a_group_nothing_is_proposed_and_the_model_is_not_asked_to() {
    let env = env(&["I eat no meat"]);
    let _bot = env.start_ready();
    let group = Person::in_supergroup(1, -1_000_000_000_005).speaking("en");
    for words in ["I eat no meat.", "question 2.", "question 3.", "question 4."] {
        told(&env, &group, words);
        env.wait_settled();
        summaries::wait_summed_up(&env, &group);
    }
    assert_nothing_asked(&env);
    assert!(summaries::summing(&env).iter().all(|asked| !asked.messages[0].content.contains("@@FACTS")));
    assert_eq!(env.psql("SELECT DISTINCT content FROM summaries"), "They talked of zebras.");
}

#[test]
fn a_crash_between_the_summary_and_the_message_asks_once() {
    let env = env(&["I eat no meat"]);
    let bot = env.start_with(&[("KILL_POINT", &format!("sending:{ASKS}"))]);
    for (number, words) in (1..).zip(["I eat no meat.", "question 2.", "question 3.", "question 4."]) {
        env.telegram.say(&ann(), words);
        env.wait_for_rows("SELECT count(*) FROM turns", |turns| turns == number.to_string());
        summaries::wait_summed_up(&env, &ann());
        if env.psql("SELECT count(*) FROM fact_proposals") != "0" {
            break;
        }
    }
    env.wait_killed(bot);
    assert_eq!(questions(&env).len(), 0);
    assert_eq!(env.psql(ASKED), "I eat no meat|");
    let _bot = env.start_ready();
    press(&env, &ann(), &question(&env), "Yes");
    env.wait_for_rows("SELECT content FROM facts", |rows| rows == "I eat no meat");
    summaries::ask_calmly(&env, &ann(), ["question 5.".to_owned(), "question 6.".to_owned()]);
    assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE turn_id IS NULL AND op = 'send'"), "1");
}

#[test]
fn with_the_memory_off_or_full_or_proposals_off_nobody_is_asked() {
    let env = env(&["I eat no meat"]);
    let bot = env.start_with(&[("FACT_PROPOSALS", "off")]);
    say(&env, &ann(), "I eat no meat.");
    assert_nothing_asked(&env);
    bot.stop();
    let _bot = env.start_ready();
    let bot_id = env.telegram.bot_id();
    env.psql(&format!("INSERT INTO memory_off (bot_id, chat_id, user_id) VALUES ({bot_id}, 1, 1)"));
    say(&env, &ann(), "I eat no meat.");
    assert_nothing_asked(&env);
    env.psql("DELETE FROM memory_off");
    env.psql(&format!(
        "INSERT INTO facts (bot_id, chat_id, user_id, content) SELECT {bot_id}, 1, 1, n::text FROM generate_series(1, 100) n"
    ));
    say(&env, &ann(), "I eat no meat.");
    assert_nothing_asked(&env);
    // One of a hundred goes, and comes back while the question waits: the question stands.
    env.psql("DELETE FROM facts WHERE content = '100'");
    say(&env, &ann(), "I eat no meat.");
    let asked = question(&env);
    env.psql(&format!(
        "INSERT INTO facts (bot_id, chat_id, user_id, content) VALUES ({bot_id}, 1, 1, '100')"
    ));
    press(&env, &ann(), &asked, "Yes");
    assert_eq!(labels(&became(&env, &asked, "I remember 100 facts here already")), [["Yes", "No"]]);
    env.wait_settled();
    env.psql("DELETE FROM facts WHERE content = '100'");
    press(&env, &ann(), &asked, "Yes");
    became(&env, &asked, "I will remember: I eat no meat");
}

#[test]
fn a_fact_that_was_proposed_goes_with_what_said_it_and_what_was_asked_goes_with_its_person_and_its_age() {
    let env = env(&["I eat no meat"]);
    let _bot = env.start_ready();
    say(&env, &ann(), "I eat no meat.");
    let asked = question(&env);
    press(&env, &ann(), &asked, "Yes");
    assert!(labels(&became(&env, &asked, "I will remember: I eat no meat")).is_empty());
    env.wait_settled();
    let message = env.psql("SELECT message_id FROM facts").parse().unwrap();
    let live = "SELECT count(*) FROM facts WHERE deleted_at IS NULL";
    env.telegram.edit(&ann(), message, "Well, I eat no meat!");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql(live), "1");
    env.telegram.edit(&ann(), message, "I eat everything.");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql(live), "0");
    let purge = ["history", "purge", "--older-than", "30", "--yes"];
    env.run(&purge);
    assert_eq!(env.psql("SELECT count(*) FROM fact_proposals"), "1");
    env.psql("UPDATE fact_proposals SET proposed_at = proposed_at - interval '31 days'");
    env.run(&purge);
    assert_eq!(env.psql("SELECT count(*) FROM fact_proposals"), "0");
    let ask = "INSERT INTO fact_proposals (bot_id, chat_id, user_id, content) VALUES (1, 1, 1, 'I sing')";
    env.psql(ask);
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    assert_eq!(env.psql("SELECT count(*) FROM fact_proposals"), "0");
    // Who was only asked something can still have it deleted.
    env.psql(ask);
    let sure = told(&env, &ann(), "/forget");
    press(&env, &ann(), &sure, "Delete everything for good");
    env.wait_for_rows("SELECT count(*) FROM fact_proposals", |rows| rows == "0");
}
