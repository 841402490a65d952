//! Receiving: getUpdates, and the answer to the press of a button.

use std::time::Duration;

use frankenstein::methods::AnswerCallbackQueryParams;
use frankenstein::response::MethodResponse;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::TelegramError;
use super::incoming::Press;
use super::method::Method;
use super::transport::{PREVIEW_TIMEOUT, Telegram};
use crate::domain::update::UPDATE_KINDS;

impl Telegram {
    /// Waits up to `poll` for at most `limit` (100) updates from `offset` on (getUpdates). Each update comes
    /// undecoded, so that a strange one does not spoil its batch. The call confirms everything below `offset`.
    pub fn updates(
        &self,
        offset: Option<i64>,
        limit: u8,
        poll: Duration,
    ) -> Result<Vec<Box<RawValue>>, TelegramError> {
        #[derive(Serialize, Debug)]
        struct Params {
            #[serde(skip_serializing_if = "Option::is_none")]
            offset: Option<i64>,
            limit: u8,
            timeout: u64,
            allowed_updates: &'static [&'static str],
        }
        let params = Params { offset, limit, timeout: poll.as_secs(), allowed_updates: UPDATE_KINDS };
        let batch: MethodResponse<_> =
            self.call(Method::GetUpdates.name(), poll + self.timeout, |request| request.json(&params))?;
        Ok(batch.result)
    }

    /// The bot's name (getMe), without the @. Every bot has one, and groups address the bot by it: an answer without one is
    /// a fault of the server. Whatever else a server says about it, or leaves out, does not matter; but an id has to be
    /// that of the token.
    pub fn username(&self) -> Result<String, TelegramError> {
        #[derive(Deserialize)]
        struct Bot {
            id: Option<i64>,
            username: Option<String>,
        }
        let me: MethodResponse<Bot> = self.call(Method::GetMe.name(), self.timeout, |request| request)?;
        let fault = |problem| Err(TelegramError::Server { status: 200, problem });
        match me.result {
            Bot { id: Some(id), .. } if id != self.bot_id() => {
                fault("it answers getMe for another bot than the token's; check TELEGRAM_API_URL")
            }
            Bot { username: Some(username), .. } if !username.is_empty() => Ok(username),
            Bot { .. } => fault("its answer to getMe does not name the bot; check TELEGRAM_API_URL"),
        }
    }

    /// Waits up to `poll` for updates and says how many came (at most one), without confirming any and without a change
    /// of their kinds. Turns away whoever waits for updates already.
    pub fn peek(&self, poll: Duration) -> Result<usize, TelegramError> {
        let params = serde_json::json!({"limit": 1, "timeout": poll.as_secs()});
        let batch: MethodResponse<Vec<IgnoredAny>> =
            self.call(Method::GetUpdates.name(), poll + self.timeout, |request| request.json(&params))?;
        Ok(batch.result.len())
    }

    /// Tells Telegram that the press of a button has arrived, so that the user's app stops waiting; with a text, the
    /// user reads it. Nobody waits for this, and a failure has no consequence.
    pub fn acknowledge(&self, press: &Press, text: Option<&str>) {
        let params = AnswerCallbackQueryParams::builder()
            .callback_query_id(&press.id)
            .maybe_text(text)
            .show_alert(text.is_some())
            .build();
        let method = Method::AnswerCallbackQuery.name();
        let request = self.post(method, PREVIEW_TIMEOUT).json(&params);
        let telegram = self.clone();
        self.http.aside(async move {
            let _ = telegram.fetch::<MethodResponse<bool>>(method, request).await;
        });
    }
}
