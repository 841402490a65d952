//! What is forwarded is one question with its comment, however it arrives, and never its sender's own word.

use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::{Person, Said};
use sandbox::{PATIENCE, TestEnv};
use serde_json::{Value, json};

/// A moment of Telegram's clock.
const DATE: i64 = 1_800_000_000;

/// A message that somebody else wrote, forwarded at this second.
fn forwarded(words: &str, second: i64) -> Value {
    let origin = json!({"type": "hidden_user", "sender_user_name": "Ann", "date": 1});
    json!({"text": words, "date": DATE + second, "forward_origin": origin})
}

fn comment(words: &str, second: i64) -> Value {
    json!({"text": words, "date": DATE + second})
}

/// These words as the model reads them.
fn quoted(words: impl IntoIterator<Item = String>) -> String {
    let quoted = |words: String| format!("[Quoted: a message by \"Ann\" that I forward]\n> {words}\n\n");
    words.into_iter().map(quoted).collect()
}

fn numbered(numbers: std::ops::Range<i64>) -> impl Iterator<Item = String> {
    numbers.map(|n| format!("piece {n}"))
}

fn pour(env: &TestEnv, person: &Person, numbers: std::ops::Range<i64>, second: i64) -> Vec<Said> {
    numbered(numbers).map(|words| env.telegram.post(person, &forwarded(&words, second))).collect()
}

/// The question that is answered now, as the model read it.
fn asked_last(env: &TestEnv) -> String {
    env.model.requests().last().unwrap().question().to_owned()
}

/// Waits until this is the newest question that the model has answered, in the only message of the chat.
fn wait_answered(env: &TestEnv, chat_id: i64, question: &str) {
    env.model.wait_until(PATIENCE, |state| {
        state.requests().last().is_some_and(|asked| asked.question() == question).then_some(())
    });
    env.telegram.wait_for_count(chat_id, 1);
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NULL", |rows| rows == "0");
    env.wait_settled();
    assert_eq!(env.telegram.texts(chat_id).len(), 1, "one answer");
    let live = "SELECT count(*) FROM turns WHERE superseded_by IS NULL AND state = 'answered'";
    assert_eq!(env.psql(live), "1");
}

#[test]
fn a_comment_and_what_it_forwards_are_one_question() {
    let env = TestEnv::new();
    let person = Person::private(1);
    let first = env.telegram.post(&person, &comment("what is it?", 0));
    let said = pour(&env, &person, 1..3, 0);
    // What comes later, by the dates, is another question.
    env.telegram.post(&person, &comment("and now?", 60));
    let _bot = env.start();
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    let asked: Vec<_> = env.model.requests().iter().map(|asked| asked.question().to_owned()).collect();
    assert_eq!(asked, [quoted(numbered(1..3)) + "what is it?", "and now?".to_owned()]);
    let ids: Vec<_> =
        [first].iter().chain(&said).map(|Said { message_id, .. }| message_id.to_string()).collect();
    let of_first = "SELECT array_to_string(message_ids, ',') FROM turns ORDER BY id LIMIT 1";
    assert_eq!(env.psql(of_first), ids.join(","));
    assert_eq!(env.psql("SELECT count(DISTINCT turn_id), count(turn_id) FROM updates"), "2|4");
    let own = "SELECT content FROM messages WHERE role = 'user' ORDER BY id LIMIT 1";
    assert_eq!(env.psql(own), "what is it?");
}

#[test]
fn twenty_forwards_in_two_pours_are_one_question_and_its_answer_is_replaced_in_place() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    pour(&env, &person, 1..13, 0);
    wait_answered(&env, 1, &(quoted(numbered(1..13)) + "What about this?"));
    assert_eq!(env.model.requests().len(), 1, "over batches too");
    pour(&env, &person, 13..21, 4);
    wait_answered(&env, 1, &(quoted(numbered(1..21)) + "What about this?"));
    assert_eq!(env.model.requests().len(), 2);
    assert_eq!(env.psql("SELECT array_length(message_ids, 1) FROM turns WHERE superseded_by IS NULL"), "20");
    // What was answered last is what a repetition asks, whole.
    env.telegram.say(&person, "/retry");
    env.model.wait_for_requests(3);
    assert_eq!(asked_last(&env), quoted(numbered(1..21)) + "What about this?");
    // A forward that its person chose later is a question of its own.
    env.wait_settled();
    pour(&env, &person, 21..22, 60);
    env.telegram.wait_for_count(1, 2);
    assert_eq!(asked_last(&env), quoted(numbered(21..22)) + "What about this?");
}

