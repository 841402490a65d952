use reqwest::header::HeaderMap;
use serde_json::{Map, Value, json};

use super::*;
use crate::base::secret::Secret;
use crate::llm::{Ask, Kind, Message, Settings, request};

fn settings(max_tokens: u32, extra: &Value) -> Settings {
    Settings {
        endpoint: "h".to_owned(),
        kind: Kind::Other,
        headers: HeaderMap::new(),
        price: None,
        private: false,
        base_url: String::new(),
        key: None::<Secret>,
        model: "gpt-4096".to_owned(),
        temperature: 0.7,
        max_tokens,
        silence: std::time::Duration::ZERO,
        extra: extra.as_object().cloned().unwrap_or_default(),
    }
}

fn asked(settings: &Settings, learnt: &Learnt) -> Map<String, Value> {
    let messages =
        [("system", "s"), ("user", "u")].map(|(role, content)| Message { role, content: content.into() });
    request::body(settings, learnt, &Ask::from(&messages[..]))
}

/// What is asked after these refusals in turn, without what every request has.
fn after(settings: &Settings, refusals: &[(u16, Value)]) -> Value {
    let mut learnt = Learnt::default();
    for (status, body) in refusals {
        let complaint =
            Complaint::of_response(*status, &reqwest::header::HeaderMap::new(), body.to_string().as_bytes());
        let asked = asked(settings, &learnt);
        let Some((next, what)) = learnt.after(&complaint, &asked) else {
            panic!("nothing is learnt from {body}")
        };
        assert!(!what.is_empty());
        learnt = next;
    }
    let mut asked = asked(settings, &learnt);
    asked.remove("model");
    asked.remove("messages");
    Value::Object(asked)
}

fn in_words(sentence: &str) -> Value {
    json!({"error": {"message": sentence, "type": "invalid_request_error", "param": null}})
}

fn by_param(sentence: &str, param: &str) -> Value {
    json!({"error": {"message": sentence, "param": param}})
}

fn by_loc(field: &str) -> Value {
    json!({"detail": [{"type": "extra_forbidden", "loc": ["body", field], "msg": "Extra inputs are not permitted", "input": 1}]})
}

