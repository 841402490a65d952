//! How what people say in their recordings becomes a part of the question: each recording is listened to once, and its words
//! are committed with their cost before anything else happens.
//!
//! Called by [`crate::pipeline::question`] once the files of the question are here ([`crate::pipeline::fetch`]).

use std::time::Duration;

use tracing::{info, warn};

use crate::base::failpoints;
use crate::domain::attachment::Attachment;
use crate::domain::failure::Failure;
use crate::domain::quote::{Kind, Quote};
use crate::domain::sound::{self, Heard};
use crate::domain::usage::Call;
use crate::llm::{Cause, Completion, LlmError, Sound, Transcribed, Transcriber};
use crate::metrics::Neighbour;
use crate::pipeline::asked::Question;
use crate::pipeline::called::count;
use crate::pipeline::fetch::size;
use crate::pipeline::outcome::Answered;
use crate::pipeline::preview::{Look, Preview};
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::attachments::{self, Stored};
use crate::store::ledger::Calls;

/// How often a recording is listened to again after a passing error.
const RETRIES: i32 = 2;

/// Why a question goes on without the words of a recording: not at all.
pub(super) enum Unheard {
    /// The question ends with this.
    Failed(Failure),
    /// It may be heard later, after a pause if the endpoint named one.
    Later { pause: Option<Duration>, problem: String },
    /// The files of other questions fill the memory.
    Full,
    /// The question is not wanted any more as it is.
    Stopped,
}

/// A question with what was said in it.
pub(super) struct Said {
    /// Its files, with their words.
    pub(super) files: Vec<Stored>,
    /// Its text.
    pub(super) text: String,
    /// Somebody said or wrote something.
    pub(super) has_words: bool,
}

/// What came of a recording.
struct Listened {
    /// For the ledger, as long as that does not have it.
    call: Option<Call>,
    words: Result<String, Unheard>,
}

/// What was said, if there is anything to hear; or why it is not known, with the call that it took.
type Hearing = Result<Option<Said>, (Option<Call>, Unheard)>;

impl Services {
    /// The question with all that was said in its recordings; what nobody has listened to is listened to now. An error comes
    /// with the call that it took. `None`: there is nothing to hear.
    pub(super) fn hear(&self, question: &Question<'_>) -> Result<Hearing, StoreError> {
        if !question.files.iter().any(|file| file.file.is_sound()) {
            return Ok(Ok(None));
        }
        let mut files = question.files.to_vec();
        let mut listening = None;
        for file in files.iter_mut().filter(|file| file.file.is_sound() && file.transcript.is_none()) {
            listening.get_or_insert_with(|| {
                let look = Look::of_listening(self.live_answers, question.private);
                Preview::begin(self, question.address, question.language, look)
            });
            match self.listen(question, file)? {
                Listened { words: Ok(words), .. } => file.transcript = Some(words),
                Listened { call, words: Err(unheard) } => return Ok(Err((call, unheard))),
            }
        }
        let own = files.iter().filter(|file| !file.quoted);
        let heard: Vec<Heard<'_>> = own.map(Stored::heard).collect();
        let text = sound::with_said(question.text, &heard, is_foreign(question.quotes));
        let silent = heard.iter().all(|(file, said)| file.is_sound() && said.is_none_or(str::is_empty));
        let alone = sound::captions(question.text, &heard).is_some_and(|(above, captions)| {
            captions.iter().chain([&above]).all(|words| words.trim().is_empty())
        });
        Ok(Ok(Some(Said { has_words: !(silent && alone), files, text })))
    }

