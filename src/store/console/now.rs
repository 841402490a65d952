//! What waits at this moment: in the inbox and in the outbox, lane by lane.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

/// The most lanes that are shown.
pub const MOST: i64 = 100;

/// A dialogue in which something waits.
#[derive(QueryableByName, Clone, Debug)]
pub struct Lane {
    /// Telegram id of the chat.
    #[diesel(sql_type = BigInt)]
    pub chat_id: i64,
    /// Telegram id of the user.
    #[diesel(sql_type = BigInt)]
    pub user_id: i64,
    /// Telegram id of the topic.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub thread_id: Option<i64>,
    /// Name of the user, if it is known.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// How many wait.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// For how many seconds the oldest has waited.
    #[diesel(sql_type = BigInt)]
    pub seconds: i64,
    /// How often the oldest was tried in vain.
    #[diesel(sql_type = Integer)]
    pub tries: i32,
    /// In how many seconds it is tried again. `None`: at once.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub pause: Option<i64>,
}

/// Lanes with updates that are not answered yet, the oldest first.
pub fn waiting(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Lane>> {
    lanes(conn, bot_id, "updates", "done_at IS NULL", "received_at", "attempts + retries", "thread_id")
}

/// Lanes with messages that Telegram has not taken yet, the oldest first.
pub fn unsent(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Lane>> {
    lanes(conn, bot_id, "reply_parts", "state = 'unsent'", "created_at", "attempts", "lane_thread_id")
}

fn lanes(
    conn: &mut PgConnection,
    bot_id: i64,
    table: &str,
    waits: &str,
    since: &str,
    tries: &str,
    topic: &str,
) -> QueryResult<Vec<Lane>> {
    diesel::sql_query(format!(
        "SELECT lanes.*, people.name
         FROM (SELECT chat_id, user_id, {topic} AS thread_id, count(*) AS waiting,
                      extract(epoch FROM clock_timestamp() - min({since}))::bigint AS seconds,
                      max({tries}) AS tries,
                      ceil(extract(epoch FROM nullif(greatest(max(not_before), clock_timestamp()), clock_timestamp())
                                              - clock_timestamp()))::bigint AS pause
               FROM {table} WHERE bot_id = $1 AND {waits}
               GROUP BY chat_id, user_id, {topic} ORDER BY min({since}) LIMIT {MOST}) AS lanes
              LEFT JOIN people ON people.bot_id = $1 AND people.id = lanes.user_id
         ORDER BY seconds DESC"
    ))
    .bind::<BigInt, _>(bot_id)
    .load(conn)
}

/// Who leads.
#[derive(QueryableByName, Clone, Debug)]
pub struct Leader {
    /// As its holder names itself.
    #[diesel(sql_type = Text)]
    pub holder: String,
    /// How often another one has led before.
    #[diesel(sql_type = BigInt)]
    pub epoch: i64,
    /// For how many seconds it leads on without a word; below 0 it is over.
    #[diesel(sql_type = BigInt)]
    pub seconds: i64,
}

/// Asks for it.
pub fn leader(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Option<Leader>> {
    diesel::sql_query(
        "SELECT holder, epoch, extract(epoch FROM until - clock_timestamp())::bigint AS seconds
         FROM leases WHERE bot_id = $1",
    )
    .bind::<BigInt, _>(bot_id)
    .get_result(conn)
    .optional()
}
