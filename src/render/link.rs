//! Which addresses out of a model's text become links, and what is shown of the others.
//!
//! Only `http` and `https` do. `tg:` could mention strangers (`tg://user?id=…`) or open dialogs of the client,
//! `mailto:` is not a link to Telegram, and a relative path has no page to be relative to: those are shown as text.

/// The longest address made a link; a longer one stays readable as text.
const MAX_BYTES: usize = 2048;

/// Whether the address may be a link's target.
pub(super) fn allowed(address: &str) -> bool {
    let Some(rest) = without_scheme(address) else { return false };
    address.len() <= MAX_BYTES
        && rest.starts_with(char::is_alphanumeric)
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\')
}

/// Whether the text is the address itself, as people write addresses: without scheme, `www.` or last slash.
fn is_address(text: &str, address: &str) -> bool {
    bare(text) == bare(address)
}

/// Whether the text reads as an address, so that it could lie about where the link goes.
pub(super) fn looks_like_address(text: &str) -> bool {
    let host = bare(text).split(['/', '?', '#', ':']).next().unwrap_or_default();
    let plausible = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    text.contains("://")
        || host.rsplit_once('.').is_some_and(|(name, zone)| {
            name.split('.').all(plausible) && zone.len() > 1 && zone.chars().all(char::is_alphabetic)
        })
}

/// What a reader is told of the target beside the link's text: nothing where the text is the target.
pub(super) fn aside(text: &str, address: &str) -> String {
    match shown(address) {
        "" => String::new(),
        _ if is_address(text, address) => String::new(),
        shown => format!(" ({shown})"),
    }
}

/// The address as it is shown to a reader.
pub(super) fn shown(address: &str) -> &str {
    address.strip_prefix("mailto:").unwrap_or(address)
}

fn bare(address: &str) -> &str {
    let address = shown(address.trim());
    let address = without_scheme(address).unwrap_or(address);
    address.strip_prefix("www.").unwrap_or(address).trim_end_matches('/')
}

fn without_scheme(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        for address in ["https://example.com", "HTTP://пример.рф/путь?q=1", "https://[broken"] {
            assert_eq!(allowed(address), !address.ends_with("[broken"), "{address}");
        }
        for address in [
            "tg://user?id=1",
            "mailto:a@b.c",
            "javascript:alert(1)",
            "src/main.rs",
            "#top",
            "https://a b",
            "",
        ] {
            assert!(!allowed(address), "{address}");
        }
        assert!(!allowed(&format!("https://example.com/{}", "a".repeat(MAX_BYTES))));
    }

    #[test]
    fn a_text_that_names_another_place_is_noticed() {
        assert!(is_address("www.example.com", "https://example.com/"));
        assert!(!is_address("bank.example", "https://evil.example"));
        assert!(looks_like_address("bank.example/login"));
        assert!(!looks_like_address("см. раздел 2.1"));
        assert!(!looks_like_address("read this."));
    }
}
