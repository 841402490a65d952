//! What a file is, by its first bytes; names and declared types lie, and count only where the bytes leave it open.

use crate::domain::document::Refused;

/// Who can read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pdf,
    Rtf,
    /// A ZIP archive: what is in it tells more.
    Package,
    /// A file of Office from before 2007: what is in it tells more.
    Compound,
    Html,
    Fictionbook,
    Mail,
    Text,
}

/// Signatures of what nobody reads as text: where they stand, what they are, and what that means.
const SIGNATURES: &[(usize, &[u8], Refused)] = &[
    (0, b"7z\xbc\xaf\x27\x1c", Refused::Archive),
    (0, b"Rar!\x1a\x07", Refused::Archive),
    (0, b"\x1f\x8b", Refused::Archive),
    (0, b"BZh", Refused::Archive),
    (0, b"\xfd7zXZ\0", Refused::Archive),
    (0, b"\x28\xb5\x2f\xfd", Refused::Archive),
    (0, b"\x04\x22\x4d\x18", Refused::Archive),
    (0, b"MSCF\0\0\0\0", Refused::Archive),
    (0, b"!<arch>\n", Refused::Archive),
    (0, b"xar!", Refused::Archive),
    (0, b"LZIP", Refused::Archive),
    (2, b"-lh", Refused::Archive),
    (0, b"\xed\xab\xee\xdb", Refused::Archive),
    (257, b"ustar", Refused::Archive),
    (32769, b"CD001", Refused::Archive),
    (0, b"\x7fELF", Refused::Executable),
    (0, b"MZ", Refused::Executable),
    (0, b"\xfe\xed\xfa\xce", Refused::Executable),
    (0, b"\xfe\xed\xfa\xcf", Refused::Executable),
    (0, b"\xce\xfa\xed\xfe", Refused::Executable),
    (0, b"\xcf\xfa\xed\xfe", Refused::Executable),
    (0, b"\xca\xfe\xba\xbe", Refused::Executable),
    (0, b"dex\n03", Refused::Executable),
    (0, b"\0asm", Refused::Executable),
    (0, b"\x89PNG\r\n", Refused::Picture),
    (0, b"\xff\xd8\xff", Refused::Picture),
    (0, b"GIF8", Refused::Picture),
    (8, b"WEBP", Refused::Picture),
    (0, b"BM", Refused::Picture),
    (0, b"II*\0", Refused::Picture),
    (0, b"MM\0*", Refused::Picture),
    (0, b"8BPS", Refused::Picture),
    (0, b"\0\0\x01\0", Refused::Picture),
    (0, b"AT&TFORM", Refused::Picture),
    (0, b"\0\0\0\x0cjP  ", Refused::Picture),
    (0, b"\xff\x0a", Refused::Picture),
    (4, b"ftypheic", Refused::Picture),
    (4, b"ftypheix", Refused::Picture),
    (4, b"ftypmif1", Refused::Picture),
    (4, b"ftypavif", Refused::Picture),
    (4, b"ftypcrx", Refused::Picture),
    (0, b"ID3", Refused::Sound),
    (0, b"\xff\xfb", Refused::Sound),
    (0, b"\xff\xf3", Refused::Sound),
    (0, b"\xff\xf1", Refused::Sound),
    (0, b"OggS", Refused::Sound),
    (0, b"fLaC", Refused::Sound),
    (8, b"WAVE", Refused::Sound),
    (0, b"#!AMR", Refused::Sound),
    (0, b"MThd", Refused::Sound),
    (4, b"ftypM4A", Refused::Sound),
    (0, b"caff", Refused::Sound),
    (8, b"AIFF", Refused::Sound),
    (4, b"ftyp", Refused::Video),
    (4, b"moov", Refused::Video),
    (0, b"\x1a\x45\xdf\xa3", Refused::Video),
    (8, b"AVI ", Refused::Video),
    (0, b"FLV\x01", Refused::Video),
    (0, b"\0\0\x01\xba", Refused::Video),
    (0, b"\0\0\x01\xb3", Refused::Video),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Refused::Video),
    (0, b"Salted__", Refused::Encrypted),
    (0, b"LUKS\xba\xbe", Refused::Encrypted),
    (0, b"age-encryption.org/", Refused::Encrypted),
    (0, b"-----BEGIN PGP MESSAGE", Refused::Encrypted),
    (0, b"\x03\xd9\xa2\x9a", Refused::Encrypted),
    (0, b"SQLite format 3\0", Refused::Unknown),
    (0, b"\0\x01\0\0\0", Refused::Unknown),
    (0, b"OTTO", Refused::Unknown),
    (0, b"wOF", Refused::Unknown),
];

