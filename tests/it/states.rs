//! Whatever happens to messages, in whatever order and with crashes between: after each step the tables hold what the
//! reference model says (`reference.rs`), and in the end every message has exactly one end.
//!
//! The store's own functions on a real PostgreSQL, without the program around them. A crash before the commit is a
//! connection that goes away in mid-transaction; one after it is a worker that never learns what it did. Deterministic:
//! `PROPTEST_RNG_SEED` chooses another seed, which is printed; a failure prints its shortest sequence.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngSeed, TestRunner};
use systech_aidd::llm::Usage;
use systech_aidd::part::{Content, Part};
use systech_aidd::store::finish::{self, Ending, Turn};
use systech_aidd::store::inbox::{self, Received};
use systech_aidd::store::moved::{Moved, move_chat};
use systech_aidd::store::outbox::{self, Address, Unsent};
use systech_aidd::store::{Lane, erase, history};

use crate::operator::Operator;
use crate::reference::{End, Place, Reference};

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
    Ingest(usize),
    /// Telegram delivers an update of the past once more.
    Redeliver(Index),
    /// A worker takes the oldest update of a lane, and keeps it in memory.
    Take(usize),
    /// It comes to an end with what it has in memory.
    Finish(usize, Outcome, Crash),
    PutOff(usize),
    Attempt(usize),
    Send(usize, Fate),
    Clear(usize),
    Restore(usize),
    Erase(i64),
    /// The group becomes a supergroup.
    Move,
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
    Failed,
    Refused,
    /// Nothing is to be said.
    Silence,
    /// /clear and /forget, as a part of the same transaction.
    Clear,
    Forget,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Crash {
    Never,
    BeforeCommit,
    AfterCommit,
    /// No crash: somebody else does the same work once more.
    Twice,
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
    Forbidden,
    Paused,
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0..PLACES.len();
    let outcome = prop_oneof![
        6 => (1..4usize, 0..3usize).prop_map(|(parts, simpler)| Outcome::Answered(parts, simpler)),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Refused),
        1 => Just(Outcome::Silence),
        1 => Just(Outcome::Clear),
        1 => Just(Outcome::Forget),
    ];
    let crash = prop_oneof![
        5 => Just(Crash::Never),
        1 => Just(Crash::BeforeCommit),
        1 => Just(Crash::AfterCommit),
        1 => Just(Crash::Twice),
    ];
    let fate = prop_oneof![
        6 => Just(Fate::Recorded),
        2 => Just(Fate::Taken),
        1 => Just(Fate::Never),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Forbidden),
        1 => Just(Fate::Paused),
    ];
    prop_oneof![
        10 => place.clone().prop_map(Step::Ingest),
        3 => any::<Index>().prop_map(Step::Redeliver),
        4 => place.clone().prop_map(Step::Take),
        12 => (place.clone(), outcome, crash).prop_map(|(place, outcome, crash)| Step::Finish(place, outcome, crash)),
        1 => place.clone().prop_map(Step::PutOff),
        1 => place.clone().prop_map(Step::Attempt),
        12 => (place.clone(), fate).prop_map(|(place, fate)| Step::Send(place, fate)),
        2 => place.clone().prop_map(Step::Clear),
        2 => place.prop_map(Step::Restore),
        1 => (1..3i64).prop_map(Step::Erase),
        1 => Just(Step::Move),
        1 => Just(Step::TimePasses),
        1 => Just(Step::DaysPass),
        1 => Just(Step::Sweep),
        1 => Just(Step::Die),
    ]
}

/// The store, the reference beside it, and what is nowhere stored.
struct Play<'a> {
    conn: PgConnection,
    connect: &'a dyn Fn() -> PgConnection,
    reference: Reference,
    /// The update that the worker of each lane has in memory.
    in_work: HashMap<usize, Address>,
    /// How often Telegram took each part, and how often of these nobody learnt of it.
    taken: HashMap<String, usize>,
    unrecorded: HashMap<String, usize>,
    /// Every update that Telegram ever had, and where it came from.
    past: Vec<(i64, Place)>,
    named: usize,
    message_id: i64,
}

