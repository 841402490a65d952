//! What python-dotenv makes of a file is what is made of it here, for each file of a corpus that it read itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// A file, the environment it is read in, and what python-dotenv made of it (`scripts/dotenv-corpus`).
#[derive(Deserialize)]
struct Sample {
    text: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// What the environment has more afterwards.
    sets: BTreeMap<String, String>,
    /// Where the statements begin that it passed over.
    #[serde(default)]
    unreadable: Vec<usize>,
}

fn corpus() -> Vec<Sample> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpora/dotenv.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    // The first line says which command made the file.
    text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn reading(sample: &Sample) -> Reading {
    read(&sample.text, &|name| sample.env.get(name).cloned())
}

#[test]
fn each_file_of_the_corpus_is_read_as_python_dotenv_reads_it() {
    let corpus = corpus();
    assert!(corpus.len() >= 3000, "{}", corpus.len());
    for sample in corpus {
        let reading = reading(&sample);
        assert_eq!(reading.unreadable, sample.unreadable, "{:?}", sample.text);
        let new = reading.values.into_iter().filter(|(name, _)| !sample.env.contains_key(name));
        let sets: BTreeMap<_, _> = new.filter_map(|(name, value)| Some((name, value?))).collect();
        assert_eq!(sets, sample.sets, "{:?} in {:?}", sample.text, sample.env);
    }
}

#[test]
fn what_was_understood_is_what_dotenvy_reads() {
    let mut handed = 0;
    for sample in corpus() {
        for (name, value) in reading(&sample).values {
            let Some(value) = value else { continue };
            let Some(line) = strict(&name, &value) else { continue };
            let read: Result<Vec<_>, _> = dotenvy::from_read_iter(line.as_bytes()).collect();
            assert_eq!(read.unwrap(), [(name, value)], "{line}");
            handed += 1;
        }
    }
    assert!(handed > 3000, "{handed}");
}

#[test]
fn a_value_that_no_environment_can_hold_is_unreadable() {
    let reading = read("A=1\nB=\"x\0y\"\nC=3", &|_| None);
    assert_eq!(reading.unreadable, [2]);
    assert_eq!(reading.values.len(), 2);
}

#[test]
fn a_name_that_several_lines_set_is_known_with_its_lines() {
    let reading = read("A=1\n\nB='x\ny'\nA=2\nexport C=3\nA\n", &|_| None);
    assert_eq!(reading.repeated, [("A".to_owned(), vec![1, 5, 7])]);
    let [found] = reading.repeated.try_into().unwrap();
    assert_eq!(Repeated(found.0, found.1).found(), ".env sets A more than once, in lines 1, 5 and 7");
}
