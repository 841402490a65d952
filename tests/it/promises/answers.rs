//! From a message to a stored answer.

use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, Message, When, expected_answer};
use sandbox::telegram::Person;
use sandbox::{TestEnv, wait_until};
use systech_aidd::domain::token_budget;

#[test]
fn a_question_is_answered_with_the_dialogue_as_context_and_both_are_in_messages() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(42);
    let system = Message::system(PROMPT);

    env.telegram.say(&person, "Привет 👋");
    let first = env.telegram.wait_for_count(42, 1)[0].text().to_owned();
    assert_eq!(first, expected_answer(&[system.clone(), Message::user("Привет 👋")]));

    env.telegram.say(&person, "Что я сказал?");
    let second = env.telegram.wait_for_count(42, 2)[1].text().to_owned();
    let dialogue =
        [system, Message::user("Привет 👋"), Message::assistant(&first), Message::user("Что я сказал?")];
    assert_eq!(second, expected_answer(&dialogue));

    env.wait_settled();
    let rows = env.psql(
        "SELECT user_id, chat_id, role, content, message_length, deleted_at IS NULL FROM messages ORDER BY created_at, id",
    );
    let length = |text: &str| text.chars().count();
    let expected = format!(
        "42|42|user|Привет 👋|8|t\n42|42|assistant|{first}|{}|t\n42|42|user|Что я сказал?|13|t\n42|42|assistant|{second}|{}|t",
        length(&first),
        length(&second)
    );
    assert_eq!(rows, expected);
    // A question is stamped when answering began, its answer when it ended.
    assert_eq!(env.psql("SELECT count(DISTINCT created_at) FROM messages"), "4");
    let turns = env.psql(
        "SELECT state, model, prompt_tokens > 0, completion_tokens > 0, finish_reason, first_token_ms <= duration_ms,
                question_id < answer_id FROM turns ORDER BY id",
    );
    let turn = format!("answered|{}|t|t|stop|t|t", env.model.name());
    assert_eq!(turns, format!("{turn}\n{turn}"));
}

#[test]
fn each_persons_dialogue_is_their_own_even_in_one_group() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (ann, bob) = (Person::in_group(1, -5), Person::in_group(2, -5));
    let first = env.telegram.address(&ann, "I am Ann");
    env.telegram.wait_for_count(-5, 1);
    env.telegram.address(&bob, "Who am I?");
    let sent = env.telegram.wait_for_count(-5, 2);
    assert_eq!(sent[1].text(), expected_answer(&[Message::system(PROMPT), Message::user("Who am I?")]));
    assert_eq!(sent[0].reply_to, Some(first.message_id), "in a group the answer names its question");
}

#[test]
fn an_answer_in_a_topic_stays_in_the_topic() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_supergroup(1, -1_000_000_000_005).in_thread(77);
    env.telegram.address(&person, "Hello");
    assert_eq!(env.telegram.wait_for_count(-1_000_000_000_005, 1)[0].thread, Some(77));
}

#[test]
fn the_model_reads_the_last_messages_only_and_no_failed_questions() {
    let mut env = TestEnv::new();
    env.set("MAX_HISTORY_MESSAGES", "2");
    let _bot = env.start();
    let person = Person::private(7);
    env.model.on(When::asked("third"), Behaviour::status(401, "no"));
    for (n, text) in ["first", "second", "third", "fourth"].into_iter().enumerate() {
        env.telegram.say(&person, text);
        env.telegram.wait_for_count(7, n + 1);
    }
    let asked = env.asked("fourth").pop().unwrap();
    let texts: Vec<_> = asked.messages.iter().map(|message| message.content.as_str()).collect();
    let second = env.telegram.texts(7)[1].clone();
    assert_eq!(texts, [PROMPT, "second", &second, "fourth"]);
}

