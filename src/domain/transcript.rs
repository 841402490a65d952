//! A dialogue as text for people, message by message.

use std::borrow::Cow;
use std::fmt::Write;

/// One message: its heading, and below it the text, indented, with an empty line behind it.
pub fn entry(heading: &str, text: &str) -> String {
    let mut entry = format!("{heading}\n");
    for line in harmless(text).lines() {
        // Writing to a string does not fail.
        let _ = writeln!(entry, "{}", format!("    {line}").trim_end());
    }
    entry.push('\n');
    entry
}

/// The heading of a message that was said at this time (ISO 8601), by this role, perhaps cleared at another time.
pub fn heading(created_at: &str, role: &str, cleared_at: Option<&str>) -> String {
    let note = cleared_at.map(|at| format!("  (cleared {})", time(at)));
    format!("{}  {role}{}", time(created_at), note.unwrap_or_default())
}

/// A time for people: to the second.
pub fn time(iso: &str) -> String {
    iso.get(..19).unwrap_or(iso).replace('T', " ")
}

/// What people write may hold commands to a terminal: they are shown, not obeyed.
fn harmless(text: &str) -> Cow<'_, str> {
    let command = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(command) { text.replace(command, "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gives_the_terminal_no_commands() {
        assert_eq!(harmless("a\u{1b}[2Jb\r\n\tc\u{9b}"), "a\u{fffd}[2Jb\u{fffd}\n\tc\u{fffd}");
        assert!(matches!(harmless("привет\n"), Cow::Borrowed(_)));
    }
}
