//! The store and the reference, side by side: each step is done to both.

mod finish;
mod poll;
mod send;

use std::collections::HashMap;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use sandbox::wait_until;
use systech_aidd::domain::address::Address;
use systech_aidd::domain::lane::Lane;
use systech_aidd::store::ledger::Calls;
use systech_aidd::store::{erase, history, inbox};

use super::reference::{Place, Reference};
use super::steps::{Again, BOT, Fate, HOUR, Outcome, PLACES, Step};
use poll::Past;

/// The store, and beside it what it should hold.
pub(super) struct Play<'a> {
    conn: PgConnection,
    connect: &'a dyn Fn() -> PgConnection,
    known: Known,
}

/// The reference, and what is nowhere stored.
#[derive(Clone, Default)]
struct Known {
    reference: Reference,
    /// The update that the worker of each lane has in memory.
    in_work: HashMap<usize, Address>,
    /// How often Telegram took each part, and how often of these nobody learnt of it.
    taken: HashMap<String, usize>,
    unrecorded: HashMap<String, usize>,
    /// Every update that Telegram ever had.
    past: Vec<Past>,
    message_id: i64,
}

impl<'a> Play<'a> {
    /// On empty tables.
    pub(super) fn new(conn: PgConnection, connect: &'a dyn Fn() -> PgConnection) -> Self {
        Self { conn, connect, known: Known::default() }
    }

    /// The process dies before it can commit the step, and everything is as it was.
    pub(super) fn crash_in(&mut self, step: &Step) {
        let before = self.known.clone();
        let conn = std::mem::replace(&mut self.conn, (self.connect)());
        AnsiTransactionManager::begin_transaction(&mut self.conn).unwrap();
        self.step(step);
        self.conn = conn;
        // The server takes a moment to notice; until then it keeps the rows locked.
        let others =
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                      AND backend_type = 'client backend'";
        let gone = || (diesel::sql_query(others).execute(&mut self.conn).unwrap() == 0).then_some(());
        wait_until("the crashed one to be gone", gone);
        self.known = Known { in_work: HashMap::new(), ..before };
        self.compare();
    }

    pub(super) fn step(&mut self, step: &Step) {
        match *step {
            Step::Poll(ref arrivals, moves) => self.poll(arrivals, moves),
            Step::Take(place) => drop(self.take(place)),
            Step::Finish(place, outcome, again, twice) => self.finish(place, outcome, again, twice),
            Step::PutOff(place) => self.put_off(place),
            Step::Attempt(place) => self.attempt(place),
            Step::Send(place, fate) => self.send(place, fate),
            Step::SendAll(place) => {
                while self.known.reference.unsent(PLACES[place]).next().is_some_and(|part| !part.put_off) {
                    self.send(place, Fate::Recorded);
                }
            }
            Step::Clear(place) => {
                history::clear(&mut self.conn, lane(PLACES[place])).unwrap();
                self.known.reference.clear(PLACES[place]);
            }
            Step::Restore(place) => {
                history::restore(&mut self.conn, lane(PLACES[place]), None).unwrap();
                self.known.reference.restore(PLACES[place]);
            }
            Step::Erase(user) => {
                erase::person(&mut self.conn, user, None).unwrap();
                self.known.reference.erase(user, None);
            }
            Step::TimePasses => {
                let passed =
                    "SET not_before = clock_timestamp() - interval '1 s' WHERE not_before IS NOT NULL";
                self.sql(&format!("UPDATE updates {passed}"));
                self.sql(&format!("UPDATE reply_parts {passed}"));
                self.known.reference.time_passes();
            }
            Step::DaysPass => {
                self.sql("UPDATE updates SET done_at = done_at - interval '49 h'");
                self.known.reference.days_pass();
            }
            Step::Sweep => {
                inbox::sweep(&mut self.conn, 1000).unwrap();
                self.known.reference.sweep();
            }
            Step::Die => self.known.in_work.clear(),
        }
    }

    fn sql(&mut self, sql: &str) {
        diesel::sql_query(sql).execute(&mut self.conn).unwrap();
    }

    /// A worker looks what its lane has to do. Nothing to answer while there is something to send.
    fn take(&mut self, place: usize) -> Option<Address> {
        if let Some(address) = self.known.in_work.get(&place) {
            return Some(*address);
        }
        let waiting = inbox::oldest(&mut self.conn, lane(PLACES[place])).unwrap();
        if self.known.reference.unsent(PLACES[place]).next().is_some() {
            assert!(
                waiting.is_none_or(|waiting| waiting.behind_unsent),
                "whether there is something to send first"
            );
            return None;
        }
        let expected = self.known.reference.oldest(PLACES[place]);
        let (Some(waiting), Some(expected)) = (&waiting, &expected) else {
            assert!(waiting.is_none() && expected.is_none(), "whether there is something to answer");
            return None;
        };
        assert_eq!((waiting.seq, &waiting.payload), (expected.seq, &expected.question));
        assert!(!waiting.behind_unsent, "whether there is something to send first");
        assert_eq!((waiting.attempts, waiting.retries), (expected.attempts, expected.retries));
        assert_eq!((waiting.wait.is_some(), waiting.stopped), (expected.put_off, expected.stopped));
        if expected.put_off && !expected.stopped {
            return None;
        }
        let address = waiting.address(lane(PLACES[place]));
        self.known.in_work.insert(place, address);
        Some(address)
    }

