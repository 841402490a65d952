//! What a setting without a value means, as the console shows it.

use super::Language;

impl Language {
    /// What a setting without a value means; `english` is that of the table of settings.
    pub fn otherwise(self, english: &'static str) -> &'static str {
        let russian = match english {
            "required for OpenRouter" => "обязательна для OpenRouter",
            "no fields" => "без полей",
            "voice messages are not understood" => "голосовые бот не понимает",
            "the endpoint of the (first) model" => "сервис (первой) модели",
            "the model's key, if `TRANSCRIBE_URL` is not set" => {
                "ключ модели, если `TRANSCRIBE_URL` не задан"
            }
            "the model's key, if `SPEECH_URL` is not set" => "ключ модели, если `SPEECH_URL` не задан",
            "the model finds out" => "модель определит сама",
            "none" => "нет",
            "not known, if the endpoint tells no cost" => "неизвестна, если её не называет сервис",
            "answers are not spoken" => "ответы не озвучиваются",
            "`assistant.toml`, if it is there" => "`assistant.toml`, если он есть",
            "no limit" => "без ограничения",
            "the model of the dialogue" => "модель диалога",
            "first paragraph of that file" => "первый абзац этого файла",
            "who claims the bot" => "тот, кто заявит права на бота",
            "everybody" => "все",
            "60 if anybody may ask, else no limit" => "60, если спрашивать могут все, иначе без ограничения",
            "no backup" => "без копии",
            "no metrics" => "без метрик",
            "no console" => "без консоли",
            other => other,
        };
        self.pick(russian, english)
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{English, Russian};

    #[test]
    fn what_a_setting_is_otherwise_is_said_as_the_guide_says_it() {
        let guide = include_str!("../../../docs/configuration.ru.md");
        for line in include_str!("../../../docs/configuration.md").lines() {
            let Some((name, english)) = row(line) else { continue };
            if matches!(english, "" | "required") || english.starts_with('`') && english.ends_with('`') {
                continue;
            }
            let russian = guide.lines().filter_map(row).find(|(other, _)| *other == name);
            assert_eq!(russian.map(|(_, russian)| russian), Some(Russian.otherwise(english)), "{name}");
            assert_eq!(English.otherwise(english), english);
        }
    }

    /// The name and the default of a line of the guide's tables.
    fn row(line: &'static str) -> Option<(&'static str, &'static str)> {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        Some((cells.next()?.trim_end_matches('`'), cells.next()?))
    }
}
