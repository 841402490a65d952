//! The database contract: the table of the guide, the predecessor's database, the plan of the history query.

use diesel::prelude::*;
use sandbox::TestEnv;
use sandbox::telegram::Person;
use systech_aidd::domain::lane::Lane;
use systech_aidd::store::history;

use crate::support::predecessor;

const COLUMNS: &str = "
    SELECT column_name, format_type(a.atttypid, a.atttypmod), is_nullable, coalesce(column_default, '-')
    FROM information_schema.columns c
    JOIN pg_attribute a ON a.attrelid = 'messages'::regclass AND a.attname = c.column_name
    WHERE c.table_name = 'messages' ORDER BY ordinal_position";

#[test]
fn messages_is_the_table_of_the_guide_with_the_topic_behind_it() {
    let fresh = TestEnv::empty();
    fresh.kill(fresh.start_ready());
    let guide = TestEnv::empty();
    guide.psql(predecessor::TABLES);
    let topic = "thread_id|bigint|YES|-";
    assert_eq!(fresh.psql(COLUMNS), format!("{}\n{topic}", guide.psql(COLUMNS)));
    let indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'messages' ORDER BY 1";
    let ours: Vec<_> = fresh.psql(indexes).lines().map(str::to_owned).collect();
    for index in guide.psql(indexes).lines() {
        assert!(ours.iter().any(|own| own == index), "{index} is not in {ours:?}");
    }
}

#[test]
fn a_database_of_the_predecessor_is_taken_over_in_place_and_its_dialogues_go_on() {
    let env = TestEnv::empty();
    env.psql(&predecessor::database());
    env.psql("ALTER TABLE messages ADD COLUMN source TEXT NOT NULL DEFAULT 'telegram'");
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "Who am I?");
    env.telegram.wait_for_count(1, 1);
    let asked = env.asked("Who am I?").pop().unwrap();
    assert_eq!(asked.messages[1].content, "My name is Eve");
    assert_eq!(asked.messages.len(), 4);
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*), count(source) FROM messages"), "5|5");
}

#[test]
fn stamps_are_in_the_servers_time_zone_so_new_messages_follow_the_predecessors() {
    let env = TestEnv::empty();
    env.server().psql(
        "postgres",
        &format!("ALTER DATABASE \"{}\" SET timezone TO 'Asia/Vladivostok'", env.database.name()),
    );
    env.psql(&predecessor::database());
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "Who am I?");
    env.telegram.wait_for_count(1, 1);
    env.telegram.say(&Person::private(1), "/clear");
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    let order = "SELECT string_agg(left(content, 7), ',' ORDER BY created_at, id) FROM messages WHERE role = 'user' AND user_id = 1";
    assert_eq!(env.psql(order), "My name,Who am ");
    let by_the_servers_clock =
        "SELECT bool_and(created_at BETWEEN LOCALTIMESTAMP - interval '10 minutes' AND LOCALTIMESTAMP
        AND deleted_at BETWEEN LOCALTIMESTAMP - interval '10 minutes' AND LOCALTIMESTAMP) FROM messages
        WHERE user_id = 1";
    assert_eq!(env.psql(by_the_servers_clock), "t");
}

#[test]
fn every_table_and_column_of_ours_says_what_it_is() {
    let env = TestEnv::empty();
    env.kill(env.start_ready());
    let silent = "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> '__diesel_schema_migrations'
          AND a.attnum >= 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
        UNION ALL
        SELECT relname, '-' FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
          AND relname <> '__diesel_schema_migrations' AND obj_description(c.oid) IS NULL";
    assert_eq!(env.psql(silent), "");
}

