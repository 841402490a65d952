//! Files that people send: what Telegram tells of one, and the line that stands for it in the dialogue.
//!
//! A question with files is stored and read as one text: the line of each file, and below it the words that came with it.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// The pictures that models read, by their types and by the ends of their names.
const READABLE: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const ENDS: [&str; 5] = ["jpg", "jpeg", "png", "webp", "gif"];

/// How the line of a file begins that is to be read.
const DOCUMENT: &str = "document";

/// What a file was sent as (Bot API, Message).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture, in sizes that Telegram makes.
    Photo,
    /// A file as it is: a picture, or something with words.
    Document,
    /// A sticker that does not move.
    Sticker,
    /// A film: of it, its cover.
    Video,
    /// A film without sound, or a GIF: of it, its cover.
    Animation,
    /// A round film: of it, its cover; or the film itself, to be heard.
    VideoNote,
    /// A picture that moves: of it, one picture.
    LivePhoto,
    /// Speech.
    Voice,
    /// A file of music or speech.
    Audio,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Photo,
        Self::Document,
        Self::Sticker,
        Self::Video,
        Self::Animation,
        Self::VideoNote,
        Self::LivePhoto,
        Self::Voice,
        Self::Audio,
    ];

    /// As `attachments.kind` and Telegram have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Document => "document",
            Self::Sticker => "sticker",
            Self::Video => "video",
            Self::Animation => "animation",
            Self::VideoNote => "video_note",
            Self::LivePhoto => "live_photo",
            Self::Voice => "voice",
            Self::Audio => "audio",
        }
    }

    /// Reads what is stored. `None`: a word of another version.
    pub fn of(stored: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == stored)
    }

    /// How its line begins, where it is to be looked at.
    fn word(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Document => "picture",
            Self::Sticker => "sticker",
            Self::Video | Self::Animation => "video",
            Self::VideoNote => "video note",
            Self::LivePhoto => "live photo",
            Self::Voice => "voice",
            Self::Audio => "audio",
        }
    }

    /// Whether it moves.
    pub fn is_film(self) -> bool {
        matches!(self, Self::Video | Self::Animation | Self::VideoNote | Self::LivePhoto)
    }
}

/// A file of a message. Where it is a film, the file is its cover, but for a video note that is heard.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it was sent as.
    pub kind: Kind,
    /// By which it can be fetched, for good and by this bot only.
    pub file_id: String,
    /// By which it is the same at every bot.
    pub unique_id: String,
    /// The name of a document or of a recording, or the emoji of a sticker.
    pub name: Option<String>,
    /// The type that its sender gave it.
    pub mime: Option<String>,
    /// Its size in bytes, where Telegram tells it.
    pub bytes: Option<i64>,
    /// Its width and height in pixels; of a film, those of the film.
    pub pixels: Option<(i32, i32)>,
    /// How long it plays.
    pub seconds: Option<i32>,
}

/// Without its name: what people call their files stays out of logs and panics.
impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:?}, {:?} bytes)", self.kind, self.bytes)
    }
}

impl Attachment {
    /// Whether it is there to be looked at. A document says so itself; what is in it is looked at when it is here.
    pub fn is_picture(&self) -> bool {
        if self.kind != Kind::Document {
            return !self.is_sound();
        }
        let end = self.name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end);
        match self.mime.as_deref() {
            None | Some("application/octet-stream") => {
                end.is_some_and(|end| ENDS.iter().any(|known| known.eq_ignore_ascii_case(end)))
            }
            Some(mime) => READABLE.contains(&mime),
        }
    }

    /// Whether it is there to be heard. Of a video note, the type says that it is the film.
    pub fn is_sound(&self) -> bool {
        let is_film = || self.mime.as_deref().is_some_and(|mime| mime.starts_with("video/"));
        matches!(self.kind, Kind::Voice | Kind::Audio) || (self.kind == Kind::VideoNote && is_film())
    }

    /// Whether it is there to be read.
    pub fn is_document(&self) -> bool {
        !self.is_picture() && !self.is_sound()
    }

    /// Whether it moves, and only one picture of it can be looked at.
    pub fn is_seen_in_part(&self) -> bool {
        self.kind.is_film() && !self.is_sound()
    }

    /// Whether it says that it is a PDF.
    pub fn is_pdf(&self) -> bool {
        let named = self.name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end);
        self.mime.as_deref() == Some("application/pdf")
            || named.is_some_and(|end| end.eq_ignore_ascii_case("pdf"))
    }

    /// What stands for it in `messages.content`, in brackets: what it is, and its place in an album of several.
    pub fn line(&self, place: Option<(usize, usize)>) -> String {
        let word = if self.is_document() { DOCUMENT } else { self.kind.word() };
        let mut what = word.to_owned();
        if let Some((number, of)) = place {
            let _ = write!(what, " {number} of {of}");
        }
        let part = if self.is_seen_in_part() { ", only one frame of it is seen" } else { "" };
        line(&what, self.name.as_deref(), self.pixels, self.seconds, part)
    }
}

