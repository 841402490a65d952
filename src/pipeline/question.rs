//! A question → the model's answer, or what is said in its place, stored as a turn.
//!
//! Called by [`crate::pipeline::handler`] with what the question is: one message or several, new or answered again. However it ends,
//! it ends once, and the user reads how.

use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::base::failpoints;
use crate::domain::address::Address;
use crate::domain::attachment::may_have_files;
use crate::domain::budget::{self, Verdict};
use crate::domain::catalogue::{Catalogue, Medium, Model};
use crate::domain::document::Refused;
use crate::domain::failure::Failure;
use crate::domain::history::Past;
use crate::domain::lane::Lane;
use crate::domain::quote::Quote;
use crate::domain::token_budget;
use crate::domain::update::Key;
use crate::llm::{Completion, LONGEST_ANSWER, LlmError};
use crate::metrics::Neighbour;
use crate::pipeline::asked::Question;
use crate::pipeline::fetch::{MOST_MEGABYTES, Missing};
use crate::pipeline::hear::{Said, Unheard};
use crate::pipeline::memory;
use crate::pipeline::outcome::{Answered, LAST_ATTEMPT};
use crate::pipeline::pace::PERHAPS_LEADING;
use crate::pipeline::preview::{Look, Preview};
use crate::pipeline::prompt::{Attempt, Prompt};
use crate::pipeline::services::Services;
use crate::pipeline::shown::{Documents, Shown};
use crate::store::StoreError;
use crate::store::attachments::{self, Stored};
use crate::store::budget as books;
use crate::store::history;
use crate::store::inbox;
use crate::store::turns::{self, Last};

/// How often a model call is repeated after a passing error.
const RETRIES: i32 = 2;

/// How often a file is asked for again after a passing error; Telegram was there a moment ago.
const FETCH_RETRIES: i32 = 5;

/// How soon a question is looked at again that waits for others.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(1);

/// What is to be known before a model is asked.
struct Recalled {
    past: Past,
    /// The answer takes the place of one that its user sees.
    in_place: bool,
}

impl Services {
    /// Answers a question, in three steps: an end that needs no model, the model's answer, or what is said in its place.
    pub(super) fn question(&self, question: &Question<'_>) -> Result<Answered, StoreError> {
        let files = self.files(question)?;
        let question = &Question { files: &files, ..*question };
        if question.attempt >= LAST_ATTEMPT {
            let (seq, class) = (question.address.update_seq, Failure::Crashed.class());
            warn!(
                seq,
                class,
                "question failed: each attempt crashed, or the database refused a statement of it; the lines above say why"
            );
            return self.fail(question, Failure::Crashed);
        }
        if question.stopped {
            return self.stopped(question, Completion::default());
        }
        if let Some(wait) = self.limited(question)? {
            return self.refuse(question, Failure::RateLimited { wait });
        }
        if files.iter().any(|file| file.file.is_picture()) && !question.may_read(Medium::Pictures) {
            return self.cannot_see(question);
        }
        let recalled = self.recall(question)?;
        let quotes = self.quotes(question, &recalled.past)?;
        let question = &Question { quotes: &quotes, ..*question };
        if let Some(failure) = self.refuses_to_hear(question) {
            return self.without_words(question, Unheard::Failed(failure));
        }
        let files = match self.at_hand(question)? {
            Ok(files) => files,
            Err(missing) => return self.without_files(question, missing),
        };
        let question = &Question { files: &files, ..*question };
        let until = Instant::now() + LONGEST_ANSWER;
        match self.reserve(question, &recalled.past)? {
            Verdict::Go => {}
            Verdict::Wait => return self.wait_for_others(question),
            Verdict::No(budget) => return self.refuse(question, Failure::OverBudget(budget)),
        }
        let said = match self.hear(question)? {
            Ok(said) => said,
            Err((call, unheard)) => {
                return self.without_words(&Question { calls: call.as_slice(), ..*question }, unheard);
            }
        };
        let question = &match &said {
            Some(Said { files, text, .. }) => Question { text, files, ..*question },
            None => *question,
        };
        if said.as_ref().is_some_and(|said| !said.has_words) {
            return self.without_words(question, Unheard::Failed(Failure::NoWords));
        }
        let shown = match self.shown(question, &recalled.past)? {
            Ok(shown) => shown,
            Err(missing) => return self.without_files(question, missing),
        };
        let documents = self.documents(question, &recalled.past)?;
        failpoints::pass("answering", question.text);
        if !self.pace.leads() {
            return self.wait_to_lead(question);
        }
        let asking = self.lull.ask();
        let (Attempt { calls, reading, reply }, live_message_id) =
            self.ask(question, &recalled, &shown, &documents, until);
        drop((asking, shown, documents));
        let address = Address { live_message_id, ..question.address };
        let question = &Question { address, reading: reading.as_ref(), calls: &calls, ..*question };
        match reply {
            Ok(reply) => self.answered(question, reply),
            Err(LlmError::Stopped(so_far)) => self.interrupted(question, so_far),
            Err(LlmError::Passing { pause, problem, .. }) if question.retries < RETRIES => {
                self.put_off(question, Neighbour::Model, pause, &problem)
            }
            Err(error) => self.failed(question, &error),
        }
    }

