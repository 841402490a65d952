//! Endpoints that do not want what others want: what is refused for its form is asked again in another form, at once and once.

use std::time::Duration;

use sandbox::TestEnv;
use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use serde_json::{Value, json};

fn refuse(env: &TestEnv, has: fn(&Value) -> bool, status: u16, body: &Value) {
    env.model.on(When::body(has), Behaviour::json(status, &body.to_string()));
}

/// Asks something and returns the answer.
fn answer(env: &TestEnv, question: &str) -> String {
    let before = env.telegram.texts(1).len();
    env.telegram.say(&Person::private(1).speaking("en"), question);
    env.telegram.wait_for_count(1, before + 1)[before].text().to_owned()
}

fn refuse_max_tokens(env: &TestEnv) {
    let sentence = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    let body =
        json!({"error": {"message": sentence, "param": "max_tokens", "code": "unsupported_parameter"}});
    refuse(env, |body| body.get("max_tokens").is_some(), 400, &body);
}

fn refuse_temperature(env: &TestEnv) {
    let sentence = "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.";
    let body = json!({"error": {"message": sentence, "param": "temperature", "code": "unsupported_value"}});
    refuse(env, |body| body.get("temperature").is_some_and(|value| value != 1), 400, &body);
}

fn refuse_stream_options(env: &TestEnv) {
    let body = json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted",
                                  "input": {"include_usage": true}}]});
    refuse(env, |body| body.get("stream_options").is_some(), 422, &body);
}

/// As Mistral's and Gemma's templates behind vLLM: after the instructions, question and answer in turns, a question at last.
fn strict(env: &TestEnv) {
    let sentence = "After the optional system message, conversation roles must alternate user/assistant/user/assistant/...";
    let body = json!({"object": "error", "message": sentence, "type": "BadRequestError", "code": 400});
    refuse(env, |body| !alternates(body), 400, &body);
}

fn alternates(body: &Value) -> bool {
    let messages = body["messages"].as_array().unwrap();
    let turns = &messages[usize::from(messages[0]["role"] == "system")..];
    let filled = turns.iter().all(|message| !message["content"].as_str().unwrap().trim().is_empty());
    let role = |n: usize| if n.is_multiple_of(2) { "user" } else { "assistant" };
    filled && turns.len() % 2 == 1 && turns.iter().enumerate().all(|(n, message)| message["role"] == role(n))
}

#[test]
fn what_an_endpoint_refuses_is_learnt_at_once_and_remembered_with_one_line_each() {
    let env = TestEnv::new();
    refuse_max_tokens(&env);
    refuse_temperature(&env);
    refuse_stream_options(&env);
    let bot = env.start();
    assert!(answer(&env, "zebra one").contains("zebra one"));
    assert_eq!(env.model.requests().len(), 4, "three refusals and an answer");
    let body = &env.model.requests()[3].body;
    assert_eq!(body["max_completion_tokens"], 4000);
    for field in ["max_tokens", "temperature", "stream_options"] {
        assert!(body.get(field).is_none(), "{field}: {body}");
    }
    assert!(answer(&env, "zebra two").contains("zebra two"));
    assert_eq!(env.model.requests().len(), 5, "it is remembered");
    for field in ["`max_tokens`", "`temperature`", "`stream_options`"] {
        env.assert_logged(&format!("the endpoint refuses {field}"), 1);
    }
    env.assert_logged("asked again later", 0);
    env.assert_logged("WARN", 0);
    env.wait_settled();
    assert_eq!(env.psql("SELECT DISTINCT state FROM turns"), "answered");
    // A server may be another one after a restart.
    bot.stop();
    let _bot = env.start();
    assert!(answer(&env, "zebra three").contains("zebra three"));
    assert_eq!(env.model.requests().len(), 9);
}

#[test]
fn many_questions_at_once_learn_it_once() {
    let env = TestEnv::new();
    refuse_max_tokens(&env);
    let _bot = env.start();
    for user in 1..=8 {
        env.telegram.say(&Person::private(user), "hello");
    }
    for user in 1..=8 {
        env.telegram.wait_for_count(user, 1);
    }
    env.assert_logged("the endpoint refuses", 1);
    assert!(env.model.requests().len() <= 16, "one refusal each at most");
}

