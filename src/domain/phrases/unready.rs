//! Why the bot is not ready, for `/readyz` in English and for the console in both languages.

use super::Language::{self, English, Russian};

/// Why the bot is not ready.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Unready {
    /// It ends.
    Ending,
    /// It has not begun.
    Starting,
    /// The database does not answer.
    NoDatabase,
    /// A question waits, and nobody is answered; both in seconds.
    Stalled {
        /// How long the oldest question has waited.
        due: f64,
        /// How long ago the last answer was stored.
        silent: f64,
    },
    /// The database has not taken what Telegram gave, for so many seconds.
    NotStored(u64),
    /// Telegram has not answered yet.
    NeverPolled,
    /// It last did so many seconds ago.
    NotPolled(u64),
}

impl Language {
    /// Why the bot is not ready.
    pub fn unready(self, why: Unready) -> String {
        match (self, why) {
            (English, Unready::Ending) => "the bot is shutting down".to_owned(),
            (Russian, Unready::Ending) => "бот завершает работу".to_owned(),
            (English, Unready::Starting) => "the bot is starting; its log says what it waits for".to_owned(),
            (Russian, Unready::Starting) => "бот запускается; чего он ждёт, сказано в его журнале".to_owned(),
            (English, Unready::NoDatabase) => "the database does not answer".to_owned(),
            (Russian, Unready::NoDatabase) => "база данных не отвечает".to_owned(),
            (English, Unready::Stalled { due, silent }) => format!(
                "the oldest question has waited for {due:.0} s, and the last answer was stored {silent:.0} s ago"
            ),
            (Russian, Unready::Stalled { due, silent }) => format!(
                "самый старый вопрос ждёт уже {due:.0} с, а последний ответ сохранён {silent:.0} с назад"
            ),
            (English, Unready::NotStored(seconds)) => {
                format!("for {seconds} s the database has not taken what Telegram gave: see the log")
            }
            (Russian, Unready::NotStored(seconds)) => {
                format!(
                    "уже {seconds} с база данных не принимает то, что передал Telegram: подробности в журнале"
                )
            }
            (English, Unready::NeverPolled) => "Telegram has not answered getUpdates yet".to_owned(),
            (Russian, Unready::NeverPolled) => "Telegram ещё не ответил на getUpdates".to_owned(),
            (English, Unready::NotPolled(seconds)) => {
                format!("the last getUpdates that succeeded is {seconds} s ago")
            }
            (Russian, Unready::NotPolled(seconds)) => {
                format!("последний удачный getUpdates был {seconds} с назад")
            }
        }
    }
}