    fn put_off(&mut self, place: usize) {
        let Some(address) = self.take(place) else { return };
        self.known.in_work.remove(&place);
        let update = self.known.reference.update(address.update_seq);
        let retries = update.as_ref().map_or(1, |update| update.retries + 1);
        if let Some(update) = update {
            (update.retries, update.put_off) = (retries, true);
        }
        inbox::put_off(&mut self.conn, Calls { address, calls: &[] }, retries, HOUR).unwrap();
    }

    fn attempt(&mut self, place: usize) {
        let Some(address) = self.take(place) else { return };
        self.known.in_work.remove(&place);
        let update = self.known.reference.update(address.update_seq);
        let attempts = update.as_ref().map_or(1, |update| update.attempts + 1);
        if let Some(update) = update {
            update.attempts = attempts;
        }
        // The repetition of a commit whose acknowledgement was lost counts once.
        for _ in 0..2 {
            inbox::set_attempts(&mut self.conn, address.key(), attempts).unwrap();
        }
    }

    /// The tables and the reference agree.
    pub(super) fn compare(&mut self) {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            row: String,
        }
        let rows: Vec<Row> = diesel::sql_query(ROWS).load(&mut self.conn).unwrap();
        let rows: Vec<String> = rows.into_iter().map(|row| row.row).collect();
        assert_eq!(rows, self.known.reference.rows());
        for place in PLACES {
            let recent = history::recent(&mut self.conn, lane(place), 1000, None).unwrap();
            let recent: Vec<_> = recent.into_iter().map(|said| (said.role, said.content)).collect();
            assert_eq!(recent, self.known.reference.recent(place), "what the model reads");
        }
    }

    /// Everything goes well from now on: whatever waits is answered and sent.
    pub(super) fn end(&mut self) {
        self.step(&Step::Die);
        self.step(&Step::Poll(Vec::new(), true));
        self.step(&Step::TimePasses);
        while !inbox::waiting_lanes(&mut self.conn, BOT).unwrap().is_empty() {
            for place in 0..PLACES.len() {
                self.step(&Step::Send(place, Fate::Recorded));
                self.step(&Step::Finish(place, Outcome::Answered(1, 0), Again::No, false));
                self.compare();
            }
        }
        for update in &self.known.reference.updates {
            assert!(!update.waits(), "{} has no end", update.question);
        }
        self.compare();
        // An end more is a turn more, or a part that Telegram took once more than its window explains.
        let twice = "SELECT update_seq FROM turns GROUP BY update_seq HAVING count(*) > 1";
        assert_eq!(diesel::sql_query(twice).execute(&mut self.conn).unwrap(), 0, "turns of one update");
        for part in self.known.reference.sent_parts() {
            let repeated = self.known.unrecorded.get(part).copied().unwrap_or_default();
            assert_eq!(self.known.taken[part], 1 + repeated, "how often part {part} was sent");
        }
    }
}

/// What the reference says of its own rows.
const ROWS: &str = "
    SELECT row FROM (
        SELECT 1 AS kind, seq AS place, format('update %s %s %s %s %s [%s] %s %s %s%s%s', seq, update_id, chat_id, user_id,
            coalesce(thread_id, 0), payload, attempts, retries, coalesce(not_before > clock_timestamp(), false), stopped_at IS NOT NULL,
            done_at IS NOT NULL) AS row
        FROM updates
        UNION ALL
        SELECT 2, t.id, format('turn %s %s %s %s [%s] [%s] %s [%s] %s', update_seq, t.chat_id, t.user_id,
            coalesce(t.thread_id, 0), q.content, a.content, state, array_to_string(message_ids, ', '), superseded_by IS NOT NULL)
        FROM turns t JOIN messages q ON q.id = question_id LEFT JOIN messages a ON a.id = answer_id
        UNION ALL
        SELECT 3, id, format('message %s %s %s %s [%s] %s', chat_id, user_id, coalesce(thread_id, 0), role, content,
            CASE WHEN deleted_at IS NULL THEN 0 ELSE dense_rank() OVER (ORDER BY deleted_at) END)
        FROM messages
        UNION ALL
        SELECT 4, id, format('part %s %s %s %s to %s %s %s %s %s %s %s%s', update_seq, chat_id, user_id,
            coalesce(lane_thread_id, 0), coalesce(thread_id, 0), position, op, state,
            coalesce(message_id, 0), attempts, payload IS NOT NULL, coalesce(not_before > clock_timestamp(), false))
        FROM reply_parts
    ) rows ORDER BY kind, place";

fn lane(place: Place) -> Lane {
    Lane { bot_id: BOT, chat_id: place.chat, user_id: place.user, thread_id: place.thread }
}
