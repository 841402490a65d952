//! What somebody changes by hand is seen, named and mended: each object that the migrations make, one after the other.

use sandbox::env::Operator;

use crate::support::transaction::Transaction;

/// All that can differ, as text: what `mend` has to restore.
const MADE: &str = "
    SELECT table_name, column_name, data_type || coalesce(character_maximum_length, 0), is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT viewname, replace(definition, '(ARRAY[0.5, 0.95])::double precision[]',
                                       'ARRAY[(0.5)::double precision, (0.95)::double precision]'), '', '', ''
    FROM pg_views WHERE schemaname = 'public'
    UNION ALL SELECT proname, pg_get_functiondef(oid), '', '', '' FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT relname, obj_description(oid), relkind::text, relpersistence::text, '' FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S')
    UNION ALL SELECT attrelid::regclass::text, attname, col_description(attrelid, attnum), '', '' FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v'))
      AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT version, '', '', '', '' FROM __diesel_schema_migrations
    ORDER BY 1, 2, 3";

const OURS: &str = "relnamespace = 'public'::regnamespace AND relname !~ '^__diesel'";

/// So many things are broken at once; DRIFT_AT_ONCE says how many else. Each time costs three runs of all migrations.
fn at_once() -> usize {
    std::env::var("DRIFT_AT_ONCE").ok().and_then(|count| count.parse().ok()).unwrap_or(30)
}

/// Breaks everything, some things at a time, as `ways` (lines of name and SQL) say. Each is named by the status, and all are
/// mended.
#[track_caller]
fn each_is_seen_and_mended(ways: &str) {
    let operator = Operator::up_to_date();
    let made = operator.psql(MADE);
    let ways = operator.psql(ways);
    let ways: Vec<_> = ways.lines().map(|way| way.split_once('|').unwrap()).collect();
    assert!(!ways.is_empty());
    for ways in ways.chunks(at_once()) {
        let sql: Vec<_> = ways.iter().map(|(_, sql)| *sql).collect();
        operator.psql(&format!("SET client_min_messages TO warning; {}", sql.join("; ")));
        let status = operator.run(&["migrate", "status", "--check"]);
        assert_eq!(status.code, Some(3), "{sql:?}");
        for (name, sql) in ways {
            // An index that has a migration to itself is named at that.
            let gone = format!("({} is gone or invalid)", name.split(' ').next().unwrap());
            let named = status
                .out
                .lines()
                .any(|line| (line.starts_with("changed ") && line.contains(name)) || line.contains(&gone));
            assert!(named, "{sql}: {}", status.out);
        }
        operator.run(&["migrate", "mend", "--yes"]).ok();
        assert_eq!(operator.psql(MADE), made, "{sql:?}");
    }
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn each_table_view_and_function_that_is_dropped_is_seen_and_mended() {
    each_is_seen_and_mended(&format!(
        "SELECT format('%s %s is missing', CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END, relname), format('DROP %s IF EXISTS %I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname)
         FROM pg_class WHERE relkind IN ('r', 'v') AND {OURS}
         UNION ALL SELECT 'function ' || proname, format('DROP FUNCTION IF EXISTS %I CASCADE', proname) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
    ));
}

#[test]
fn each_index_and_constraint_that_is_dropped_is_seen_and_mended() {
    each_is_seen_and_mended(
        "SELECT indexrelid::regclass || ' on ' || indrelid::regclass || ' is missing',
                format('DROP INDEX IF EXISTS %s', indexrelid::regclass)
         FROM pg_index JOIN pg_class ON pg_class.oid = indrelid AND relname !~ '^__diesel'
         WHERE relnamespace = 'public'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
         UNION ALL
         SELECT format('%s on %s is missing', conname, conrelid::regclass),
                format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname)
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ '^__diesel'
           AND contype IN ('p', 'u', 'c', 'f') ORDER BY 1",
    );
}

#[test]
fn each_column_that_is_dropped_is_seen_and_mended() {
    each_is_seen_and_mended(&format!(
        "SELECT format('column %s.%s is missing', relname, attname),
                format('ALTER TABLE %I DROP COLUMN %I CASCADE', relname, attname)
         FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
         WHERE relkind = 'r' AND {OURS} ORDER BY attnum, relname"
    ));
}

