//! The SQL that makes an object what the migrations made it.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::catalogue::{Kind, Object};
use super::fault::Fault;

/// What mends one object.
pub struct Mend {
    /// The statements, in order.
    statements: Vec<String>,
    /// Whether they are one transaction. An index is built beside everybody's work instead, and then they are not.
    transactional: bool,
}

impl Mend {
    /// As a script for psql.
    pub fn sql(&self) -> String {
        let body = self.statements.join(";\n");
        if self.transactional { format!("BEGIN;\n{body};\nCOMMIT;\n") } else { format!("{body};\n") }
    }

    /// Does it.
    pub fn run(&self, conn: &mut PgConnection) -> QueryResult<()> {
        if self.transactional {
            return conn.transaction(|conn| self.statements(conn));
        }
        self.statements(conn)
    }

    fn statements(&self, conn: &mut PgConnection) -> QueryResult<()> {
        self.statements.iter().try_for_each(|statement| conn.batch_execute(statement))
    }
}

/// What makes objects once more as a restored backup makes them, each of PostgreSQL's own words for it. They keep their
/// order.
pub(super) fn as_restored(all: &[Object]) -> Vec<String> {
    let of = |kind: Kind| all.iter().filter(move |object| object.kind == kind);
    let defaults = of(Kind::Column).filter(|column| column.filler.is_some());
    let checks = of(Kind::Constraint).filter(|constraint| constraint.definition.starts_with("CHECK"));
    let mut statements: Vec<_> = of(Kind::Function).map(|function| bare(&function.definition)).collect();
    statements.extend(defaults.flat_map(|one| column(one, Fault::NoDefault, all)));
    statements.extend(checks.flat_map(|check| attached(check, Fault::Missing)));
    for index in of(Kind::Index) {
        statements.extend([format!("DROP INDEX {}", index.name), index.definition.clone()]);
    }
    // What is replaced keeps its place among those that need each other.
    statements.extend(
        of(Kind::View).map(|view| bare(&view.definition.replacen("CREATE ", "CREATE OR REPLACE ", 1))),
    );
    statements
}

/// What mends this fault of an object; `all` is everything that the migrations made.
pub(super) fn of(object: &Object, fault: Fault<'_>, all: &[Object]) -> Mend {
    let mut statements = match object.kind {
        Kind::Table if fault == Fault::Unlogged => vec![format!("ALTER TABLE {} SET LOGGED", object.name)],
        Kind::Table => table(object, all),
        Kind::Column => column(object, fault, all),
        Kind::Constraint | Kind::Trigger => attached(object, fault),
        Kind::Index => index(object, fault),
        Kind::View => view(object, fault),
        Kind::Function => function(object, fault, all),
    };
    if fault == Fault::Missing {
        statements.extend(object.comments.iter().cloned());
    }
    Mend { statements, transactional: object.kind != Kind::Index }
}

/// The table, with all that belongs to it.
fn table(table: &Object, all: &[Object]) -> Vec<String> {
    let of_it = |kind: Kind| all.iter().filter(move |one| one.kind == kind && one.table == table.name);
    let columns: Vec<_> = of_it(Kind::Column).map(declaration).collect();
    let mut statements: Vec<_> = of_it(Kind::Column).filter_map(sequence).collect();
    statements.push(format!("CREATE TABLE {} ({})", table.name, columns.join(", ")));
    statements.extend(of_it(Kind::Column).filter_map(ownership));
    // What it refers to may be missing as well.
    let own = |constraint: &&Object| !constraint.definition.starts_with("FOREIGN KEY");
    statements.extend(of_it(Kind::Constraint).filter(own).map(addition));
    statements.extend(of_it(Kind::Index).map(|index| index.definition.clone()));
    statements.extend(of_it(Kind::Trigger).map(|trigger| trigger.definition.clone()));
    statements.extend(of_it(Kind::Column).flat_map(|column| column.comments.iter().cloned()));
    statements
}

fn column(column: &Object, fault: Fault<'_>, all: &[Object]) -> Vec<String> {
    let Object { table, name, definition, .. } = column;
    let alter = |what: &str| format!("ALTER TABLE {table} ALTER COLUMN {name} {what}");
    let filler = column.filler.as_deref().unwrap_or("NULL");
    match fault {
        Fault::Missing => {
            let add = |column: &Object| {
                format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {}", declaration(column))
            };
            let beside = read_together(column, all).map(add);
            let parts =
                sequence(column).into_iter().chain([add(column)]).chain(ownership(column)).chain(beside);
            // In the same transaction: where an empty column breaks a check, it is not added at all.
            parts.chain(checks(column, all)).collect()
        }
        Fault::Other(found) => retype(column, found, all),
        Fault::Nullable => vec![alter("SET NOT NULL")],
        Fault::Required => vec![alter("DROP NOT NULL")],
        _ if filler.starts_with("generated: ") || filler == "identity" => {
            vec![alter(&format!("TYPE {definition}"))]
        }
        _ => sequence(column)
            .into_iter()
            .chain([alter(&format!("SET DEFAULT {filler}"))])
            .chain(ownership(column))
            .collect(),
    }
}

/// The other columns that a check of this column reads: they may be missing as well.
fn read_together<'a>(column: &'a Object, all: &'a [Object]) -> impl Iterator<Item = &'a Object> {
    let checks: Vec<_> = checks_of(column, all).collect();
    all.iter().filter(move |one| {
        let is_read = |check: &&Object| words(&check.definition).any(|word| word == one.name);
        one.kind == Kind::Column
            && one.table == column.table
            && one.name != column.name
            && checks.iter().any(is_read)
    })
}

