//! What people read about answers that are spoken.

use super::Language::{self, English, Russian};
use crate::domain::speech::{Spoken, Unspoken};

impl Language {
    /// What stands in place of a voice message; the answer stands above it in writing.
    pub fn unspoken(self, why: Unspoken) -> &'static str {
        match why {
            Unspoken::Failed => self.pick(
                "Озвучить этот ответ не получилось: он остаётся текстом.",
                "I could not speak this answer: it stays in writing.",
            ),
            Unspoken::Unwanted => self.pick(
                "Голосовые сообщения здесь запрещены настройками Telegram: ответ остаётся текстом. Не озвучивать: /voice off",
                "Telegram's settings forbid voice messages here: the answer stays in writing. To have none spoken: /voice off",
            ),
        }
    }

    /// What stands below the last voice message of an answer that is too long to be spoken as a whole.
    pub fn spoken_in_part(self) -> &'static str {
        self.pick(
            "Озвучено только начало, весь ответ выше.",
            "Only the beginning is spoken; the whole answer is above.",
        )
    }

    /// What stands above the buttons of /voice.
    pub fn voice(self, chosen: Option<Spoken>) -> String {
        let chosen = self.voice_choice(chosen);
        match self {
            Russian => format!(
                "Озвучивать ответы в этом разговоре: {chosen}.\n\nТекст приходит всегда. Код, таблицы, формулы и ссылки я не \
                 зачитываю."
            ),
            English => format!(
                "Answers spoken in this conversation: {chosen}.\n\nThe text always comes, too. I do not read out code, tables, \
                 formulas and links."
            ),
        }
    }

    /// The same on a button and in /settings.
    pub fn voice_choice(self, chosen: Option<Spoken>) -> &'static str {
        match chosen {
            Some(Spoken::Always) => self.pick("всегда", "always"),
            Some(Spoken::ToVoice) => self.pick("голосом на голос", "voice to voice"),
            None => self.pick("нет", "never"),
        }
    }

    /// The answer to /voice where nothing speaks.
    pub fn cannot_speak(self) -> &'static str {
        self.pick(
            "Озвучивать ответы я здесь не могу: владелец бота это не настроил.",
            "I cannot speak answers here: the person who runs the bot has not set that up.",
        )
    }
}
