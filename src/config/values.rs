//! What a setting may hold: told to people in one place, and checked in the same.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::Path;
use std::str::FromStr;

use bigdecimal::BigDecimal;
use serde_json::{Map, Value};
use tracing_subscriber::EnvFilter;

use super::database_url::DatabaseUrl;
use super::prompt;
use crate::domain::budget;
use crate::domain::catalogue::{Medium, Reads};
use crate::domain::rate::RateLimit;
use crate::render::MAX_UNITS;
use crate::telegram::Token;

/// Values that a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// A number in a range.
    Number {
        /// What it counts; a comma at its end where one belongs before the range.
        unit: &'static str,
        /// The least.
        from: f64,
        /// The greatest.
        to: f64,
        /// Whether it has no fraction.
        whole: bool,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Something with a check of its own.
    Other {
        /// In a word or two; nothing where the purpose says it.
        word: &'static str,
        /// In full, for who gave something else.
        accepted: &'static str,
        /// What is wrong with a value, to follow the name of its setting.
        problem: fn(&str) -> Option<String>,
    },
}

/// In full.
impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { unit, from, to, .. } => write!(f, "{unit} from {from} to {to}"),
            Self::OneOf(words) => {
                let (last, others) = words.split_last().unwrap_or((&"", &[]));
                write!(f, "{} or {last}", others.join(", "))
            }
            Self::Other { accepted, .. } => f.write_str(accepted),
        }
    }
}

impl Values {
    /// What they are, where they are neither numbers nor a choice.
    pub(super) fn accepted(&self) -> Option<&'static str> {
        match self {
            Self::Other { accepted, .. } => Some(accepted),
            Self::Number { .. } | Self::OneOf(_) => None,
        }
    }

    /// What is wrong with this value, to follow the name of its setting.
    pub(super) fn problem(&self, text: &str) -> Option<String> {
        let fits = match self {
            Self::Number { from, to, whole, .. } => {
                let number = text.parse::<f64>().is_ok_and(|number| (*from..=*to).contains(&number));
                number && (!whole || text.parse::<u32>().is_ok())
            }
            Self::OneOf(words) => words.contains(&text),
            Self::Other { problem, .. } => return problem(text),
        };
        (!fits).then(|| shown("is", text))
    }
}

pub(super) const fn number(unit: &'static str, from: f64, to: f64) -> Values {
    Values::Number { unit, from, to, whole: false }
}

pub(super) const fn whole(unit: &'static str, from: u32, to: u32) -> Values {
    // `f64::from` is no const function yet
    Values::Number { unit, from: from as f64, to: to as f64, whole: true }
}

pub(super) const fn one_of(words: &'static [&'static str]) -> Values {
    Values::OneOf(words)
}

pub(super) const TEXT: Values = Values::Other { word: "", accepted: "a text", problem: |_| None };

pub(super) const TOKEN: Values = Values::Other {
    word: "",
    accepted: "the token that @BotFather gave, <number>:<letters>",
    problem: |text| text.parse::<Token>().err().map(str::to_owned),
};

pub(super) const DATABASE: Values = Values::Other {
    word: "a URL",
    accepted: "postgresql://user:password@host:port/database (postgresql+asyncpg:// is understood too)",
    problem: |text| text.parse::<DatabaseUrl>().err(),
};

pub(super) const KEY: Values = Values::Other {
    word: "",
    accepted: "the key alone",
    problem: |text| {
        let is_key = text.chars().all(|c| c.is_ascii_graphic());
        (!is_key).then(|| "holds a character no key has".to_owned())
    },
};

pub(super) const LANGUAGE: Values = Values::Other {
    word: "two letters",
    accepted: "two or three small letters (ISO 639), as in ru",
    problem: |text| {
        let is_code = (2..=3).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase());
        (!is_code).then(|| shown("is", text))
    },
};

pub(super) const HTTP: Values = Values::Other {
    word: "a URL",
    accepted: "a URL that begins with http:// or https://",
    problem: |text| {
        let url = reqwest::Url::parse(text);
        let is_http = url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        (!is_http).then(|| shown("is", text))
    },
};

pub(super) const SITE: Values = Values::Other {
    word: "a URL",
    accepted: "a URL that begins with http:// or https:// and ends with its host or port, as in https://aidd.example.org",
    problem: |text| {
        let url = reqwest::Url::parse(text);
        let is_site = url.is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        (!is_site).then(|| shown("is", text))
    },
};

pub(super) const DOLLARS: Values = Values::Other {
    word: "US dollars",
    accepted: "US dollars from 0.01 to 1000000, as in 2.50",
    problem: |text| budget::parse(text).is_none().then(|| shown("is", text)),
};

pub(super) const PRICE: Values = Values::Other {
    word: "US dollars",
    accepted: "US dollars from 0.000001 to 10000, as in 0.006",
    problem: |text| price(text).is_none().then(|| shown("is", text)),
};

