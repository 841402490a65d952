//! Prompts that are too long for the model: a dialogue never gets stuck, and the person reads what was too long.

use sandbox::TestEnv;
use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use serde_json::json;

fn person() -> Person {
    Person::private(1).speaking("en")
}

/// Has a dialogue of so many turns.
fn talk(env: &TestEnv, turns: usize) {
    for n in 1..=turns {
        env.telegram.say(&person(), &format!("word {n}"));
        env.telegram.wait_for_count(1, n);
    }
}

#[test]
fn a_dialogue_that_is_too_long_is_shortened_until_it_fits_and_never_gets_stuck() {
    let env = TestEnv::new();
    let _bot = env.start();
    talk(&env, 8);
    let characters = PROMPT.chars().count();
    for (limit, fits) in [(500, 6), (250, 3), (characters + 30, 0)] {
        env.model.limit_context(Some(limit));
        let question = format!("within {limit}?");
        env.telegram.say(&person(), &question);
        env.telegram.wait_for_text(1, |text| text.contains(&question));
        let asked = env.asked(&question);
        let lengths: Vec<_> = asked.iter().map(|asked| asked.messages.len()).collect();
        assert!(lengths.is_sorted_by(|a, b| a > b) && asked.len() <= 6, "{lengths:?}");
        assert!(asked.last().unwrap().messages.len() <= 2 + 2 * fits, "{limit}: {lengths:?}");
    }
    // And the next question is answered, too.
    env.telegram.say(&person(), "and now?");
    env.telegram.wait_for_text(1, |text| text.contains("and now?"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT DISTINCT state FROM turns"), "answered");
    env.assert_logged("WARN", 0);
}

#[test]
fn an_answer_that_was_given_without_the_conversation_says_so() {
    let env = TestEnv::new();
    let _bot = env.start();
    talk(&env, 2);
    env.model.limit_context(Some(PROMPT.chars().count() + 30));
    env.telegram.say(&person(), "alone?");
    env.telegram.wait_for_text(1, |text| text.contains("You wrote: “alone?”"));
    env.telegram.wait_for_text(1, |text| {
        text == "Our conversation is too long for the model: this answer was given without it."
    });
    env.telegram.say(&Person::private(2).speaking("en"), "first?");
    env.telegram.wait_for_text(2, |text| text.contains("first?"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(2).len(), 1, "there was no conversation");
}

#[test]
fn only_a_question_that_is_too_long_alone_is_told_to_be() {
    let env = TestEnv::new();
    let _bot = env.start();
    talk(&env, 2);
    env.model.limit_context(Some(10));
    env.telegram.say(&person(), "three");
    env.telegram.wait_for_text(1, |text| text.contains("The question is too long for the model."));
    assert_eq!(env.times_asked("three"), 3, "two turns, one, none");
    env.model.limit_context(None);
    env.telegram.say(&person(), "four");
    env.telegram.wait_for_text(1, |text| text.contains("four"));
    let asked = env.asked("four").pop().unwrap();
    assert!(
        asked.messages.iter().all(|message| message.content != "three"),
        "a failed question is no history"
    );
}

#[test]
fn every_endpoints_words_shorten_the_dialogue() {
    let env = TestEnv::new();
    let _bot = env.start();
    talk(&env, 2);
    let in_object = |sentence: &str| json!({"error": {"message": sentence}});
    let refusals = [
        (
            400,
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 213462 tokens > 200000 maximum"}}),
        ),
        (
            400,
            json!([{"error": {"code": 400, "message": "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).", "status": "INVALID_ARGUMENT"}}]),
        ),
        (
            400,
            json!({"code": "Client specified an invalid argument", "error": "This model's maximum prompt length is 131072 but the request contains 537812 tokens."}),
        ),
        (400, json!({"message": "Input is too long for requested model."})),
        (
            400,
            json!({"error": "Trying to keep the first 4242 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens"}),
        ),
        (
            400,
            in_object(
                "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.",
            ),
        ),
        (
            422,
            json!({"error": "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000", "error_type": "validation"}),
        ),
        (400, in_object("Invalid request: Your request exceeded model token limit: 8192")),
        (
            400,
            json!({"errors": [{"message": "AiError: The estimated number of input and maximum output tokens (12345) exceeded this model context window limit (7968).", "code": 5021}], "success": false}),
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "zebra", "type": "exceed_context_size_error", "n_prompt_tokens": 5000, "n_ctx": 4096}}),
        ),
        (
            500,
            json!({"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}),
        ),
        (
            413,
            json!({"error": {"message": "Request too large for model on tokens per minute (TPM): Limit 6000, Requested 8000", "type": "tokens"}}),
        ),
    ];
    for (n, (status, body)) in refusals.iter().enumerate() {
        let question = format!("zebra {n}.");
        env.model.on(When::asked(&question).once(), Behaviour::json(*status, &body.to_string()));
        env.telegram.say(&person(), &question);
        env.telegram.wait_for_text(1, |text| text.contains(&question));
        let lengths: Vec<_> = env.asked(&question).iter().map(|asked| asked.messages.len()).collect();
        assert!(lengths.len() == 2 && lengths[1] < lengths[0], "{body}: {lengths:?}");
    }
    env.assert_logged("WARN", 0);
}

#[test]
fn a_limit_of_tokens_that_leaves_no_room_for_a_prompt_is_lowered_and_the_dialogue_keeps_its_length() {
    let env = TestEnv::new();
    let _bot = env.start();
    talk(&env, 2);
    let sentence = "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens and your request has 200 input tokens";
    let body =
        json!({"object": "error", "message": sentence, "type": "BadRequestError", "code": 400}).to_string();
    env.model.on(When::body(|body| body["max_tokens"].as_u64() > Some(2000)), Behaviour::json(400, &body));
    env.telegram.say(&person(), "three");
    env.telegram.wait_for_text(1, |text| text.contains("“three”"));
    let asked = env.asked("three");
    assert_eq!((asked.len(), &asked[1].body["max_tokens"]), (2, &json!(1024)));
    env.telegram.say(&person(), "four");
    env.telegram.wait_for_text(1, |text| text.contains("“four”"));
    let asked = env.asked("four");
    assert_eq!((asked.len(), asked[0].messages.len()), (1, 8), "with all three turns");
    env.assert_logged("leaves no room in its 4096 tokens", 1);
}

#[test]
fn a_model_that_has_no_room_left_in_mid_answer_is_asked_again_with_less() {
    let env = TestEnv::new();
    let _bot = env.start();
    talk(&env, 2);
    let overflow = Behaviour::answer().error_after(3, 500, "Context size has been exceeded.");
    env.model.on(When::asked("three").once(), overflow);
    env.telegram.say(&person(), "three");
    env.telegram.wait_for_text(1, |text| text.contains("“three”"));
    let lengths: Vec<_> = env.asked("three").iter().map(|asked| asked.messages.len()).collect();
    assert_eq!(lengths, [6, 4]);
}
