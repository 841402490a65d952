//! The HTTP side: the key, the body, and the answer as its behaviour says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::behaviour::{Answer, Behaviour, Break, Kind, Point};
use super::speech::{self, Listened};
use super::voice::{self, Spoken};
use super::wire::{Completion, pieces, usage};
use super::{Asked, Ended, List, Message, Shared, expected_answer};
use crate::http::{Exchange, Gone, Request, Service};

const JSON: &str = "application/json";
const COMMENT: &[u8] = b": OPENROUTER PROCESSING\n\n";

pub(super) struct Http(pub(super) Arc<Shared>);

/// A refusal before any behaviour: status and message.
pub(super) type Refusal = (u16, String);

/// What is asked for.
enum Wanted {
    /// The list of models.
    Models,
    /// An answer to this dialogue.
    Answer(Vec<Message>),
    /// The words of this recording.
    Words(Listened),
    /// The sound of these words.
    Sound(Spoken),
}

impl Service for Http {
    fn serve(&self, request: Request, exchange: &mut Exchange<'_>) {
        let outcome = match self.admit(&request) {
            Ok(Wanted::Answer(messages)) => self.complete(request, &messages, exchange),
            Ok(Wanted::Words(listened)) => self.transcribe(listened, exchange),
            Ok(Wanted::Sound(spoken)) => self.speak(spoken, exchange),
            Ok(Wanted::Models) => {
                let (ends, reads) = self.0.state.look(|state| (state.ends.clone(), state.reads.clone()));
                let models = json!({"data": [{
                    "id": "sandbox/echo", "object": "model", "context_length": 128_000, "expiration_date": ends,
                    "architecture": reads.map(|words| json!({"input_modalities": words})),
                }]});
                exchange.respond(200, JSON, &[], models.to_string().as_bytes())
            }
            Err((status, message)) => {
                self.0.state.change(|state| state.refused += 1);
                let body = json!({"error": {"message": message, "code": status}}).to_string();
                exchange.respond(status, JSON, &[], body.as_bytes())
            }
        };
        if outcome.is_err() {
            exchange.close();
        }
    }

    fn stop(&self) {
        self.0.state.change(|state| state.stopped = true);
    }
}

impl Http {
    fn admit(&self, request: &Request) -> Result<Wanted, Refusal> {
        let path = request.path.split('?').next();
        let list = self.0.state.look(|state| state.list);
        if path == Some("/v1/models") && list == List::ForAnybody {
            return Ok(Wanted::Models);
        }
        if request.header("authorization") != Some(&format!("Bearer {}", self.0.key)) {
            return Err((401, "No auth credentials found".into()));
        }
        match path {
            Some("/v1/models") if list != List::Absent => Ok(Wanted::Models),
            Some("/v1/chat/completions") => dialogue(&request.body).map(Wanted::Answer),
            Some("/v1/audio/transcriptions") => speech::read(request).map(Wanted::Words),
            Some("/v1/audio/speech") => voice::read(&request.body).map(Wanted::Sound),
            _ => Err((404, "Not found".into())),
        }
    }

    fn complete(
        &self,
        request: Request,
        messages: &[Message],
        exchange: &mut Exchange<'_>,
    ) -> Result<(), Gone> {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let asked = Asked {
            path: request.path,
            messages: messages.to_vec(),
            body: body.clone(),
            headers: request.headers,
            at: Instant::now(),
            ended: None,
            ended_at: None,
        };
        let (number, delay, behaviour) = self.0.state.change(|state| {
            let rule = state
                .rules
                .iter_mut()
                .find_map(|rule| rule.applies(asked.question(), &body).then_some(&mut rule.behaviour));
            let too_long = state.context_limit.is_some_and(|limit| {
                messages.iter().map(|message| message.content.chars().count()).sum::<usize>() > limit
            });
            let behaviour = rule.unwrap_or(&mut state.usual);
            let delay = behaviour.draw_delay();
            let behaviour = if too_long { context_too_long() } else { behaviour.clone() };
            state.requests.push(if state.recording_off {
                Asked { messages: Vec::new(), body: Value::Null, headers: Vec::new(), ..asked }
            } else {
                asked
            });
            state.in_flight += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            (state.requests.len() - 1, delay, behaviour)
        });
        let outcome = answer(number, messages, &body, delay, &behaviour, exchange);
        self.0.state.change(|state| {
            state.in_flight -= 1;
            let ended = if outcome.is_ok() { Ended::Completed } else { Ended::ClientClosed };
            state.requests[number].ended = Some(ended);
            state.requests[number].ended_at = Some(Instant::now());
        });
        outcome
    }
}

