//! What stands around every page: its title, the way to the other pages, the language.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::assets::{Asset, CSS, ICON, SCRIPT};
use super::problem::Problem;
use crate::domain::phrases::Language;

/// The pages of the menu, in its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Overview,
    Now,
    Dialogues,
    People,
    Costs,
    Health,
    Sessions,
}

impl Section {
    pub(super) const ALL: [Self; 7] =
        [Self::Overview, Self::Now, Self::Dialogues, Self::People, Self::Costs, Self::Health, Self::Sessions];

    /// Where it is.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Now => "/now",
            Self::Dialogues => "/dialogues",
            Self::People => "/people",
            Self::Costs => "/costs",
            Self::Health => "/health",
            Self::Sessions => "/sessions",
        }
    }

    pub(super) fn name(self, language: Language) -> &'static str {
        let say = |english, russian| say(language, english, russian);
        match self {
            Self::Overview => say("Overview", "Обзор"),
            Self::Now => say("Now", "Сейчас"),
            Self::Dialogues => say("Dialogues", "Диалоги"),
            Self::People => say("People", "Люди"),
            Self::Costs => say("Costs", "Расходы"),
            Self::Health => say("Health", "Здоровье"),
            Self::Sessions => say("Sessions", "Сеансы"),
        }
    }
}

/// The one of two texts that is in this language.
pub(super) fn say<'a>(language: Language, english: &'a str, russian: &'a str) -> &'a str {
    match language {
        Language::English => english,
        Language::Russian => russian,
    }
}

/// What `base.html` needs beside the page itself.
pub(super) struct Frame {
    pub(super) language: Language,
    pub(super) title: String,
    /// `None`: nobody is logged in, and there is no way to other pages.
    pub(super) within: Option<Within>,
    /// The page fetches its figures anew, every so many seconds.
    pub(super) renewed: Option<u32>,
}

/// Where somebody is who is logged in.
pub(super) struct Within {
    pub(super) section: Section,
    /// What every form of the page holds ([`super::posted`]).
    pub(super) token: String,
    pub(super) read_only: bool,
    /// Telegram id of the bot.
    pub(super) bot_id: i64,
    /// The path of this page, to come back to.
    pub(super) path: String,
}

impl Frame {
    /// Of a page that needs no session.
    pub(super) fn outside(language: Language, english: &str, russian: &str) -> Self {
        let title = say(language, english, russian).to_owned();
        Self { language, title, within: None, renewed: None }
    }

    /// The same page, whose figures the browser fetches anew every so many seconds.
    pub(super) fn renewed(self, seconds: u32) -> Self {
        Self { renewed: Some(seconds), ..self }
    }

    /// The one of two texts that is in the language of the page.
    pub(super) fn say<'a>(&self, english: &'a str, russian: &'a str) -> &'a str {
        say(self.language, english, russian)
    }

    /// Where its sign, its style and its script are.
    pub(super) fn assets() -> [String; 3] {
        [ICON, CSS, SCRIPT].map(Asset::address)
    }

    /// The way to the other pages: each with its path, its name, and whether it is this one.
    pub(super) fn menu(&self) -> Vec<(&'static str, &'static str, bool)> {
        let Some(within) = &self.within else { return Vec::new() };
        let item =
            |section: Section| (section.path(), section.name(self.language), section == within.section);
        Section::ALL.map(item).to_vec()
    }

    /// The other language: its code, and how to ask for it.
    pub(super) fn other(&self) -> (&'static str, &'static str) {
        match self.language {
            Language::English => (Language::Russian.code(), "По-русски"),
            Language::Russian => (Language::English.code(), "In English"),
        }
    }

    /// What a form of the page holds.
    pub(super) fn token(&self) -> &str {
        self.within.as_ref().map_or("", |within| &within.token)
    }

    /// Whether things may be changed on the page.
    pub(super) fn changes(&self) -> bool {
        self.within.as_ref().is_some_and(|within| !within.read_only)
    }
}

/// A page as it is answered.
pub(super) struct Page<T>(pub(super) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => Html(text).into_response(),
            Err(_) => Problem::Fault.into_response(),
        }
    }
}
