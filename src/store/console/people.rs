//! Who is shown on a page of people. Neither query reads more than it shows, or than so many rows, however many people there are: the
//! list of /who looks at each of them to tell who asked last.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// So many are shown at once.
pub const PAGE: usize = 25;
/// So many of the newest turns tell who asked lately.
const LOOKED_AT: i64 = 2000;

#[derive(QueryableByName)]
struct Somebody {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn ids(found: Vec<Somebody>) -> Vec<i64> {
    found.into_iter().map(|somebody| somebody.id).collect()
}

/// Those of the newest turns, the last one first.
pub fn lately(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<i64>> {
    let newest = diesel::sql_query(format!(
        "WITH recent AS MATERIALIZED (SELECT id, bot_id, user_id FROM turns ORDER BY id DESC LIMIT {LOOKED_AT})
         SELECT user_id AS id FROM recent WHERE bot_id = $1 GROUP BY user_id ORDER BY max(recent.id) DESC LIMIT {PAGE}"
    ));
    newest.bind::<BigInt, _>(bot_id).load(conn).map(ids)
}

/// Who stands in `people` or has asked, by number: one more than a page shows, behind this number.
pub fn behind(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Vec<i64>> {
    let some = diesel::sql_query(format!(
        "WITH RECURSIVE asked AS (
             SELECT min(user_id) AS id FROM turns WHERE bot_id = $1 AND user_id > $2
             UNION ALL
             SELECT (SELECT min(user_id) FROM turns WHERE bot_id = $1 AND user_id > asked.id)
             FROM asked WHERE asked.id IS NOT NULL
         )
         SELECT id FROM (
             (SELECT id FROM people WHERE bot_id = $1 AND id > $2 ORDER BY id LIMIT {PAGE} + 1)
             UNION (SELECT id FROM asked WHERE id IS NOT NULL LIMIT {PAGE} + 1)
         ) AS each ORDER BY id LIMIT {PAGE} + 1"
    ));
    some.bind::<BigInt, _>(bot_id).bind::<BigInt, _>(id).load(conn).map(ids)
}