#[test]
fn a_refused_field_is_left_out_or_called_by_its_other_name() {
    let stream = json!({"include_usage": true});
    let rename = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    let renamed =
        json!({"stream": true, "stream_options": stream, "temperature": 0.7, "max_completion_tokens": 4000});
    let unlimited = json!({"stream": true, "stream_options": stream, "temperature": 0.7});
    let cold = json!({"stream": true, "stream_options": stream, "max_tokens": 4000});
    let plain = json!({"stream": true, "temperature": 0.7, "max_tokens": 4000});
    let whole = json!({"stream": false, "temperature": 0.7, "max_tokens": 4000});
    let with = |tokens: u32| json!({"stream": true, "stream_options": stream, "temperature": 0.7, "max_tokens": tokens});
    for (refusals, expected) in [
        (vec![(400, by_param(rename, "max_tokens"))], &renamed),
        (vec![(400, in_words(rename))], &renamed),
        (vec![(422, by_loc("max_tokens"))], &renamed),
        (vec![(400, in_words(rename)), (422, by_loc("max_completion_tokens"))], &unlimited),
        (
            vec![(
                400,
                by_param(
                    "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
                    "temperature",
                ),
            )],
            &cold,
        ),
        (vec![(400, in_words("`temperature` is deprecated for this model."))], &cold),
        (vec![(400, in_words("invalid temperature: only 1 is allowed for this model"))], &cold),
        (vec![(422, by_loc("stream_options"))], &plain),
        (
            vec![(
                422,
                json!({"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}}),
            )],
            &plain,
        ),
        (
            vec![(
                400,
                json!({"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted'}]", "param": null}),
            )],
            &plain,
        ),
        (
            vec![(
                400,
                json!({"error_code": "BAD_REQUEST", "message": "Unrecognized request argument supplied: stream_options"}),
            )],
            &plain,
        ),
        (vec![(400, by_param("x", "stream_options.include_usage"))], &plain),
        (
            vec![(500, json!({"error": "create() got an unexpected keyword argument 'stream_options'"}))],
            &plain,
        ),
        (vec![(400, by_param("Your organization must be verified to stream this model.", "stream"))], &whole),
        (vec![(400, in_words("Unsupported parameter: stream"))], &whole),
        (
            vec![(
                400,
                by_param(
                    "max_tokens is too large: 4000. This model supports at most 2048 completion tokens, whereas you provided 4000.",
                    "max_tokens",
                ),
            )],
            &with(2048),
        ),
        (
            vec![(400, in_words("Invalid max_tokens value, the valid range of max_tokens is [1, 2,048]"))],
            &with(2048),
        ),
        (vec![(400, by_param("max_tokens too large", "max_tokens"))], &with(2000)),
        (
            vec![(
                400,
                in_words(
                    "This model's maximum context length is 4096 tokens. However, you requested 4192 tokens (192 in the messages, 4000 in the completion).",
                ),
            )],
            &with(1024),
        ),
        (
            vec![(
                400,
                in_words(
                    "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens and your request has 200 input tokens",
                ),
            )],
            &with(1024),
        ),
        (
            vec![(
                422,
                in_words(
                    "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 100 `inputs` tokens and 4000 `max_new_tokens`",
                ),
            )],
            &with(1024),
        ),
    ] {
        assert_eq!(&after(&settings(4000, &Value::Null), &refusals), expected, "{refusals:?}");
    }
}

#[test]
fn fewer_tokens_than_an_endpoint_takes_become_as_many_as_it_takes() {
    for sentence in [
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 5 instead.",
        "max_tokens must be at least 16",
        "max_tokens is too small",
    ] {
        assert_eq!(
            after(&settings(5, &Value::Null), &[(400, in_words(sentence))])["max_tokens"],
            16,
            "{sentence}"
        );
    }
}

#[test]
fn instructions_go_into_the_question_where_a_template_has_no_place_for_them() {
    let settings = settings(4000, &Value::Null);
    for refusal in [
        in_words("System role not supported"),
        in_words("Conversation roles must alternate user/assistant/user/assistant/..."),
        by_param(
            "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
            "messages[0].role",
        ),
    ] {
        let complaint =
            Complaint::of_response(400, &reqwest::header::HeaderMap::new(), refusal.to_string().as_bytes());
        let learnt = Learnt::default();
        let (next, _) = learnt.after(&complaint, &asked(&settings, &learnt)).unwrap();
        assert_eq!(asked(&settings, &next)["messages"], json!([{"role": "user", "content": "s\n\nu"}]));
        assert!(
            next.after(&complaint, &asked(&settings, &next)).is_none(),
            "there is nothing more to change"
        );
    }
}

#[test]
fn the_operator_has_the_word_over_the_settings() {
    let extra =
        json!({"temperature": null, "reasoning_effort": "low", "max_tokens": 99, "stream_options": null});
    let settings = settings(4000, &extra);
    assert_eq!(after(&settings, &[]), json!({"stream": true, "reasoning_effort": "low", "max_tokens": 99}));
    let refused = (400, in_words("Unrecognized request argument supplied: reasoning_effort"));
    assert_eq!(after(&settings, &[refused]), json!({"stream": true, "max_tokens": 99}));
    let other = self::settings(4000, &json!({"max_tokens": null, "max_completion_tokens": 50}));
    assert_eq!(after(&other, &[])["max_completion_tokens"], 50);
    assert_eq!(after(&other, &[(422, by_loc("max_completion_tokens"))]).get("max_completion_tokens"), None);
}

#[test]
fn what_cannot_be_changed_is_not_asked_again() {
    let settings = settings(4000, &Value::Null);
    let learnt = Learnt::default();
    for (status, body) in [
        (400, in_words("something is wrong")),
        (400, by_param("bad", "model")),
        (400, by_param("bad", "messages[1].content")),
        (400, by_param("bad", "top_k")),
        (400, in_words("the temperatures of max_tokensize")),
        (401, by_param("bad", "temperature")),
        (429, in_words("max_tokens too large for your tier")),
        (500, in_words("temperature sensor failed")),
        (400, in_words("This model's maximum context length is 100000 tokens.")),
        (400, in_words("prompt is too long")),
        // One that says the same whatever is asked.
        (400, in_words("This model's maximum context length is 20 tokens.")),
    ] {
        let complaint =
            Complaint::of_response(status, &reqwest::header::HeaderMap::new(), body.to_string().as_bytes());
        assert!(learnt.after(&complaint, &asked(&settings, &learnt)).is_none(), "{body}");
    }
}

#[test]
fn whatever_an_endpoint_refuses_each_refusal_changes_the_request_and_it_ends() {
    let settings = settings(4000, &json!({"top_k": 5}));
    for body in [
        by_param("unsupported", "max_tokens"),
        by_param("too large", "max_tokens"),
        by_param("must be at least 5000", "max_tokens"),
        in_words(
            "max_tokens, max_completion_tokens, temperature, stream_options and 'stream' are not supported; nor is system role not supported",
        ),
        in_words("max_tokens must be 17 or 9000"),
        by_loc("top_k"),
    ] {
        let mut learnt = Learnt::default();
        let mut rounds = 0;
        loop {
            let asked = asked(&settings, &learnt);
            let complaint =
                Complaint::of_response(400, &reqwest::header::HeaderMap::new(), body.to_string().as_bytes());
            let Some((next, _)) = learnt.after(&complaint, &asked) else { break };
            assert_ne!(self::asked(&settings, &next), asked, "{body}");
            learnt = next;
            rounds += 1;
            assert!(rounds < 20, "{body}");
        }
        assert!(rounds > 0, "{body}");
    }
}
