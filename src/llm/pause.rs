//! The pause that an endpoint asks for, in its headers or in its words.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The pause asked for by `retry-after-ms`, or by `Retry-After` as seconds, as a date (RFC 9110, 10.2.3) or in words.
pub(super) fn of_headers(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = text("retry-after-ms").and_then(|text| number(text, 0.001));
    let after = || {
        let text = text("retry-after")?;
        number(text, 1.0).or_else(|| of_date(text)).or_else(|| duration(text))
    };
    // OpenAI and Groq tell when what is used up comes back ("6m0s")
    let reset = |what: &str| {
        let used_up = text(&format!("x-ratelimit-remaining-{what}")) == Some("0");
        used_up.then(|| duration(text(&format!("x-ratelimit-reset-{what}"))?))?
    };
    milliseconds.or_else(after).or_else(|| reset("requests").max(reset("tokens")))
}

fn of_date(text: &str) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The pause in a field of an error: Gemini's `retryDelay`, `retry_after`, `Retry-After` among quoted headers.
pub(super) fn of_field(name: &str, value: &Value) -> Option<Duration> {
    let name = name.to_ascii_lowercase().replace(['_', '-'], "");
    let unit = match name.as_str() {
        "retryafter" | "retrydelay" | "retryafterseconds" | "retryinseconds" => 1.0,
        "retryafterms" => 0.001,
        _ => return None,
    };
    match value {
        Value::Number(number) => Duration::try_from_secs_f64(number.as_f64()? * unit).ok(),
        Value::String(text) => number(text, unit).or_else(|| duration(text)),
        _ => None,
    }
}

/// The pause in a sentence: "Please try again in 6m0s.", "retry after 26 seconds".
pub(super) fn of_words(words: &str) -> Option<Duration> {
    ["try again in ", "retry in ", "retry after ", "try again after ", "wait ", "available in "]
        .into_iter()
        .find_map(|phrase| {
            words.match_indices(phrase).find_map(|(at, _)| duration(&words[at + phrase.len()..]))
        })
}

fn number(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * unit).ok()
}

/// Reads `6m0s`, `1h2m3.5s`, `250ms`, `20s`, `26 seconds`, `1 minute and 5 seconds` at the beginning of a text.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut total = None;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(number) = rest[..digits].parse::<f64>() else { return total };
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let seconds = match &rest[..letters] {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => return total,
        };
        let more = Duration::try_from_secs_f64(number * seconds).ok()?;
        total = Some(total.unwrap_or(Duration::ZERO).saturating_add(more));
        rest = rest[letters..].trim_start();
        rest = rest.strip_prefix("and ").or_else(|| rest.strip_prefix(',')).unwrap_or(rest).trim_start();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seconds(pause: Option<Duration>) -> Option<f64> {
        pause.map(|pause| pause.as_secs_f64())
    }

    #[test]
    fn headers_tell_the_pause_in_every_form() {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
        for (headers, least, most) in [
            (vec![("retry-after", "7")], 7.0, 7.0),
            (vec![("retry-after", "7"), ("retry-after-ms", "250")], 0.25, 0.25),
            (vec![("retry-after", date.as_str())], 85.0, 90.0),
            (vec![("retry-after", "6m0s")], 360.0, 360.0),
            (
                vec![("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")],
                360.0,
                360.0,
            ),
            (
                vec![
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "250ms"),
                    ("retry-after", "2"),
                ],
                2.0,
                2.0,
            ),
        ] {
            let pause = seconds(of_headers(&of(&headers))).unwrap();
            assert!((least..=most).contains(&pause), "{headers:?}: {pause}");
        }
        for headers in [
            vec![("retry-after", "soon")],
            vec![("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "6m0s")],
        ] {
            assert_eq!(of_headers(&of(&headers)), None, "{headers:?}");
        }
    }

    fn of(headers: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        headers.iter().map(pair).collect()
    }

    #[test]
    fn words_and_fields_tell_the_pause() {
        for (words, expected) in [
            ("rate limit reached. please try again in 20s. visit …", Some(20.0)),
            ("please try again in 6m0s.", Some(360.0)),
            ("please try again in 7m12.5s. need more?", Some(432.5)),
            ("please try again in 250ms", Some(0.25)),
            ("please retry in 34.074824224s.", Some(34.074_824_224)),
            ("please retry after 26 seconds.", Some(26.0)),
            ("try again in 1 hour, 2 minutes and 5 seconds", Some(3725.0)),
            ("please wait 3 seconds", Some(3.0)),
            ("please try again in a while", None),
            ("please try again later", None),
        ] {
            assert_eq!(seconds(of_words(words)), expected, "{words}");
        }
        for (name, value, expected) in [
            ("retryDelay", json!("34s"), Some(34.0)),
            ("retry_after", json!(2.5), Some(2.5)),
            ("Retry-After", json!("3"), Some(3.0)),
            ("retry_after_ms", json!(500), Some(0.5)),
            ("retries", json!(3), None),
            ("retry_after", json!("soon"), None),
        ] {
            assert_eq!(seconds(of_field(name, &value)), expected, "{name}");
        }
    }
}
