//! Files that a person sends: `/file PATH words`, or a path that was dragged into the terminal, with words behind it.

use std::path::{Path, PathBuf};

use sandbox::telegram::Said;
use sandbox::{Person, Telegram};
use serde_json::json;
use systech_aidd::domain::attachment::picture_type;
use systech_aidd::domain::sound;

/// A file that a line names, and the words behind it.
pub(super) fn named(line: &str) -> Option<(PathBuf, String)> {
    let asked = line.strip_prefix("/file ");
    let (path, words) = first_word(asked.unwrap_or(line));
    let path = PathBuf::from(path);
    let is_one = asked.is_some() || (path.is_absolute() && path.is_file());
    is_one.then_some((path, words))
}

/// The first word as a shell reads it, for terminals write the path of what is dragged into them like that; and the rest.
fn first_word(line: &str) -> (String, String) {
    let mut word = String::new();
    let mut quote = None;
    let mut characters = line.trim_start().chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' if quote != Some('\'') => word.extend(characters.next()),
            _ if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            _ if c.is_whitespace() && quote.is_none() => break,
            _ => word.push(c),
        }
    }
    (word, characters.as_str().trim().to_owned())
}

/// Sends a file as Telegram's apps send one: a recording of speech, a recording, or a file that is not to be made smaller.
pub(super) fn send(telegram: &Telegram, person: &Person, path: &Path, words: &str) -> std::io::Result<Said> {
    let bytes = std::fs::read(path)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mime = picture_type(&bytes).unwrap_or("application/octet-stream");
    let mut fields = match sound::form(&bytes) {
        Some(("mp4" | "webm", _)) | None => telegram.document(&name, mime, &bytes),
        Some((end, mime)) => {
            let mut recording = telegram.keep(&bytes);
            (recording["mime_type"], recording["file_name"]) = (json!(mime), json!(name));
            if end == "ogg" { json!({"voice": recording}) } else { json!({"audio": recording}) }
        }
    };
    if !words.is_empty() {
        fields["caption"] = json!(words);
    }
    Ok(telegram.post(person, &fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_terminals_write_it() {
        for (line, word, words) in [
            ("/a/b.png", "/a/b.png", ""),
            ("/a/b.png  what is it?", "/a/b.png", "what is it?"),
            ("'/a/b c.png' what?", "/a/b c.png", "what?"),
            ("/a/b\\ c.png what?", "/a/b c.png", "what?"),
            ("\"/a/b\\\"c.png\"", "/a/b\"c.png", ""),
            ("'/a/it'\\''s.png'", "/a/it's.png", ""),
        ] {
            assert_eq!(first_word(line), (word.to_owned(), words.to_owned()), "{line}");
        }
        assert_eq!(named("/file soup.png what?"), Some((PathBuf::from("soup.png"), "what?".to_owned())));
        for line in ["hello", "/help", "/no/such/file.png", "files"] {
            assert_eq!(named(line), None, "{line}");
        }
    }
}
