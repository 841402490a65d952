//! `.env`, as the predecessor's python-dotenv read it: values with spaces need no quotes there, and a lone `$` is a
//! dollar. dotenvy is stricter, so such values are quoted before it sees them.
//!
//! An error names the line, never what is in it.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The file, in the working directory.
const FILE: &str = ".env";
/// What is wrong with it where [`exposed`] says so.
pub const EXPOSED: &str = ".env can be read by other users of this machine";
/// What to do about that.
pub const REMEDY: &str = "chmod 600 .env";

/// Adds `.env` of the working directory to the environment; what the environment has already wins. No file is no
/// fault.
pub fn load() -> anyhow::Result<()> {
    match std::fs::read(Path::new(FILE)).map(String::from_utf8) {
        Ok(Ok(text)) => load_text(text.trim_start_matches('\u{feff}')),
        Ok(Err(_)) => anyhow::bail!(".env is not UTF-8 text"),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => anyhow::bail!(".env cannot be read: {error}"),
    }
}

/// Whether other users can read the file: who can, can be the bot. `None`: there is no file.
pub fn exposed() -> Option<bool> {
    let file = std::fs::metadata(FILE).ok()?;
    Some(file.permissions().mode() & 0o044 != 0)
}

fn load_text(text: &str) -> anyhow::Result<()> {
    // line by line as far as values go, so that a fault is known by its line, and takes no other line with it
    let faulty: Vec<_> = entries(text)
        .into_iter()
        .filter(|(_, entry)| dotenvy::from_read(quoted(entry).as_bytes()).is_err())
        .map(|(number, _)| number.to_string())
        .collect();
    let (lines, are) = match faulty.len() {
        0 => return Ok(()),
        1 => ("line", "is"),
        _ => ("lines", "are"),
    };
    anyhow::bail!(
        ".env, {lines} {}, {are} not of the form NAME=value (quotes around a value must be closed)",
        faulty.join(" and ")
    )
}

/// The lines with their numbers; a value whose quotes close on a later line is one entry.
fn entries(text: &str) -> Vec<(usize, String)> {
    let mut entries: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match entries.last_mut().filter(|_| open) {
            Some((_, entry)) => {
                entry.push('\n');
                entry.push_str(line);
            }
            None => entries.push((index + 1, line.to_owned())),
        }
        open = entries.last().is_some_and(|(_, entry)| has_open_quote(entry));
    }
    entries
}

fn has_open_quote(entry: &str) -> bool {
    let Some((name, value)) = entry.split_once('=') else { return false };
    let value = value.trim_start();
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return false };
    let mut escaped = false;
    let closes = |c: char| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    };
    !name.trim_start().starts_with('#') && !value[1..].chars().any(closes)
}

/// The entry with its value in quotes, if it is one that dotenvy would take otherwise than python-dotenv.
fn quoted(entry: &str) -> String {
    let Some((name, value)) = entry.split_once('=').filter(|_| !entry.trim_start().starts_with('#')) else {
        return entry.to_owned();
    };
    // an unquoted value ends at a comment, which begins with white space
    let value = value.trim_start();
    let comment =
        value.char_indices().find(|(at, c)| *c == '#' && value[..*at].ends_with(char::is_whitespace));
    let bare = value[..comment.map_or(value.len(), |(at, _)| at)].trim_end();
    let plain = !bare.contains(|c: char| c.is_whitespace() || matches!(c, '$' | '\\' | '"' | '\''));
    if value.starts_with(['"', '\'']) || plain || bare.contains("${") {
        return entry.to_owned();
    }
    let mut quoted = format!("{name}=\"");
    for c in bare.chars() {
        if matches!(c, '"' | '\\' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        entries(text)
            .into_iter()
            .flat_map(|(_, entry)| {
                dotenvy::from_read_iter(quoted(&entry).as_bytes()).collect::<Result<Vec<_>, _>>().unwrap()
            })
            .collect()
    }

    #[test]
    fn values_are_what_python_dotenv_would_make_of_them() {
        for (line, value) in [
            ("A=plain", "plain"),
            ("A = spaced # comment", "spaced"),
            ("A=Ваш помощник по питанию", "Ваш помощник по питанию"),
            ("A=with spaces # and a comment", "with spaces"),
            ("A=it's fine", "it's fine"),
            ("A=say \"hi\" twice", "say \"hi\" twice"),
            ("A=postgresql://u:pa$$word@h/d", "postgresql://u:pa$$word@h/d"),
            ("A=back\\slash", "back\\slash"),
            ("A='single $quoted'", "single $quoted"),
            ("A=\"double quoted\" # comment", "double quoted"),
            ("A=a#b", "a#b"),
            ("export A=exported", "exported"),
            ("A=", ""),
        ] {
            assert_eq!(read(line), [("A".to_owned(), value.to_owned())], "{line}");
        }
    }

    #[test]
    fn a_value_may_go_over_lines_in_quotes() {
        let text = "# first\nA=\"one\ntwo = 2\"\nB='x\n$y'\n";
        let expected = [("A", "one\ntwo = 2"), ("B", "x\n$y")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(read(text), expected);
        assert_eq!(entries(text).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 4]);
    }
}