#[test]
fn each_default_and_not_null_that_is_lost_is_seen_and_mended() {
    each_is_seen_and_mended(&format!(
        "SELECT format('column %s.%s has lost its %s', relname, attname, CASE what WHEN 'DEFAULT' THEN 'default' ELSE what END),
                format('ALTER TABLE %I ALTER COLUMN %I DROP %s', relname, attname, what)
         FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
         JOIN unnest(ARRAY['DEFAULT', 'NOT NULL']) what ON CASE what WHEN 'DEFAULT' THEN atthasdef ELSE attnotnull END
         WHERE relkind = 'r' AND {OURS}
           AND NOT (what = 'NOT NULL' AND EXISTS (SELECT FROM pg_constraint WHERE conrelid = attrelid
                                                  AND contype = 'p' AND attnum = ANY (conkey)))
         ORDER BY relname, attnum"
    ));
}

/// The operator, with something broken, and the lines of his status that tell it.
fn broken(sql: &str) -> (Operator, Vec<String>) {
    let operator = Operator::up_to_date();
    operator.psql(sql);
    let status = operator.run(&["migrate", "status"]).ok();
    let told = status.lines().filter_map(|line| line.strip_prefix("changed   "));
    let told = told.map(|line| line.trim_end_matches("  (systech-aidd migrate mend)").to_owned()).collect();
    (operator, told)
}

#[test]
fn what_was_changed_is_told_in_one_sentence_and_mended() {
    let changes = [
        (
            "ALTER TABLE turns ALTER COLUMN model TYPE VARCHAR(50)",
            "column turns.model is of the type character varying(50), not text",
        ),
        (
            "ALTER TABLE reply_parts ALTER COLUMN position TYPE BIGINT",
            "column reply_parts.position is of the type bigint, not integer",
        ),
        ("ALTER TABLE turns ALTER COLUMN failure SET NOT NULL", "column turns.failure is NOT NULL and should not be"),
        (
            "ALTER TABLE updates ALTER COLUMN attempts SET DEFAULT 7",
            "column updates.attempts has another default than the migrations gave it",
        ),
        (
            "DROP INDEX idx_turns_answer; CREATE INDEX idx_turns_answer ON turns (answer_id, id)",
            "index idx_turns_answer on turns is another than the migrations made",
        ),
        (
            "ALTER TABLE turns DROP CONSTRAINT turns_failure;
             ALTER TABLE turns ADD CONSTRAINT turns_failure CHECK (failure <> 'x')",
            "constraint turns_failure on turns is another than the migrations made",
        ),
        (
            "ALTER TABLE turns DROP CONSTRAINT turns_state_check; ALTER TABLE turns ADD CONSTRAINT turns_state_check
             CHECK (state IN ('answered', 'stopped', 'failed', 'refused')) NOT VALID",
            "constraint turns_state_check on turns was never checked for the rows that there are (NOT VALID)",
        ),
        (
            "ALTER TABLE turns DISABLE TRIGGER ALL; ALTER TABLE turns ENABLE TRIGGER USER",
            "constraint turns_question_id_fkey on turns is disabled",
        ),
        ("ALTER TABLE strangers SET UNLOGGED", "table strangers is unlogged: a crash of PostgreSQL would empty it"),
        (
            "CREATE OR REPLACE VIEW live_messages AS SELECT id, user_id, chat_id, role, content, message_length, created_at, thread_id
             FROM messages",
            "view live_messages is another than the migrations made",
        ),
        (
            "CREATE OR REPLACE FUNCTION message_words(content text) RETURNS tsvector LANGUAGE sql IMMUTABLE
             RETURN to_tsvector('pg_catalog.simple'::regconfig, content)",
            "function message_words(content text) is another than the migrations made",
        ),
    ];
    for changes in changes.chunks(at_once()) {
        let sql: Vec<_> = changes.iter().map(|(sql, _)| *sql).collect();
        let (operator, told) = broken(&sql.join("; "));
        for (sql, sentence) in changes {
            assert!(told.iter().any(|line| line == sentence), "{sql}: {told:#?}");
        }
        assert_eq!(operator.run(&["migrate", "status", "--check"]).code, Some(3));
        let said = operator.run(&["migrate", "mend"]).ok();
        for (_, sentence) in changes {
            assert!(said.contains(&format!("mend: {sentence}\n")), "{said}");
        }
        operator.run(&["migrate", "status", "--check"]).ok();
    }
}