#[test]
fn doctor_asks_as_the_bot_asks_and_learns_as_it_learns() {
    let env = TestEnv::new();
    refuse_max_tokens(&env);
    refuse_temperature(&env);
    let said = env.run(&["doctor"]);
    assert!(said.out.contains("✓ model        sandbox/echo answers"), "{}{}", said.out, said.err);
    let asked = env.model.requests().pop().unwrap().body;
    let mut fields: Vec<_> = asked.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["max_completion_tokens", "messages", "model", "stream", "stream_options"]);
    assert_eq!(asked["max_completion_tokens"], 4000);
}

#[test]
fn fewer_tokens_than_an_endpoint_takes_are_no_reason_to_fail() {
    let mut env = TestEnv::new();
    env.set("LLM_MAX_TOKENS", "5");
    let sentence = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 5 instead.";
    let body = json!({"error": {"message": sentence, "param": "max_output_tokens", "code": "integer_below_min_value"}});
    refuse(&env, |body| body["max_tokens"].as_u64().is_some_and(|tokens| tokens < 16), 400, &body);
    let _bot = env.start();
    assert!(answer(&env, "hello").contains("hello"));
    assert_eq!(env.model.requests().pop().unwrap().body["max_tokens"], 16);
}

#[test]
fn instructions_move_into_the_question_where_a_template_has_no_place_for_them() {
    let env = TestEnv::new();
    let body = json!({"object": "error", "message": "System role not supported", "type": "BadRequestError"});
    refuse(&env, |body| body["messages"][0]["role"] == "system", 400, &body);
    strict(&env);
    let _bot = env.start();
    answer(&env, "one");
    answer(&env, "two");
    let asked = env.model.requests().pop().unwrap();
    let roles: Vec<_> = asked.messages.iter().map(|message| &*message.role).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(asked.messages[0].content, format!("{PROMPT}\n\none"));
    env.assert_logged("the endpoint refuses the role `system`", 1);
}

#[test]
fn an_endpoint_that_may_not_stream_is_asked_for_the_whole_answer() {
    let env = TestEnv::new();
    let sentence = "Your organization must be verified to stream this model.";
    let body = json!({"error": {"message": sentence, "param": "stream", "code": "unsupported_value"}});
    refuse(&env, |body| body["stream"] == true, 400, &body);
    let _bot = env.start();
    assert!(answer(&env, "hello").contains("hello"));
    assert_eq!(env.model.requests().pop().unwrap().body["stream"], false);
}

#[test]
fn an_endpoint_that_refuses_everything_ends_as_a_failure_that_names_the_field() {
    let env = TestEnv::new();
    let body = json!({"error": {"message": "zebra", "param": "temperature", "code": "unsupported_value"}});
    env.model.on(When::any(), Behaviour::json(400, &body.to_string()));
    let bot = env.start();
    assert!(answer(&env, "zebra").contains("does not accept the bot's requests"));
    let line = bot.wait_for_line("question failed");
    assert!(line.contains("unsupported_value") && line.contains("the field temperature"), "{line}");
    assert_eq!(env.model.requests().len(), 2, "there is nothing more to change");
    env.assert_logged("WARN", 1);
}

