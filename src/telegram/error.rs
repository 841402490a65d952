//! What the Bot API answers, sorted by what is to be done about it. No error holds a URL: the token is in there.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest pause that is believed, in seconds: a week.
const LONGEST_PAUSE: u64 = 7 * 24 * 3600;

/// By what Telegram's words say that a message cannot be changed, whatever it is to be changed into.
const UNCHANGEABLE: [&str; 6] = [
    "message can't be edited",
    "message can't be deleted",
    "message to edit not found",
    "message to delete not found",
    "there is no text in the message to edit",
    "MESSAGE_ID_INVALID",
];

/// By what its words say that the topic is not there any more, or takes no messages.
const NO_TOPIC: [&str; 5] =
    ["message thread not found", "thread not found", "TOPIC_CLOSED", "TOPIC_DELETED", "TOPIC_ID_INVALID"];

/// By what its words say that it is the voice message that is not wanted: by the person, or by the group.
const NO_VOICE: [&str; 3] = ["VOICE_MESSAGES_FORBIDDEN", "voice messages", "voice notes"];

/// By what its words say that a message is longer than this server takes.
const TOO_LONG: [&str; 4] =
    ["message is too long", "MESSAGE_TOO_LONG", "text is too long", "message caption is too long"];

/// Why a call failed (Bot API, "Making requests" and ResponseParameters).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TelegramError {
    /// 401: the token is wrong or was revoked.
    #[error("Telegram does not know the token")]
    Unauthorized,
    /// 409: another poller or a webhook takes the updates.
    #[error("Telegram reports a conflict: {0}")]
    Conflict(String),
    /// 429: not again before this has passed.
    #[error("Telegram asks for a pause of {} s", .0.as_secs())]
    RetryAfter(Duration),
    /// 400 with `migrate_to_chat_id`: the group is a supergroup of this id now.
    #[error("the group became a supergroup")]
    Migrated(i64),
    /// 403: blocked, kicked or deactivated; final for the chat.
    #[error("Telegram forbids the call: {0}")]
    Forbidden(String),
    /// 400: this call will never be taken as it is.
    #[error("Telegram refuses the call: {0}")]
    BadRequest(String),
    /// 400 to an edit or a deletion: the message is gone, too old (48 hours), or none that can be changed.
    #[error("Telegram will not change the message: {0}")]
    NotThere(String),
    /// 400: the topic of the chat is gone or closed; the chat itself may be open.
    #[error("Telegram has no such topic: {0}")]
    NoTopic(String),
    /// 400 or 403: the person, or the group, takes no voice messages; the chat itself is open.
    #[error("Telegram takes no voice message there: {0}")]
    NoVoice(String),
    /// 400: the message is longer than this server takes.
    #[error("Telegram finds the message too long: {0}")]
    TooLong(String),
    /// 400 to an edit: the message says that already.
    #[error("the edit would change nothing")]
    NotModified,
    /// 404: the server does not know the method, or the token is not one at all.
    #[error("the Bot API server does not know the method")]
    UnknownMethod,
    /// 3xx, 5xx, or not an answer of the Bot API at all.
    #[error("Telegram fails with status {status}: {problem}")]
    Server {
        /// HTTP status.
        status: u16,
        /// What was wrong with the answer.
        problem: &'static str,
    },
    /// An answer too large to be read. Of getUpdates: the number of the first update in it.
    #[error("Telegram's answer is too large to be read")]
    TooLarge(Option<i64>),
    /// The file to send is not there.
    #[error("the file cannot be sent: {0}")]
    File(String),
    /// No answer came.
    #[error("Telegram cannot be reached: {0}")]
    Network(String),
    /// The call was given up because the program ends.
    #[error("the call was given up because the program ends")]
    Stopped,
    /// The call was not made: this instance may not be the leader any more.
    #[error("the call was not made, because another instance may lead")]
    NotLeading,
}

impl TelegramError {
    /// Whether the same call may be taken later.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::RetryAfter(_) | Self::Server { .. } | Self::Network(_) | Self::Stopped | Self::NotLeading
        )
    }

    /// Its code for metrics. `None`: no call of the Bot API failed.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::BadRequest(_)
            | Self::Migrated(_)
            | Self::NotThere(_)
            | Self::NoTopic(_)
            | Self::NoVoice(_)
            | Self::TooLong(_) => Some("400"),
            Self::Unauthorized => Some("401"),
            Self::Forbidden(_) => Some("403"),
            Self::UnknownMethod => Some("404"),
            Self::Conflict(_) => Some("409"),
            Self::RetryAfter(_) => Some("429"),
            Self::Server { status: 500.., .. } => Some("5xx"),
            Self::Server { .. } | Self::TooLarge(_) => Some("unreadable"),
            Self::Network(_) => Some("network"),
            Self::File(_) | Self::Stopped | Self::NotLeading | Self::NotModified => None,
        }
    }
}

impl From<reqwest::Error> for TelegramError {
    fn from(error: reqwest::Error) -> Self {
        Self::Network(crate::base::http::describe(error))
    }
}

#[derive(Deserialize)]
struct Verdict {
    ok: bool,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize, Default)]
struct Parameters {
    migrate_to_chat_id: Option<i64>,
    retry_after: Option<u64>,
}

