//! Recordings that people send: how much is listened to, in which form one is, and how what is said in it becomes a part of
//! the question.
//!
//! The words of a recording stand below its line, on one line of their own and before the words that came with it. Those of
//! somebody else have a mark before them, as everything that is quoted.

use bigdecimal::{BigDecimal, FromPrimitive};

use super::attachment::{Attachment, content, words};

/// How much is listened to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How long a recording may play.
    pub seconds: u32,
    /// How large it may be.
    pub megabytes: u32,
}

impl Limits {
    /// How large it may be, in bytes.
    pub fn bytes(self) -> u64 {
        u64::from(self.megabytes) << 20
    }
}

/// The form of a recording, by its first bytes: the end of a name, by which endpoints know it, and the type. `None`: it is
/// none that is known here; its endpoint may know better.
pub fn form(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [b'O', b'g', b'g', b'S', ..] => Some(("ogg", "audio/ogg")),
        [b'I', b'D', b'3', ..] | [0xff, 0xf2 | 0xf3 | 0xfa | 0xfb, ..] => Some(("mp3", "audio/mpeg")),
        [0xff, 0xf0 | 0xf1 | 0xf8 | 0xf9, ..] => Some(("aac", "audio/aac")),
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => Some(("m4a", "audio/mp4")),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(("mp4", "video/mp4")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(("wav", "audio/wav")),
        [b'f', b'L', b'a', b'C', ..] => Some(("flac", "audio/flac")),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(("webm", "audio/webm")),
        _ => None,
    }
}

/// Whether Telegram plays it as a voice message: OGG with Opus, MP3 or M4A (Bot API, sendVoice).
pub fn is_voice(bytes: &[u8]) -> bool {
    const OPUS: &[u8] = b"OpusHead";
    // It stands in the first page, behind a head of 27 bytes and a table of up to 255.
    let first = &bytes[..bytes.len().min(512)];
    match form(bytes) {
        Some(("ogg", _)) => first.windows(OPUS.len()).any(|place| place == OPUS),
        Some((end, _)) => matches!(end, "mp3" | "m4a"),
        None => false,
    }
}

/// What it costs to listen for so long, at this price for a minute; what was begun of a second counts.
pub fn price_of(seconds: f64, minute: &BigDecimal) -> BigDecimal {
    let seconds = BigDecimal::from_f64(seconds.clamp(0.0, 1e6).ceil()).unwrap_or_default();
    (seconds * minute / BigDecimal::from(60)).round(12).normalized()
}

/// What was said, on one line, of what an endpoint wrote down. Nothing where it only names what is no speech: models write
/// `[BLANK_AUDIO]`, `(music)`, `*coughs*`, `♪`.
pub fn said(transcript: &str) -> String {
    let line =
        transcript.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    if has_words(&line) { line } else { String::new() }
}

fn has_words(line: &str) -> bool {
    let mut closing = None;
    for c in line.chars() {
        match (closing, c) {
            (Some(end), c) => closing = Some(end).filter(|end| *end != c),
            (None, '[') => closing = Some(']'),
            (None, '(') => closing = Some(')'),
            (None, '*') => closing = Some('*'),
            (None, c) if c.is_alphanumeric() => return true,
            (None, _) => {}
        }
    }
    false
}

/// A file, and what was said in it, if that is known.
pub type Heard<'a> = (&'a Attachment, Option<&'a str>);

/// A question with what was said in its recordings, wherever it does not have it yet. `foreign`: others said it.
pub fn with_said(question: &str, files: &[Heard<'_>], foreign: bool) -> String {
    let Some((above, pieces)) = captions(question, files) else { return question.to_owned() };
    let pieces: Vec<(&Attachment, String)> = pieces
        .into_iter()
        .zip(files)
        .map(|(caption, (file, said))| match said {
            Some(said) if !said.is_empty() => (*file, below(&marked(said, foreign), caption)),
            _ => (*file, caption.to_owned()),
        })
        .collect();
    let pieces = pieces.iter().map(|(file, words)| (Some(*file), words.as_str()));
    content(&std::iter::once((None, above)).chain(pieces).collect::<Vec<_>>())
}

/// The words above the first of these files, and those that came with each, without what was said in it. `None`: it is no
/// question with these files.
pub fn captions<'a>(question: &'a str, files: &[Heard<'_>]) -> Option<(&'a str, Vec<&'a str>)> {
    let (above, pieces) = words(question, &files.iter().map(|(file, _)| *file).collect::<Vec<_>>())?;
    Some((above, pieces.into_iter().zip(files).map(|(piece, (_, said))| caption(piece, *said)).collect()))
}

fn caption<'a>(piece: &'a str, said: Option<&str>) -> &'a str {
    let said = said.filter(|said| !said.is_empty());
    let (first, rest) = piece.split_once('\n').unwrap_or((piece, ""));
    let is_said = said.is_some_and(|said| first == said || first == marked(said, true));
    if is_said { rest } else { piece }
}

