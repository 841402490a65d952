//! Databases in the middle of the migrations, and what shows where they are.

use sandbox::env::Operator;

/// The newest of the migrations that the tests move about in: each of the first tables, and nothing later.
pub(crate) const LAST: &str = "2026-11-23-000005_create_reply_parts";

/// Everything that a migration could change, as text.
pub(crate) const SCHEMA: &str = "
    SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = 'public'
    UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT version, '', '', '', '' FROM __diesel_schema_migrations
    ORDER BY 1, 2, 3";

/// One row in every table of [`LAST`].
pub(crate) const ROWS: &str = "
    INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2);
    INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload) VALUES (1, 1, 1, 1, 'message', '{}');
    INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state) VALUES (1, 1, 1, 1, 1, 'answered');
    INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, payload)
    VALUES (1, 1, 1, 1, 1, 0, 'send', '{}'), (1, 1, 1, 1, 1, 1, 'send', '{}');";

/// A database with the migrations up to [`LAST`].
pub(crate) fn migrated() -> Operator {
    migrated_on(Operator::new())
}

/// The same, of this operator.
pub(crate) fn migrated_on(operator: Operator) -> Operator {
    operator.run(&["migrate", "to", LAST]).ok();
    operator
}

/// `applied`, `pending` and so on, one letter each, oldest first, up to [`LAST`].
pub(crate) fn states(operator: &Operator) -> String {
    let status = operator.run(&["migrate", "status"]).ok();
    let lines = status.lines().skip(3);
    let newer = |line: &&str| {
        line.split_whitespace().nth(1).is_some_and(|name| name.starts_with("20") && name > LAST)
    };
    lines.filter(|line| !newer(line)).filter_map(|line| line.chars().next()).collect()
}

/// The names of all migrations, oldest first. The diesel CLI leaves `.diesel_lock` beside them.
pub(crate) fn names() -> Vec<String> {
    let entries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}
