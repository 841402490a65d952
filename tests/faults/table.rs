//! The table: printed after each run, and written into the documents after a long one.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;

use crate::judge::Verdict;
use crate::row::{Row, Words};

const HEAD: Words = (
    "| promise | fault | messages | lost | repeated outside the window | inside it | out of order | paid for twice | with strangers | honest failures | slowest recovery, s |",
    "| обещание | сбой | сообщений | потеряно | повторено вне окна | в окне | не по порядку | оплачено дважды | у чужих | честных отказов | дольше всего до ответа, с |",
);
const RULE: &str = "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |";

/// The marks, between which the documents hold the table.
const BEGIN: &str = "<!-- table -->";
const END: &str = "<!-- end of table -->";

/// The rows that were played, each in English and in Russian.
pub(crate) struct Table {
    /// With what the run began.
    circumstances: String,
    rows: BTreeMap<u64, (String, String)>,
}

impl Table {
    pub(crate) fn new(seed: u64) -> Self {
        Self { circumstances: circumstances(seed), rows: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn add(&mut self, index: u64, row: &Row, verdict: &Verdict) {
        let Verdict { messages, inside, failures, recovery, .. } = verdict;
        let lists =
            [&verdict.lost, &verdict.outside, &verdict.disordered, &verdict.paid_twice, &verdict.strangers];
        let [lost, outside, disordered, paid, strangers] = lists.map(Vec::len);
        let figures = format!(
            "{messages} | {lost} | {outside} | {inside} | {disordered} | {paid} | {strangers} | {failures} | {:.1} |",
            recovery.as_secs_f64()
        );
        let english = format!("| {} | {} | {figures}", row.promise.0, row.name.0);
        let russian = format!("| {} | {} | {figures}", row.promise.1, row.name.1);
        self.rows.insert(index, (english, russian));
    }

    pub(crate) fn english(&self) -> String {
        let rows: Vec<&str> = self.rows.values().map(|(english, _)| &**english).collect();
        format!("{}\n{RULE}\n{}\n", HEAD.0, rows.join("\n"))
    }

    fn russian(&self) -> String {
        let rows: Vec<&str> = self.rows.values().map(|(_, russian)| &**russian).collect();
        format!("{}\n{RULE}\n{}\n", HEAD.1, rows.join("\n"))
    }

    /// Takes the place of what stands between the marks in both documents.
    pub(crate) fn publish(&self) {
        for (name, table) in [("reliability.md", self.english()), ("reliability.ru.md", self.russian())] {
            let path = format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"));
            let text = fs::read_to_string(&path).unwrap();
            let (before, rest) = text.split_once(BEGIN).unwrap();
            let (_, after) = rest.split_once(END).unwrap();
            fs::write(&path, format!("{before}{BEGIN}\n\n{}\n\n{table}\n{END}{after}", self.circumstances))
                .unwrap();
        }
    }
}

/// One line that reads the same in every language.
fn circumstances(seed: u64) -> String {
    let said = |command: &str| {
        let output = Command::new("sh").args(["-c", command]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let processor = said("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1");
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "`make faults SEED={}`, {}, {}, {cores} × {processor}",
        seed,
        said("date -u +%F"),
        said("git describe --always --dirty"),
    )
}
