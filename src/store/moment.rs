//! Times as operators type them. PostgreSQL reads them: it knows the forms and zones that `psql` knows, and it alone knows
//! the zone in which `messages` keeps local time.

use std::ops::RangeInclusive;

use diesel::data_types::PgTimestamp;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Bool, Text, Timestamp};

/// What [`read`] understands.
pub const ACCEPTED: &str = "\
2026-11-23, '2026-11-23 19:30', 2026-11-23T19:30+03:00 (or Z), '2026-11-23 19:30 Europe/Moscow', today, yesterday, and how \
long ago: 2h, '3 days'";

/// A time, by the clock of the server.
#[derive(Clone, Copy)]
pub struct Moment {
    /// As `messages` has it.
    pub local: PgTimestamp,
    /// The clock shows this time twice that day, because it is put back.
    pub comes_twice: bool,
}

/// Reads a time. Without a zone it is the server's; a date alone is the beginning of that day; how long ago counts from now.
/// A time that the clock leaves out, because it is put forward, is as much later. The inner error says what is wrong.
pub fn read(conn: &mut PgConnection, text: &str) -> QueryResult<Result<Moment, String>> {
    if let Some(zone) = offset_behind_a_name(text) {
        return Ok(Err(format!(
            "{zone} means different things to different programs; write +03:00 for UTC+3"
        )));
    }
    let (before, text, after) = match how_long_ago(text) {
        Some(long) => ("CURRENT_TIMESTAMP - ", long, "::interval"),
        None => ("", text, "::timestamptz"),
    };
    let at = || sql::<Timestamp>("(").sql(before).bind::<Text, _>(text).sql(after).sql(")::timestamp");
    // The same time of the clock, half an hour or an hour away.
    let again = ["- interval '30 min'", "+ interval '30 min'", "- interval '1 h'", "+ interval '1 h'"]
        .map(|away| format!("((at::timestamptz {away})::timestamp = at)"));
    let twice = sql::<Bool>(&format!("(SELECT {} FROM (VALUES (", again.join(" OR ")));
    let twice =
        twice.sql("(").sql(before).bind::<Text, _>(text).sql(after).sql(")::timestamp)) AS moment (at))");
    match diesel::select((at(), twice)).get_result(conn) {
        Ok((local, comes_twice)) => Ok(Ok(Moment { local, comes_twice })),
        Err(Error::DatabaseError(DatabaseErrorKind::Unknown, why)) => Ok(Err(why.message().to_owned())),
        Err(error) => Err(error),
    }
}

/// Whether this is a time as a clearing is listed with, down to the day that its month has: what [`exact`] reads.
pub fn is_exact(text: &str) -> bool {
    let number = |part: &str, digits: usize, range: RangeInclusive<u32>| {
        let number = part.parse().ok().filter(|number| range.contains(number));
        number.filter(|_| part.len() == digits && part.chars().all(|c| c.is_ascii_digit()))
    };
    let is_date = |date: &str| {
        let mut parts = date.splitn(3, '-');
        let mut part = |digits, range| number(parts.next()?, digits, range);
        let year = part(4, 1..=9999)?;
        let days = match part(2, 1..=12)? {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        part(2, 1..=days)
    };
    let is_time = |time: &str| {
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut parts = time.splitn(3, ':');
        let mut part = |range| number(parts.next()?, 2, range);
        part(0..=23)?;
        part(0..=59)?;
        part(0..=59)?;
        number(fraction, fraction.len().clamp(1, 6), 0..=999_999)
    };
    text.split_once('T').is_some_and(|(date, time)| is_date(date).and(is_time(time)).is_some())
}

/// Reads the time of a clearing as it is listed: to the microsecond, by the server's clock.
pub fn exact(conn: &mut PgConnection, text: &str) -> QueryResult<PgTimestamp> {
    diesel::select(sql::<Timestamp>("").bind::<Text, _>(text).sql("::timestamp")).get_result(conn)
}

/// `2h`, `3 days`, `1 week 2 days ago`: numbers, each with a word behind it. `10:00` and `90` are none: PostgreSQL would take
/// them for hours and seconds.
fn how_long_ago(text: &str) -> Option<&str> {
    let text = text.trim();
    let long = text.strip_suffix("ago").unwrap_or(text).trim_end();
    let mut rest = long;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let word = number.trim_start().trim_start_matches(|c: char| c.is_ascii_alphabetic());
        if number.len() == rest.len() || word.len() == number.trim_start().len() {
            return None;
        }
        rest = word.trim_start();
    }
    (!long.is_empty()).then_some(long)
}

/// `UTC+3`: PostgreSQL takes the sign for the west, as POSIX does, and people mean the east.
fn offset_behind_a_name(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| {
        let offset = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let digits = offset.trim_start_matches(['+', '-']);
        offset.len() < word.len()
            && digits.len() + 1 == offset.len()
            && digits.starts_with(|c: char| c.is_ascii_digit())
            // A date may begin with its month.
            && !digits.contains('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_numbers_with_their_words() {
        for (text, long) in [
            ("2h", Some("2h")),
            ("3 days", Some("3 days")),
            (" 1 week 2 days ago ", Some("1 week 2 days")),
            ("1d12h", Some("1d12h")),
            ("90", None),
            ("10:00", None),
            ("2026-11-23", None),
            ("2026-11", None),
            ("20261123T1930", None),
            ("yesterday", None),
            ("ago", None),
            ("", None),
            ("-2h", None),
        ] {
            assert_eq!(how_long_ago(text), long, "{text}");
        }
    }

    #[test]
    fn a_time_of_a_clearing_is_one_that_the_calendar_has() {
        for text in [
            "2026-11-23T19:30:00.123456",
            "2026-11-23T19:30:00",
            "2024-02-29T00:00:00.5",
            "2000-02-29T23:59:59",
            "0001-01-01T00:00:00",
        ] {
            assert!(is_exact(text), "{text}");
        }
        for text in [
            "",
            ":",
            "T",
            "2026-11-23",
            "2026-11-23 19:30:00",
            "2026-11-31T00:00:00",
            "2026-02-29T00:00:00",
            "1900-02-29T00:00:00",
            "0000-01-01T00:00:00",
            "2026-00-01T00:00:00",
            "2026-13-01T00:00:00",
            "2026-11-23T24:00:00",
            "2026-11-23T19:60:00",
            "2026-11-23T19:30:60",
            "2026-11-23T19:30",
            "2026-11-23T19:30:00.",
            "2026-11-23T19:30:00.1234567",
            "2026-11-23T19:30:00.12345é",
            "2026-11-23T+9:30:00",
            "2026-11-23T19:30:00Z",
            "20260-11-23T19:30:00",
            "2026-11-23-1T19:30:00",
        ] {
            assert!(!is_exact(text), "{text}");
        }
    }

    #[test]
    fn an_offset_behind_a_name_is_told_from_one_alone() {
        assert_eq!(offset_behind_a_name("2026-11-23 10:00 UTC+3"), Some("UTC+3"));
        assert_eq!(offset_behind_a_name("10:00 msk-3"), Some("msk-3"));
        for text in ["2026-11-23T10:00+03:00", "2026-11-23 10:00 Etc/GMT-3", "23-Nov-2026", "Nov-23-2026"] {
            assert_eq!(offset_behind_a_name(text), None, "{text}");
        }
    }
}
