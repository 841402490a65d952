//! Telegram → inbox: a long-polling thread. A batch is committed before the call that confirms it.

use std::collections::{BTreeSet, HashSet, VecDeque};
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
use crate::domain::button::Button;
use crate::domain::command::{Command, Request};
use crate::domain::lane::{Lane, Moved};
use crate::domain::update::{EDITED_MESSAGE, MESSAGE};
use crate::metrics;
use crate::pipeline::assemble::Open;
use crate::pipeline::schedule::News;
use crate::store::inbox::{self, Batch, Change, Changed, Edit, Edited, Received, Stopping};
use crate::store::{Store, StoreError};
use crate::telegram::{Incoming, Me, Message, PassedOver, Press, Telegram, TelegramError};

/// How long Telegram holds an empty poll (getUpdates, `timeout`; at most 50 s).
pub const POLL: Duration = Duration::from_secs(30);
/// The same for the first poll: whether polling works is known soon, also where nobody writes.
const FIRST_POLL: Duration = Duration::from_secs(1);
/// Asked again with the same offset within half a second, Telegram answers with one update at a time.
const FIRST_WAIT: Duration = Duration::from_millis(600);
/// The longest wait while Telegram or the database is away.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The most updates that are asked for at once (getUpdates, `limit`).
const FULL_BATCH: u8 = 100;
/// A larger update is stored without what nobody reads: Telegram's own are far smaller.
const LARGE: usize = 256 << 10;

