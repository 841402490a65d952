use serde_json::json;

use super::*;

fn of(status: u16, headers: &[(&'static str, &str)], body: &str) -> LlmError {
    let pair = |(name, value): &(&'static str, &str)| (name.parse().unwrap(), value.parse().unwrap());
    Complaint::of_response(status, &headers.iter().map(pair).collect(), body.as_bytes()).error()
}

#[track_caller]
fn assert_final(status: u16, body: &str, class: Failure, at: Cause) {
    match of(status, &[], body) {
        LlmError::Final { failure, cause, .. } => {
            assert_eq!((failure, cause), (class, at), "{status} {body}");
        }
        other => panic!("{status} {body}: {other:?}"),
    }
}

#[test]
fn a_key_that_is_not_taken_is_named_whatever_the_status() {
    for (status, body) in [
        (401, r#"{"error":{"message":"No auth","code":401}}"#),
        (403, "<html>"),
        (
            400,
            r#"{"error":{"message":"Authentication Error, Invalid proxy server token passed","type":"auth_error","param":"None","code":"400"}}"#,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: sk-…"}"#,
        ),
        (400, r#"{"error":{"message":"Invalid API Key","type":"authentication_error","code":400}}"#),
        (500, r#"{"error":{"message":"x","type":"auth_error"}}"#),
    ] {
        assert_final(status, body, Failure::Misconfigured, Cause::Key(status));
    }
}

#[test]
fn what_an_operator_has_to_look_at_is_told_apart() {
    use Cause::{Address, Field, Model, Redirect, Request};
    for (status, body, cause) in [
        (400, "{}", Request),
        (404, r#"{"error":{"message":"no such model"}}"#, Model),
        (404, "404 page not found", Address),
        (400, r#"{"error":{"message":"foo/bar is not a valid model ID","code":400}}"#, Model),
        (400, r#"{"error":{"message":"bad","param":"messages[0].content","code":"invalid_value"}}"#, Field),
        (422, r#"{"detail":[{"type":"value_error","loc":["body","messages",0,"name"],"msg":"bad"}]}"#, Field),
        (308, "", Redirect),
    ] {
        assert_final(status, body, Failure::Misconfigured, cause);
    }
}

#[test]
fn an_account_without_money_is_known_in_every_endpoints_words() {
    for (status, body) in [
        (402, ""),
        (429, r#"{"error":{"code":"insufficient_quota"}}"#),
        (429, r#"{"error":{"message":"…","type":"exceeded_current_quota_error"}}"#),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}"#,
        ),
        (
            403,
            r#"{"error":"Your team has either used all available credits or reached its monthly spending limit."}"#,
        ),
    ] {
        assert_final(status, body, Failure::OutOfQuota, Cause::Account);
    }
}

#[test]
fn a_refusal_by_inspection_is_a_refusal() {
    for (status, body) in [
        (400, r#"{"error":{"code":"content_filter"}}"#),
        (403, r#"{"error":{"code":403,"metadata":{"flagged_input":"x"}}}"#),
        (
            400,
            r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
        ),
        (
            400,
            r#"{"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate content."}}"#,
        ),
        (
            400,
            r#"{"code":"DataInspectionFailed","message":"Output data may contain inappropriate content.","request_id":"x"}"#,
        ),
        (400, r#"{"error":{"message":"Content Exists Risk","type":"invalid_request_error"}}"#),
        (
            400,
            r#"{"error":{"message":"The request was rejected because it was considered high risk","type":"content_filter"}}"#,
        ),
        (
            500,
            r#"{"error":{"message":"Request blocked by Gemini API: PROHIBITED_CONTENT","code":"PROHIBITED_CONTENT"}}"#,
        ),
        (400, r#"{"error":{"message":"Violated guardrail policy","code":"400"}}"#),
        (
            400,
            r#"{"contentFilter":[{"level":1,"role":"user"}],"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}"#,
        ),
    ] {
        assert_final(status, body, Failure::Refused, Cause::Endpoint);
    }
}

#[test]
fn passing_errors_are_worth_another_try_and_carry_the_pause() {
    let gemini = r#"[{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}]"#;
    for (status, headers, body, expected) in [
        (408, vec![], "", None),
        (500, vec![], "", None),
        (529, vec![], r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, None),
        (429, vec![("retry-after", "7")], "", Some(7.0)),
        (429, vec![("retry-after", "7")], gemini, Some(7.0)),
        (429, vec![], gemini, Some(34.0)),
        (
            429,
            vec![],
            r#"{"error":{"message":"Rate limit reached for gpt on requests per min. Please try again in 1m5s."}}"#,
            Some(65.0),
        ),
        (
            429,
            vec![],
            r#"{"error":{"message":"Rate limit reached: too many tokens per minute. Reduce the length of x."}}"#,
            None,
        ),
        (429, vec![], r#"{"error":{"code":429,"metadata":{"raw":"{\"retry_after\": 12}"}}}"#, Some(12.0)),
        (503, vec![], "upstream timed out, retry in 250ms", Some(0.25)),
    ] {
        match of(status, &headers, body) {
            LlmError::Passing { pause, .. } => {
                assert_eq!(pause.map(|pause| pause.as_secs_f64()), expected, "{status} {body}");
            }
            other => panic!("{status} {body}: {other:?}"),
        }
    }
}

#[test]
fn a_pause_of_more_than_two_minutes_is_a_failure() {
    for status in [408, 429, 502, 503] {
        for (headers, body) in [(vec![("retry-after", "121")], ""), (vec![], "please try again in 6m0s")] {
            let error = of(status, &headers, body);
            assert!(matches!(error, LlmError::Final { failure: Failure::Unreachable, .. }), "{status}");
        }
    }
}

#[test]
fn a_prompt_that_is_too_long_is_known_in_every_endpoints_words() {
    let sentences = [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, 4000 in the completion).",
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens (5000 of text input, 4000 in the output).",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 509178 tokens.",
        "prompt is too long: 213462 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 199990 + 20000 > 200000, decrease input length or `max_tokens` and try again",
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        "Input is too long for requested model.",
        "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
        "The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length",
        "Trying to keep the first 4242 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens",
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292. Try using a shorter prompt",
        "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3000 `inputs` tokens and 4000 `max_new_tokens`",
        "The input (265330 tokens) is longer than the model's context length (262144 tokens).",
        "Invalid request: Your request exceeded model token limit: 8192",
        "AiError: The estimated number of input and maximum output tokens (12345) exceeded this model context window limit (7968).",
        "the request exceeds the available context size, try increasing it",
        "Context size has been exceeded.",
        "invalid params, context window exceeds limit",
        "Prompt contains 40046 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "Please reduce the length of the messages or completion.",
        "Current length is 9000 while limit is 8192",
        "Range of input length should be [1, 129024]",
        "length of prompt_tokens (32836) must be less than max_seq_len (32768).",
        "prompt too long; exceeded max context length by 4096 tokens",
        "Prompt 超长",
        "Number of input tokens must be no more than 32768, got 40000",
        "tokens limit in messages array exceeded",
        "prompt token count of 50000 exceeds the limit of 32000",
    ];
    for sentence in sentences {
        for body in [
            json!({"error": {"message": sentence, "code": 400}}),
            json!([{"error": {"code": 400, "message": sentence, "status": "INVALID_ARGUMENT"}}]),
            json!({"error": sentence}),
            json!({"errors": [{"message": sentence, "code": 5021}], "success": false}),
            json!({"object": "error", "message": sentence, "type": "BadRequestError"}),
            json!({"detail": sentence}),
            json!({"error": {"message": "Provider returned error", "metadata": {"raw": json!({"message": sentence}).to_string()}}}),
            json!(sentence),
        ] {
            for status in [400, 422, 500] {
                let error = of(status, &[], &body.to_string());
                assert!(matches!(error, LlmError::ContextTooLong), "{status} {body}: {error:?}");
            }
        }
        let error = of(400, &[], sentence);
        assert!(matches!(error, LlmError::ContextTooLong), "{sentence}: {error:?}");
        let in_stream = Complaint::of_event(&json!({"error": {"message": sentence}})).unwrap();
        assert!(matches!(in_stream.error(), LlmError::ContextTooLong), "{sentence}");
    }
    for (status, body) in [
        (413, ""),
        (400, r#"{"error":{"code":"context_length_exceeded"}}"#),
        (
            400,
            r#"{"error":{"code":400,"message":"x","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}"#,
        ),
        (
            429,
            r#"{"error":{"message":"Request too large for gpt on tokens per min (TPM): Limit 30000, Requested 40000.","code":"rate_limit_exceeded"}}"#,
        ),
    ] {
        assert!(matches!(of(status, &[], body), LlmError::ContextTooLong), "{status} {body}");
    }
}

#[test]
fn a_prompt_that_is_too_long_is_known_in_words_that_nobody_foresaw() {
    for sentence in [
        "The conversation has 9000 tokens, more than the model takes; it exceeds 8192.",
        "Your prompt is too long, shorten it",
        "Total size of the messages is larger than what the model reads",
        "input text must have no more than 8000 tokens",
    ] {
        let error = of(400, &[], &json!({"error": sentence}).to_string());
        assert!(matches!(error, LlmError::ContextTooLong), "{sentence}: {error:?}");
    }
    for sentence in [
        "max_tokens is too large: 5000. This model supports at most 4096 completion tokens",
        "Too many requests: the limit of input tokens per minute is exceeded",
        "messages must not be empty",
        "Invalid value for temperature: must be at most 2",
    ] {
        let error = of(400, &[], &json!({"error": sentence}).to_string());
        assert!(!matches!(error, LlmError::ContextTooLong), "{sentence}: {error:?}");
    }
}

#[test]
fn what_quotes_the_request_is_not_what_the_endpoint_says() {
    let body = json!({"detail": [{"loc": ["body", "n"], "msg": "bad", "input": {"messages": "the maximum context is what?"}}]});
    assert!(matches!(of(422, &[], &body.to_string()), LlmError::Final { cause: Cause::Field, .. }));
}

#[test]
fn an_event_is_an_error_only_if_it_says_so() {
    for (event, status) in [
        (json!({"error": "zebra"}), 500),
        (json!({"error": {"code": 402}}), 402),
        (json!({"error": {"code": "429"}}), 429),
        (json!({"object": "error", "message": "zebra", "code": 400}), 400),
        (json!({"type": "error", "error": {"type": "overloaded_error"}}), 500),
        (json!({"code": "InternalError", "message": "zebra"}), 500),
        (json!({"detail": "zebra"}), 500),
    ] {
        assert_eq!(Complaint::of_event(&event).map(|complaint| complaint.status), Some(status), "{event}");
    }
    for event in [
        json!({"error": null, "choices": []}),
        json!({"type": "ping"}),
        json!({"choices": [], "message": "x", "code": 0}),
    ] {
        assert!(Complaint::of_event(&event).is_none(), "{event}");
    }
}

#[test]
fn the_problem_never_quotes_the_endpoint() {
    for body in [
        r#"{"error":{"message":"bad: secret question","type":"secret question"}}"#,
        r#"{"error":{"message":"bad","param":"secret question"}}"#,
        "secret question",
    ] {
        let error = of(400, &[], body);
        assert!(!format!("{error} {error:?}").contains("secret"), "{body}");
    }
}
