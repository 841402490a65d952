//! The database, from the connection to the room for a backup.

use std::time::Instant;

use crossbeam_channel::Sender;
use diesel::pg::PgConnection;

use super::connection::Trouble;
use super::report::Report;
use super::schema;
use crate::base::secret::Secret;
use crate::config::Database;
use crate::database::backup;
use crate::database::examine::{answers, former_bots, ids, indexes, judge, migrations, rights};
use crate::database::finding::Finding;
use crate::database::migrate::state::State;
use crate::domain::attachment::readable_size;
use crate::domain::phrases::Language::English;
use crate::store::fault::ConnectionFault;
use crate::store::{self, diagnostics, former, kept_files};

pub(super) const CHECKS: &[&str] = &[
    "database",
    "server",
    "rights",
    "migrations",
    "indexes",
    "schema",
    "ids",
    "answers",
    "former bots",
    "files",
    "backups",
];

/// `bot_id` is the bot of TELEGRAM_BOT_TOKEN. `instances` is told whether this program is at work on the database already.
pub(super) fn examine(
    database: &Database,
    bot_id: Option<i64>,
    deadline: Instant,
    instances: &Sender<bool>,
    report: &Report,
) {
    match connect(&database.url, deadline) {
        Ok(mut conn) => {
            // Without a token Telegram is not asked, and nobody receives this.
            let _ = diagnostics::others_at_work(&mut conn).map(|others| instances.send(others));
            examine_connected(&mut conn, bot_id, report);
            report.add(backups(Some(&mut conn), database));
        }
        Err(Trouble { found, remedy }) => {
            report.fault("database", found, remedy);
            report.add(backups(None, database));
        }
    }
}

fn examine_connected(conn: &mut PgConnection, bot_id: Option<i64>, report: &Report) {
    match diagnostics::server(conn) {
        Ok(server) => {
            let way = if server.pooled { ", through a pooler that leaves the bot its sessions" } else { "" };
            report.well("database", format!("connected to {} as {}{way}", server.database, server.role));
            report.add(judge(&server, English));
            report.add(rights(conn, &server, English));
        }
        Err(error) => {
            return report.fault("database", format!("does not answer: {error}"), English.read_server_log());
        }
    }
    match State::read(conn) {
        Ok(state) => {
            report.add(migrations(&state, &diagnostics::tables_of_others(conn).unwrap_or_default(), English));
            report.add(indexes(&state, English));
            report.add(schema::examine(conn, &state));
            if state.applied().next().is_some() {
                // What cannot be read is not checked: the rights are told above.
                let _ = diagnostics::message_ids(conn).map(|found| report.add(ids(found, English)));
                let _ = answers(conn, bot_id, English).map(|found| report.add(found));
                let _ = kept_files::totals(conn).map(|found| report.add(files(found)));
                let _ = former::waiting(conn).map(|left| report.add(former_bots(&left, bot_id, English)));
            } else {
                report.well("ids", "there is no message yet");
                report.well("answers", "there is no question yet");
                report.well("former bots", "there is no bot yet");
                report.well("files", "there is no file yet");
            }
        }
        Err(error) => {
            for check in ["migrations", "indexes", schema::CHECK] {
                report.fault(check, format!("cannot be read: {error}"), "first fix the rights");
            }
        }
    }
}

/// Connects, with a limit of its own well before the deadline: libpq then says what it waited for.
fn connect(url: &Secret, deadline: Instant) -> Result<PgConnection, Trouble> {
    let limited = if url.expose().contains("connect_timeout=") {
        url.clone()
    } else {
        let mark = if url.expose().contains('?') { '&' } else { '?' };
        // libpq takes a limit of 1 s for 2 s.
        let seconds = (deadline.saturating_duration_since(Instant::now()).as_secs() / 2).max(2);
        Secret::new(format!("{}{mark}connect_timeout={seconds}", url.expose()))
    };
    store::connect(&limited).map_err(|error| Trouble::from(&ConnectionFault::of(&limited, &error)))
}

/// How large the files are that came with questions: each backup holds them.
fn files((count, bytes): (i64, i64)) -> Finding {
    let kept = format!("{count} files of questions are kept, {} in each backup", readable_size(bytes));
    Finding::well("files", if count == 0 { "no file is kept".to_owned() } else { kept })
}

fn backups(conn: Option<&mut PgConnection>, database: &Database) -> Finding {
    const CHECK: &str = "backups";
    let Some(folder) = &database.backup_dir else {
        return Finding::well(CHECK, "BACKUP_DIR is not set: no backup is made before a migration");
    };
    match backup::rehearse(conn, folder) {
        Ok(()) => Finding::well(CHECK, format!("{} takes backups", folder.display())),
        Err(error) => Finding::fault(CHECK, "no backup can be made", format!("{error:#}")),
    }
}
