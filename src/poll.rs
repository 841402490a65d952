//! Telegram → inbox: a long-polling thread. A batch is committed before the call that confirms it.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use crossbeam_channel::Sender;
use frankenstein::TelegramApi;
use frankenstein::methods::DeleteWebhookParams;
use serde_json::value::RawValue;
use tracing::{debug, error, info, warn};

use crate::backoff::Backoff;
use crate::http::Http;
use crate::stop::Stop;
use crate::store::inbox::{self, Received};
use crate::store::{Lane, Store};
use crate::telegram::{Incoming, PassedOver, Telegram, TelegramError};

/// How long Telegram holds an empty poll (getUpdates, `timeout`; at most 50 s).
const POLL: Duration = Duration::from_secs(30);
/// Asked again with the same offset within half a second, Telegram answers with one update at a time.
const FIRST_WAIT: Duration = Duration::from_millis(600);
/// The longest wait while Telegram or the database is away.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The poller.
pub struct Poll<'a> {
    /// For waits that can be cut short.
    pub http: &'a Http,
    /// Ends its calls at `stop`.
    pub telegram: Telegram,
    /// The inbox.
    pub store: &'a Store,
    /// To the dispatcher; full, it holds poll back.
    pub wakes: Sender<Vec<Lane>>,
    /// Requested at shutdown.
    pub stop: Stop,
}

impl Poll<'_> {
    /// Polls until `stop`, or until the dispatcher is gone. An error is final: the token is not valid.
    pub fn run(self) -> Result<(), TelegramError> {
        // always from the beginning of what is unconfirmed: an offset remembered from an earlier run may lie beyond
        // ids that started anew, and would then confirm nothing for ever
        let mut offset = None;
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        let mut failing = false;
        while !self.stop.is_requested() {
            let batch = match self.telegram.updates(offset, POLL) {
                Ok(batch) => batch,
                Err(TelegramError::Stopped) => break,
                Err(TelegramError::Unauthorized) => return Err(TelegramError::Unauthorized),
                Err(error) => {
                    if failing {
                        debug!("{error}");
                    } else {
                        warn!("{error}; polling goes on");
                    }
                    failing = true;
                    self.wait_out(&error, &mut backoff);
                    continue;
                }
            };
            if failing {
                info!("polling works again");
            }
            failing = false;
            backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
            let (received, last) = self.read(&batch);
            if !received.is_empty() && !self.take_in(&received) {
                break;
            }
            match last {
                Some(last) => offset = Some(last + 1),
                None if !batch.is_empty() => self.http.sleep(backoff.next(), &self.stop),
                None => {}
            }
        }
        Ok(())
    }

    /// What of a batch asks for an answer, and the last id in it.
    fn read(&self, batch: &[Box<RawValue>]) -> (Vec<Received>, Option<i64>) {
        let mut received = Vec::new();
        let mut last = None;
        let mut seen = HashSet::new();
        for raw in batch {
            let (update_id, incoming) = match Incoming::decode(raw.get()) {
                Ok(incoming) => (incoming.update_id, Some(incoming)),
                Err(PassedOver::NothingToAnswer(update_id)) => (update_id, None),
                Err(PassedOver::Unreadable) => {
                    warn!("an update without an id is passed over");
                    continue;
                }
            };
            last = last.max(Some(update_id));
            match incoming {
                Some(incoming) if seen.insert(update_id) => received.push(Received {
                    bot_id: self.telegram.bot_id(),
                    update_id,
                    chat_id: incoming.message.chat_id,
                    user_id: incoming.message.user_id,
                    kind: incoming.kind,
                    message_id: incoming.message.message_id,
                    payload: raw.get().to_owned(),
                }),
                _ => debug!(update_id, "nothing to answer"),
            }
        }
        (received, last)
    }

    /// Commits a batch, however long the database is away, and wakes its lanes. False: the end was asked for.
    fn take_in(&self, received: &[Received]) -> bool {
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        while !self.stop.is_requested() {
            match self.store.run(|conn| inbox::ingest(conn, received)) {
                // all lanes, also of what was known already: a commit whose acknowledgement was lost is repeated, and
                // finds everything stored. A lane woken in vain costs one look
                Ok(_) => {
                    let lanes: BTreeSet<Lane> = received.iter().map(Received::lane).collect();
                    return self.wakes.send(lanes.into_iter().collect()).is_ok();
                }
                Err(crate::store::StoreError::Unreachable(_)) => {}
                Err(refused) => error!("the inbox does not take a batch: {refused}"),
            }
            self.http.sleep(backoff.next(), &self.stop);
        }
        false
    }

    fn wait_out(&self, error: &TelegramError, backoff: &mut Backoff) {
        let wait = match error {
            TelegramError::RetryAfter(pause) => *pause,
            TelegramError::Conflict(why) if why.contains("webhook") => {
                self.delete_webhook();
                backoff.next()
            }
            _ => backoff.next(),
        };
        self.http.sleep(wait, &self.stop);
    }

    /// A webhook keeps getUpdates from working. What is pending stays pending.
    fn delete_webhook(&self) {
        let params = DeleteWebhookParams::builder().drop_pending_updates(false).build();
        if let Err(error) = self.telegram.delete_webhook(&params) {
            debug!("deleteWebhook: {error}");
        }
    }
}
