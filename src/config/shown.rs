//! The settings for whoever may see no secret: the console.

use super::reader::Reader;
use super::settings::{self, Fallback, Setting};
use super::values::{self, Values};

/// A setting, for whoever may see no secret.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// What somebody set. `None`: nobody did.
    pub given: Option<Given>,
    /// What it is otherwise; of one without a default what that means.
    pub default: &'static str,
}

/// What somebody set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    /// A secret, or what may hold one.
    Hidden,
    /// This.
    Value(String),
}

/// Every setting, without its secrets.
pub fn all(env: &Reader<'_>) -> Vec<Shown> {
    let shown = |setting: &Setting| {
        let given = env.given(setting);
        let given = given.map(|text| value(setting, &text).map_or(Given::Hidden, Given::Value));
        let default = match setting.default {
            Fallback::Required => "",
            Fallback::Value(text) | Fallback::Nothing(text) => text,
        };
        Shown { name: setting.name, given, default }
    };
    settings::ALL.iter().map(shown).collect()
}

/// What may be shown of a value of it to whoever may see no secret. `None`: nothing.
fn value(setting: &Setting, text: &str) -> Option<String> {
    let is = |values: &Values| setting.values.accepted() == values.accepted();
    if [values::TOKEN, values::DATABASE, values::KEY, values::FIELDS].iter().any(is) {
        return None;
    }
    if !is(&values::HTTP) {
        return Some(text.to_owned());
    }
    // Before its host, in its path and in its query a URL may have a key.
    let url = reqwest::Url::parse(text).ok()?;
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_whatever_setting_holds_it() {
        let env = Reader::new(&|name| {
            Some(match name {
                "LLM_BASE_URL" | "TELEGRAM_API_URL" | "TRANSCRIBE_URL" => {
                    "https://zebra:zebra@host.example:8443/zebra/v1?key=zebra".to_owned()
                }
                "WORKERS" => "7".to_owned(),
                _ if name.ends_with("_KEY") || name.ends_with("_TOKEN") || name.ends_with("_BODY") => {
                    "zebra".to_owned()
                }
                "DATABASE_URL" => "postgresql://zebra:zebra@zebra/zebra".to_owned(),
                _ => return None,
            })
        });
        let shown = all(&env);
        assert!(!format!("{shown:?}").contains("zebra"), "{shown:?}");
        let of = |name: &str| shown.iter().find(|shown| shown.name == name).unwrap().given.clone();
        assert_eq!(of("LLM_BASE_URL"), Some(Given::Value("https://host.example:8443".to_owned())));
        assert_eq!(of("WORKERS"), Some(Given::Value("7".to_owned())));
        assert_eq!((of("TELEGRAM_BOT_TOKEN"), of("OWNER")), (Some(Given::Hidden), None));
    }
}
