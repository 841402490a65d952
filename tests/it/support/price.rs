//! What an answer costs: the statements that the server carries out for it. The server is the test's own.

use sandbox::postgres::Logged;
use sandbox::{TestEnv, wait_until};

/// So many answers are looked at. Whoever is answered, something else is asked now and then (leases are renewed, announcements
/// looked for), and makes one of them longer, but none shorter.
const LOOKS: usize = 5;

/// Has the server log its statements from now on.
#[track_caller]
pub(crate) fn log_statements(env: &TestEnv) {
    env.psql("ALTER SYSTEM SET log_statement TO 'all'");
    env.psql("SELECT pg_reload_conf()");
}

/// What the server is asked for an answer, from the batch that took the question in to the mark that the answer is sent: the
/// fewest of some answers. `ask` has one question answered.
#[track_caller]
pub(crate) fn statements_of_an_answer(env: &TestEnv, ask: impl Fn()) -> Vec<Logged> {
    let one = |_| {
        let since = env.server().log_length();
        ask();
        wait_until("the answer to be marked as sent", || {
            let mut all = env.server().statements_since(since);
            let taken_in = all.iter().position(|one| one.sql.starts_with("INSERT INTO \"updates\""))?;
            let marked = all.iter().position(|one| one.sql.starts_with("UPDATE \"reply_parts\""))?;
            Some(all.drain(taken_in + 1..=marked).collect::<Vec<_>>())
        })
    };
    (0..LOOKS).map(one).min_by_key(Vec::len).expect("an answer")
}
