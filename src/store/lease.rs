//! Who leads. Of all instances with one token on one database only the holder of the lease polls Telegram, answers and
//! sends; the others are on standby.
//!
//! The lease is a row of the table `leases`. Its holder renews it all the time; once it was not renewed for `TERM`, by the
//! clock of whoever waits (`super::claim`), or was given back, whoever asks first takes it, and counts its epoch up. A holder that
//! is alive and cannot reach the database leads on as long as nobody else does. A former holder may not know yet that it is one: it
//! was frozen, or cut off. Two things keep it from doing harm:
//!
//! - **It writes nothing.** Each of its sessions knows its epoch. The statements of a message's way name their bot by `led`, or are in
//!   one transaction with one that does, or with `check`: an error where there is another epoch, a later one, or an earlier one on a
//!   server that was behind when it was promoted, where the lease has to be taken anew. It costs an answer no statement, and one look
//!   at an index of one row. What is free all the same, `tests/architecture/led.rs` names.
//! - **It sends nothing.** By a clock of its own machine that goes on while the process is stopped or the machine asleep, the
//!   lease is valid for a little less than `TERM` from the moment before it was last renewed ([`Lease::is_valid`]). Whoever
//!   calls Telegram or a model looks at it right before ([`crate::base::cancel::Gate`]). What is under way at that very moment is
//!   the window that every send has.
//!
//! Nobody has to wait for the lease of a process that has died on the same machine. A holder keeps an abstract socket, a name
//! in its network namespace that goes with the process whatever ends it. Where the lease names the namespace and that name is
//! free, its holder is dead.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, never, select};
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Interval};
use rustix::time::{ClockId, clock_gettime};
use tracing::{info, warn};

use super::claim::{self, Row, Watch};
use super::connector::Terms;
use super::pool::Store;
use super::time::interval;
use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::base::secret::Secret;

/// How long a lease lasts that is not renewed.
const TERM: Duration = Duration::from_secs(10);
/// It is renewed so often within a term.
const RENEWALS: u32 = 5;
/// The holder counts so much of a term less than everybody else: clocks do not run alike.
const MARGIN: u32 = 10;
/// How often an instance on standby looks at it.
const LOOK: Duration = Duration::from_millis(500);
/// How long the end of the program waits for the database to take the lease back.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a former holder says when it finds out.
const TAKEN: &str = "another instance leads now; this one ends its work and goes on standby";
/// What the database is made to say, in any language, to a former holder.
const LOST: &str = "systech-aidd: another instance leads now";

fn term() -> Duration {
    failpoints::wait("lease", TERM)
}

/// A lease that is or was ours.
pub struct Lease {
    bot_id: i64,
    epoch: i64,
    /// By [`now`].
    valid_until: AtomicU64,
    /// The name that nobody else in this network namespace has as long as we live.
    _seat: Option<UnixDatagram>,
}

impl Lease {
    /// Whether nobody else can lead at this moment.
    pub fn is_valid(&self) -> bool {
        now() < self.valid_until.load(Ordering::Relaxed)
    }

    /// A pool of at most `size` connections for the work of the holder, to the server of the store by which it has the lease.
    pub fn store(self: &Arc<Self>, beside: &Store, url: &Secret, size: u32) -> Store {
        let lease = Arc::clone(self);
        let terms = Terms {
            prepare: format!("SET {EPOCH} TO '{}'", self.epoch),
            over: LOST,
            hold: Box::new(move || lease.is_valid()),
        };
        beside.on(terms, url, size)
    }

    fn renewed(&self, asked_at: u64) {
        let valid = term() / MARGIN * (MARGIN - 1);
        self.valid_until.store(asked_at + millis(valid), Ordering::Relaxed);
    }
}

/// Milliseconds by a clock that nothing stops.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    millis(Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default()))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What came of asking for the lease.
enum Claim {
    Taken(Lease),
    /// By whom it is held.
    Held(String),
}

