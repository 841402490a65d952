//! A call's parameters: a JSON object or a form, read as leniently as Telegram reads them (numbers may be strings).

use serde_json::{Map, Value};

use super::error::ApiError;
use crate::http::{Request, fields};

/// A file that came with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// As the sender named it.
    pub file_name: String,
    /// The MIME type the sender gave, if any.
    pub content_type: Option<String>,
    /// The content.
    pub bytes: Vec<u8>,
}

/// The parameters of one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Params {
    pub(super) values: Map<String, Value>,
    pub(super) files: Vec<(String, Document)>,
}

impl Params {
    pub(super) fn read(request: &Request) -> Result<Self, ApiError> {
        let content_type = request.header("content-type").unwrap_or_default();
        if content_type.starts_with("multipart/form-data") {
            return Self::from_form(content_type, &request.body);
        }
        if request.body.is_empty() {
            return Ok(Self::default());
        }
        if !content_type.starts_with("application/json") {
            return Err(ApiError::bad("the sandbox reads application/json and multipart/form-data only"));
        }
        match serde_json::from_slice(&request.body) {
            Ok(Value::Object(values)) => Ok(Self { values, files: Vec::new() }),
            _ => Err(ApiError::bad("can't parse JSON object")),
        }
    }

    fn from_form(content_type: &str, body: &[u8]) -> Result<Self, ApiError> {
        let mut params = Self::default();
        for field in fields(content_type, body).ok_or_else(|| ApiError::bad("can't parse the form"))? {
            if let Some(file_name) = field.file_name {
                let document = Document { file_name, content_type: field.content_type, bytes: field.bytes };
                params.files.push((field.name, document));
            } else {
                let text = String::from_utf8(field.bytes)
                    .map_err(|_| ApiError::bad("strings must be encoded in UTF-8"))?;
                // Objects come as JSON text in a form; everything else is read from the string where it is used.
                let value = if text.starts_with(['{', '[']) {
                    serde_json::from_str(&text).unwrap_or(Value::String(text))
                } else {
                    Value::String(text)
                };
                params.values.insert(field.name, value);
            }
        }
        Ok(params)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, ApiError> {
        match self.get(name) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(ApiError::bad(format!("field \"{name}\" must be of type String"))),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        integer(self.get(name)?)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.to_lowercase().as_str(), "true" | "yes" | "1"),
            _ => false,
        }
    }
}

/// An integer, also one written as a string.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
}
