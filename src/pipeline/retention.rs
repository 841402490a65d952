//! What is older than it may become, deleted for good: once a day by the bot, or by `systech-aidd history purge`.
//!
//! In small batches, each a transaction of its own: nobody waits for it, and what a kill interrupts is simply left for
//! the next time.

use std::time::Duration;

use tracing::{info, warn};

use crate::base::cancel::CancelToken;
use crate::base::http::Http;
use crate::store::{
    Store, StoreError, attachments, due, erase, facts, inbox, proposals, searches, strangers, topics,
};

/// How many rows a batch deletes.
const BATCH: i64 = 1000;
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
        let moment = store.run(|conn| erase::days_ago(conn, days))?;
        let mut after = 0;
        while !stop.is_requested()
            && let Some((count, last)) = store.run(|conn| erase::older_than(conn, moment, after, BATCH))?
        {
            deleted.messages += count;
            after = last;
            progress(count);
        }
        while !stop.is_requested() && store.run(|conn| facts::purge(conn, moment, BATCH))? > 0 {}
        while !stop.is_requested() && store.run(|conn| proposals::purge(conn, moment, BATCH))? > 0 {}
        let age = DAY * days;
        while !stop.is_requested() && store.run(|conn| erase::parts_older_than(conn, age, BATCH))? > 0 {}
        while !stop.is_requested() && store.run(|conn| erase::callers_older_than(conn, age, BATCH))? > 0 {}
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

/// [`apply`] now and once a day, until `stop`.
pub fn daily(store: &Store, http: &Http, limits: Limits, stop: &CancelToken) {
    while !stop.is_requested() {
        let wait = match apply(store, limits, stop, &mut |_| {}) {
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
