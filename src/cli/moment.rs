//! `--since` and `--until`.

use anyhow::bail;
use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;

use crate::store::moment;

/// Reads the time that an operator gave to an option.
pub(super) fn local_time(conn: &mut PgConnection, option: &str, text: &str) -> anyhow::Result<PgTimestamp> {
    let moment = match moment::read(conn, text)? {
        Ok(moment) => moment,
        Err(why) => bail!("{option} {text:?} is not a time: {why}. Accepted are {}", moment::ACCEPTED),
    };
    if moment.comes_twice {
        eprintln!(
            "{option} {text:?}: the server's clock is put back that day and shows this time twice; both count as one."
        );
    }
    Ok(moment.local)
}