/// Takes the lease if it is free. With `holds_back` it only looks.
fn claim(conn: &mut PgConnection, bot_id: i64, watch: &mut Watch, holds_back: bool) -> QueryResult<Claim> {
    let row = claim::look(conn, bot_id)?;
    // Counted from when the row is known: it was renewed before.
    let free = row.as_ref().is_none_or(|row| watch.finds_free(row, now(), millis(term())));
    let holder = |row: Option<Row>| Claim::Held(row.map_or(String::new(), |row| row.holder));
    if holds_back {
        return Ok(holder(row.filter(|_| !free)));
    }
    let seat = sit_down(bot_id);
    let place = seat.as_ref().map(|(place, _)| &**place);
    let is_dead = place.is_some() && row.as_ref().is_some_and(|row| row.place.as_deref() == place);
    if !free && !is_dead {
        return Ok(holder(row));
    }
    let asked_at = now();
    let us = (bot_id, &*name(), place);
    let Some(epoch) = watch.take(conn, us, row.as_ref().filter(|_| free), term())? else {
        // Somebody was faster.
        return claim::look(conn, bot_id).map(holder);
    };
    let seat = seat.map(|(_, seat)| seat);
    let lease = Lease { bot_id, epoch, valid_until: AtomicU64::new(0), _seat: seat };
    lease.renewed(asked_at);
    Ok(Claim::Taken(lease))
}

/// Another bot that leads on this database, if there is one.
pub fn of_another_bot(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Other {
        #[diesel(sql_type = BigInt)]
        bot_id: i64,
    }
    let other: Option<Other> = diesel::sql_query(
        "SELECT bot_id FROM leases WHERE bot_id <> $1 AND until >= clock_timestamp() ORDER BY bot_id LIMIT 1",
    )
    .bind::<BigInt, _>(bot_id)
    .get_result(conn)
    .optional()?;
    Ok(other.map(|other| other.bot_id))
}

/// Renews the lease, also one whose time is over, if nobody has taken it. False: somebody has.
fn renew(conn: &mut PgConnection, lease: &Lease) -> QueryResult<bool> {
    let renewed = diesel::sql_query(
        "UPDATE leases SET until = clock_timestamp() + $3 WHERE bot_id = $1 AND epoch = $2",
    )
    .bind::<BigInt, _>(lease.bot_id)
    .bind::<BigInt, _>(lease.epoch)
    .bind::<Interval, _>(interval(term()))
    .execute(conn)?;
    Ok(renewed > 0)
}

/// Gives the lease back: a time that no renewal writes says that nobody need wait. False: somebody has taken it.
fn give_back(conn: &mut PgConnection, lease: &Lease) -> QueryResult<bool> {
    let given = diesel::sql_query("UPDATE leases SET until = 'epoch' WHERE bot_id = $1 AND epoch = $2")
        .bind::<BigInt, _>(lease.bot_id)
        .bind::<BigInt, _>(lease.epoch)
        .execute(conn)?;
    Ok(given > 0)
}

/// Who we are, for people to read.
fn name() -> String {
    let machine = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}, process {}", machine.trim(), std::process::id())
}

/// Takes the name that only one process in this network namespace can have, and tells which namespace that is.
fn sit_down(bot_id: i64) -> Option<(String, UnixDatagram)> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/net").ok()?;
    let address = SocketAddr::from_abstract_name(format!("systech-aidd/lease/{bot_id}")).ok()?;
    let seat = UnixDatagram::bind_addr(&address).ok()?;
    Some((format!("{} {}", boot.trim(), namespace.display()), seat))
}