#[test]
fn a_clock_that_goes_back_leaves_the_dialogue_in_the_order_in_which_it_was_said() {
    let mut env = TestEnv::new();
    env.set("MAX_HISTORY_MESSAGES", "6");
    let _bot = env.start();
    let person = Person::private(7);
    let texts = ["first", "second", "third", "fourth"];
    for (n, text) in texts.into_iter().enumerate() {
        if n == 2 {
            // An hour later it is the same time again.
            env.psql("UPDATE messages SET created_at = created_at + interval '1 hour'");
        }
        env.telegram.say(&person, text);
        env.telegram.wait_for_count(7, n + 1);
    }
    let asked = env.asked("fourth").pop().unwrap();
    let read: Vec<_> = asked.messages.iter().map(|message| message.content.as_str()).collect();
    let answers = env.telegram.texts(7);
    let expected = [PROMPT, "first", &answers[0], "second", &answers[1], "third", &answers[2], "fourth"];
    assert_eq!(read, expected);
    // And so do people.
    let shown = env.run(&["history", "show", "--user", "7"]).ok();
    let places: Vec<_> = texts.iter().map(|text| shown.find(&format!("    {text}\n")).unwrap()).collect();
    assert!(places.is_sorted(), "{shown}");
}

#[test]
fn what_the_model_reads_fits_into_its_context_begins_with_a_question_and_ends_with_the_newest() {
    const SEED: u64 = 20_261_124;
    println!("seed {SEED}");
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut env = TestEnv::new();
    let (limit, max_tokens, most) = (400, 100, 7);
    env.set("LLM_CONTEXT_TOKENS", limit.to_string());
    env.set("LLM_MAX_TOKENS", max_tokens.to_string());
    env.set("MAX_HISTORY_MESSAGES", most.to_string());
    let _bot = env.start();
    let person = Person::private(7);
    let questions: Vec<_> =
        (1..=12).map(|n| format!("{n} {}", "борщ ".repeat(random.usize(0..12)))).collect();
    for (n, question) in (1..).zip(&questions) {
        // Some are short, so that the other limit holds there.
        let answer =
            if n > 6 { n.to_string() } else { format!("{n} {}", "soup ".repeat(random.usize(0..40))) };
        env.model.on(When::any().once(), Behaviour::text(answer.trim()));
        env.telegram.say(&person, question.trim());
        env.telegram.wait_for_count(7, n);
    }
    let mut lengths = Vec::new();
    for question in &questions {
        let asked = env.asked(question.trim());
        let asked = asked.iter().find(|asked| asked.question() == question.trim()).unwrap();
        let weight: usize = asked.messages.iter().map(|message| token_budget::tokens(&message.content)).sum();
        assert!(weight + max_tokens <= limit, "{weight}");
        assert_eq!(asked.messages[0], Message::system(PROMPT));
        assert_eq!(asked.messages.last().unwrap(), &Message::user(question.trim()));
        let roles: Vec<_> = asked.messages[1..].iter().map(|message| &*message.role).collect();
        assert!(roles.iter().step_by(2).all(|role| *role == "user"), "{roles:?}");
        assert!(roles.iter().skip(1).step_by(2).all(|role| *role == "assistant"), "{roles:?}");
        lengths.push(roles.len() - 1);
    }
    // Seven messages are three whole turns; before, less fits.
    assert_eq!(lengths.last(), Some(&6), "{lengths:?}");
    assert!(lengths[3..].iter().any(|length| *length < 6), "{lengths:?}");

    // A question that leaves no room for anything else is sent alone.
    env.telegram.say(&person, &"щи ".repeat(300));
    env.telegram.wait_for_count(7, 13);
    assert_eq!(env.asked("щи").pop().unwrap().messages.len(), 2);
}

#[test]
fn the_model_is_asked_with_the_settings_of_the_environment() {
    let mut env = TestEnv::new();
    env.set("LLM_TEMPERATURE", "0");
    env.set("LLM_MAX_TOKENS", "77");
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "hi");
    env.telegram.wait_for_count(1, 1);
    let body = &env.asked("hi")[0].body;
    assert_eq!(body["temperature"], 0.0);
    assert_eq!(body["max_tokens"], 77);
    assert_eq!(body["model"], env.model.name());
    assert_eq!(body["stream"], true);
}

#[test]
fn an_empty_finish_reason_is_none_so_a_cut_answer_is_still_a_cut_one() {
    let env = TestEnv::new();
    let _bot = env.start();
    let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"half an\"},\"finish_reason\":\"\"}]}\n\n";
    env.model.on(When::any().once(), Behaviour::script([piece]));
    env.telegram.say(&Person::private(1), "hi");
    env.telegram.wait_for_text(1, |text| text.contains("hi"));
    assert_eq!(env.times_asked("hi"), 2);
    assert_eq!(env.telegram.texts(1).len(), 1);
}

