//! What is written when nobody asks: what falls out of the window of a dialogue is summed up before it does, and a topic gets its
//! title ([`crate::pipeline::title`]).
//!
//! One thread does it, for one dialogue after the other ([`crate::pipeline::lull`]). It finds out what the next question will read
//! word by word, and has what stands before that summed up, together with the summary before. It holds no connection while the
//! model writes. A failure or a crash only delays it: questions are asked with what there is.

use std::time::Duration;

use tracing::{debug, info};

use crate::base::cancel::CancelToken;
use crate::domain::history::{Exchange, Past};
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::prompt;
use crate::domain::proposal::{self, Ground, Proposal};
use crate::domain::summary::{self, INSTRUCTIONS, MOST_AT_ONCE, MOST_MESSAGES, Summary};
use crate::domain::usage::Purpose;
use crate::llm::{Asked, Completion, LlmError};
use crate::pipeline::lull::{Done, Wanted};
use crate::pipeline::prompt::spoken;
use crate::pipeline::proposal::about_proposal;
use crate::pipeline::services::Services;
use crate::store::ledger::{self, Calls};
use crate::store::proposals::{self, Stored};
use crate::store::summaries::New;
use crate::store::{StoreError, history, summaries};

/// Sums up what is wanted until the program ends.
pub fn run(services: &Services) {
    while let Some((wanted, stop)) = services.lull.next() {
        let stop = stop.behind(services.pace.gate());
        let done: Result<_, StoreError> = services.store.on_one_server(|| {
            let titled = services.give_title(&wanted, &stop)?;
            Ok(services.sum_up(&wanted, &stop)?.and(titled))
        });
        services.lull.done(done.unwrap_or_else(|problem| {
            debug!("what is written beside the dialogues is put off: {problem}");
            Done::Again
        }));
    }
}

/// What is to be summed up.
struct ToSumUp {
    /// The summary of what was before.
    base: Option<Summary>,
    /// Whole turns, the oldest first; there is one at least.
    turns: Vec<Exchange>,
    /// By what proposals of facts are judged. `None`: none are wanted.
    ground: Option<Ground>,
}

impl Services {
    fn sum_up(&self, wanted: &Wanted, stop: &CancelToken) -> Result<Done, StoreError> {
        // The dialogue may have been wanted for its title alone.
        if !self.summaries {
            return Ok(Done::Settled);
        }
        let lane = wanted.address.lane;
        let assistant = self.assistant.get();
        let in_force = assistant.catalogue().in_force(lane, &wanted.choice);
        let Some(first) = assistant.chain(&in_force).next() else { return Ok(Done::Settled) };
        let role = &*first.role.prompt;
        let room = first.room().without(summary::most_tokens());
        let Some(ToSumUp { base, turns, ground }) = self.to_sum_up(lane, role, |past| room.fit(past, ""))?
        else {
            return Ok(Done::Settled);
        };
        if !self.may_ask_beside(lane)? {
            return Ok(Done::Again);
        }
        let llm = assistant.summarist().unwrap_or(first.llm);
        let besides = ground.as_ref().map_or("", |_| proposal::INSTRUCTIONS);
        let instructions = format!("{INSTRUCTIONS}{besides}");
        let mut read = summary::newest(&turns, MOST_AT_ONCE);
        loop {
            if !stop.lets_begin() {
                return Ok(Done::Again);
            }
            let text = summary::to_sum_up(role, base.as_ref().map(|base| &*base.content), read);
            let Asked { call, answer } =
                self.ask_beside(llm, lane, (Purpose::Summary, &instructions, &text), stop);
            let address = wanted.address;
            let calls = Calls { address, calls: std::slice::from_ref(&call) };
            let problem = match answer {
                Ok(Completion { text, cut }) => {
                    let (notes, proposed) = proposal::split(&text);
                    let Some(content) = summary::kept(notes) else { return self.only_paid(calls) };
                    // The last line of what was cut may say something else than it was to say.
                    let proposed = if cut { "" } else { proposed };
                    let messages: Vec<i64> =
                        read.iter().flat_map(|turn| turn.message_ids.iter().copied()).collect();
                    let new = New {
                        calls,
                        follows: base.as_ref().map(|base| base.id),
                        messages: &messages,
                        instructions: role,
                        content,
                        model: call.usage.model.as_deref(),
                    };
                    let proposal = ground.as_ref().and_then(|ground| proposal::chosen(proposed, ground));
                    let stored = self.keep_summary(&new, proposal.as_ref(), wanted.language)?;
                    let turns = read.len();
                    info!(
                        chat = lane.chat_id,
                        user = lane.user_id,
                        turns,
                        stored,
                        "summed up what leaves the window"
                    );
                    return Ok(Done::Settled);
                }
                Err(problem) => problem,
            };
            self.store.run(|conn| ledger::store(conn, calls))?;
            match problem {
                LlmError::ContextTooLong if read.len() > 1 => read = &read[read.len().div_ceil(2)..],
                LlmError::Stopped(_) => return Ok(Done::Again),
                problem => {
                    info!(chat = lane.chat_id, user = lane.user_id, %problem, "no summary: the model failed");
                    let passes = matches!(problem, LlmError::Passing { .. });
                    return Ok(if passes { Done::Again } else { Done::Settled });
                }
            }
        }
    }

