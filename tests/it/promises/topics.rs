//! Each topic of a chat is a dialogue of its own, in forum groups and in private chats, and what is said outside topics is
//! one more.

use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, Gate, Message, When};
use sandbox::telegram::{Action, Calls, Person, Reply, Sent};
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

const FORUM: i64 = -1_000_000_000_005;

/// Somebody in a forum group, and somebody in a private chat, by their ids.
fn chats() -> [Person; 2] {
    [Person::in_supergroup(1, FORUM), Person::private(2)].map(|person| person.speaking("en"))
}

/// The same person in two topics and outside of them.
fn places(person: &Person) -> [Person; 3] {
    [person.clone().in_thread(7), person.clone().in_thread(8), person.clone()]
}

/// The newest message of the bot in this topic.
fn newest(env: &TestEnv, place: &Person) -> Option<Sent> {
    env.telegram.look(|state| state.in_chat(place.chat_id).rfind(|sent| sent.thread == place.thread).cloned())
}

/// Says something and returns the one answer to it, which is in the same topic.
#[track_caller]
fn ask(env: &TestEnv, place: &Person, text: &str) -> Sent {
    let before = env.telegram.look(|state| state.in_chat(place.chat_id).count());
    env.telegram.address(place, text);
    let answer = env.telegram.wait_for_count(place.chat_id, before + 1)[before].clone();
    env.wait_settled();
    assert_eq!(answer.thread, place.thread, "{text} is answered where it was asked");
    answer
}

/// The questions that are live, by topic.
fn live(env: &TestEnv) -> String {
    env.psql(
        "SELECT coalesce(thread_id, 0), string_agg(content, ' | ' ORDER BY id) FROM messages
         WHERE role = 'user' AND deleted_at IS NULL GROUP BY 1 ORDER BY 1",
    )
}

#[test]
fn each_topic_has_a_dialogue_of_its_own_and_so_has_what_is_outside_topics() {
    for person in chats() {
        let env = TestEnv::new();
        let _bot = env.start();
        let places = places(&person);
        let answers: Vec<_> = ["in seven", "in eight", "in none"]
            .iter()
            .zip(&places)
            .map(|(text, place)| ask(&env, place, text))
            .collect();
        for ((text, place), answer) in ["in seven", "in eight", "in none"].iter().zip(&places).zip(&answers) {
            let question = format!("and now, {text}?");
            ask(&env, place, &question);
            let said = [
                Message::system(PROMPT),
                Message::user(text),
                Message::assistant(answer.text()),
                Message::user(&question),
            ];
            assert_eq!(env.asked(&question)[0].messages, said);
        }
        let rows = "SELECT (SELECT string_agg(coalesce(thread_id, 0)::text, ',' ORDER BY id) FROM messages),
                           (SELECT string_agg(coalesce(thread_id, 0)::text, ',' ORDER BY id) FROM turns)";
        assert_eq!(env.psql(rows), "7,7,8,8,0,0,7,7,8,8,0,0|7,8,0,7,8,0");
    }
}

#[test]
fn a_chain_of_replies_is_no_topic() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_supergroup(1, FORUM);
    let first = ask(&env, &person, "one");
    // Telegram gives the chain a thread id, which no topic has.
    let name = env.telegram.username().to_owned();
    let mention = json!([{"type": "mention", "offset": 0, "length": name.len() + 1}]);
    let fields =
        json!({"text": format!("@{name} two"), "entities": mention, "message_thread_id": first.message_id});
    let said = env.telegram.post(&person, &fields);
    let sent = env.telegram.wait_for_count(FORUM, 2)[1].clone();
    env.wait_settled();
    assert_eq!((sent.thread, sent.reply_to), (None, Some(said.message_id)));
    assert_eq!(env.asked("two")[0].messages.len(), 4, "it goes on with the dialogue outside topics");
    assert_eq!(live(&env), "0|one | two");
}

#[test]
fn topics_of_a_chat_are_answered_side_by_side_and_each_in_its_order() {
    for person in chats() {
        let env = TestEnv::new();
        let _bot = env.start();
        let [seven, eight, none] = places(&person);
        let gate = env.model.hold(When::asked("slow"));
        env.telegram.address(&seven, "slow");
        gate.wait_arrived();
        env.telegram.address(&seven, "behind it");
        ask_beside(&env, &eight, "fast");
        ask_beside(&env, &none, "fast too");
        assert_eq!(env.times_asked("behind it"), 0);
        gate.release();
        env.telegram.wait_for_count(person.chat_id, 4);
        env.wait_settled();
        let answered = "SELECT string_agg(content, ',' ORDER BY id) FROM messages WHERE role = 'user'";
        assert_eq!(env.psql(answered), "fast,fast too,slow,behind it");
    }
}

