//! `[endpoints.NAME]`: where models are asked.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::document::Table;
use super::entry::{Around, Told};
use crate::base::secret::Secret;
use crate::llm::{self, Kind};

/// An endpoint.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) base_url: String,
    pub(super) kind: Kind,
    pub(super) key: Option<Secret>,
    pub(super) headers: HeaderMap,
    pub(super) private: bool,
}

pub(super) fn read(table: &Table<'_, '_>, around: &Around<'_>) -> Result<Endpoint, Told> {
    let base_url = base_url(table);
    let key = key(table, around);
    let headers = headers(table);
    let kind = table.word("kind", &Kind::ALL, Kind::as_str);
    let private = table.flag("private").unwrap_or(false);
    let base_url = base_url?;
    let kind = kind.unwrap_or_else(|| Kind::of(&llm::host(&base_url)));
    if private && kind != Kind::OpenRouter {
        table.wrong("private", "cannot be told to this endpoint", "OpenRouter alone takes it; leave it out");
    }
    Ok(Endpoint { base_url, kind, key: key?, headers: headers?, private })
}

fn base_url(table: &Table<'_, '_>) -> Result<String, Told> {
    let accepted = "the address of the endpoint, with its /v1: \"https://openrouter.ai/api/v1\"";
    let url = table.required("url", accepted).ok_or(Told)?;
    if Url::parse(&url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host()) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    table.wrong("url", "is no address", accepted);
    Err(Told)
}

fn key(table: &Table<'_, '_>, around: &Around<'_>) -> Result<Option<Secret>, Told> {
    if !table.has("key") {
        return Ok(None);
    }
    let accepted = "the name of the variable that holds the key: \"OPENROUTER_API_KEY\"";
    let name = table.text("key").ok_or(Told)?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name || name.starts_with(|c: char| c.is_ascii_digit()) {
        // Perhaps it is the key itself: it is not shown.
        table.wrong("key", "is no name of a variable", accepted);
        return Err(Told);
    }
    let value = (around.variable)(&name).map(|value| value.trim().to_owned());
    if let Some(value) = value.filter(|value| HeaderValue::from_str(value).is_ok() && !value.is_empty()) {
        return Ok(Some(Secret::new(value)));
    }
    table.wrong("key", "names a variable without a key: neither the environment nor .env sets it", accepted);
    Err(Told)
}

fn headers(table: &Table<'_, '_>) -> Result<HeaderMap, Told> {
    let mut read = HeaderMap::new();
    if !table.has("headers") {
        return Ok(read);
    }
    let headers = table.table("headers").ok_or(Told)?;
    let mut told = Ok(());
    for (name, value) in headers.all_texts() {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            (Ok(header), Ok(mut value)) if header != AUTHORIZATION => {
                // It may be a key; nothing that shows the settings shows it.
                value.set_sensitive(true);
                read.insert(header, value);
            }
            _ => {
                let accepted = "a name and a text of one line; Authorization is made from the key";
                headers.wrong(&name, "cannot be sent as a header", accepted);
                told = Err(Told);
            }
        }
    }
    told.map(|()| read)
}
