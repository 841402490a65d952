//! A word of an owner for everybody: what /announce says, and how far it is.

use std::time::Duration;

/// It goes to those who asked something within so many days, unless the owner says otherwise.
const USUAL_DAYS: u16 = 30;
/// The most that an owner can say.
const MOST_DAYS: u16 = 999;
/// The part of what Telegram takes in a second that announcements use, so that answers do not wait for them.
pub const SHARE: f64 = 0.25;

/// What is behind /announce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish<'a> {
    /// Nothing that could be told.
    Help,
    /// What runs is to end.
    Stop,
    /// This is to be told to those who asked something within so many days; nothing but a picture, where it is empty.
    Tell(u16, &'a str),
}

impl<'a> Wish<'a> {
    /// Reads it. `7d` at its beginning is a number of days. `pictured`: with a picture, which needs no words.
    pub fn of(words: Option<&'a str>, pictured: bool) -> Self {
        let tell = |days, words: &'a str| {
            if words.is_empty() && !pictured { Self::Help } else { Self::Tell(days, words) }
        };
        let words = words.unwrap_or_default();
        if words.eq_ignore_ascii_case("stop") {
            return Self::Stop;
        }
        let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let days = first.strip_suffix('d').and_then(|days| days.parse().ok());
        match days.filter(|days| (1..=MOST_DAYS).contains(days)) {
            Some(days) => tell(days, rest.trim()),
            None => tell(USUAL_DAYS, words),
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Whose turn has not come yet; after a stop it does not come any more.
    pub waiting: i64,
    /// In the outbox.
    pub released: i64,
    /// Telegram took it.
    pub sent: i64,
    /// Telegram refused it for good: blocked by the person, for the most part.
    pub failed: i64,
    /// Who was blocked, or wanted none, before it came to them.
    pub left_out: i64,
}

impl Progress {
    /// Everybody for whom it was made.
    pub fn all(&self) -> i64 {
        let Self { waiting, released, sent, failed, left_out } = self;
        waiting + released + sent + failed + left_out
    }
}

/// How long it takes to tell so many people in so many messages each, if Telegram takes so many calls in a second.
pub fn length(people: usize, messages: usize, rate: f64) -> Duration {
    let calls = f64::from(u32::try_from(people.saturating_mul(messages)).unwrap_or(u32::MAX));
    Duration::try_from_secs_f64(calls / (rate * SHARE).max(1.0)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_the_command_is_told_to_those_of_so_many_days() {
        for (words, expected) in [
            (None, Wish::Help),
            (Some("7d"), Wish::Help),
            (Some("7d  "), Wish::Help),
            (Some("stop"), Wish::Stop),
            (Some("Stop"), Wish::Stop),
            (Some("stop it"), Wish::Tell(30, "stop it")),
            (Some("7d hello\nyou"), Wish::Tell(7, "hello\nyou")),
            (Some("0d hello"), Wish::Tell(30, "0d hello")),
            (Some("3d2 hello"), Wish::Tell(30, "3d2 hello")),
            (Some("hello"), Wish::Tell(30, "hello")),
        ] {
            assert_eq!(Wish::of(words, false), expected, "{words:?}");
            let pictured = match words {
                None => Wish::Tell(30, ""),
                Some("7d" | "7d  ") => Wish::Tell(7, ""),
                Some(_) => expected,
            };
            assert_eq!(Wish::of(words, true), pictured, "a picture and {words:?}");
        }
    }

    #[test]
    fn five_thousand_people_take_eleven_minutes_for_each_message() {
        assert_eq!(length(5000, 1, 30.0).as_secs() / 60, 11);
        assert_eq!(length(5000, 2, 30.0).as_secs() / 60, 22);
        assert_eq!(length(0, 1, 30.0), Duration::ZERO);
    }
}
