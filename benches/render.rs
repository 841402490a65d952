//! How long an answer of 60 KB takes to render, in release: `cargo bench --bench render`.
//!
//! The answer is the test corpus repeated. Prints the median and the slowest of many runs.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use systech_aidd::render::{RichMessages, answer, draft};

const BYTES: usize = 60_000;
const RUNS: usize = 200;

fn main() {
    let markdown = long_answer();
    println!("{} bytes, {RUNS} runs", markdown.len());
    time("answer, rich messages never", || {
        black_box(answer(black_box(&markdown), RichMessages::Never));
    });
    time("answer, rich messages auto", || {
        black_box(answer(black_box(&markdown), RichMessages::Auto));
    });
    time("draft", || {
        black_box(draft(black_box(&markdown)));
    });
}

fn long_answer() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/render/corpus");
    let entries = fs::read_dir(folder).expect("the corpus is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "md"));
    paths.sort();
    let read = |path| fs::read_to_string(path).expect("an answer is text") + "\n\n";
    let all: String = paths.iter().map(read).collect();
    let mut long = all.repeat(BYTES / all.len() + 1);
    long.truncate(long.floor_char_boundary(BYTES));
    long
}

fn time(name: &str, mut run: impl FnMut()) {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{name}: median {:.2?}, slowest {:.2?}", times[RUNS / 2], times[RUNS - 1]);
}
