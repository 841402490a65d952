//! Whether to remember a fact that the model proposed: how a person is asked, and what becomes of the answer.

use tracing::info;

use crate::domain::address::Address;
use crate::domain::button::{Action, Button};
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::reply::{Below, ReplyPart};
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::proposals::{self, Decided};

/// A text about the proposal of this number, above the buttons that decide it.
pub(super) fn about_proposal(lane: Lane, id: i64, text: String, language: Language) -> ReplyPart {
    let button = |yes| {
        let button = Button { user_id: lane.user_id, action: Action::Proposal(id, yes) };
        Below::of(language.yes_or_no(yes), &button)
    };
    ReplyPart::plain(text).with_keyboard(vec![vec![button(true), button(false)]])
}

impl InWork<'_> {
    /// One of these buttons. The message becomes what was decided, so that its buttons go.
    pub(super) fn decide_proposal(&self, id: i64, yes: bool) -> Result<Answered, StoreError> {
        let language = self.message.language;
        if yes && self.waiting.memory.off {
            return self.services.say(self.address, language.memory_is_off());
        }
        let in_place = Address { live_message_id: self.message.message_id, ..self.address };
        let answered = self.services.reply(in_place, |conn, lane| {
            Ok(vec![match proposals::decide(conn, lane, id, yes)? {
                Decided::Kept(fact) => ReplyPart::plain(language.remembered(&fact)),
                Decided::Refused => ReplyPart::plain(language.proposal_refused()),
                Decided::Full(fact) => {
                    let text = format!("{}\n\n{}", language.memory_is_full(), language.proposal(&fact));
                    about_proposal(lane, id, text, language)
                }
                Decided::Settled => ReplyPart::plain(language.proposal_settled()),
            }])
        })?;
        info!(seq = self.address.update_seq, yes, "a person decided whether to remember a fact");
        Ok(answered)
    }
}
