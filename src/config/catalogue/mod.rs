//! The catalogue `assistant.toml`: endpoints, models and roles to choose from.
//!
//! Read whole: every fault is told with its line. Without the file there is one model and one role, from the environment.

use std::collections::BTreeMap;

use crate::domain::catalogue::{Catalogue, Model, Role};
use crate::domain::token_budget::TokenBudget;
use crate::llm::Settings;

mod document;
mod endpoint;
mod entry;
mod model;
mod role;
#[cfg(test)]
mod tests;

pub use document::Problem;
use document::{Document, Table};
pub use entry::Around;
use entry::{Told, name};

/// The name of the file, where nobody sets another one.
pub const FILE: &str = "assistant.toml";

/// The longest name of a model or a role; a button has room for 64 bytes (Bot API, InlineKeyboardButton).
const LONGEST_ID: usize = 24;

/// The catalogue, and how each of its models is asked.
#[derive(Clone, PartialEq, Debug)]
pub struct Read {
    /// What people choose from.
    pub catalogue: Catalogue,
    /// For each model, in the same order.
    pub settings: Vec<Settings>,
    /// How the model is asked that sums up (SUMMARY_MODEL), if it is another one than the dialogue's.
    pub summarist: Option<Settings>,
}

/// Reads the document. An error is everything that is wrong with it.
pub fn read(text: &str, around: &Around<'_>) -> Result<Read, Vec<Problem>> {
    let document = Document::new(text);
    let entries = document.parse();
    let read = tables(&Table::root(&document, &entries), around);
    let problems = document.into_problems();
    match read {
        Ok(read) if problems.is_empty() => Ok(read),
        _ => Err(problems),
    }
}

fn tables(root: &Table<'_, '_>, around: &Around<'_>) -> Result<Read, Told> {
    let endpoints: BTreeMap<_, _> = root
        .tables("endpoints")
        .into_iter()
        .map(|(name, table)| {
            let endpoint = endpoint::read(&table, around);
            table.end();
            (name, endpoint)
        })
        .collect();
    let models = root.tables("models");
    let roles = root.tables("roles");
    root.end();
    for (key, tables) in [("models", &models), ("roles", &roles)] {
        check_names(tables);
        if tables.is_empty() {
            root.wrong(key, "has nothing to choose from", &format!("at least one table [{key}.NAME]"));
        }
    }
    model::check_fallbacks(&models);
    role::check_models(&roles, &models);
    let read_models: Vec<_> =
        models.iter().map(|(id, table)| model::read(id, table, &endpoints, around)).collect();
    let read_roles: Vec<_> = roles.iter().map(|(id, table)| role::read(id, table, around)).collect();
    check_room(&models, &read_models, &read_roles);
    models.into_iter().chain(roles).for_each(|(_, table)| table.end());
    let (models, settings) = read_models.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let roles = read_roles.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Read { catalogue: Catalogue { models, roles }, settings, summarist: None })
}

/// Each model has room for a question beside each role.
fn check_room(
    tables: &[(String, Table<'_, '_>)],
    models: &[Result<(Model, Settings), Told>],
    roles: &[Result<Role, Told>],
) {
    for ((_, table), (model, _)) in
        tables.iter().zip(models).filter_map(|(table, model)| Some((table, model.as_ref().ok()?)))
    {
        let full = |role: &&Role| {
            TokenBudget::beside(model.context.map(u32::from), &role.prompt, model.max_tokens).is_none()
        };
        if let Some(role) = roles.iter().flatten().find(full) {
            let problem = format!(
                "leaves no room for a question beside max_tokens and the prompt of roles.{}",
                role.id
            );
            table.wrong("context", &problem, "more tokens, or a smaller max_tokens");
        }
    }
}

/// Buttons carry the name of a table, and people tell its entries apart by what they are called.
fn check_names(tables: &[(String, Table<'_, '_>)]) {
    let mut called = BTreeMap::new();
    for (id, table) in tables {
        let fits = (1..=LONGEST_ID).contains(&id.len())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !fits {
            table.wrong_itself(
                "has a name that does not fit on a button",
                "up to 24 letters, digits, hyphens, dots: [models.quick-1]",
            );
        }
        let name = name(id, table);
        if let Some(other) = called.insert(name.to_lowercase(), &table.path) {
            table.wrong("name", &format!("is that of {other} too"), "a name of its own");
        }
    }
}
