//! The fault suite: everything that goes wrong around the bot, row by row, and what came of it.
//!
//! The real binary between stand-ins that judge it: each message that people write has a nonce of its own, which its
//! answer quotes. Nothing may be lost, nothing may overtake within a lane, and nothing may be repeated outside the window
//! (ARCHITECTURE.md); otherwise the row fails and says what, with which seed, and how to play it again.
//!
//! `cargo test` plays the short form of each row, `make faults` the long one; the names of rows can be filtered as those of
//! tests. scripts/black-holes plays the rows that need a network of their own: packets are dropped, machines vanish. SEED repeats a run: what is done to the bot is the same then, though not to the microsecond. With UPDATE_TABLE a
//! complete long run rewrites the table in docs/reliability.md and its Russian twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to fail loudly")]

#[path = "../it/support/console.rs"]
#[expect(dead_code, reason = "the tests of the console use the rest")]
mod console;
mod env;
mod again;
mod begin;
mod disk;
mod fault;
mod judge;
mod machines;
mod network;
mod people;
mod row;
mod rows;
mod table;
mod told;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

use table::Table;

/// Rows wait most of the time: so many are played at once.
const AT_ONCE: usize = 6;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let long = std::env::var("FAULTS").is_ok_and(|form| form == "long");
    let seed = std::env::var("SEED").ok().filter(|seed| !seed.is_empty());
    let seed = seed.map_or_else(
        || if long { fastrand::u64(..1_000_000) } else { 7 },
        |seed| seed.parse().unwrap_or_else(|_| panic!("SEED is a whole number, not {seed:?}")),
    );
    if !arguments.list {
        println!("seed {seed}");
    }
    let began = Instant::now();
    let table = Arc::new(Mutex::new(Table::new(seed)));
    // The table holds what plays everywhere.
    let rows = if network::is_ours() {
        machines::lay_bridge();
        rows::of_a_network()
    } else {
        rows::rows()
    };
    let count = rows.len();
    // From the last to the first: the longest row is the last one, and should not be played alone in the end.
    let trials = (0..).zip(rows).collect::<Vec<_>>().into_iter().rev().map(|(index, row)| {
        let table = Arc::clone(&table);
        Trial::test(row.name.0.clone(), move || {
            let verdict = row.play(long, seed.wrapping_add(index)).map_err(|wrong| {
                let row = &row.name.0;
                let again = if long {
                    format!("make faults SEED={seed} ROW='{row}'")
                } else {
                    format!("SEED={seed} cargo test --test faults -- '{row}'")
                };
                Failed::from(format!("{wrong}\nto play it again: {again}"))
            })?;
            table.lock().unwrap().add(index, &row, &verdict);
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let table = table.lock().unwrap();
    if conclusion.num_passed > 0 && !arguments.list {
        println!("{}\nin {:.0} s", table.english(), began.elapsed().as_secs_f64());
    }
    if std::env::var_os("UPDATE_TABLE").is_some() {
        assert!(
            long && table.len() == count && !network::is_ours(),
            "only a complete and clean long run rewrites the table"
        );
        table.publish();
    }
    conclusion.exit_code()
}
