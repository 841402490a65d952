//! Any bytes through the reader of server-sent events: no panic, and the same events however the bytes are cut.
//!
//! `cargo fuzz run -s none sse -- -max_total_time=600` runs on stable and ends after ten minutes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use systech_aidd::llm::sse::{LINE_LIMIT, Reader};

/// The events of a stream that comes in these pieces.
fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut events = Vec::new();
    let mut reader = Reader::default();
    for piece in pieces {
        reader.push(piece, |data| events.push(data.to_owned()));
    }
    reader.end(|data| events.push(data.to_owned()));
    events
}

// the first bytes say how long the pieces are, in turn
fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (lengths, stream) = input;
    let whole = events([stream.as_slice()]);
    let mut pieces = Vec::new();
    let mut rest = stream.as_slice();
    for length in lengths {
        let (piece, left) = rest.split_at(usize::from(length).min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces.push(rest);
    assert_eq!(events(pieces), whole);
    // a line break ends each event, and what is not UTF-8 may grow threefold
    let lines = stream.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"data:")).count();
    assert!(whole.len() <= lines);
    assert!(whole.iter().all(|event| event.len() <= 3 * LINE_LIMIT && event.trim() == event));
});
