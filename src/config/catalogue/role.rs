//! `[roles.NAME]`: who the model is told to be.

use super::document::Table;
use super::entry::{Around, Told, name};
use super::model::access;
use crate::config::prompt;
use crate::domain::catalogue::Role;
use crate::render::MAX_UNITS;

pub(super) fn read(id: &str, table: &Table<'_, '_>, around: &Around<'_>) -> Result<Role, Told> {
    let accepted = "a text file in UTF-8: \"prompts/helper.txt\"";
    let path = table.required("prompt", accepted);
    let prompt = path.map(|path| prompt::read(&around.folder.join(path)));
    if let Some(Err(problem)) = &prompt {
        table.wrong("prompt", problem, accepted);
    }
    let words = table.text("words");
    if words.as_ref().is_some_and(|words| words.encode_utf16().count() > MAX_UNITS) {
        table.wrong("words", "are too long for one message", &format!("up to {MAX_UNITS} characters"));
    }
    let prompt = prompt.and_then(Result::ok).ok_or(Told)?;
    Ok(Role {
        id: id.to_owned(),
        name: name(id, table),
        words: words.unwrap_or_else(|| prompt::role(&prompt)),
        prompt,
        model: table.text("model"),
        access: access(table),
    })
}

/// The model of a role is one of this file.
pub(super) fn check_models(roles: &[(String, Table<'_, '_>)], models: &[(String, Table<'_, '_>)]) {
    for (_, table) in roles {
        let model = table.text("model");
        if model.is_some_and(|model| models.iter().all(|(id, _)| *id != model)) {
            let all: Vec<_> = models.iter().map(|(id, _)| id.as_str()).collect();
            table.wrong("model", "names no model of this file", &format!("one of these: {}", all.join(", ")));
        }
    }
}
