//! An OpenAI-compatible stand-in, as OpenRouter speaks: streams, errs, stalls, on demand.
//!
//! Its answer is computed from the messages it received ([`expected_answer`]), so that a wrong context is visible in
//! the text. What else it does is told per request: [`Model::on`] with a [`When`] and a [`Behaviour`]. Rules are asked
//! in the order in which they were given; the first that applies decides.

mod answer;
mod behaviour;
mod gate;
mod parts;
mod service;
mod speech;
pub mod voice;
mod when;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use answer::expected_answer;
pub use behaviour::Behaviour;
pub use gate::Gate;
pub use speech::Listened;
pub use voice::Spoken;
pub use when::When;

use crate::http::Server;
use crate::telegram::{secret, seed};
use crate::trigger::Rng;
use crate::wait::PATIENCE;
use crate::watched::Watched;

/// A running model endpoint; stops when dropped.
pub struct Model {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    key: String,
    state: Watched<State>,
}

/// One message of a dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "parts::Wire")]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
    /// The pictures behind it, in order.
    #[serde(skip)]
    pub pictures: Vec<Vec<u8>>,
    /// The PDFs behind it, with their names, in order.
    #[serde(skip)]
    pub pdfs: Vec<(String, Vec<u8>)>,
}

impl Message {
    /// A message of any role.
    pub fn new(role: &str, content: &str) -> Self {
        Self { role: role.into(), content: content.into(), pictures: Vec::new(), pdfs: Vec::new() }
    }

    /// With these pictures.
    #[must_use]
    pub fn showing(mut self, pictures: &[&[u8]]) -> Self {
        self.pictures = pictures.iter().map(|picture| picture.to_vec()).collect();
        self
    }

    /// The instructions.
    pub fn system(content: &str) -> Self {
        Self::new("system", content)
    }

    /// What a person wrote.
    pub fn user(content: &str) -> Self {
        Self::new("user", content)
    }

    /// What the model answered.
    pub fn assistant(content: &str) -> Self {
        Self::new("assistant", content)
    }
}

/// A request for a completion, with the right key and a valid body.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Path and query.
    pub path: String,
    /// The dialogue.
    pub messages: Vec<Message>,
    /// The whole body.
    pub body: Value,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// When it arrived.
    pub at: Instant,
    /// How it ended; `None` while it is being answered.
    pub ended: Option<Ended>,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

impl Asked {
    /// The pictures of the newest message of a person.
    pub fn pictures(&self) -> &[Vec<u8>] {
        self.newest().map_or(&[], |message| &message.pictures)
    }

    /// The PDFs of the newest message of a person, with their names.
    pub fn pdfs(&self) -> &[(String, Vec<u8>)] {
        self.newest().map_or(&[], |message| &message.pdfs)
    }

    /// It asks for the title of a topic, not for an answer.
    pub fn names_topic(&self) -> bool {
        self.messages.first().is_some_and(|message| message.content.starts_with("You name conversations"))
    }

    /// It asks for a summary, not for an answer.
    pub fn sums_up(&self) -> bool {
        self.messages.first().is_some_and(|message| message.content.starts_with("You keep notes"))
    }

    /// The newest message of a person.
    pub fn question(&self) -> &str {
        self.newest().map_or("", |message| &message.content)
    }

    fn newest(&self) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.role == "user")
    }
}

/// Who gets the list of models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// Who has the key, as at most endpoints.
    #[default]
    WithKey,
    /// Everybody, as at OpenRouter.
    ForAnybody,
    /// Nobody: there is none.
    Absent,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Written as its behaviour says, to the end.
    Completed,
    /// The client closed the connection before that.
    ClientClosed,
}

/// What the stand-in saw.
#[derive(Default)]
pub struct State {
    requests: Vec<Asked>,
    in_flight: usize,
    most_in_flight: usize,
    refused: u64,
    rules: Vec<when::Rule>,
    listened: Vec<Listened>,
    rules_of_speech: Vec<when::Rule>,
    spoken: Vec<Spoken>,
    rules_of_voice: Vec<when::Rule>,
    usual: Behaviour,
    context_limit: Option<usize>,
    list: List,
    ends: Option<String>,
    reads: Option<Vec<String>>,
    recording_off: bool,
    stopped: bool,
}

impl State {
    /// All requests for a completion, in order of arrival.
    pub fn requests(&self) -> &[Asked] {
        &self.requests
    }

    /// How many are being answered right now.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The most that were ever answered at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight
    }

    /// How many calls were refused: a wrong key, path or body.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn summary(&self) -> String {
        let ended = |how| self.requests.iter().filter(|asked| asked.ended == Some(how)).count();
        format!(
            "{} requests: {} in flight, {} completed, {} closed by the client; {} calls refused",
            self.requests.len(),
            self.in_flight,
            ended(Ended::Completed),
            ended(Ended::ClientClosed),
            self.refused,
        )
    }
}