    /// The files of the question, which are known from now on.
    pub(super) fn files(&self, question: &Question<'_>) -> Result<Vec<Stored>, StoreError> {
        let &Question { replaces, text, address, .. } = question;
        let quotes_files = question.quotes.iter().any(Quote::may_have_file);
        let again = replaces.filter(|_| quotes_files || may_have_files(text));
        let sent = question.sent();
        if sent.is_empty() && again.is_none() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> = sent.iter().map(|sent| sent.key).collect();
        let messages: Vec<i64> = again.into_iter().flat_map(Last::messages).collect();
        let files = self.store.run(|conn| {
            if !sent.is_empty() {
                attachments::make_known(conn, address.key(), &sent)?;
            }
            attachments::of_question(conn, address.lane, &keys, messages.clone())
        })?;
        failpoints::pass("inserted", text);
        Ok(files)
    }

    /// The files of the question, fetched and read.
    pub(super) fn at_hand(
        &self,
        question: &Question<'_>,
    ) -> Result<Result<Vec<Stored>, Missing>, StoreError> {
        match self.fetch(question)? {
            Ok(files) => self.read(&Question { files: &files, ..*question }),
            missing => Ok(missing),
        }
    }

    /// Says who can.
    fn cannot_see(&self, question: &Question<'_>) -> Result<Answered, StoreError> {
        let (lane, catalogue) = (question.address.lane, question.assistant.catalogue());
        let names = who_reads(catalogue, Medium::Pictures, lane);
        let (seq, class) = (question.address.update_seq, Failure::CannotSee.class());
        warn!(seq, class, "question failed: no model that may answer can see pictures");
        self.fail_saying(question, Failure::CannotSee, question.language.who_can_see(&names))
    }

    /// Says of each file why it is of no use, and of a scan who could read it.
    fn unreadable(
        &self,
        question: &Question<'_>,
        lost: &[(String, Refused)],
    ) -> Result<Answered, StoreError> {
        let mut said: Vec<String> =
            lost.iter().map(|(name, refused)| question.language.unreadable_file(name, *refused)).collect();
        let is_scan = |(_, refused): &(String, Refused)| *refused == Refused::Scan;
        if lost.iter().any(is_scan) {
            let (lane, catalogue) = (question.address.lane, question.assistant.catalogue());
            let names = who_reads(catalogue, Medium::Pdf, lane);
            said.extend((!names.is_empty()).then(|| question.language.who_reads_pdf(&names)));
        }
        let (seq, class) = (question.address.update_seq, Failure::FileUnreadable.class());
        let refused: Vec<&str> = lost.iter().map(|(_, refused)| refused.name()).collect();
        warn!(seq, class, ?refused, "question failed: none of its files can be read");
        self.fail_saying(question, Failure::FileUnreadable, said.join("\n"))
    }

    /// The model is not asked, for what it was to be shown is not here.
    pub(super) fn without_files(
        &self,
        question: &Question<'_>,
        missing: Missing,
    ) -> Result<Answered, StoreError> {
        let failure = match missing {
            Missing::Full => return self.wait_for_others(question),
            Missing::Unreadable(lost) => return self.unreadable(question, &lost),
            Missing::Stopped => return self.interrupted(question, Completion::default()),
            Missing::Later { pause, problem } if question.retries < FETCH_RETRIES => {
                return self.put_off(question, Neighbour::Telegram, pause, &problem);
            }
            Missing::Later { problem, .. } => {
                debug!(seq = question.address.update_seq, problem, "a file was asked for in vain");
                Failure::FileUnreachable
            }
            Missing::Failed(Failure::FileTooLarge)
                if question.files.iter().all(|file| file.file.is_sound()) =>
            {
                Failure::SoundTooLarge { megabytes: MOST_MEGABYTES }
            }
            Missing::Failed(failure) => failure,
        };
        let (seq, class) = (question.address.update_seq, failure.class());
        warn!(seq, class, "question failed: a file of it cannot be shown to the model");
        self.fail(question, failure)
    }

