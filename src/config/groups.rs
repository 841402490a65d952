//! The settings that belong together, each group as its part of the program takes it, and the faults between settings that
//! can be used one by one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::database_url::DatabaseUrl;
use super::faults::Fault;
use super::prompt;
use super::reader::Reader;
use super::settings::{self as names, Fallback, Setting};
use super::values;
use super::{Console, Database, Hearing, Speaking, catalogue};
use bigdecimal::BigDecimal;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use crate::base::logging;
use crate::base::secret::Secret;
use crate::domain::access::Access;
use crate::domain::admission::Admission;
use crate::domain::budget::{self, Budget, Budgets};
use crate::domain::catalogue::Reads;
use crate::domain::rate::RateLimit;
use crate::domain::sound;
use crate::domain::token_budget::{self, TokenBudget};
use crate::llm;
use crate::telegram;

/// Where sound goes, or comes from.
struct Endpoint {
    base_url: String,
    name: String,
    key: Option<Secret>,
    headers: HeaderMap,
}

/// A group is `None` where one of its settings cannot be used.
impl Reader<'_> {
    pub(super) fn missing_key(&self) -> Option<Fault> {
        let url = self.base_url(&names::LLM_BASE_URL)?;
        let is_openrouter = matches!(names::LLM_BASE_URL.default, Fallback::Value(default) if default == url);
        let is_missing = self.given(&names::OPENROUTER_API_KEY).is_none();
        (is_openrouter && is_missing).then(|| Fault {
            variable: names::OPENROUTER_API_KEY.name,
            problem: "is missing".to_owned(),
            accepted: "a key of openrouter.ai (another endpoint, set with LLM_BASE_URL, may need none)"
                .to_owned(),
        })
    }

    pub(super) fn no_room(&self) -> Option<Fault> {
        let (prompt, max_tokens) = (self.system_prompt()?, self.parsed(&names::LLM_MAX_TOKENS)?);
        let room = TokenBudget::beside(self.parsed(&names::LLM_CONTEXT_TOKENS), &prompt, max_tokens);
        room.is_none().then(|| {
            let prompt = token_budget::tokens(&prompt);
            let problem = format!(
                "leaves no room for a question: LLM_MAX_TOKENS takes {max_tokens} and the prompt about {prompt}"
            );
            Fault::of(&names::LLM_CONTEXT_TOKENS, problem)
        })
    }

    /// What is to be logged about the settings.
    pub(crate) fn notes(&self) -> Vec<String> {
        let url = self.parsed::<DatabaseUrl>(&names::DATABASE_URL);
        let replaced = self.catalogue_path().into_iter().flat_map(|path| {
            let given = names::REPLACED.iter().filter(|setting| self.given(setting).is_some());
            // A key may well be the one that the catalogue names.
            let unused = given.filter(|setting| setting.name != names::OPENROUTER_API_KEY.name);
            unused.map(move |setting| {
                format!("{} is not used: {} takes its place", setting.name, path.display())
            })
        });
        url.and_then(|url| url.note()).into_iter().chain(replaced).collect()
    }

    pub(crate) fn logging(&self) -> Option<logging::Settings> {
        Some(logging::Settings {
            filter: self.parsed(&names::RUST_LOG)?,
            format: self.parsed(&names::LOG_FORMAT)?,
        })
    }

    pub(crate) fn telegram(&self) -> Option<telegram::Settings> {
        Some(telegram::Settings {
            token: self.parsed(&names::TELEGRAM_BOT_TOKEN)?,
            url: self.base_url(&names::TELEGRAM_API_URL)?,
            timeout: self.seconds(&names::TELEGRAM_TIMEOUT)?,
        })
    }

    /// Telegram's id of the bot. `None`: there is no token, or it is none.
    pub(crate) fn bot_id(&self) -> Option<i64> {
        // What is wrong with it is told by whoever needs it.
        self.value(&names::TELEGRAM_BOT_TOKEN)?.parse::<telegram::Token>().ok().map(|token| token.bot_id())
    }

    pub(crate) fn database(&self) -> Option<Database> {
        Some(Database {
            url: self.parsed::<DatabaseUrl>(&names::DATABASE_URL)?.into(),
            // The backup itself reports what is wrong with the folder.
            backup_dir: self.given(&names::BACKUP_DIR).map(PathBuf::from),
        })
    }

    pub(crate) fn llm(&self) -> Option<llm::Settings> {
        self.usable(&names::OPENROUTER_API_KEY)?;
        let base_url = self.base_url(&names::LLM_BASE_URL)?;
        let host = llm::host(&base_url);
        Some(llm::Settings {
            kind: llm::Kind::of(&host),
            endpoint: host,
            base_url,
            key: self.value(&names::OPENROUTER_API_KEY).map(Secret::new),
            model: self.value(&names::LLM_MODEL)?,
            temperature: self.parsed(&names::LLM_TEMPERATURE)?,
            max_tokens: self.parsed(&names::LLM_MAX_TOKENS)?,
            silence: self.seconds(&names::LLM_TIMEOUT)?,
            extra: self.extra_body()?,
            headers: HeaderMap::new(),
            price: None,
            private: false,
        })
    }

    /// How what people say comes into words. `Some(None)`: it does not.
    #[expect(
        clippy::option_option,
        reason = "a fault is told beside others, and is not the same as a bot that hears nothing"
    )]
    pub(crate) fn hearing(&self, read: &catalogue::Read) -> Option<Option<Hearing>> {
        let settings = [
            &names::TRANSCRIBE_URL,
            &names::TRANSCRIBE_KEY,
            &names::TRANSCRIBE_LANGUAGE,
            &names::TRANSCRIBE_TIMEOUT,
            &names::TRANSCRIBE_MAX_SECONDS,
            &names::TRANSCRIBE_MAX_MB,
            &names::TRANSCRIPT_CHATS,
            &names::TRANSCRIBE_PRICE,
        ];
        settings.into_iter().try_for_each(|setting| self.usable(setting))?;
        let Some(model) = self.value(&names::TRANSCRIBE_MODEL) else { return Some(None) };
        let Endpoint { base_url, name, key, headers } = beside_the_model(
            read,
            self.base_url(&names::TRANSCRIBE_URL),
            self.value(&names::TRANSCRIBE_KEY),
        )?;
        Some(Some(Hearing {
            transcriber: llm::TranscriberSettings {
                endpoint: name,
                base_url,
                key,
                headers,
                model,
                language: self.value(&names::TRANSCRIBE_LANGUAGE),
                price: self.price(&names::TRANSCRIBE_PRICE)?,
                timeout: self.seconds(&names::TRANSCRIBE_TIMEOUT)?,
            },
            transcript_chats: self.ids(&names::TRANSCRIPT_CHATS)?,
            limits: sound::Limits {
                seconds: self.parsed(&names::TRANSCRIBE_MAX_SECONDS)?,
                megabytes: self.parsed(&names::TRANSCRIBE_MAX_MB)?,
            },
        }))
    }

    /// How answers are spoken. `Some(None)`: they are not.
    #[expect(
        clippy::option_option,
        reason = "a fault is told beside others, and is not the same as a bot that speaks to nobody"
    )]
    pub(crate) fn speaking(&self, read: &catalogue::Read) -> Option<Option<Speaking>> {
        let settings = [
            &names::SPEECH_URL,
            &names::SPEECH_KEY,
            &names::SPEECH_VOICE,
            &names::SPEECH_TIMEOUT,
            &names::SPEECH_PRICE,
        ];
        settings.into_iter().try_for_each(|setting| self.usable(setting))?;
        let Some(model) = self.value(&names::SPEECH_MODEL) else { return Some(None) };
        let Endpoint { base_url, name, key, headers } =
            beside_the_model(read, self.base_url(&names::SPEECH_URL), self.value(&names::SPEECH_KEY))?;
        let speaker = llm::SpeakerSettings {
            endpoint: name,
            base_url,
            key,
            headers,
            model,
            voice: self.value(&names::SPEECH_VOICE)?,
            price: self.price(&names::SPEECH_PRICE)?,
            timeout: self.seconds(&names::SPEECH_TIMEOUT)?,
        };
        Some(Some(Speaking { speaker }))
    }

    /// An endpoint without a model neither hears nor speaks, which nobody who names one wants.
    pub(super) fn no_model_of_sound(&self) -> impl Iterator<Item = Fault> {
        let of_hearing = [
            names::TRANSCRIBE_URL,
            names::TRANSCRIBE_KEY,
            names::TRANSCRIBE_LANGUAGE,
            names::TRANSCRIPT_CHATS,
        ];
        let of_speech = [names::SPEECH_URL, names::SPEECH_KEY, names::SPEECH_VOICE];
        let fault = |model: Setting, others: &[Setting], example: &str| {
            let is_missing = self.given(&model).is_none();
            let setting = others.iter().find(|setting| self.given(setting).is_some());
            setting.filter(|_| is_missing).map(|setting| Fault {
                variable: model.name,
                problem: format!("is missing, and {} does nothing without it", setting.name),
                accepted: format!("the name of the model, as in {example}"),
            })
        };
        let hearing = fault(names::TRANSCRIBE_MODEL, &of_hearing, "whisper-1");
        hearing.into_iter().chain(fault(names::SPEECH_MODEL, &of_speech, "gpt-4o-mini-tts"))
    }

    /// US dollars for some unit. `Some(None)`: nobody knows.
    #[expect(clippy::option_option, reason = "a fault is told beside others, and is not an unknown price")]
    fn price(&self, setting: &Setting) -> Option<Option<BigDecimal>> {
        self.usable(setting)?;
        Some(self.value(setting).and_then(|text| values::price(&text)))
    }

    fn extra_body(&self) -> Option<Map<String, Value>> {
        self.usable(&names::LLM_EXTRA_BODY)?;
        self.value(&names::LLM_EXTRA_BODY).map_or(Some(Map::new()), |text| values::fields(&text))
    }

    /// What the model of the settings can be given.
    pub(super) fn reads(&self) -> Option<Reads> {
        values::media(&self.value(&names::LLM_READS)?)
    }

    pub(crate) fn system_prompt(&self) -> Option<String> {
        prompt::read(Path::new(&self.value(&names::SYSTEM_PROMPT_PATH)?)).ok()
    }

    pub(crate) fn admission(&self) -> Option<Admission> {
        let lists =
            Access { users: self.ids(&names::ALLOWED_USERS)?, chats: self.ids(&names::ALLOWED_CHATS)? };
        Some(Admission { owners: self.ids(&names::OWNER)?, lists })
    }

    fn ids(&self, setting: &Setting) -> Option<BTreeSet<i64>> {
        self.usable(setting)?;
        self.value(setting).map_or(Some(BTreeSet::new()), |text| values::ids(&text, |_| true).ok())
    }

    pub(crate) fn rate_limit(&self) -> RateLimit {
        self.parsed(&names::RATE_LIMIT).unwrap_or_default()
    }

    pub(super) fn budgets(&self) -> Option<Budgets> {
        let dollars = |setting| {
            self.usable(setting)?;
            Some(self.value(setting).and_then(|text| budget::parse(&text)))
        };
        Some(Budgets {
            all: Budget { day: dollars(&names::BUDGET_DAY)?, month: dollars(&names::BUDGET_MONTH)? },
            person: Budget {
                day: dollars(&names::BUDGET_PERSON_DAY)?,
                month: dollars(&names::BUDGET_PERSON_MONTH)?,
            },
        })
    }

    /// The pages for operators. `Some(None)`: there are none.
    #[expect(clippy::option_option, reason = "a fault is not the same as a bot without a console")]
    pub(crate) fn console(&self) -> Option<Option<Console>> {
        self.usable(&names::CONSOLE_ADDR)?;
        self.usable(&names::CONSOLE_URL)?;
        let read_only = self.value(&names::CONSOLE_READ_ONLY)? == "on";
        let url = self.base_url(&names::CONSOLE_URL);
        Some(self.value(&names::CONSOLE_ADDR).map(|addr| Console { addr, url, read_only }))
    }

    pub(super) fn seconds(&self, setting: &Setting) -> Option<Duration> {
        self.parsed(setting).map(Duration::from_secs_f64)
    }

    fn base_url(&self, setting: &Setting) -> Option<String> {
        self.value(setting).map(|url| url.trim_end_matches('/').to_owned())
    }
}

/// The endpoint with this URL and key, or else that of the first model.
fn beside_the_model(read: &catalogue::Read, url: Option<String>, key: Option<String>) -> Option<Endpoint> {
    let key = key.map(Secret::new);
    // The key of the model goes to the model's own endpoint and to no other one.
    if let Some(base_url) = url {
        let name = llm::host(&base_url);
        return Some(Endpoint { base_url, name, key, headers: HeaderMap::new() });
    }
    let first = read.settings.first()?;
    Some(Endpoint {
        base_url: first.base_url.clone(),
        name: first.endpoint.clone(),
        key: key.or_else(|| first.key.clone()),
        headers: first.headers.clone(),
    })
}
