//! Models whose end their maker has announced; most lists of models do not tell.

/// Names, and the day after which they are not there any more. From OpenAI's own list of models (openai-python,
/// `src/openai/types/shared/chat_model.py` and the page "Deprecations"), read in November 2026.
const ENDS: &[(&str, &str)] = &[
    ("gpt-5", "2026-12-11"),
    ("gpt-5-mini", "2026-12-11"),
    ("o3", "2026-12-11"),
    ("gpt-4o", "2027-01-14"),
    ("gpt-4o-mini", "2027-01-14"),
    ("gpt-4.1", "2027-01-14"),
    ("gpt-4.1-mini", "2027-01-14"),
    ("gpt-4o-transcribe", "2027-02-26"),
    ("whisper-1", "2027-02-26"),
];

/// The day that is announced for this model, whatever the endpoint puts around its name: a maker before it
/// (`openai/gpt-4o`), a variant behind it (`:online`), or the date of a version (`-2024-08-06`).
pub fn announced(model: &str) -> Option<&'static str> {
    let (maker, name) = model.rsplit_once('/').unwrap_or(("openai", model));
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    let is_it = |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || is_date(rest));
    let known = ENDS.iter().find(|(known, _)| is_it(known)).filter(|_| maker.ends_with("openai"));
    known.map(|(_, day)| *day)
}

/// `-2024-08-06`
fn is_date(text: &str) -> bool {
    text.len() == 11
        && text.bytes().enumerate().all(|(place, byte)| match place {
            0 | 5 | 8 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_tell_the_same_ends() {
        for guide in [include_str!("../../docs/models.md"), include_str!("../../docs/models.ru.md")] {
            for (model, day) in ENDS {
                let row = |line: &&str| {
                    line.contains(&format!("`{model}`")) && line.ends_with(&format!("| {day} |"))
                };
                assert!(guide.lines().any(|line| row(&line)), "{model}");
            }
        }
    }

    #[test]
    fn an_end_is_found_whatever_stands_around_the_name_and_only_of_that_model() {
        for (model, day) in [
            ("gpt-4o-mini", Some("2027-01-14")),
            ("openai/gpt-4o-mini", Some("2027-01-14")),
            ("openai/gpt-4o-mini-2024-07-18", Some("2027-01-14")),
            ("openai/gpt-4o:online", Some("2027-01-14")),
            ("openrouter/openai/o3", Some("2026-12-11")),
            ("gpt-5-nano", None),
            ("gpt-4o-audio-preview", None),
            ("somebody/gpt-4o", None),
            ("~openai/gpt-luna-latest", None),
            ("", None),
        ] {
            assert_eq!(announced(model), day, "{model}");
        }
    }
}
