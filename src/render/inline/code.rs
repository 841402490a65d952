//! Code between backticks.

use std::collections::BTreeSet;

/// The length of the code span that begins the text, and of its backticks on either side; `None` if nothing closes it.
/// `missing` remembers which runs of backticks have no closing one, so that each is searched once.
pub(super) fn span(text: &str, missing: &mut BTreeSet<usize>) -> Option<(usize, usize)> {
    let run = backticks(text);
    if missing.contains(&run) {
        return None;
    }
    let mut at = run;
    while let Some(found) = text[at..].find('`') {
        at += found;
        let length = backticks(&text[at..]);
        at += length;
        if length == run {
            return Some((at, run));
        }
    }
    missing.insert(run);
    None
}

/// How many backticks begin the text.
pub(super) fn backticks(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

/// What a code span shows: its lines in one, without the space that keeps a backtick apart from the marks.
pub(super) fn shown(inner: &str) -> String {
    let line = inner.replace('\n', " ");
    let padded = line.starts_with(' ') && line.ends_with(' ') && !line.trim().is_empty();
    if padded { line[1..line.len() - 1].to_owned() } else { line }
}

/// How much of a text that begins with a backtick is code, or text.
pub(in crate::render) fn length(text: &str) -> usize {
    span(text, &mut BTreeSet::new()).map_or_else(|| backticks(text), |(length, _)| length)
}
