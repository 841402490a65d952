//! Any text through the renderer: no panic, every limit kept, nothing lost.
//!
//! `cargo fuzz run -s none render fuzz/corpus/render tests/render/corpus` runs on stable and begins with the answers
//! of the test corpus; `-- -max_total_time=600` ends it after ten minutes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/render/checks.rs"]
mod checks;
#[path = "../../tests/render/limits.rs"]
mod limits;

/// Begins what may hold letters that nobody is to see: targets of links and their titles, attributes, comments.
const HIDING: [&str; 4] = ["](", "]:", "=", "<!--"];

fuzz_target!(|markdown: &str| {
    if HIDING.iter().any(|mark| markdown.contains(mark)) {
        // The limits are checked, the letters are not.
        checks::shown(markdown);
    } else {
        checks::check_answer(markdown);
    }
    checks::check_draft(markdown);
});
