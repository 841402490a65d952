//! What the model does with a request.

use std::time::Duration;

use serde_json::{Map, Value};

use super::gate::Gate;
use crate::trigger::Rng;

/// How a request is answered. Begins as the usual answer; each function changes one thing.
///
/// `Behaviour::default()` answers at once, computed from the dialogue, in pieces of a few characters, with
/// finish reason `stop` and the usage where it was asked for.
#[derive(Clone, Debug)]
#[must_use]
pub struct Behaviour {
    pub(super) kind: Kind,
    pub(super) gates: Vec<(Point, Gate)>,
    pub(super) before_headers: Duration,
    pub(super) between_tokens: Duration,
    /// The most that is added before headers, and the sequence it is drawn from.
    pub(super) random: Option<(Duration, Rng)>,
}

/// Where in an answer something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    Headers,
    /// After so many tokens.
    Tokens(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A completion, streamed if so asked.
    Answer(Answer),
    /// An HTTP answer without any completion.
    Http { status: u16, content_type: String, headers: Vec<(String, String)>, body: Vec<u8> },
    /// A stream of these bytes, each piece a chunk of its own, with pauses between; then the end of the body.
    Script {
        content_type: String,
        headers: Vec<(String, String)>,
        pieces: Vec<Vec<u8>>,
        pause: Duration,
        clean_end: bool,
    },
    /// No answer for as long as the client waits.
    Stall,
    /// RST before any answer.
    Reset,
}

#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// `None`: computed.
    pub(super) text: Option<String>,
    pub(super) token_characters: usize,
    pub(super) reasoning: Option<(ReasoningField, String)>,
    pub(super) finish_reason: String,
    pub(super) usage: bool,
    /// Beside the tokens.
    pub(super) figures: Map<String, Value>,
    pub(super) comments: usize,
    /// After so many tokens, this instead of the rest.
    pub(super) breaks: Option<(usize, Break)>,
}

/// How models name their thoughts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReasoningField {
    Reasoning,
    ReasoningContent,
}

/// How a stream breaks.
#[derive(Clone, Debug)]
pub(super) enum Break {
    /// The body ends as if all were well, without a finish reason.
    Cut,
    /// The connection closes in the middle of a chunk.
    CutInChunk,
    Reset,
    Stall,
    CommentForEver,
    /// An error object in the stream.
    Error {
        code: u16,
        message: String,
    },
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::of(Kind::Answer(Answer {
            text: None,
            token_characters: 6,
            reasoning: None,
            finish_reason: "stop".into(),
            usage: true,
            figures: Map::new(),
            comments: 0,
            breaks: None,
        }))
    }
}

