//! What is common to queries about groups.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;

/// Telegram's ids of groups are negative, and only such rows are in the indexes by chat. It is said to PostgreSQL
/// literally, as they have it: a value that is bound would not be known to be negative.
pub(super) fn of_group() -> SqlLiteral<Bool> {
    sql("chat_id < 0")
}
