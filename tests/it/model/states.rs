//! Whatever happens to messages, in whatever order and with crashes between: after each step the tables hold what the
//! reference model says (`reference.rs`), and in the end every message has exactly one end.
//!
//! The store's own functions on a real PostgreSQL, without the program around them. A crash before the commit is a
//! connection that goes away in mid-transaction, whatever the step; one after it is a worker that never learns what it did.
//! Deterministic: `PROPTEST_RNG_SEED` chooses another seed, which is printed, and `PROPTEST_CASES` how many sequences; a
//! failure prints its shortest one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngSeed, TestRunner};
use sandbox::env::Operator;
use sandbox::wait_until;
use systech_aidd::domain::address::Address;
use systech_aidd::domain::lane::{Lane, Moved};
use systech_aidd::domain::reply::{Content, Op, Part};
use systech_aidd::domain::update::{EDITED_MESSAGE, Key, MESSAGE, draft_id};
use systech_aidd::domain::usage::Usage;
use systech_aidd::store::finish::{self, Ending, Finished, Turn};
use systech_aidd::store::inbox;
use systech_aidd::store::outbox::{self, Unsent};
use systech_aidd::store::replace::{Instead, replace};
use systech_aidd::store::schema::updates;
use systech_aidd::store::take_in::{self, Batch, Change, Edit, Received, Stopping};
use systech_aidd::store::turns::{self, Last};
use systech_aidd::store::{erase, history};

use super::reference::{End, Place, Reference};

const BOT: i64 = 7;
const GROUP: i64 = -5;
const SUPERGROUP: i64 = -1_000_000_000_005;
/// The lanes: two people in private, and both in a group, by its old name and its new one.
const PLACES: [Place; 6] = [
    Place { chat: 1, user: 1 },
    Place { chat: 2, user: 2 },
    Place { chat: GROUP, user: 1 },
    Place { chat: GROUP, user: 2 },
    Place { chat: SUPERGROUP, user: 1 },
    Place { chat: SUPERGROUP, user: 2 },
];
/// Longer than a test lasts.
const HOUR: Duration = Duration::from_secs(3600);

/// One thing that happens. Where it is not possible, nothing does.
#[derive(Clone, Debug)]
enum Step {
    /// Poll takes in a batch, and perhaps with it that the group has become a supergroup.
    Poll(Vec<Arrival>, bool),
    /// A worker takes the oldest update of a lane, and keeps it in memory.
    Take(usize),
    /// It comes to an end with what it has in memory; perhaps as the repetition of the lane's last question, perhaps as one
    /// question with the update behind it. Perhaps somebody else does the same work once more.
    Finish(usize, Outcome, Again, bool),
    PutOff(usize),
    Attempt(usize),
    Send(usize, Fate),
    /// All goes well until nothing is to be sent.
    SendAll(usize),
    Clear(usize),
    Restore(usize),
    Erase(i64),
    TimePasses,
    DaysPass,
    Sweep,
    /// The program dies: what workers had in memory is gone.
    Die,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// So many parts, each with so many simpler ones.
    Answered(usize, usize),
    /// The same, stopped by its person.
    Stopped(usize, usize),
    Failed,
    Refused,
    /// Nothing is to be said.
    Silence,
    /// /clear and /forget, as a part of the same transaction.
    Clear,
    Forget,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Again {
    No,
    /// The last question of the lane is answered again, where there is one.
    Last,
    /// No, but the next update of the lane belongs to the question.
    Joined,
}

/// What comes from Telegram.
#[derive(Clone, Debug)]
enum Arrival {
    Message(usize),
    /// An update of the past once more.
    Again(Index),
    /// A person says stop, or presses the button of the answer that is being written.
    Stop(usize, bool),
    /// A person changes one of the last messages.
    Edit(Index),
}

/// What becomes of the call that sends a part.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Recorded,
    /// Telegram takes the part, and nobody learns of it.
    Taken,
    /// The process dies before the call.
    Never,
    Refused,
    /// The message that it was to change is not there.
    NotThere,
    Forbidden,
    Paused,
}

