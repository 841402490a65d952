//! `messages.id` and what refers to it: INTEGER in the table of the guide, BIGINT once it was widened (docs/migrations.md). The
//! same binary works with both: it reads as many bytes as the column has, and sends eight, which PostgreSQL compares with
//! either type by the same indexes, and stores in either.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{Array, BigInt, Bool, Integer};

/// A number of a message, as it is read.
#[derive(Clone, Copy, Debug, FromSqlRow)]
pub struct MessageId(pub(super) i64);

impl FromSql<Integer, Pg> for MessageId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().try_into() {
            Ok(bytes) => Ok(Self(i32::from_be_bytes(bytes).into())),
            Err(_) => FromSql::<BigInt, Pg>::from_sql(value).map(Self),
        }
    }
}

impl From<MessageId> for i64 {
    fn from(MessageId(id): MessageId) -> Self {
        id
    }
}

/// An expression that passes for one of type `S` and binds `V` as `B`.
type As<S, B, V> = UncheckedBind<SqlLiteral<S>, AsExprOf<V, B>>;

/// A number of a message as a value of a statement.
pub(super) fn bound(id: i64) -> As<Integer, BigInt, i64> {
    sql("").bind::<BigInt, _>(id)
}

/// Whether a column (by its full name) has one of these numbers.
pub(super) fn among(column: &str, ids: Vec<i64>) -> SqlLiteral<Bool, As<Bool, Array<BigInt>, Vec<i64>>> {
    sql::<Bool>(&format!("{column} = ANY(")).bind::<Array<BigInt>, _>(ids).sql(")")
}

/// Several as they were read.
pub(super) fn numbers(ids: Vec<MessageId>) -> Vec<i64> {
    ids.into_iter().map(i64::from).collect()
}
