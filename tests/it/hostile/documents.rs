//! Files that somebody made to do harm, or that broke on the way: each costs a sentence and no more than its limits.

use std::time::Duration;

use serde_json::Value;

use crate::support::files::{
    Read, docx, epub, opendocument, pdf, pdf_of, pptx, read_with, stream, xlsx, zip,
};

/// The command ended by itself in time, with words or with a reason.
#[track_caller]
fn ends(name: &str, bytes: &[u8]) -> Read {
    // Long enough for everything here that ends by itself.
    let read = read_with(name, bytes, |command| {
        command.env("SHORT_WAITS", "processor=3");
    });
    assert!(matches!(read.code, Some(0 | 3)), "{name}: {read:?}");
    assert!(
        read.told.get("refused").is_some_and(Value::is_string) || read.told.get("pieces").is_some(),
        "{name}: {read:?}"
    );
    // Its limit of processor time, on a busy machine.
    assert!(read.took < Duration::from_secs(60), "{name}: {:?}", read.took);
    // What the child complains of is not people's to read.
    assert!(!read.errors.contains("panicked"), "{name}: {}", read.errors);
    read
}

#[test]
fn a_part_that_unpacks_to_gigabytes_is_too_large() {
    let zeros = "0".repeat(80 << 20);
    let bomb = docx(&format!("<w:p><w:r><w:t>{zeros}</w:t></w:r></w:p>"), &[]);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert_eq!(ends("a.docx", &bomb).refused(), "too_large");
    let strings =
        xlsx(&[("A", "", r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#)], &[zeros.as_str(); 4]);
    let refused = ends("a.xlsx", &strings);
    assert!(["too_large", "too_much_memory"].contains(&refused.refused()), "{refused:?}");
}

#[test]
fn archives_within_archives_and_parts_that_overlap_are_not_unpacked() {
    let mut nested = zip(&[("a", "words")]);
    for _ in 0..10 {
        use std::io::Write;
        let mut outer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        outer.start_file("inner.zip", zip::write::SimpleFileOptions::default()).unwrap();
        outer.write_all(&nested).unwrap();
        nested = outer.finish().unwrap().into_inner();
    }
    assert_eq!(ends("a.zip", &nested).refused(), "archive");
    assert_eq!(ends("a.docx", &overlapping(20_000)).refused(), "archive");
}

/// Very many entries that are all the same bytes.
fn overlapping(count: u32) -> Vec<u8> {
    let one = zip(&[("a.txt", &"0".repeat(1 << 20))]);
    let end = one.len() - 22;
    let start = u32::from_le_bytes(one[end + 16..end + 20].try_into().unwrap());
    let entry = &one[usize::try_from(start).unwrap()..end];
    let mut bytes = one[..usize::try_from(start).unwrap()].to_vec();
    for _ in 0..count {
        bytes.extend_from_slice(entry);
    }
    let size = u32::try_from(bytes.len()).unwrap() - start;
    let count = u16::try_from(count).unwrap();
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

#[test]
fn entities_are_neither_expanded_nor_fetched() {
    let mut laughs = "<!DOCTYPE w:document [<!ENTITY a0 \"lol\">".to_owned();
    for level in 1..30 {
        let entity = format!("<!ENTITY a{level} \"{}\">", format!("&a{};", level - 1).repeat(10));
        laughs.push_str(&entity);
    }
    laughs += "<!ENTITY file SYSTEM \"file:///etc/passwd\">]>";
    let body =
        "<w:document><w:body><w:p><w:r><w:t>left &a29;&file;right</w:t></w:r></w:p></w:body></w:document>";
    let types = ("[Content_Types].xml", "<Types/>");
    let bytes = zip(&[types, ("word/document.xml", &format!("{laughs}{body}"))]);
    assert_eq!(ends("a.docx", &bytes).text(), "left right");
    let book = format!(
        "<?xml version=\"1.0\"?>{laughs}<FictionBook><body><section><p>left &a29;&file;right</p></section></body></FictionBook>"
    );
    assert_eq!(ends("a.fb2", book.as_bytes()).text(), "left right");
}

#[test]
fn what_is_nested_without_end_ends() {
    let deep = 300_000;
    let open = |tag: &str| format!("<{tag}>").repeat(deep);
    ends("a.html", format!("<html>{}words", open("div")).as_bytes());
    ends("a.html", format!("<html>{}words", open("table><tr><td")).as_bytes());
    ends("a.html", format!("<html>{}words", open("ul><li")).as_bytes());
    ends("a.json", "[".repeat(deep).as_bytes());
    ends("a.rtf", format!("{{\\rtf1 {}words", "{".repeat(deep)).as_bytes());
    ends("a.docx", &docx(&open("w:tbl><w:tr><w:tc"), &[]));
    ends("a.docx", &docx(&format!("{}words{}", open("w:p"), "</w:p>".repeat(deep)), &[]));
    ends("a.odt", &opendocument("text", "", &open("text:list><text:list-item")));
    ends("a.ods", &opendocument("spreadsheet", "", &open("table:table")));
    ends("a.fb2", format!("<FictionBook><body>{}", open("section")).as_bytes());
    ends("a.epub", &epub(&[("a.xhtml", &open("blockquote"))]));
    ends("a.pptx", &pptx(&[(&open("p:sp"), "", "")]));
    ends(
        "a.eml",
        format!(
            "From: a@b.example\r\nMIME-Version: 1.0\r\n{}",
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n".repeat(20_000)
        )
        .as_bytes(),
    );
    let arrays = format!("<< /Type /Catalog /Pages 2 0 R /X {} >>", "[".repeat(deep));
    ends("a.pdf", &pdf_of(&[arrays, "<< /Type /Pages /Kids [] /Count 0 >>".to_owned()]));
}

#[test]
fn a_pdf_that_refers_to_itself_ends() {
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>";
    let catalogue = "<< /Type /Catalog /Pages 2 0 R >>";
    let form = |content: &str| {
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R /Y 6 0 R >> >>",
            content,
        )
    };
    let of =
        |objects: &[&str]| pdf_of(&objects.iter().map(|object| (*object).to_owned()).collect::<Vec<_>>());
    // A tree of pages that is its own child, and one that is its own parent.
    ends(
        "a.pdf",
        &of(&[
            catalogue,
            "<< /Type /Pages /Kids [2 0 R 2 0 R 3 0 R] /Count 1000000000 >>",
            page,
            &stream("", "/X Do"),
            &form(""),
        ]),
    );
    ends(
        "a.pdf",
        &of(&[
            catalogue,
            "<< /Type /Pages /Parent 2 0 R /Kids [3 0 R] /Count -1 >>",
            page,
            &stream("", "/X Do"),
            &form(""),
        ]),
    );
    // References that go in a circle.
    ends("a.pdf", &of(&[catalogue, "2 0 R", page]));
    ends("a.pdf", &of(&[catalogue, "3 0 R", "2 0 R"]));
    ends(
        "a.pdf",
        &of(&[
            catalogue,
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page,
            "<< /Length 4 0 R >>\nstream\nx\nendstream",
        ]),
    );
    // Forms that draw each other twice, which doubles with each.
    ends(
        "a.pdf",
        &of(&[
            catalogue,
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page,
            &stream("", "/X Do"),
            &form("/X Do /X Do /Y Do"),
            &form("/X Do /X Do"),
        ]),
    );
    // The same page again and again.
    let kids = format!("<< /Type /Pages /Kids [{}] /Count 100000 >>", "3 0 R ".repeat(100_000));
    ends("a.pdf", &of(&[catalogue, &kids, page, &stream("", ""), &form("")]));
}

#[test]
fn forms_that_double_with_each_level_end() {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>".to_owned(),
        stream("", "/X Do"),
    ];
    for level in 5..45 {
        let entries = format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {} 0 R >> >>",
            level + 1
        );
        objects.push(stream(&entries, "/X Do /X Do"));
    }
    ends("a.pdf", &pdf_of(&objects));
}

#[test]
fn sizes_that_are_only_claimed_take_no_memory() {
    // Four gigabytes of content in a stream that has none, and a picture of that size.
    let claims = pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>".to_owned(),
        "<< /Length 4294967295 >>\nstream\n/I Do\nendstream".to_owned(),
        stream("/Type /XObject /Subtype /Image /Width 4000000000 /Height 4000000000 /ColorSpace /DeviceRGB /BitsPerComponent 8", "x"),
    ]);
    ends("a.pdf", &claims);
    let table = String::from_utf8_lossy(&pdf(&[&["x"]]))
        .replace("/Size ", "/Size 4294967295")
        .replace("0000000000 65535 f", "4294967295 65535 f");
    ends("a.pdf", table.as_bytes());
    // The uncompressed size of a part, at its place in the directory.
    let mut lie = docx("<w:p><w:r><w:t>words</w:t></w:r></w:p>", &[]);
    let at: Vec<usize> =
        lie.windows(4).enumerate().filter(|(_, window)| window == b"PK\x01\x02").map(|(at, _)| at).collect();
    for at in at {
        lie[at + 24..at + 28].copy_from_slice(&u32::MAX.to_le_bytes()[..]);
        lie[at + 24] = 0xfe;
    }
    ends("a.docx", &lie);
    // A million empty columns, and cells at the end of the world.
    let row: String = (0..100_000).map(|_| r#"<c s="1"/>"#).collect();
    let far = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row><row r="4294967295"><c r="ZZZZZZZ4294967295"><v>2</v></c></row>"#;
    ends("a.xlsx", &xlsx(&[("A", "", &format!(r#"<row r="1">{}</row>{far}"#, row.repeat(10)))], &[]));
    let wide = r#"<table:table><table:table-row table:number-rows-repeated="4294967295"><table:table-cell table:number-columns-repeated="4294967295"><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#;
    let read = ends("a.ods", &opendocument("spreadsheet", "", wide));
    assert!(read.text().len() < 1000);
    ends("a.rtf", br"{\rtf1 \bin4294967295 words\u99999999999 \uc4294967295 \'}");
}

#[test]
fn a_file_that_breaks_off_anywhere_ends_in_a_sentence() {
    let row = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>words</t></is></c></row>"#;
    let whole = [
        ("a.pdf", pdf(&[&["Слова"], &["words"]])),
        ("a.docx", docx("<w:p><w:r><w:t>words</w:t></w:r></w:p>", &[])),
        ("a.xlsx", xlsx(&[("A", "", row)], &[])),
        ("a.pptx", pptx(&[("<p:sp/>", "", "words")])),
        ("a.odt", opendocument("text", "", "<text:p>words</text:p>")),
        ("a.epub", epub(&[("a.xhtml", "<p>words</p>")])),
        ("a.fb2", b"<?xml version='1.0'?><FictionBook><body><section><p>words</p></section></body></FictionBook>".to_vec()),
        ("a.rtf", br"{\rtf1\ansi{\fonttbl{\f0 A;}}words \'cf\u1084?}".to_vec()),
        ("a.html", "<html><head><title>a</title></head><body><p>слова</p></body></html>".as_bytes().to_vec()),
        ("a.eml", b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nwords\r\n--x--\r\n".to_vec()),
    ];
    for (name, bytes) in whole {
        assert_eq!(ends(name, &bytes).code, Some(0), "{name} is whole");
        for part in 1..8 {
            ends(name, &bytes[..bytes.len() * part / 8]);
        }
    }
}

#[test]
fn noise_behind_any_signature_ends_in_a_sentence() {
    let signatures: [&[u8]; 14] = [
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"{\\rtf1",
        b"<html>",
        b"<?xml version=\"1.0\"?><FictionBook>",
        b"From: a\r\nMIME-Version: 1.0\r\n\r\n",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xff\xfe\0\0",
        b"\xef\xbb\xbf",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1W\0o\0r\0k\0b\0o\0o\0k\0",
        b"7z\xbc\xaf\x27\x1c",
        b"",
    ];
    let mut state = 0x9e37_79b9_u32;
    for signature in signatures {
        let noise = (0..20_000).map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[0]
        });
        let bytes: Vec<u8> = signature.iter().copied().chain(noise).collect();
        ends("a.bin", &bytes);
    }
}

#[test]
fn bytes_that_were_changed_end_in_a_sentence() {
    let row = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>words</t></is></c></row>"#;
    let mut state = 0x1234_5678_u32;
    for (name, bytes) in [
        ("a.pdf", pdf(&[&["Слова"]])),
        ("a.xlsx", xlsx(&[("A", "", row)], &["a"])),
        ("a.docx", docx("<w:p/>", &[])),
    ] {
        for _ in 0..8 {
            let mut changed = bytes.clone();
            for _ in 0..changed.len() / 50 {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                let at = usize::try_from(state).unwrap() % changed.len();
                changed[at] = state.to_be_bytes()[0];
            }
            ends(name, &changed);
        }
    }
}

#[test]
fn a_file_beyond_what_telegram_hands_out_is_not_looked_into() {
    let bytes = vec![b'a'; (20 << 20) + 1];
    assert_eq!(ends("a.txt", &bytes).refused(), "too_large");
}