/// Who can read it. What is left over is text, if it is anything.
pub(super) fn of(bytes: &[u8], name: Option<&str>, mime: Option<&str>) -> Result<Kind, Refused> {
    let head = &bytes[..bytes.len().min(1024)];
    // What some programs put in front of a PDF does not make it anything else.
    if find(head, b"%PDF-").is_some() {
        return Ok(Kind::Pdf);
    }
    if [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|magic| bytes.starts_with(*magic)) {
        return Ok(Kind::Package);
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Ok(Kind::Compound);
    }
    // "ясно" begins in Windows-1251 as a sound does: signatures count for what has bytes that no text has.
    let is_texty = !head.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31));
    for (at, signature, refused) in SIGNATURES {
        let is_there = bytes.get(*at..).is_some_and(|rest| rest.starts_with(signature));
        if is_there && (!is_texty || *refused == Refused::Encrypted) {
            return Err(*refused);
        }
    }
    Ok(of_text(bytes, head, name, mime))
}

/// The kind of something that is text, if it is anything.
fn of_text(bytes: &[u8], head: &[u8], name: Option<&str>, mime: Option<&str>) -> Kind {
    // UTF-16 has its ASCII letters two bytes apart.
    let begin: String = head
        .iter()
        .filter(|byte| byte.is_ascii() && **byte != 0)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let begin = begin.trim_start();
    if begin.starts_with("{\\rtf") {
        return Kind::Rtf;
    }
    if begin.starts_with('<') {
        // A comment or a declaration may come first, of either.
        if begin.contains("<fictionbook")
            || find(&bytes[..bytes.len().min(1 << 16)], b"<FictionBook").is_some()
        {
            return Kind::Fictionbook;
        }
        if begin.contains("<!doctype html") || begin.contains("<html") {
            return Kind::Html;
        }
    }
    if is_mail(begin) {
        return Kind::Mail;
    }
    let extension =
        name.and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_lowercase());
    // What the sender says it is counts for what has no name.
    let declared = mime.filter(|_| extension.is_none());
    match extension.as_deref().or(declared) {
        Some("html" | "htm" | "xhtml" | "text/html" | "application/xhtml+xml") => Kind::Html,
        Some("eml" | "message/rfc822") => Kind::Mail,
        _ => Kind::Text,
    }
}

/// A mail begins with lines `Name: value`, of which some are in every mail and in nothing else.
fn is_mail(begin: &str) -> bool {
    let is_head = |line: &&str| {
        line.starts_with([' ', '\t'])
            || line.split_once(':').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    };
    let head: Vec<&str> = begin.lines().take_while(is_head).collect();
    let has = |name: &str| head.iter().any(|line| line.starts_with(name));
    (has("received:") || has("mime-version:") || has("message-id:") || has("return-path:"))
        && (has("from:") || has("subject:") || has("date:") || has("received:"))
}

/// Where `needle` begins.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_counts_before_the_name_and_the_name_before_the_type() {
        let kinds = [
            (&b"\n\n%PDF-1.7"[..], Some("a.txt"), None, Ok(Kind::Pdf)),
            (b"PK\x03\x04", Some("a.pdf"), Some("application/pdf"), Ok(Kind::Package)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("a.docx"), None, Err(Refused::Picture)),
            (b"BMW is a car", None, None, Ok(Kind::Text)),
            (b"\xff\xf1\xed\xee, ls-lh", None, None, Ok(Kind::Text)),
            (b"BM\x36\0\0\0", None, None, Err(Refused::Picture)),
            (b"MZ\x90\0\x03\0", Some("notes.txt"), None, Err(Refused::Executable)),
            (b"<!-- a -->\n<!DOCTYPE HTML>", Some("a.txt"), None, Ok(Kind::Html)),
            (b"<?xml version='1.0'?><FictionBook>", None, None, Ok(Kind::Fictionbook)),
            (b"<note/>", Some("a.XHTML"), Some("text/plain"), Ok(Kind::Html)),
            (b"<b>bold</b>", None, Some("text/html"), Ok(Kind::Html)),
            (b"<b>bold</b>", Some("a.md"), Some("text/html"), Ok(Kind::Text)),
            (b"From: a@b.example\r\nMIME-Version: 1.0\r\n\r\nwords", Some("a.txt"), None, Ok(Kind::Mail)),
            (b"From: here to there\nSubject: to change", Some("a.txt"), None, Ok(Kind::Text)),
            (b"plain", Some("a.pdf"), Some("application/pdf"), Ok(Kind::Text)),
        ];
        for (bytes, name, mime, expected) in kinds {
            assert_eq!(of(bytes, name, mime), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
