//! What is not as the migrations made it, object by object.

use std::fmt;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::catalogue::{Kind, Object};
use super::expected::Catalogues;
use super::fault::Fault;
use super::mend::{self, Mend};

/// One object that is not as it should be.
pub struct Difference {
    /// `index idx_turns_answer on turns`
    object: String,
    /// `is missing`
    found: String,
    /// The index that is not there or not valid.
    pub(super) index: Option<String>,
    /// What went with it and does not come back.
    pub lost: Option<String>,
    /// What mends it, or why nothing does.
    pub mend: Result<Mend, String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object, self.found)?;
        self.lost.as_ref().map_or(Ok(()), |lost| write!(f, "; lost: {lost}"))
    }
}

/// Everything that differs, in the order in which it can be mended.
pub(super) fn between(
    conn: &mut PgConnection,
    Catalogues { expected, actual }: &Catalogues,
) -> QueryResult<Vec<Difference>> {
    let find = |object: &Object| actual.iter().find(|other| other.is(object));
    let has_table = |name: &str| actual.iter().any(|other| other.kind == Kind::Table && other.name == name);
    let mut differences = Vec::new();
    let mut ordered: Vec<_> = expected.iter().collect();
    // A reference needs the key that it refers to.
    ordered.sort_by_key(|object| (object.kind, refers(object)));
    for object in ordered {
        // It went with its table, and comes back with it; only a reference may have to wait for another table.
        if !object.table.is_empty() && !has_table(&object.table) && !refers(object) {
            continue;
        }
        let faults = match find(object) {
            // Under another name it does the same.
            None if object.kind == Kind::Constraint
                && actual.iter().any(|one| is_same_constraint(one, object)) =>
            {
                Vec::new()
            }
            None => vec![Fault::Missing],
            Some(found) => faults(object, found),
        };
        for fault in faults {
            differences.push(difference(conn, object, fault, expected)?);
        }
    }
    Ok(differences)
}

/// Whether it is a key of another table.
fn refers(object: &Object) -> bool {
    object.definition.starts_with("FOREIGN KEY")
}

fn is_same_constraint(one: &Object, other: &Object) -> bool {
    (one.kind, &one.table, &one.definition, &one.state)
        == (other.kind, &other.table, &other.definition, &other.state)
}

fn faults<'a>(expected: &Object, found: &'a Object) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    let restored = expected.restored.as_ref();
    let is_made = |definition: &str| {
        definition == expected.definition
            || restored.is_some_and(|(restored, _)| definition == restored)
            || (definition == "bigint" && is_message_id(expected))
    };
    if !is_made(&found.definition) {
        let unchecked = found.definition.strip_suffix(" NOT VALID").is_some_and(is_made);
        faults.push(if unchecked { Fault::NotValid(found) } else { Fault::Other(found) });
    }
    match (&*expected.state, &*found.state) {
        (one, other) if one == other => {}
        (_, "invalid") => faults.push(Fault::Invalid),
        (_, "disabled") => faults.push(Fault::Disabled(found)),
        (_, "unlogged") => faults.push(Fault::Unlogged),
        ("NOT NULL", _) => faults.push(Fault::Nullable),
        (_, "NOT NULL") => faults.push(Fault::Required),
        _ => {}
    }
    match (&expected.filler, &found.filler) {
        (Some(_), None) => faults.push(Fault::NoDefault),
        (Some(one), Some(other))
            if one != other
                && restored.is_none_or(|(_, restored)| restored.as_ref() != Some(other))
                && !fills_as_well(expected, one, other) =>
        {
            faults.push(Fault::OtherDefault);
        }
        _ => {}
    }
    faults
}

/// Whether it holds numbers of messages. They may be wider than the migrations made them: contrib/widen-message-ids.sql.
fn is_message_id(column: &Object) -> bool {
    let columns =
        [("messages", "id"), ("turns", "question_id"), ("turns", "answer_id"), ("attachments", "message_id")];
    column.kind == Kind::Column && columns.contains(&(&*column.table, &*column.name))
}

/// Whether another default does what the expected one does. A table that was found and not made, `messages`, may have
/// defaults of its own, and an identity counts as well as a sequence.
fn fills_as_well(column: &Object, expected: &str, found: &str) -> bool {
    column.table == "messages" || (counts(expected) && counts(found))
}

/// Whether it numbers the rows.
fn counts(filler: &str) -> bool {
    filler == "identity" || filler.starts_with("nextval(")
}

fn difference(
    conn: &mut PgConnection,
    object: &Object,
    fault: Fault<'_>,
    expected: &[Object],
) -> QueryResult<Difference> {
    let has_rows = fault == Fault::Missing && object.kind == Kind::Column && has_rows(conn, &object.table)?;
    let lost = match object.kind {
        Kind::Table if fault == Fault::Missing => Some("all its rows".to_owned()),
        Kind::Column if has_rows => Some("what it held".to_owned()),
        _ => None,
    };
    let names_rows = object.filler.as_deref().is_none_or(counts);
    let mend = if has_rows && object.state == "NOT NULL" && names_rows {
        Err("no row can do without what it held: restore a backup".to_owned())
    } else {
        Ok(mend::of(object, fault, expected))
    };
    let is_unusable = object.kind == Kind::Index && matches!(fault, Fault::Missing | Fault::Invalid);
    let index = is_unusable.then(|| object.name.clone());
    Ok(Difference { object: title(object), found: words(object, fault), index, lost, mend })
}

fn has_rows(conn: &mut PgConnection, table: &str) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    // The name comes quoted from the catalogs.
    diesel::sql_query(format!("SELECT EXISTS (SELECT FROM {table}) AS found"))
        .get_result(conn)
        .map(|Found { found }| found)
}

fn title(Object { kind, table, name, .. }: &Object) -> String {
    let name = name.trim_matches('"');
    match kind {
        Kind::Column => format!("column {table}.{name}"),
        _ if table.is_empty() => format!("{} {name}", kind.word()),
        _ => format!("{} {name} on {table}", kind.word()),
    }
}

fn words(object: &Object, fault: Fault<'_>) -> String {
    match fault {
        Fault::Missing => "is missing".to_owned(),
        Fault::Other(found) if object.kind == Kind::Column => {
            format!("is of the type {}, not {}", found.definition, object.definition)
        }
        Fault::Other(_) => "is another than the migrations made".to_owned(),
        Fault::NotValid(_) => "was never checked for the rows that there are (NOT VALID)".to_owned(),
        Fault::Invalid => "is invalid".to_owned(),
        Fault::Disabled(_) => "is disabled".to_owned(),
        Fault::Unlogged => "is unlogged: a crash of PostgreSQL would empty it".to_owned(),
        Fault::Nullable => "has lost its NOT NULL".to_owned(),
        Fault::Required => "is NOT NULL and should not be".to_owned(),
        Fault::NoDefault => "has lost its default".to_owned(),
        Fault::OtherDefault => "has another default than the migrations gave it".to_owned(),
    }
}
