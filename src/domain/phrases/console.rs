//! Words of the tables as the console says them: how a turn or a call ended, what it was for, what a file is.
//!
//! A word that this version does not know is shown as it is stored.

use super::Language::{self, English, Russian};
use crate::domain::attachment::{Kind, readable_size};
use crate::domain::history::Role;

impl Language {
    /// `turns.state`, `model_calls.outcome`
    pub fn ended(self, word: &str) -> &str {
        match word {
            "answered" => self.pick("ответ дан", "answered"),
            "cut" => self.pick("обрезан по числу токенов", "cut at the limit of tokens"),
            "stopped" => self.pick("остановлен", "stopped"),
            "refused" => self.pick("модель отказалась", "refused by the model"),
            "failed" => self.pick("не удался", "failed"),
            other => other,
        }
    }

    /// `model_calls.purpose`
    pub fn purpose_of_call(self, word: &str) -> &str {
        match word {
            "answer" => self.pick("ответ", "answer"),
            "transcript" => self.pick("расшифровка записи", "words of a recording"),
            "speech" => self.pick("озвучивание", "speech"),
            "summary" => self.pick("краткое содержание", "summary"),
            "title" => self.pick("название темы", "title of a topic"),
            other => other,
        }
    }

    /// `reply_parts.op`
    pub fn op(self, word: &str) -> &str {
        match word {
            "send" => self.pick("сообщение", "message"),
            "edit" => self.pick("правка сообщения", "edit of message"),
            "delete" => self.pick("удаление сообщения", "deletion of message"),
            "document" => self.pick("файл", "file"),
            other => other,
        }
    }

    /// `reply_parts.state`
    pub fn part_state(self, word: &str) -> &str {
        match word {
            "unsent" => self.pick("ещё не отправлено", "not sent yet"),
            "sent" => self.pick("отправлено", "sent"),
            "abandoned" => self.pick("больше не будет отправлено", "given up"),
            other => other,
        }
    }

    /// `messages.role`, and who speaks in a prompt.
    pub fn role(self, word: &str) -> &str {
        match (word, Role::of(word)) {
            (_, Some(Role::User)) => self.pick("Человек", "Person"),
            (_, Some(Role::Assistant)) => self.pick("Бот", "Bot"),
            ("system", None) => self.pick("Указания", "Instructions"),
            (other, None) => other,
        }
    }

    /// `attachments.kind`
    pub fn kind_of_file(self, word: &str) -> &str {
        let Some(kind) = Kind::of(word) else { return word };
        match kind {
            Kind::Photo => self.pick("фото", "photo"),
            Kind::Document => self.pick("документ", "document"),
            Kind::Sticker => self.pick("стикер", "sticker"),
            Kind::Video => self.pick("видео", "video"),
            Kind::Animation => self.pick("анимация", "animation"),
            Kind::VideoNote => self.pick("видеосообщение", "video note"),
            Kind::LivePhoto => self.pick("живое фото", "live photo"),
            Kind::Voice => self.pick("голосовое сообщение", "voice message"),
            Kind::Audio => self.pick("аудио", "audio"),
        }
    }

    /// A number of bytes.
    pub fn size(self, bytes: i64) -> String {
        let english = readable_size(bytes);
        let Self::Russian = self else { return english };
        let units = [("bytes", "байт"), ("kB", "кБ"), ("MB", "МБ"), ("GB", "ГБ")];
        let split = english.split_once(' ').unwrap_or((&english, ""));
        let unit =
            units.into_iter().find(|(unit, _)| *unit == split.1).map_or(split.1, |(_, russian)| russian);
        format!("{} {unit}", split.0.replace('.', ","))
    }

    /// `decisions.state`
    pub fn word_of_decision(self, word: &str) -> &str {
        match word {
            "owner" => self.pick("владелец", "owner"),
            "allowed" => self.pick("доступ разрешён", "allowed"),
            "waiting" => self.pick("ждёт решения", "waits"),
            "refused" => self.pick("отказано", "refused"),
            "blocked" => self.pick("заблокирован", "blocked"),
            "forgotten" => self.pick("решение забыто", "forgotten"),
            other => other,
        }
    }

    /// `decisions.means`
    pub fn means(self, word: &str) -> &str {
        match word {
            "button" => self.pick("кнопкой", "button"),
            "command line" => self.pick("командной строкой", "command line"),
            "console" => self.pick("в консоли", "console"),
            "code" => self.pick("кодом", "code"),
            "time" => self.pick("по времени", "time"),
            other => other,
        }
    }

    /// So many milliseconds.
    pub fn millis(self, ms: i32) -> String {
        match self {
            English => format!("{ms} ms"),
            Russian => format!("{ms} мс"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::admission::State;
    use crate::domain::usage::{Outcome, Purpose};

    #[test]
    fn no_word_of_the_tables_is_told_in_russian_as_it_is_stored() {
        let outcomes =
            [Outcome::Answered, Outcome::Cut, Outcome::Stopped, Outcome::Refused, Outcome::Failed("x")];
        let words = outcomes
            .map(|outcome| Russian.ended(outcome.as_str()))
            .into_iter()
            .chain(Purpose::ALL.map(|purpose| Russian.purpose_of_call(purpose.as_str())))
            .chain(Kind::ALL.map(|kind| Russian.kind_of_file(kind.as_str())))
            .chain(State::ALL.iter().map(|state| Russian.word_of_decision(state.as_str())))
            .chain(["send", "edit", "delete", "document"].map(|op| Russian.op(op)))
            .chain(["unsent", "sent", "abandoned"].map(|state| Russian.part_state(state)))
            .chain(["user", "assistant", "system"].map(|role| Russian.role(role)))
            .chain(["button", "command line", "console", "code", "time"].map(|means| Russian.means(means)));
        for word in words {
            assert!(!word.contains(|c: char| c.is_ascii_alphabetic()), "{word}");
        }
        assert_eq!(English.kind_of_file("video_note"), "video note");
        assert_eq!(Russian.ended("of_another_version"), "of_another_version");
    }

    #[test]
    fn sizes_are_told_in_both_languages() {
        for (bytes, english, russian) in
            [(7, "7 bytes", "7 байт"), (1_200_000, "1.2 MB", "1,2 МБ"), (7_000_000_000, "7.0 GB", "7,0 ГБ")]
        {
            assert_eq!((&*English.size(bytes), &*Russian.size(bytes)), (english, russian));
        }
    }
}