/// Says something that is answered while something else is in work.
fn ask_beside(env: &TestEnv, place: &Person, text: &str) {
    env.telegram.address(place, text);
    env.telegram.wait_until(PATIENCE, |state| {
        let mut here = state.in_chat(place.chat_id).filter(|sent| sent.thread == place.thread);
        here.any(|sent| sent.text().contains(text)).then_some(())
    });
}

#[test]
fn a_topic_is_cleared_restored_and_begun_anew_alone() {
    for person in chats() {
        let env = TestEnv::new();
        let _bot = env.start();
        let [seven, eight, none] = places(&person);
        for (place, text) in [(&seven, "a"), (&eight, "b"), (&none, "c")] {
            ask(&env, place, text);
        }
        assert!(ask(&env, &seven, "/clear").text().contains("(2 messages)"));
        assert_eq!(live(&env), "0|c\n8|b");
        assert!(!ask(&env, &eight, "/restore").text().contains("messages)"), "nothing was cleared here");
        assert!(ask(&env, &none, "/clear").text().contains("(2 messages)"));
        assert_eq!(live(&env), "8|b");
        assert!(ask(&env, &seven, "/restore").text().contains("(2 messages)"));
        assert_eq!(live(&env), "7|a\n8|b");
        ask(&env, &eight, "/new d");
        assert_eq!(live(&env), "7|a\n8|d");
        assert_eq!(env.asked("d")[0].messages, [Message::system(PROMPT), Message::user("d")]);
    }
}

#[test]
fn the_last_question_is_the_last_one_of_its_topic_for_retry_edits_and_buttons() {
    for person in chats() {
        let env = TestEnv::new();
        let _bot = env.start();
        let [seven, eight, none] = places(&person);
        let name = env.telegram.username().to_owned();
        let said = env.telegram.address(&seven, "soup");
        env.telegram.wait_for_count(person.chat_id, 1);
        let first = newest(&env, &seven).unwrap();
        env.model.on(When::asked("tea").times(1), Behaviour::status(401, "no"));
        let failed = ask(&env, &eight, "tea");
        ask(&env, &none, "bread");
        // Each is answered again in its place, though something was asked elsewhere after it.
        env.telegram.edit(&seven, said.message_id, &format!("@{name} salad"));
        env.telegram.wait_for_text(person.chat_id, |text| text.contains("salad"));
        env.telegram.press(&eight, failed.message_id, failed.buttons()[0]);
        env.telegram.wait_for_text(person.chat_id, |text| text.contains("“tea”"));
        env.telegram.say(&none, &format!("/retry@{name}"));
        env.wait_for_rows("SELECT count(*) FROM turns", |rows| rows == "6");
        env.wait_settled();
        let shown = |place: &Person| {
            let of = |sent: &&Sent| sent.thread == place.thread;
            env.telegram.look(|state| state.in_chat(place.chat_id).filter(of).cloned().collect::<Vec<_>>())
        };
        let (seven, eight) = (shown(&seven), shown(&eight));
        assert_eq!((seven.len(), seven[0].message_id), (1, first.message_id));
        assert_eq!((eight.len(), eight[0].message_id), (1, failed.message_id));
        assert!(seven[0].text().contains("salad") && eight[0].text().contains("tea"));
        assert_eq!(shown(&none).len(), 1);
        let turns =
            "SELECT coalesce(thread_id, 0), count(*), count(superseded_by) FROM turns GROUP BY 1 ORDER BY 1";
        assert_eq!(env.psql(turns), "0|2|1\n7|2|1\n8|2|1");
    }
}

#[test]
fn a_stop_concerns_its_topic() {
    for person in chats() {
        let env = TestEnv::new();
        let _bot = env.start();
        let [seven, eight, none] = places(&person);
        let gate = env.model.hold(When::any());
        for (place, text) in [(&seven, "a"), (&eight, "b"), (&none, "c")] {
            env.telegram.address(place, text);
        }
        gate.wait_arrivals(3);
        env.telegram.say(&eight, &format!("/stop@{}", env.telegram.username()));
        let stopped = env.telegram.wait_for_count(person.chat_id, 1)[0].clone();
        assert_eq!((stopped.thread, stopped.text()), (Some(8), "Stopped; there is no answer."));
        gate.release();
        env.telegram.wait_for_count(person.chat_id, 3);
        env.wait_settled();
        let turns = "SELECT string_agg(state, ',' ORDER BY COALESCE(thread_id, 0)) FROM turns";
        assert_eq!(env.psql(turns), "answered,answered,stopped");
    }
}

