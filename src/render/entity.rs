//! Character references of HTML: `&lt;`, `&nbsp;`, `&#8212;`.

use std::borrow::Cow;

use pulldown_cmark::{Event, Parser};

/// The longest reference, in bytes.
const LONGEST: usize = 34;

/// The reference that begins the text: its length, and the characters it stands for.
pub(super) fn at(text: &str) -> Option<(usize, String)> {
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')? + 1;
    let name = &text[1..end - 1];
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#') {
        return None;
    }
    // The parser of Markdown has the table; a letter before it keeps a reference to a space from being trimmed.
    let source = format!("x{}", &text[..end]);
    let mut decoded = String::new();
    for event in Parser::new(&source) {
        if let Event::Text(text) = event {
            decoded.push_str(&text);
        }
    }
    let decoded = decoded.strip_prefix('x')?.to_owned();
    (decoded != text[..end]).then_some((end, decoded))
}

/// Whether the text could become a reference when more of it has come.
pub(super) fn may_come(text: &str) -> bool {
    text.len() <= LONGEST && text[1..].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')
}

/// The text with its references read.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    for (start, _) in text.match_indices('&') {
        if start >= from
            && let Some((length, decoded)) = at(&text[start..])
        {
            out.push_str(&text[from..start]);
            out.push_str(&decoded);
            from = start + length;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}