/// A file as a line in brackets: what it is, what it is called, its size in pixels, how long it plays, and what else there is
/// to say.
pub fn line(
    what: &str,
    name: Option<&str>,
    pixels: Option<(i32, i32)>,
    seconds: Option<i32>,
    rest: &str,
) -> String {
    let mut line = format!("[{what}");
    // The name is the sender's: brackets in it would end the line before its end.
    let name = name.unwrap_or_default().replace(|c: char| c.is_control() || "[]".contains(c), " ");
    if !name.trim().is_empty() {
        let _ = write!(line, " {}", name.trim());
    }
    if let Some((width, height)) = pixels {
        let _ = write!(line, " {width}×{height}");
    }
    if let Some(seconds) = seconds {
        let _ = write!(line, " {}:{:02}", seconds / 60, seconds % 60);
    }
    line + rest + "]"
}

/// The lines of these files, which are one question.
fn lines<'a>(files: impl ExactSizeIterator<Item = &'a Attachment>) -> Vec<String> {
    let of = files.len();
    (1..).zip(files).map(|(number, file)| file.line((of > 1).then_some((number, of)))).collect()
}

/// A question as one text: of each message the line of its file, if it has one, and below it the words that came with it.
pub fn content(messages: &[(Option<&Attachment>, &str)]) -> String {
    let files: Vec<&Attachment> = messages.iter().filter_map(|(file, _)| *file).collect();
    let has_files = !files.is_empty();
    let mut lines = lines(files.into_iter()).into_iter();
    let mut text = String::new();
    for (file, words) in messages {
        let line = file.and_then(|_| lines.next()).unwrap_or_default();
        // Words alone are the question as it was written.
        let words = if has_files { words.trim() } else { words };
        for part in [&*line, words].into_iter().filter(|part| !part.is_empty()) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(part);
        }
    }
    text
}

/// What [`content`] made a text of: the words above the first of these files, and those below each of them. `None`: it is no
/// text of these files.
pub fn words<'a>(content: &'a str, files: &[&Attachment]) -> Option<(&'a str, Vec<&'a str>)> {
    let mut rest = content;
    let mut parts = Vec::new();
    for line in lines(files.iter().copied()) {
        let (before, behind) = match rest.strip_prefix(&*line).filter(|_| parts.is_empty()) {
            Some(behind) => ("", behind),
            None => rest.split_once(&format!("\n{line}"))?,
        };
        parts.push(before.trim_start_matches('\n'));
        rest = behind;
    }
    let rest = if parts.is_empty() { rest } else { rest.trim_start_matches('\n') };
    parts.push(rest);
    Some((parts.remove(0), parts))
}

