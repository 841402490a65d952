//! Any bytes through the readers of files, each kind in turn: no panic, no more text than is wanted, none that is empty.
//!
//! `cargo fuzz run -s none files -- -max_total_time=600` runs on stable and ends after ten minutes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use systech_aidd::extract::read_here;

/// How a file of each kind begins; the last ones count by their name.
const KINDS: [(&[u8], &str); 8] = [
    (b"", "a"),
    (b"%PDF-1.4\n", "a.pdf"),
    (b"{\\rtf1", "a.rtf"),
    (b"<html>", "a.html"),
    (b"<?xml version=\"1.0\"?><FictionBook><body>", "a.fb2"),
    (b"From: a\r\nMIME-Version: 1.0\r\n", "a.eml"),
    (b"PK\x03\x04", "a.zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls"),
];

/// How much text is wanted.
const CHARACTERS: usize = 1000;

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, rest) = input;
    let (begin, name) = KINDS[usize::from(kind) % KINDS.len()];
    if let Ok(extracted) = read_here(&[begin, rest].concat(), Some(name), CHARACTERS) {
        let characters: usize = extracted.pieces.iter().map(|piece| piece.text.chars().count()).sum();
        assert!(characters <= CHARACTERS && extracted.pieces.len() <= extracted.total);
        assert!(extracted.pieces.iter().all(|piece| !piece.text.trim().is_empty()));
    }
});