impl Behaviour {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            gates: Vec::new(),
            before_headers: Duration::ZERO,
            between_tokens: Duration::ZERO,
            random: None,
        }
    }

    /// The usual answer: same as `default()`.
    pub fn answer() -> Self {
        Self::default()
    }

    /// A given text instead of the computed one.
    pub fn text(text: &str) -> Self {
        Self::default().with(|answer| answer.text = Some(text.to_owned()))
    }

    /// An HTTP error with a JSON body, `{"error": {"message", "code"}}`.
    pub fn status(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({"error": {"message": message, "code": status}}).to_string())
    }

    /// The 429 of an account without money: permanent.
    pub fn quota() -> Self {
        let error = serde_json::json!({"error": {
            "message": "You exceeded your current quota, please check your plan and billing details.",
            "type": "insufficient_quota", "code": "insufficient_quota",
        }});
        Self::json(429, &error.to_string())
    }

    /// Any JSON text with any status.
    pub fn json(status: u16, body: &str) -> Self {
        Self::http(status, "application/json", body.as_bytes())
    }

    /// The page of a gateway or a captive portal.
    pub fn html(status: u16) -> Self {
        Self::http(
            status,
            "text/html; charset=utf-8",
            b"<!DOCTYPE html><html><body><h1>Sorry</h1></body></html>",
        )
    }

    /// Any answer of the HTTP layer.
    pub fn http(status: u16, content_type: &str, body: &[u8]) -> Self {
        let content_type = content_type.to_owned();
        Self::of(Kind::Http { status, content_type, headers: Vec::new(), body: body.to_vec() })
    }

    /// A stream of exactly these bytes, each piece sent on its own, a moment apart; then a clean end.
    pub fn script<P: AsRef<[u8]>>(pieces: impl IntoIterator<Item = P>) -> Self {
        let pieces = pieces.into_iter().map(|piece| piece.as_ref().to_vec()).collect();
        Self::of(Kind::Script {
            content_type: "text/event-stream".to_owned(),
            headers: Vec::new(),
            pieces,
            pause: Duration::from_millis(2),
            clean_end: true,
        })
    }

    /// As [`Behaviour::script`], but the connection closes without the end of the body.
    pub fn script_cut<P: AsRef<[u8]>>(pieces: impl IntoIterator<Item = P>) -> Self {
        let mut script = Self::script(pieces);
        if let Kind::Script { clean_end, .. } = &mut script.kind {
            *clean_end = false;
        }
        script
    }

    /// No headers, ever.
    pub fn stall() -> Self {
        Self::of(Kind::Stall)
    }

    /// RST instead of an answer.
    pub fn reset() -> Self {
        Self::of(Kind::Reset)
    }

    /// A header of an HTTP answer or a script (`retry-after`, `content-encoding`).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (Kind::Http { headers, .. } | Kind::Script { headers, .. }) = &mut self.kind else {
            panic!("headers belong to status(), json(), html(), http(), script()")
        };
        headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A script with another pause after each piece.
    pub fn every(mut self, other: Duration) -> Self {
        let Kind::Script { pause, .. } = &mut self.kind else { panic!("tokens have token_every()") };
        *pause = other;
        self
    }

    /// A script with another content type, which need not be true.
    pub fn typed(mut self, other: &str) -> Self {
        let Kind::Script { content_type, .. } = &mut self.kind else {
            panic!("only a script has a type of its own")
        };
        other.clone_into(content_type);
        self
    }

    /// Waits before the headers.
    pub fn headers_after(mut self, delay: Duration) -> Self {
        self.before_headers = delay;
        self
    }

    /// Waits before each token but the first.
    pub fn token_every(mut self, delay: Duration) -> Self {
        self.between_tokens = delay;
        self
    }

    /// Adds a random wait before the headers, up to `most`, repeatably for a seed (in order of the requests' arrival).
    pub fn random_delay(mut self, most: Duration, seed: u64) -> Self {
        self.random = Some((most, Rng::new(seed)));
        self
    }

    /// Stops at the gate before the headers.
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.gates.push((Point::Headers, gate.clone()));
        self
    }

    /// Stops at the gate after so many tokens (0: before the first, with the headers already sent).
    pub fn hold_after(mut self, tokens: usize, gate: &Gate) -> Self {
        self.gates.push((Point::Tokens(tokens), gate.clone()));
        self
    }

    /// Tokens of so many characters.
    pub fn token_characters(self, characters: usize) -> Self {
        self.with(|answer| answer.token_characters = characters.max(1))
    }

    /// Another finish reason: `length`, `content_filter`, …
    pub fn finish(self, reason: &str) -> Self {
        self.with(|answer| reason.clone_into(&mut answer.finish_reason))
    }

    /// Thoughts before the answer, in `delta.reasoning`.
    pub fn reasoning(self, thoughts: &str) -> Self {
        self.with(|answer| answer.reasoning = Some((ReasoningField::Reasoning, thoughts.to_owned())))
    }

    /// Thoughts before the answer, in `delta.reasoning_content`.
    pub fn reasoning_content(self, thoughts: &str) -> Self {
        self.with(|answer| answer.reasoning = Some((ReasoningField::ReasoningContent, thoughts.to_owned())))
    }

    /// Leaves the usage out although it was asked for.
    pub fn without_usage(self) -> Self {
        self.with(|answer| answer.usage = false)
    }

    /// Figures beside the tokens: `{"cost": 0.001}`.
    pub fn figures(self, figures: &Value) -> Self {
        let figures = figures.as_object().expect("figures are an object").clone();
        self.with(|answer| answer.figures = figures)
    }

    /// So many `: OPENROUTER PROCESSING` comments before the first token.
    pub fn comments(self, count: usize) -> Self {
        self.with(|answer| answer.comments = count)
    }

    /// After so many tokens the body ends as if all were well, without a finish reason.
    pub fn cut_after(self, tokens: usize) -> Self {
        self.breaks(tokens, Break::Cut)
    }

    /// After so many tokens the connection closes in the middle of a chunk.
    pub fn cut_in_chunk_after(self, tokens: usize) -> Self {
        self.breaks(tokens, Break::CutInChunk)
    }

    /// After so many tokens: RST.
    pub fn reset_after(self, tokens: usize) -> Self {
        self.breaks(tokens, Break::Reset)
    }

    /// After so many tokens: silence, for as long as the client waits.
    pub fn stall_after(self, tokens: usize) -> Self {
        self.breaks(tokens, Break::Stall)
    }

    /// After so many tokens only comments, ten a second, for as long as the client waits.
    pub fn comment_for_ever_after(self, tokens: usize) -> Self {
        self.breaks(tokens, Break::CommentForEver)
    }

    /// After so many tokens an error object in the stream, with finish reason `error`.
    pub fn error_after(self, tokens: usize, code: u16, message: &str) -> Self {
        self.breaks(tokens, Break::Error { code, message: message.to_owned() })
    }

    fn breaks(self, tokens: usize, how: Break) -> Self {
        self.with(|answer| answer.breaks = Some((tokens, how)))
    }

    fn with(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        let Kind::Answer(answer) = &mut self.kind else {
            panic!("only a completion has tokens, a finish reason and usage")
        };
        change(answer);
        self
    }

    /// This request's wait before its headers.
    pub(super) fn draw_delay(&mut self) -> Duration {
        let random = self.random.as_mut().map_or(Duration::ZERO, |(most, rng)| {
            Duration::from_micros(rng.below(u64::try_from(most.as_micros()).unwrap_or(u64::MAX)))
        });
        self.before_headers + random
    }
}
