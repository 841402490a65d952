//! A recording that nobody addressed to the bot, in a chat where everybody's are written down (TRANSCRIPT_CHATS): it is answered with
//! its words alone, and no model of a dialogue is asked.
//!
//! It is a question as far as access, limits, budgets, the ledger and its end are concerned, so that it is paid for once, whatever ends
//! the process. What it replies to, what stands below it and who forwarded it from where is not kept: nobody said that to the bot.

use crate::domain::budget::Verdict;
use crate::domain::failure::Failure;
use crate::domain::history::Past;
use crate::llm::Completion;
use crate::pipeline::asked::Question;
use crate::pipeline::assemble::Whole;
use crate::pipeline::hear::{Said, Unheard};
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::{Answered, LAST_ATTEMPT};
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::finish::Ending;

impl InWork<'_> {
    /// Writes the recording down.
    pub(super) fn write_down(&self) -> Result<Answered, StoreError> {
        let whole = Whole::alone(self.waiting.key(self.address.lane), self.message);
        self.services.write_down(&Question {
            text: &whole.text(),
            message_ids: &whole.message_ids(),
            sent: &whole.sent(),
            words_alone: true,
            ..self.question()
        })
    }
}

impl Services {
    fn write_down(&self, question: &Question<'_>) -> Result<Answered, StoreError> {
        let files = self.files(question)?;
        let question = &Question { files: &files, ..*question };
        if question.attempt >= LAST_ATTEMPT {
            return self.fail(question, Failure::Crashed);
        }
        if question.stopped {
            return self.stopped(question, Completion::default());
        }
        if let Some(wait) = self.limited(question)? {
            return self.refuse(question, Failure::RateLimited { wait });
        }
        if let Some(failure) = self.refuses_to_hear(question) {
            return self.without_words(question, Unheard::Failed(failure));
        }
        let files = match self.at_hand(question)? {
            Ok(files) => files,
            Err(missing) => return self.without_files(question, missing),
        };
        let question = &Question { files: &files, ..*question };
        match self.reserve(question, &Past::of(Vec::new()))? {
            Verdict::Go => {}
            Verdict::Wait => return self.wait_for_others(question),
            Verdict::No(budget) => return self.refuse(question, Failure::OverBudget(budget)),
        }
        match self.hear(question)? {
            Ok(Some(Said { files, text, has_words: true })) => {
                let question = &Question { text: &text, files: &files, ..*question };
                self.finish(question, Ending::Answered { answer: String::new() }, &[])
            }
            Ok(_) => self.without_words(question, Unheard::Failed(Failure::NoWords)),
            Err((call, unheard)) => {
                self.without_words(&Question { calls: call.as_slice(), ..*question }, unheard)
            }
        }
    }
}