impl Play<'_> {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Ingest(place) => {
                let id = 1000 + i64::try_from(self.past.len()).unwrap();
                self.past.push((id, PLACES[place]));
                self.ingest(id, PLACES[place]);
            }
            Step::Redeliver(index) => {
                if !self.past.is_empty() {
                    let (id, place) = *index.get(&self.past);
                    self.ingest(id, place);
                }
            }
            Step::Take(place) => drop(self.take(place)),
            Step::Finish(place, outcome, crash) => self.finish(place, outcome, crash),
            Step::PutOff(place) => {
                if let Some(address) = self.take(place) {
                    self.in_work.remove(&place);
                    let update = self.reference.update(address.update_seq);
                    let retries = update.as_ref().map_or(1, |update| update.retries + 1);
                    if let Some(update) = update {
                        (update.retries, update.put_off) = (retries, true);
                    }
                    inbox::put_off(&mut self.conn, address.update_seq, retries, HOUR).unwrap();
                }
            }
            Step::Attempt(place) => {
                if let Some(address) = self.take(place) {
                    self.in_work.remove(&place);
                    let update = self.reference.update(address.update_seq);
                    let attempts = update.as_ref().map_or(1, |update| update.attempts + 1);
                    if let Some(update) = update {
                        update.attempts = attempts;
                    }
                    // the repetition of a commit whose acknowledgement was lost counts once
                    for _ in 0..2 {
                        inbox::set_attempts(&mut self.conn, address.update_seq, attempts).unwrap();
                    }
                }
            }
            Step::Send(place, fate) => self.send(place, fate),
            Step::Clear(place) => {
                history::clear(&mut self.conn, lane(PLACES[place])).unwrap();
                self.reference.clear(PLACES[place]);
            }
            Step::Restore(place) => {
                history::restore(&mut self.conn, lane(PLACES[place]), None).unwrap();
                self.reference.restore(PLACES[place]);
            }
            Step::Erase(user) => {
                erase::person(&mut self.conn, user, None).unwrap();
                self.reference.erase(user, None);
            }
            Step::Move => {
                move_chat(&mut self.conn, Moved { bot_id: BOT, from: GROUP, to: SUPERGROUP }).unwrap();
                self.reference.move_chat(GROUP, SUPERGROUP);
            }
            Step::TimePasses => {
                for table in ["updates", "reply_parts"] {
                    self.sql(&format!("UPDATE {table} SET not_before = clock_timestamp() - interval '1 s' WHERE not_before IS NOT NULL"));
                }
                self.reference.time_passes();
            }
            Step::DaysPass => {
                self.sql("UPDATE updates SET done_at = done_at - interval '49 h'");
                self.reference.days_pass();
            }
            Step::Sweep => {
                inbox::sweep(&mut self.conn, 1000).unwrap();
                self.reference.sweep();
            }
            Step::Die => self.in_work.clear(),
        }
    }

    fn sql(&mut self, sql: &str) {
        diesel::sql_query(sql).execute(&mut self.conn).unwrap();
    }

    fn ingest(&mut self, id: i64, place: Place) {
        self.named += 1;
        let question = format!("q{}", self.named);
        let received = Received {
            bot_id: BOT,
            update_id: id,
            chat_id: place.chat,
            user_id: place.user,
            kind: "message",
            message_id: id,
            payload: question.clone(),
        };
        let new = inbox::ingest(&mut self.conn, &[received]).unwrap();
        assert_eq!(new == 1, self.reference.is_new(id), "whether update {id} is new");
        if new == 1 {
            let seq = inbox::newest(&mut self.conn).unwrap();
            self.reference.ingest(seq, id, place, &question);
        }
    }

    /// A worker looks what its lane has to do. Nothing to answer while there is something to send.
    fn take(&mut self, place: usize) -> Option<Address> {
        if let Some(address) = self.in_work.get(&place) {
            return Some(*address);
        }
        if self.reference.unsent(PLACES[place]).next().is_some() {
            return None;
        }
        let waiting = inbox::oldest(&mut self.conn, lane(PLACES[place])).unwrap();
        let expected = self.reference.oldest(PLACES[place]);
        let (Some(waiting), Some(expected)) = (&waiting, &expected) else {
            assert!(waiting.is_none() && expected.is_none(), "whether there is something to answer");
            return None;
        };
        let found =
            (waiting.seq, &*waiting.payload, waiting.attempts, waiting.retries, waiting.wait.is_some());
        let known =
            (expected.seq, &*expected.question, expected.attempts, expected.retries, expected.put_off);
        assert_eq!(found, known);
        if expected.put_off {
            return None;
        }
        let address =
            Address { lane: lane(PLACES[place]), update_seq: waiting.seq, thread_id: None, reply_to: None };
        self.in_work.insert(place, address);
        Some(address)
    }

    fn finish(&mut self, place: usize, outcome: Outcome, crash: Crash) {
        let Some(address) = self.take(place) else { return };
        self.in_work.remove(&place);
        let seq = address.update_seq;
        let (end, parts) = reply(seq, outcome);
        if crash == Crash::BeforeCommit {
            let mut conn = (self.connect)();
            AnsiTransactionManager::begin_transaction(&mut conn).unwrap();
            store(&mut conn, address, outcome, &end, &parts);
            return;
        }
        let unsent = store(&mut self.conn, address, outcome, &end, &parts);
        let asking = self.reference.update(seq).filter(|update| !update.done).map(|update| update.place);
        match (outcome, asking) {
            (Outcome::Clear, Some(place)) => self.reference.clear(place),
            (Outcome::Forget, Some(place)) => self.reference.erase(place.user, Some(seq)),
            _ => {}
        }
        assert_eq!(
            unsent.is_some(),
            self.reference.finish(seq, end.clone(), &parts),
            "whether it was done already"
        );
        let texts: Vec<String> = unsent.iter().flatten().map(text).collect();
        let expected: Vec<&str> = parts.iter().map(|(text, _)| &**text).collect();
        assert!(unsent.is_none() || texts == expected, "what is to be sent: {texts:?}");
        if crash == Crash::Twice {
            assert!(store(&mut self.conn, address, outcome, &end, &parts).is_none(), "it was done already");
        }
    }

    fn send(&mut self, place: usize, fate: Fate) {
        let lane = lane(PLACES[place]);
        let unsent = outbox::unsent(&mut self.conn, lane).unwrap();
        let found: Vec<_> = unsent.iter().map(|unsent| (text(unsent), unsent.wait().is_some())).collect();
        let known: Vec<_> =
            self.reference.unsent(PLACES[place]).map(|part| (part.text.clone(), part.put_off)).collect();
        assert_eq!(found, known, "what is to be sent");
        let Some(unsent) = unsent.first().filter(|unsent| unsent.wait().is_none()) else { return };
        if matches!(fate, Fate::Recorded | Fate::Taken) {
            *self.taken.entry(text(unsent)).or_default() += 1;
        }
        match fate {
            Fate::Recorded => {
                self.message_id += 1;
                // as insist repeats it
                for _ in 0..2 {
                    outbox::sent(&mut self.conn, unsent.id, self.message_id).unwrap();
                }
                self.reference.sent(PLACES[place], self.message_id);
            }
            Fate::Taken => *self.unrecorded.entry(text(unsent)).or_default() += 1,
            Fate::Never => {}
            Fate::Refused => {
                let simpler = outbox::simplify(&mut self.conn, unsent.id).unwrap();
                assert_eq!(
                    simpler,
                    self.reference.simplify(PLACES[place]),
                    "whether there is a simpler form"
                );
                if !simpler {
                    outbox::abandon(&mut self.conn, unsent.id).unwrap();
                    self.reference.abandon(PLACES[place]);
                }
            }
            Fate::Forbidden => {
                outbox::abandon_chat(&mut self.conn, lane).unwrap();
                self.reference.abandon_chat(lane.chat_id);
            }
            Fate::Paused => {
                outbox::put_off(&mut self.conn, unsent.id, unsent.attempts + 1, HOUR).unwrap();
                self.reference.put_part_off(PLACES[place]);
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
        assert_eq!(rows, self.reference.rows());
        for place in PLACES {
            let recent = history::recent(&mut self.conn, lane(place), 1000).unwrap();
            assert_eq!(recent, self.reference.recent(place), "what the model reads");
        }
    }

    /// Everything goes well from now on: whatever waits is answered and sent.
    fn end(&mut self) {
        self.step(&Step::Die);
        self.step(&Step::Move);
        self.step(&Step::TimePasses);
        while !inbox::waiting_lanes(&mut self.conn, BOT).unwrap().is_empty() {
            for place in 0..PLACES.len() {
                self.step(&Step::Send(place, Fate::Recorded));
                self.step(&Step::Finish(place, Outcome::Answered(1, 0), Crash::Never));
                self.compare();
            }
        }
        for update in &self.reference.updates {
            assert!(update.done, "{} has no end", update.question);
        }
        self.compare();
        // an end more is a turn more, or a part that Telegram took once more than its window explains
        let twice =
            "SELECT 'turn of ' || update_seq AS row FROM turns GROUP BY update_seq HAVING count(*) > 1";
        assert_eq!(diesel::sql_query(twice).execute(&mut self.conn).unwrap(), 0, "turns of one update");
        for part in self.reference.sent_parts() {
            let repeated = self.unrecorded.get(part).copied().unwrap_or_default();
            assert_eq!(self.taken[part], 1 + repeated, "how often part {part} was sent");
        }
    }
}

/// What the reference says of its own rows.
const ROWS: &str = "
    SELECT row FROM (
        SELECT 1 AS kind, seq AS place, format('update %s %s %s %s [%s] %s %s %s %s', seq, update_id, chat_id, user_id,
            payload, attempts, retries, coalesce(not_before > clock_timestamp(), false), done_at IS NOT NULL) AS row
        FROM updates
        UNION ALL
        SELECT 2, t.id, format('turn %s %s %s [%s] [%s] %s', update_seq, t.chat_id, t.user_id, q.content, a.content, state)
        FROM turns t JOIN messages q ON q.id = question_id LEFT JOIN messages a ON a.id = answer_id
        UNION ALL
        SELECT 3, id, format('said %s %s %s [%s] %s', chat_id, user_id, role, content,
            CASE WHEN deleted_at IS NULL THEN 0 ELSE dense_rank() OVER (ORDER BY deleted_at) END)
        FROM messages
        UNION ALL
        SELECT 4, id, format('part %s %s %s %s %s %s %s %s %s', update_seq, chat_id, user_id, position, state,
            payload IS NOT NULL, coalesce(message_id, 0), attempts, coalesce(not_before > clock_timestamp(), false))
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
    match outcome {
        Outcome::Answered(parts, simpler) => {
            let parts = (0..parts).map(|number| part(number, (simpler + number) % 3)).collect();
            (End::Answered(format!("a{seq}")), parts)
        }
        Outcome::Failed => (End::Failed, vec![part(0, 0)]),
        Outcome::Refused => (End::Refused, vec![part(0, 0)]),
        Outcome::Silence => (End::Replied, Vec::new()),
        Outcome::Clear | Outcome::Forget => (End::Replied, vec![part(0, 0)]),
    }
}

/// As the program does it.
fn store(
    conn: &mut PgConnection,
    address: Address,
    outcome: Outcome,
    end: &End,
    parts: &[(String, Vec<String>)],
) -> Option<Vec<Unsent>> {
    let parts: Vec<Part> = parts
        .iter()
        .map(|(text, simpler)| Part {
            fallback: simpler.iter().map(Part::plain).collect(),
            ..Part::plain(text)
        })
        .collect();
    let ending = match end {
        End::Answered(answer) => Ending::Answered { answer: answer.clone(), usage: Usage::default() },
        End::Failed => Ending::Failed { class: "unreachable", refused: false },
        End::Refused => Ending::Failed { class: "refused", refused: true },
        End::Replied => {
            let act = |conn: &mut PgConnection, lane: Lane| {
                match outcome {
                    Outcome::Clear => drop(history::clear(conn, lane)?),
                    Outcome::Forget => drop(erase::person(conn, lane.user_id, Some(address.update_seq))?),
                    _ => {}
                }
                Ok(parts.clone())
            };
            return finish::reply(conn, address, act).unwrap();
        }
    };
    let question = question_of(conn, address.update_seq);
    let turn = Turn { question: &question, began: Instant::now(), ending: &ending };
    finish::turn(conn, address, &turn, &parts).unwrap()
}

/// What a worker has read; empty when the update has ended or is gone, and nothing is stored then.
fn question_of(conn: &mut PgConnection, seq: i64) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        payload: String,
    }
    let query = diesel::sql_query("SELECT coalesce(payload, '') AS payload FROM updates WHERE seq = $1");
    let row = query.bind::<diesel::sql_types::BigInt, _>(seq).get_result::<Row>(conn).optional().unwrap();
    row.map(|row| row.payload).unwrap_or_default()
}

fn text(unsent: &Unsent) -> String {
    match unsent.part().unwrap().content {
        Content::Text { text, .. } => text,
        other => panic!("a part of another kind: {:?}", Part { content: other, fallback: Vec::new() }),
    }
}

#[test]
fn whatever_happens_the_tables_hold_what_the_reference_says_and_every_message_has_one_end() {
    let operator = Operator::up_to_date();
    let url = operator.server().url(&operator.database);
    let connect = || PgConnection::establish(&url).unwrap();
    let seed =
        std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_124);
    println!("seed {seed}");
    let config = ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    };
    let result = TestRunner::new(config).run(&prop::collection::vec(step(), 1..80), |steps| {
        let mut conn = connect();
        let empty = "TRUNCATE messages, turns, updates, reply_parts RESTART IDENTITY";
        diesel::sql_query(empty).execute(&mut conn).unwrap();
        let mut play = Play {
            conn,
            connect: &connect,
            reference: Reference::default(),
            in_work: HashMap::new(),
            taken: HashMap::new(),
            unrecorded: HashMap::new(),
            past: Vec::new(),
            named: 0,
            message_id: 0,
        };
        for step in &steps {
            play.step(step);
            play.compare();
        }
        play.end();
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
