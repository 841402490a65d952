//! JSON that PostgreSQL can keep.

use std::borrow::Cow;

/// Replaces what is legal in JSON but not in text that PostgreSQL can keep: NUL, and halves of surrogate pairs.
pub(super) fn well_formed(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
    let unit = |at: usize| {
        let escape = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut out = String::with_capacity(json.len());
    let mut rest = 0;
    while let Some(found) = json[rest..].find('\\') {
        let at = rest + found;
        out.push_str(&json[rest..at]);
        let (taken, keep) = match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, true),
            (Some(0 | 0xD800..=0xDFFF), _) => (6, false),
            (Some(_), _) => (6, true),
            // `\\`, `\"` and their like; a character after the backslash may be longer in broken JSON only
            (None, _) => (1 + json[at + 1..].chars().next().map_or(0, char::len_utf8), true),
        };
        out.push_str(if keep { &json[at..at + taken] } else { "\\ufffd" });
        rest = at + taken;
    }
    out.push_str(&json[rest..]);
    Cow::Owned(out)
}
