//! The list of /model or /role: a message with a line and a button for each entry.

use crate::domain::button::{Action, Button};
use crate::domain::catalogue::{Catalogue, Effort, Model, Role};
use crate::domain::choice::{Choice, Entry, InForce, Kind};
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::reply::{Below, ReplyPart};

/// So many are listed at once; a longer list has pages.
const PAGE: usize = 8;
/// The most characters of a line about one entry, and of the words about the role in force.
const LINE: usize = 120;
const WORDS: usize = 1500;
/// What stands before the chosen one.
const MARK: &str = "✓ ";

/// What there is to choose from in a dialogue, and what is in force.
pub(super) struct List<'a> {
    kind: Kind,
    lane: Lane,
    language: Language,
    /// Two at least, or none.
    entries: Vec<Entry<'a>>,
    model: &'a Model,
    role: &'a Role,
    effort: Option<Effort>,
    /// What the model in force can be told to think.
    efforts: &'a [Effort],
}

impl<'a> List<'a> {
    /// The list after this choice.
    pub(super) fn of(
        kind: Kind,
        catalogue: &'a Catalogue,
        lane: Lane,
        choice: &Choice,
        language: Language,
    ) -> Self {
        let InForce { model, role, effort, .. } = catalogue.in_force(lane, choice);
        let (model, role) = (&catalogue.models[model], &catalogue.roles[role]);
        let mut entries = catalogue.open_to(lane, kind);
        let thinks = kind == Kind::Model && entries.iter().any(|entry| entry.id == model.id);
        let efforts = if thinks && model.efforts.len() > 1 { &*model.efforts } else { &[] };
        if entries.len() < 2 {
            entries.clear();
        }
        Self { kind, lane, language, entries, model, role, effort, efforts }
    }

    /// This page of it, or the one with what is in force.
    pub(super) fn page(&self, page: Option<usize>) -> ReplyPart {
        let of_chosen = || self.entries.iter().position(|entry| self.is_in_force(entry)).unwrap_or(0) / PAGE;
        let page = page.unwrap_or_else(of_chosen).min(self.last_page());
        ReplyPart::plain(self.text(page)).with_keyboard(self.keyboard(page))
    }

    fn text(&self, page: usize) -> String {
        let &Self { language, model, role, .. } = self;
        let mut paragraphs = match self.kind {
            Kind::Model => vec![language.answering_model(&model.name)],
            Kind::Role if self.entries.is_empty() => vec![role.words.clone()],
            Kind::Role => vec![language.answering_role(&role.name), shortened(&role.words, WORDS)],
        };
        // Of the role in force more was said already.
        let told = |entry: &&Entry<'_>| self.kind == Kind::Model || !self.is_in_force(entry);
        let lines: Vec<_> = self.shown(page).iter().filter(told).filter_map(line).collect();
        paragraphs.extend((!lines.is_empty()).then(|| lines.join("\n")));
        if let (Some(effort), [_, ..]) = (self.effort, self.efforts) {
            paragraphs.push(language.thinking(effort));
        }
        if self.last_page() > 0 {
            paragraphs.push(language.page(page + 1, self.last_page() + 1));
        }
        paragraphs.join("\n\n")
    }

    /// A row for each entry, one for the efforts, one to turn the page.
    fn keyboard(&self, page: usize) -> Vec<Vec<Below>> {
        let choose = |entry: &Entry<'_>| {
            let action = Action::Choose(self.kind, entry.id.to_owned());
            vec![self.button(entry.name, self.is_in_force(entry), action)]
        };
        let think = |effort: &Effort| {
            let label = self.language.effort(*effort);
            self.button(label, self.effort == Some(*effort), Action::Think(self.model.id.clone(), *effort))
        };
        let turn = |(label, to)| self.button(label, false, Action::Page(self.kind, to));
        let back = page.checked_sub(1).map(|to| ("←", to));
        let forth = (page < self.last_page()).then_some(("→", page + 1));
        let mut rows: Vec<_> = self.shown(page).iter().map(choose).collect();
        rows.push(self.efforts.iter().map(think).collect());
        rows.push(back.into_iter().chain(forth).map(turn).collect());
        rows.retain(|row| !row.is_empty());
        rows
    }

    fn button(&self, label: &str, chosen: bool, action: Action) -> Below {
        let mark = if chosen { MARK } else { "" };
        Below::of(format!("{mark}{label}"), &Button { user_id: self.lane.user_id, action })
    }

    fn shown(&self, page: usize) -> &[Entry<'a>] {
        self.entries.chunks(PAGE).nth(page).unwrap_or_default()
    }

    fn last_page(&self) -> usize {
        self.entries.len().saturating_sub(1) / PAGE
    }

    fn is_in_force(&self, entry: &Entry<'_>) -> bool {
        entry.id
            == match self.kind {
                Kind::Model => &self.model.id,
                Kind::Role => &self.role.id,
            }
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
