//! Points at which a test makes the program fail as a bug would. Compiled in with the cargo feature `points` only, which
//! the tests turn on and no release does.

/// Panics here if `FAIL_POINT` is `<point>:<part>` and `subject` contains the part.
#[cfg(feature = "points")]
pub fn pass(point: &str, subject: &str) {
    let armed = std::env::var("FAIL_POINT").unwrap_or_default();
    if let Some((armed, part)) = armed.split_once(':')
        && armed == point
        && subject.contains(part)
    {
        panic!("{subject}");
    }
}

/// Nothing: the feature is off.
#[cfg(not(feature = "points"))]
pub fn pass(_: &str, _: &str) {}
