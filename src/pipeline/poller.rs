//! Telegram → inbox: a long-polling thread. A batch is committed before the call that confirms it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use frankenstein::TelegramApi;
use frankenstein::methods::DeleteWebhookParams;
use serde_json::value::RawValue;
use tracing::{debug, error, info, warn};

use crate::base::backoff::Backoff;
use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::domain::lane::{Lane, Moved};
use crate::metrics;
use crate::pipeline::assemble::Open;
use crate::pipeline::delivered::Delivered;
use crate::pipeline::read_batch::ReadBatch;
use crate::pipeline::schedule::News;
use crate::store::inbox;
use crate::store::lately;
use crate::store::take_in::{self, Batch, Changed, Edited};
use crate::store::{Store, StoreError};
use crate::telegram::{Incoming, Me, Telegram, TelegramError};

/// How long Telegram holds an empty poll (getUpdates, `timeout`; at most 50 s).
const POLL: Duration = Duration::from_secs(30);
/// The same for the first poll: whether polling works is known soon, also where nobody writes.
const FIRST_POLL: Duration = Duration::from_secs(1);
/// Asked again with the same offset within half a second, Telegram answers with one update at a time.
const FIRST_WAIT: Duration = Duration::from_millis(600);
/// The longest wait while Telegram is away.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The same for the database, which has no pace to keep: what waits for it goes on as soon as it is back.
const LONGEST_DATABASE_WAIT: Duration = Duration::from_secs(1);

/// How often a poller looks whether it may go on whose lease was not renewed in time.
const LEASE_LOOK: Duration = Duration::from_millis(200);

/// The most updates that are asked for at once (getUpdates, `limit`).
const FULL_BATCH: u8 = 100;

/// Where polling stands, from one getUpdates to the next.
struct Round {
    /// The next one confirms what is below it. `None`: there is nothing new to confirm.
    offset: Option<i64>,
    /// How many updates are asked for.
    limit: u8,
    /// How long Telegram may hold an empty answer.
    hold: Duration,
    backoff: Backoff,
    /// The next one is not made before.
    not_before: Instant,
    /// The last one failed.
    failing: bool,
    open: Open,
    delivered: Delivered,
    /// The database server that the last batch was stored on ([`Store::generation`]).
    generation: i64,
}

impl Round {
    /// Always from the beginning of what is unconfirmed: an offset remembered from an earlier run may lie beyond ids that
    /// started anew, and would then confirm nothing for ever.
    fn new(generation: i64) -> Self {
        Self {
            offset: None,
            limit: FULL_BATCH,
            hold: FIRST_POLL,
            backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
            not_before: Instant::now(),
            failing: false,
            open: Open::default(),
            delivered: Delivered::default(),
            generation,
        }
    }
}

/// The poller.
pub struct Poll<'a> {
    /// For waits that can be cut short.
    pub http: &'a Http,
    /// Ends its calls at `stop`.
    pub telegram: Telegram,
    /// Whom groups address.
    pub me: &'a Me,
    /// The inbox.
    pub store: &'a Store,
    /// Whether an edit or a late piece ends the answer that is in work. Where questions are counted it waits for its turn: else each edit
    /// would be a model call that nobody counts.
    pub edits_interrupt: bool,
    /// To the dispatcher; full, it holds poll back.
    pub news: Sender<News>,
    /// Requested at shutdown.
    pub stop: CancelToken,
}

/// How long Telegram may hold a poll while there is nothing new.
pub fn longest_poll() -> Duration {
    failpoints::wait("poll", POLL)
}

