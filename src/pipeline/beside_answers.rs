//! A model is asked for something that is no answer: a summary ([`crate::pipeline::summarist`]), a title
//! ([`crate::pipeline::title`]).

use crate::base::cancel::CancelToken;
use crate::domain::budget::Verdict;
use crate::domain::lane::Lane;
use crate::domain::usage::{Call, Purpose};
use crate::llm::{Ask, Asked, Content, Llm, Message};
use crate::pipeline::called::count;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::budget as books;

impl Services {
    /// Whether a model may be asked for it now: the budgets have room, and nobody else can lead.
    pub(super) fn may_ask_beside(&self, lane: Lane) -> Result<bool, StoreError> {
        let has_room = !self.budgets.is_any()
            || self.store.run(|conn| books::look(conn, lane, &self.budgets))? == Verdict::Go;
        Ok(has_room && self.pace.leads())
    }

    /// Asks for what the instructions want of this text. The call is of this purpose.
    pub(super) fn ask_beside(
        &self,
        llm: &Llm,
        lane: Lane,
        (purpose, instructions, text): (Purpose, &str, &str),
        stop: &CancelToken,
    ) -> Asked {
        let message = |role, content| Message { role, content: Content::Text(content) };
        let messages = [message("system", instructions), message("user", text)];
        let (asker, conversation) = (self.pseudonyms.person(lane), self.pseudonyms.dialogue(lane));
        let ask = Ask { asker: Some(&asker), conversation: Some(&conversation), ..Ask::from(&messages[..]) };
        let Asked { call, answer } = llm.complete(&ask, stop, |_| {});
        count(&call);
        Asked { call: Call { purpose, ..call }, answer }
    }
}
