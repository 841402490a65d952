//! Any bytes through the reader of answers: no panic, and the same events however the bytes are cut.
//!
//! `cargo fuzz run -s none events -- -max_total_time=600` runs on stable and ends after ten minutes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use systech_aidd::llm::events::{Event, Reader};

/// The events of an answer that comes in these pieces, and whether it was something else altogether.
fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, bool) {
    let mut events = Vec::new();
    let mut reader = Reader::default();
    for piece in pieces {
        reader.push(piece, |event| events.push(event));
    }
    let foreign = reader.end(|event| events.push(event));
    (events, foreign)
}

// The first bytes say how long the pieces are, in turn.
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
});
