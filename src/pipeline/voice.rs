//! Words of an answer → a voice message: the sound is made when its part's turn to be sent has come.
//!
//! Called by the sender. The outbox holds the words and not the sound, which can be made again: a process that dies between the two
//! costs one more call of the endpoint at most. Within a process the sound waits in memory until Telegram has it, so that no pause of
//! Telegram's is paid for. Whatever goes wrong, the answer was sent in writing before.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::config;
use crate::domain::address::Address;
use crate::domain::lane::Lane;
use crate::llm::{Cause, Completion, LlmError, Sound, Speaker, Voiced};
use crate::pipeline::called::count;
use crate::store::ledger::{self, Calls};
use crate::store::outbox::Unsent;
use crate::store::{Store, StoreError};

/// So often the words of one message are tried to be spoken.
const TRIES: usize = 2;
/// The longest pause of the endpoint's own that is waited for, and the usual one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(500);
/// How long a sound waits in memory; by then its part is sent, or a sentence stands in its place.
const KEPT: Duration = Duration::from_secs(600);
/// The most sound that waits in memory to be sent, in bytes.
const MOST_BYTES: usize = 32 << 20;

/// What speaks, if anything does.
pub struct Voice {
    http: Http,
    speaker: Option<Speaker>,
    waiting: Mutex<VecDeque<Made>>,
}

/// A sound that Telegram has not got yet.
struct Made {
    part: i64,
    words: String,
    sound: Arc<Sound>,
    at: Instant,
}

/// What became of the words.
pub(super) enum Spoken {
    /// This is to be sent.
    Sound(Arc<Sound>),
    /// The end of the work was asked for.
    Interrupted,
    /// They are not spoken.
    Failed,
}

impl Voice {
    /// As the settings say.
    pub fn new(http: &Http, settings: Option<&config::Speaking>) -> Self {
        let speaker = settings.map(|settings| Speaker::new(http.clone(), settings.speaker.clone()));
        Self { http: http.clone(), speaker, waiting: Mutex::default() }
    }

    /// What speaks.
    pub(super) fn speaker(&self) -> Option<&Speaker> {
        self.speaker.as_ref()
    }

    /// Has the words of the part spoken, unless that was done already. What it took is in the ledger then.
    pub(super) fn speak(
        &self,
        store: &Store,
        lane: Lane,
        unsent: &Unsent,
        words: &str,
        stop: &CancelToken,
    ) -> Result<Spoken, StoreError> {
        if let Some(sound) = self.kept(unsent.id, words) {
            return Ok(Spoken::Sound(sound));
        }
        let Some(speaker) = &self.speaker else { return Ok(Spoken::Failed) };
        let began = Instant::now();
        let mut calls = Vec::new();
        let sound = loop {
            // Whoever leads by now has them spoken itself.
            if !stop.lets_begin() {
                break Err(LlmError::Stopped(Completion::default()));
            }
            let left = speaker.timeout().saturating_sub(began.elapsed());
            let Voiced { call, sound } = speaker.speak(words, left, stop);
            count(&call);
            calls.push(call);
            match sound {
                Err(LlmError::Passing { pause, .. })
                    if calls.len() < TRIES && pause.is_none_or(|pause| pause <= LONGEST_PAUSE) =>
                {
                    self.http.sleep(pause.unwrap_or(PAUSE), stop);
                }
                sound => break sound,
            }
        };
        let sound = sound.map(|sound| self.keep(unsent.id, words, sound));
        let address = Address {
            lane,
            update_seq: unsent.update_seq,
            update_id: 0,
            thread_id: unsent.thread_id,
            reply_to: None,
            live_message_id: None,
        };
        // What was paid for is not given up because the database is away.
        store.retry_forever(|conn| ledger::store(conn, Calls { address, calls: &calls }))?;
        let (part, characters) = (unsent.id, words.chars().count());
        let millis = began.elapsed().as_millis();
        Ok(match sound {
            Ok(sound) => {
                info!(part, characters, bytes = sound.bytes.len(), millis, "an answer was spoken");
                failpoints::pass("spoken", unsent.payload());
                Spoken::Sound(sound)
            }
            Err(LlmError::Stopped(_)) => Spoken::Interrupted,
            Err(error) => {
                let (cause, problem) = because(&error);
                warn!(part, characters, "an answer is not spoken: {problem}; {}", Speaker::remedy(cause));
                Spoken::Failed
            }
        })
    }

    /// The sound of the part, if it waits here. Its words are compared, for another server may give its number to another part.
    fn kept(&self, part: i64, words: &str) -> Option<Arc<Sound>> {
        let waiting = self.waiting();
        let made = waiting.iter().find(|made| made.part == part && made.words == words);
        made.map(|made| Arc::clone(&made.sound))
    }

    fn keep(&self, part: i64, words: &str, sound: Sound) -> Arc<Sound> {
        let sound = Arc::new(sound);
        let mut waiting = self.waiting();
        waiting.retain(|made| made.at.elapsed() < KEPT);
        let (words, at) = (words.to_owned(), Instant::now());
        waiting.push_back(Made { part, words, sound: Arc::clone(&sound), at });
        while waiting.iter().map(|made| made.sound.bytes.len()).sum::<usize>() > MOST_BYTES {
            // It is made again, should it still be wanted.
            waiting.pop_front();
        }
        sound
    }

    /// Telegram has the part, or it is not wanted any more.
    pub(super) fn forget(&self, part: i64) {
        self.waiting().retain(|made| made.part != part);
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Made>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where to look, and what for the log.
fn because(error: &LlmError) -> (Cause, &str) {
    match error {
        LlmError::Passing { cause, problem, .. } | LlmError::Final { cause, problem, .. } => {
            (*cause, problem)
        }
        LlmError::ContextTooLong => (Cause::Limit, "the endpoint finds the text too long"),
        LlmError::Stopped(_) => (Cause::Endpoint, "it was stopped"),
    }
}
