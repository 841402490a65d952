//! What is older than it may become, deleted for good: once a day by the bot, or by `systech-aidd history purge`.
//!
//! In small batches, each a transaction of its own: nobody waits for it, and what a kill interrupts is simply left for
//! the next time.

use std::time::Duration;

use tracing::{info, warn};

use crate::base::cancel::CancelToken;
use crate::base::http::Http;
use crate::store::{
    Store, StoreError, attachments, due, expiry, facts, inbox, proposals, searches, strangers, topics,
};

/// How many rows a batch deletes.
const BATCH: i64 = 1000;
/// So many messages in a row that are young, and those behind them are taken for young, too: numbers and times grow together.
const YOUNG_IN_A_ROW: usize = 10_000;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// When the database was away.
const AGAIN: Duration = Duration::from_secs(60);

/// What was deleted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Deleted {
    /// Messages, each with what belongs to it.
    pub messages: usize,
    /// Tombstones: rows of the inbox that were kept to recognise a repetition, longer than Telegram repeats.
    pub tombstones: usize,
    /// Files that were emptied.
    pub files: usize,
}

/// How old things may become, in days. `None`: as old as they like.
#[derive(Clone, Copy, Default)]
pub struct Limits {
    /// Messages, with all that belongs to them.
    pub messages: Option<u32>,
    /// What is in files.
    pub files: Option<u32>,
    /// All messages are looked at, not only the oldest ones: somebody may have stored an old one lately, and a clock may have been
    /// wrong.
    pub all_are_looked_at: bool,
}

/// Deletes messages older than they may become, empties files that are, then deletes old tombstones, strangers who were told
/// long ago, topics that wait for a title in vain, and requests that were withdrawn. `progress` hears of each batch of messages. A stop ends it between two batches.
pub fn apply(
    store: &Store,
    limits: Limits,
    stop: &CancelToken,
    progress: &mut dyn FnMut(usize),
) -> Result<Deleted, StoreError> {
    let mut deleted = Deleted::default();
    if let Some(days) = limits.messages {
        let moment = store.run(|conn| expiry::days_ago(conn, days))?;
        let (mut after, mut young) = (0, 0);
        while !stop.is_requested()
            && (limits.all_are_looked_at || young < YOUNG_IN_A_ROW)
            && let Some(stretch) = store.run(|conn| expiry::older_than(conn, moment, after, BATCH))?
        {
            deleted.messages += stretch.deleted;
            after = stretch.last;
            young = if stretch.young == stretch.looked_at { young } else { 0 } + stretch.young;
            if stretch.deleted > 0 {
                progress(stretch.deleted);
            }
        }
        while !stop.is_requested() && store.run(|conn| facts::purge(conn, moment, BATCH))? > 0 {}
        while !stop.is_requested() && store.run(|conn| proposals::purge(conn, moment, BATCH))? > 0 {}
        let age = DAY * days;
        while !stop.is_requested() && store.run(|conn| expiry::parts_older_than(conn, age, BATCH))? > 0 {}
        while !stop.is_requested() && store.run(|conn| expiry::callers_older_than(conn, age, BATCH))? > 0 {}
    }
    if let Some(days) = limits.files {
        let age = DAY * days;
        while !stop.is_requested() {
            match store.run(|conn| attachments::empty_older_than(conn, age, BATCH))? {
                0 => break,
                count => deleted.files += count,
            }
        }
    }
    while !stop.is_requested() && store.run(|conn| attachments::sweep(conn, BATCH))? > 0 {}
    while !stop.is_requested() {
        match store.run(|conn| inbox::sweep(conn, BATCH))? {
            0 => break,
            count => deleted.tombstones += count,
        }
    }
    store.run(strangers::sweep)?;
    store.run(topics::sweep)?;
    store.run(due::sweep)?;
    store.run(searches::sweep)?;
    Ok(deleted)
}

/// [`apply`] now and once a day, until `stop`. On the first day of a month all messages are looked at.
pub fn daily(store: &Store, http: &Http, limits: Limits, stop: &CancelToken) {
    while !stop.is_requested() {
        let applied = store.run(expiry::is_first_of_month).and_then(|first| {
            let limits = Limits { all_are_looked_at: limits.all_are_looked_at || first, ..limits };
            apply(store, limits, stop, &mut |_| {})
        });
        let wait = match applied {
            Ok(Deleted { messages: 0, tombstones: 0, files: 0 }) => DAY,
            Ok(Deleted { messages, tombstones, files }) => {
                info!(messages, tombstones, files, "deleted old messages and tombstones, emptied old files");
                DAY
            }
            Err(problem) => {
                warn!("old messages and tombstones could not be deleted: {problem}");
                AGAIN
            }
        };
        http.sleep(wait, stop);
    }
}
