//! Answers as endpoints really send them: ends without a reason, content types that lie, thoughts in the text. Each answer is
//! read whole, and asked for once.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use sandbox::TestEnv;
use sandbox::model::{Behaviour, Ended, When};
use sandbox::telegram::Person;
use serde_json::{Value, json};

fn event(json: &Value) -> String {
    format!("data: {json}\n\n")
}

fn delta(delta: &Value) -> Value {
    json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]})
}

fn says(text: &str) -> Value {
    delta(&json!({"content": text}))
}

fn ends(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

const DONE: &str = "data: [DONE]\n\n";

fn document(message: &Value) -> Value {
    json!({"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
}

/// "ok", as a stream.
fn ok() -> String {
    [event(&says("o")), event(&says("k")), event(&ends("stop")), DONE.to_owned()].concat()
}

/// Each case has its answer, after one call.
fn are_read(cases: &[(&str, &str, Behaviour)]) {
    let env = TestEnv::new();
    let _bot = env.start();
    for (user, (case, _, behaviour)) in (1..).zip(cases) {
        env.model.on(When::asked(&format!("zebra, {case}?")), behaviour.clone());
        env.telegram.say(&Person::private(user), &format!("zebra, {case}?"));
    }
    for (user, (case, expected, _)) in (1..).zip(cases) {
        assert_eq!(env.telegram.wait_for_count(user, 1)[0].text(), *expected, "{case}");
    }
    env.wait_settled();
    for (user, (case, expected, _)) in (1..).zip(cases) {
        let stored = format!("SELECT content FROM messages WHERE user_id = {user} AND role = 'assistant'");
        assert_eq!(env.psql(&stored), *expected, "{case}");
    }
    assert_eq!(env.model.requests().len(), cases.len(), "nothing was asked twice");
    env.assert_logged("WARN", 0);
}

#[test]
fn an_end_is_told_in_many_ways() {
    let with_each_word =
        |text: &str| event(&json!({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}));
    are_read(&[
        (
            "[DONE] and no reason",
            "ok",
            Behaviour::script([event(&says("o")), event(&says("k")), DONE.to_owned()]),
        ),
        (
            "[DONE], no reason, and the connection stays",
            "ok",
            Behaviour::script([event(&says("ok")) + DONE, event(&json!({"usage": {}}))]),
        ),
        (
            "a reason with every word",
            "ok",
            Behaviour::script([with_each_word("o"), with_each_word("k"), DONE.to_owned()]),
        ),
        (
            "a reason with every word and no [DONE]",
            "ok",
            Behaviour::script([with_each_word("o"), with_each_word("k")]),
        ),
        (
            "a reason with every word, slowly",
            "ok",
            Behaviour::script([with_each_word("o"), with_each_word("k"), DONE.to_owned()])
                .every(Duration::from_millis(2500)),
        ),
        (
            "null in words until the end",
            "ok",
            Behaviour::script([
                event(&json!({"choices": [{"delta": {"content": "ok"}, "finish_reason": "null"}]})),
                event(&ends("stop")),
            ]),
        ),
        ("Gemini's word", "ok", Behaviour::script([event(&says("ok")), event(&ends("STOP"))])),
        ("Anthropic's word", "ok", Behaviour::script([event(&says("ok")), event(&ends("end_turn"))])),
        (
            "a document without a reason",
            "ok",
            Behaviour::json(200, r#"{"choices":[{"message":{"content":"ok"}}]}"#),
        ),
        (
            "all of it once more at the end",
            "ok",
            Behaviour::script([
                event(&says("ok")),
                event(&document(&json!({"content": "ok"}))),
                DONE.to_owned(),
            ]),
        ),
    ]);
}

fn packed<W: Write>(mut encoder: W, finish: fn(W) -> Vec<u8>) -> Vec<u8> {
    encoder.write_all(ok().as_bytes()).unwrap();
    finish(encoder)
}

#[test]
fn an_answer_is_read_by_what_it_is_and_not_by_what_it_is_called() {
    let gzip = packed(GzEncoder::new(Vec::new(), Compression::fast()), |encoder| encoder.finish().unwrap());
    let deflate =
        packed(ZlibEncoder::new(Vec::new(), Compression::fast()), |encoder| encoder.finish().unwrap());
    let brotli =
        packed(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20), brotli::CompressorWriter::into_inner);
    let whole = document(&json!({"content": "ok"}));
    let lines = format!("{}\n{}\n{}\n", says("o"), says("k"), ends("stop"));
    let pretty = serde_json::to_string_pretty(&whole).unwrap();
    let bytes = |text: &str| text.bytes().map(|byte| [byte]).collect::<Vec<_>>();
    are_read(&[
        ("a stream as JSON", "ok", Behaviour::script([ok()]).typed("application/json")),
        ("a stream as text", "ok", Behaviour::script([ok()]).typed("text/plain; charset=utf-8")),
        ("a document as a stream", "ok", Behaviour::script([whole.to_string()])),
        ("a document as text", "ok", Behaviour::http(200, "text/plain", whole.to_string().as_bytes())),
        ("a document over many lines", "ok", Behaviour::script([pretty]).typed("application/octet-stream")),
        ("a document in a list", "ok", Behaviour::json(200, &json!([whole]).to_string())),
        ("a line each", "ok", Behaviour::script([lines]).typed("application/x-ndjson")),
        ("a byte order mark", "ok", Behaviour::script([format!("\u{feff}{}", ok())])),
        ("CR", "ok", Behaviour::script(bytes(&ok().replace('\n', "\r")))),
        ("CRLF, torn", "ok", Behaviour::script(bytes(&ok().replace('\n', "\r\n")))),
        ("over several lines", "ok", Behaviour::script([ok().replace("\"choices\"", "\ndata: \"choices\"")])),
        ("no empty lines", "ok", Behaviour::script([ok().replace("\n\n", "\n")])),
        ("gzip", "ok", Behaviour::script(gzip.chunks(7)).header("content-encoding", "gzip")),
        ("deflate", "ok", Behaviour::script([deflate]).header("content-encoding", "deflate")),
        ("brotli", "ok", Behaviour::script([brotli]).header("content-encoding", "br")),
    ]);
}

#[test]
fn nothing_packed_is_asked_for_and_a_bomb_costs_no_memory() {
    let env = TestEnv::new();
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..256 {
        bomb.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    let bomb = Behaviour::script([bomb.finish().unwrap()]).header("content-encoding", "gzip");
    env.model.on(When::asked("bomb"), bomb);
    let bot = env.start();
    env.telegram.say(&Person::private(1), "bomb");
    env.telegram.wait_for_count(1, 1);
    env.others_are_served();
    assert!(bot.peak_memory() < 150, "{} MB", bot.peak_memory());
    let headers = &env.model.requests()[0].headers;
    assert!(headers.contains(&("accept-encoding".to_owned(), "identity".to_owned())), "{headers:?}");
}

#[test]
fn thoughts_are_neither_shown_nor_stored_nor_sent_back() {
    let part = |kind: &str, text: Value| json!({"type": kind, kind: text});
    let parts = json!([part("thinking", json!([part("text", json!("zebra"))])), part("text", json!("ok"))]);
    let env = TestEnv::new();
    let _bot = env.start();
    let cases = [
        ("tag", Behaviour::text("<think>\nzebra\n</think>\n\nok")),
        ("only the end", Behaviour::text("A zebra, then.\n</think>\n\nok")),
        ("other tag", Behaviour::text("<reasoning>zebra</reasoning>ok")),
        (
            "channels",
            Behaviour::text(
                "<|channel|>analysis<|message|>zebra<|end|><|start|>assistant<|channel|>final<|message|>ok<|return|>",
            ),
        ),
        ("Kimi", Behaviour::text("◁think▷zebra◁/think▷ok")),
        ("torn to letters", Behaviour::text("<think>zebra</think>ok").token_characters(1)),
        (
            "a document",
            Behaviour::json(200, &document(&json!({"content": "<think>zebra</think>ok"})).to_string()),
        ),
        (
            "typed parts",
            Behaviour::script([
                event(&delta(&json!({"content": parts}))),
                event(&ends("stop")),
                DONE.to_owned(),
            ]),
        ),
        (
            "fields",
            Behaviour::script([
                event(&delta(&json!({"reasoning_details": [{"text": "zebra"}], "thinking": "zebra"}))),
                ok(),
            ]),
        ),
    ];
    for (user, (case, behaviour)) in (1..).zip(&cases) {
        env.model.on(When::asked(&format!("{case}?")), behaviour.clone());
        env.telegram.say(&Person::private(user), &format!("{case}?"));
    }
    for (user, (case, _)) in (1..).zip(&cases) {
        assert_eq!(env.telegram.wait_for_count(user, 1)[0].text(), "ok", "{case}");
        env.telegram.say(&Person::private(user), "and now?");
        env.telegram.wait_for_count(user, 2);
    }
    env.wait_settled();
    assert_eq!(
        env.psql("SELECT count(*) FROM messages WHERE content LIKE '%zebra%' OR content LIKE '%hink%'"),
        "0"
    );
    for asked in env.asked("and now?") {
        assert_eq!(asked.messages[2].content, "ok");
    }
    assert_eq!(env.model.requests().len(), 2 * cases.len());
}

#[test]
fn a_preview_shows_no_thoughts_once_it_is_known_how_the_model_marks_them() {
    let env = TestEnv::new();
    let _bot = env.start();
    let slowly =
        |text: &str| Behaviour::text(text).token_characters(4).token_every(Duration::from_millis(150));
    env.model.on(When::asked("first"), Behaviour::text("A zebra, then.\n</think>\n\nok"));
    env.model.on(
        When::asked("second"),
        slowly("A zebra, and a zebra, and one more.\n</think>\n\nSo it is done, and it is well."),
    );
    env.model.on(
        When::asked("third"),
        slowly("<think>A zebra, and a zebra, and one more.</think>So it is done, and it is well."),
    );
    for (n, question) in ["first", "second", "third"].into_iter().enumerate() {
        env.telegram.say(&Person::private(1), question);
        env.telegram.wait_for_count(1, n + 1);
    }
    let drafts = env.telegram.calls("sendMessageDraft");
    assert!(
        drafts.iter().any(|call| call.params.to_string().contains("So it")),
        "the answer is shown as it grows"
    );
    assert!(drafts.iter().all(|call| !call.params.to_string().contains("zebra")), "a thought was shown");
}

#[test]
fn an_answer_about_marks_is_not_harmed() {
    let env = TestEnv::new();
    let _bot = env.start();
    let text = "A tag:\n\n```xml\n<think>\nwhy\n</think>\n```\n\nThe end tag `</think>` closes it, and </think> is its name.";
    env.model.on(When::any(), Behaviour::text(text));
    env.telegram.say(&Person::private(1), "tags?");
    let shown = env.telegram.wait_for_count(1, 1)[0].text().to_owned();
    assert!(shown.contains("<think>\nwhy\n</think>") && shown.starts_with("A tag:"), "{shown}");
    env.wait_settled();
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'assistant'"), text);
}

#[test]
fn any_thought_is_a_sign_of_life() {
    let mut env = TestEnv::new();
    env.set("LLM_TIMEOUT", "1");
    let _bot = env.start();
    let thinking = |field: Value| {
        let thought = event(&delta(&field));
        let mut pieces: Vec<_> = std::iter::repeat_n(thought, 40).collect();
        pieces.push(ok());
        Behaviour::script(pieces).every(Duration::from_millis(50))
    };
    let fields = [
        json!({"reasoning": "z"}),
        json!({"reasoning_content": "z"}),
        json!({"reasoning_details": [{"type": "reasoning.text", "text": "z"}]}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "z"}]}]}),
        json!({"content": "", "thoughts": {"summary": "z"}}),
    ];
    for (user, field) in (1..).zip(&fields) {
        env.model.on(When::asked(&format!("{user}?")), thinking(field.clone()));
        env.telegram.say(&Person::private(user), &format!("{user}?"));
    }
    for user in (1..).take(fields.len()) {
        assert_eq!(env.telegram.wait_for_count(user, 1)[0].text(), "ok");
    }
}

#[test]
fn what_goes_on_for_ever_after_the_end_is_not_listened_to() {
    let env = TestEnv::new();
    let _bot = env.start();
    let nothing = event(&delta(&json!({"content": ""})));
    let pieces =
        [event(&says("ok")), event(&ends("stop"))].into_iter().chain(std::iter::repeat_n(nothing, 2000));
    env.model.on(When::any(), Behaviour::script(pieces).every(Duration::from_millis(50)));
    env.telegram.say(&Person::private(1), "hello");
    assert_eq!(env.telegram.wait_for_count(1, 1)[0].text(), "ok");
    env.model.wait_idle();
    assert_eq!(env.model.requests()[0].ended, Some(Ended::ClientClosed));
}
