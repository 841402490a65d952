//! Addresses in the text: the target of a link, and an address that stands for itself.

/// The longest target looked for, in bytes.
const MAX_BYTES: usize = 4096;

/// The target in parentheses that begins the text, and its length with them.
pub(super) fn target(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix('(')?;
    let rest = inner.trim_start();
    let (target, after) = match rest.strip_prefix('<') {
        Some(rest) => {
            let end = rest.bytes().take(MAX_BYTES).position(|byte| byte == b'>' || byte == b'\n')?;
            (&rest[..end], rest[end..].strip_prefix('>')?)
        }
        None => rest.split_at(balanced(rest)?),
    };
    let spaced = after.trim_start();
    let after = if spaced.len() < after.len() {
        title(spaced).map_or(spaced, |length| &spaced[length..])
    } else {
        after
    };
    let end = after.trim_start().strip_prefix(')')?;
    Some((target, text.len() - end.len()))
}

/// The length of an address whose parentheses are balanced.
fn balanced(text: &str) -> Option<usize> {
    const DEEPEST: usize = 32;
    let mut depth = 0;
    for (at, c) in text.char_indices().take(MAX_BYTES) {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            c if c.is_whitespace() || c.is_control() => return (depth == 0).then_some(at),
            _ => {}
        }
        if depth > DEEPEST {
            return None;
        }
    }
    None
}

/// The length of a link's title.
fn title(text: &str) -> Option<usize> {
    let open = text.chars().next()?;
    let close = match open {
        '"' | '\'' => open,
        '(' => ')',
        _ => return None,
    };
    text.char_indices().take(MAX_BYTES).skip(1).find(|(_, c)| *c == close).map(|(at, c)| at + c.len_utf8())
}

/// The length of the rest of an address at whose `://` the text begins. The marks of formats at its end are none of its
/// own.
pub(super) fn rest_of_address(text: &str) -> usize {
    let ends = |(at, c): (usize, char)| {
        c.is_whitespace()
            || "<>`\"[]|«»“”，。；：！？、（）【】《》「」".contains(c)
            || ["**", "~~", "$$"].iter().any(|mark| text[at..].starts_with(mark))
    };
    let end = text.char_indices().find(|place| ends(*place)).map_or(text.len(), |(at, _)| at);
    text[..end].trim_end_matches(['*', '_', '~', '$', '\\', '\'']).len().max("://".len().min(end))
}

/// The address between angle brackets that begins the text.
pub(super) fn bracketed(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let end = inner.bytes().take(MAX_BYTES).position(|byte| b"<> \n".contains(&byte))?;
    let (address, after) = inner.split_at(end);
    let scheme = address.split_once("://").is_some_and(|(scheme, rest)| {
        let letters = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && letters && !rest.is_empty()
    });
    let mail =
        address.strip_prefix("mailto:").unwrap_or(address).split_once('@').is_some_and(|(name, host)| {
            let part = |text: &str| {
                !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
            };
            part(name) && part(host) && host.contains('.')
        });
    (after.starts_with('>') && (scheme || mail)).then_some(address)
}

/// Whether the text could become an address between angle brackets when more of it has come.
pub(super) fn may_come(text: &str) -> bool {
    let inner = &text[1..];
    !inner.contains(|c: char| c.is_whitespace() || c == '>' || c == '<')
        && ["http://", "https://", "mailto:"].iter().any(|it| it.starts_with(inner) || inner.starts_with(it))
}

/// Whether a target could be an address at all, and no argument or index: `f[i](x)`.
pub(super) fn is_plausible(target: &str) -> bool {
    target.contains([':', '/', '.', '#', '@', '?', '%', '&'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_ends_with_its_parenthesis() {
        assert_eq!(target("(https://example.com/a_(b)?c) x"), Some(("https://example.com/a_(b)?c", 29)));
        assert_eq!(target("( <a b> \"title\" )"), Some(("a b", 17)));
        assert_eq!(target("(a 'it')"), Some(("a", 8)));
        assert_eq!(target("()"), Some(("", 2)));
        for text in ["(a b)", "(a", "(a \"x)", "[a]"] {
            assert_eq!(target(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_keeps_its_marks_and_leaves_those_behind_it() {
        for (text, rest) in [
            ("://a.b/_x_/*y* z", "://a.b/_x_/*y"),
            ("://a.b/c_d**, e", "://a.b/c_d"),
            ("://a.b/c)_", "://a.b/c)"),
            ("://a.b，谢谢", "://a.b"),
            ("://", "://"),
        ] {
            assert_eq!(&text[..rest_of_address(text)], rest, "{text}");
        }
        assert_eq!(bracketed("<https://example.com/a> b"), Some("https://example.com/a"));
        assert_eq!(bracketed("<a.b@example.com>"), Some("a.b@example.com"));
        for text in ["<T>", "<a b>", "<https://example.com", "<key:value>", "<std::string>"] {
            assert_eq!(bracketed(text), None, "{text}");
        }
    }
}