fn marked(said: &str, foreign: bool) -> String {
    if foreign { format!("> {said}") } else { said.to_owned() }
}

fn below(said: &str, caption: &str) -> String {
    if caption.is_empty() { said.to_owned() } else { format!("{said}\n{caption}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attachment::Kind;

    fn voice() -> Attachment {
        Attachment {
            kind: Kind::Voice,
            file_id: "id".to_owned(),
            unique_id: "unique".to_owned(),
            name: None,
            mime: None,
            bytes: None,
            pixels: None,
            seconds: Some(14),
        }
    }

    #[test]
    fn what_was_said_stands_once_below_its_line_and_is_told_from_the_words_that_came_with_it() {
        let voice = &voice();
        for (before, said, foreign, after, captions_of) in [
            ("[voice 0:14]", vec![Some("hello there")], false, "[voice 0:14]\nhello there", vec![""]),
            ("[voice 0:14]\nsee?", vec![Some("hello")], false, "[voice 0:14]\nhello\nsee?", vec!["see?"]),
            ("[voice 0:14]", vec![Some("/clear all")], true, "[voice 0:14]\n> /clear all", vec![""]),
            ("[voice 0:14]\nsee?", vec![Some("")], false, "[voice 0:14]\nsee?", vec!["see?"]),
            ("[voice 0:14]\nsee?", vec![None], false, "[voice 0:14]\nsee?", vec!["see?"]),
            (
                "[voice 1 of 2 0:14]\n[voice 2 of 2 0:14]\nb",
                vec![Some("one"), Some("two")],
                false,
                "[voice 1 of 2 0:14]\none\n[voice 2 of 2 0:14]\ntwo\nb",
                vec!["", "b"],
            ),
            ("no file", vec![Some("hello")], false, "no file", vec![]),
            ("see:\n[voice 0:14]", vec![Some("hello")], true, "see:\n[voice 0:14]\n> hello", vec![""]),
        ] {
            let files: Vec<Heard<'_>> = said.into_iter().map(|said| (voice, said)).collect();
            assert_eq!(with_said(before, &files, foreign), after);
            // Over a retry it is there already.
            assert_eq!(with_said(after, &files, foreign), after);
            assert_eq!(captions(after, &files).unwrap_or_default().1, captions_of, "{after}");
        }
    }

    #[test]
    fn what_was_said_is_one_line_and_noise_is_no_word() {
        for (transcript, expected) in [
            (" Hello there.\n\n How are you?\n", "Hello there. How are you?"),
            ("a\u{2028}b\u{0}c\rd", "a b c d"),
            ("[laughs] hello", "[laughs] hello"),
            ("Привет!", "Привет!"),
            ("", ""),
            (" \n", ""),
            ("[BLANK_AUDIO]", ""),
            ("(music playing) ♪♪ *coughs* [noise", ""),
            ("...", ""),
        ] {
            assert_eq!(said(transcript), expected, "{transcript:?}");
        }
    }

    #[test]
    fn a_price_is_for_a_minute_and_counts_seconds() {
        let price = "0.006".parse().unwrap();
        for (seconds, expected) in
            [(60.0, "0.006"), (14.2, "0.0015"), (0.0, "0"), (-3.0, "0"), (f64::NAN, "0")]
        {
            assert_eq!(price_of(seconds, &price), expected.parse::<BigDecimal>().unwrap(), "{seconds}");
        }
    }

    #[test]
    fn a_voice_message_is_ogg_with_opus_mp3_or_m4a() {
        for (bytes, expected) in [
            (&b"OggS\0\x02................OpusHead\x01"[..], true),
            (b"OggS\0\x02................\x01vorbis", false),
            (b"ID3\x04", true),
            (b"\0\0\0 ftypM4A ", true),
            (b"\0\0\0 ftypisom", false),
            (b"RIFF\0\0\0\0WAVE", false),
            (b"OpusHead", false),
            (b"", false),
        ] {
            assert_eq!(is_voice(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_form_is_known_by_its_first_bytes() {
        for (bytes, end) in [
            (&b"OggS\0"[..], Some("ogg")),
            (b"ID3\x04", Some("mp3")),
            (b"\xff\xfb\x90", Some("mp3")),
            (b"\0\0\0 ftypM4A ", Some("m4a")),
            (b"\0\0\0 ftypisom", Some("mp4")),
            (b"RIFF\0\0\0\0WAVE", Some("wav")),
            (b"RIFF\0\0\0\0WEBP", None),
            (b"fLaC", Some("flac")),
            (b"\x1a\x45\xdf\xa3", Some("webm")),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(form(bytes).map(|(end, _)| end), end, "{bytes:?}");
        }
    }
}
