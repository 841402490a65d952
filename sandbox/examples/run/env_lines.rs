//! The text of `.env`, line by line, as the bot reads it: which lines set something, and the text with one more.

use std::ops::Range;

/// A line that sets something. Of several about one name the last counts.
struct Assignment<'a> {
    name: &'a str,
    value: &'a str,
    /// Where the value begins in the text, and where it ends: before a comment, or at the end of the line.
    range: Range<usize>,
}

/// Whether the text sets this to something.
pub(super) fn sets(text: &str, name: &str) -> bool {
    last(text, name).is_some_and(|line| !line.value.trim().is_empty())
}

/// The text with this setting: in its own line where that is empty, else at the end.
pub(super) fn with(text: &str, name: &str, value: &str) -> String {
    let value = literal(value);
    if let Some(line) = last(text, name).filter(|line| line.value.trim().is_empty()) {
        return format!("{}{value}{}", &text[..line.range.start], &text[line.range.end..]);
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{name}={value}{end}")
}

fn last<'a>(text: &'a str, name: &str) -> Option<Assignment<'a>> {
    assignments(text).into_iter().rfind(|line| line.name == name)
}

fn assignments(text: &str) -> Vec<Assignment<'_>> {
    let mut found = Vec::new();
    let mut begin = 0;
    while begin < text.len() {
        let mut end = end_of_line(text, begin);
        let line = &text[begin..end];
        if let Some((name, after)) = line.split_once('=').filter(|_| !line.trim_start().starts_with('#')) {
            let name = name.trim_start_matches('\u{feff}').trim();
            let name =
                name.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(name);
            let start = end - after.len();
            let (value, length) = quoted(&text[start..]).unwrap_or_else(|| bare(after));
            found.push(Assignment { name: name.trim(), value, range: start..start + length });
            end = end_of_line(text, start + length);
        }
        begin = end;
    }
    found
}

fn end_of_line(text: &str, begin: usize) -> usize {
    text[begin..].find('\n').map_or(text.len(), |length| begin + length + 1)
}

/// A value in quotes, on however many lines, and how far it goes.
fn quoted(text: &str) -> Option<(&str, usize)> {
    let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
    let inside = blanks + 1;
    let quote = text[blanks..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    let length = text[inside..].find(|c| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    Some((&text[inside..inside + length], inside + length + 1))
}

/// A value without quotes, up to a comment, which begins with white space.
fn bare(line: &str) -> (&str, usize) {
    let line = line.trim_end_matches(['\r', '\n']);
    let comment = line.match_indices('#').find(|(at, _)| line[..*at].ends_with([' ', '\t']));
    let value = comment.map_or(line, |(at, _)| &line[..at]).trim_end();
    (value, value.len())
}

/// The value as the readers of such files understand it. `${` would begin the name of another setting.
fn literal(value: &str) -> String {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/@%+=?&,~".contains(c)) {
        return value.to_owned();
    }
    let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
    format!("'{}'", escaped.replace("${", "${_DOLLAR:-$}{"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_comes_to_the_end_and_what_stands_there_stays() {
        for (text, expected) in [
            ("", "A=x\n"),
            ("# c\nB=1\n", "# c\nB=1\nA=x\n"),
            ("B=1", "B=1\nA=x\n"),
            ("B=1\r\nC=2\r\n", "B=1\r\nC=2\r\nA=x\r\n"),
            ("B=1\r\nC=2", "B=1\r\nC=2\r\nA=x\r\n"),
            ("# A=\n#A=y\n", "# A=\n#A=y\nA=x\n"),
            ("AA=\nB=A=\n", "AA=\nB=A=\nA=x\n"),
            ("B='first\nA=\nlast'\n", "B='first\nA=\nlast'\nA=x\n"),
            ("no assignment\n", "no assignment\nA=x\n"),
        ] {
            assert_eq!(with(text, "A", "x"), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_that_is_empty_is_filled_where_it_stands() {
        for (text, expected) in [
            ("A=\nB=1\n", "A=x\nB=1\n"),
            ("A=", "A=x"),
            ("A=\r\nB=1\r\n", "A=x\r\nB=1\r\n"),
            ("export A = \nB=1\n", "export A =x \nB=1\n"),
            ("\u{feff}A=\n", "\u{feff}A=x\n"),
            ("A=\"\"\n", "A=x\n"),
            ("A= # the token\nB=1", "A=x # the token\nB=1"),
            ("A=' ' # the token\nB=1", "A=x # the token\nB=1"),
            ("A='\n'\nB=1", "A=x\nB=1"),
            ("A=\nB=1\nA=\n", "A=\nB=1\nA=x\n"),
            ("A=1\nA=\n", "A=1\nA=x\n"),
        ] {
            assert_eq!(with(text, "A", "x"), expected, "{text:?}");
        }
    }

    #[test]
    fn a_value_is_quoted_where_it_has_to_be() {
        for (value, expected) in [
            ("123:AA-b_c", "123:AA-b_c"),
            ("postgresql://u:p%40x@h:5/d?a=b&c=d", "postgresql://u:p%40x@h:5/d?a=b&c=d"),
            ("a b", "'a b'"),
            ("a#b$c\"d", "'a#b$c\"d'"),
            ("it's \\ 5", r"'it\'s \\ 5'"),
        ] {
            assert_eq!(literal(value), expected);
        }
    }

    #[test]
    fn what_is_set_is_told_from_what_is_empty() {
        for text in [
            "A=1",
            "export A='x'\n",
            "A=\"\n1\"\n",
            "A=\nA=2",
            "A=#\n",
            "B='\nA=\n'\nA=1",
            "B='\\'\nA=1\n'\nA=2",
        ] {
            assert!(sets(text, "A"), "{text:?}");
        }
        for text in ["", "A=", "A=''", "A=\" \"\r\n", "#A=1", "B=A=1", "A=1\nA=", "B='\nA=1\n'", "A= # 1"] {
            assert!(!sets(text, "A"), "{text:?}");
        }
    }
}
