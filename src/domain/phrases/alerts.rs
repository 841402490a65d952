//! What owners are told without asking, and what /health says.

use frankenstein::types::MessageEntityType;

use super::Language::{self, English, Russian};
use crate::domain::alert::{Alert, Kind};
use crate::domain::budget::Term;
use crate::domain::marked_text::MarkedText;
use crate::domain::reply::ReplyPart;
use crate::domain::room::Room;
use crate::domain::usage::dollars;

/// How the bot is.
#[derive(Default)]
pub struct Condition<'a> {
    /// Of the program.
    pub version: &'a str,
    /// Messages that are not answered yet.
    pub waiting: i64,
    /// Messages that Telegram has not taken yet.
    pub unsent: i64,
    /// How long the oldest of them waits, in seconds.
    pub oldest: u64,
    /// What failed within a day: class, how often, when last.
    pub failures: &'a [(String, i64, String)],
    /// Models that fail again and again.
    pub failing: &'a [String],
    /// Version, size, and whether it takes no writes.
    pub database: (&'a str, &'a str, bool),
    /// The room on its disk, where that is known.
    pub room: Option<Room>,
    /// How old the newest backup is, in seconds. `None`: there is none.
    pub backup: Option<u64>,
    /// Whether backups are made at all, as far as the bot knows.
    pub backups: bool,
    /// What owners want to hear no more of.
    pub muted: &'a [Kind],
}

impl Language {
    /// What an owner is told.
    pub fn alert(self, alert: &Alert) -> ReplyPart {
        let mut telling = MarkedText::default();
        match alert {
            Alert::Budget { term, share, spent, limit } => {
                let (percent, spent, limit) = (share.percent(), dollars(spent), dollars(limit));
                let term = self.of_term(*term);
                telling.say(&match self {
                    Russian => format!("Израсходовано {percent} % бюджета {term}: {spent} $ из {limit} $."),
                    English => format!("{percent} % of the budget {term} is spent: ${spent} of ${limit}."),
                });
            }
            Alert::Model(models) => {
                telling.say(self.pick(
                    "Модель не отвечает: последние обращения к ней не удались. Подробности: /health, systech-aidd doctor",
                    "A model does not answer: the last calls of it have failed. More: /health, systech-aidd doctor",
                ));
                for model in models {
                    telling.say("\n").mark(model, MessageEntityType::Code);
                }
            }
            Alert::Waiting { messages, minutes } => {
                telling.say(&match self {
                    Russian => format!(
                        "Ждут ответа: {messages}, дольше всех — {minutes} мин. Подробности: /health, systech-aidd doctor"
                    ),
                    English => format!(
                        "Messages that wait for an answer: {messages}, the oldest for {minutes} min. More: /health, \
                         systech-aidd doctor"
                    ),
                });
            }
            Alert::Backup => {
                telling.say(self.pick(
                    "Резервная копия не получилась: systech-aidd backup скажет почему.",
                    "A backup failed: systech-aidd backup says why.",
                ));
            }
            Alert::Migrated => {
                let version = env!("CARGO_PKG_VERSION");
                telling.say(&match self {
                    Russian => format!("Версия {version} обновила базу данных и работает."),
                    English => format!("Version {version} has brought the database up to date and works."),
                });
            }
            Alert::Disk(None) => {
                telling.say(self.pick(
                    "У базы данных кончилось место на диске: она отказывается записывать. Сообщения не теряются, но ждут, пока не \
                     освободится место.",
                    "The disk of the database is full: it refuses to write. No message is lost, but they wait until there is room.",
                ));
            }
            Alert::Disk(Some(room)) => {
                let (free, percent) = (room.gigabytes(), room.percent());
                telling.say(&match self {
                    Russian => format!("Диск базы данных почти полон: свободно {free} ГБ, {percent} %."),
                    English => {
                        format!("The disk of the database is nearly full: {free} GB are free, {percent} %.")
                    }
                });
            }
        }
        telling.part()
    }

