//! What is said about the record of a conversation: clearing, restoring, exporting, deleting it, and what it cost.

use super::Language::{self, English, Russian};
use super::{english_messages, russian_messages};
use crate::domain::usage::Spent;

impl Language {
    /// The answer to /clear.
    pub fn cleared(self, messages: usize) -> String {
        match (self, messages) {
            (Russian, 0) => "Этот разговор и так новый: в нём ещё нет сообщений.".to_owned(),
            (English, 0) => "This conversation is already new: it has no messages yet.".to_owned(),
            (Russian, n) => {
                format!("Начинаем новый разговор. Вернуть прежний ({}): /restore", russian_messages(n))
            }
            (English, n) => format!(
                "We start a new conversation. To bring back the previous one ({}): /restore",
                english_messages(n)
            ),
        }
    }

    /// The answer to /restore.
    pub fn restored(self, messages: usize) -> String {
        match (self, messages) {
            (Russian, 0) => "Возвращать нечего: прежнего разговора нет.".to_owned(),
            (English, 0) => "There is nothing to bring back: there is no previous conversation.".to_owned(),
            (Russian, n) => {
                format!("Прежний разговор возвращён ({}). Продолжаем с того же места.", russian_messages(n))
            }
            (English, n) => {
                format!(
                    "The previous conversation is back ({}). We continue where we were.",
                    english_messages(n)
                )
            }
        }
    }

    /// What stands below the file that /export sends.
    pub fn exported(self) -> &'static str {
        self.pick(
            "Наш разговор в том виде, в котором он у меня хранится.",
            "Our conversation as I have stored it.",
        )
    }

    /// The answer to /export where there is nothing to send.
    pub fn nothing_to_export(self) -> &'static str {
        self.pick(
            "Отправлять нечего: в разговоре ещё нет сообщений.",
            "There is nothing to send: the conversation has no messages yet.",
        )
    }

    /// What takes the place of a file that cannot be sent.
    pub fn export_failed(self) -> &'static str {
        self.pick(
            "Не получилось отправить файл. Попросите его у владельца этого бота.",
            "The file could not be sent. Ask the person who runs this bot for it.",
        )
    }

    /// The answer to /usage: what this day and this month took.
    pub fn usage(self, day: &Spent, month: &Spent) -> String {
        let (of_day, of_month) = (self.spent(day), self.spent(month));
        match self {
            Russian => format!("Сегодня: {of_day}.\nВ этом месяце: {of_month}."),
            English => format!("Today: {of_day}.\nThis month: {of_month}."),
        }
    }

    fn spent(self, spent: &Spent) -> String {
        let &Spent { calls, tokens, unknown, .. } = spent;
        if calls == 0 {
            return self.pick("обращений к модели не было", "the model was not called").to_owned();
        }
        let cost = &spent.cost;
        match self {
            Russian => {
                let cost = match unknown {
                    0 => format!("{cost} $"),
                    unknown if unknown == calls => "цена неизвестна".to_owned(),
                    unknown => format!("{cost} $ и ещё {unknown} с неизвестной ценой"),
                };
                format!("обращений к модели — {calls}, токенов — {tokens}, {cost}")
            }
            English => {
                let cost = match unknown {
                    0 => format!("${cost}"),
                    unknown if unknown == calls => "the cost is unknown".to_owned(),
                    unknown => format!("${cost}, and {unknown} more of unknown cost"),
                };
                format!("calls of the model: {calls}, tokens: {tokens}, {cost}")
            }
        }
    }

    /// The answer to /forget, above its button.
    pub fn forget(self, messages: i64) -> String {
        match self {
            Russian => format!(
                "Удалить навсегда все ваши сообщения, мои ответы на них и всё, что я о вас помню, во всех чатах? Сообщений: {messages}, считая \
                 скрытые командой /clear. Вернуть их будет нельзя. В старых резервных копиях они останутся."
            ),
            English => format!(
                "Delete all your messages, my answers to them and what I remember about you for good, in all chats? Messages: {messages}, including \
                 those hidden by /clear. This cannot be undone. Older backups still contain them."
            ),
        }
    }

    /// What stands on that button.
    pub fn forget_button(self) -> &'static str {
        self.pick("Удалить всё навсегда", "Delete everything for good")
    }

    /// The answer to that button. `None`: a part was deleted before the program died, and nobody knows how many.
    pub fn forgotten(self, messages: Option<i64>) -> String {
        let done = self.pick("Готово: всё удалено.", "Done: everything is deleted.");
        match (self, messages) {
            (_, None) => done.to_owned(),
            (Russian, Some(messages)) => format!("{done} Сообщений: {messages}."),
            (English, Some(messages)) => format!("{done} Messages: {messages}."),
        }
    }

    /// The answer to /forget where there is nothing.
    pub fn nothing_to_delete(self) -> &'static str {
        self.pick(
            "Удалять нечего: у меня нет ваших сообщений.",
            "There is nothing to delete: I have no messages from you.",
        )
    }

    /// The answer to the button of /forget when it means nothing any more.
    pub fn old_forget_button(self) -> &'static str {
        self.pick(
            "Эта кнопка устарела, и я ничего не удалил. Чтобы удалить всё, отправьте /forget ещё раз.",
            "This button is old, and I deleted nothing. To delete everything, send /forget again.",
        )
    }
}
