//! Any text as the part of an archive that holds the words of a document: no panic, no more text than is wanted.
//!
//! `cargo fuzz run -s none parts -- -max_total_time=600` runs on stable and ends after ten minutes.

#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use systech_aidd::extract::read_here;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// How much text is wanted.
const CHARACTERS: usize = 1000;

/// What else is in the archive of each kind, and where its words are.
const KINDS: [(&[(&str, &str)], &str); 7] = [
    (&[("word/styles.xml", "<w:style w:styleId=\"a\"><w:name w:val=\"heading 1\"/></w:style>")], "word/document.xml"),
    (&[("word/document.xml", "<w:p><w:footnoteReference w:id=\"1\"/></w:p>")], "word/footnotes.xml"),
    (&[], "ppt/presentation.xml"),
    (&[("mimetype", "application/vnd.oasis.opendocument.text")], "content.xml"),
    (&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet")], "content.xml"),
    (&[("mimetype", "application/vnd.oasis.opendocument.presentation")], "content.xml"),
    (
        &[
            ("xl/workbook.xml", "<workbook><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"r\"/></sheets></workbook>"),
            (
                "xl/_rels/workbook.xml.rels",
                "<Relationships><Relationship Id=\"r\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/a.xml\"/></Relationships>",
            ),
        ],
        "xl/worksheets/a.xml",
    ),
];

fuzz_target!(|input: (u8, &str)| {
    let (kind, words) = input;
    let (others, part) = KINDS[usize::from(kind) % KINDS.len()];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in others.iter().chain(&[(part, words)]) {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
            .and_then(|()| Ok(zip.write_all(text.as_bytes())?))
            .expect("an archive in memory");
    }
    let archive = zip.finish().expect("an archive in memory").into_inner();
    if let Ok(extracted) = read_here(&archive, None, CHARACTERS) {
        let characters: usize = extracted.pieces.iter().map(|piece| piece.text.chars().count()).sum();
        assert!(characters <= CHARACTERS && extracted.pieces.len() <= extracted.total);
    }
});
