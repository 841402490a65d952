//! The room on the disk of the database, as far as a client can know it.
//!
//! PostgreSQL does not say how full its disk is. Where its processes are processes of this machine, the file system of its data
//! folder can be looked at from here. And whether it has room for another megabyte it shows when it is asked for one.

use std::fs;
use std::path::Path;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable, Text};

use crate::domain::room::Room;

/// What a process of the server is called.
const PROCESS: &str = "postgres";

/// Takes a megabyte in a table of its own and gives it back. The SQLSTATE tells that there was none (`53100`), whatever the language
/// of the server.
const TAKE: &str = "DO $$ BEGIN
    CREATE TEMPORARY TABLE systech_aidd_room ON COMMIT DROP AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 1000);
    DROP TABLE systech_aidd_room;
EXCEPTION WHEN disk_full THEN
    PERFORM set_config('systech_aidd.room', 'none', true);
END $$";

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    process: i32,
    #[diesel(sql_type = Nullable<Text>)]
    folder: Option<String>,
}

/// How full the file system of the data folder is. `None`: the server is on another machine or in a container of its own, or the
/// role of the bot may not know the folder (`pg_read_all_settings`).
pub fn look(conn: &mut PgConnection) -> QueryResult<Option<Room>> {
    // Of a setting that the role may not read there is no row.
    let server: Server = diesel::sql_query(
        "SELECT pg_backend_pid() AS process, (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS folder",
    )
    .get_result(conn)?;
    Ok(server
        .folder
        .filter(|_| is_of_this_machine(server.process))
        .and_then(|folder| room(Path::new(&folder))))
}

/// An address says little: tunnels and containers have that of this machine, too.
fn is_of_this_machine(process: i32) -> bool {
    fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim_end() == PROCESS)
}

fn room(folder: &Path) -> Option<Room> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some(Room { free: bytes(disk.f_bavail), of: bytes(disk.f_blocks) })
}

/// Whether the server finds room for another megabyte. An error: it takes no table at all, or not from this role.
pub fn has_more(conn: &mut PgConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        full: bool,
    }
    conn.transaction(|conn| {
        diesel::sql_query(TAKE).execute(conn)?;
        let found: Found = diesel::sql_query(
            "SELECT coalesce(current_setting('systech_aidd.room', true) = 'none', false) AS full",
        )
        .get_result(conn)?;
        Ok(!found.full)
    })
}
