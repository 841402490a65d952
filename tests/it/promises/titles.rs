//! A new topic of a private chat that its person did not name gets a title from its first exchange: once, paid once, and never
//! over a name that a person gave.

use sandbox::model::{Asked, Behaviour, Gate, When};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv};

/// What is in every request for a title.
const EXCHANGE: &str = "[The person]";

fn env() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "quiet=0 later=0.1");
    env.model.on(When::asked(EXCHANGE), Behaviour::text("**«Борщ без мяса.»**\n"));
    env
}

fn topic() -> Person {
    Person::private(1).in_thread(7)
}

fn name(env: &TestEnv) -> Option<String> {
    env.telegram.look(|state| state.topic_name(1, 7).map(str::to_owned))
}

fn wait_named(env: &TestEnv, expected: &str) {
    env.telegram.wait_until(PATIENCE, |state| (state.topic_name(1, 7) == Some(expected)).then_some(()));
}

/// Asks, and waits until that is answered and nothing is left to do beside the answers.
fn ask(env: &TestEnv, text: &str) {
    env.telegram.say(&topic(), text);
    env.telegram.wait_confirmed();
    env.wait_settled();
}

fn titles_asked_for(env: &TestEnv) -> usize {
    env.model.requests().iter().filter(|asked| asked.names_topic()).count()
}

#[test]
fn a_new_topic_gets_a_title_from_its_first_exchange_once_and_its_call_is_in_the_ledger() {
    let env = env();
    let _bot = env.start_ready();
    env.telegram.begin_topic(&topic());
    ask(&env, "How is borscht made?");
    wait_named(&env, "Борщ без мяса");
    env.database.wait_for_rows("SELECT count(*) FROM topics", |count| count == "0");
    ask(&env, "And with beans?");
    ask(&env, "And with rice?");
    let asked = env.model.requests().into_iter().find(Asked::names_topic).unwrap();
    let read = &asked.messages[1].content;
    assert!(read.starts_with("[The person]\n> How is borscht made?\n\n[The assistant]\n> "), "{read}");
    assert_eq!(titles_asked_for(&env), 1);
    assert_eq!(
        env.psql("SELECT purpose, outcome, thread_id FROM model_calls WHERE purpose <> 'answer'"),
        "title|answered|7"
    );
    assert_eq!(env.telegram.calls("editForumTopic").len(), 1);
}

#[test]
fn a_topic_that_a_person_named_keeps_its_name_whenever_that_was() {
    let env = env();
    let _bot = env.start_ready();
    // At its beginning, and before the first answer.
    env.telegram.begin_named_topic(&topic(), "Kitchen");
    ask(&env, "How is borscht made?");
    let other = Person::private(2).in_thread(9);
    env.telegram.begin_topic(&other);
    env.telegram.name_topic(&other, "Garden");
    env.telegram.say(&other, "When do I sow?");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(titles_asked_for(&env), 0);
    assert_eq!(env.telegram.calls("editForumTopic").len(), 0);
    for (chat, thread, expected) in [(1, 7, "Kitchen"), (2, 9, "Garden")] {
        let name = env.telegram.look(|state| state.topic_name(chat, thread).map(str::to_owned));
        assert_eq!(name.as_deref(), Some(expected));
    }
}

#[test]
fn a_topic_that_its_person_names_while_the_model_writes_a_title_keeps_that_name() {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "quiet=0 later=0.1");
    let gate = Gate::default();
    env.model.on(When::asked(EXCHANGE), Behaviour::text("The meadow").hold(&gate));
    let _bot = env.start_ready();
    env.telegram.begin_topic(&topic());
    ask(&env, "Who mows the meadow?");
    gate.wait_arrived();
    env.telegram.name_topic(&topic(), "Meadow");
    env.telegram.wait_confirmed();
    gate.release();
    env.database
        .wait_for_rows("SELECT count(*) FROM model_calls WHERE purpose = 'title'", |count| count == "1");
    ask(&env, "And who sows?");
    assert_eq!(env.telegram.calls("editForumTopic").len(), 0);
    assert_eq!(name(&env).as_deref(), Some("Meadow"));
}