    fn of_term(self, term: Term) -> &'static str {
        match term {
            Term::Day => self.pick("на сегодня", "for today"),
            Term::Month => self.pick("на этот месяц", "for this month"),
        }
    }

    /// What a kind of alert is about.
    fn about(self, kind: Kind) -> String {
        match (self, kind) {
            (Russian, Kind::Budget(term, share)) => {
                format!("бюджет {}, {} %", self.of_term(term), share.percent())
            }
            (English, Kind::Budget(term, share)) => {
                format!("the budget {}, {} %", self.of_term(term), share.percent())
            }
            (_, Kind::Model) => self.pick("модель не отвечает", "a model does not answer").to_owned(),
            (_, Kind::Waiting) => self.pick("вопросы ждут", "questions wait").to_owned(),
            (_, Kind::Backup) => self.pick("копия не получилась", "a backup failed").to_owned(),
            (_, Kind::Migrated) => self.pick("база обновлена", "the database is up to date").to_owned(),
            (_, Kind::Disk) => self.pick("диск базы полон", "the disk of the database is full").to_owned(),
        }
    }

    /// What takes the place of an alert whose kind is muted, or not any more.
    pub fn muted(self, kind: Kind, muted: bool) -> String {
        let about = self.about(kind);
        match (self, muted) {
            (Russian, true) => format!("Больше не сообщаю: {about}."),
            (English, true) => format!("I tell you no more of this: {about}."),
            (Russian, false) => format!("Снова сообщаю: {about}."),
            (English, false) => format!("I tell you of this again: {about}."),
        }
    }

    /// What stands on the button of an alert.
    pub fn mute_button(self) -> &'static str {
        self.pick("Больше не сообщать", "Tell me no more of this")
    }

    /// What stands on the button that takes that back.
    pub fn unmute_button(self, kind: Kind) -> String {
        match self {
            Russian => format!("Сообщать: {}", self.about(kind)),
            English => format!("Tell me: {}", self.about(kind)),
        }
    }

    /// The answer to /health.
    pub fn health(self, condition: &Condition<'_>) -> ReplyPart {
        let &Condition {
            version,
            waiting,
            unsent,
            oldest,
            failures,
            failing,
            database,
            room,
            backup,
            backups,
            muted,
        } = condition;
        let mut telling = MarkedText::default();
        let oldest = self.age(oldest);
        telling.say(&match self {
            Russian => format!("Версия {version}\nЖдут ответа: {waiting}, не отправлено: {unsent}"),
            English => format!("Version {version}\nWaiting for an answer: {waiting}, not sent yet: {unsent}"),
        });
        if waiting + unsent > 0 {
            telling.say(self.pick(", дольше всех — ", ", the oldest for ")).say(&oldest);
        }
        let (server, size, read_only) = database;
        telling
            .say(self.pick("\nБаза данных: PostgreSQL ", "\nDatabase: PostgreSQL "))
            .say(server)
            .say(", ")
            .say(size);
        if read_only {
            telling.say(self.pick(", записи не принимает", ", takes no writes"));
        }
        if let Some(room) = room {
            telling.say(&match self {
                Russian => format!(", на диске свободно {} ГБ ({} %)", room.gigabytes(), room.percent()),
                English => format!(", {} GB of its disk are free ({} %)", room.gigabytes(), room.percent()),
            });
        }
        telling.say(&match (backup, backups) {
            (Some(seconds), _) => {
                let age = self.age(seconds);
                match self {
                    Russian => format!("\nПоследняя резервная копия: {age} назад"),
                    English => format!("\nLast backup: {age} ago"),
                }
            }
            (None, true) => {
                self.pick("\nРезервных копий в BACKUP_DIR нет", "\nNo backup in BACKUP_DIR").to_owned()
            }
            (None, false) => self
                .pick("\nРезервные копии: BACKUP_DIR не задан", "\nBackups: BACKUP_DIR is not set")
                .to_owned(),
        });
        for model in failing {
            telling.say(self.pick("\nНе отвечает модель ", "\nThis model does not answer: "));
            telling.mark(model, MessageEntityType::Code);
        }
        telling.say(match failures {
            [] => self.pick("\nНеудачных обращений за сутки нет", "\nNo failed calls in a day"),
            _ => self.pick("\nНеудачные обращения за сутки:", "\nFailed calls in a day:"),
        });
        for (class, calls, last) in failures {
            let last_one = self.pick("последнее", "the last one at");
            telling
                .say("\n")
                .mark(class, MessageEntityType::Code)
                .say(&format!(": {calls}, {last_one} {last} UTC"));
        }
        if !muted.is_empty() {
            let kinds = muted.iter().map(|kind| self.about(*kind)).collect::<Vec<_>>().join("; ");
            telling.say(self.pick("\nНе сообщаю: ", "\nI do not tell you of: ")).say(&kinds);
        }
        telling.part()
    }

    /// A length of time, roughly.
    fn age(self, seconds: u64) -> String {
        let (number, unit) = match seconds {
            0..120 => (seconds, self.pick("с", "s")),
            120..7200 => (seconds / 60, self.pick("мин", "min")),
            7200..172_800 => (seconds / 3600, self.pick("ч", "h")),
            _ => (seconds / 86_400, self.pick("дн.", "days")),
        };
        format!("{number} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reply::Content;

    #[test]
    fn an_owner_reads_how_much_of_the_disk_is_free() {
        let alert = Alert::Disk(Some(Room { free: 1_950_000_000, of: 50_000_000_000 }));
        for (language, expected) in [
            (English, "The disk of the database is nearly full: 1.9 GB are free, 3 %."),
            (Russian, "Диск базы данных почти полон: свободно 1.9 ГБ, 3 %."),
        ] {
            let Content::Text { text, .. } = language.alert(&alert).content else { panic!("it is text") };
            assert_eq!(text, expected);
        }
    }
}