/// Waits for the lease. `on_standby` hears each time that it was looked at and is not ours. With `give_way` another instance gets the
/// time of a term to come first. `None`: the end was asked for.
pub fn wait(
    store: &Store,
    bot_id: i64,
    give_way: bool,
    http: &Http,
    stop: &CancelToken,
    on_standby: impl Fn(),
) -> Option<Lease> {
    let mut watch = Watch::default();
    let mut held_by = None;
    let mut failing = false;
    let mut gives_way_until = give_way.then(|| now() + millis(term()));
    while !stop.is_requested() {
        let holds_back = gives_way_until.is_some_and(|until| now() < until);
        match store.run(|conn| claim(conn, bot_id, &mut watch, holds_back)) {
            Ok(Claim::Taken(lease)) => return Some(lease),
            Ok(Claim::Held(holder)) => {
                failing = false;
                if !holder.is_empty() {
                    // Whoever was to come first has come.
                    gives_way_until = None;
                }
                on_standby();
                if held_by.as_ref() != Some(&holder) {
                    if holder.is_empty() {
                        info!("on standby: nobody leads, and another instance may come first");
                    } else {
                        info!(
                            leader = holder,
                            "on standby: another instance leads, and this one takes over when it ends"
                        );
                    }
                    held_by = Some(holder);
                }
            }
            // One line for an outage: the store beside tells nothing.
            Err(problem) if !std::mem::replace(&mut failing, true) => {
                warn!("it is not known who leads: {problem}; the bot asks again");
            }
            Err(_) => {}
        }
        http.sleep(LOOK.min(term() / RENEWALS), stop);
    }
    None
}

/// How work under a lease ends.
pub struct Ends {
    /// Asks the holder's threads to end.
    pub stop: CancelToken,
    /// Tells the dispatcher that the work is over, and how long running answers may go on.
    pub over: Sender<Duration>,
    /// How long that is where another instance does not lead yet.
    pub grace: Duration,
}

/// Renews the lease until `done` is closed, and gives it back then. The work ends when `shutdown` asks for it, and when
/// another instance has the lease: then at once.
pub fn keep(store: &Store, lease: &Lease, shutdown: &Receiver<()>, done: &Receiver<()>, ends: &Ends) {
    let end = |grace| {
        ends.stop.request();
        let _ = ends.over.try_send(grace);
    };
    let mut shutdown = shutdown.clone();
    loop {
        let asked_at = now();
        match store.run(|conn| renew(conn, lease)) {
            Ok(true) => lease.renewed(asked_at),
            Ok(false) => {
                lease.valid_until.store(0, Ordering::Relaxed);
                warn!("{TAKEN}");
                return end(Duration::ZERO);
            }
            // As long as nobody can say so, nobody else leads.
            Err(_) => {}
        }
        select! {
            recv(done) -> _ => break,
            recv(shutdown) -> _ => {
                end(ends.grace);
                shutdown = never();
            }
            default(term() / RENEWALS) => {}
        }
    }
    lease.valid_until.store(0, Ordering::Relaxed);
    match store.run_within(LAST_WORDS, |conn| give_back(conn, lease)) {
        Ok(true) => {}
        // The poller has found out first, and ended the work.
        Ok(false) => warn!("{TAKEN}"),
        Err(problem) => info!("the lease is not given back, and ends by itself: {problem}"),
    }
}

/// [`led`].
pub(super) type Led = UncheckedBind<
    SqlLiteral<BigInt, UncheckedBind<SqlLiteral<BigInt>, AsExprOf<i64, BigInt>>>,
    AsExprOf<i64, BigInt>,
>;

/// The id of the bot, in a statement that must not be carried out once another instance leads: it is an error then. Sessions
/// without an epoch, those of commands, are free to write.
pub(super) fn led(bot_id: i64) -> SqlLiteral<BigInt, Led> {
    sql::<BigInt>("(CASE WHEN EXISTS (SELECT FROM leases WHERE leases.bot_id = ")
        .bind::<BigInt, _>(bot_id)
        .sql(&format!(
            " AND leases.epoch <> nullif(current_setting('{EPOCH}', true), '')::bigint) THEN '{LOST}' ELSE "
        ))
        .bind::<BigInt, _>(bot_id)
        .sql("::text END)::bigint")
}

/// An error where another instance leads: for what is written by several statements, none of which names the bot by [`led`].
pub(super) fn check(conn: &mut PgConnection, bot_id: i64) -> QueryResult<()> {
    diesel::select(led(bot_id)).get_result::<i64>(conn).map(drop)
}

/// The setting of a session by which `led` knows its epoch.
const EPOCH: &str = "systech_aidd.epoch";
