//! Announcements under way: a thread of its own puts them into the outbox, a few people at a time, behind everything else.
//!
//! It goes on where the last run, or another instance, was. Sending itself is the sender's, with all it knows of pauses,
//! refusals and crashes: each person gets it once, but for the window that every send has.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tracing::{debug, info};

use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::domain::reply::ReplyPart;
use crate::pipeline::announce::{shown, with_unsubscribe};
use crate::pipeline::pace::{Form, Shows};
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::announcements::{self, Active};
use crate::telegram::{Method, TelegramError};

/// How often it looks for one that begins, and how often it goes on with one.
const IDLE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(250);
/// How often its owner is shown how far it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// Sends announcements until `stop`.
pub fn run(services: &Services, http: &Http, stop: &CancelToken) {
    let mut shown_at = HashMap::new();
    while !stop.is_requested() {
        let under_way = look(services, stop, &mut shown_at).unwrap_or_else(|problem| {
            // The next look goes on from where this one was.
            if !problem.is_told() {
                debug!("announcements wait: {problem}");
            }
            false
        });
        http.sleep(if under_way { failpoints::wait("announcer", PAUSE) } else { IDLE }, stop);
    }
}

/// A step of each. Whether any is under way still.
fn look(
    services: &Services,
    stop: &CancelToken,
    shown_at: &mut HashMap<i64, Instant>,
) -> Result<bool, StoreError> {
    let (bot_id, store) = (services.me.id, &services.store);
    let active = store.run(|conn| announcements::active(conn, bot_id))?;
    shown_at.retain(|id, _| active.iter().any(|known| known.id == *id));
    for announcement in &active {
        let most = services.pace.spare(failpoints::wait("announcer", PAUSE).max(PAUSE));
        let done = store.run(|conn| {
            announcements::step(
                conn,
                bot_id,
                *announcement,
                most,
                with_unsubscribe,
                |language, progress, _| ReplyPart::plain(language.announcement(&progress, false)),
            )
        })?;
        services.wake(done.lanes.clone());
        if done.ended {
            let Active { id, owner, .. } = *announcement;
            let (sent, failed) = (done.progress.sent, done.progress.failed);
            info!(announcement = id, owner, sent, failed, "an announcement is over");
        } else {
            show(services, stop, shown_at, *announcement, &done);
        }
    }
    Ok(!active.is_empty())
}

/// Shows its owner how far it is, now and then, if Telegram bears it.
fn show(
    services: &Services,
    stop: &CancelToken,
    shown_at: &mut HashMap<i64, Instant>,
    Active { id, owner, message_id }: Active,
    done: &announcements::Step,
) {
    let now = Instant::now();
    let last = shown_at.entry(id).or_insert(now);
    let form = Form::Message(Method::EditMessageText);
    let Some(message_id) = message_id else { return };
    if now < *last + failpoints::wait("shown", PROGRESS)
        || services.pace.preview(owner, form, Shows::NoWords).is_err()
    {
        return;
    }
    *last = now;
    let part = shown(owner, done.language, id, &done.progress);
    match services.telegram.until(stop).edit(owner, message_id, part) {
        Ok(()) => services.pace.preview_taken(owner, form),
        Err(TelegramError::RetryAfter(pause)) => services.pace.preview_refused(owner, form, pause),
        // At the end the message is replaced all the same.
        Err(error) => debug!(announcement = id, "{error}; how far it is is not shown"),
    }
}
