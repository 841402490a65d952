//! /voice: whether the answers of the dialogue are spoken, a button for each choice; and what a press of one does.

use tracing::debug;

use crate::domain::address::Address;
use crate::domain::button::{Action, Button};
use crate::domain::choice::Choice;
use crate::domain::reply::{Below, ReplyPart};
use crate::domain::speech::Spoken;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::{inbox, settings};

impl InWork<'_> {
    /// The command: shows what there is, or chooses what is named behind it.
    pub(super) fn voice(&self) -> Result<Answered, StoreError> {
        if self.services.sender.voice.speaker().is_none() {
            return self.services.say(self.address, self.message.language.cannot_speak());
        }
        if let Some(when) = self.words().and_then(Spoken::named) {
            return self.choose_voice(self.address, when);
        }
        let list = self.voices(self.waiting.choice.voice);
        self.services.reply(self.address, |_, _| Ok(vec![list.clone()]))
    }

    /// The press of a button: the list takes the place of the one that was pressed.
    pub(in crate::pipeline) fn press_voice(&self, when: Option<Spoken>) -> Result<Answered, StoreError> {
        self.choose_voice(Address { live_message_id: self.message.message_id, ..self.address }, when)
    }

    fn choose_voice(&self, address: Address, when: Option<Spoken>) -> Result<Answered, StoreError> {
        debug!(seq = address.update_seq, ?when, "chosen when answers of the dialogue are spoken");
        let (list, choice) = (self.voices(when), Choice { voice: when, ..self.waiting.choice.clone() });
        self.services.reply(address, |conn, lane| {
            inbox::lock(conn, address.key())?;
            settings::choose(conn, lane, &choice)?;
            Ok(vec![list.clone()])
        })
    }

    /// What there is, and what is chosen.
    fn voices(&self, chosen: Option<Spoken>) -> ReplyPart {
        let (language, user_id) = (self.message.language, self.address.lane.user_id);
        let button = |when: Option<Spoken>| {
            let mark = if when == chosen { "✓ " } else { "" };
            let label = format!("{mark}{}", language.voice_choice(when));
            vec![Below::of(label, &Button { user_id, action: Action::Speak(when) })]
        };
        let choices = Spoken::ALL.map(Some).into_iter().chain([None]);
        ReplyPart::plain(language.voice(chosen)).with_keyboard(choices.map(button).collect())
    }
}
