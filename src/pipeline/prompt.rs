//! What the model reads: instructions, what was said before, the question; shorter and shorter while that is too long.
//!
//! Called by [`crate::pipeline::question`]. A dialogue that grew too long for its model never keeps a question from being
//! answered: only a question that is too long by itself is.

use bigdecimal::{BigDecimal, ToPrimitive};
use tracing::{info, warn};

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::history::{Exchange, Past, Role};
use crate::domain::token_budget;
use crate::domain::usage::Call;
use crate::llm::{self, Asked, Completion, Heard, LlmError, Message};
use crate::metrics;
use crate::pipeline::preview::Preview;
use crate::pipeline::services::Services;

/// What there is to be read.
pub(super) struct Prompt<'a> {
    pub(super) address: Address,
    pub(super) past: &'a Past,
    pub(super) question: &'a str,
    /// The answer before it is to go on: without that it makes no sense.
    pub(super) goes_on: bool,
    pub(super) stop: &'a CancelToken,
}

/// What came of asking.
pub(super) struct Attempt {
    /// The calls that it took, for the ledger.
    pub(super) calls: Vec<Call>,
    /// The answer, or why there is none.
    pub(super) reply: Result<Reply, LlmError>,
}

/// What the model wrote, and what it had read for it.
pub(super) struct Reply {
    pub(super) completion: Completion,
    /// There was a conversation, and nothing of it found room.
    pub(super) alone: bool,
}

impl Services {
    /// Asks the model with what it has room for; as long as the prompt is too long for it all the same, with half of what was
    /// said before, and at last with the question alone.
    pub(super) fn complete(&self, prompt: &Prompt<'_>, preview: &Preview) -> Attempt {
        self.name_odd(prompt);
        let mut calls = Vec::new();
        let reply = self.reply_to(prompt, preview, &mut calls);
        Attempt { calls, reply }
    }

    fn reply_to(
        &self,
        prompt: &Prompt<'_>,
        preview: &Preview,
        calls: &mut Vec<Call>,
    ) -> Result<Reply, LlmError> {
        let past: Vec<_> = prompt.past.exchanges.iter().filter_map(spoken).collect();
        let mut read = self.room.fit(&past, prompt.question);
        if prompt.goes_on {
            // whatever the estimate says
            read = &past[past.len().saturating_sub(read.len().max(1))..];
        }
        loop {
            if read.is_empty() && !past.is_empty() && prompt.goes_on {
                return Err(LlmError::ContextTooLong);
            }
            let Asked { call, answer } = self.ask_with(read, prompt, preview);
            count(&call);
            calls.push(call);
            match answer {
                Err(LlmError::ContextTooLong) if !read.is_empty() => {
                    read = token_budget::half(read);
                    // it may have come to an end in the middle of an answer
                    preview.begin_anew();
                    let (seq, turns) = (prompt.address.update_seq, read.len());
                    info!(seq, turns, "the prompt is too long for the model: it is asked with fewer turns");
                }
                answered => {
                    let alone = read.is_empty() && !past.is_empty();
                    return answered.map(|completion| Reply { completion, alone });
                }
            }
        }
    }

    fn ask_with(&self, read: &[Exchange], prompt: &Prompt<'_>, preview: &Preview) -> Asked {
        let message = |role: Role, content| Message { role: role.as_str(), content };
        let system = (!self.system_prompt.is_empty())
            .then_some(Message { role: "system", content: &self.system_prompt });
        let past = read
            .iter()
            .flat_map(|turn| [message(Role::User, &turn.question), message(Role::Assistant, &turn.answer)]);
        let question = message(Role::User, prompt.question);
        let messages: Vec<_> = system.into_iter().chain(past).chain([question]).collect();
        self.llm.complete(&messages, prompt.stop, |heard| match heard {
            Heard::More(more) => preview.grow(more),
            Heard::Anew => preview.begin_anew(),
        })
    }

    /// Somebody put rows into the table that are neither a question nor an answer: they are left out, and named.
    fn name_odd(&self, prompt: &Prompt<'_>) {
        let new = self.named.new_of(&prompt.past.odd);
        if !new.is_empty() {
            let lane = prompt.address.lane;
            warn!(
                user = lane.user_id,
                chat = lane.chat_id,
                messages = ?new,
                "left out of the dialogue: their role is neither user nor assistant"
            );
        }
    }
}

fn count(Call { endpoint, model, outcome, usage, .. }: &Call) {
    let cost = usage.cost.as_ref().and_then(BigDecimal::to_f64);
    metrics::model_called(endpoint, model, outcome.as_str(), cost);
}

/// The turn without thoughts that were stored along with its answer; `None`, if that was all there was.
fn spoken(turn: &Exchange) -> Option<Exchange> {
    let answer = llm::without_thoughts(&turn.answer);
    (!answer.trim().is_empty()).then(|| Exchange { question: turn.question.clone(), answer })
}
