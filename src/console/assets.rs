//! The style, the script and the sign of the console, from inside the program.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

pub(super) const CSS: Asset =
    Asset::new("/assets/console.css", "text/css; charset=utf-8", include_str!("assets/console.css"));
pub(super) const SCRIPT: Asset =
    Asset::new("/assets/console.js", "text/javascript; charset=utf-8", include_str!("assets/console.js"));
pub(super) const ICON: Asset =
    Asset::new("/assets/icon.svg", "image/svg+xml", include_str!("assets/icon.svg"));

/// A file that pages load.
#[derive(Clone, Copy)]
pub(super) struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
    /// A hash of the text.
    key: u64,
}

impl Asset {
    const fn new(path: &'static str, kind: &'static str, text: &'static str) -> Self {
        Self { path, kind, text, key: hash(text.as_bytes()) }
    }

    /// What pages load: an address that changes with what it leads to, and so stays good for a year.
    pub(super) fn address(self) -> String {
        format!("{}?{:016x}", self.path, self.key)
    }

    /// What is there. Under the key of another version, as of a page from before an update, it is good for this time only.
    pub(super) fn answer(self, key: Option<&str>) -> Response {
        let is_ours = key.is_some_and(|key| key == format!("{:016x}", self.key));
        let kept = if is_ours { "private, max-age=31536000, immutable" } else { "no-cache" };
        ([(CONTENT_TYPE, self.kind), (CACHE_CONTROL, kept)], self.text).into_response()
    }
}

/// FNV-1a: it tells versions of a file apart, and guards nothing.
const fn hash(bytes: &[u8]) -> u64 {
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x100_0000_01b3);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_text_has_another_address() {
        let of = |text| Asset::new("/assets/x", "text/plain", text).address();
        assert_eq!(of("one"), of("one"));
        assert_ne!(of("one"), of("two"));
        // As the authors of the hash have it.
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