/// Checks that read the column.
fn checks_of<'a>(column: &'a Object, all: &'a [Object]) -> impl Iterator<Item = &'a Object> {
    all.iter().filter(|constraint| {
        constraint.kind == Kind::Constraint
            && constraint.table == column.table
            && constraint.definition.starts_with("CHECK")
            && words(&constraint.definition).any(|word| word == column.name)
    })
}

/// Checks that read the column have gone with it. Each is made anew, if it is not there.
fn checks(column: &Object, all: &[Object]) -> Vec<String> {
    let made = |constraint: &Object| {
        let Object { table, name, .. } = constraint;
        [format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"), addition(constraint)]
    };
    checks_of(column, all).flat_map(made).collect()
}

fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

/// Another type, where no value changes by it. The views are in the way of that, and are made anew.
fn retype(column: &Object, found: &Object, all: &[Object]) -> Vec<String> {
    let Object { table, name, definition, .. } = column;
    let views: Vec<_> = all.iter().filter(|object| object.kind == Kind::View).collect();
    let mut statements = vec![format!(
        "DO $mend$ BEGIN
    IF EXISTS (SELECT FROM {table} WHERE {name}::{definition}::{was} IS DISTINCT FROM {name}) THEN
        RAISE EXCEPTION '{table}.{name} has values that are none of the type {definition}; nothing is changed';
    END IF;
END $mend$",
        was = found.definition
    )];
    statements.extend(views.iter().rev().map(|view| format!("DROP VIEW IF EXISTS {}", view.name)));
    statements.extend(
        column.filler.iter().map(|_| format!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT")),
    );
    statements.push(format!(
        "ALTER TABLE {table} ALTER COLUMN {name} TYPE {definition} USING {name}::{definition}"
    ));
    statements.extend(
        column
            .filler
            .iter()
            .map(|filler| format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {filler}")),
    );
    for view in views {
        statements.push(bare(&view.definition));
        statements.extend(view.comments.iter().cloned());
    }
    statements
}

fn attached(object: &Object, fault: Fault<'_>) -> Vec<String> {
    let Object { kind, table, name, definition, .. } = object;
    let make = || match kind {
        Kind::Trigger => bare(definition),
        _ => addition(object),
    };
    match fault {
        Fault::Disabled(found) => found.enabling.clone(),
        Fault::NotValid(_) => vec![format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")],
        _ if *kind == Kind::Trigger => vec![format!("DROP TRIGGER IF EXISTS {name} ON {table}"), make()],
        // A column that is made anew brings its checks along.
        _ => vec![format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"), make()],
    }
}

fn index(index: &Object, fault: Fault<'_>) -> Vec<String> {
    let build = index.definition.replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
    let drop = format!("DROP INDEX CONCURRENTLY {}", index.name);
    if fault == Fault::Missing { vec![build] } else { vec![drop, build] }
}

fn view(view: &Object, fault: Fault<'_>) -> Vec<String> {
    let mut statements = vec![format!("DROP VIEW IF EXISTS {}", view.name), bare(&view.definition)];
    if fault != Fault::Missing {
        statements.extend(view.comments.iter().cloned());
    }
    statements
}

/// Its indexes hold what the other function made of the rows.
fn function(function: &Object, fault: Fault<'_>, all: &[Object]) -> Vec<String> {
    let mut statements = vec![bare(&function.definition)];
    if fault != Fault::Missing {
        let name = function.name.split('(').next().unwrap_or_default();
        let calls = |object: &&Object| {
            object.kind == Kind::Index && words(&object.definition).any(|word| word == name)
        };
        statements.extend(all.iter().filter(calls).map(|index| format!("REINDEX INDEX {}", index.name)));
    }
    statements
}

fn addition(constraint: &Object) -> String {
    let Object { table, name, definition, .. } = constraint;
    format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
}

/// The column as CREATE TABLE has it.
fn declaration(column: &Object) -> String {
    let filler = match column.filler.as_deref() {
        None => String::new(),
        Some("identity") => " GENERATED BY DEFAULT AS IDENTITY".to_owned(),
        Some(filler) => match filler.strip_prefix("generated: ") {
            Some(expression) => format!(" GENERATED ALWAYS AS ({expression}) STORED"),
            None => format!(" DEFAULT {filler}"),
        },
    };
    let required = if column.state.is_empty() { "" } else { " NOT NULL" };
    format!("{} {}{filler}{required}", column.name, column.definition)
}

/// The sequence that a column counts by.
fn sequence(column: &Object) -> Option<String> {
    let name = counted_by(column)?;
    Some(format!("CREATE SEQUENCE IF NOT EXISTS {name} AS {}", column.definition))
}

/// It belongs to the column, and goes on above every number that was ever given.
fn ownership(column: &Object) -> Option<String> {
    let Object { table, name, .. } = column;
    let sequence = counted_by(column)?;
    Some(format!(
        "ALTER SEQUENCE {sequence} OWNED BY {table}.{name};
SELECT setval('{sequence}', GREATEST(coalesce(max({name}), 0) + 1, (SELECT last_value + is_called::integer FROM {sequence})), false) FROM {table}"
    ))
}

fn counted_by(column: &Object) -> Option<&str> {
    column.filler.as_deref()?.strip_prefix("nextval('")?.strip_suffix("'::regclass)")
}

/// A statement of PostgreSQL's own words, without the semicolon that some have.
fn bare(sql: &str) -> String {
    sql.trim_end().trim_end_matches(';').to_owned()
}
