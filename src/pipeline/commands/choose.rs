//! /model and /role: what there is to choose from, a button for each; and what a press of one does. /settings: what is in force.
//!
//! A button carries a name of the catalogue. Whether its user may have it is looked up when it is pressed, in the catalogue
//! of that moment.

use tracing::debug;

use crate::domain::address::Address;
use crate::domain::button::Action;
use crate::domain::catalogue::{Catalogue, Effort};
use crate::domain::choice::{Choice, Kind};
use crate::domain::phrases::choice::Settings;
use crate::pipeline::commands::list::List;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::{inbox, settings};

impl InWork<'_> {
    /// The command: shows what there is, or chooses what is named behind it.
    pub(super) fn choose_by_name(&self, kind: Kind) -> Result<Answered, StoreError> {
        let lane = self.address.lane;
        let choice = &self.waiting.choice;
        let Some(name) = self.words() else {
            return self.services.reply(self.address, |_, _| Ok(vec![self.list(kind, choice).page(None)]));
        };
        if let Some(entry) = self.catalogue().named(lane, kind, name) {
            return self.choose(self.address, kind, &choice.with(kind, entry.id));
        }
        let list = self.list(kind, choice).page(None).after(self.message.language.no_such(kind));
        self.services.reply(self.address, |_, _| Ok(vec![list.clone()]))
    }

    /// The press of a button: the list takes the place of the one that was pressed.
    pub(in crate::pipeline) fn press_choice(&self, action: &Action) -> Result<Answered, StoreError> {
        let choice = &self.waiting.choice;
        let address = Address { live_message_id: self.message.message_id, ..self.address };
        match action {
            Action::Choose(kind, id) if self.is_open(*kind, id) => {
                self.choose(address, *kind, &choice.with(*kind, id))
            }
            Action::Think(id, effort) if self.is_open(Kind::Model, id) && self.thinks(id, *effort) => {
                self.choose(address, Kind::Model, &choice.with_effort(id, *effort))
            }
            Action::Page(kind, page) => {
                self.services.reply(address, |_, _| Ok(vec![self.list(*kind, choice).page(Some(*page))]))
            }
            Action::Choose(Kind::Role, _) => {
                self.services.say(self.address, self.message.language.old_choice(Kind::Role))
            }
            _ => self.services.say(self.address, self.message.language.old_choice(Kind::Model)),
        }
    }

    pub(super) fn settings(&self) -> Result<Answered, StoreError> {
        let &Self { services, in_force, .. } = self;
        let catalogue = self.catalogue();
        let model = &catalogue.models[in_force.model];
        let settings = Settings {
            model: &model.name,
            effort: in_force.effort,
            role: self.has_several(Kind::Role).then(|| &*catalogue.roles[in_force.role].name),
            history: services.max_history,
            live: services.live_answers,
            private: self.message.private,
            models: self.has_several(Kind::Model) || model.efforts.len() > 1,
            voice: services
                .sender
                .voice
                .speaker()
                .map(|_| self.message.language.voice_choice(in_force.voice)),
        };
        self.say(self.message.language.settings(&settings))
    }

    fn catalogue(&self) -> &Catalogue {
        self.assistant.catalogue()
    }

    fn is_open(&self, kind: Kind, id: &str) -> bool {
        self.catalogue().open_to(self.address.lane, kind).iter().any(|entry| entry.id == id)
    }

    fn thinks(&self, id: &str, effort: Effort) -> bool {
        self.catalogue().models.iter().any(|model| model.id == id && model.efforts.contains(&effort))
    }

    fn choose(&self, address: Address, kind: Kind, choice: &Choice) -> Result<Answered, StoreError> {
        debug!(seq = address.update_seq, ?kind, "chosen for the dialogue");
        let list = self.list(kind, choice).page(None);
        self.services.reply(address, |conn, lane| {
            inbox::lock(conn, address.key())?;
            settings::choose(conn, lane, choice)?;
            Ok(vec![list.clone()])
        })
    }

    /// The list after this choice.
    fn list<'a>(&'a self, kind: Kind, choice: &Choice) -> List<'a> {
        List::of(kind, self.catalogue(), self.address.lane, choice, self.message.language)
    }
}
