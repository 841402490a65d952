//! Whatever happens to messages, in whatever order and with crashes between: after each step the tables hold what the
//! reference model says (`reference`), and in the end every message has exactly one end.
//!
//! The store's own functions on a real PostgreSQL, without the program around them. A crash before the commit is a
//! connection that goes away in mid-transaction, whatever the step; one after it is a worker that never learns what it did.
//! Deterministic: `PROPTEST_RNG_SEED` chooses another seed, which is printed, and `PROPTEST_CASES` how many sequences; a
//! failure prints its shortest one.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use sandbox::env::Operator;

use super::play::Play;
use super::steps::step;

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
    // The process dies in so many steps, before it does them.
    let steps = prop::collection::vec((step(), prop::bool::weighted(0.1)), 1..120);
    let result = TestRunner::new(config).run(&steps, |steps| {
        let mut conn = connect();
        let empty =
            "TRUNCATE messages, turns, quotes, attachments, summaries, facts, fact_proposals, memory_off, searches, updates, reply_parts RESTART IDENTITY";
        diesel::sql_query(empty).execute(&mut conn).unwrap();
        let mut play = Play::new(conn, &connect);
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
