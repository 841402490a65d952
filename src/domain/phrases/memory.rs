//! What is said about the memory: what people ask the bot to remember, and what is found in earlier messages.

use super::Language::{self, English, Russian};
use crate::domain::memory::{LONGEST, MOST};

impl Language {
    /// The answer to something to remember, above the button that takes it back.
    pub fn remembered(self, fact: &str) -> String {
        match self {
            Russian => format!("Запомнил: {fact}\n\nВсё, что я помню: /memory"),
            English => format!("I will remember: {fact}\n\nAll that I remember: /memory"),
        }
    }

    /// What stands on that button.
    pub fn undo_button(self) -> &'static str {
        self.pick("Отменить", "Undo")
    }

    /// What takes the place of the answer when it was pressed.
    pub fn unremembered(self) -> &'static str {
        self.pick(
            "Отменено, этого я больше не помню. Если это был вопрос, задайте его, пожалуйста, другими словами.",
            "Undone, I do not remember this any more. If it was a question, please ask it in other words.",
        )
    }

    /// The answer to something that is remembered already.
    pub fn remembered_before(self, fact: &str) -> String {
        match self {
            Russian => format!("Я это уже помню: {fact}"),
            English => format!("I remember this already: {fact}"),
        }
    }

    /// The answer to one fact too many.
    pub fn memory_is_full(self) -> String {
        match self {
            Russian => format!("Я помню здесь уже {MOST} фактов, больше нельзя. Удалить лишние: /memory"),
            English => {
                format!("I remember {MOST} facts here already, and cannot take more. To delete some: /memory")
            }
        }
    }

    /// The answer to a fact of so many characters.
    pub fn fact_is_too_long(self, characters: usize) -> String {
        match self {
            Russian => format!(
                "Один факт — не длиннее {LONGEST} символов, а в этом их {characters}. Напишите, пожалуйста, короче."
            ),
            English => format!(
                "A fact has at most {LONGEST} characters, and this one has {characters}. Please make it shorter."
            ),
        }
    }

    /// The answer to /remember alone.
    pub fn what_to_remember(self) -> &'static str {
        self.pick(
            "Напишите после команды, что запомнить: /remember я не ем мяса",
            "Write behind the command what I should remember: /remember I eat no meat",
        )
    }

    /// The answer to something to remember while the memory is off.
    pub fn memory_is_off(self) -> &'static str {
        self.pick(
            "Память здесь выключена, и я ничего не запоминаю. Включить: /memory",
            "My memory is off here, so I remember nothing. To turn it on: /memory",
        )
    }

    /// What stands above the list of what is remembered.
    pub fn facts(self) -> &'static str {
        self.pick("Вот что я помню о вас в этом чате:", "This is what I remember about you in this chat:")
    }

    /// What stands below it.
    pub fn how_to_change_facts(self) -> &'static str {
        self.pick(
            "Изменить факт: исправьте сообщение, в котором вы его назвали, или удалите факт кнопкой и назовите заново.",
            "To change a fact, edit the message in which you told it, or delete the fact by its button and tell it anew.",
        )
    }

    /// What stands in place of the list if there is nothing.
    pub fn no_facts(self) -> &'static str {
        self.pick(
            "О вас в этом чате я пока ничего не помню. Скажите, что запомнить: /remember я не ем мяса",
            "I remember nothing about you in this chat yet. Tell me what to remember: /remember I eat no meat",
        )
    }

    /// What stands there while the memory is off.
    pub fn memory_off(self, facts: usize) -> String {
        match self {
            Russian => format!(
                "Память в этом чате выключена: я не запоминаю нового, не читаю запомненное (фактов: {facts}) и не ищу \
                 в прежних сообщениях."
            ),
            English => format!(
                "My memory is off in this chat: I remember nothing new, do not read what I remembered (facts: {facts}), \
                 and do not look into earlier messages."
            ),
        }
    }

    /// What stands on the button that turns the memory on or off.
    pub fn switch_memory(self, on: bool) -> &'static str {
        if on {
            self.pick("Включить память", "Turn memory on")
        } else {
            self.pick("Выключить память", "Turn memory off")
        }
    }

    /// The answer to the button of a fact that is gone.
    pub fn old_fact(self) -> &'static str {
        self.pick(
            "Этого факта уже нет. Что я помню: /memory",
            "This fact is gone already. What I remember: /memory",
        )
    }

    /// The question whether to remember a fact that the model proposed, above the buttons that answer it.
    pub fn proposal(self, fact: &str) -> String {
        match self {
            Russian => format!(
                "Вы как-то сказали, и это может пригодиться: {fact}\n\nЗапомнить это? Спрашиваю не чаще раза в день; память \
                 выключается здесь: /memory"
            ),
            English => format!(
                "You said this, and it may be of use: {fact}\n\nShall I remember it? I ask at most once a day; to turn my memory \
                 off: /memory"
            ),
        }
    }

    /// What stands on these buttons.
    pub fn yes_or_no(self, yes: bool) -> &'static str {
        if yes { self.pick("Да", "Yes") } else { self.pick("Нет", "No") }
    }

    /// What takes the place of the question after a no.
    pub fn proposal_refused(self) -> &'static str {
        self.pick(
            "Хорошо, не запоминаю и больше об этом не спрошу.",
            "All right, I do not remember this, and will not ask about it again.",
        )
    }

    /// What takes its place where it is decided already, or is gone.
    pub fn proposal_settled(self) -> &'static str {
        self.pick(
            "Об этом уже решено. Что я помню: /memory",
            "This is settled already. What I remember: /memory",
        )
    }

    /// A day (`2026-11-27`) as people read it.
    pub fn day(self, day: &str) -> String {
        match (self, day.splitn(3, '-').collect::<Vec<_>>().as_slice()) {
            (Russian, [year, month, day]) => format!("{day}.{month}.{year}"),
            _ => day.to_owned(),
        }
    }
}