    /// Has one recording turned into words, and keeps them.
    fn listen(&self, question: &Question<'_>, file: &Stored) -> Result<Listened, StoreError> {
        let unheard = |unheard| Ok(Listened { call: None, words: Err(unheard) });
        let (seq, lane) = (question.address.update_seq, question.address.lane);
        let Some(hearing) = &self.hearing else { return unheard(Unheard::Failed(Failure::CannotHear)) };
        // How large it is, Telegram may not have told.
        if let Some(failure) = hearing.refuses(file) {
            return unheard(Unheard::Failed(failure));
        }
        let Some(_weighed) = self.scales.weigh(size(file)) else { return unheard(Unheard::Full) };
        let Some(bytes) = self.store.run(|conn| attachments::content(conn, lane, file))? else {
            return unheard(Unheard::Failed(Failure::FileGone));
        };
        if !question.stop.lets_begin() {
            return unheard(Unheard::Stopped);
        }
        let Transcribed { call, words } =
            hearing.transcriber.transcribe(named(&file.file, bytes), question.stop);
        count(&call);
        let words = match words {
            Ok(words) => sound::said(&words),
            Err(error) => return Ok(Listened { call: Some(call), words: Err(unheard_for(seq, error)) }),
        };
        let calls = Calls { address: question.address, calls: std::slice::from_ref(&call) };
        // What was paid for is not given up because the database is away.
        let kept =
            self.store.retry_forever(|conn| attachments::keep_transcript(conn, lane, file, &words, calls));
        self.unless_lost(&Question { calls: std::slice::from_ref(&call), ..*question }, kept)?;
        info!(
            seq,
            kind = file.file.kind.as_str(),
            characters = words.chars().count(),
            millis = call.usage.duration_ms,
            "a recording was heard"
        );
        failpoints::pass("heard", &words);
        Ok(Listened { call: None, words: Ok(words) })
    }

    /// Why a recording of the question is not even asked for.
    pub(super) fn refuses_to_hear(&self, question: &Question<'_>) -> Option<Failure> {
        let unheard = |file: &&Stored| file.file.is_sound() && file.transcript.is_none();
        question.files.iter().filter(unheard).find_map(|file| match &self.hearing {
            Some(hearing) => hearing.refuses(file),
            None => Some(Failure::CannotHear),
        })
    }

    /// The chat model is not asked, for what was said is not known.
    pub(super) fn without_words(
        &self,
        question: &Question<'_>,
        unheard: Unheard,
    ) -> Result<Answered, StoreError> {
        let failure = match unheard {
            Unheard::Full => return self.wait_for_others(question),
            Unheard::Stopped => return self.interrupted(question, Completion::default()),
            Unheard::Later { pause, problem } if question.retries < RETRIES => {
                return self.put_off(question, Neighbour::Model, pause, &problem);
            }
            Unheard::Later { .. } => Failure::HearingUnreachable,
            Unheard::Failed(failure) => failure,
        };
        let (seq, class) = (question.address.update_seq, failure.class());
        warn!(seq, class, "question failed: what is said in a recording of it is not known");
        self.fail(question, failure)
    }
}

/// Whether somebody else said it: all files of a question are forwarded, or none.
fn is_foreign(quotes: &[Quote]) -> bool {
    quotes.iter().any(|quote| quote.kind == Kind::Forward)
}

/// The recording under a name of ours, whose end endpoints look at: the sender's own may say anything.
fn named(file: &Attachment, bytes: Vec<u8>) -> Sound {
    let (end, mime) = sound::form(&bytes).unwrap_or(("ogg", "application/octet-stream"));
    let seconds = file.seconds.map(i32::unsigned_abs);
    Sound { name: format!("{}.{end}", file.kind.as_str()), mime: mime.to_owned(), seconds, bytes }
}

/// What becomes of the question. Whatever its endpoint says about a recording as a whole is said of its form or its length.
fn unheard_for(seq: i64, error: LlmError) -> Unheard {
    let (cause, failure, problem) = match error {
        LlmError::Stopped(_) => return Unheard::Stopped,
        LlmError::Passing { pause, problem, .. } => return Unheard::Later { pause, problem },
        LlmError::ContextTooLong => return Unheard::Failed(Failure::SoundRefused),
        LlmError::Final { cause, failure, problem } => (cause, failure, problem),
    };
    let failure = match (failure, cause) {
        (Failure::Refused, _) | (_, Cause::Request | Cause::Field) => Failure::SoundRefused,
        (Failure::Unreachable | Failure::TooSlow, _) => Failure::HearingUnreachable,
        _ => Failure::HearingMisconfigured,
    };
    warn!(seq, class = failure.class(), "{problem}; {}", Transcriber::remedy(cause));
    Unheard::Failed(failure)
}