#[test]
fn what_an_operator_added_is_no_drift_and_neither_is_a_restored_backup() {
    let (operator, told) = broken(
        "CREATE INDEX theirs ON messages (role); CREATE VIEW theirs_too AS SELECT * FROM messages;
         ALTER TABLE turns ADD COLUMN mood TEXT DEFAULT 'fine'; CREATE TABLE ledger (id INTEGER);
         ALTER TABLE strangers ADD CONSTRAINT positive CHECK (user_id > 0);
         CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER theirs BEFORE INSERT ON turns FOR EACH ROW EXECUTE FUNCTION nothing();
         COMMENT ON TABLE turns IS 'Ours.'; ALTER TABLE turns RENAME CONSTRAINT turns_pkey TO pk_turns",
    );
    assert!(told.is_empty(), "{told:#?}");
    operator.run(&["migrate", "status", "--check"]).ok();
    let backup = operator.run(&["backup", "--to", "."]).ok();
    let file = backup.split_whitespace().nth(1).unwrap();
    operator.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    operator.run(&["restore", file]).ok();
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn looking_for_drift_leaves_nothing_behind_and_waits_for_nobody() {
    let operator = Operator::up_to_date();
    let objects =
        "SELECT count(*), (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pg_temp%') FROM pg_class";
    let before = operator.psql(objects);
    let writing = "LOCK TABLE messages, turns, updates IN SHARE ROW EXCLUSIVE MODE";
    let somebody = Transaction::begin(&operator.database, writing);
    operator.run(&["migrate", "status", "--check"]).ok();
    drop(somebody);
    assert_eq!(operator.psql(objects), before);
    let somebody = Transaction::begin(&operator.database, "LOCK TABLE messages");
    let said = operator.run(&["migrate", "status"]).ok();
    assert!(
        said.contains(
            "changed?  canceling statement due to lock timeout  (what was changed by hand is not known)"
        ),
        "{said}"
    );
    drop(somebody);
}

#[test]
fn a_role_that_owns_the_tables_and_nothing_else_sees_drift_and_mends_it() {
    let mut operator = Operator::new();
    let (role, name) = (format!("{}_owner", operator.database.name()), operator.database.name().to_owned());
    operator.psql(&format!("CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role}; REVOKE CREATE ON DATABASE {name} FROM PUBLIC"));
    let url = operator.database.url();
    operator.set("PGUSER", &role);
    operator.set("DATABASE_URL", url.replacen("postgres@", &format!("{role}@"), 1));
    operator.run(&["migrate", "up"]).ok();
    operator.psql("DROP INDEX idx_turns_answer; DROP VIEW dialogues");
    assert_eq!(operator.run(&["migrate", "status", "--check"]).code, Some(3));
    operator.run(&["migrate", "mend"]).ok();
    operator.run(&["migrate", "status", "--check"]).ok();
    assert_eq!(operator.psql(&format!("SELECT rolsuper FROM pg_roles WHERE rolname = '{role}'")), "f");
    assert_eq!(operator.psql("SELECT viewowner FROM pg_views WHERE viewname = 'dialogues'"), role);
}

#[test]
fn what_was_lost_is_told_and_made_anew_only_with_consent_and_where_empty_makes_sense() {
    let (operator, _) = broken(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2);
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, done_at) VALUES (1, 1, 1, 1, 'message', now());
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state, model) VALUES (1, 1, 1, 1, 1, 'answered', 'm');
         ALTER TABLE turns DROP COLUMN model; ALTER TABLE messages DROP COLUMN content CASCADE;
         ALTER TABLE updates DROP COLUMN done_at; DROP TABLE strangers",
    );
    let asked = operator.run(&["migrate", "mend"]).fails_with(4);
    for line in [
        "  column turns.model is missing; lost: what it held\n",
        "  column messages.content is missing; lost: what it held\n",
        "  table strangers is missing; lost: all its rows\n",
    ] {
        assert!(asked.contains(line), "{asked}");
    }
    let missing =
        "SELECT count(*) FROM pg_attribute WHERE attname IN ('model', 'content', 'done_at') AND attnum > 0
                   AND attrelid IN ('turns'::regclass, 'messages'::regclass, 'updates'::regclass)";
    assert_eq!(operator.psql(missing), "0", "nothing was done");
    let said = operator.run(&["migrate", "mend", "--yes"]).fails_with(1);
    let restore = "column messages.content is missing; lost: what it held: no row can do without what it held: restore a backup";
    assert!(said.contains(restore), "{said}");
    // Empty, a done update would be one that waits: the check of the table says no.
    assert!(
        said.contains("column updates.done_at is missing") && said.contains("updates_tombstone"),
        "{said}"
    );
    assert_eq!(operator.psql("SELECT model IS NULL FROM turns"), "t");
    assert_eq!(operator.psql("SELECT count(*) FROM strangers"), "0");
    assert_eq!(operator.psql(missing), "1");
}

