//! `[endpoints.NAME]`: where models are asked.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::Around;
use super::document::Table;
use crate::base::secret::Secret;

/// An endpoint.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) base_url: String,
    pub(super) key: Option<Secret>,
    pub(super) headers: Vec<(String, String)>,
}

/// `None`: it cannot be used, and why is told.
pub(super) fn read(table: &Table<'_, '_>, around: &Around<'_>) -> Option<Endpoint> {
    let url =
        table.required("url", "the address of the endpoint, with its /v1: \"https://openrouter.ai/api/v1\"");
    let fits = |url: &String| {
        Url::parse(url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
    };
    if url.as_ref().is_some_and(|url| !fits(url)) {
        table.wrong("url", "is no address", "one that begins with https:// or http://");
    }
    let key = key(table, around);
    let headers = headers(table);
    let base_url = url.filter(fits)?.trim_end_matches('/').to_owned();
    Some(Endpoint { base_url, key: key?, headers: headers? })
}

/// The outer `None`: it is named and cannot be had.
fn key(table: &Table<'_, '_>, around: &Around<'_>) -> Option<Option<Secret>> {
    if !table.has("key") {
        return Some(None);
    }
    let accepted = "the name of the variable that holds the key: \"OPENROUTER_API_KEY\"";
    let name = table.text("key")?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        // Perhaps it is the key itself: it is not shown.
        table.wrong("key", "is no name of a variable", accepted);
        return None;
    }
    let value =
        (around.variable)(&name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    if value.is_none() {
        table.wrong("key", "names a variable that neither the environment nor .env sets", accepted);
    }
    Some(Some(Secret::new(value?)))
}

fn headers(table: &Table<'_, '_>) -> Option<Vec<(String, String)>> {
    if !table.has("headers") {
        return Some(Vec::new());
    }
    let headers = table.table("headers")?;
    let texts = headers.all_texts();
    let mut usable = true;
    for (name, value) in &texts {
        let fits = name.parse::<HeaderName>().is_ok_and(|name| name != AUTHORIZATION)
            && HeaderValue::from_str(value).is_ok();
        if !fits {
            headers.wrong(
                name,
                "cannot be sent as a header",
                "a name and a text of one line; Authorization is made from the key",
            );
            usable = false;
        }
    }
    usable.then_some(texts)
}
