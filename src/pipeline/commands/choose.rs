//! /model and /role: what there is to choose from, a button for each; and what a press of one does. /settings: what is in force.
//!
//! A button carries a name of the catalogue. Whether its user may have it is looked up when it is pressed, in the catalogue
//! of that moment.

use tracing::debug;

use crate::domain::address::Address;
use crate::domain::button::{Action, Button};
use crate::domain::catalogue::{Catalogue, Effort};
use crate::domain::choice::{Choice, Entry, InForce, Kind};
use crate::domain::phrases::choice::Settings;
use crate::domain::reply::{Below, ReplyPart};
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::{inbox, settings};

/// So many are listed at once; a longer list has pages.
const PAGE: usize = 8;
/// The most characters of a line about one entry, and of the words about the role in force.
const LINE: usize = 120;
const WORDS: usize = 1500;
/// What stands before the chosen one.
const MARK: &str = "✓ ";

impl InWork<'_> {
    /// The command: shows what there is, or chooses what is named behind it.
    pub(super) fn choose_by_name(&self, kind: Kind) -> Result<Answered, StoreError> {
        let lane = self.address.lane;
        let choice = &self.waiting.choice;
        let Some(name) = self.words() else {
            return self.services.reply(self.address, |_, _| Ok(vec![self.list(kind, choice, None)]));
        };
        if let Some(entry) = self.catalogue().named(lane, kind, name) {
            return self.choose(self.address, kind, &choice.with(kind, entry.id));
        }
        let list = self.list(kind, choice, None).after(self.message.language.no_such(kind));
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
                self.services.reply(address, |_, _| Ok(vec![self.list(*kind, choice, Some(*page))]))
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
        let several = |kind| catalogue.open_to(self.address.lane, kind).len() > 1;
        let model = &catalogue.models[in_force.model];
        let settings = Settings {
            model: &model.name,
            effort: in_force.effort,
            role: several(Kind::Role).then(|| &*catalogue.roles[in_force.role].name),
            history: services.max_history,
            live: services.live_answers,
            private: self.message.private,
            models: several(Kind::Model) || model.efforts.len() > 1,
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
        let list = self.list(kind, choice, None);
        self.services.reply(address, |conn, lane| {
            inbox::lock(conn, address.key())?;
            settings::choose(conn, lane, choice)?;
            Ok(vec![list.clone()])
        })
    }

    /// The list after this choice: the page that is asked for, or the one with what is in force.
    fn list(&self, kind: Kind, choice: &Choice, page: Option<usize>) -> ReplyPart {
        let (lane, language) = (self.address.lane, self.message.language);
        let catalogue = self.catalogue();
        let InForce { model, role, effort, .. } = catalogue.in_force(lane, choice);
        let (model, role) = (&catalogue.models[model], &catalogue.roles[role]);
        let in_force = match kind {
            Kind::Model => &model.id,
            Kind::Role => &role.id,
        };
        let entries = catalogue.open_to(lane, kind);
        let entries = if entries.len() > 1 { entries } else { Vec::new() };
        let last = entries.len().saturating_sub(1) / PAGE;
        let of_chosen = entries.iter().position(|entry| entry.id == in_force).unwrap_or(0) / PAGE;
        let page = page.unwrap_or(of_chosen).min(last);
        let shown = entries.chunks(PAGE).nth(page).unwrap_or_default();

        let mut text = match kind {
            Kind::Model => vec![language.answering_model(&model.name)],
            Kind::Role if entries.is_empty() => vec![role.words.clone()],
            Kind::Role => vec![language.answering_role(&role.name), shortened(&role.words, WORDS)],
        };
        let told = shown.iter().filter(|entry| kind == Kind::Model || entry.id != in_force);
        text.extend(
            Some(told.filter_map(line).collect::<Vec<_>>().join("\n")).filter(|lines| !lines.is_empty()),
        );
        let efforts = if kind == Kind::Model && model.efforts.len() > 1 { &*model.efforts } else { &[] };
        text.extend(effort.filter(|_| !efforts.is_empty()).map(|effort| language.thinking(effort)));
        text.extend((last > 0).then(|| language.page(page + 1, last + 1)));

        let button = |label: String, action| Below::of(label, &Button { user_id: lane.user_id, action });
        let marked = |name: &str, is: bool| if is { format!("{MARK}{name}") } else { name.to_owned() };
        let choose = |entry: &Entry<'_>| {
            button(marked(entry.name, entry.id == in_force), Action::Choose(kind, entry.id.to_owned()))
        };
        let mut rows: Vec<Vec<Below>> = shown.iter().map(|entry| vec![choose(entry)]).collect();
        let think = |other: &Effort| {
            let label = marked(language.effort(*other), effort == Some(*other));
            button(label, Action::Think(model.id.clone(), *other))
        };
        rows.push(efforts.iter().map(think).collect());
        let turns = [page.checked_sub(1).map(|to| ("←", to)), (page < last).then_some(("→", page + 1))];
        let turn = |(label, to): (&str, usize)| button(label.to_owned(), Action::Page(kind, to));
        rows.push(turns.into_iter().flatten().map(turn).collect());
        rows.retain(|row| !row.is_empty());
        ReplyPart::plain(text.join("\n\n")).with_keyboard(rows)
    }
}

/// `Name — what is said about it`, if anything is.
fn line(entry: &Entry<'_>) -> Option<String> {
    let words = entry.words.lines().find(|line| !line.trim().is_empty())?;
    Some(format!("{} — {}", entry.name, shortened(words, LINE)))
}

/// No more than so many characters of the text.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}
