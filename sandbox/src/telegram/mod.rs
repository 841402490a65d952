//! A strict stand-in for the Telegram Bot API.
//!
//! People are played with [`Telegram::say`] and its neighbours, the bot's side is read with [`Telegram::wait_until`] and
//! the functions around it, and [`Telegram::fault`] puts trouble between the two. A chat that nobody ever wrote from
//! does not exist. Ids begin somewhere else in each run.
//!
//! Deliberately absent: markup (`parse_mode`; this project sends entities and blocks) and Telegram's 3-second delay of
//! repeated 409 answers.

mod compose;
mod error;
mod fault;
mod feed;
mod files;
mod limits;
mod methods;
mod origin;
mod params;
mod person;
mod queue;
mod record;
mod rich;
mod service;
mod state;
mod text;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use fault::{Action, Calls, Fault, Reply};
pub use feed::{Pressed, Said};
pub use limits::{Limits, Rate};
pub use params::Document;
pub use person::Person;
pub use record::{Call, ChatType, Content, Draft, Sent};
pub use state::State;

use crate::http::Server;
use crate::trigger::Rng;
use crate::wait::{PATIENCE, wait_until};
use crate::watched::Watched;

/// A running Bot API; stops when dropped.
pub struct Telegram {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    token: String,
    bot: state::Bot,
    state: Watched<State>,
}

impl Telegram {
    /// Starts one on a free port, with a bot and a token of its own.
    pub fn start() -> Self {
        let mut rng = Rng::new(seed());
        let bot = state::Bot {
            id: 5_000_000_000 + i64::from((rng.next() >> 32) as u32),
            username: "sandbox_bot".into(),
        };
        let token = format!("{}:AA{}", bot.id, secret(&mut rng, 33));
        Self::start_as(bot, token)
    }

    /// Starts one for a given token (`<bot id>:<secret>`): a bot that lives longer than its stand-in, as in the demo.
    pub fn start_with_token(token: &str) -> Self {
        let id =
            token.split(':').next().and_then(|id| id.parse().ok()).expect("a token begins with the bot's id");
        Self::start_as(state::Bot { id, username: "sandbox_bot".into() }, token.to_owned())
    }

    fn start_as(bot: state::Bot, token: String) -> Self {
        let state = Watched::new(State::new(bot.clone()));
        let shared = Arc::new(Shared { token, bot, state });
        Self { server: Server::start("telegram", Arc::new(service::Http(shared.clone()))), shared }
    }

    /// What stands before `/bot<token>/`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The bot's token: shaped like a real one, and unique, so that a leak can be searched for.
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// The bot's own user id.
    pub fn bot_id(&self) -> i64 {
        self.shared.bot.id
    }

    /// The bot's name, without `@`.
    pub fn username(&self) -> &str {
        &self.shared.bot.username
    }

    /// Lets calls meet trouble.
    pub fn fault(&self, calls: Calls, action: Action) -> Fault {
        let id = self.shared.state.change(|state| state.faults.add(calls, action));
        Fault { shared: self.shared.clone(), id }
    }

    /// Takes all faults away; calls that hang in one go on.
    pub fn clear_faults(&self) {
        self.shared.state.change(|state| state.faults.clear());
    }

    /// Limits the rate of calls, or (`None`, as in the beginning) does not.
    pub fn limit(&self, limits: Option<Limits>) {
        self.shared.state.change(|state| state.limiter = limits.map(limits::Limiter::new));
    }

    /// Telegram is out: connections are refused, open ones closed. What waits stays.
    pub fn down(&self) {
        self.server.down();
    }

    /// Telegram is back, at the same address.
    pub fn up(&self) {
        self.server.up();
    }

    /// Lets so much time pass for Telegram: drafts fade after 30 seconds, messages are editable for 48 hours.
    pub fn advance_clock(&self, time: Duration) {
        self.shared
            .state
            .change(|state| state.clock_offset += i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    }

    /// Whether the parameters of calls are kept (they are, unless a long run turns it off to save memory).
    pub fn record(&self, on: bool) {
        self.shared.state.change(|state| state.recording = on);
    }

    /// Looks at the state as it is now.
    pub fn look<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        self.shared.state.look(|state| look(state))
    }

    /// All messages of the bot, in the order in which Telegram took them.
    pub fn sent(&self) -> Vec<Sent> {
        self.look(|state| state.sent().to_vec())
    }

    /// The texts that a chat shows, oldest first.
    pub fn texts(&self, chat_id: i64) -> Vec<String> {
        self.look(|state| state.in_chat(chat_id).map(|sent| sent.content.text.clone()).collect())
    }

    /// The calls of a method, in order of arrival.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        let method = method.to_lowercase();
        self.look(|state| state.calls().iter().filter(|call| call.method == method).cloned().collect())
    }

    /// How many updates wait for the bot, or were delivered but not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.look(State::unconfirmed)
    }

    /// Waits until the condition yields something; panics with the state in numbers when the time is over.
    #[track_caller]
    pub fn wait_until<R>(&self, timeout: Duration, mut condition: impl FnMut(&State) -> Option<R>) -> R {
        let Some(result) = self.shared.state.wait(timeout, |state| condition(state)) else {
            panic!("waited {timeout:?} for Telegram in vain: {}", self.look(State::summary));
        };
        result
    }

    /// Waits for a message in a chat whose text fits; the newest one if there are several.
    #[track_caller]
    pub fn wait_for_text(&self, chat_id: i64, mut fits: impl FnMut(&str) -> bool) -> Sent {
        self.wait_until(PATIENCE, |state| {
            state.in_chat(chat_id).rev().find(|sent| fits(sent.text())).cloned()
        })
    }

    /// Waits until a chat shows so many messages of the bot, and returns them.
    #[track_caller]
    pub fn wait_for_count(&self, chat_id: i64, count: usize) -> Vec<Sent> {
        self.wait_until(PATIENCE, |state| {
            let shown: Vec<_> = state.in_chat(chat_id).collect();
            (shown.len() >= count).then(|| shown.into_iter().cloned().collect())
        })
    }

    /// Waits until everything that dead processes had sent is taken, and can be seen.
    #[track_caller]
    pub fn wait_disconnected(&self) {
        wait_until("Telegram to notice who is gone", || (!self.server.serves_the_gone()).then_some(()));
    }

    /// Waits until the bot has confirmed every update.
    #[track_caller]
    pub fn wait_confirmed(&self) {
        self.wait_until(PATIENCE, |state| (state.unconfirmed() == 0).then_some(()));
    }
}

/// Different for each stand-in, in this process and in others.
pub(crate) fn seed() -> u64 {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = now.as_secs().wrapping_mul(1_000_000_000).wrapping_add(u64::from(now.subsec_nanos()));
    nanoseconds ^ (u64::from(std::process::id()) << 32) ^ STARTED.fetch_add(1, Ordering::Relaxed)
}

/// Letters and digits as secrets are made of.
pub(crate) fn secret(rng: &mut Rng, length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    (0..length).map(|_| char::from(ALPHABET[(rng.next() >> 58) as usize])).collect()
}