#[test]
fn a_title_that_was_paid_for_is_given_after_a_crash_without_a_second_call() {
    let env = env();
    let bot = env.start_ready();
    let broken =
        env.telegram.fault(Calls::to("editForumTopic"), Action::Refuse(Reply::error(502, "Bad Gateway")));
    env.telegram.begin_topic(&topic());
    ask(&env, "How is borscht made?");
    broken.wait_hits(1, PATIENCE);
    bot.kill();
    env.telegram.clear_faults();
    let _bot = env.start_ready();
    assert_eq!(name(&env).as_deref(), Some("New topic"));
    ask(&env, "And with beans?");
    wait_named(&env, "Борщ без мяса");
    assert_eq!(titles_asked_for(&env), 1);
}

#[test]
fn where_no_title_comes_the_topic_keeps_its_name_and_answers_wait_for_nothing() {
    for (behaviour, settled) in [
        (Behaviour::status(400, "no"), true),
        (Behaviour::text("***"), true),
        (Behaviour::status(500, "broken"), false),
    ] {
        let env = TestEnv::new();
        env.model.on(When::asked(EXCHANGE), behaviour);
        let _bot = env.start_with(&[("SHORT_WAITS", "quiet=0 later=0.1")]);
        env.telegram.begin_topic(&topic());
        ask(&env, "How is borscht made?");
        env.database
            .wait_for_rows("SELECT count(*) FROM model_calls WHERE purpose = 'title'", |count| count != "0");
        ask(&env, "And with beans?");
        assert_eq!(env.psql("SELECT count(*) FROM turns WHERE state = 'answered'"), "2");
        assert_eq!(name(&env).as_deref(), Some("New topic"));
        if settled {
            env.assert_logged("panic", 0);
        }
    }
}

#[test]
fn a_topic_gets_its_title_and_nothing_is_summed_up_where_summaries_are_off() {
    let mut env = env();
    env.set("SUMMARIES", "off");
    env.set("MAX_HISTORY_MESSAGES", "4");
    let _bot = env.start_ready();
    env.telegram.begin_topic(&topic());
    for question in
        ["How is borscht made?", "And with beans?", "And with rice?", "And with millet?", "And how long?"]
    {
        ask(&env, question);
    }
    wait_named(&env, "Борщ без мяса");
    env.others_are_served();
    // What is written beside the answers of another topic comes after all that was wanted before.
    let other = Person::private(2).in_thread(9);
    env.telegram.begin_topic(&other);
    env.telegram.say(&other, "When do I sow?");
    env.telegram
        .wait_until(PATIENCE, |state| state.topic_name(2, 9).filter(|name| *name != "New topic").map(drop));
    assert_eq!(env.psql("SELECT DISTINCT purpose FROM model_calls ORDER BY 1"), "answer\ntitle");
}

#[test]
fn topics_of_groups_and_topics_without_the_wish_for_a_name_are_left_alone_and_so_is_everything_with_titles_off()
 {
    let env = env();
    let bot = env.start_ready();
    let group = Person::in_supergroup(1, -1_000_000_000_005).in_thread(7);
    env.telegram.begin_topic(&group);
    env.telegram.address(&group, "How is borscht made?");
    env.telegram.wait_confirmed();
    env.wait_settled();
    ask(&env, "How is borscht made?");
    bot.stop();
    let _bot = env.start_with(&[("TOPIC_TITLES", "off")]);
    env.telegram.begin_topic(&Person::private(1).in_thread(8));
    env.telegram.say(&Person::private(1).in_thread(8), "And with beans?");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(titles_asked_for(&env), 0);
    // The person goes with everything.
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    assert_eq!(env.psql("SELECT count(*) FROM topics"), "0");
}
