//! Where the predecessor's settings mean something else here. He had these defaults, and read names in any case.

use super::reader::Reader;
use super::settings::{self as names, Fallback, Setting};

/// What he did where nobody set it.
const DEFAULTS: [(&Setting, &str); 5] = [
    (&names::LLM_MODEL, "openai/gpt-oss-20b:free"),
    (&names::LLM_TEMPERATURE, "0.7"),
    (&names::LLM_MAX_TOKENS, "1000"),
    (&names::LLM_TIMEOUT, "30"),
    (&names::MAX_HISTORY_MESSAGES, "10"),
];

/// A setting that nobody set, and that this program has another default for.
pub struct ChangedDefault {
    /// Its name.
    pub name: &'static str,
    /// The predecessor's.
    pub was: &'static str,
    /// This program's.
    pub is: &'static str,
}

impl Reader<'_> {
    /// What changes by the takeover because nobody set it.
    pub fn changed_defaults(&self) -> Vec<ChangedDefault> {
        let changed = |(setting, was): (&Setting, &'static str)| match setting.default {
            Fallback::Value(is) if is != was && self.given(setting).is_none() => {
                Some(ChangedDefault { name: setting.name, was, is })
            }
            _ => None,
        };
        DEFAULTS.into_iter().filter_map(changed).collect()
    }

    /// What `/role` answers. `None`: the prompt cannot be used.
    pub fn role(&self) -> Option<String> {
        let prompt = self.system_prompt()?;
        Some(self.value(&names::ROLE_TEXT).unwrap_or_else(|| super::prompt::role(&prompt)))
    }
}

/// Of these names of the environment, those of a setting in another case: he read them, and this program does not.
pub fn in_another_case(present: impl Iterator<Item = String>) -> Vec<String> {
    let is_setting = |name: &String| names::ALL.iter().any(|setting| setting.name == name.to_uppercase());
    let mut found: Vec<_> = present
        .filter(|name| is_setting(name) && names::ALL.iter().all(|setting| setting.name != name))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_that_nobody_set_is_told_where_it_changes() {
        let set = |name: &str| (name == "LLM_TIMEOUT").then(|| "30".to_owned());
        let changed = Reader::new(&set).changed_defaults();
        let names: Vec<_> = changed.iter().map(|default| default.name).collect();
        assert_eq!(names, ["LLM_MODEL", "LLM_MAX_TOKENS", "MAX_HISTORY_MESSAGES"]);
    }

    #[test]
    fn a_name_in_another_case_is_one_that_is_not_read() {
        let names = ["LLM_MODEL", "llm_model", "Path", "Telegram_Bot_Token"].map(str::to_owned);
        assert_eq!(in_another_case(names.into_iter()), ["Telegram_Bot_Token", "llm_model"]);
    }
}