#[test]
fn what_is_forwarded_while_its_comment_is_in_work_has_it_asked_anew() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let gate = env.model.hold(When::asked("what is it?").once());
    env.telegram.post(&person, &comment("what is it?", 0));
    gate.wait_arrived();
    pour(&env, &person, 1..4, 0);
    wait_answered(&env, 1, &(quoted(numbered(1..4)) + "what is it?"));
    gate.release();
    assert_eq!(env.model.requests().len(), 2);
    assert_eq!(env.psql("SELECT count(*) FROM turns"), "1");
}

#[test]
fn what_is_forwarded_when_its_comment_is_answered_replaces_the_answer_also_after_a_restart() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1);
    let said = env.telegram.post(&person, &comment("what is it?", 0));
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    env.kill(bot);
    pour(&env, &person, 1..3, 1);
    let _bot = env.start();
    wait_answered(&env, 1, &(quoted(numbered(1..3)) + "what is it?"));
    // Its comment can be edited still.
    env.telegram.edit(&person, said.message_id, "where is it?");
    wait_answered(&env, 1, &(quoted(numbered(1..3)) + "where is it?"));
}

#[test]
fn a_kill_between_two_pours_costs_nothing() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    pour(&env, &person, 1..4, 0);
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "3");
    env.kill(bot);
    pour(&env, &person, 4..6, 1);
    let _bot = env.start();
    wait_answered(&env, 1, &(quoted(numbered(1..6)) + "What about this?"));
    // Where the kill came late, the first three had an answer that this one has replaced.
    assert_eq!(env.psql("SELECT count(*) FROM quotes WHERE turn_id = (SELECT max(id) FROM turns)"), "5");
}

#[test]
fn a_forwarded_command_is_nobodys_command() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "remember me");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let mut command = forwarded("/forget", 0);
    command["entities"] = json!([{"type": "bot_command", "offset": 0, "length": 7}]);
    env.telegram.post(&person, &command);
    env.telegram.wait_for_count(1, 2);
    assert_eq!(asked_last(&env), quoted(["/forget".to_owned()]) + "What about this?");
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "4");
}

#[test]
fn in_a_group_what_is_forwarded_right_behind_a_question_to_the_bot_is_part_of_it_and_nothing_else() {
    let env = TestEnv::new();
    let _bot = env.start();
    let group = -1_000_000_000_005;
    let (eve, bob) = (Person::in_supergroup(2, group).speaking("en"), Person::in_supergroup(3, group));
    let name = format!("@{}", env.telegram.username());
    let mention = |mut fields: Value| {
        fields["entities"] = json!([{"type": "mention", "offset": 0, "length": name.len()}]);
        fields
    };
    // Neither what is forwarded among people nor whom it names is said to the bot.
    env.telegram.post(&bob, &mention(forwarded(&format!("{name} zebra"), 0)));
    env.telegram.post(&eve, &forwarded("/clear@our_bot zebra", 0));
    env.telegram.post(&eve, &mention(comment(&name, 20)));
    env.telegram.post(&bob, &forwarded("zebra", 20));
    pour(&env, &eve, 1..3, 20);
    env.telegram.post(&eve, &forwarded("zebra", 60));
    wait_answered(&env, group, &(quoted(numbered(1..3)) + "What about this?"));
    env.telegram.wait_confirmed();
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "3");
    assert_eq!(env.psql("SELECT count(*) FROM quotes WHERE content LIKE '%zebra%'"), "0");
}

#[test]
fn with_a_rate_limit_a_late_piece_interrupts_nothing_and_counts_as_a_question() {
    let mut env = TestEnv::new();
    env.set("RATE_LIMIT", "2");
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let gate = env.model.hold(When::asked("what is it?").once());
    env.telegram.post(&person, &comment("what is it?", 0));
    gate.wait_arrived();
    pour(&env, &person, 1..2, 0);
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
    gate.release();
    wait_answered(&env, 1, &(quoted(numbered(1..2)) + "what is it?"));
    assert_eq!(env.model.requests().len(), 2);
    pour(&env, &person, 2..3, 1);
    env.telegram.wait_for_text(1, |text| text.contains("as many questions as are allowed"));
    assert_eq!(env.model.requests().len(), 2);
}

#[test]
fn a_live_message_becomes_the_answer_to_what_came_late() {
    let mut env = TestEnv::new();
    env.set("LIVE_ANSWERS", "edit");
    let _bot = env.start();
    let person = Person::private(1);
    let gate = Gate::default();
    let slow = Behaviour::text("The first words of an answer.").token_characters(4).hold_after(3, &gate);
    env.model.on(When::asked("what is it?").once(), slow);
    env.telegram.post(&person, &comment("what is it?", 0));
    env.telegram.wait_for_text(1, |text| text.contains("The"));
    pour(&env, &person, 1..2, 0);
    wait_answered(&env, 1, &(quoted(numbered(1..2)) + "what is it?"));
    gate.release();
    assert!(env.telegram.texts(1)[0].contains("piece 1"), "{:?}", env.telegram.texts(1));
}