#[test]
fn the_drafts_of_two_topics_are_shown_and_stopped_apart() {
    let env = TestEnv::new();
    let _bot = env.start();
    let [seven, eight, _] = places(&Person::private(2).speaking("en"));
    let gates = [Gate::default(), Gate::default()];
    for (text, gate) in ["soup", "tea"].iter().zip(&gates) {
        let slowly = Behaviour::text(&format!("{text} takes a pot and some time")).hold_after(4, gate);
        env.model.on(When::asked(text), slowly);
    }
    let draft_of = |place: &Person| {
        env.telegram.wait_until(PATIENCE, |state| {
            let mut drafts = state.live_drafts(place.chat_id).filter(|draft| !draft.text().is_empty());
            drafts.find(|draft| draft.thread == place.thread).map(|draft| draft.draft_id)
        })
    };
    env.telegram.say(&seven, "soup");
    env.telegram.say(&eight, "tea");
    let (soup, tea) = (draft_of(&seven), draft_of(&eight));
    assert_ne!(soup, tea);
    env.telegram.press_stop(&eight, tea);
    let stopped = env.telegram.wait_for_count(2, 1)[0].clone();
    assert_eq!(stopped.thread, Some(8));
    assert!(stopped.text().starts_with("tea takes"), "{}", stopped.text());
    gates[0].release();
    let answered = env.telegram.wait_for_count(2, 2)[1].clone();
    env.wait_settled();
    assert_eq!((answered.thread, answered.text()), (Some(7), "soup takes a pot and some time"));
    assert_eq!(env.psql("SELECT thread_id, state FROM turns ORDER BY 1"), "7|answered\n8|stopped");
}

#[test]
fn an_export_is_that_of_its_topic() {
    let env = TestEnv::new();
    let _bot = env.start();
    let places = places(&Person::private(2).speaking("en"));
    for (place, text) in places.iter().zip(["zebra a", "zebra b", "zebra c"]) {
        ask(&env, place, text);
    }
    for (place, text) in places.iter().zip(["zebra a", "zebra b", "zebra c"]) {
        let file = ask(&env, place, "/export").document.unwrap();
        let file = String::from_utf8(file.bytes).unwrap();
        assert_eq!(file.matches("zebra").count(), 2, "question and answer: {file}");
        assert_eq!(file.matches(text).count(), 2, "{file}");
    }
}

#[test]
fn forget_deletes_what_a_person_said_in_all_topics() {
    for person in chats() {
        let env = TestEnv::new();
        let _bot = env.start();
        let places = places(&person);
        for place in &places {
            ask(&env, place, "zebra");
        }
        let asked = ask(&env, &places[0], "/forget");
        assert!(asked.text().contains("Messages: 6,"), "{}", asked.text());
        env.telegram.press(&places[0], asked.message_id, asked.buttons()[0]);
        env.wait_for_rows("SELECT count(*) FROM messages", |rows| rows == "0");
        let last = env.telegram.wait_for_count(person.chat_id, 5)[4].clone();
        assert_eq!(last.thread, Some(7));
    }
}

#[test]
fn after_a_kill_each_topic_is_answered_once_and_where_it_was_asked() {
    let env = TestEnv::new();
    let bot = env.start();
    let gate = env.model.hold(When::any());
    let all: Vec<Person> = chats().iter().flat_map(places).collect();
    for (number, place) in all.iter().enumerate() {
        env.telegram.address(place, &format!("first of {number}"));
        env.telegram.address(place, &format!("second of {number}"));
    }
    gate.wait_arrivals(all.len());
    env.telegram.wait_confirmed();
    env.kill(bot);
    env.model.clear();
    gate.release();
    let _bot = env.start();
    for chat in chats() {
        env.telegram.wait_for_count(chat.chat_id, 6);
    }
    env.wait_settled();
    for (number, place) in all.iter().enumerate() {
        let here = |sent: &&Sent| sent.thread == place.thread;
        let texts: Vec<_> = env.telegram.look(|state| {
            state.in_chat(place.chat_id).filter(here).map(|sent| sent.text().to_owned()).collect()
        });
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains(&format!("first of {number}")), "{texts:?}");
        assert!(texts[1].contains(&format!("second of {number}")), "{texts:?}");
    }
}