fn context_too_long() -> Behaviour {
    let error = json!({"error": {
        "message": "This endpoint's maximum context length is exceeded. Please reduce the length of the messages.",
        "code": "context_length_exceeded",
    }});
    Behaviour::json(400, &error.to_string())
}

/// What an endpoint checks in a body.
fn dialogue(body: &[u8]) -> Result<Vec<Message>, Refusal> {
    let bad = |what: &str| (400, what.to_owned());
    let body: Value = serde_json::from_slice(body).map_err(|_| bad("the body is not JSON"))?;
    if body["model"].as_str().is_none_or(str::is_empty) {
        return Err(bad("No models provided"));
    }
    if body
        .get("temperature")
        .is_some_and(|value| !value.as_f64().is_some_and(|value| (0.0..=2.0).contains(&value)))
    {
        return Err(bad("temperature must lie between 0 and 2"));
    }
    if body.get("max_tokens").is_some_and(|value| value.as_u64().is_none_or(|value| value == 0)) {
        return Err(bad("max_tokens must be a positive integer"));
    }
    let messages: Vec<Message> = serde_json::from_value(body["messages"].clone())
        .map_err(|_| bad("messages must have a role and a content"))?;
    if messages.is_empty() {
        return Err(bad("Input must have at least 1 message."));
    }
    if messages.iter().any(|message| !matches!(message.role.as_str(), "system" | "user" | "assistant")) {
        return Err(bad("unknown role"));
    }
    Ok(messages)
}

pub(super) fn answer(
    number: usize,
    messages: &[Message],
    body: &Value,
    delay: Duration,
    behaviour: &Behaviour,
    exchange: &mut Exchange<'_>,
) -> Result<(), Gone> {
    pass(behaviour, Point::Headers, exchange)?;
    if !delay.is_zero() {
        exchange.pause(delay)?;
    }
    match &behaviour.kind {
        Kind::Answer(answer) => {
            let text = answer.text.clone().unwrap_or_else(|| expected_answer(messages));
            let completion = Completion::new(number, body["model"].as_str().unwrap_or_default());
            let mut usage = usage(messages, &text);
            for (name, value) in &answer.figures {
                usage[name] = value.clone();
            }
            if body["stream"] != true {
                let whole = completion.whole(&text, &answer.finish_reason, &usage);
                return exchange.respond(200, JSON, &[], whole.as_bytes());
            }
            let usage = (answer.usage && body["stream_options"]["include_usage"] == true).then_some(usage);
            stream(&completion, answer, &text, usage.as_ref(), behaviour, exchange)
        }
        Kind::Http { status, content_type, headers, body } => {
            exchange.respond(*status, content_type, headers, body)
        }
        Kind::Script { content_type, headers, pieces, pause, clean_end } => {
            exchange.begin(200, content_type, headers)?;
            for piece in pieces {
                exchange.chunk(piece)?;
                exchange.pause(*pause)?;
            }
            if *clean_end {
                return exchange.end();
            }
            exchange.close();
            Ok(())
        }
        Kind::Stall => {
            exchange.hang();
            Err(Gone)
        }
        Kind::Reset => {
            exchange.reset();
            Ok(())
        }
    }
}

