//! The model stand-in at its HTTP edge: whole answers, streams, and everything that breaks them.

#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod common;

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Answer, receive, send};
use sandbox::Model;
use sandbox::model::{Behaviour, Ended, Message, When, expected_answer};
use serde_json::{Value, json};

fn begin_body(model: &Model, body: &Value) -> std::io::Result<TcpStream> {
    let key = format!("Bearer {}", model.key());
    let url = format!("{}/chat/completions", model.url());
    send(&url, &[("authorization", &key), ("content-type", "application/json")], body.to_string().as_bytes())
}

fn begin(model: &Model, question: &str) -> TcpStream {
    let messages = [Message::system("Be brief."), Message::user(question)];
    let options = json!({"include_usage": true});
    let body =
        json!({"model": model.name(), "messages": messages, "stream": true, "stream_options": options});
    begin_body(model, &body).unwrap()
}

fn ask(model: &Model, question: &str) -> Answer {
    receive(&mut begin(model, question)).unwrap()
}

/// The events of a stream: what stands behind `data: `.
fn events(answer: &Answer) -> Vec<Value> {
    let text = answer.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn content(answer: &Answer) -> String {
    events(answer)
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect()
}

fn finish(answer: &Answer) -> Vec<String> {
    events(answer)
        .iter()
        .filter_map(|event| event["choices"][0]["finish_reason"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn a_stream_holds_the_computed_answer_its_finish_and_its_usage() {
    let model = Model::start();
    let answer = ask(&model, "Привет 😀");
    assert!(
        answer.whole
            && answer.head.contains("text/event-stream")
            && answer.text().ends_with("data: [DONE]\n\n")
    );
    assert_eq!(content(&answer), expected_answer(&[Message::user("Привет 😀")]));
    assert_eq!(finish(&answer), ["stop"]);
    let usage = &events(&answer).pop().unwrap()["usage"];
    assert!(usage["total_tokens"].as_u64().unwrap() > usage["prompt_tokens"].as_u64().unwrap());
    model.wait_idle();
    let asked = &model.requests()[0];
    assert_eq!((asked.question(), asked.ended), ("Привет 😀", Some(Ended::Completed)));
}

#[test]
fn a_request_without_stream_gets_one_object() {
    let model = Model::start();
    let body = json!({"model": "any", "messages": [Message::user("Hi")]});
    let answer = receive(&mut begin_body(&model, &body).unwrap()).unwrap().json();
    assert_eq!(answer["choices"][0]["message"]["content"], expected_answer(&[Message::user("Hi")]));
}

#[test]
fn a_wrong_key_and_a_wrong_body_are_refused() {
    let model = Model::start();
    let url = format!("{}/chat/completions", model.url());
    let refused = receive(&mut send(&url, &[("authorization", "Bearer no")], b"{}").unwrap()).unwrap();
    assert_eq!((refused.status, refused.json()["error"]["code"].as_u64()), (401, Some(401)));
    for wrong in [
        json!({"model": "any", "messages": []}),
        json!({"model": "any", "messages": [{"role": "user", "content": null}]}),
        json!({"model": "any", "messages": [Message::user("x")], "temperature": 3}),
        json!({"messages": [Message::user("x")]}),
    ] {
        assert_eq!(receive(&mut begin_body(&model, &wrong).unwrap()).unwrap().status, 400);
    }
    assert_eq!(model.look(sandbox::model::State::refused), 5);
    model.limit_context(Some(20));
    assert!(ask(&model, "more than eleven characters").text().contains("maximum context length"));
}

#[test]
fn rules_choose_by_question_and_number() {
    let model = Model::start();
    model.on(When::asked("second").skip(1).once(), Behaviour::text("B").finish("length"));
    model.on(When::asked("second"), Behaviour::text("A"));
    let texts: Vec<_> = ["first", "second", "second", "second"].map(|q| content(&ask(&model, q))).to_vec();
    assert_eq!(texts[1..], ["A", "B", "A"]);
    model.clear();
    assert_ne!(content(&ask(&model, "second")), "A");
}

#[test]
fn a_gate_holds_requests_until_it_is_released() {
    let model = Model::start();
    let gate = model.hold(When::asked("wait"));
    let mut held = begin(&model, "wait");
    gate.wait_arrived();
    assert_eq!(model.in_flight(), 1);
    ask(&model, "others pass");
    gate.release();
    assert!(receive(&mut held).unwrap().whole);
    assert_eq!(model.look(sandbox::model::State::most_in_flight), 2);
}

#[test]
fn a_gate_in_the_stream_and_a_client_that_leaves_there_are_seen() {
    let model = Model::start();
    let gate = sandbox::model::Gate::default();
    model.on(When::any(), Behaviour::text("one two three").token_characters(4).hold_after(2, &gate));
    let stream = begin(&model, "x");
    gate.wait_arrived();
    drop(stream);
    let ended = model.wait_until(Duration::from_secs(5), |state| state.requests()[0].ended);
    assert_eq!(ended, Ended::ClientClosed);
    assert_eq!(model.in_flight(), 0);
}

#[test]
fn streams_break_as_they_are_told() {
    let model = Model::start();
    let three = || Behaviour::text("aaabbbccc").token_characters(3);
    let broken = |behaviour: Behaviour| {
        model.on(When::any().once(), behaviour);
        ask(&model, "x")
    };
    let cut = broken(three().cut_after(2));
    assert!(cut.whole && content(&cut) == "aaabbb" && finish(&cut).is_empty());
    assert!(!broken(three().cut_in_chunk_after(1)).whole);
    assert!(!broken(three().reset_after(1)).whole);
    let error = broken(three().error_after(1, 502, "Upstream"));
    assert_eq!(finish(&error), ["error"]);
    assert_eq!(events(&error).last().unwrap()["error"]["message"], "Upstream");
    let at_the_end = broken(three().cut_after(99));
    assert!(content(&at_the_end) == "aaabbbccc" && finish(&at_the_end).is_empty());
}

#[test]
fn silence_and_comments_last_as_long_as_the_client_waits() {
    let model = Model::start();
    for behaviour in [
        Behaviour::stall(),
        Behaviour::text("abc").stall_after(1),
        Behaviour::text("abc").comment_for_ever_after(0),
    ] {
        model.on(When::any().once(), behaviour);
        let stream = begin(&model, "x");
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut stream = stream;
        let read = receive(&mut stream).map(|answer| answer.whole);
        assert!(!read.unwrap_or(false));
        drop(stream);
        model.wait_idle();
    }
    assert!(model.requests().iter().all(|asked| asked.ended == Some(Ended::ClientClosed)));
}

#[test]
fn http_errors_carry_their_headers_and_bodies() {
    let model = Model::start();
    model.on(When::any().once(), Behaviour::status(429, "slow down").header("retry-after", "7"));
    let answer = ask(&model, "x");
    assert!(answer.status == 429 && answer.head.contains("retry-after: 7\r\n"));
    model.on(When::any().once(), Behaviour::quota());
    assert_eq!(ask(&model, "x").json()["error"]["code"], "insufficient_quota");
    model.on(When::any().once(), Behaviour::html(200));
    assert!(ask(&model, "x").text().starts_with("<!DOCTYPE"));
    model.on(When::any().once(), Behaviour::reset());
    assert_eq!(receive(&mut begin(&model, "x")).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn scripted_bytes_arrive_exactly() {
    let model = Model::start();
    let pieces: [&[u8]; 4] = [b"data: {\"a\":\"\xd0", b"\x9f\"}\r\n", b"\n: c\r\n\xff\xfe", b"data: [DONE]"];
    model.on(When::any().once(), Behaviour::script(pieces));
    let answer = ask(&model, "x");
    assert!(answer.whole);
    assert_eq!(answer.body, pieces.concat());
    let line = vec![b'x'; 10 << 20];
    model.on(When::any().once(), Behaviour::script_cut([&line]));
    let answer = ask(&model, "x");
    assert!(!answer.whole);
    assert_eq!(answer.body.len(), line.len());
}

#[test]
fn delays_and_thoughts_come_where_they_belong() {
    let model = Model::start();
    let behaviour =
        Behaviour::text("abcdef").token_characters(3).reasoning("Hmm").comments(2).without_usage();
    model.on(When::any().once(), behaviour);
    let answer = ask(&model, "x");
    assert!(answer.text().starts_with(": OPENROUTER PROCESSING\n\n: OPENROUTER"));
    assert_eq!(events(&answer)[1]["choices"][0]["delta"]["reasoning"], "Hmm");
    assert!(events(&answer).iter().all(|event| event.get("usage").is_none()));
    let slow = Behaviour::text("abcdef").token_characters(3);
    model.usually(slow.headers_after(Duration::from_millis(50)).token_every(Duration::from_millis(50)));
    let begun = Instant::now();
    assert_eq!(content(&ask(&model, "x")), "abcdef");
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[test]
fn an_endpoint_that_is_down_refuses_and_comes_back() {
    let model = Model::start();
    model.down();
    assert_eq!(begin_body(&model, &json!({})).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    model.up();
    assert_eq!(ask(&model, "x").status, 200);
}

#[test]
fn hundreds_of_requests_are_served_at_once() {
    let model = Model::start();
    let gate = model.hold(When::any());
    let mut streams: Vec<_> = (0..300).map(|number| begin(&model, &number.to_string())).collect();
    gate.wait_arrivals(300);
    assert_eq!(model.in_flight(), 300);
    gate.release();
    assert!(streams.iter_mut().all(|stream| receive(stream).unwrap().whole));
}
