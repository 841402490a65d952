//! The limit's script: the statements of one answer as the program itself sends them, made into one for pgbench.
//!
//! Nothing is copied by hand. A bot with one worker answers a batch while the server logs every statement with its
//! parameters; what lies between the last two parts marked as sent is one answer. Ids are recognised by their values, for
//! each sequence begins at a height of its own, and become pgbench's variables. Everything else stays as logged. What the
//! program does after that is not part of the limit: nobody needs it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use sandbox::PATIENCE;
use sandbox::postgres::Logged;

use crate::env::{LoadEnv, QUESTION};
use crate::pressure::count;

const DATABASE: &str = "capture";
/// Where the ids of the captured run begin: table, sequence's column, first value.
const HEIGHTS: [(&str, &str, i64); 4] = [
    ("updates", "seq", 1_100_000_000_000),
    ("messages", "id", 1_300_000_000),
    ("turns", "id", 1_500_000_000_000),
    ("reply_parts", "id", 1_700_000_000_000),
];
const FIRST_PERSON: i64 = 7_000_000_000;
/// Numbers beyond this are drawn at random: the name of a call in the ledger.
const LARGEST_KNOWN: u64 = 1_000_000_000_000_000;

/// What pgbench runs, and what was seen on the way.
pub(crate) struct Script {
    /// One answer of one client.
    pub(crate) text: String,
    /// The same work in as few statements as it can be done in.
    pub(crate) ideal: String,
    /// Texts and numbers that the statements send, by variable.
    pub(crate) constants: Vec<(String, String)>,
    /// Statements of one answer in the script, its share of the ingest not counted.
    pub(crate) needed: usize,
    /// Statements of the program for one answer, the same.
    pub(crate) made: f64,
}

impl Script {
    /// Captures one answer out of a batch of so many updates, for clients with `lanes` dialogues each.
    pub(crate) fn capture(env: &LoadEnv, batch: usize, lanes: usize) -> Self {
        let (statements, update_ids) = record(env, batch);
        let begin = |of: &str| statements.iter().position(|statement| statement.sql.starts_with(of));
        let ingest = begin("INSERT INTO \"updates\"").expect("the batch was taken in");
        let taken = &statements[ingest].parameters;
        let whole = update_ids.iter().all(|id| taken.contains(&Some(id.clone())));
        assert!(whole, "the batch came in parts");
        let sent = |statement: &Logged| statement.sql.starts_with("UPDATE \"reply_parts\"");
        let last = statements.iter().rposition(sent).expect("an answer was sent");
        // The one before it; the ingest, if there is none.
        let before = statements[..last].iter().rposition(sent).unwrap_or(ingest);
        // Polling goes on beside the worker; it asks the database for nothing unless something comes in.
        let made = count(statements.len() - ingest - 1) / count(batch);
        let mut variables = Variables { update_ids, ..Variables::default() };
        let answer = &statements[before + 1..=last];
        let text = variables.write(&statements[ingest], answer, batch, lanes);
        let ideal = variables.write_ideal(&statements[ingest], answer, batch, lanes);
        let constants = variables.constants.into_iter().map(|(value, name)| (name, value)).collect();
        Self { text, ideal, constants, needed: answer.len(), made }
    }
}

/// Lets the program answer a batch and returns what it asked the server for meanwhile, without what only sets a new connection up,
/// and the batch's update ids.
fn record(env: &LoadEnv, batch: usize) -> (Vec<Logged>, Vec<String>) {
    env.server().create_database(DATABASE);
    env.start(DATABASE, &[]).kill();
    for (table, column, first) in HEIGHTS {
        let sequence = format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {first})");
        env.server().psql(DATABASE, &sequence);
    }
    env.server().psql(DATABASE, &format!("ALTER DATABASE {DATABASE} SET log_statement TO 'all'"));
    // A poll that repeats the last one's offset within half a second is answered with one update only.
    std::thread::sleep(Duration::from_millis(600));
    let people = LoadEnv::people(FIRST_PERSON, batch);
    env.fill(DATABASE, FIRST_PERSON, batch);
    let logged = env.server().log_length();
    let said = people.iter().map(|person| env.telegram.say(person, QUESTION).update_id.to_string()).collect();
    let sent = env.sent();
    let bot = env.start(DATABASE, &[("WORKERS", "1".to_owned())]);
    env.telegram.wait_until(PATIENCE, |state| (state.sent().len() >= sent + batch).then_some(()));
    // The step after the last answer is to be seen as well.
    std::thread::sleep(Duration::from_millis(500));
    bot.kill();
    let mut statements = env.server().statements_since(logged);
    statements.retain(|statement| !statement.sql.starts_with("SET "));
    (statements, said)
}

/// The sequence that this number comes from: table and column.
fn sequence_of(number: i64) -> Option<(&'static str, &'static str)> {
    let found = HEIGHTS.iter().find(|(_, _, first)| (0..1_000_000).contains(&(number - first)));
    found.map(|(table, column, _)| (*table, *column))
}

/// Texts and numbers that are the same in each answer, by value.
#[derive(Default)]
struct Variables {
    constants: BTreeMap<String, String>,
    update_ids: Vec<String>,
}

