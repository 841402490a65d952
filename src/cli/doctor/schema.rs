//! Whether somebody changed by hand what the migrations made.

use diesel::pg::PgConnection;

use crate::database::drift::Drift;
use crate::database::finding::Finding;
use crate::database::migrate::state::State;

pub(super) const CHECK: &str = "schema";

/// Compares. Where migrations are pending below others, or unknown, their own check says so.
pub(super) fn examine(conn: &mut PgConnection, state: &State) -> Finding {
    match Drift::find(conn, state) {
        Ok(Drift::Open) => Finding::well(CHECK, "not compared: first the migrations have to be in order"),
        Ok(drift) => {
            let found: Vec<_> = drift.beside(state).map(ToString::to_string).collect();
            if found.is_empty() {
                return Finding::well(CHECK, "as the migrations made it");
            }
            Finding::fault(
                CHECK,
                found.join("; "),
                "systech-aidd migrate mend puts it right; with --dry-run it shows the SQL first",
            )
        }
        Err(error) => Finding::fault(
            CHECK,
            format!("cannot be compared: {error:#}"),
            "let the owner of the database run in psql: GRANT TEMPORARY ON DATABASE … TO the bot's role; if a lock was in \
             the way, run doctor again later",
        ),
    }
}
