//! What a single line begins: a quotation, an item of a list, a heading, a fence, a table.

/// A line taken apart: what stands before its text, and the text.
#[derive(Clone, Copy)]
pub(in crate::render) struct Line<'a> {
    /// How many quotations it is marked as part of.
    pub(in crate::render) quotes: usize,
    /// How many columns of space stand behind the marks of the quotations.
    pub(in crate::render) indent: usize,
    /// At which column behind them the text of the list item begins that begins with this line; 0 if none does.
    pub(in crate::render) item: usize,
    /// The text behind all marks.
    pub(in crate::render) text: &'a str,
    /// Where in the line the text begins.
    pub(in crate::render) start: usize,
}

impl<'a> Line<'a> {
    pub(in crate::render) fn of(line: &'a str) -> Self {
        let line = line.strip_suffix('\n').unwrap_or(line);
        // Most lines begin with a word.
        if !line.starts_with(|c: char| c.is_ascii_digit() || " \t>-*+".contains(c)) {
            return Self { quotes: 0, indent: 0, item: 0, text: line, start: 0 };
        }
        let text = unmarked(line);
        let start = line.len() - text.len();
        let marks = &line[..start];
        let quotes = marks.matches('>').count();
        let behind = marks.rsplit('>').next().unwrap_or_default();
        // One space belongs to the mark of a quotation.
        let behind = behind.strip_prefix(' ').filter(|_| quotes > 0).unwrap_or(behind);
        let spaces = &behind[..behind.len() - behind.trim_start().len()];
        let item = if spaces.len() == behind.len() { 0 } else { columns(behind) };
        Self { quotes, indent: columns(spaces), item, text, start }
    }
}

/// The line without the marks of so many quotations, if it has so many.
pub(in crate::render) fn within_quotes(line: &str, quotes: usize) -> Option<&str> {
    let mut rest = line;
    for _ in 0..quotes {
        let inside = rest.trim_start_matches([' ', '\t']).strip_prefix('>')?;
        rest = inside.strip_prefix(' ').unwrap_or(inside);
    }
    Some(rest)
}

/// How many columns the text takes, a tab for four.
pub(in crate::render) fn columns(text: &str) -> usize {
    text.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

/// The text without quote marks and list markers before it.
fn unmarked(line: &str) -> &str {
    let mut rest = line.trim_start_matches([' ', '\t', '>']);
    while let Some(after) = after_list_marker(rest) {
        rest = after.trim_start_matches([' ', '\t', '>']);
    }
    rest
}

/// What follows a list marker at the start of the text, if one stands there.
///
/// A number is none with more than three digits (it is a year), nor with nothing behind it, nor before another one
/// (`1. 2. 3.`): those are figures.
pub(in crate::render) fn after_list_marker(text: &str) -> Option<&str> {
    let numbered = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = match text.len() - numbered.len() {
        0 => text.strip_prefix(['-', '*', '+']),
        1..=3 => numbered.strip_prefix(['.', ')']).filter(|rest| is_said(rest)),
        _ => None,
    };
    rest.filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']))
}

/// Whether what follows a number is something to be numbered.
fn is_said(rest: &str) -> bool {
    let text = rest.trim_start();
    let other = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = other.len() < text.len()
        && other.starts_with(['.', ')'])
        && !other[1..].starts_with(char::is_alphanumeric);
    !text.is_empty() && !numbered
}

/// Whether the text is a heading (`#` to `######`).
pub(in crate::render) fn is_heading(text: &str) -> bool {
    let rest = text.trim_start_matches('#');
    (1..=6).contains(&(text.len() - rest.len())) && (rest.is_empty() || rest.starts_with([' ', '\t', '\n']))
}

/// Whether the line may be a row of a table. Two bars before a word hide it: that is a spoiler.
pub(in crate::render) fn is_row(line: &str) -> bool {
    let text = line.trim_start_matches([' ', '\t', '>']);
    let spoiler = text.strip_prefix("||").is_some_and(|rest| !rest.starts_with([' ', '|', '\n']));
    text.starts_with('|') && !spoiler
}

/// How many columns a line makes that divides the head of a table from its rows, if it is such a line.
pub(in crate::render) fn columns_divided(text: &str) -> Option<usize> {
    let row = text.trim();
    if !row.starts_with(['|', ':', '-']) {
        return None;
    }
    let cells = row.strip_prefix('|').unwrap_or(row);
    let cells = cells.strip_suffix('|').unwrap_or(cells);
    let cell = |cell: &str| {
        let cell = cell.trim();
        let dashes = cell.trim_start_matches(':').trim_end_matches(':');
        !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
    };
    let count = cells.split('|').count();
    ((row.contains('|') || row.contains(':')) && cells.split('|').all(cell)).then_some(count)
}

/// Whether the text is all marks: a rule, or what makes a heading of the line above.
pub(in crate::render) fn is_rule(text: &str) -> bool {
    let text = text.trim();
    text.chars().next().is_some_and(|mark| {
        "-*_=".contains(mark) && text.chars().all(|c| c == mark || (mark != '=' && matches!(c, ' ' | '\t')))
    })
}

/// A fence: its character, its length, and the info string behind it.
pub(in crate::render) fn fence(text: &str) -> Option<(char, usize, &str)> {
    let text = text.trim_end();
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length, info.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_at_the_beginning_of_a_line_number_nothing() {
        for text in ["1. first", "12) twelfth", "- a", "* a", "+ plus", "1. 5 apples", "1. 2.5 litres", "-"] {
            assert!(after_list_marker(text).is_some(), "{text}");
        }
        for text in ["2024. It was", "1. 2. 3.", "1.", "1. ", "3.14", "+7 999", "-5", "*a*", "1) 2)"] {
            assert!(after_list_marker(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_line_that_divides_a_table_is_told_from_a_rule() {
        assert_eq!(columns_divided("|---|:-:|"), Some(2));
        assert_eq!(columns_divided("---|---|---"), Some(3));
        assert_eq!(columns_divided(":-"), Some(1));
        assert_eq!(columns_divided("---"), None);
        assert_eq!(columns_divided("| a |"), None);
    }
}