#[test]
fn the_predecessors_rows_survive_a_revert_of_everything() {
    let env = TestEnv::empty();
    env.psql(&predecessor::database());
    env.kill(env.start_ready());
    for migration in [
        "2026-11-27-000902_index_words_of_files",
        "2026-11-23-000015_add_search_index",
        "2026-11-23-000014_create_message_words",
        "2026-11-23-000013_create_daily_statistics",
        "2026-11-23-000012_create_dialogues",
        "2026-11-23-000011_create_live_messages",
        "2026-11-27-000501_create_quotes",
        "2026-11-23-000005_create_reply_parts",
        "2026-11-23-000004_create_turns",
        "2026-11-23-000003_create_updates",
    ] {
        env.psql(&down(migration));
    }
    env.psql(&down("2026-11-23-000001_create_messages"));
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "3");
}

fn down(migration: &str) -> String {
    let path = format!("{}/migrations/{migration}/down.sql", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_table_of_another_shape_stops_the_boot_with_its_differences_and_is_not_touched() {
    for (change, difference) in [
        ("ALTER TABLE messages DROP COLUMN deleted_at", "column deleted_at is missing"),
        (
            "ALTER TABLE messages ALTER content TYPE VARCHAR(9)",
            "column content is character varying(9) NOT NULL",
        ),
        (
            "ALTER TABLE messages ADD COLUMN tenant INTEGER NOT NULL",
            "column tenant is unknown and has no default",
        ),
        ("ALTER TABLE messages DROP CONSTRAINT messages_pkey", "id is not the primary key"),
    ] {
        let env = TestEnv::empty();
        env.psql(predecessor::TABLES);
        env.psql(change);
        let before = env.psql(COLUMNS);
        let bot = env.start();
        assert_eq!(bot.wait().code(), Some(1));
        assert!(env.logs().contains(difference), "{difference}: {}", env.logs());
        assert_eq!(env.psql(COLUMNS), before);
        assert_eq!(env.psql("SELECT to_regclass('updates') IS NULL"), "t");
    }
}

#[test]
fn the_history_query_walks_our_index_and_sorts_nothing_for_a_new_a_small_and_a_huge_dialogue_and_their_topics()
 {
    let env = TestEnv::empty();
    env.kill(env.start_ready());
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at, thread_id)
         SELECT CASE WHEN n <= 50000 THEN 1 WHEN n <= 50400 THEN 2 ELSE 100 + n % 3000 END,
                CASE WHEN n <= 50000 THEN 1 WHEN n <= 50400 THEN 2 ELSE 100 + n % 3000 END,
                CASE n % 2 WHEN 0 THEN 'assistant' ELSE 'user' END, repeat('x', 100), 100,
                timestamp '2026-01-01' + n * interval '1 minute', CASE n % 10 WHEN 0 THEN 7 WHEN 1 THEN 7 END
         FROM generate_series(1, 200000) AS n;
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state, failure)
         SELECT 1, id, user_id, chat_id, id, 'failed', 'empty' FROM messages WHERE id % 20 = 1;
         INSERT INTO quotes (turn_id, position, kind, whose, content)
         SELECT id, position, 'forward', 'other', 'x' FROM turns, generate_series(0, 1) AS position;
         ANALYZE",
    );
    let query = history::newest(Lane { bot_id: 1, chat_id: 1, user_id: 1, thread_id: None }, 20);
    let sql = diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string();
    let (sql, _) = sql.split_once(" -- binds").unwrap();
    // The plan for given values, and the one that PostgreSQL may keep for all values.
    for mode in ["force_custom_plan", "force_generic_plan"] {
        for (dialogue, topic) in [(999_999, 0), (2, 0), (1, 0), (999_999, 7), (2, 7), (1, 7), (1, 8)] {
            let plan = env.psql(&format!(
                "SET plan_cache_mode = {mode}; PREPARE newest AS {sql};
                 EXPLAIN EXECUTE newest({dialogue}, {dialogue}, {topic}, 20)"
            ));
            assert!(
                plan.contains("idx_messages_topic"),
                "{mode}, dialogue {dialogue}, topic {topic}:\n{plan}"
            );
            assert!(!plan.contains("Sort"), "{mode}, dialogue {dialogue}, topic {topic}:\n{plan}");
            assert!(!plan.contains("Seq Scan"), "{mode}, dialogue {dialogue}, topic {topic}:\n{plan}");
        }
    }
    let mut conn = PgConnection::establish(&env.database.url()).unwrap();
    let said =
        history::recent(&mut conn, Lane { bot_id: 1, chat_id: 1, user_id: 1, thread_id: None }, 20, None)
            .unwrap();
    assert!((5..=20).contains(&said.len()), "{}", said.len());
}

