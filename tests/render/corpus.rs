//! Answers as models write them, rendered and compared with what a person has reviewed.
//!
//! `corpus/*.md` are the answers, `corpus/*.txt` what becomes of them. After a wanted change:
//! `UPDATE_EXPECTED=1 cargo test --test render`, then read the diff.

use std::fs;
use std::path::{Path, PathBuf};

use systech_aidd::render::{RichMessages, answer};

use crate::{limits, show};

/// The answers of the corpus with their names, in order.
pub(crate) fn answers() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/render/corpus");
    let entries =
        fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("it is readable").path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).expect("an answer is text")))
        .collect()
}

#[test]
fn answers_of_the_corpus_look_as_reviewed() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let answers = answers();
    assert!(answers.len() > 10, "the corpus is there");
    for (path, markdown) in answers {
        let parts = answer(&markdown, RichMessages::Auto);
        limits::check(&parts);
        let shown = show::parts(&parts, 0);
        let expected = path.with_extension("txt");
        if update {
            fs::write(&expected, &shown).expect("the expectation can be written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert!(shown == expected, "{} looks different:\n{shown}", path.display());
    }
}
