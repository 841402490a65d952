//! What the catalogs of PostgreSQL say about the objects of one schema, in words that do not depend on the schema.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Oid, Text};

/// A kind of object that migrations make, in the order in which one needs the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A function.
    Function,
    /// A table.
    Table,
    /// A column of a table.
    Column,
    /// A key, a check or a reference.
    Constraint,
    /// An index that is no constraint.
    Index,
    /// A view.
    View,
    /// A trigger that is no constraint.
    Trigger,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "function" => Self::Function,
            "table" => Self::Table,
            "column" => Self::Column,
            "constraint" => Self::Constraint,
            "index" => Self::Index,
            "view" => Self::View,
            "trigger" => Self::Trigger,
            _ => return None,
        })
    }

    /// As people and SQL call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Table => "table",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
        }
    }
}

/// An object as it is, or as it should be. Names are ready to be used in SQL.
#[derive(PartialEq, Eq)]
pub(super) struct Object {
    /// What it is.
    pub kind: Kind,
    /// The table that it belongs to; empty for what stands alone.
    pub table: String,
    /// Its name.
    pub name: String,
    /// What creates it; the type of a column.
    pub definition: String,
    /// What can be wrong with it: `invalid`, `disabled`, `unlogged`; `NOT NULL` of a column; else empty.
    pub state: String,
    /// What fills a column that an INSERT leaves out; what builds the index of a key.
    pub filler: Option<String>,
    /// Definition and filler as a restored backup has them: PostgreSQL made them of its own words, and may put them
    /// in others then.
    pub restored: Option<(String, Option<String>)>,
    /// What it is for, as SQL.
    pub comments: Vec<String>,
    /// The triggers to switch on again, as SQL.
    pub enabling: Vec<String>,
}

impl Object {
    /// Whether both go by one name.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.kind, &self.table, &self.name) == (other.kind, &other.table, &other.name)
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    parent: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    filler: Option<String>,
    #[diesel(sql_type = Array<Text>)]
    comments: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    enabling: Vec<String>,
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "the query sorts by it")]
    made: i64,
}

/// The objects of a schema, each kind in the order of making.
///
/// PostgreSQL writes the schema before a name that the search path does not lead to. Both forms of it are taken away, so
/// that temporary objects read like those of an ordinary schema.
pub(super) fn read(conn: &mut PgConnection, schema: u32) -> QueryResult<Vec<Object>> {
    let rows: Vec<Row> = diesel::sql_query(OBJECTS).bind::<Oid, _>(schema).load(conn)?;
    let object = |row: Row| {
        Some(Object {
            kind: Kind::of(&row.kind)?,
            table: row.parent,
            name: row.name,
            definition: row.definition,
            state: row.state,
            filler: row.filler,
            restored: None,
            comments: row.comments,
            enabling: row.enabling,
        })
    };
    Ok(rows.into_iter().filter_map(object).collect())
}

const OBJECTS: &str = "
WITH relation AS (
    SELECT oid, quote_ident(relname) AS name, relkind, relpersistence, obj_description(oid, 'pg_class') AS comment
    FROM pg_class WHERE relnamespace = $1 AND relkind IN ('r', 'p', 'v')
), object (kind, parent, name, definition, state, filler, comments, enabling, made) AS (
    SELECT 'table', '', name, '', CASE relpersistence WHEN 'u' THEN 'unlogged' ELSE '' END, NULL,
           ARRAY[format('COMMENT ON TABLE %s IS %L', name, comment)], ARRAY[]::text[], oid::bigint
    FROM relation WHERE relkind <> 'v'
    UNION ALL
    SELECT 'column', relation.name, quote_ident(attname),
           format_type(atttypid, atttypmod) || coalesce(
               (SELECT ' COLLATE ' || attcollation::regcollation FROM pg_type
                WHERE pg_type.oid = atttypid AND typcollation <> attcollation), ''),
           CASE WHEN attnotnull THEN 'NOT NULL' ELSE '' END,
           CASE WHEN attidentity <> '' THEN 'identity' ELSE
               CASE WHEN attgenerated <> '' THEN 'generated: ' ELSE '' END || pg_get_expr(adbin, adrelid) END,
           ARRAY[format('COMMENT ON COLUMN %s.%I IS %L', relation.name, attname, col_description(attrelid, attnum))],
           ARRAY[]::text[], attnum
    FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relkind <> 'v'
    UNION ALL
    SELECT 'constraint', relation.name, quote_ident(conname), pg_get_constraintdef(pg_constraint.oid),
           CASE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgconstraint = pg_constraint.oid AND tgenabled = 'D')
                THEN 'disabled' ELSE '' END,
           NULL, ARRAY[]::text[],
           ARRAY(SELECT format('ALTER TABLE %s ENABLE TRIGGER %I', tgrelid::regclass, tgname) FROM pg_trigger
                 WHERE tgconstraint = pg_constraint.oid AND tgenabled = 'D'),
           array_position(ARRAY['p', 'u', 'x', 'c', 'f'], contype::text)
    FROM relation JOIN pg_constraint ON conrelid = relation.oid AND contype IN ('p', 'u', 'x', 'c', 'f')
    UNION ALL
    SELECT 'index', relation.name, indexrelid::regclass::text, pg_get_indexdef(indexrelid),
           CASE WHEN indisvalid OR indexrelid IN (SELECT index_relid FROM pg_stat_progress_create_index)
                THEN '' ELSE 'invalid' END,
           NULL, ARRAY[]::text[], ARRAY[]::text[], indexrelid::bigint
    FROM relation JOIN pg_index ON indrelid = relation.oid
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 'view', '', name, format('CREATE VIEW %s AS%s%s', name, chr(10), pg_get_viewdef(oid)), '', NULL,
           ARRAY[format('COMMENT ON VIEW %s IS %L', name, comment)] || ARRAY(
               SELECT format('COMMENT ON COLUMN %s.%I IS %L', name, attname, col_description(attrelid, attnum))
               FROM pg_attribute WHERE attrelid = relation.oid AND attnum > 0
                 AND col_description(attrelid, attnum) IS NOT NULL),
           ARRAY[]::text[], oid::bigint
    FROM relation WHERE relkind = 'v'
    UNION ALL
    SELECT 'function', '', format('%I(%s)', proname, pg_get_function_identity_arguments(oid)), pg_get_functiondef(oid),
           '', NULL,
           ARRAY[format('COMMENT ON FUNCTION %I(%s) IS %L', proname, pg_get_function_identity_arguments(oid),
                        obj_description(oid, 'pg_proc'))], ARRAY[]::text[], oid::bigint
    FROM pg_proc WHERE pronamespace = $1 AND prokind = 'f'
    UNION ALL
    SELECT 'trigger', relation.name, quote_ident(tgname), pg_get_triggerdef(pg_trigger.oid),
           CASE tgenabled WHEN 'D' THEN 'disabled' ELSE '' END, NULL, ARRAY[]::text[],
           ARRAY[format('ALTER TABLE %s ENABLE TRIGGER %I', relation.name, tgname)], pg_trigger.oid::bigint
    FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
), schema AS (
    SELECT quote_ident(nspname) || '.' AS prefix FROM pg_namespace WHERE oid = $1
)
SELECT kind, parent, replace(replace(name, prefix, ''), 'pg_temp.', '') AS name,
       replace(replace(definition, prefix, ''), 'pg_temp.', '') AS definition, state,
       replace(replace(filler, prefix, ''), 'pg_temp.', '') AS filler, comments, enabling, made
FROM object, schema ORDER BY kind, parent, made, name";
