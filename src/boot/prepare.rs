//! What there is to know before the work begins.

use std::collections::BTreeSet;
use std::time::Duration;

use frankenstein::TelegramApi;
use frankenstein::methods::DeleteWebhookParams;
use tracing::warn;

use super::reload;
use crate::base::backoff::Backoff;
use crate::base::cancel::CancelToken;
use crate::base::http::Http;
use crate::domain::command::Command;
use crate::domain::lane::Lane;
use crate::store::outbox::{self, PutOff};
use crate::store::{Store, StoreError, inbox, people};
use crate::telegram::{Me, Telegram, TelegramError};

/// Asks Telegram who the bot is, as long as it takes, and prepares polling. `None`: the end was asked for.
pub(super) fn introduce(
    http: &Http,
    telegram: &Telegram,
    stop: &CancelToken,
    commands: &[Command],
    (picture_pixels, hears, transcript_chats): (i32, bool, BTreeSet<i64>),
) -> anyhow::Result<Option<Me>> {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
    let mut waiting = false;
    let username = loop {
        match telegram.username() {
            Ok(username) => break username,
            Err(TelegramError::Stopped) => return Ok(None),
            Err(error @ (TelegramError::Unauthorized | TelegramError::UnknownMethod)) => {
                return Err(unauthorized(&error));
            }
            Err(error) => {
                if !std::mem::replace(&mut waiting, true) {
                    warn!("{error}; the bot starts as soon as Telegram answers");
                }
                let wait = if let TelegramError::RetryAfter(pause) = error { pause } else { backoff.next() };
                http.sleep(wait, stop);
            }
        }
    };
    // Neither is worth a refusal to start: the poller deletes a webhook that is in its way, and the bot works
    // without a menu.
    let webhook = DeleteWebhookParams::builder().drop_pending_updates(false).build();
    if let Err(error) = telegram.delete_webhook(&webhook) {
        warn!("deleteWebhook: {error}");
    }
    reload::set_menu(telegram, commands);
    Ok(Some(Me { id: telegram.bot_id(), username, picture_pixels, hears, transcript_chats }))
}

/// What whoever led before has left to do.
pub(super) struct Left {
    /// The newest update in the inbox.
    pub(super) newest: i64,
    /// Lanes with something to do.
    pub(super) lanes: Vec<Lane>,
    /// What had to be left alone for a while, and has to be still.
    pub(super) put_off: Vec<PutOff>,
    /// Whether somebody claimed the bot.
    pub(super) owned: bool,
}

/// Reads what there is to do, as long as it takes: the database was there, and it may have gone while Telegram was waited
/// for. `None`: the end was asked for.
pub(super) fn left(
    store: &Store,
    bot_id: i64,
    http: &Http,
    stop: &CancelToken,
) -> anyhow::Result<Option<Left>> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(1));
    while !stop.is_requested() {
        let left = store.run(|conn| {
            Ok(Left {
                newest: inbox::newest(conn)?,
                lanes: inbox::waiting_lanes(conn, bot_id)?,
                put_off: outbox::put_off_still(conn, bot_id)?,
                owned: people::is_owned(conn, bot_id)?,
            })
        });
        match left {
            Err(StoreError::Unreachable(_) | StoreError::ReadOnly) => http.sleep(backoff.next(), stop),
            Err(StoreError::LeaseLost) => return Ok(None),
            left => return Ok(Some(left?)),
        }
    }
    Ok(None)
}

/// What an operator can do about a token that Telegram does not take.
pub(super) fn unauthorized(error: &TelegramError) -> anyhow::Error {
    anyhow::anyhow!(
        "{error}: TELEGRAM_BOT_TOKEN is not a valid token (any more); @BotFather shows the current one"
    )
}
