//! What can be said about the database within a moment: for `doctor`, and for the console.

use diesel::pg::PgConnection;
use diesel::result::QueryResult;

use crate::database::finding::Finding;
use crate::database::migrate::state::State;
use crate::domain::phrases::Language;
use crate::domain::phrases::health::FormerBot;
use crate::store::{diagnostics, former, queue};

/// What all of it needs to have been tried with: the oldest that has every view and statement used here.
const OLDEST_SERVER: i32 = 15;

/// How long the database may count what waits, in milliseconds.
const LONGEST_LOOK: u32 = 10_000;

/// Below so many of a hundred, the numbers of messages are too few.
const FEW_IDS: i64 = 10;

/// The server itself.
pub fn judge(server: &diagnostics::Server, language: Language) -> Finding {
    const CHECK: &str = "server";
    let version = &server.version;
    if server.major < OLDEST_SERVER {
        let (found, remedy) = language.too_old(version, OLDEST_SERVER);
        return Finding::fault(CHECK, found, remedy);
    }
    if server.read_only {
        let (found, remedy) = language.takes_no_writes(version);
        return Finding::fault(CHECK, found, remedy);
    }
    Finding::well(CHECK, format!("PostgreSQL {version}"))
}

/// What the role may do.
pub fn rights(conn: &mut PgConnection, server: &diagnostics::Server, language: Language) -> Finding {
    const CHECK: &str = "rights";
    let (role, schema) = (&server.role, &server.schema);
    match diagnostics::missing_rights(conn) {
        Ok(missing) if missing.is_empty() => Finding::well(CHECK, language.has_all_rights(role)),
        Ok(missing) => {
            let (found, remedy) = language.lacks_rights(role, schema, &missing.join(", "));
            Finding::fault(CHECK, found, remedy)
        }
        Err(error) => {
            let found = language.cannot_be_read(&error.to_string());
            Finding::fault(CHECK, found, language.read_server_log())
        }
    }
}

/// Whether all migrations are applied.
pub fn migrations(state: &State, tables_of_others: &[String], language: Language) -> Finding {
    const CHECK: &str = "migrations";
    if !state.unknown.is_empty() {
        let unknown = state.unknown.join(", ");
        let (found, remedy) = (language.unknown_migrations(&unknown), language.newer_migrations(&unknown));
        return Finding::fault(CHECK, found, remedy);
    }
    let all = state.entries.len();
    match state.pending() {
        0 => Finding::well(CHECK, language.all_applied(all, state.own.len())),
        pending => {
            let (found, remedy) = language.pending_migrations(pending, all, &tables_of_others.join(", "));
            Finding::fault(CHECK, found, remedy)
        }
    }
}

/// Whether all indexes are used.
pub fn indexes(state: &State, language: Language) -> Finding {
    const CHECK: &str = "indexes";
    let invalid = &state.invalid_indexes;
    if invalid.is_empty() {
        return Finding::well(CHECK, language.no_invalid_index());
    }
    let remedies: Vec<_> =
        invalid.iter().map(|index| language.index_remedy(state.remedy_for(index))).collect();
    Finding::fault(CHECK, language.invalid_indexes(&invalid.join(", ")), remedies.join("; "))
}

/// Whether there are numbers for messages.
pub fn ids(found: diagnostics::MessageIds, language: Language) -> Finding {
    const CHECK: &str = "ids";
    let left = language.ids_left(found.left(), found.most);
    if found.left() / FEW_IDS < found.most / 100 {
        return Finding::fault(CHECK, left, language.widen_ids());
    }
    Finding::well(CHECK, left)
}

/// Whether questions wait while nobody is answered, whatever else seems to be well.
pub fn answers(conn: &mut PgConnection, bot_id: Option<i64>, language: Language) -> QueryResult<Finding> {
    const CHECK: &str = "answers";
    let Some(bot_id) = bot_id else {
        return Ok(Finding::well(CHECK, language.no_token()));
    };
    let (queue, _) = queue::look(conn, bot_id, LONGEST_LOOK)?;
    Ok(match queue.stall() {
        Some(stall) => Finding::fault(CHECK, language.unready(stall), language.start_the_bot()),
        None => Finding::well(CHECK, language.waiting(queue.waiting)),
    })
}

/// What waits for bots of other tokens.
pub fn former_bots(waiting: &[former::Left], bot_id: Option<i64>, language: Language) -> Finding {
    const CHECK: &str = "former bots";
    let Some(bot_id) = bot_id else {
        return Finding::well(CHECK, language.no_token());
    };
    let former = waiting.iter().filter(|left| left.bot_id != bot_id).map(
        |former::Left { bot_id, updates, reply_parts, since }| FormerBot {
            bot_id: *bot_id,
            updates: *updates,
            unsent: *reply_parts,
            since,
        },
    );
    let former: Vec<_> = former.collect();
    if former.is_empty() {
        return Finding::well(CHECK, language.no_former_bot());
    }
    let (found, remedy) = language.former_bots(&former);
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
        assert!(judge(&server(16, false), Language::English).ok);
        assert!(judge(&server(15, false), Language::English).ok);
        assert!(judge(&server(14, false), Language::Russian).found.contains("слишком старый"));
        assert!(judge(&server(14, false), Language::English).found.contains("too old"));
        assert!(judge(&server(16, true), Language::English).found.contains("no writes"));
    }
}