#[test]
fn an_endpoint_that_does_not_stream_is_understood() {
    let env = TestEnv::new();
    let _bot = env.start();
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}],"model":"m-1",
                   "usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    env.model.on(When::any(), Behaviour::json(200, body));
    env.telegram.say(&Person::private(1), "hi");
    env.telegram.wait_for_text(1, |text| text == "whole");
    env.wait_settled();
    assert_eq!(env.psql("SELECT model, prompt_tokens, completion_tokens FROM turns"), "m-1|3|1");
}

#[test]
fn a_long_answer_goes_out_in_parts_and_nothing_of_it_is_lost() {
    let env = TestEnv::new();
    let _bot = env.start();
    let paragraph = "Слово за словом, 😀 строка за строкой. ".repeat(40);
    let long = [paragraph.trim(); 12].join("\n\n");
    env.model.on(When::any(), Behaviour::text(&long));
    env.telegram.say(&Person::private(1), "tell me everything");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "1");
    env.wait_settled();
    let sent = env.telegram.texts(1);
    assert!(sent.len() >= 5, "{} parts", sent.len());
    assert!(sent.iter().all(|text| text.encode_utf16().count() <= 4096));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&sent.join("\n\n")), words(&long));
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'assistant'"), long);
}

#[test]
fn a_group_sees_typing_until_the_answer_is_there_and_no_drafts() {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "typing=0.1");
    let _bot = env.start();
    let (first, second) = (env.model.hold(When::asked("first")), env.model.hold(When::asked("second")));
    let shown = |chat: i64| {
        env.telegram.calls("sendChatAction").iter().filter(|call| call.chat_id == Some(chat)).count()
    };
    let wait_shown = |chat, times| wait_until("typing", || (shown(chat) >= times).then_some(()));
    env.telegram.address(&Person::in_group(1, -5), "first");
    // A second one: what the chat shows fades and has to be renewed.
    wait_shown(-5, 2);
    assert!(env.telegram.texts(-5).is_empty());
    first.release();
    env.telegram.wait_for_count(-5, 1);
    // While another answer is in the making, nothing more is shown for this one.
    env.telegram.address(&Person::in_group(1, -6), "second");
    wait_shown(-6, 1);
    let before = shown(-5);
    wait_shown(-6, 5);
    assert_eq!(shown(-5), before, "typing goes on after the answer");
    second.release();
    env.telegram.wait_for_count(-6, 1);
    assert_eq!(env.telegram.calls("sendChatAction")[0].params["action"], "typing");
    assert!(env.telegram.calls("sendMessageDraft").is_empty());
}

#[test]
fn a_message_without_text_gets_a_sentence_and_costs_no_model_call() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.post(&Person::private(1).speaking("ru"), &serde_json::json!({"voice": {"file_id": "x"}}));
    env.telegram.post(&Person::private(2).speaking("en"), &serde_json::json!({"photo": [], "caption": "c"}));
    env.telegram.wait_for_text(1, |text| text.contains("только текст"));
    env.telegram.wait_for_text(2, |text| text.contains("only text"));
    assert!(env.model.requests().is_empty());
}

#[test]
fn what_asks_for_nothing_is_confirmed_and_leaves_no_trace() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram
        .push(serde_json::json!({"channel_post": {"message_id": 1, "chat": {"id": -9, "type": "channel"}}}));
    env.telegram.post(&Person::private(1), &serde_json::json!({"pinned_message": {}}));
    env.telegram.push(serde_json::json!({}));
    env.telegram.say(&Person::private(2), "hi");
    env.telegram.wait_for_count(2, 1);
    env.telegram.wait_confirmed();
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "1");
}

#[test]
fn nul_and_lone_surrogates_in_a_question_do_not_stop_the_lane() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "first");
    env.telegram.wait_for_count(1, 1);
    env.telegram.push_raw(
        r#"{"message":{"message_id":9999999999,"date":1,"chat":{"id":1,"type":"private"},"from":{"id":1,"is_bot":false,"first_name":"x"},"text":"a\u0000b\ud800c"}}"#,
    );
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    assert_eq!(
        env.psql("SELECT content FROM messages WHERE role = 'user' ORDER BY id DESC LIMIT 1"),
        "a\u{fffd}b\u{fffd}c"
    );
}
