//! What can be said about the database within a moment: for `doctor`, and for the console.

use diesel::pg::PgConnection;
use diesel::result::QueryResult;

use crate::database::finding::Finding;
use crate::database::migrate::state::State;
use crate::store::{diagnostics, former, queue};

/// What all of it needs to have been tried with: the oldest that has every view and statement used here.
const OLDEST_SERVER: i32 = 15;

/// How long the database may count what waits, in milliseconds.
const LONGEST_LOOK: u32 = 10_000;

/// Below so many of a hundred, the numbers of messages are too few.
const FEW_IDS: i64 = 10;

/// Where more is to be learnt.
pub const SERVER_LOG: &str = "read the log of PostgreSQL";

/// The server itself.
pub fn judge(server: &diagnostics::Server) -> Finding {
    let found = format!("PostgreSQL {}", server.version);
    if server.major < OLDEST_SERVER {
        let remedy = format!("upgrade to PostgreSQL {OLDEST_SERVER} or newer; docker-compose.yml has 16");
        return Finding::fault("server", format!("{found}, which is too old"), remedy);
    }
    if server.read_only {
        let remedy = "name the primary in DATABASE_URL, or reset default_transaction_read_only";
        return Finding::fault("server", format!("{found} takes no writes"), remedy);
    }
    Finding::well("server", found)
}

/// What the role may do.
pub fn rights(conn: &mut PgConnection, server: &diagnostics::Server) -> Finding {
    const CHECK: &str = "rights";
    let (role, schema) = (&server.role, &server.schema);
    match diagnostics::missing_rights(conn) {
        Ok(missing) if missing.is_empty() => {
            Finding::well(CHECK, format!("{role} has all rights that the bot needs"))
        }
        Ok(missing) => Finding::fault(
            CHECK,
            format!("{role} lacks {}", missing.join(", ")),
            format!(
                "let the owner run in psql: GRANT ALL ON SCHEMA {schema} TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA \
                 {schema} TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
            ),
        ),
        Err(error) => Finding::fault(CHECK, format!("cannot be read: {error}"), SERVER_LOG),
    }
}

/// Whether all migrations are applied.
pub fn migrations(state: &State, tables_of_others: &[String]) -> Finding {
    const CHECK: &str = "migrations";
    if let Err(error) = state.refuse_unknown() {
        return Finding::fault(CHECK, format!("unknown: {}", state.unknown.join(", ")), error.to_string());
    }
    match state.pending() {
        0 if state.own.is_empty() => Finding::well(CHECK, format!("all {} applied", state.entries.len())),
        0 => {
            let found = format!("all {} applied, and {} of your own", state.entries.len(), state.own.len());
            Finding::well(CHECK, found)
        }
        pending => {
            let found = format!("{pending} of {} pending", state.entries.len());
            match tables_of_others {
                [] => Finding::fault(CHECK, found, "start the bot, or run systech-aidd migrate up"),
                tables => Finding::fault(
                    CHECK,
                    format!("{found}, and another role owns {}", tables.join(", ")),
                    "let that role run in psql for each: ALTER TABLE … OWNER TO the bot's role; only the owner can change a table",
                ),
            }
        }
    }
}

/// Whether all indexes are used.
pub fn indexes(state: &State) -> Finding {
    if state.invalid_indexes.is_empty() {
        return Finding::well("indexes", "no index is invalid");
    }
    let remedies: Vec<_> = state.invalid_indexes.iter().map(|index| state.remedy_for(index)).collect();
    Finding::fault("indexes", format!("invalid: {}", state.invalid_indexes.join(", ")), remedies.join("; "))
}

/// Whether there are numbers for messages.
pub fn ids(found: diagnostics::MessageIds) -> Finding {
    const CHECK: &str = "ids";
    let left = format!("{} of {} numbers for messages are left", found.left(), found.most);
    if found.left() / FEW_IDS < found.most / 100 {
        let remedy = "widen messages.id to bigint before they end: docs/migrations.md says how";
        return Finding::fault(CHECK, left, remedy);
    }
    Finding::well(CHECK, left)
}

/// Whether questions wait while nobody is answered, whatever else seems to be well.
pub fn answers(conn: &mut PgConnection, bot_id: Option<i64>) -> QueryResult<Finding> {
    const CHECK: &str = "answers";
    let Some(bot_id) = bot_id else {
        return Ok(Finding::well(CHECK, "not known without TELEGRAM_BOT_TOKEN"));
    };
    let (queue, _) = queue::look(conn, bot_id, LONGEST_LOOK)?;
    Ok(match queue.stall() {
        Some(found) => {
            Finding::fault(CHECK, found, "start the bot, or read its log: it says what it waits for")
        }
        None if queue.waiting == 0 => Finding::well(CHECK, "no question waits"),
        None => Finding::well(CHECK, format!("{} updates wait, none for long", queue.waiting)),
    })
}

/// What waits for bots of other tokens.
pub fn former_bots(waiting: &[former::Left], bot_id: Option<i64>) -> Finding {
    const CHECK: &str = "former bots";
    let Some(bot_id) = bot_id else {
        return Finding::well(CHECK, "not known without TELEGRAM_BOT_TOKEN");
    };
    let former: Vec<_> = waiting.iter().filter(|left| left.bot_id != bot_id).collect();
    let Some(first) = former.first() else {
        return Finding::well(CHECK, "nothing waits for a bot of another token");
    };
    let found = former.iter().map(|former::Left { bot_id, updates, reply_parts, since }| {
        format!("bot {bot_id}: {updates} updates and {reply_parts} unsent messages, the oldest of {since}")
    });
    let found = format!(
        "what waits for bots of other tokens is answered by nobody here: {}",
        found.collect::<Vec<_>>().join("; ")
    );
    let remedy = format!(
        "put the token of that bot back, or delete what waits with systech-aidd history discard --bot {}",
        first.bot_id
    );
    Finding::fault(CHECK, found, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_too_old_or_only_read_is_no_good() {
        let server = |major, read_only| diagnostics::Server {
            database: "d".to_owned(),
            role: "r".to_owned(),
            schema: "public".to_owned(),
            version: format!("{major}.1"),
            major,
            read_only,
            pooled: false,
        };
        assert!(judge(&server(16, false)).ok);
        assert!(judge(&server(15, false)).ok);
        assert!(judge(&server(14, false)).found.contains("too old"));
        assert!(judge(&server(16, true)).found.contains("no writes"));
    }
}