#[test]
fn the_operator_can_change_every_field_but_what_is_asked() {
    let mut env = TestEnv::new();
    env.set("LLM_EXTRA_BODY", r#"{"reasoning_effort": "low", "temperature": null, "max_tokens": null, "max_completion_tokens": 99}"#);
    let _bot = env.start();
    answer(&env, "hello");
    let body = env.model.requests().pop().unwrap().body;
    assert_eq!((&body["reasoning_effort"], &body["max_completion_tokens"]), (&json!("low"), &json!(99)));
    assert!(body.get("temperature").is_none() && body.get("max_tokens").is_none(), "{body}");
}

#[test]
fn a_query_of_the_base_url_is_kept() {
    let mut env = TestEnv::new();
    env.set("LLM_BASE_URL", format!("{}/?api-version=2026-11-01", env.model.url()));
    let _bot = env.start();
    assert!(answer(&env, "hello").contains("hello"));
    assert_eq!(env.model.requests()[0].path, "/v1/chat/completions?api-version=2026-11-01");
}

#[test]
fn a_pause_in_the_body_is_kept() {
    let env = TestEnv::new();
    let retry = json!([{"error": {"code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}]}}]);
    let words = json!({"error": {"message": "Rate limit reached. Please try again in 1.5s.", "code": "rate_limit_exceeded"}});
    for body in [retry, words] {
        env.model.on(When::any().once(), Behaviour::json(429, &body.to_string()));
    }
    let _bot = env.start();
    assert!(answer(&env, "hello").contains("hello"));
    let asked = env.model.requests();
    assert_eq!(asked.len(), 3);
    for pair in asked.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(1500), "{:?}", pair[1].at - pair[0].at);
    }
    let long = json!({"error": {"message": "Rate limit reached. Please try again in 6m0s."}});
    env.model.on(When::asked("again"), Behaviour::json(429, &long.to_string()));
    assert!(answer(&env, "again").contains("cannot be reached"), "six minutes are not waited for");
    assert_eq!(env.model.requests().len(), 4);
}

#[test]
fn the_log_says_what_an_operator_has_to_look_at() {
    let env = TestEnv::new();
    let bot = env.start();
    for (case, status, body, class, said) in [
        (
            "a",
            400,
            json!({"error": {"message": "Authentication Error, zebra", "type": "auth_error", "param": "None", "code": "400"}}),
            "misconfigured",
            "OPENROUTER_API_KEY",
        ),
        (
            "b",
            400,
            json!([{"error": {"code": 400, "message": "API key not valid. Zebra.", "status": "INVALID_ARGUMENT"}}]),
            "misconfigured",
            "OPENROUTER_API_KEY",
        ),
        (
            "c",
            404,
            json!({"error": {"message": "zebra", "code": "model_not_found"}}),
            "misconfigured",
            "LLM_MODEL",
        ),
        (
            "d",
            400,
            json!({"error": {"message": "zebra", "param": "messages[1].content", "code": "invalid_value"}}),
            "misconfigured",
            "messages[1].content",
        ),
        (
            "e",
            422,
            json!({"detail": [{"loc": ["body", "messages", 0, "name"], "msg": "zebra"}]}),
            "misconfigured",
            "messages.0.name",
        ),
        (
            "f",
            400,
            json!({"error": {"code": "data_inspection_failed", "message": "zebra"}}),
            "refused",
            "data_inspection_failed",
        ),
        (
            "g",
            400,
            json!({"error": {"message": "zebra", "code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
            "refused",
            "content_filter",
        ),
        ("h", 400, json!({"error": {"message": "Content Exists Risk"}}), "refused", "status 400"),
        (
            "i",
            400,
            json!({"error": {"message": "Your credit balance is too low"}}),
            "out_of_quota",
            "status 400",
        ),
    ] {
        let question = format!("zebra {case}?");
        env.model.on(When::asked(&question), Behaviour::json(status, &body.to_string()));
        answer(&env, &question);
        let line = bot.log().lines().rfind(|line| line.contains("question failed")).unwrap().to_owned();
        assert!(line.contains(class) && line.contains(said), "{case}: {line}");
        assert_eq!(env.asked(&question).len(), 1, "{case}");
    }
    env.assert_logged("question failed", 9);
}

#[test]
fn whatever_rows_there_are_strict_templates_get_whole_turns() {
    let env = TestEnv::new();
    strict(&env);
    // As the predecessor stored what failed and what came at once, and what somebody put there by hand.
    let rows = [
        "assistant:hi",
        "user:one",
        "user:two",
        "assistant:1",
        "assistant:2",
        "user:three",
        "assistant:",
        "tool:zebra",
        "system:zebra",
        "user:four",
        "assistant:<think>zebra</think>4",
        "user:five",
    ];
    for row in rows {
        let (role, content) = row.split_once(':').unwrap();
        let insert = "INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)";
        env.psql(&format!("{insert} VALUES (1, 1, '{role}', '{content}', 1, now())"));
    }
    let _bot = env.start();
    answer(&env, "six");
    answer(&env, "seven");
    let asked = env.asked("six").pop().unwrap();
    let read: Vec<_> =
        asked.messages[1..].iter().map(|message| format!("{}:{}", message.role, message.content)).collect();
    assert_eq!(
        read,
        ["user:one\n\ntwo", "assistant:1\n\n2", "user:three\n\nfour", "assistant:4", "user:six"]
    );
    assert!(env.asked("seven").iter().all(|asked| alternates(&asked.body)));
    env.assert_logged("their role is neither user nor assistant", 1);
    env.assert_logged("messages=[8, 9]", 1);
}
