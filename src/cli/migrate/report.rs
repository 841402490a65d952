//! `migrate status` and `migrate history`: what the database has, and why.

use crate::base::exit::ExitCode;
use crate::cli::terminal::show;
use crate::config::Database;
use crate::database::drift::Drift;
use crate::database::migrate::own::Own;
use crate::database::migrate::session;
use crate::database::migrate::state::{Entry, State, Status};
use crate::domain::phrases::Language;

/// `status --check`: something is not in order.
const NOT_UP_TO_DATE: u8 = 3;
const MEND: &str = "(systech-aidd migrate mend)";

/// `migrate status`
pub(super) fn status(database: &Database, check: bool) -> anyhow::Result<ExitCode> {
    let conn = &mut session::connect_now(&database.url)?;
    let state = State::read(conn)?;
    let drift = Drift::find(conn, &state);
    let version = state.current().map_or("none", |migration| migration.name);
    let mut lines = vec![
        format!("database  {} (PostgreSQL {})", state.database, state.server),
        format!("version   {version}\n"),
    ];
    let mut migrations = Vec::new();
    for entry in &state.entries {
        let indexes = |names: Vec<String>| names.join(", ");
        let (word, note) = match &entry.status {
            Status::Applied(at) => ("applied", at.clone()),
            Status::Pending => ("pending", String::new()),
            Status::Incomplete if entry.undropped.is_empty() => {
                let built = indexes(entry.migration.concurrent_indexes().collect());
                ("pending", format!("({built} is gone or invalid)"))
            }
            Status::Incomplete => (
                "pending",
                format!("({}, which it dropped, is there again)", indexes(entry.undropped.clone())),
            ),
        };
        let line = format!("{word}   {:<36}  {note}", entry.migration).trim_end().to_owned();
        migrations.push((&entry.migration.version, line));
    }
    migrations.extend(state.own.iter().map(|own| (&own.version, format!("own       {own:<36}  {}", own.at))));
    migrations.sort();
    lines.extend(migrations.into_iter().map(|(_, line)| line));
    for version in &state.unknown {
        lines.push(format!("unknown   {version}  (from a newer systech-aidd: start that one)"));
    }
    for index in &state.invalid_indexes {
        let remedy = Language::English.index_remedy(state.remedy_for(index));
        lines.push(format!("invalid   index {index}  ({remedy})"));
    }
    match &drift {
        Ok(drift) => lines.extend(drift.beside(&state).map(|found| format!("changed   {found}  {MEND}"))),
        Err(error) => lines.push(format!("changed?  {error:#}  (what was changed by hand is not known)")),
    }
    show(&(lines.join("\n") + "\n"))?;
    let as_made = drift.is_ok_and(|drift| drift.differences().is_empty());
    let in_order =
        state.pending() == 0 && state.unknown.is_empty() && state.invalid_indexes.is_empty() && as_made;
    Ok(if check && !in_order { ExitCode::from(NOT_UP_TO_DATE) } else { ExitCode::SUCCESS })
}

/// `migrate history`
pub(super) fn history(database: &Database, verbose: bool) -> anyhow::Result<ExitCode> {
    let state = State::read(&mut session::connect_now(&database.url)?)?;
    let ours = state.entries.iter().map(|entry| (&entry.migration.version, chapter(entry, verbose)));
    let mut chapters: Vec<_> =
        ours.chain(state.own.iter().map(|own| (&own.version, own_chapter(own, verbose)))).collect();
    chapters.sort();
    let chapters: Vec<_> = chapters.into_iter().map(|(_, chapter)| chapter).collect();
    show(&chapters.join("\n"))
}

/// What history tells of one migration.
fn chapter(entry: &Entry, verbose: bool) -> String {
    let Entry { migration, status, .. } = entry;
    let status = match status {
        Status::Applied(at) => format!("applied {at}"),
        Status::Pending | Status::Incomplete => "pending".to_owned(),
    };
    let scripts = [migration.up.text(), migration.down.text()];
    let head = format!("{migration}  ({status})\n{}", indented(&migration.why()));
    if verbose { head + &directions(scripts) } else { head }
}

/// What history tells of a migration that is not one of this program's.
fn own_chapter(own: &Own, verbose: bool) -> String {
    let why = own
        .why()
        .unwrap_or_else(|| "not one of systech-aidd's; its SQL is not in migrations/ here".to_owned());
    let head = format!("{own}  (applied {}, your own)\n{}", own.at, indented(&why));
    match (verbose, own.script("up.sql"), own.script("down.sql")) {
        (true, Some(up), Some(down)) => head + &directions([&up, &down]),
        _ => head,
    }
}

/// The SQL of both directions.
fn directions([up, down]: [&str; 2]) -> String {
    let direction = |word: &str, sql: &str| format!("\n    --- {word} ---\n{}", indented(sql.trim()));
    direction("up", up) + &direction("down", down)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect()
}