impl Model {
    /// Starts one on a free port, with a key of its own.
    pub fn start() -> Self {
        let key = format!("sk-or-v1-{}", secret(&mut Rng::new(seed()), 48));
        let shared = Arc::new(Shared { key, state: Watched::default() });
        Self { server: Server::start("model", Arc::new(service::Http(shared.clone()))), shared }
    }

    /// The base URL, `/v1` included.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.server.address())
    }

    /// The API key: unique, so that a leak can be searched for.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// A model name it knows (it takes any).
    pub fn name(&self) -> &'static str {
        "sandbox/echo"
    }

    /// Lets requests be answered in another way.
    pub fn on(&self, when: When, behaviour: Behaviour) {
        self.shared.state.change(|state| state.rules.push(when::Rule { when, behaviour }));
    }

    /// Lets recordings be answered in another way: those in which is said what [`When::asked`] names.
    pub fn on_speech(&self, when: When, behaviour: Behaviour) {
        self.shared.state.change(|state| state.rules_of_speech.push(when::Rule { when, behaviour }));
    }

    /// All recordings that were to be turned into words, in order of arrival.
    pub fn listened(&self) -> Vec<Listened> {
        self.look(|state| state.listened.clone())
    }

    /// Lets words be spoken in another way: those that hold what [`When::asked`] names.
    pub fn on_voice(&self, when: When, behaviour: Behaviour) {
        self.shared.state.change(|state| state.rules_of_voice.push(when::Rule { when, behaviour }));
    }

    /// All words that were to be spoken, in order of arrival.
    pub fn spoken(&self) -> Vec<Spoken> {
        self.look(|state| state.spoken.clone())
    }

    /// Holds matching requests before their headers until the gate is released; then they are answered as usual.
    pub fn hold(&self, when: When) -> Gate {
        let gate = Gate::default();
        let behaviour = self.shared.state.look(|state| state.usual.clone());
        self.on(when, behaviour.hold(&gate));
        gate
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.shared.state.change(|state| {
            state.rules.clear();
            state.rules_of_speech.clear();
            state.rules_of_voice.clear();
        });
    }

    /// How requests are answered that no rule applies to.
    pub fn usually(&self, behaviour: Behaviour) {
        self.shared.state.change(|state| state.usual = behaviour);
    }

    /// Refuses, as context too long, dialogues of more than so many characters. `None`: none.
    pub fn limit_context(&self, characters: Option<usize>) {
        self.shared.state.change(|state| state.context_limit = characters);
    }

    /// Who gets the list of models (in the beginning, who has the key).
    pub fn list(&self, list: List) {
        self.shared.state.change(|state| state.list = list);
    }

    /// The list of models tells a last day of the model.
    pub fn announce_end(&self, day: &str) {
        self.shared.state.change(|state| state.ends = Some(day.to_owned()));
    }

    /// The list of models tells what the model can read, as OpenRouter's does.
    pub fn announce_reading(&self, words: &[&str]) {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        self.shared.state.change(|state| state.reads = Some(words));
    }

    /// Whether bodies and headers are kept (they are, unless a long run turns it off to save memory).
    pub fn record(&self, on: bool) {
        self.shared.state.change(|state| state.recording_off = !on);
    }

    /// The endpoint is out: connections are refused, open ones closed.
    pub fn down(&self) {
        self.server.down();
    }

    /// The endpoint is back, at the same address.
    pub fn up(&self) {
        self.server.up();
    }

    /// Looks at the state as it is now.
    pub fn look<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        self.shared.state.look(|state| look(state))
    }

    /// All requests, in order of arrival.
    pub fn requests(&self) -> Vec<Asked> {
        self.look(|state| state.requests.clone())
    }

    /// How many requests are being answered right now.
    pub fn in_flight(&self) -> usize {
        self.look(State::in_flight)
    }

    /// Waits until the condition yields something; panics with the state in numbers when the time is over.
    #[track_caller]
    pub fn wait_until<R>(&self, timeout: Duration, mut condition: impl FnMut(&State) -> Option<R>) -> R {
        let Some(result) = self.shared.state.wait(timeout, |state| condition(state)) else {
            panic!("waited {timeout:?} for the model in vain: {}", self.look(State::summary));
        };
        result
    }

    /// Waits until nothing is being answered: a client has an answer's last byte a moment before it counts as ended.
    #[track_caller]
    pub fn wait_idle(&self) {
        self.wait_until(PATIENCE, |state| (state.in_flight == 0).then_some(()));
    }

    /// Waits until so many requests have arrived.
    #[track_caller]
    pub fn wait_for_requests(&self, count: usize) {
        self.wait_until(PATIENCE, |state| (state.requests.len() >= count).then_some(()));
    }
}
