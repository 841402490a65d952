//! The table: printed after each run, and written into the documents after a long one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

use crate::judge::Verdict;
use crate::rows::Row;

const HEAD: &str = "| promise | fault | messages | lost | repeated outside the window | inside it | out of order | paid twice | honest failures | slowest recovery |
| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |";

/// The rows that were played.
pub(crate) struct Table {
    seed: u64,
    rows: BTreeMap<u64, String>,
}

impl Table {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, rows: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn add(&mut self, index: u64, row: &Row, verdict: &Verdict) {
        let Verdict { messages, lost, outside, disordered, paid_twice, inside, failures, recovery } = verdict;
        let [lost, outside, disordered, paid] = [lost, outside, disordered, paid_twice].map(Vec::len);
        let line = format!(
            "| {} | {} | {messages} | {lost} | {outside} | {inside} | {disordered} | {paid} | {failures} | {:.1} s |",
            row.promise,
            row.name,
            recovery.as_secs_f64()
        );
        self.rows.insert(index, line);
    }

    /// Takes the place of what stands between the marks in both documents.
    pub(crate) fn publish(&self) {
        for name in ["reliability.md", "reliability.ru.md"] {
            let path = format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"));
            let text = fs::read_to_string(&path).unwrap();
            let (before, rest) = text.split_once(BEGIN).unwrap();
            let (_, after) = rest.split_once(END).unwrap();
            fs::write(&path, format!("{before}{BEGIN}\n\n{}\n\n{self}\n{END}{after}", self.circumstances()))
                .unwrap();
        }
    }

    /// One line that reads the same in every language.
    fn circumstances(&self) -> String {
        let said = |command: &str| {
            let output = Command::new("sh").args(["-c", command]).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let processor = said("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1");
        let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
        format!(
            "`make faults SEED={}`, {}, {}, {cores} × {processor}",
            self.seed,
            said("date -u +%F"),
            said("git describe --always --dirty"),
        )
    }
}

/// The marks.
const BEGIN: &str = "<!-- table -->";
const END: &str = "<!-- end of table -->";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        self.rows.values().try_for_each(|row| writeln!(f, "{row}"))
    }
}
