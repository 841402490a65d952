//! What is known about the running program that no counter says: whether it is ready, and how much waits in the database.
//!
//! Fed by boot. The database is asked at most once at a time and every few seconds, beside everything else: while it does
//! not answer, its figures are absent, and nobody waits longer than [`PATIENCE`].

use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};

use super::lanes::Lanes;
use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::domain::phrases::unready::Unready;
use crate::metrics;
use crate::store::Store;
use crate::store::diagnostics::MessageIds;
use crate::store::queue::{self, Queue};

/// How long what the database said is believed.
const FRESH: Duration = Duration::from_secs(3);
/// How long an answer of the database is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the database itself may work on it, in milliseconds.
const STATEMENT_TIMEOUT: u32 = 1500;

/// How long it may take to store what Telegram gave. Nothing is asked for meanwhile, and that is not Telegram's fault.
const LONGEST_STORING: Duration = Duration::from_secs(5);

/// How long an instance on standby may not know who leads: a failover of the database passes by.
const LONGEST_BLIND: Duration = Duration::from_secs(30);

/// The running program, seen from outside.
pub struct View {
    role: Lock<Role>,
    /// Requested when the program is to end.
    stop: CancelToken,
    /// The longest that a poll may take: one that succeeded longer ago than this was not followed by another.
    longest_poll: Duration,
    database: Mutex<Database>,
    lanes: Arc<Lanes>,
}

/// What this instance does, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// It starts, or begins to lead.
    Starting,
    /// It waits until another instance leads no longer.
    Standby,
    /// It works.
    Leader,
}

/// What this instance does.
#[derive(Clone, Default)]
enum Role {
    /// It starts, or begins to lead.
    #[default]
    Starting,
    /// It waits until another instance leads no longer. The database has last told so at this time.
    Standby(Instant),
    /// It works, on this database for this bot.
    Leader(Arc<Store>, i64),
}

#[derive(Default)]
struct Database {
    asked: Option<JoinHandle<Option<(Queue, MessageIds)>>>,
    said: Option<(Instant, Option<(Queue, MessageIds)>)>,
}

impl View {
    /// Of a program that starts, and ends when `stop` is requested.
    pub fn new(longest_poll: Duration, stop: CancelToken) -> Self {
        metrics::role(false, false);
        let (role, database, lanes) = (Lock::default(), Mutex::default(), Arc::default());
        Self { role, stop, longest_poll, database, lanes }
    }

    /// The lanes that are with a worker.
    pub fn lanes(&self) -> &Arc<Lanes> {
        &self.lanes
    }

    /// What this instance does.
    pub fn part(&self) -> Part {
        match self.role() {
            Role::Starting => Part::Starting,
            Role::Standby(_) => Part::Standby,
            Role::Leader(..) => Part::Leader,
        }
    }

    /// This instance is the leader from now on, and has yet to begin its work.
    pub fn begins_to_lead(&self) {
        metrics::role(false, false);
        self.plays(Role::Starting);
    }

    /// This instance leads and works.
    pub fn leads(&self, store: &Arc<Store>, bot_id: i64) {
        metrics::role(true, false);
        self.plays(Role::Leader(Arc::clone(store), bot_id));
    }

    /// Another instance leads, the database has just told.
    pub fn on_standby(&self) {
        metrics::role(false, true);
        metrics::lanes(0, 0, 0);
        self.lanes.clear();
        self.plays(Role::Standby(Instant::now()));
    }

    fn plays(&self, role: Role) {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner) = role;
    }

    fn role(&self) -> Role {
        self.role.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether messages are received, can be stored and are answered, or are by another instance; if not, why.
    pub async fn ready(&self) -> Result<&'static str, Unready> {
        if self.stop.is_requested() {
            return Err(Unready::Ending);
        }
        match self.role() {
            Role::Starting => return Err(Unready::Starting),
            // It could not take over, either.
            Role::Standby(told) if told.elapsed() > failpoints::wait("look", LONGEST_BLIND) => {
                return Err(Unready::NoDatabase);
            }
            Role::Standby(_) => return Ok("standby"),
            Role::Leader(..) => {}
        }
        let Some((queue, _)) = self.queue().await else {
            return Err(Unready::NoDatabase);
        };
        if let Some(stall) = queue.stall() {
            return Err(stall);
        }
        if let Some(waits) = metrics::batch_waits().filter(|waits| *waits > LONGEST_STORING) {
            return Err(Unready::NotStored(waits.as_secs()));
        }
        match metrics::since_polled() {
            None => Err(Unready::NeverPolled),
            Some(since) if since > self.longest_poll => Err(Unready::NotPolled(since.as_secs())),
            Some(_) => Ok("ready"),
        }
    }

    /// What waits in the database. `None`: it is not known, for the database does not answer.
    pub async fn queue(&self) -> Option<(Queue, MessageIds)> {
        let Role::Leader(store, bot_id) = self.role() else { return None };
        let mut database = self.database.lock().await;
        if let Some((at, said)) = database.said
            && at.elapsed() < FRESH
        {
            return said;
        }
        // An answer that nobody waited for any more is an old one.
        if database.asked.as_ref().is_some_and(JoinHandle::is_finished) {
            database.asked = None;
        }
        let asked = database.asked.get_or_insert_with(|| {
            spawn_blocking(move || {
                let look = |conn: &mut _| queue::look(conn, bot_id, STATEMENT_TIMEOUT);
                store.run_within(PATIENCE, look).ok()
            })
        });
        let said = tokio::time::timeout(PATIENCE, asked).await;
        if said.is_ok() {
            database.asked = None;
        }
        let said = said.ok().and_then(Result::ok).flatten();
        database.said = Some((Instant::now(), said));
        said
    }
}