fn pass(behaviour: &Behaviour, here: Point, exchange: &mut Exchange<'_>) -> Result<(), Gone> {
    let mut gates = behaviour.gates.iter().filter(|(point, _)| *point == here);
    gates.try_for_each(|(_, gate)| gate.pass(exchange))
}

fn begin(exchange: &mut Exchange<'_>) -> Result<(), Gone> {
    exchange.begin(200, "text/event-stream", &[("cache-control".to_owned(), "no-cache".to_owned())])
}

/// Events leave one by one when something happens between them, else together: the bench pays one write.
fn stream(
    completion: &Completion,
    answer: &Answer,
    text: &str,
    usage: Option<&Value>,
    behaviour: &Behaviour,
    exchange: &mut Exchange<'_>,
) -> Result<(), Gone> {
    begin(exchange)?;
    let together =
        behaviour.between_tokens.is_zero() && behaviour.gates.is_empty() && answer.breaks.is_none();
    let mut out = Out { exchange, held: Vec::new(), together };
    for _ in 0..answer.comments {
        out.send(COMMENT)?;
    }
    out.send(completion.role().as_bytes())?;
    if let Some((field, thoughts)) = &answer.reasoning {
        for thought in pieces(thoughts, answer.token_characters) {
            out.send(completion.thought(*field, thought).as_bytes())?;
        }
    }
    for (count, token) in pieces(text, answer.token_characters).enumerate() {
        if broken(completion, answer, count, out.exchange)? {
            return Ok(());
        }
        pass(behaviour, Point::Tokens(count), out.exchange)?;
        if count > 0 && !behaviour.between_tokens.is_zero() {
            out.exchange.pause(behaviour.between_tokens)?;
        }
        out.send(completion.token(token).as_bytes())?;
    }
    let count = pieces(text, answer.token_characters).count();
    if broken(
        completion,
        answer,
        count.max(answer.breaks.as_ref().map_or(0, |(tokens, _)| *tokens)),
        out.exchange,
    )? {
        return Ok(());
    }
    pass(behaviour, Point::Tokens(count), out.exchange)?;
    out.send(completion.finish(&answer.finish_reason).as_bytes())?;
    if let Some(usage) = usage {
        out.send(completion.usage(usage).as_bytes())?;
    }
    out.send(b"data: [DONE]\n\n")?;
    out.end()
}

/// Whether the stream breaks after so many tokens; if so, it is over.
fn broken(
    completion: &Completion,
    answer: &Answer,
    tokens: usize,
    exchange: &mut Exchange<'_>,
) -> Result<bool, Gone> {
    let Some((_, how)) = answer.breaks.as_ref().filter(|(after, _)| *after == tokens) else {
        return Ok(false);
    };
    match how {
        Break::Cut => exchange.end()?,
        Break::CutInChunk => {
            exchange.raw(b"400\r\ndata: {\"id\":")?;
            exchange.close();
        }
        Break::Reset => exchange.reset(),
        Break::Stall => {
            exchange.hang();
            return Err(Gone);
        }
        Break::CommentForEver => loop {
            exchange.chunk(COMMENT)?;
            exchange.pause(Duration::from_millis(100))?;
        },
        Break::Error { code, message } => {
            exchange.chunk(completion.error(*code, message).as_bytes())?;
            exchange.chunk(b"data: [DONE]\n\n")?;
            exchange.end()?;
        }
    }
    Ok(true)
}

struct Out<'a, 'b> {
    exchange: &'a mut Exchange<'b>,
    held: Vec<u8>,
    together: bool,
}

impl Out<'_, '_> {
    fn send(&mut self, event: &[u8]) -> Result<(), Gone> {
        if self.together {
            self.held.extend_from_slice(event);
            return Ok(());
        }
        self.exchange.chunk(event)
    }

    fn end(self) -> Result<(), Gone> {
        self.exchange.chunk(&self.held)?;
        self.exchange.end()
    }
}