fn step() -> impl Strategy<Value = Step> {
    // most of it in one lane: what needs a long past is met there
    let place = prop_oneof![3 => Just(0), 2 => 0..PLACES.len()];
    let outcome = prop_oneof![
        6 => (1..4usize, 0..3usize).prop_map(|(parts, simpler)| Outcome::Answered(parts, simpler)),
        2 => (0..3usize, 0..3usize).prop_map(|(parts, simpler)| Outcome::Stopped(parts, simpler)),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Refused),
        1 => Just(Outcome::Silence),
        1 => Just(Outcome::Clear),
        1 => Just(Outcome::Forget),
    ];
    let again = prop_oneof![3 => Just(Again::No), 3 => Just(Again::Last), 1 => Just(Again::Joined)];
    let arrival = prop_oneof![
        10 => place.clone().prop_map(Arrival::Message),
        3 => any::<Index>().prop_map(Arrival::Again),
        1 => (place.clone(), any::<bool>()).prop_map(|(place, button)| Arrival::Stop(place, button)),
        3 => any::<Index>().prop_map(Arrival::Edit),
    ];
    let batch = (prop::collection::vec(arrival, 1..=3), prop::bool::weighted(0.05));
    let fate = prop_oneof![
        6 => Just(Fate::Recorded),
        2 => Just(Fate::Taken),
        1 => Just(Fate::Never),
        2 => Just(Fate::Refused),
        3 => Just(Fate::NotThere),
        1 => Just(Fate::Forbidden),
        1 => Just(Fate::Paused),
    ];
    prop_oneof![
        10 => batch.prop_map(|(batch, moves)| Step::Poll(batch, moves)),
        4 => place.clone().prop_map(Step::Take),
        12 => (place.clone(), outcome, again, prop::bool::weighted(0.1))
            .prop_map(|(place, outcome, again, twice)| Step::Finish(place, outcome, again, twice)),
        1 => place.clone().prop_map(Step::PutOff),
        1 => place.clone().prop_map(Step::Attempt),
        12 => (place.clone(), fate).prop_map(|(place, fate)| Step::Send(place, fate)),
        6 => place.clone().prop_map(Step::SendAll),
        1 => place.clone().prop_map(Step::Clear),
        2 => place.prop_map(Step::Restore),
        1 => (1..3i64).prop_map(Step::Erase),
        1 => Just(Step::TimePasses),
        1 => Just(Step::DaysPass),
        1 => Just(Step::Sweep),
        1 => Just(Step::Die),
    ]
}

/// An update as Telegram has it.
#[derive(Clone)]
struct Past {
    id: i64,
    place: usize,
    what: What,
    text: String,
}

#[derive(Clone, Copy)]
enum What {
    Message,
    /// /stop, or the button of the answer with this draft.
    Stop(Option<i64>),
    /// The message has another text now.
    Edit(i64),
}

impl What {
    /// The kind of the update `id`, and the message that it is about.
    fn of(self, id: i64) -> (&'static str, Option<i64>) {
        match self {
            Self::Message | Self::Stop(None) => (MESSAGE, Some(id)),
            Self::Stop(Some(_)) => ("stopped_message_generation", None),
            Self::Edit(edited) => (EDITED_MESSAGE, Some(edited)),
        }
    }
}

/// The store, and beside it what it should hold.
struct Play<'a> {
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