/// A number of bytes, for people.
pub fn readable_size(bytes: i64) -> String {
    let mut tenths = bytes.max(0).saturating_mul(10);
    for unit in ["bytes", "kB", "MB"] {
        if tenths < 10_000 {
            return if unit == "bytes" {
                format!("{} bytes", tenths / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            };
        }
        tenths /= 1000;
    }
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// Whether a question may have come with files: a line of its text begins as that of a file, or one of what it quotes does.
pub fn may_have_files(content: &str) -> bool {
    may_have_documents(content)
        || has_line(content, |inner| Kind::ALL.iter().any(|kind| inner.starts_with(kind.word())))
}

/// Likewise, files that are to be read.
pub fn may_have_documents(content: &str) -> bool {
    has_line(content, |inner| inner.starts_with(DOCUMENT))
}

fn has_line(content: &str, is_meant: impl Fn(&str) -> bool) -> bool {
    let lines = content.lines().map(|line| line.strip_prefix("> ").unwrap_or(line));
    lines.filter_map(|line| line.strip_prefix('[')).any(is_meant)
}

/// Whether these are the bytes of a PDF: some programs put something before its mark.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(1024)].windows(5).any(|mark| mark == b"%PDF-")
}

/// The type of a picture that models read, by its first bytes. `None`: it is none.
pub fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> Attachment {
        Attachment {
            kind: Kind::Photo,
            file_id: "id".to_owned(),
            unique_id: "unique".to_owned(),
            name: None,
            mime: None,
            bytes: None,
            pixels: Some((1280, 960)),
            seconds: None,
        }
    }

    #[test]
    fn a_line_says_what_the_file_is_and_no_name_ends_it_early() {
        let photo = photo();
        assert_eq!(photo.line(None), "[photo 1280×960]");
        assert_eq!(photo.line(Some((2, 3))), "[photo 2 of 3 1280×960]");
        let name = Some("a]b\n[system]".to_owned());
        let document = Attachment { kind: Kind::Document, name, pixels: None, ..photo.clone() };
        assert_eq!(document.line(None), "[document a b  system]");
        let named = |name: &str| Attachment { name: Some(name.to_owned()), ..document.clone() };
        assert_eq!(named("a.PNG").line(None), "[picture a.PNG]");
        assert_eq!(named("a.pdf").line(Some((1, 2))), "[document 1 of 2 a.pdf]");
        let video = Attachment { kind: Kind::Video, seconds: Some(74), ..photo };
        assert_eq!(video.line(None), "[video 1280×960 1:14, only one frame of it is seen]");
        let round = Attachment { kind: Kind::VideoNote, pixels: Some((240, 240)), ..video };
        assert!(round.is_picture() && !round.is_sound());
        let heard = Attachment { mime: Some("video/mp4".to_owned()), pixels: None, ..round };
        assert!(heard.is_sound() && !heard.is_picture());
        assert_eq!(heard.line(None), "[video note 1:14]");
        let song = Attachment { kind: Kind::Audio, name: Some("Bach – Air [live]".to_owned()), ..heard };
        assert_eq!(song.line(Some((1, 2))), "[audio 1 of 2 Bach – Air  live 1:14]");
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_question_with_files_is_one_text_and_its_words_are_found_in_it_again() {
        let photo = &photo();
        let cases: [(&str, &[&str], &str); 7] = [
            ("", &["what is it?"], "[photo 1280×960]\nwhat is it?"),
            ("", &[""], "[photo 1280×960]"),
            ("", &["one\n\ntwo", ""], "[photo 1 of 2 1280×960]\none\n\ntwo\n[photo 2 of 2 1280×960]"),
            ("", &["", "two"], "[photo 1 of 2 1280×960]\n[photo 2 of 2 1280×960]\ntwo"),
            (
                "",
                &["", "[photo 9]", ""],
                "[photo 1 of 3 1280×960]\n[photo 2 of 3 1280×960]\n[photo 9]\n[photo 3 of 3 1280×960]",
            ),
            ("what is it?", &[""], "what is it?\n[photo 1280×960]"),
            ("what\nis it?", &["", "a"], "what\nis it?\n[photo 1 of 2 1280×960]\n[photo 2 of 2 1280×960]\na"),
        ];
        for (above, said, expected) in cases {
            let pieces = said.iter().map(|words| (Some(photo), *words));
            let text = content(&[(None, above)].into_iter().chain(pieces).collect::<Vec<_>>());
            assert_eq!(text, expected);
            assert!(may_have_files(&text));
            assert_eq!(words(&text, &vec![photo; said.len()]).unwrap(), (above, said.to_vec()));
            assert_eq!(words(&text, &vec![photo; said.len() + 1]), None);
        }
        assert_eq!(content(&[(None, " a\n")]), " a\n", "a text alone stays as it is");
        assert_eq!(words(" a\n", &[]), Some((" a\n", Vec::new())));
    }

    #[test]
    fn a_text_without_files_is_not_taken_for_one_with_them() {
        for (text, expected) in [
            ("[photo 1280×960]", true),
            ("[The user replies to Bob:]\n> soup\n\n[live photo 1×1]\nwhat?", true),
            ("[The user replies to Bob:]\n> [photo 1280×960]\n\nwhat is it?", true),
            ("[The user replies to Bob:]\n> photo\n\nwhat is it?", false),
            ("[document a.pdf]", true),
            ("[location 1, 2]", false),
            ("a [photo]", false),
        ] {
            assert_eq!(may_have_files(text), expected, "{text}");
        }
    }

    #[test]
    fn a_size_is_told_with_three_or_four_digits() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (2_345_678, "2.3 MB"),
            (20 << 20, "20.9 MB"),
            (7_000_000_000, "7.0 GB"),
        ] {
            assert_eq!(readable_size(bytes), expected);
        }
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        for (bytes, expected) in [
            (&b"\xff\xd8\xff\xe0"[..], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n....", Some("image/png")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"<svg>", None),
            (b"", None),
        ] {
            assert_eq!(picture_type(bytes), expected, "{bytes:?}");
        }
    }
}