    /// Stores a summary, and with it the question about a fact that was proposed. It is paid for: an outage is waited out. Returns
    /// whether it was stored.
    fn keep_summary(
        &self,
        new: &New<'_>,
        proposal: Option<&Proposal>,
        language: Language,
    ) -> Result<bool, StoreError> {
        let (calls, lane) = (new.calls, new.calls.address.lane);
        // Where Telegram takes no more than answers, nobody is asked.
        let Some(proposal) = proposal.filter(|_| self.pace.spare(Duration::ZERO) > 0) else {
            return self
                .store
                .retry_forever_or(|conn| summaries::store(conn, new), |conn| ledger::store(conn, calls));
        };
        let Stored { summary, asked } = self.store.retry_forever_or(
            |conn| {
                let ask = |id| about_proposal(lane, id, language.proposal(&proposal.text), language);
                proposals::store(conn, new, proposal, ask)
            },
            |conn| ledger::store(conn, calls),
        )?;
        if asked {
            info!(chat = lane.chat_id, user = lane.user_id, "the bot asks whether to remember a fact");
            self.wake(vec![lane]);
        }
        Ok(summary)
    }

    /// There is no summary, and no other try would bring one.
    fn only_paid(&self, calls: Calls<'_>) -> Result<Done, StoreError> {
        self.store.run(|conn| ledger::store(conn, calls)).map(|_| Done::Settled)
    }

    /// What will leave the window, or has left it, and is in no summary. `None`: nothing.
    fn to_sum_up(
        &self,
        lane: Lane,
        role: &str,
        fit: impl for<'a> Fn(&'a [Exchange]) -> &'a [Exchange],
    ) -> Result<Option<ToSumUp>, StoreError> {
        let turns = |said| -> Vec<Exchange> { Past::of(said).exchanges.iter().filter_map(spoken).collect() };
        self.store.run(|conn| {
            let past = turns(history::recent(conn, lane, self.max_history, None)?);
            let start = fit(&past).first().and_then(|turn| turn.message_ids.first()).copied();
            // Where nothing is read word by word, nothing is to be remembered.
            let Some(start) = start else { return Ok(None) };
            let role = prompt::name_of(role);
            let known = summaries::of(conn, lane)?;
            let base = known.into_iter().filter(|known| known.prompt == role).max_by_key(|known| known.id);
            let after = base.as_ref().map_or(0, |base| base.last_id);
            let turns = turns(history::between(conn, lane, after, start, MOST_MESSAGES)?);
            if turns.is_empty() {
                return Ok(None);
            }
            // What is said in a group is not carried anywhere else, and nobody is asked there.
            let is_private = lane.chat_id == lane.user_id;
            let read: Vec<i64> = turns.iter().flat_map(|turn| turn.message_ids.iter().copied()).collect();
            let ground =
                if self.proposals && is_private { proposals::ground(conn, lane, &read)? } else { None };
            Ok(Some(ToSumUp { base, turns, ground }))
        })
    }
}
