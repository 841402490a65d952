//! What a form of ours sent. A form of somebody else's that a browser sends along with the cookie has no token of the session.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::app::App;
use super::operator::Operator;
use super::problem::Problem;

/// A form about the console itself: the end of a session, a language.
pub(super) struct Posted<T> {
    pub(super) operator: Operator,
    pub(super) form: T,
}

/// A form that changes something of the bot's; there is none while the console is read-only.
pub(super) struct Change<T> {
    pub(super) operator: Operator,
    pub(super) form: T,
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let operator = Operator::from_request_parts(&mut parts, app).await?;
        let bytes = Bytes::from_request(Request::from_parts(parts, body), app).await;
        let bytes = bytes.map_err(|_| Problem::Malformed)?;
        let Token { token } = serde_urlencoded::from_bytes(&bytes).map_err(|_| Problem::Foreign)?;
        if !operator.sent(app, &token) {
            return Err(Problem::Foreign);
        }
        let form = serde_urlencoded::from_bytes(&bytes).map_err(|_| Problem::Malformed)?;
        Ok(Self { operator, form })
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Change<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let Posted { operator, form } = Posted::from_request(request, app).await?;
        if operator.is_read_only() {
            return Err(Problem::ReadOnly);
        }
        Ok(Self { operator, form })
    }
}
