//! The title of a private topic whose name was left to the bot: found in the first exchange, when nobody asks, and given once.
//!
//! What the model was paid for is committed before Telegram is told, so that a crash costs no second call. A person who names
//! the topic meanwhile is heard by the poller, and the title is not given.

use std::time::Duration;

use tracing::{debug, info};

use crate::base::cancel::CancelToken;
use crate::domain::history::Past;
use crate::domain::topic::{self, INSTRUCTIONS};
use crate::domain::usage::Purpose;
use crate::llm::{Asked, Completion, LlmError};
use crate::pipeline::lull::{Done, Wanted};
use crate::pipeline::prompt::spoken;
use crate::pipeline::services::Services;
use crate::store::ledger::{self, Calls};
use crate::store::{StoreError, history, topics};

impl Services {
    /// Gives the topic a title, if it has none.
    pub(super) fn give_title(&self, wanted: &Wanted, stop: &CancelToken) -> Result<Done, StoreError> {
        let lane = wanted.address.lane;
        let Some(thread_id) = lane.thread_id.filter(|_| self.titles) else { return Ok(Done::Settled) };
        let Some(untitled) = self.store.run(|conn| topics::untitled(conn, lane))? else {
            return Ok(Done::Settled);
        };
        let title = match untitled.found {
            Some(title) => title,
            None => match self.find_title(wanted, stop)? {
                Found::Title(title) => title,
                Found::Nothing(done) => return Ok(done),
            },
        };
        // Where Telegram takes no more than answers, and where another instance may lead, it keeps its name for now.
        if self.pace.spare(Duration::ZERO) == 0 {
            return Ok(Done::Again);
        }
        match self.telegram.name_topic(lane.chat_id, thread_id, title) {
            Err(problem) if problem.may_pass() => {
                debug!(chat = lane.chat_id, "the title of a topic is put off: {problem}");
                return Ok(Done::Again);
            }
            Err(problem) => {
                info!(chat = lane.chat_id, thread = thread_id, "a topic keeps its name: {problem}");
            }
            Ok(()) => {}
        }
        self.store.run(|conn| topics::named(conn, lane)).map(|_| Done::Settled)
    }

    fn find_title(&self, wanted: &Wanted, stop: &CancelToken) -> Result<Found, StoreError> {
        let lane = wanted.address.lane;
        let assistant = self.assistant.get();
        let in_force = assistant.catalogue().in_force(lane, &wanted.choice);
        let chosen = assistant.chain(&in_force).next();
        let said = self.store.run(|conn| history::recent(conn, lane, self.max_history.max(2), None))?;
        let first = Past::of(said).exchanges.iter().find_map(spoken);
        let (Some(chosen), Some(first)) = (chosen, first) else { return Ok(Found::Nothing(Done::Settled)) };
        if !self.may_ask_beside(lane)? {
            return Ok(Found::Nothing(Done::Again));
        }
        let llm = assistant.summarist().unwrap_or(chosen.llm);
        let text = topic::exchange(&first.question, &first.answer);
        let Asked { call, answer } = self.ask_beside(llm, lane, (Purpose::Title, INSTRUCTIONS, &text), stop);
        let calls = Calls { address: wanted.address, calls: std::slice::from_ref(&call) };
        let found = answer.map(|Completion { text, .. }| topic::title(&text));
        if let Ok(Some(title)) = found {
            // It is paid for: an outage is waited out.
            let stored = self.store.retry_forever_or(
                |conn| topics::find(conn, calls, &title),
                |conn| ledger::store(conn, calls),
            )?;
            return Ok(if stored { Found::Title(title) } else { Found::Nothing(Done::Settled) });
        }
        self.store.run(|conn| ledger::store(conn, calls))?;
        let passes = matches!(found, Err(LlmError::Passing { .. } | LlmError::Stopped(_)));
        Ok(Found::Nothing(if passes { Done::Again } else { Done::Settled }))
    }
}

/// What came of looking for a title.
enum Found {
    Title(String),
    Nothing(Done),
}
