//! What `doctor` asks the database about itself.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Text};

/// Every table of the bot, by name.
pub const TABLES: [&str; 26] = [
    "alerts",
    "announcement_recipients",
    "announcements",
    "attachments",
    "console_codes",
    "console_sessions",
    "decisions",
    "dialogue_settings",
    "fact_proposals",
    "facts",
    "leases",
    "memory_off",
    "messages",
    "model_calls",
    "owner_codes",
    "people",
    "prompts",
    "quotes",
    "reply_parts",
    "searches",
    "strangers",
    "summaries",
    "topics",
    "turns",
    "unsubscribed",
    "updates",
];

/// The server, as this connection meets it.
#[derive(QueryableByName)]
pub struct Server {
    /// Name of the database.
    #[diesel(sql_type = Text)]
    pub database: String,
    /// The role it is used as, quoted where SQL wants it.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// The schema where tables are created, quoted where SQL wants it.
    #[diesel(sql_type = Text)]
    pub schema: String,
    /// As the server writes it.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// The number before the dot.
    #[diesel(sql_type = Integer)]
    pub major: i32,
    /// A standby, or told to take no writes.
    #[diesel(sql_type = Bool)]
    pub read_only: bool,
    /// The session has a mark ([`super::pooler`]).
    #[diesel(sql_type = Bool)]
    pub pooled: bool,
}

/// Asks for it.
pub fn server(conn: &mut PgConnection) -> QueryResult<Server> {
    diesel::sql_query(
        "SELECT current_database()::text AS database, quote_ident(current_user::text) AS role,
                quote_ident(coalesce(current_schema()::text, 'public')) AS schema,
                current_setting('server_version') AS version,
                current_setting('server_version_num')::integer / 10000 AS major,
                current_setting('transaction_read_only')::boolean AS read_only,
                current_setting('systech_aidd.mark', true) IS NOT NULL AS pooled",
    )
    .get_result(conn)
}

/// What the bot does and this role may not, as GRANT names it: on its tables and their sequences, and, as long as one
/// of them is yet to be created, on the schema.
pub fn missing_rights(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Missing {
        #[diesel(sql_type = Text)]
        missing: String,
    }
    let missing: Vec<Missing> = diesel::sql_query(
        "WITH ours AS (
             SELECT name, to_regclass(quote_ident(name)) AS id, wanted
             FROM unnest($1) name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) wanted
             UNION ALL
             SELECT '__diesel_schema_migrations', to_regclass('__diesel_schema_migrations'), 'SELECT'
         )
         SELECT 'CREATE on schema ' || quote_ident(schema) AS missing
         FROM coalesce(current_schema()::text, 'public') schema
         WHERE EXISTS (SELECT FROM ours WHERE id IS NULL)
           AND NOT (has_schema_privilege(schema, 'CREATE') AND has_schema_privilege(schema, 'USAGE'))
         UNION ALL
         SELECT string_agg(wanted, ', ') || ' on ' || name
         FROM ours WHERE id IS NOT NULL AND NOT has_table_privilege(id, wanted) GROUP BY name
         UNION ALL
         SELECT DISTINCT 'USAGE on sequence ' || sequence.relname
         FROM ours
         JOIN pg_depend ON classid = 'pg_class'::regclass AND refobjid = ours.id AND deptype = 'a'
         JOIN pg_class sequence ON sequence.oid = objid
         -- the planner may ask for the right before it knows that this is a sequence
         WHERE CASE WHEN sequence.relkind = 'S' THEN NOT has_sequence_privilege(sequence.oid, 'USAGE') END
         ORDER BY missing",
    )
    .bind::<Array<Text>, _>(TABLES.as_slice())
    .load(conn)?;
    Ok(missing.into_iter().map(|row| row.missing).collect())
}

/// Those of the bot's tables that this role does not own: no right to change them helps a migration.
pub fn tables_of_others(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let tables: Vec<Table> = diesel::sql_query(
        "SELECT relname::text AS name FROM unnest($1) ours
         JOIN pg_class ON pg_class.oid = to_regclass(quote_ident(ours))
         WHERE NOT pg_has_role(relowner, 'USAGE') ORDER BY name",
    )
    .bind::<Array<Text>, _>(TABLES.as_slice())
    .load(conn)?;
    Ok(tables.into_iter().map(|table| table.name).collect())
}

/// How far the numbers of messages reach.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct MessageIds {
    /// The highest that was given out.
    #[diesel(sql_type = BigInt)]
    pub used: i64,
    /// The highest that sequence and columns can hold.
    #[diesel(sql_type = BigInt)]
    pub most: i64,
}

impl MessageIds {
    /// How many are left.
    pub fn left(self) -> i64 {
        self.most.saturating_sub(self.used)
    }
}

/// Asks for it: the sequence may be ahead of the rows, and narrower than the columns.
pub fn message_ids(conn: &mut PgConnection) -> QueryResult<MessageIds> {
    diesel::sql_query(
        "SELECT greatest((SELECT max(id) FROM messages), given.last, 0)::bigint AS used,
                least(columns.most, given.most)::bigint AS most
         FROM (SELECT min(CASE atttypid WHEN 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807 END) AS most
               FROM pg_attribute
               WHERE attrelid = to_regclass('messages') AND attname = 'id'
                  OR attrelid = to_regclass('turns') AND attname IN ('question_id', 'answer_id')
                  OR attrelid = to_regclass('attachments') AND attname = 'message_id') AS columns
         LEFT JOIN (SELECT seqmax AS most,
                           CASE WHEN has_sequence_privilege(seqrelid, 'USAGE, SELECT')
                                THEN pg_sequence_last_value(seqrelid) END AS last
                    FROM pg_sequence
                    WHERE seqrelid = to_regclass(pg_get_serial_sequence('messages', 'id'))) AS given ON true",
    )
    .get_result(conn)
}

/// Whether this program is at work here over other connections: a running bot always has one.
pub fn others_at_work(conn: &mut PgConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    diesel::sql_query(
        "SELECT EXISTS (
             SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND application_name = current_setting('application_name')
         ) AS found",
    )
    .get_result(conn)
    .map(|Found { found }| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_the_schema() {
        let (_, list) =
            include_str!("schema.rs").split_once("allow_tables_to_appear_in_same_query!(").unwrap();
        let (list, _) = list.split_once(')').unwrap();
        let names: Vec<_> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        assert_eq!(names, TABLES);
    }
}
