//! The ways in which an object is not as the migrations made it.

use super::catalogue::Object;

/// What is wrong with an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// It is not there.
    Missing,
    /// Another definition; of a column, another type.
    Other(&'a Object),
    /// Not checked, or not yet for all rows.
    NotValid(&'a Object),
    /// An index that PostgreSQL keeps and does not use.
    Invalid,
    /// It is there and does nothing.
    Disabled(&'a Object),
    /// A table that a crash empties.
    Unlogged,
    /// A column that may be NULL, and should not.
    Nullable,
    /// A column that may not be NULL, and should.
    Required,
    /// A column that has lost its default.
    NoDefault,
    /// A column with another default.
    OtherDefault,
}