/// US dollars for some unit.
pub(super) fn price(text: &str) -> Option<BigDecimal> {
    // Without an exponent, which would make a short text a long number.
    let is_plain = text.len() <= 16 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let price: BigDecimal = is_plain.then(|| text.parse().ok())??;
    (BigDecimal::new(1.into(), 6)..=BigDecimal::from(10_000)).contains(&price).then_some(price)
}

pub(super) const RATE: Values = Values::Other {
    word: "1 to 100000, `off`",
    accepted: "questions of a user in an hour, from 1 to 100000, or off",
    problem: |text| {
        let fits = match text.parse() {
            Ok(RateLimit::Of(limit)) => (1..=100_000).contains(&limit),
            Ok(RateLimit::Off | RateLimit::Unset) => true,
            Err(_) => false,
        };
        (!fits).then(|| shown("is", text))
    },
};

pub(super) const USERS: Values = Values::Other {
    word: "ids",
    accepted: "Telegram ids of users with commas between them, as in 42,43",
    problem: |text| ids(text, |id| id > 0).err(),
};

pub(super) const CHATS: Values = Values::Other {
    word: "ids",
    accepted: "Telegram ids of chats with commas between them, as in -1001234567890,-42",
    problem: |text| ids(text, |id| id != 0).err(),
};

pub(super) const CATALOGUE: Values = Values::Other {
    word: "a file",
    accepted: "a catalogue of models and roles: assistant.example.toml is one",
    problem: |text| {
        std::fs::read_to_string(text)
            .err()
            .map(|error| format!("names {text}, which cannot be read ({error})"))
    },
};

pub(super) const PROMPT: Values = Values::Other {
    word: "a file",
    accepted: "a text file that tells the model who it is",
    problem: |text| prompt::read(Path::new(text)).err(),
};

pub(super) const MESSAGE: Values = Values::Other {
    word: "",
    accepted: "up to 4096 characters",
    problem: |text| (text.encode_utf16().count() > MAX_UNITS).then(|| "is too long for a message".to_owned()),
};

pub(super) const FOLDER: Values = Values::Other {
    word: "a folder",
    accepted: "a folder for backups that is there already",
    problem: |text| (!Path::new(text).is_dir()).then(|| format!("names {text}, which is not a folder")),
};

pub(super) const ADDRESS: Values = Values::Other {
    word: "`host:port`",
    accepted: "host:port, as in 127.0.0.1:9464",
    problem: |text| (!is_host_and_port(text)).then(|| shown("is", text)),
};

pub(super) const FIELDS: Values = Values::Other {
    word: "a JSON object",
    accepted: r#"a JSON object of fields for each request, without model and messages, as in {"reasoning_effort":"low","temperature":null}"#,
    problem: |text| fields(text).is_none().then(|| shown("is", text)),
};

/// Fields of a request that are not the bot's own business.
pub(super) fn fields(text: &str) -> Option<Map<String, Value>> {
    let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    (!fields.contains_key("model") && !fields.contains_key("messages")).then_some(fields)
}

pub(super) const MEDIA: Values = Values::Other {
    word: "a list",
    accepted: "text, and what else the model reads of pictures, pdf and sound, with commas between them",
    problem: |text| media(text).is_none().then(|| shown("is", text)),
};

/// What a model can be given: text, and each once.
pub(super) fn media(text: &str) -> Option<Reads> {
    let items = text.split(',').map(str::trim);
    let medium = |item| Medium::ALL.into_iter().find(|medium| medium.as_str() == item);
    let reads: Reads = items.clone().map(medium).collect::<Option<_>>()?;
    (reads.contains(&Medium::Text) && reads.len() == items.count()).then_some(reads)
}

pub(super) const FILTER: Values = Values::Other {
    word: "a filter",
    accepted: "a level (info), or levels by module (systech_aidd=debug,warn)",
    problem: |text| EnvFilter::try_new(text).is_err().then(|| shown("is", text)),
};

/// Telegram ids with commas between them.
pub(super) fn ids(text: &str, possible: impl Fn(i64) -> bool) -> Result<BTreeSet<i64>, String> {
    // A comma that stands alone is a fault: no id at all would let everybody in.
    let ids = text.split(',').map(str::trim).map(|item| {
        let id = i64::from_str(item).ok().filter(|id| possible(*id));
        id.ok_or_else(|| shown("holds", item))
    });
    ids.collect()
}

/// The value, if it may be shown: a URL may hold a password, and a key pasted into the wrong line is still a key.
fn shown(verb: &str, text: &str) -> String {
    let is_harmless = text.len() <= 20 && !text.contains(['/', '@', ':']);
    if is_harmless { format!("{verb} {text:?}") } else { "cannot be read".to_owned() }
}

fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    // An IPv6 address stands in brackets.
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_good = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && !host.contains([':', '/', '@', '[', ']'])
                && !host.contains(char::is_whitespace)
        }
    };
    host_is_good && port.parse::<u16>().is_ok()
}
