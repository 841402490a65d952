//! What people read about models and roles: what there is, what is in force, what is gone.

use super::Language::{self, English, Russian};
use crate::domain::catalogue::Effort;
use crate::domain::choice::{Choice, Kind};
use crate::domain::live_answers::LiveAnswers;

/// What is in force in a dialogue.
pub struct Settings<'a> {
    /// What people call the model.
    pub model: &'a str,
    /// How much it thinks, where that is not left to it.
    pub effort: Option<Effort>,
    /// What people call the role; `None`: there is only one.
    pub role: Option<&'a str>,
    /// How many messages of the dialogue it reads.
    pub history: u32,
    /// How an answer is shown while it grows.
    pub live: LiveAnswers,
    /// Whether the chat is the user's own with the bot.
    pub private: bool,
    /// Whether another model can be chosen.
    pub models: bool,
    /// When answers are spoken, in words; `None`: nothing speaks.
    pub voice: Option<&'static str>,
}

impl Language {
    /// What stands above the list of models.
    pub fn answering_model(self, name: &str) -> String {
        match self {
            Russian => format!("На ваши вопросы здесь отвечает модель {name}."),
            English => format!("Your questions here are answered by the model {name}."),
        }
    }

    /// What stands above the words of a role, where there are several.
    pub fn answering_role(self, name: &str) -> String {
        match self {
            Russian => format!("Роль: {name}."),
            English => format!("Role: {name}."),
        }
    }

    /// How much the model thinks.
    pub fn thinking(self, effort: Effort) -> String {
        let effort = self.effort(effort);
        match self {
            Russian => format!("Раздумья перед ответом: {effort}."),
            English => format!("Thinking before an answer: {effort}."),
        }
    }

    /// The same on a button.
    pub fn effort(self, effort: Effort) -> &'static str {
        match effort {
            Effort::None => self.pick("нет", "none"),
            Effort::Minimal => self.pick("чуть", "minimal"),
            Effort::Low => self.pick("мало", "low"),
            Effort::Medium => self.pick("средне", "medium"),
            Effort::High => self.pick("много", "high"),
            Effort::Max => self.pick("предел", "max"),
        }
    }

    /// Which part of a long list this is.
    pub fn page(self, page: usize, of: usize) -> String {
        match self {
            Russian => format!("Страница {page} из {of}."),
            English => format!("Page {page} of {of}."),
        }
    }

    /// What stands above the list where what was asked for is not in it.
    pub fn no_such(self, kind: Kind) -> &'static str {
        match kind {
            Kind::Model => self.pick("Такой модели здесь нет.", "There is no such model here."),
            Kind::Role => self.pick("Такой роли здесь нет.", "There is no such role here."),
        }
    }

    /// The answer to a button of something that is not to be had any more.
    pub fn old_choice(self, kind: Kind) -> &'static str {
        match kind {
            Kind::Model => self.pick(
                "Эта кнопка уже старая: выбрать это здесь больше нельзя. Что есть сейчас: /model",
                "This button is old: that cannot be chosen here any more. To see what there is now: /model",
            ),
            Kind::Role => self.pick(
                "Эта кнопка уже старая: такой роли здесь больше нет. Что есть сейчас: /role",
                "This button is old: there is no such role here any more. To see what there is now: /role",
            ),
        }
    }

    /// What stands once below an answer for which something else had been chosen.
    pub fn gone(self, gone: &Choice, model: &str, role: &str) -> Vec<String> {
        let of_model = match (self, &gone.model, &gone.effort) {
            (Russian, Some(_), _) => Some(format!(
                "Модели, которую вы выбрали, больше нет: теперь отвечает {model}. Выбрать другую: /model"
            )),
            (English, Some(_), _) => Some(format!(
                "The model that you chose is not available any more: {model} answers now. To choose another one: /model"
            )),
            (Russian, None, Some(_)) => Some(format!(
                "Модель {model} больше не даёт выбрать такие раздумья: теперь обычные. Изменить: /model"
            )),
            (English, None, Some(_)) => Some(format!(
                "{model} does not offer the thinking that you chose any more: it thinks as usual. To change it: /model"
            )),
            (_, None, None) => None,
        };
        let of_role = gone.role.as_ref().map(|_| match self {
            Russian => format!("Роли, которую вы выбрали, больше нет: теперь {role}. Выбрать другую: /role"),
            English => format!(
                "The role that you chose is not available any more: it is {role} now. To choose another one: /role"
            ),
        });
        of_model.into_iter().chain(of_role).collect()
    }

    /// The answer to /settings.
    pub fn settings(self, settings: &Settings<'_>) -> String {
        let &Settings { model, effort, role, history, live, private, models, voice } = settings;
        let live = match (live, private) {
            (LiveAnswers::Draft, true) => self.pick("черновик, который растёт", "a draft that grows"),
            (LiveAnswers::Edit, _) => self.pick("сообщение, которое растёт", "a message that grows"),
            (LiveAnswers::Draft, false) | (LiveAnswers::Off, _) => {
                self.pick("видно, что я печатаю", "you see that I am typing")
            }
        };
        let choose = |command: &str| match self {
            Russian => format!(" (изменить: {command})"),
            English => format!(" (change: {command})"),
        };
        let of_model = if models { choose("/model") } else { String::new() };
        let effort = effort.map(|effort| self.effort(effort));
        let lines = match self {
            Russian => [
                Some(format!("Модель: {model}{of_model}")),
                effort.map(|effort| format!("Раздумья перед ответом: {effort}")),
                role.map(|role| format!("Роль: {role}{}", choose("/role"))),
                Some(match history {
                    0 => "Память о разговоре: нет".to_owned(),
                    n => format!("Память о разговоре: последние сообщения, до {n}"),
                }),
                Some(format!("Пока ответ готовится: {live}")),
                voice.map(|when| format!("Озвучивать ответы: {when}{}", choose("/voice"))),
            ],
            English => [
                Some(format!("Model: {model}{of_model}")),
                effort.map(|effort| format!("Thinking before an answer: {effort}")),
                role.map(|role| format!("Role: {role}{}", choose("/role"))),
                Some(match history {
                    0 => "Memory of the conversation: none".to_owned(),
                    n => format!("Memory of the conversation: the latest messages, up to {n}"),
                }),
                Some(format!("While an answer is made: {live}")),
                voice.map(|when| format!("Answers spoken: {when}{}", choose("/voice"))),
            ],
        };
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}
