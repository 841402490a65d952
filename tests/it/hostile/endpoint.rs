//! Whatever the model's endpoint does: each question has one end, costs one line, and holds up nobody.

use std::time::Duration;

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;

/// One event of a stream.
fn event(json: &str) -> Vec<u8> {
    format!("data: {json}\n\n").into_bytes()
}

fn says(text: &str) -> Vec<u8> {
    event(&format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#))
}

/// As gateways say it that name a reason with every piece.
fn words_with_reason(text: &str) -> Vec<u8> {
    event(&format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#))
}

fn ends() -> Vec<u8> {
    event(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#)
}

fn done() -> Vec<u8> {
    event("[DONE]")
}

fn error(body: &str, status: u16) -> Behaviour {
    Behaviour::json(status, &format!(r#"{{"error":{body}}}"#))
}

/// What happens, the class that it ends as, and how.
type Case = (&'static str, &'static str, Behaviour);

/// A line of 10 MB.
fn huge() -> Vec<u8> {
    format!("data: {}\n\n", "zebra".repeat(2 << 20)).into_bytes()
}

fn broken_on_the_wire() -> Vec<Case> {
    vec![
        ("silent before the headers", "too_slow", Behaviour::stall()),
        ("headers, then silent", "too_slow", Behaviour::answer().stall_after(0)),
        ("silent in the stream", "too_slow", Behaviour::answer().stall_after(3)),
        ("comments for ever", "too_slow", Behaviour::answer().comment_for_ever_after(0)),
        ("comments for ever in the stream", "too_slow", Behaviour::answer().comment_for_ever_after(3)),
        ("cut", "unreachable", Behaviour::answer().cut_after(3)),
        ("cut in a chunk", "unreachable", Behaviour::answer().cut_in_chunk_after(3)),
        ("reset before the headers", "unreachable", Behaviour::reset()),
        ("reset in the stream", "unreachable", Behaviour::answer().reset_after(3)),
        ("an error in the stream", "unreachable", Behaviour::answer().error_after(3, 502, "zebra")),
        ("no more money, in the stream", "out_of_quota", Behaviour::answer().error_after(3, 402, "zebra")),
        ("an error without a code", "unreachable", Behaviour::script([event(r#"{"error":"zebra"}"#)])),
        ("an error with status 200", "misconfigured", error(r#"{"code":401,"message":"zebra"}"#, 200)),
        ("half an answer, abort", "unreachable", Behaviour::answer().finish("abort")),
        (
            "half an answer, no resources",
            "unreachable",
            Behaviour::answer().finish("insufficient_system_resource"),
        ),
        ("an end of tomorrow", "unreachable", Behaviour::answer().finish("stripes")),
        (
            "an event that does not decode",
            "unreachable",
            Behaviour::script([says("o"), event("{\"choices\":[{"), says("k"), ends(), done()]),
        ),
        (
            "an event that is no JSON",
            "unreachable",
            Behaviour::script([says("o"), event("zebra"), says("k"), ends(), done()]),
        ),
        (
            "content that is no text",
            "unreachable",
            Behaviour::script([event(r#"{"choices":[{"delta":{"content":42}}]}"#), ends(), done()]),
        ),
        (
            "a line of 10 MB between",
            "unreachable",
            Behaviour::script([says("o"), huge(), says("k"), ends(), done()]),
        ),
        (
            "a reason with each word, then cut",
            "unreachable",
            Behaviour::script_cut([words_with_reason("half "), words_with_reason("an ")]),
        ),
        (
            "half a document",
            "unreachable",
            Behaviour::json(200, r#"{"choices":[{"message":{"content":"half"#),
        ),
        ("finish reason error", "unreachable", Behaviour::answer().finish("error")),
        ("an empty body", "unreachable", Behaviour::http(200, "text/event-stream", b"")),
        ("an empty document", "unreachable", Behaviour::json(200, "")),
        ("no choices", "unreachable", Behaviour::script([event(r#"{"choices":[]}"#), done()])),
        ("no choices at all", "unreachable", Behaviour::json(200, "{}")),
        (
            "content: null",
            "empty",
            Behaviour::json(200, r#"{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}"#),
        ),
        (
            "content: null in the stream",
            "empty",
            Behaviour::script([event(r#"{"choices":[{"delta":{"content":null}}]}"#), ends(), done()]),
        ),
        ("nothing to see", "empty", Behaviour::text(" \n\u{200b}\n")),
        ("reasoning only", "out_of_tokens", Behaviour::text("").reasoning("zebra").finish("length")),
        ("thoughts that never end", "out_of_tokens", Behaviour::text("<think>zebra").finish("length")),
        ("thoughts and nothing behind", "empty", Behaviour::text("<think>zebra</think>\n")),
        ("reasoning_content only", "empty", Behaviour::text("").reasoning_content("zebra")),
        (
            "a refusal",
            "refused",
            Behaviour::script([event(r#"{"choices":[{"delta":{"refusal":"zebra"}}]}"#), ends()]),
        ),
        ("content filter", "refused", Behaviour::answer().finish("content_filter")),
        ("flagged input", "refused", error(r#"{"code":403,"metadata":{"flagged_input":"zebra"}}"#, 403)),
        (
            "garbage",
            "unreachable",
            Behaviour::script([&b"\xff\xfe\0zebra\n\ndata: {\"choi"[..], b"ces\ndata:\0\n"]),
        ),
        ("one line of 10 MB", "unreachable", Behaviour::script([huge()])),
        ("a document of 10 MB", "unreachable", Behaviour::http(200, "application/json", &huge())),
    ]
}

fn told_by_the_endpoint() -> Vec<Case> {
    vec![
        ("an error of 10 MB", "misconfigured", Behaviour::http(400, "application/json", &huge())),
        ("a page with status 200", "unreachable", Behaviour::html(200)),
        ("a gateway's page", "unreachable", Behaviour::html(502)),
        ("400", "misconfigured", Behaviour::status(400, "zebra")),
        ("401", "misconfigured", Behaviour::status(401, "zebra")),
        ("402", "out_of_quota", Behaviour::status(402, "zebra")),
        ("403", "misconfigured", Behaviour::status(403, "zebra")),
        ("404", "misconfigured", Behaviour::status(404, "zebra")),
        ("quota", "out_of_quota", Behaviour::quota()),
        ("429 for a day", "unreachable", Behaviour::status(429, "zebra").header("retry-after", "86400")),
        (
            "500 for an age",
            "unreachable",
            Behaviour::status(500, "zebra").header("retry-after", "99999999999"),
        ),
        ("context too long", "too_long", error(r#"{"message":"maximum context length is zebra"}"#, 400)),
    ]
}

#[test]
fn whatever_keeps_a_model_from_answering_ends_as_its_class_with_one_line() {
    let mut env = TestEnv::new();
    env.set("LLM_TIMEOUT", "2");
    let _bot = env.start();
    let cases = [broken_on_the_wire(), told_by_the_endpoint()].concat();
    for (user, (case, _, behaviour)) in (1..).zip(&cases) {
        env.model.on(When::asked(&format!("zebra, {case}?")), behaviour.clone());
        env.telegram.say(&Person::private(user).speaking("en"), &format!("zebra, {case}?"));
    }
    env.others_are_served();
    for (user, (case, class, _)) in (1..).zip(&cases) {
        let text = env.telegram.wait_for_count(user, 1)[0].text().to_owned();
        let go_on = match *class {
            "too_long" => "send it again",
            "refused" => "edit your message",
            _ => "/retry",
        };
        assert!(text.contains(go_on), "{case}: {text}");
        let turn = format!("SELECT failure, answer_id IS NULL FROM turns WHERE user_id = {user}");
        assert_eq!(env.psql(&turn), format!("{class}|t"), "{case}");
    }
    env.others_are_served();
    env.wait_settled();
    assert_eq!(env.telegram.sent().len(), cases.len() + 2);
    env.assert_logged("question failed", cases.len());
    env.assert_logged("WARN", cases.len());
}

#[test]
fn whatever_an_answer_looks_like_on_the_wire_it_is_read() {
    let env = TestEnv::new();
    let _bot = env.start();
    let smile = "data: {\"choices\":[{\"delta\":{\"content\":\"привет 😀\"}}]}\n\n";
    let torn = smile.find('😀').unwrap() + 2;
    let error = event(r#"{"error":{"code":502,"message":"zebra"}}"#);
    let cases: Vec<(&str, &str, Behaviour)> = vec![
        (
            "a character over a chunk border",
            "привет 😀",
            Behaviour::script([&smile.as_bytes()[..torn], &smile.as_bytes()[torn..], &ends()]),
        ),
        (
            "invalid UTF-8 over a chunk border",
            "a\u{fffd}b",
            Behaviour::script([
                &b"data: {\"choices\":[{\"delta\":{\"content\":\"a\xf0\x9f"[..],
                &b"b\"}}]}\n\n"[..],
                &ends(),
            ]),
        ),
        (
            "mixed line ends",
            "ok",
            Behaviour::script([b"\r\n: hi\r\n".to_vec(), says("o"), says("k"), ends()]),
        ),
        ("NUL", "a\u{fffd}b", Behaviour::script([says(r"a\u0000b"), ends()])),
        (
            "NUL in the figures",
            "ok",
            Behaviour::script([event(
                r#"{"model":"a\u0000b","choices":[{"delta":{"content":"ok"},"finish_reason":"stop\u0000"}]}"#,
            )]),
        ),
        ("no end after the end", "ok", Behaviour::script_cut([says("ok"), ends()])),
        ("an error after the end", "ok", Behaviour::script([says("ok"), ends(), error])),
        ("thoughts and comments first", "ok", Behaviour::text("ok").reasoning("zebra").comments(3)),
        (
            "nothing between tokens for a while",
            "ok",
            Behaviour::text("ok").token_every(Duration::from_millis(300)),
        ),
        ("no usage", "ok", Behaviour::text("ok").without_usage()),
    ];
    for (user, (case, _, behaviour)) in (1..).zip(&cases) {
        env.model.on(When::asked(&format!("zebra, {case}?")), behaviour.clone());
        env.telegram.say(&Person::private(user), &format!("zebra, {case}?"));
    }
    for (user, (case, expected, _)) in (1..).zip(&cases) {
        assert_eq!(env.telegram.wait_for_count(user, 1)[0].text(), *expected, "{case}");
    }
    env.wait_settled();
    for (case, ..) in &cases {
        assert_eq!(env.times_asked(&format!("zebra, {case}?")), 1, "{case}");
    }
    env.assert_logged("WARN", 0);
}
