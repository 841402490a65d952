//! What a single chat bears: the pauses that Telegram asked for, by method, and how often its previews change.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::telegram::Method;

/// "Avoid sending more than one message per second" in a chat (Bots FAQ, "My bot is hitting limits"). Drafts of a shorter
/// distance were punished with pauses of minutes.
const DRAFT_PACE: Duration = Duration::from_secs(1);
/// The same for a message that grows by edits: the answer itself, which is one more edit, needs room within the limit.
const EDIT_PACE: Duration = Duration::from_millis(1500);
/// "Not more than 20 messages per minute" in a group (ibid.); edits count too.
const PER_GROUP_AND_MINUTE: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// So many of them are kept for answers.
const FOR_ANSWERS: usize = 5;
/// What previews of a group may use, evenly.
const GROUP_PACE: Duration = Duration::from_secs(4);
/// The pace halves with each refusal, so often at most, and recovers with each preview that is taken.
const SLOWEST: u32 = 4;

/// How an answer is shown while it grows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// As a draft.
    Draft,
    /// As a message that is sent or edited: by this method.
    Message(Method),
}

/// All chats of which something is to be known still.
#[derive(Default, Debug)]
pub(super) struct Chats {
    pauses: HashMap<(i64, Method), Instant>,
    previews: HashMap<i64, Previews>,
    /// The messages and edits of the last minute, for each group.
    groups: HashMap<i64, VecDeque<Instant>>,
}

/// How fast previews may follow each other in a chat.
#[derive(Clone, Copy, Debug)]
struct Previews {
    next: Instant,
    /// How often the pace was halved.
    halved: u32,
    /// A pause that Telegram asked for: it holds for the first words, too.
    paused: Option<Instant>,
}

impl Chats {
    /// Telegram wants no call of this method in the chat before that.
    pub(super) fn pause(&mut self, now: Instant, chat_id: i64, method: Method, until: Instant) {
        self.pauses.retain(|_, until| *until > now);
        let longest = self.pauses.entry((chat_id, method)).or_insert(until);
        *longest = (*longest).max(until);
    }

    /// How long the next call of the method has to wait still.
    pub(super) fn wait(&self, now: Instant, chat_id: i64, method: Method) -> Option<Duration> {
        let wait = self.pauses.get(&(chat_id, method))?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    /// A message or an edit is about to go to the chat.
    pub(super) fn count(&mut self, now: Instant, chat_id: i64) {
        if !is_group(chat_id) {
            return;
        }
        self.groups.retain(|_, calls| {
            while calls.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
                calls.pop_front();
            }
            !calls.is_empty()
        });
        let calls = self.groups.entry(chat_id).or_default();
        calls.push_back(now);
        // More than that tell nothing that fewer do not.
        if calls.len() > PER_GROUP_AND_MINUTE {
            calls.pop_front();
        }
    }

    /// How long a preview has to wait still, as far as the chat is concerned. The first words of a message come at once: a
    /// chat bears a message that follows another one.
    pub(super) fn preview_wait(
        &self,
        now: Instant,
        chat_id: i64,
        form: Form,
        first: bool,
    ) -> Option<Duration> {
        let previews = self.previews.get(&chat_id);
        let own = match form {
            Form::Message(method) => {
                let pace = previews.filter(|_| !first).map(|previews| previews.next);
                let paused = previews.and_then(|previews| previews.paused);
                pace.max(paused).max(self.room(chat_id)).max(self.pauses.get(&(chat_id, method)).copied())
            }
            Form::Draft => previews.map(|previews| previews.next),
        };
        own.map(|until| until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// When a group has room for a preview beside the answers.
    fn room(&self, chat_id: i64) -> Option<Instant> {
        let calls = self.groups.get(&chat_id)?;
        let one_too_many = calls.len().checked_sub(PER_GROUP_AND_MINUTE - FOR_ANSWERS)?;
        calls.get(one_too_many).map(|at| *at + MINUTE)
    }

    /// Telegram took a preview.
    pub(super) fn taken(&mut self, now: Instant, chat_id: i64, form: Form) {
        self.change(now, chat_id, form, |halved| halved.saturating_sub(1), Duration::ZERO);
    }

    /// Telegram did not, and not before this has passed.
    pub(super) fn refused(&mut self, now: Instant, chat_id: i64, form: Form, pause: Duration) {
        self.change(now, chat_id, form, |halved| (halved + 1).min(SLOWEST), pause);
    }

    fn change(
        &mut self,
        now: Instant,
        chat_id: i64,
        form: Form,
        change: impl Fn(u32) -> u32,
        pause: Duration,
    ) {
        // What is long over tells nothing about a chat any more.
        let memory = GROUP_PACE * 2_u32.pow(SLOWEST);
        self.previews.retain(|_, previews| previews.next + memory > now);
        let before = self.previews.get(&chat_id);
        let halved = change(before.map_or(0, |previews| previews.halved));
        let paused = before.and_then(|previews| previews.paused);
        let pace = match form {
            Form::Draft => DRAFT_PACE,
            Form::Message(_) if is_group(chat_id) => GROUP_PACE,
            Form::Message(_) => EDIT_PACE,
        };
        let paused = paused.max((!pause.is_zero()).then_some(now + pause));
        let next = (now + pace * 2_u32.pow(halved)).max(paused.unwrap_or(now));
        self.previews.insert(chat_id, Previews { next, halved, paused });
    }
}

/// Groups and channels have negative ids (Bot API, Chat).
fn is_group(chat_id: i64) -> bool {
    chat_id < 0
}