impl Variables {
    /// The script of one answer.
    fn write(&mut self, ingest: &Logged, answer: &[Logged], batch: usize, lanes: usize) -> String {
        let mut text = self.begin(ingest, batch, lanes);
        for statement in answer {
            // What a later statement refers to: of several rows the last one counts.
            let end = HEIGHTS.iter().rev().find(|(table, column, _)| {
                let (insert, select) =
                    (format!("INSERT INTO \"{table}\""), format!("SELECT \"{table}\".\"{column}\""));
                statement.sql.contains(&insert) || (*table == "updates" && statement.sql.starts_with(&select))
            });
            let end = end.map_or(";".to_owned(), |(table, ..)| format!(" \\aset {table}_"));
            let _ = writeln!(text, "{}{end}", self.put_into(statement, false));
        }
        text
    }

    /// The script of one answer as nobody could write it shorter: one query for the update and the dialogue, the statement that
    /// finishes, and the mark "sent". It is put together from the statements of the program, so that it does the same.
    fn write_ideal(&mut self, ingest: &Logged, answer: &[Logged], batch: usize, lanes: usize) -> String {
        let mut text = self.begin(ingest, batch, lanes);
        let mut of = |what: &str| {
            let found = answer.iter().find(|statement| statement.sql.contains(what));
            self.put_into(found.unwrap_or_else(|| panic!("an answer takes a statement with {what}")), false)
        };
        let [oldest, dialogue] = ["FROM (\"updates\"", "SELECT \"messages\".\"id\""].map(&mut of);
        let _ = writeln!(
            text,
            "WITH oldest AS ({oldest}) SELECT oldest.*, said.* FROM oldest,
             LATERAL (SELECT array_agg(role::text), array_agg(content), array_agg(quotes)
                      FROM ({dialogue}) said (id, role, content, quotes)) said \\aset updates_"
        );
        let [finish, sent] = ["INSERT INTO \"messages\"", "UPDATE \"reply_parts\""].map(&mut of);
        let _ = writeln!(text, "{finish} \\aset reply_parts_\n{sent};");
        text
    }

    /// How a script begins: it takes a batch in whenever the last one is used up.
    fn begin(&mut self, ingest: &Logged, batch: usize, lanes: usize) -> String {
        let mut text = format!("\\set lane (:lane + 1) % {lanes}\n\\if :left = 0\n\\set left {batch}\n");
        for row in 0..batch {
            let _ = write!(
                text,
                "\\set count :count + 1\n\
                 \\set update{row} (:run * 1000 + :client_id) * 10000000 + :count\n\
                 \\set person{row} :first_person + :client_id * {lanes} + (:lane + {row}) % {lanes}\n"
            );
        }
        let _ = writeln!(text, "{};\n\\endif\n\\set left :left - 1", self.put_into(ingest, true));
        let _ = writeln!(text, "\\set person :first_person + :client_id * {lanes} + :lane");
        let _ = writeln!(text, "\\set call random(1, {})", i64::MAX / 2);
        text
    }

    /// The statement with a variable in place of each parameter.
    fn put_into(&mut self, statement: &Logged, ingest: bool) -> String {
        let mut sql = statement.sql.clone();
        // From the last on, or `$1` would also be found in `$12`
        for (index, value) in statement.parameters.iter().enumerate().rev() {
            let variable = value.as_ref().map_or("NULL".to_owned(), |value| match self.one_known(value) {
                // `seq = ANY($1)`, for the one update of an answer
                Some(id) => format!("ARRAY[:{}]::bigint[]", self.name(id, ingest)),
                None => format!(":{}", self.name(value, ingest)),
            });
            let (place, bound) = (format!("${}", index + 1), format!("- ${}", index + 1));
            // A part is named by its time as well: the one that its INSERT returned.
            let of_part = format!("\"reply_parts\".\"created_at\" = {place})");
            let variable =
                if sql.contains(&of_part) { ":reply_parts_created_at".to_owned() } else { variable };
            // untyped, `timestamp - $1` would take a timestamp; the program sends an interval.
            sql = sql.replace(&bound, &format!("- {variable}::interval")).replace(&place, &variable);
        }
        sql
    }

    /// The number in an array of one, if it comes from a sequence or is Telegram's number of an update.
    fn one_known<'a>(&self, value: &'a str) -> Option<&'a str> {
        let number = value.strip_prefix('{')?.strip_suffix('}')?;
        let is_sequence = number.parse().is_ok_and(|number| sequence_of(number).is_some());
        (is_sequence || self.update_ids.iter().any(|id| id == number)).then_some(number)
    }

    fn name(&mut self, value: &str, ingest: bool) -> String {
        if let Some(row) = self.update_ids.iter().position(|id| id == value) {
            // Later on it is what the oldest update of the lane was found to have.
            return if ingest { format!("update{row}") } else { "updates_update_id".to_owned() };
        }
        if let Ok(number) = value.parse::<i64>() {
            if let Ok(row) = usize::try_from(number - FIRST_PERSON)
                && row < 1000
            {
                return if ingest { format!("person{row}") } else { "person".to_owned() };
            }
            if let Some((table, column)) = sequence_of(number) {
                return format!("{table}_{column}");
            }
            if number.unsigned_abs() > LARGEST_KNOWN {
                return "call".to_owned();
            }
        }
        let next = format!("constant{}", self.constants.len());
        self.constants.entry(value.to_owned()).or_insert(next).clone()
    }
}