/// So many updates are looked for when the database is found on another server: a failover loses seconds, and this is
/// 80 KB.
const MOST_REMEMBERED: usize = 5000;
/// For so long: a day less than their rows are kept in the inbox.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// What a batch holds.
#[derive(Default)]
struct Read {
    /// What is taken in.
    batch: Batch,
    /// Presses of buttons among it, each with what the person is to be told at once.
    presses: Vec<(Press, Option<&'static str>)>,
    /// The offset that confirms the batch. `None`: nothing in it has a number.
    next: Option<i64>,
    /// How many updates have no number.
    unreadable: usize,
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
    /// Whether an edit ends the answer that is in work. Where questions are counted it waits for its turn: else each edit
    /// would be a model call that nobody counts.
    pub edits_interrupt: bool,
    /// To the dispatcher; full, it holds poll back.
    pub news: Sender<News>,
    /// Requested at shutdown.
    pub stop: CancelToken,
}

impl Poll<'_> {
    /// Polls until `stop`, or until the dispatcher is gone. An error is final: the token is not valid.
    pub fn run(self) -> Result<(), TelegramError> {
        // always from the beginning of what is unconfirmed: an offset remembered from an earlier run may lie beyond
        // ids that started anew, and would then confirm nothing for ever
        let mut offset = None;
        let mut limit = FULL_BATCH;
        let mut hold = FIRST_POLL;
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        let mut failing = false;
        let mut open = Open::default();
        let mut delivered = Delivered::default();
        let mut generation = self.store.generation();
        while !self.stop.is_requested() {
            if self.store.generation() != generation {
                generation = self.store.generation();
                // what Telegram was perhaps not told to forget, it may deliver again
                offset = delivered.confirmed;
                if !self.take_stock(&delivered) {
                    break;
                }
                continue;
            }
            delivered.asked = offset;
            let round = self.telegram.until(&self.stop.during(generation..=generation));
            let batch = match round.updates(offset, limit, hold) {
                Ok(batch) => {
                    delivered.confirmed = offset;
                    metrics::polled();
                    hold = POLL;
                    batch
                }
                // the end, or another server
                Err(TelegramError::Stopped) => continue,
                Err(TelegramError::Unauthorized) => return Err(TelegramError::Unauthorized),
                Err(TelegramError::TooLarge(first)) if limit > 1 => {
                    debug!(limit, first, "the batch is too large to be read; the bot asks for fewer updates");
                    limit /= 10;
                    continue;
                }
                Err(TelegramError::TooLarge(Some(first))) if first < i64::MAX => {
                    error!(update_id = first, "skipped an update that is too large to be read");
                    metrics::received(None);
                    offset = Some(first + 1);
                    continue;
                }
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
            let read = self.read(&batch, &mut open);
            if read.unreadable > 0 && !failing {
                warn!(updates = read.unreadable, "skipped updates without an update_id");
            }
            let began = Instant::now();
            if !self.take_in(&read) {
                break;
            }
            delivered.note(&read.batch.received);
            if began.elapsed() > FIRST_POLL {
                // the last poll is long ago by now: that polling works is to be known soon
                hold = FIRST_POLL;
            }
            if read.next.is_none() && !batch.is_empty() {
                // nothing in it can be confirmed: only something after it can
                failing = true;
                self.http.sleep(backoff.next(), &self.stop);
                continue;
            }
            if failing {
                info!("polling works again");
                metrics::polling_restarted();
            }
            failing = false;
            backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
            limit = limit.saturating_mul(10).min(FULL_BATCH);
            offset = read.next.or(offset);
        }
        Ok(())
    }

    /// Reads a batch for what asks for an answer.
    fn read(&self, batch: &[Box<RawValue>], open: &mut Open) -> Read {
        let me = self.me;
        let mut read = Read::default();
        let mut seen = HashSet::new();
        for raw in batch {
            let decoded = Incoming::decode(raw.get(), me);
            metrics::received(decoded.as_ref().ok().map(|incoming| incoming.kind));
            let update_id = match decoded {
                Ok(incoming) if !open.takes(&incoming, me) => {
                    debug!(
                        update_id = incoming.update_id,
                        "ignored what people say to each other in a group"
                    );
                    incoming.update_id
                }
                Ok(incoming) => {
                    let update_id = incoming.update_id;
                    if seen.insert(update_id) {
                        self.sort(&incoming, raw.get(), &mut read);
                    }
                    update_id
                }
                Err(PassedOver::Moved { update_id, from, to }) => {
                    read.batch.moved.push(Moved { bot_id: me.id, from, to });
                    update_id
                }
                Err(PassedOver::NothingToAnswer(update_id)) => {
                    debug!(update_id, "ignored an update that asks for no answer");
                    update_id
                }
                Err(PassedOver::Unreadable) => {
                    read.unreadable += 1;
                    continue;
                }
            };
            read.next = read.next.max(update_id.checked_add(1));
        }
        read
    }

    /// Puts an update where it belongs in its batch.
    fn sort(&self, incoming: &Incoming, json: &str, read: &mut Read) {
        let Incoming { update_id, kind, message } = incoming;
        let received = received(self.me, incoming, json);
        // an edit stops nothing: what was meant by it came before it
        let text = message.text.as_deref().filter(|_| *kind == MESSAGE);
        let request = text.map(|text| Request::of(text, &self.me.username));
        read.presses.extend(told_at_once(message));
        if message.stopped_draft.is_some() || request == Some(Request::Command(Command::Stop)) {
            let stop = Stopping { update_id: *update_id, draft_id: message.stopped_draft };
            read.batch.changes.push(Change::Stop(stop));
        }
        if let (&EDITED_MESSAGE, Some(message_id)) = (kind, message.message_id) {
            let payload = received.payload.clone();
            read.batch.changes.push(Change::Edit(Edit { update_id: *update_id, message_id, payload }));
        }
        read.batch.received.push(received);
    }

    /// Commits a batch, however long the database is away, and wakes its lanes. False: the end was asked for.
    fn take_in(&self, read: &Read) -> bool {
        let Batch { received, moved, .. } = &read.batch;
        if received.is_empty() && moved.is_empty() {
            return true;
        }
        metrics::batch_came();
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        let mut refused = false;
        while !self.stop.is_requested() {
            match self.store.run(|conn| inbox::take_in(conn, &read.batch)) {
                Ok(changed) => {
                    metrics::batch_stored();
                    failpoints::pass_each("received", received.iter().map(|update| &*update.payload));
                    if changed.moved > 0 {
                        info!(rows = changed.moved, "a group became a supergroup; its rows have moved");
                    }
                    for (press, text) in &read.presses {
                        self.telegram.acknowledge(press, *text);
                    }
                    // all lanes, also of what was known already: a commit whose acknowledgement was lost is repeated,
                    // and finds everything stored. A lane woken in vain costs one look
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
                // an outage too: what is not stored is not confirmed
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
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
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

    /// What is being answered and is not wanted like that any more: it was stopped, or its text is another one now.
    /// (Telegram announces changes that are none of the text, too.)
    fn interrupted(&self, changed: Changed) -> impl Iterator<Item = (Lane, RangeInclusive<i64>)> {
        let text = |payload: &str| Incoming::decode(payload, self.me).ok().and_then(|read| read.message.text);
        let another =
            move |edited: &Edited| self.edits_interrupt && text(&edited.before) != text(&edited.now);
        let edited =
            changed.edited.into_iter().filter(another).map(|edited| (edited.lane, edited.seq..=edited.seq));
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

/// What Telegram has delivered since the start, as far as it may be asked about.
#[derive(Default)]
struct Delivered {
    /// The offset of the last getUpdates: Telegram has forgotten what is below it, if the call arrived.
    asked: Option<i64>,
    /// The offset of the last one that was answered.
    confirmed: Option<i64>,
    /// Updates that were stored, the newest last, each with its time.
    stored: VecDeque<(Instant, i64)>,
}

impl Delivered {
    fn note(&mut self, received: &[Received]) {
        let now = Instant::now();
        self.stored.extend(received.iter().map(|received| (now, received.update_id)));
        let surplus = self.stored.len().saturating_sub(MOST_REMEMBERED);
        self.stored.drain(..surplus);
    }

    /// Those that the inbox should know still and Telegram does not deliver again (or not for sure: the last batch).
    fn lately(&self) -> Vec<i64> {
        let young = self.stored.iter().filter(|(at, _)| at.elapsed() < REMEMBERED);
        let forgotten = |id: &i64| self.asked.is_some_and(|offset| *id < offset);
        let mut ids: Vec<i64> = young.map(|(_, id)| *id).filter(forgotten).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// A press is acknowledged when it is stored, however long its lane is busy. Whoever may not press the button reads so.
fn told_at_once(message: &Message) -> Option<(Press, Option<&'static str>)> {
    let press = message.press.clone()?;
    let foreign = Button::of(&press.data).is_some_and(|button| !button.is_for(message.user_id));
    Some((press, foreign.then(|| message.language.foreign_button())))
}

fn received(me: &Me, incoming: &Incoming, json: &str) -> Received {
    let large = json.len() > LARGE;
    if large {
        warn!(
            update_id = incoming.update_id,
            bytes = json.len(),
            "stored a huge update with the needed fields only"
        );
    }
    Received {
        bot_id: me.id,
        update_id: incoming.update_id,
        chat_id: incoming.message.chat_id,
        user_id: incoming.message.user_id,
        kind: incoming.kind,
        message_id: incoming.message.message_id,
        payload: if large { incoming.essence(me) } else { json.to_owned() },
    }
}

/// The lane in which an update waits after these moves.
fn moved_lane(lane: Lane, moved: &[Moved]) -> Lane {
    moved.iter().fold(lane, |lane, moved| moved.apply(lane))
}