/// Reads a response: the whole of it as `T` if it says `ok`, else the error it stands for.
pub(super) fn response<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, TelegramError> {
    // A gateway's HTML page, an empty body: worth another try, whatever its status.
    let Ok(verdict) = serde_json::from_slice::<Verdict>(body) else {
        let problem = match status {
            300..400 => {
                "a redirect, which is not followed; TELEGRAM_API_URL has to be the Bot API's own address"
            }
            _ => "not an answer of the Bot API",
        };
        return Err(TelegramError::Server { status, problem });
    };
    if verdict.ok {
        return serde_json::from_slice(body)
            .map_err(|_| TelegramError::Server { status, problem: "an answer that does not decode" });
    }
    Err(match (verdict.error_code, verdict.parameters) {
        (_, Parameters { migrate_to_chat_id: Some(chat_id), .. }) => TelegramError::Migrated(chat_id),
        (429, parameters) => {
            let seconds = parameters.retry_after.unwrap_or(1).clamp(1, LONGEST_PAUSE);
            TelegramError::RetryAfter(Duration::from_secs(seconds))
        }
        (401, _) => TelegramError::Unauthorized,
        (400 | 403, _) if says(&verdict.description, &NO_VOICE) => {
            TelegramError::NoVoice(phrase(&verdict.description))
        }
        (403, _) => TelegramError::Forbidden(phrase(&verdict.description)),
        (404, _) => TelegramError::UnknownMethod,
        (409, _) => TelegramError::Conflict(phrase(&verdict.description)),
        (400, _) if verdict.description.contains("message is not modified") => TelegramError::NotModified,
        (400, _) if says(&verdict.description, &UNCHANGEABLE) => {
            TelegramError::NotThere(phrase(&verdict.description))
        }
        (400, _) if says(&verdict.description, &NO_TOPIC) => {
            TelegramError::NoTopic(phrase(&verdict.description))
        }
        (400 | 413, _) if says(&verdict.description, &TOO_LONG) => {
            TelegramError::TooLong(phrase(&verdict.description))
        }
        (400..500, _) => TelegramError::BadRequest(phrase(&verdict.description)),
        _ => TelegramError::Server { status, problem: "the Bot API reports an error of its own" },
    })
}

/// Whether one of these signs stands in what Telegram says.
pub(super) fn says(description: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| description.contains(sign))
}

/// What of a description is Telegram's own: it may go on with a quotation.
fn phrase(description: &str) -> String {
    let own = description.split(['"', '“', '«']).next().unwrap_or_default();
    own.chars().take(120).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> TelegramError {
        response::<serde_json::Value>(status, body.as_bytes()).unwrap_err()
    }

    #[test]
    fn every_answer_of_the_bot_api_has_its_consequence() {
        let body = |code: u16, extra: &str| {
            format!(r#"{{"ok":false,"error_code":{code},"description":"Bad thing"{extra}}}"#)
        };
        let bad_thing = || "Bad thing".to_owned();
        for (code, extra, expected) in [
            (401, "", TelegramError::Unauthorized),
            (403, "", TelegramError::Forbidden(bad_thing())),
            (404, "", TelegramError::UnknownMethod),
            (409, "", TelegramError::Conflict(bad_thing())),
            (400, "", TelegramError::BadRequest(bad_thing())),
            (400, r#","parameters":{"migrate_to_chat_id":-1001}"#, TelegramError::Migrated(-1001)),
            (
                429,
                r#","parameters":{"retry_after":100000}"#,
                TelegramError::RetryAfter(Duration::from_secs(100_000)),
            ),
            (429, "", TelegramError::RetryAfter(Duration::from_secs(1))),
            (
                429,
                r#","parameters":{"retry_after":18446744073709551615}"#,
                TelegramError::RetryAfter(Duration::from_secs(LONGEST_PAUSE)),
            ),
        ] {
            assert_eq!(error(code, &body(code, extra)), expected);
        }
    }

    #[test]
    fn a_message_that_cannot_be_changed_is_told_from_a_change_that_is_not_taken() {
        let of = |description: &str| {
            error(
                400,
                &format!(r#"{{"ok":false,"error_code":400,"description":"Bad Request: {description}"}}"#),
            )
        };
        let same =
            "message is not modified: specified new message content and reply markup are exactly the same";
        assert_eq!(of(same), TelegramError::NotModified);
        for gone in UNCHANGEABLE {
            assert_eq!(of(gone), TelegramError::NotThere(format!("Bad Request: {gone}")));
        }
        for gone in NO_TOPIC {
            assert_eq!(of(gone), TelegramError::NoTopic(format!("Bad Request: {gone}")));
        }
        for unwanted in NO_VOICE {
            assert_eq!(of(unwanted), TelegramError::NoVoice(format!("Bad Request: {unwanted}")));
        }
        for long in TOO_LONG {
            assert_eq!(of(long), TelegramError::TooLong(format!("Bad Request: {long}")));
        }
        assert!(matches!(of("can't parse entities"), TelegramError::BadRequest(_)));
    }

    #[test]
    fn a_description_loses_what_it_quotes() {
        let body = r#"{"ok":false,"error_code":400,"description":"Bad Request: wrong URL \"secret\" here"}"#;
        assert_eq!(error(400, body), TelegramError::BadRequest("Bad Request: wrong URL".to_owned()));
    }

    #[test]
    fn what_is_not_json_is_a_server_error_whatever_its_status() {
        for (status, body) in [(502, "<html>Bad Gateway</html>"), (200, ""), (400, "<html>"), (200, "[]")] {
            assert!(matches!(error(status, body), TelegramError::Server { .. }), "{status} {body}");
        }
    }
}