    /// What the model reads of the dialogue, and how the answer is shown.
    fn recall(&self, question: &Question<'_>) -> Result<Recalled, StoreError> {
        let lane = question.address.lane;
        self.store.run(|conn| {
            // An answer that goes on needs what it goes on from.
            let most = if question.goes_on() { self.max_history.max(2) } else { self.max_history };
            let past = Past::of(history::recent(conn, lane, most, question.replaces)?);
            let in_place = match question.replaces {
                Some(last) => last.is_shown(conn, lane)?,
                None => false,
            };
            Ok(Recalled { past, in_place })
        })
    }

    /// Asks the budgets, if there are any, and reserves what the answer may cost.
    pub(super) fn reserve(&self, question: &Question<'_>, past: &Past) -> Result<Verdict, StoreError> {
        let has_own = question.has_budget;
        if !has_own && !self.budgets.is_any() {
            return Ok(Verdict::Go);
        }
        let chosen = question.assistant.chain(question.in_force).next().filter(|_| !question.words_alone);
        let estimate = chosen.map(|chosen| {
            let said = past.exchanges.iter().flat_map(|turn| [&*turn.question, &*turn.answer]);
            let words: usize =
                said.chain([&*chosen.role.prompt, &question.with_quotes()]).map(token_budget::tokens).sum();
            let files: usize =
                question.files.iter().map(|file| estimate(file, chosen.room().for_files())).sum();
            let facts = memory::size(memory::read(&question.memory.facts, &chosen));
            let read = words + facts + files;
            let max_tokens = chosen.model.max_tokens;
            budget::estimate(chosen.model.price.as_ref(), read, max_tokens)
                + self.price_of_speech(question, max_tokens)
        });
        let (key, estimate) = (question.address.key(), estimate.unwrap_or_default());
        self.store.run(|conn| books::reserve(conn, key, &self.budgets, has_own, &estimate))
    }

    /// Another instance may have the answer already, and the model would be paid twice. Whether it has, the database says.
    fn wait_to_lead(&self, question: &Question<'_>) -> Result<Answered, StoreError> {
        debug!(seq = question.address.update_seq, "the question waits: the lease is not renewed");
        self.look_again(question, PERHAPS_LEADING)
    }

    /// What is left of a budget may be needed for answers in the making. When they are there, it will be seen.
    pub(super) fn wait_for_others(&self, question: &Question<'_>) -> Result<Answered, StoreError> {
        let wait = WAIT_FOR_OTHERS.mul_f64(1.0 + fastrand::f64());
        debug!(seq = question.address.update_seq, "the question waits: the rest of a budget is reserved");
        self.look_again(question, wait)
    }

    /// The question is looked at again after this, and no model call of it counts as failed.
    fn look_again(&self, question: &Question<'_>, wait: Duration) -> Result<Answered, StoreError> {
        let written = self.store.run(|conn| inbox::put_off(conn, question.ledger(), question.retries, wait));
        self.unless_lost(question, written)?;
        Ok(Answered::PutOff(wait))
    }

    /// Beside what came of it stands the message in which the answer was shown while it grew.
    fn ask(
        &self,
        question: &Question<'_>,
        recalled: &Recalled,
        shown: &Shown<'_>,
        documents: &Documents,
        until: Instant,
    ) -> (Attempt, Option<i64>) {
        let &Question { address, private, language, .. } = question;
        let &Recalled { ref past, in_place } = recalled;
        let preview = Preview::begin(self, address, language, Look::of(self.live_answers, private, in_place));
        let prompt = Prompt {
            address,
            past,
            question: &question.with_quotes(),
            shown,
            documents,
            goes_on: question.goes_on(),
            stop: question.stop,
            assistant: question.assistant,
            in_force: question.in_force,
            summaries: question.summaries,
            facts: &question.memory.facts,
            until,
        };
        let attempt = self.complete(&prompt, &preview);
        (attempt, preview.end().or(address.live_message_id))
    }

    /// How long its user has to wait before it can be asked. What was begun is not refused any more.
    pub(super) fn limited(&self, question: &Question<'_>) -> Result<Option<Duration>, StoreError> {
        match question.rate_limit {
            Some(limit) if question.retries == 0 => {
                self.store.run(|conn| turns::until_next(conn, question.address.lane, limit))
            }
            _ => Ok(None),
        }
    }
}

/// What people call the models that read this and that may answer in this dialogue.
fn who_reads(catalogue: &Catalogue, medium: Medium, lane: Lane) -> Vec<&str> {
    let reading = |model: &&Model| model.reads.contains(&medium) && model.access.admits(lane);
    catalogue.models.iter().filter(reading).map(|model| &*model.name).collect()
}

/// About how many tokens a file of the question is, whose words may have so many.
fn estimate(file: &Stored, most: usize) -> usize {
    match file.words {
        _ if file.file.is_sound() => 0,
        Some(Ok(bytes)) => usize::try_from(bytes / 3).unwrap_or(usize::MAX).min(most),
        Some(Err(_)) | None => token_budget::PICTURE,
    }
}
