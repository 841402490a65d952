//! The window: what the model reads begins with the same words for some turns, so that endpoints need not read it anew.

use sandbox::TestEnv;
use sandbox::model::Asked;
use sandbox::telegram::Person;
use serde_json::Value;

/// The messages of a prompt as they were sent, up to the end of the last one.
fn prefix(asked: &Asked) -> String {
    let text = asked.body["messages"].to_string();
    text.strip_suffix(']').unwrap().to_owned()
}

/// Everything else that was asked.
fn rest(asked: &Asked) -> Value {
    let mut body = asked.body.clone();
    body.as_object_mut().unwrap().remove("messages");
    body
}

#[test]
fn turns_in_a_row_share_their_prefix_byte_for_byte_also_over_a_kill_and_a_restart() {
    let env = TestEnv::new();
    let mut bot = Some(env.start());
    let (person, other) = (Person::private(1), Person::private(2));
    for n in 1..=40_usize {
        // What was sent and not recorded would be sent again.
        env.wait_settled();
        match n {
            15 => env.kill(bot.take().unwrap()),
            27 => drop(bot.take().unwrap().stop()),
            _ => {}
        }
        if bot.is_none() {
            bot = Some(env.start());
        }
        if n % 3 == 0 {
            env.telegram.say(&other, "not this dialogue");
        }
        env.telegram.say(&person, &format!("question {n}"));
        env.telegram.wait_for_count(1, n);
    }
    let asked = env.asked("question");
    assert_eq!(asked.len(), 40);
    let shared: Vec<bool> =
        asked.windows(2).map(|pair| prefix(&pair[1]).starts_with(&(prefix(&pair[0]) + ","))).collect();
    assert!(shared[..9].iter().all(|shared| *shared), "up to MAX_HISTORY_MESSAGES all is read");
    let moves = shared.iter().filter(|shared| !**shared).count();
    assert!((1..=12).contains(&moves), "{shared:?}");
    for Asked { messages, .. } in &asked {
        assert!(messages.len() <= 1 + 20 + 1, "the instructions, the window, the question");
    }
    assert!(asked.windows(2).all(|pair| rest(&pair[0]) == rest(&pair[1])));
}

#[test]
fn a_question_that_is_asked_again_is_read_with_the_same_window() {
    let mut env = TestEnv::new();
    env.set("MAX_HISTORY_MESSAGES", "8");
    let _bot = env.start();
    let person = Person::private(1);
    for n in 1..=12_usize {
        env.telegram.say(&person, &format!("question {n}"));
        env.telegram.wait_for_count(1, n);
        env.wait_settled();
        env.telegram.say(&person, "/retry");
        env.telegram.wait_until(sandbox::PATIENCE, |_| {
            (env.times_asked(&format!("question {n}")) == 2).then_some(())
        });
        env.wait_settled();
    }
    for n in 1..=12 {
        // "question 1" is a part of "question 12".
        let asked = env.asked(&format!("question {n}"));
        let asked: Vec<_> =
            asked.iter().filter(|asked| asked.question() == format!("question {n}")).collect();
        assert_eq!((asked.len(), prefix(asked[0])), (2, prefix(asked[1])), "{n}");
    }
}

#[test]
fn where_the_context_is_the_limit_the_prefix_stays_too() {
    let mut env = TestEnv::new();
    for (name, value) in
        [("LLM_CONTEXT_TOKENS", "1000"), ("LLM_MAX_TOKENS", "100"), ("MAX_HISTORY_MESSAGES", "1000")]
    {
        env.set(name, value);
    }
    let _bot = env.start();
    for n in 1..=40_usize {
        env.telegram.say(&Person::private(1), &format!("question {n}"));
        env.telegram.wait_for_count(1, n);
    }
    let asked = env.asked("question");
    let moves =
        asked.windows(2).filter(|pair| !prefix(&pair[1]).starts_with(&(prefix(&pair[0]) + ","))).count();
    assert!((2..=10).contains(&moves), "{moves}");
    assert!(asked.iter().skip(1).all(|asked| asked.messages.len() > 2), "something is always read");
}