#[test]
fn the_views_say_what_is_live_who_talks_and_how_the_days_went() {
    let env = TestEnv::empty();
    env.kill(env.start_ready());
    env.psql(
        "INSERT INTO messages (id, user_id, chat_id, role, content, message_length, created_at, deleted_at) VALUES
            (1, 1, 1, 'user', 'a', 1, '2026-01-01 10:00:00', '2026-01-02'),
            (2, 1, 1, 'assistant', 'b', 1, '2026-01-01 10:00:02', '2026-01-02'),
            (3, 1, 1, 'user', 'c', 1, '2026-01-01 23:59:58', NULL),
            (4, 1, 1, 'assistant', 'd', 1, '2026-01-02 00:00:02', NULL),
            (5, 2, -7, 'user', 'e', 1, '2026-01-02 12:00:00', NULL),
            (6, 2, -7, 'user', 'f', 1, '2026-01-02 12:00:00', NULL);
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state, failure,
                            prompt_tokens, completion_tokens) VALUES
            (9, 1, 1, 1, 1, 2, 'answered', NULL, 10, 20),
            (9, 2, 1, 1, 3, 4, 'answered', NULL, 30, NULL),
            (9, 3, 2, -7, 5, NULL, 'failed', 'empty', NULL, NULL),
            (9, 4, 2, -7, 6, NULL, 'failed', 'rate_limited', NULL, NULL),
            (9, 5, 2, -7, 6, NULL, 'failed', 'over_budget', NULL, NULL)",
    );
    assert_eq!(env.psql("SELECT string_agg(content, '' ORDER BY id) FROM live_messages"), "cdef");
    assert_eq!(
        env.psql("SELECT * FROM dialogues ORDER BY user_id"),
        "1|1|4|2|2026-01-01 10:00:00|2026-01-02 00:00:02|2026-01-02 00:00:00|\n\
         2|-7|2|2|2026-01-02 12:00:00|2026-01-02 12:00:00||"
    );
    assert_eq!(
        env.psql("SELECT * FROM daily_statistics ORDER BY day"),
        "2026-01-01|3|1|0|40|20|3.0|3.9\n2026-01-02|3|2|1|0|0||"
    );
    let uncommented = "
        SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace AND attnum > 0
          AND col_description(attrelid, attnum) IS NULL";
    assert_eq!(env.psql(uncommented), "", "every column of a view is commented");
}

#[test]
fn no_text_is_too_long_or_too_strange_for_the_index_of_words() {
    let env = TestEnv::empty();
    env.kill(env.start_ready());
    // Two million different words, words of one letter each, one word without end.
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT 1, 1, 'assistant', content, length(content) FROM (VALUES
            ((SELECT string_agg('слово' || n, ' ') FROM generate_series(1, 2000000) AS n)),
            ((SELECT string_agg(chr(19968 + n % 20000), ' ') FROM generate_series(1, 300000) AS n)),
            (repeat('ж', 1000000)), ('')) AS texts (content)",
    );
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "4");
    let found = |word: &str| {
        env.psql(&format!(
            "SELECT count(*) FROM messages WHERE message_words(content) @@ to_tsquery('russian', '{word}')"
        ))
    };
    assert_eq!(found("слово7"), "1");
    assert_eq!(found("слово1999999"), "0", "beyond the beginning that counts");
}
