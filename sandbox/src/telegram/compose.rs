//! The parts of a message as a call gives them, each checked on the way.

use serde_json::Value;

use super::error::ApiError;
use super::params::{Params, integer};
use super::record::Content;
use super::state::State;
use super::{rich, text};

pub(super) fn entities(params: &Params, field: &str) -> Result<Vec<Value>, ApiError> {
    if params.get("parse_mode").is_some() {
        return Err(ApiError::bad("the sandbox does not parse markup: send entities or blocks"));
    }
    match params.get(field) {
        None => Ok(Vec::new()),
        Some(Value::Array(entities)) => Ok(entities.clone()),
        Some(_) => Err(ApiError::bad(format!("field \"{field}\" must be of type Array"))),
    }
}

/// The content of a text, a draft's text or a rich message; which of them the parameters say.
pub(super) fn content(params: &Params, draft: bool) -> Result<Content, ApiError> {
    if let Some(message) = params.get("rich_message") {
        if params.get("text").is_some() {
            return Err(ApiError::bad(
                "only one of the fields \"text\" and \"rich_message\" can be specified",
            ));
        }
        let text = rich::check(message, draft)?;
        return Ok(Content { text, rich: Some(message.clone()), ..Content::default() });
    }
    let text = params.text("text")?.to_owned();
    let entities = entities(params, "entities")?;
    if draft {
        text::check_draft(&text, &entities)?;
    } else {
        text::check_message(&text, &entities)?;
    }
    Ok(Content { text, entities, ..Content::default() })
}

pub(super) fn markup(params: &Params) -> Result<Option<Value>, ApiError> {
    let Some(markup) = params.get("reply_markup") else { return Ok(None) };
    let rows = markup.get("inline_keyboard").and_then(Value::as_array);
    for button in rows.into_iter().flatten().filter_map(Value::as_array).flatten() {
        if button.get("text").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(ApiError::bad(
                "can't parse inline keyboard button: field \"text\" must be non-empty",
            ));
        }
        match button.get("callback_data").and_then(Value::as_str) {
            Some(data) if (1..=64).contains(&data.len()) => {}
            Some(_) => return Err(ApiError::bad("BUTTON_DATA_INVALID")),
            None if button.as_object().is_some_and(|button| button.len() > 1) => {}
            None => {
                return Err(ApiError::bad(
                    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
                ));
            }
        }
    }
    Ok(Some(markup.clone()).filter(|_| rows.is_none_or(|rows| !rows.is_empty())))
}

/// The message that a reply is to: `None` when it is gone and the sender does not mind.
pub(super) fn reply_to(state: &State, chat_id: i64, params: &Params) -> Result<Option<i64>, ApiError> {
    let Some(reply) = params.get("reply_parameters") else { return Ok(None) };
    let Some(id) = reply.get("message_id").and_then(integer) else { return Ok(None) };
    let exists = state.received.contains_key(&(chat_id, id))
        || state.message(chat_id, id).is_some_and(|message| !message.deleted);
    if exists {
        Ok(Some(id))
    } else if reply.get("allow_sending_without_reply").and_then(Value::as_bool) == Some(true) {
        Ok(None)
    } else {
        Err(ApiError::bad("message to be replied not found"))
    }
}
