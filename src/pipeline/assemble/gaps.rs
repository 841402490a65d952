//! How far apart messages may be that are one question.

use std::time::Duration;

/// So much silence after the newest message, and nothing more is waited for.
pub(super) const GAP: Duration = Duration::from_millis(1500);
/// The same by the dates of the messages, which are whole seconds. A comment and what it forwards have the same date.
pub(super) const GAP_IN_DATES: i64 = 2;
/// How long after a forwarded message the next one may be sent: longer, for many are sent in several pours, but not so long
/// that somebody could choose something else to forward.
pub(super) const FORWARDS_APART: i64 = 5;
/// How long a piece of an album may come after the one before it, by the dates of the messages, in seconds: slow uploads bring
/// the rest of it late.
pub(super) const ALBUM_IN_DATES: u64 = 60;

/// How long after a question, in dates, something may be forwarded and belong to it.
pub(super) fn may_follow(has_forwards: bool) -> i64 {
    if has_forwards { FORWARDS_APART } else { GAP_IN_DATES }
}
