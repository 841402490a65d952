//! `[models.NAME]`: what people choose from, and what each model can do.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use super::document::Table;
use super::endpoint::Endpoint;
use super::entry::{Around, Told, name};
use crate::domain::access::Access;
use crate::domain::catalogue::{Effort, Medium, Model, Price, Reads};
use crate::llm::Settings;

/// A line of /model.
const LONGEST_WORDS: usize = 200;

pub(super) fn read(
    id: &str,
    table: &Table<'_, '_>,
    endpoints: &BTreeMap<String, Result<Endpoint, Told>>,
    around: &Around<'_>,
) -> Result<(Model, Settings), Told> {
    let model_name = table.required("model", "the name of the model, as the endpoint knows it");
    let endpoint = endpoint(table, endpoints);
    let (temperature, extra) = (table.number("temperature", 0.0..=2.0), table.json("extra"));
    let context = table.whole("context", 100..=100_000_000);
    let max_tokens = table.whole("max_tokens", 16..=1_000_000);
    let number = |number: i64| u32::try_from(number).ok();
    let (effort, efforts) = efforts(table);
    let model = Model {
        id: id.to_owned(),
        name: name(id, table),
        words: table.line("words", LONGEST_WORDS),
        context: context.and_then(number).and_then(NonZeroU32::new),
        max_tokens: max_tokens.and_then(number).unwrap_or(around.max_tokens),
        effort,
        efforts,
        price: price(table),
        fallback: table.texts("fallback").unwrap_or_default(),
        reads: reads(table),
        access: access(table),
    };
    let (endpoint, Endpoint { base_url, kind, key, headers, private }) = endpoint?;
    let settings = Settings {
        endpoint,
        kind,
        base_url,
        key,
        headers,
        model: model_name.ok_or(Told)?,
        temperature: temperature.unwrap_or(around.temperature),
        max_tokens: model.max_tokens,
        silence: around.silence,
        extra: extra.unwrap_or_default(),
        price: model.price.clone(),
        private,
    };
    Ok((model, settings))
}

/// Whom it answers.
pub(super) fn access(table: &Table<'_, '_>) -> Access {
    Access { users: table.ids("users").unwrap_or_default(), chats: table.ids("chats").unwrap_or_default() }
}

/// What it can be given.
fn reads(table: &Table<'_, '_>) -> Reads {
    let reads = table.words("reads", &Medium::ALL, Medium::as_str).unwrap_or_else(Medium::usual);
    if !reads.contains(&Medium::Text) {
        table.wrong("reads", "leaves out text", "a list with text: [\"text\", \"pictures\"]");
    }
    reads
}

/// How much it thinks, and how much people may have it think, from the least.
fn efforts(table: &Table<'_, '_>) -> (Option<Effort>, Vec<Effort>) {
    let effort = table.word("effort", &Effort::ALL, Effort::as_str);
    let Some(efforts) = table.words("efforts", &Effort::ALL, Effort::as_str) else {
        return (effort, Vec::new());
    };
    let names: Vec<_> = efforts.iter().map(|effort| effort.as_str()).collect();
    let one_of = format!("one of these: {}", names.join(", "));
    if !table.has("effort") {
        table.wrong("efforts", "stands without effort, which is in force where nobody chooses", &one_of);
    } else if effort.is_some_and(|effort| !efforts.contains(&effort)) {
        table.wrong("effort", "is none of efforts", &one_of);
    }
    (effort, efforts.into_iter().collect())
}

/// The only endpoint need not be named.
fn endpoint(
    table: &Table<'_, '_>,
    endpoints: &BTreeMap<String, Result<Endpoint, Told>>,
) -> Result<(String, Endpoint), Told> {
    let all: Vec<_> = endpoints.keys().map(String::as_str).collect();
    let only = endpoints.keys().next().filter(|_| endpoints.len() == 1).cloned();
    let named = if table.has("endpoint") { Some(table.text("endpoint").ok_or(Told)?) } else { None };
    let problem = if named.is_some() { "names no endpoint of this file" } else { "is missing" };
    let name = named.or(only).unwrap_or_default();
    let Some(endpoint) = endpoints.get(&name) else {
        let accepted = match &*all {
            [] => "a table [endpoints.NAME] with its url".to_owned(),
            all => format!("one of these: {}", all.join(", ")),
        };
        table.wrong("endpoint", problem, &accepted);
        return Err(Told);
    };
    Ok((name, endpoint.clone()?))
}

fn price(table: &Table<'_, '_>) -> Option<Price> {
    if !table.has("price") {
        return None;
    }
    let price = table.table("price")?;
    let (input, cached, output) = (price.dollars("input"), price.dollars("cached"), price.dollars("output"));
    for key in ["input", "output"] {
        if !price.has(key) {
            price.wrong(key, "is missing", "US dollars for a million tokens: 0.25");
        }
    }
    price.end();
    let input = input?;
    Some(Price { cached: cached.unwrap_or_else(|| input.clone()), input, output: output? })
}

/// A model that stands in for another one is another one, and at last one of them has none.
pub(super) fn check_fallbacks(models: &[(String, Table<'_, '_>)]) {
    let fallbacks: BTreeMap<&str, Vec<String>> =
        models.iter().map(|(id, table)| (id.as_str(), table.texts("fallback").unwrap_or_default())).collect();
    for (id, table) in models {
        let own = &fallbacks[id.as_str()];
        for other in own {
            if other == id {
                table.wrong("fallback", "names the model itself", "other models of this file");
            } else if !fallbacks.contains_key(other.as_str()) {
                table.wrong(
                    "fallback",
                    &format!("names {other:?}, which is no model of this file"),
                    "other models of this file",
                );
            } else if leads_to(&fallbacks, other, id) {
                table.wrong(
                    "fallback",
                    &format!("goes round in a circle by {other:?}"),
                    "models that do not lead back here",
                );
            }
        }
        if own.iter().collect::<BTreeSet<_>>().len() < own.len() {
            table.wrong("fallback", "names a model twice", "each model once");
        }
    }
}

fn leads_to(fallbacks: &BTreeMap<&str, Vec<String>>, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(model) = next.pop() {
        if model == to {
            return true;
        }
        if seen.insert(model) {
            next.extend(fallbacks.get(model).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