#[test]
fn what_waits_in_a_topic_that_is_gone_comes_to_the_chat_as_replies_and_the_lane_goes_on() {
    for person in chats() {
        let env = TestEnv::new();
        let _bot = env.start();
        let [seven, eight, _] = places(&person);
        let gate = env.model.hold(When::any());
        let one = env.telegram.address(&seven, "one");
        gate.wait_arrived();
        let two = env.telegram.address(&seven, "two");
        if person.chat_id > 0 {
            env.telegram.say(&seven, "/export");
        }
        env.telegram.wait_confirmed();
        env.telegram.close_topic(person.chat_id, 7);
        gate.release();
        let count = if person.chat_id > 0 { 3 } else { 2 };
        let sent = env.telegram.wait_for_count(person.chat_id, count);
        env.wait_settled();
        let places: Vec<_> = sent.iter().take(2).map(|sent| (sent.thread, sent.reply_to)).collect();
        assert_eq!(places, [(None, Some(one.message_id)), (None, Some(two.message_id))]);
        assert!(sent.get(2).is_none_or(|file| file.thread.is_none() && file.document.is_some()));
        // It was one dialogue, and stays one; the other topics and the chat have nothing of it.
        assert_eq!(live(&env), "7|one | two");
        assert_eq!(env.asked("two")[0].messages.len(), 4);
        assert_eq!(
            env.psql("SELECT count(DISTINCT lane_thread_id) FROM reply_parts WHERE lane_thread_id = 7"),
            "1"
        );
        ask(&env, &eight, "three");
        assert_eq!(env.asked("three")[0].messages.len(), 2);
    }
}

#[test]
fn an_answer_in_the_place_of_an_old_one_reaches_its_person_though_the_topic_is_gone() {
    for refusal in ["TOPIC_CLOSED", "TOPIC_DELETED", "message thread not found"] {
        let env = TestEnv::new();
        let _bot = env.start();
        let place = Person::in_supergroup(1, FORUM).in_thread(7).speaking("en");
        let said = env.telegram.address(&place, "soup");
        env.telegram.wait_for_count(FORUM, 1);
        env.wait_settled();
        let refused = || Action::Refuse(Reply::error(400, &format!("Bad Request: {refusal}")));
        env.telegram.fault(Calls::to("editMessageText"), refused());
        env.telegram.fault(Calls::to("deleteMessage"), refused());
        env.telegram.close_topic(FORUM, 7);
        env.telegram.edit(&place, said.message_id, &format!("@{} tea", env.telegram.username()));
        let answer = env.telegram.wait_for_text(FORUM, |text| text.contains("“tea”"));
        env.wait_settled();
        assert_eq!((answer.thread, answer.reply_to), (None, Some(said.message_id)), "{refusal}");
    }
}

#[test]
fn the_limit_of_questions_is_that_of_the_person_in_all_topics() {
    let mut env = TestEnv::new();
    env.set("RATE_LIMIT", "2");
    let _bot = env.start();
    let [seven, eight, none] = places(&Person::private(2).speaking("en"));
    ask(&env, &seven, "one");
    ask(&env, &eight, "two");
    ask(&env, &none, "three");
    assert_eq!(env.psql("SELECT failure FROM turns ORDER BY id"), "\n\nrate_limited");
}

#[test]
fn of_a_long_text_that_telegram_cut_the_messages_of_one_topic_belong_together() {
    let env = TestEnv::new();
    let _bot = env.start();
    let [seven, eight, _] = places(&Person::in_supergroup(1, FORUM));
    let text = format!("@{} {}", env.telegram.username(), "word ".repeat(1000));
    let (first, second) = text.split_at(4096);
    env.telegram.say(&seven, first);
    // Meanwhile, in another topic and to somebody else.
    env.telegram.say(&eight, "zebra");
    env.telegram.say(&seven, second);
    env.telegram.wait_for_count(FORUM, 1);
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(
        env.psql("SELECT count(*), count(DISTINCT turn_id), min(thread_id), max(thread_id) FROM updates"),
        "2|1|7|7"
    );
}

/// The topic "General" of a group can be closed, too: what goes to the chat itself is refused as what goes to a topic is.
#[test]
fn where_the_chat_itself_takes_no_messages_an_answer_is_given_up_after_a_few_calls_and_the_lane_goes_on() {
    let env = TestEnv::new();
    let _bot = env.start();
    let place = Person::in_supergroup(1, FORUM).speaking("en");
    let closed = Action::Refuse(Reply::error(400, "Bad Request: TOPIC_CLOSED"));
    let fault = env.telegram.fault(Calls::any().in_chat(FORUM), closed);
    env.telegram.address(&place, "soup");
    env.wait_for_rows("SELECT DISTINCT state FROM reply_parts", |rows| rows == "abandoned");
    // Typing and such are refused once each, too.
    assert!(fault.hits() < 10, "{} calls", fault.hits());
    env.telegram.clear_faults();
    ask(&env, &place, "tea");
    assert_eq!(env.psql("SELECT count(*) FROM turns WHERE state = 'answered'"), "2");
}