impl Play<'_> {
    /// The process dies before it can commit the step, and everything is as it was.
    fn crash_in(&mut self, step: &Step) {
        let before = self.known.clone();
        let conn = std::mem::replace(&mut self.conn, (self.connect)());
        AnsiTransactionManager::begin_transaction(&mut self.conn).unwrap();
        self.step(step);
        self.conn = conn;
        // the server takes a moment to notice; until then it keeps the rows locked
        let others =
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                      AND backend_type = 'client backend'";
        let gone = || (diesel::sql_query(others).execute(&mut self.conn).unwrap() == 0).then_some(());
        wait_until("the crashed one to be gone", gone);
        self.known = Known { in_work: HashMap::new(), ..before };
        self.compare();
    }

    fn step(&mut self, step: &Step) {
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

    /// Poll takes in what Telegram delivers: in the order of its ids, each one once.
    fn poll(&mut self, arrivals: &[Arrival], moves: bool) {
        let mut ids: Vec<i64> = arrivals.iter().filter_map(|arrival| self.arrive(arrival)).collect();
        ids.sort_unstable();
        ids.dedup();
        let arrived: Vec<Past> = ids.iter().map(|id| self.past(*id).clone()).collect();
        let mut batch = Batch::default();
        for Past { id, place, what, text } in &arrived {
            let (kind, message_id) = what.of(*id);
            batch.received.push(Received {
                bot_id: BOT,
                update_id: *id,
                chat_id: PLACES[*place].chat,
                user_id: PLACES[*place].user,
                kind,
                message_id,
                payload: text.clone(),
            });
            match *what {
                What::Message => {}
                What::Stop(draft_id) => {
                    batch.changes.push(Change::Stop(Stopping { update_id: *id, draft_id }));
                }
                What::Edit(message_id) => {
                    let edit = Edit { update_id: *id, message_id, payload: text.clone() };
                    batch.changes.push(Change::Edit(edit));
                }
            }
        }
        batch.moved.extend(moves.then_some(Moved { bot_id: BOT, from: GROUP, to: SUPERGROUP }));
        let mut newest = inbox::newest(&mut self.conn).unwrap();
        take_in::take_in(&mut self.conn, &batch).unwrap();
        let reference = &mut self.known.reference;
        for Past { id, place, what, text } in &arrived {
            if reference.is_new(*id) {
                let row = updates::table.filter(updates::update_id.eq(id)).select(updates::seq);
                let seq: i64 = row.first(&mut self.conn).unwrap();
                assert!(seq > newest, "update {id} is new");
                newest = seq;
                reference.ingest(seq, *id, PLACES[*place], what.of(*id).1, text);
            }
        }
        for Past { id, what, text, .. } in &arrived {
            match *what {
                What::Edit(message_id) => reference.edit(*id, message_id, text),
                What::Stop(None) => reference.stop(*id),
                What::Stop(Some(draft)) => reference.stop_shown(*id, |seq| i64::from(draft_id(seq)) == draft),
                What::Message => {}
            }
        }
        if moves {
            reference.move_chat(GROUP, SUPERGROUP);
        }
    }

    /// Telegram's number of the update, which is there from now on.
    fn arrive(&mut self, arrival: &Arrival) -> Option<i64> {
        let past = &self.known.past;
        let (place, what) = match *arrival {
            Arrival::Message(place) => (place, What::Message),
            Arrival::Again(index) => {
                return (!past.is_empty()).then(|| index.get(past).id);
            }
            Arrival::Stop(place, false) => (place, What::Stop(None)),
            Arrival::Stop(place, true) => {
                let oldest = self.known.reference.oldest(PLACES[place])?.seq;
                (place, What::Stop(Some(draft_id(oldest).into())))
            }
            Arrival::Edit(index) => {
                let last = &past[past.len().saturating_sub(4)..];
                let edited = (!last.is_empty()).then(|| index.get(last))?;
                (edited.place, What::Edit(edited.what.of(edited.id).1?))
            }
        };
        let id = 1000 + i64::try_from(self.known.past.len()).unwrap();
        self.known.past.push(Past { id, place, what, text: format!("q{id}") });
        Some(id)
    }

    fn past(&self, id: i64) -> &Past {
        self.known.past.iter().find(|past| past.id == id).unwrap()
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
        inbox::put_off(&mut self.conn, address.key(), retries, HOUR).unwrap();
    }

    fn attempt(&mut self, place: usize) {
        let Some(address) = self.take(place) else { return };
        self.known.in_work.remove(&place);
        let update = self.known.reference.update(address.update_seq);
        let attempts = update.as_ref().map_or(1, |update| update.attempts + 1);
        if let Some(update) = update {
            update.attempts = attempts;
        }
        // the repetition of a commit whose acknowledgement was lost counts once
        for _ in 0..2 {
            inbox::set_attempts(&mut self.conn, address.key(), attempts).unwrap();
        }
    }

    fn finish(&mut self, place: usize, outcome: Outcome, again: Again, twice: bool) {
        let Some(address) = self.take(place) else { return };
        self.known.in_work.remove(&place);
        let seq = address.update_seq;
        let mut work = self.work(address, outcome, again);
        let seqs: Vec<i64> = [seq].into_iter().chain(work.joined.iter().map(|key| key.seq)).collect();
        let mut finished = work.store(&mut self.conn);
        let stopped = self.known.reference.keep_from(&seqs, &work.end);
        assert_eq!(matches!(finished, Finished::Stopped), stopped, "whether it was stopped meanwhile");
        if stopped {
            work.end = End::Stopped(match work.end {
                End::Answered(answer) => Some(answer),
                _ => None,
            });
            finished = work.store(&mut self.conn);
        }
        let unsent = finished.done();
        let asking =
            self.known.reference.update(seq).filter(|update| update.waits()).map(|update| update.place);
        match (outcome, asking) {
            (Outcome::Clear, Some(place)) => self.known.reference.clear(place),
            (Outcome::Forget, Some(place)) => self.known.reference.erase(place.user, Some(seq)),
            _ => {}
        }
        let again = work.last.is_some();
        let known = self.known.reference.finish(
            &seqs,
            work.end.clone(),
            (&work.question, &work.message_ids),
            &work.parts,
            again,
        );
        assert_eq!(unsent.is_some(), known, "whether it was done already");
        let at_hand: Vec<String> =
            unsent.iter().flatten().map(text).filter(|text| !text.is_empty()).collect();
        let expected: Vec<&str> = work.parts.iter().map(|(text, _)| &**text).collect();
        assert!(unsent.is_none() || at_hand == expected, "what is to be sent: {at_hand:?}");
        if twice {
            assert!(work.store(&mut self.conn).done().is_none(), "it was done already");
        }
    }

    /// What a worker makes of an update.
    fn work(&mut self, address: Address, outcome: Outcome, again: Again) -> Work {
        let seq = address.update_seq;
        let here = Place { chat: address.lane.chat_id, user: address.lane.user_id };
        let (end, parts) = reply(seq, outcome);
        let again = if matches!(end, End::Replied) { Again::No } else { again };
        // one that has ended or is gone has no text any more, and nothing is stored of it
        let text = updates::table.find(seq).select(updates::payload).first::<Option<String>>(&mut self.conn);
        let question = text.optional().unwrap().flatten().unwrap_or_default();
        let message_ids = vec![seq];
        let mut work =
            Work { address, outcome, end, parts, question, message_ids, joined: Vec::new(), last: None };
        if again == Again::Last {
            work.last = turns::last(&mut self.conn, address.lane).unwrap();
            let found = work.last.as_ref().map(|last| (last.question(), &*last.message_ids));
            assert_eq!(found, self.known.reference.last_question(here), "what can be answered again");
            if let Some(last) = &work.last {
                last.question().clone_into(&mut work.question);
                work.message_ids.clone_from(&last.message_ids);
            }
        }
        if again == Again::Joined {
            let behind = inbox::following(&mut self.conn, address.lane, seq, 1).unwrap();
            work.joined = behind.iter().map(|waiting| waiting.key(address.lane)).collect();
            assert_eq!(
                work.joined.first().map(|key| key.seq),
                self.known.reference.next_behind(here, seq),
                "what is behind it"
            );
            work.question.extend(behind.iter().map(|waiting| waiting.payload.as_str()));
        }
        work
    }

    fn send(&mut self, place: usize, fate: Fate) {
        let lane = lane(PLACES[place]);
        let unsent = outbox::unsent(&mut self.conn, lane).unwrap();
        let found: Vec<_> = unsent.iter().map(|unsent| (text(unsent), unsent.wait().is_some())).collect();
        let known: Vec<_> = self
            .known
            .reference
            .unsent(PLACES[place])
            .map(|part| (part.text.clone(), part.put_off))
            .collect();
        assert_eq!(found, known, "what is to be sent");
        let Some(unsent) = unsent.first().filter(|unsent| unsent.wait().is_none()) else { return };
        // a change that is repeated changes nothing more
        let op = unsent.op().unwrap();
        if matches!(fate, Fate::Recorded | Fate::Taken) && op == Op::Send {
            *self.known.taken.entry(text(unsent)).or_default() += 1;
        }
        match (fate, op) {
            (Fate::Recorded, op) => {
                self.known.message_id += 1;
                let message_id = match op {
                    Op::Send => self.known.message_id,
                    Op::Edit(message_id) | Op::Delete(message_id) => message_id,
                };
                // as retry_forever repeats it
                for _ in 0..2 {
                    outbox::sent(&mut self.conn, unsent, message_id).unwrap();
                }
                self.known.reference.sent(PLACES[place], message_id);
            }
            (Fate::Taken, Op::Send) => *self.known.unrecorded.entry(text(unsent)).or_default() += 1,
            (Fate::Taken | Fate::Never, _) | (Fate::NotThere, Op::Send) => {}
            (Fate::Refused | Fate::NotThere, Op::Delete(_)) => {
                outbox::abandon(&mut self.conn, unsent).unwrap();
                self.known.reference.abandon(PLACES[place]);
            }
            (Fate::NotThere, Op::Edit(_)) => {
                assert!(replace(&mut self.conn, unsent, Instead::Anew).unwrap());
                self.known.reference.send_anew(PLACES[place]);
            }
            (Fate::Refused, _) => {
                let simpler = replace(&mut self.conn, unsent, Instead::Simpler).unwrap();
                assert_eq!(
                    simpler,
                    self.known.reference.simplify(PLACES[place]),
                    "whether there is a simpler form"
                );
                if !simpler {
                    outbox::abandon(&mut self.conn, unsent).unwrap();
                    self.known.reference.abandon(PLACES[place]);
                }
            }
            (Fate::Forbidden, _) => {
                outbox::abandon_chat(&mut self.conn, lane).unwrap();
                self.known.reference.abandon_chat(lane.chat_id);
            }
            (Fate::Paused, _) => {
                outbox::put_off(&mut self.conn, unsent, unsent.attempts + 1, HOUR).unwrap();
                self.known.reference.put_part_off(PLACES[place]);
            }
        }
    }

    /// The tables and the reference agree.
    fn compare(&mut self) {
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
    fn end(&mut self) {
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
        // an end more is a turn more, or a part that Telegram took once more than its window explains
        let twice = "SELECT update_seq FROM turns GROUP BY update_seq HAVING count(*) > 1";
        assert_eq!(diesel::sql_query(twice).execute(&mut self.conn).unwrap(), 0, "turns of one update");
        for part in self.known.reference.sent_parts() {
            let repeated = self.known.unrecorded.get(part).copied().unwrap_or_default();
            assert_eq!(self.known.taken[part], 1 + repeated, "how often part {part} was sent");
        }
    }
}

/// What a worker has in memory when it comes to an end.
struct Work {
    address: Address,
    outcome: Outcome,
    end: End,
    parts: Vec<(String, Vec<String>)>,
    question: String,
    message_ids: Vec<i64>,
    joined: Vec<Key>,
    last: Option<Last>,
}

impl Work {
    /// As the program does it.
    fn store(&self, conn: &mut PgConnection) -> Finished {
        let part = |(text, simpler): &(String, Vec<String>)| Part {
            fallback: simpler.iter().map(Part::plain).collect(),
            ..Part::plain(text)
        };
        let parts: Vec<Part> = self.parts.iter().map(part).collect();
        let ending = match &self.end {
            End::Answered(answer) => Ending::Answered { answer: answer.clone(), usage: Usage::default() },
            End::Stopped(answer) => {
                Ending::Stopped { answer: answer.clone().unwrap_or_default(), usage: Usage::default() }
            }
            End::Failed => Ending::Failed { class: "unreachable", refused: false },
            End::Refused => Ending::Failed { class: "refused", refused: true },
            End::Replied => {
                let asking = Some(self.address.update_seq);
                let act = |conn: &mut PgConnection, lane: Lane| {
                    match self.outcome {
                        Outcome::Clear => drop(history::clear(conn, lane)?),
                        Outcome::Forget => drop(erase::person(conn, lane.user_id, asking)?),
                        _ => {}
                    }
                    Ok(parts.clone())
                };
                return finish::reply(conn, self.address, act).unwrap();
            }
        };
        let turn = Turn {
            question: &self.question,
            message_ids: &self.message_ids,
            joined: &self.joined,
            replaces: self.last.as_ref(),
            began: Instant::now(),
            ending: &ending,
        };
        finish::turn(conn, self.address, &turn, &parts).unwrap()
    }
}

/// What the reference says of its own rows.
const ROWS: &str = "
    SELECT row FROM (
        SELECT 1 AS kind, seq AS place, format('update %s %s %s %s [%s] %s %s %s%s%s', seq, update_id, chat_id, user_id,
            payload, attempts, retries, coalesce(not_before > clock_timestamp(), false), stopped_at IS NOT NULL,
            done_at IS NOT NULL) AS row
        FROM updates
        UNION ALL
        SELECT 2, t.id, format('turn %s %s %s [%s] [%s] %s [%s] %s', update_seq, t.chat_id, t.user_id, q.content,
            a.content, state, array_to_string(message_ids, ', '), superseded_by IS NOT NULL)
        FROM turns t JOIN messages q ON q.id = question_id LEFT JOIN messages a ON a.id = answer_id
        UNION ALL
        SELECT 3, id, format('said %s %s %s [%s] %s', chat_id, user_id, role, content,
            CASE WHEN deleted_at IS NULL THEN 0 ELSE dense_rank() OVER (ORDER BY deleted_at) END)
        FROM messages
        UNION ALL
        SELECT 4, id, format('part %s %s %s %s %s %s %s %s %s%s', update_seq, chat_id, user_id, position, op, state,
            coalesce(message_id, 0), attempts, payload IS NOT NULL, coalesce(not_before > clock_timestamp(), false))
        FROM reply_parts
    ) rows ORDER BY kind, place";

fn lane(place: Place) -> Lane {
    Lane { bot_id: BOT, chat_id: place.chat, user_id: place.user }
}

/// The end of an update, and the parts of its reply, each with its simpler forms.
fn reply(seq: i64, outcome: Outcome) -> (End, Vec<(String, Vec<String>)>) {
    let part = |number: usize, simpler: usize| {
        let simpler = (0..simpler).map(|form| format!("{seq}.{number}.{form}")).collect();
        (format!("{seq}.{number}"), simpler)
    };
    let parts = |count: usize, simpler: usize| {
        (0..count).map(|number| part(number, (simpler + number) % 3)).collect::<Vec<_>>()
    };
    match outcome {
        Outcome::Answered(count, simpler) => (End::Answered(format!("a{seq}")), parts(count, simpler)),
        Outcome::Stopped(0, _) => (End::Stopped(None), vec![part(0, 0)]),
        Outcome::Stopped(count, simpler) => (End::Stopped(Some(format!("s{seq}"))), parts(count, simpler)),
        Outcome::Failed => (End::Failed, vec![part(0, 0)]),
        Outcome::Refused => (End::Refused, vec![part(0, 0)]),
        Outcome::Silence => (End::Replied, Vec::new()),
        Outcome::Clear | Outcome::Forget => (End::Replied, vec![part(0, 0)]),
    }
}

fn text(unsent: &Unsent) -> String {
    match unsent.part().unwrap().content {
        Content::Text { text, .. } => text,
        other => panic!("a part of another kind: {:?}", Part::of(other)),
    }
}

#[test]
fn whatever_happens_the_tables_hold_what_the_reference_says_and_every_message_has_one_end() {
    let operator = Operator::up_to_date();
    let url = operator.database.url();
    let connect = || PgConnection::establish(&url).unwrap();
    let seed =
        std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_124);
    println!("seed {seed}");
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64);
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    };
    // the process dies in so many steps, before it does them
    let steps = prop::collection::vec((step(), prop::bool::weighted(0.1)), 1..120);
    let result = TestRunner::new(config).run(&steps, |steps| {
        let mut conn = connect();
        let empty = "TRUNCATE messages, turns, updates, reply_parts RESTART IDENTITY";
        diesel::sql_query(empty).execute(&mut conn).unwrap();
        let mut play = Play { conn, connect: &connect, known: Known::default() };
        for (step, crash) in &steps {
            if *crash {
                play.crash_in(step);
            }
            play.step(step);
            play.compare();
        }
        play.end();
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
