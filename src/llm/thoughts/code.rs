//! Whether a place of a text stands in code: a mark there is an example, and means nothing.

/// How much of a thought before its mark says whether the mark is quoted, in bytes.
pub(super) const NEAR: usize = 90;

/// Whether what follows `before` stands in a block of code, or between backticks of its line.
pub(super) fn goes_on_behind(before: &str) -> bool {
    let mut fence: Option<(char, usize)> = None;
    let mut behind_blank = false;
    for line in before.split_inclusive('\n') {
        if !line.ends_with('\n') {
            let indented = behind_blank && line.trim().is_empty() && columns(line) >= 4;
            return fence.is_some() || indented || is_span_open(line);
        }
        fence = match (fence, fence_at(line)) {
            (None, Some((mark, length, info))) if !(mark == '`' && info.contains('`')) => {
                Some((mark, length))
            }
            (Some((open, least)), Some((mark, length, ""))) if mark == open && length >= least => None,
            (fence, _) => fence,
        };
        behind_blank = line.trim().is_empty();
    }
    fence.is_some()
}

/// Whether a mark within a thought is quoted: `` `</think>` ``. `None`: what follows will tell.
pub(super) fn quotes(thought: &str, start: usize, end: usize) -> Option<bool> {
    let before = &thought[thought.ceil_char_boundary(start.saturating_sub(NEAR))..start];
    let line = before.rsplit('\n').next().unwrap_or_default();
    let may_close = |quote: char| match quote {
        '`' => is_span_open(line),
        quote => before.ends_with(quote),
    };
    let mut quotes = ['`', '"', '\''].into_iter().filter(|quote| may_close(*quote)).peekable();
    if quotes.peek().is_none() {
        return Some(false);
    }
    let after = thought[end..].chars().next()?;
    Some(quotes.any(|quote| quote == after))
}

/// The marks that may open or close a block of code in this line, and what stands behind them. Marks of quotations and of list
/// items may stand before them.
fn fence_at(line: &str) -> Option<(char, usize, &str)> {
    let text =
        line.trim_start_matches(|c: char| c.is_whitespace() || c.is_ascii_digit() || ">-*+.)".contains(c));
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len() - info.len();
    (length >= 3).then_some((mark, length, info.trim()))
}

/// Whether a run of backticks is open at the end of the line.
fn is_span_open(line: &str) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let run = &rest[at..];
        let inside = run.trim_start_matches('`');
        let length = run.len() - inside.len();
        let Some(after) = behind_run(inside, length) else { return true };
        rest = after;
    }
    false
}

/// What stands behind the first run of exactly so many backticks.
fn behind_run(text: &str, length: usize) -> Option<&str> {
    let mut rest = text;
    loop {
        let run = &rest[rest.find('`')?..];
        rest = run.trim_start_matches('`');
        if run.len() - rest.len() == length {
            return Some(rest);
        }
    }
}

fn columns(space: &str) -> usize {
    space.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::goes_on_behind;

    #[test]
    fn code_is_told_from_text() {
        for before in [
            "see `",
            "see ``a ` b",
            "```\nb\n",
            "~~~ xml\nb\n",
            "````md\n```xml\na\n```\n",
            "1. ```xml\n   a\n",
            "> - ```\n> a\n",
            "a\n\n    ",
            "a\n\n\t",
        ] {
            assert!(goes_on_behind(before), "{before:?}");
        }
        for before in [
            "",
            "a",
            "see `a` and ``b ` c`` ",
            "```\nb\n```\n",
            "~~~\nb\n~~~\n",
            "a\n    ",
            "```a``` b\n",
            "a\n\n  ",
        ] {
            assert!(!goes_on_behind(before), "{before:?}");
        }
    }
}
