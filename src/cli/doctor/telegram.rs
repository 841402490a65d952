//! Telegram: the token, and who else takes its updates.
//!
//! Of two pollers Telegram turns the older one away (409), so asking for updates would interrupt a running bot. Whether
//! one is at work the database says: a running bot always keeps a connection to it. Only where none is are updates asked
//! for, without an offset, which confirms nothing, and without naming kinds, which changes nothing. Another program
//! that polls is turned away once, comes back within seconds, and then it is this call that gets the 409.

use std::time::Duration;

use crossbeam_channel::Receiver;
use frankenstein::TelegramApi;

use super::report::Report;
use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::database::finding::Finding;
use crate::telegram::{Settings, Telegram, TelegramError};

pub(super) const CHECKS: &[&str] = &["token", "webhook", "poller"];
/// Without the database.
pub(super) const ALONE: &[&str] = &["token", "webhook"];

/// How long another poller may take to come back.
const PROBE: Duration = Duration::from_secs(5);
const UNREACHABLE: &str = "check the network of this machine, HTTPS_PROXY and TELEGRAM_API_URL";

pub(super) fn examine(settings: &Settings, instance: &Receiver<bool>, report: &Report) {
    let (http, _runtime) = match Http::start() {
        Ok(started) => started,
        Err(error) => return report.fault("token", format!("{error:#}"), UNREACHABLE),
    };
    let telegram = Telegram::new(http, settings, CancelToken::new());
    match telegram.username() {
        Ok(username) => report.well("token", format!("it belongs to @{username}")),
        Err(error) => {
            let fault = Finding::fault("token", error.to_string(), remedy(&error));
            let unknown = matches!(error, TelegramError::Unauthorized);
            return report.add(if unknown { fault.of("TELEGRAM_BOT_TOKEN") } else { fault });
        }
    }
    match telegram.get_webhook_info() {
        Ok(info) if info.result.url.is_empty() => report.well("webhook", "no webhook is set"),
        // The webhook's address is not shown: some addresses carry a secret.
        Ok(_) => {
            return report.fault(
                "webhook",
                "a webhook is set, so another program uses the token",
                "give that program another token; a start of this bot removes the webhook and takes its updates",
            );
        }
        Err(error) => return report.fault("webhook", error.to_string(), remedy(&error)),
    }
    match instance.recv() {
        Ok(true) => {
            report.well(
                "poller",
                "a bot is connected to the database; doctor asks for no updates, to leave it in peace",
            );
        }
        Ok(false) => match telegram.peek(failpoints::wait("poller", PROBE)) {
            Ok(0) => report.well("poller", "no other program asks for updates"),
            Ok(_) => report.well("poller", "no other program asks for updates; some wait for the bot"),
            Err(TelegramError::Conflict(_)) => report.fault(
                "poller",
                "another program asks for updates with this token",
                "stop that program, or give it another token: Telegram gives each update to one poller only",
            ),
            Err(error) => report.fault("poller", error.to_string(), remedy(&error)),
        },
        // The database did not say whether an instance is at work.
        Err(_) => {}
    }
}

fn remedy(error: &TelegramError) -> &'static str {
    match error {
        TelegramError::Unauthorized | TelegramError::BadRequest(_) => {
            "put the current token into TELEGRAM_BOT_TOKEN; @BotFather shows it"
        }
        TelegramError::RetryAfter(_) => "wait for so long, then run doctor again",
        _ => UNREACHABLE,
    }
}
