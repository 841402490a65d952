//! In which language a page speaks.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};

use crate::domain::phrases::Language;

/// The cookie that holds the choice of a language.
pub(super) const COOKIE_NAME: &str = "systech-aidd-language";

/// What was chosen on a page; else the first of the browser's languages that the console speaks.
pub(super) fn of(headers: &HeaderMap) -> Language {
    let chosen = cookie(headers, COOKIE_NAME);
    if let Some(chosen) = Language::ALL.into_iter().find(|language| chosen == Some(language.code())) {
        return chosen;
    }
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = accepted.split(',').find_map(|range| {
        let primary = range.split([';', '-']).next()?.trim();
        Language::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    });
    known.unwrap_or(Language::English)
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(other, _)| *other == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_comes_first_and_then_what_the_browser_prefers() {
        for (cookies, accepted, expected) in [
            ("", "", Language::English),
            ("", "de, ru-RU;q=0.8, en;q=0.5", Language::Russian),
            ("", "en-GB,ru", Language::English),
            ("a=b; systech-aidd-language=ru", "en", Language::Russian),
            ("systech-aidd-language=xx", "ru", Language::Russian),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, cookies.parse().unwrap());
            headers.insert(ACCEPT_LANGUAGE, accepted.parse().unwrap());
            assert_eq!(of(&headers), expected, "{cookies} {accepted}");
        }
    }
}