#[test]
fn no_value_is_changed_for_the_sake_of_a_type() {
    let (operator, _) = broken(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2);
         ALTER TABLE turns ALTER COLUMN prompt_tokens TYPE NUMERIC USING prompt_tokens;
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state, prompt_tokens) VALUES (1, 1, 1, 1, 1, 'answered', 1.5)"
            .replace("ALTER TABLE turns ALTER COLUMN prompt", "DROP VIEW daily_statistics; ALTER TABLE turns ALTER COLUMN prompt")
            .as_str(),
    );
    let said = operator.run(&["migrate", "mend"]).fails_with(1);
    assert!(said.contains("turns.prompt_tokens has values that are none of the type integer"), "{said}");
    assert_eq!(operator.psql("SELECT prompt_tokens FROM turns"), "1.5");
    operator.psql("UPDATE turns SET prompt_tokens = 2");
    operator.run(&["migrate", "mend"]).ok();
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn the_sql_of_a_dry_run_mends_in_psql_what_the_program_mends() {
    let (operator, _) = broken(
        "DROP TABLE reply_parts, turns CASCADE; DROP VIEW dialogues; DROP FUNCTION message_words CASCADE;
         ALTER TABLE messages DROP CONSTRAINT messages_pkey CASCADE, ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE messages_id_seq",
    );
    let script = operator.run(&["migrate", "mend", "--dry-run"]).ok();
    assert_eq!(operator.run(&["migrate", "status", "--check"]).code, Some(3), "nothing was done");
    operator.psql(&script);
    operator.run(&["migrate", "status", "--check"]).ok();
    assert_eq!(operator.psql(MADE), Operator::up_to_date().psql(MADE));
}

#[test]
fn a_mended_column_counts_on_above_every_number_that_was_given() {
    let (operator, _) = broken(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2);
         ALTER TABLE messages ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE messages_id_seq",
    );
    operator.run(&["migrate", "mend"]).ok();
    let next = "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2) RETURNING id";
    assert_eq!(operator.psql(next).lines().next(), Some("2"));
}

#[test]
fn an_index_that_broke_is_told_in_one_line_whichever_migration_made_it_and_mended() {
    for (index, remedy) in [
        ("idx_turns_answer", "migrate mend builds it anew"),
        ("idx_turns_asked", "migrate up builds it anew"),
    ] {
        let broken = format!("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass");
        let (operator, told) = self::broken(&broken);
        let status = operator.run(&["migrate", "status"]).ok();
        assert!(
            told.is_empty() && status.contains(&format!("invalid   index {index}  (systech-aidd {remedy})")),
            "{status}"
        );
        operator.run(&["migrate", "mend"]).ok();
        operator.run(&["migrate", "status", "--check"]).ok();
    }
    let (operator, _) = broken("DROP INDEX idx_turns_asked");
    let status = operator.run(&["migrate", "status"]).ok();
    assert!(status.contains("(idx_turns_asked is gone or invalid)"), "{status}");
    operator.run(&["migrate", "mend"]).ok();
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn the_doctor_names_what_was_changed_by_hand() {
    let operator = Operator::up_to_date();
    let doctor = || operator.run(&["doctor", "--only", "database"]);
    assert!(doctor().ok().contains("✓ schema       as the migrations made it"), "{}", doctor().out);
    operator.psql("DROP VIEW dialogues; DROP INDEX idx_turns_answer");
    let said = doctor();
    assert_eq!(said.code, Some(1));
    let line = said.out.lines().find(|line| line.starts_with("✗ schema ")).unwrap();
    assert!(line.contains("index idx_turns_answer on turns is missing; view dialogues is missing"), "{line}");
    assert!(line.contains("→ systech-aidd migrate mend"), "{line}");
}