impl Poll<'_> {
    /// Polls until `stop`, or until the dispatcher is gone. An error is final: the token is not valid.
    pub fn run(self) -> Result<(), TelegramError> {
        let mut round = Round::new(self.store.generation());
        self.recall(&mut round.open);
        while !self.stop.is_requested() {
            if self.store.generation() != round.generation {
                round.generation = self.store.generation();
                // Telegram delivers again what was not confirmed.
                round.offset = None;
                if !self.take_stock(&round.delivered) {
                    break;
                }
                continue;
            }
            if !self.store.leads() {
                // Until the lease is renewed another instance may poll.
                self.http.sleep(LEASE_LOOK, &self.stop);
                continue;
            }
            let goes_on = match self.ask(&mut round) {
                Ok(batch) => self.take(&batch, &mut round),
                // The end was asked for, or the database is on another server.
                Err(TelegramError::Stopped) => true,
                Err(TelegramError::Unauthorized) => return Err(TelegramError::Unauthorized),
                Err(error) => {
                    self.recover(&error, &mut round);
                    true
                }
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Remembers what an earlier run knew of the newest questions, however long the database is away.
    fn recall(&self, open: &mut Open) {
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_DATABASE_WAIT);
        while !self.stop.is_requested() {
            let known = self
                .store
                .run(|conn| Ok((lately::asked(conn, self.me.id)?, lately::waiting(conn, self.me.id)?)));
            match known {
                Ok((asked, waiting)) => return open.recall(asked, &waiting, self.me),
                Err(problem) => debug!("{problem}"),
            }
            self.http.sleep(backoff.next(), &self.stop);
        }
    }

    /// Asks for updates. A server that does not hold an empty answer, or repeats what it was told to forget, is asked at a
    /// pace.
    fn ask(&self, round: &mut Round) -> Result<Vec<Box<RawValue>>, TelegramError> {
        round.delivered.confirm(round.offset);
        let stop = self.stop.during(round.generation..=round.generation);
        if let Some(pace) = round.not_before.checked_duration_since(Instant::now()) {
            self.http.sleep(pace, &stop);
        }
        let asked = Instant::now();
        let batch = self.telegram.until(&stop).updates(round.offset, round.limit, round.hold)?;
        if batch.is_empty() {
            round.not_before = asked + FIRST_WAIT.min(round.hold);
        }
        metrics::polled();
        // An offset is sent once. A server whose ids began anew would take a repetition for the confirmation of
        // updates that nobody has seen.
        round.offset = None;
        round.hold = longest_poll();
        Ok(batch)
    }

    /// Stores a batch and moves the offset behind it. False: the end was asked for.
    fn take(&self, batch: &[Box<RawValue>], round: &mut Round) -> bool {
        let read = ReadBatch::of(batch, self.me, &mut round.open);
        if !batch.is_empty() && round.delivered.has_confirmed(read.next) {
            round.not_before = Instant::now() + FIRST_WAIT;
        }
        if read.unreadable > 0 && !round.failing {
            warn!(updates = read.unreadable, "skipped updates without an update_id");
        }
        let began = Instant::now();
        if !self.take_in(&read) {
            return false;
        }
        round.delivered.note(&read.batch.received);
        if began.elapsed() > FIRST_POLL {
            // The last poll is long ago by now; a short one shows soon that polling works.
            round.hold = FIRST_POLL;
        }
        if read.next.is_none() && !batch.is_empty() {
            // Nothing in this batch can be confirmed; only an update after it can.
            round.failing = true;
            self.http.sleep(round.backoff.next(), &self.stop);
            return true;
        }
        if std::mem::take(&mut round.failing) {
            info!("polling works again");
            metrics::polling_restarted();
        }
        round.backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        round.limit = round.limit.saturating_mul(10).min(FULL_BATCH);
        round.offset = read.next;
        true
    }

    /// What follows from a poll that failed.
    fn recover(&self, error: &TelegramError, round: &mut Round) {
        match *error {
            TelegramError::TooLarge(first) if round.limit > 1 => {
                let limit = round.limit;
                debug!(limit, first, "the batch is too large to be read; the bot asks for fewer updates");
                round.limit /= 10;
            }
            TelegramError::TooLarge(Some(first)) if first < i64::MAX => {
                error!(update_id = first, "skipped an update that is too large to be read");
                metrics::received(None);
                round.offset = Some(first + 1);
            }
            _ => {
                // The call may have had its effect or not: what is not confirmed comes again, and is recognised then.
                round.offset = None;
                if std::mem::replace(&mut round.failing, true) {
                    debug!("{error}");
                } else {
                    warn!("{error}; polling goes on");
                }
                self.wait_out(error, &mut round.backoff);
            }
        }
    }

    /// Commits a batch, however long the database is away, and wakes its lanes. False: the end was asked for.
    fn take_in(&self, read: &ReadBatch) -> bool {
        let Batch { received, topics, moved, .. } = &read.batch;
        if received.is_empty() && topics.is_empty() && moved.is_empty() {
            return true;
        }
        metrics::batch_came();
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_DATABASE_WAIT);
        let mut refused = false;
        while !self.stop.is_requested() {
            match self.store.run(|conn| take_in::take_in(conn, &read.batch)) {
                Ok(changed) => {
                    metrics::batch_stored();
                    failpoints::pass_each("received", received.iter().map(|update| &*update.payload));
                    if changed.moved > 0 {
                        info!(rows = changed.moved, "a group became a supergroup; its rows have moved");
                    }
                    for (press, text) in &read.presses {
                        self.telegram.acknowledge(press, *text);
                    }
                    // All lanes are woken, also those of known updates: a commit whose acknowledgement was lost is
                    // repeated, and finds everything stored. A lane woken in vain costs one look.
                    let lanes: BTreeSet<Lane> =
                        received.iter().map(|received| moved_lane(received.lane(), moved)).collect();
                    let news = News {
                        server_changed: false,
                        moved: moved.clone(),
                        lanes: lanes.into_iter().collect(),
                        interrupted: self
                            .interrupted(changed)
                            .map(|(lane, seqs)| (moved_lane(lane, moved), seqs))
                            .collect(),
                    };
                    return self.news.send(news).is_ok();
                }
                Err(StoreError::Unreachable(_)) => {}
                // Whoever leads now is given it by Telegram.
                Err(StoreError::LeaseLost) => return false,
                // A refusal counts as an outage: what is not stored is not confirmed.
                Err(error) => {
                    if !std::mem::replace(&mut refused, true) {
                        error!("the inbox does not take a batch of updates; the bot tries again: {error}");
                    }
                }
            }
            self.http.sleep(backoff.next(), &self.stop);
        }
        false
    }

    /// The database is on another server, which may lack what the former one had: its lanes are woken by what it says,
    /// and what Telegram will not deliver again is counted. False: the end was asked for.
    fn take_stock(&self, delivered: &Delivered) -> bool {
        let update_ids = delivered.lately();
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_DATABASE_WAIT);
        while !self.stop.is_requested() {
            let stock = self.store.run(|conn| {
                let lanes = inbox::waiting_lanes(conn, self.me.id)?;
                Ok((lanes, inbox::unknown(conn, self.me.id, &update_ids)?))
            });
            match stock {
                Ok((lanes, lost)) => {
                    metrics::updates_lost(u64::try_from(lost).unwrap_or_default());
                    let (waiting, known) = (lanes.len(), update_ids.len() - lost);
                    if lost > 0 {
                        error!(
                            lost,
                            known, waiting, "the new server lacks messages that Telegram delivered before"
                        );
                    } else {
                        info!(known, waiting, "the new server has all that Telegram delivered before");
                    }
                    let news = News { server_changed: true, lanes, ..News::default() };
                    return self.news.send(news).is_ok();
                }
                Err(problem) => debug!("{problem}"),
            }
            self.http.sleep(backoff.next(), &self.stop);
        }
        false
    }

    /// What is being answered and is not wanted like that any more: it was stopped, its text is another one now, or there is
    /// more of it.
    /// (Telegram announces changes that are none of the text, too.)
    fn interrupted(&self, changed: Changed) -> impl Iterator<Item = (Lane, RangeInclusive<i64>)> {
        let said = |payload: &str| {
            let message = Incoming::decode(payload, self.me).ok()?.message;
            let shown = message.piece.map(|piece| (piece.caption, piece.file.unique_id));
            Some((message.text, shown))
        };
        let another =
            move |edited: &Edited| self.edits_interrupt && said(&edited.before) != said(&edited.now);
        let edited =
            changed.edited.into_iter().filter(another).map(|edited| (edited.lane, edited.seq..=edited.seq));
        let grown = changed.grown.into_iter().filter(|_| self.edits_interrupt);
        let edited = edited.chain(grown.map(|(lane, seq)| (lane, seq..=seq)));
        edited.chain(changed.stopped.into_iter().map(|(lane, up_to)| (lane, 0..=up_to)))
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

/// The lane in which an update waits after these moves.
fn moved_lane(lane: Lane, moved: &[Moved]) -> Lane {
    moved.iter().fold(lane, |lane, moved| moved.apply(lane))
}
