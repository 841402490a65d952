//! `contrib/widen-message-ids.sql`: the numbers of messages become BIGINT under a running bot, which then works on as before.

use sandbox::TestEnv;
use sandbox::telegram::Person;

use crate::support::transaction::Transaction;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/widen-message-ids.sql");

/// What must be as before: indexes, constraints, views and comments, without the types.
const SHAPE: &str = "
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || convalidated || ' ' || pg_get_constraintdef(oid)
              FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT objoid::regclass || ' ' || coalesce(attname, '') || ' ' || description
              FROM pg_description LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0
              WHERE classoid = 'pg_class'::regclass AND objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT table_name || ' ' || column_name || ' ' || is_nullable || ' ' || coalesce(column_default, '-')
              FROM information_schema.columns WHERE table_schema = 'public'
    ORDER BY 1";

#[test]
fn message_ids_are_widened_under_a_running_bot_which_works_on_beyond_the_old_limit() {
    let env = TestEnv::empty();
    let _bot = env.start_ready();
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "My name is Eve");
    env.telegram.wait_for_count(1, 1);
    let painter = Person::private(900_001).speaking("en");
    let picture = env.telegram.photo(&[(b"\xff\xd8\xff picture", 800, 600)]);
    env.telegram.post(&painter, &picture);
    env.telegram.wait_for_count(900_001, 1);
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT 2 + n / 100, 2, CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, 'old', 3 FROM generate_series(0, 11999) AS n;
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state)
         SELECT 1, id, user_id, chat_id, id, id + 1, 'answered' FROM messages WHERE content = 'old' AND role = 'user'",
    );
    // Most connections of the pool have worked, and so keep plans for the narrow columns.
    let in_the_way = Transaction::begin(&env.database, "LOCK messages");
    let others: Vec<_> = (1001..1007).map(|id| Person::private(id).speaking("en")).collect();
    for other in &others {
        env.telegram.say(other, "Who is there?");
    }
    env.database.wait_blocked(others.len());
    drop(in_the_way);
    for other in &others {
        env.telegram.wait_for_count(other.chat_id, 1);
    }
    env.wait_settled();
    let before = env.psql(SHAPE);
    let content = "SELECT md5(string_agg(m::text, '' ORDER BY id)) FROM (SELECT id, user_id, role, content, deleted_at FROM messages) m";
    let said = env.psql(content);
    let views = "SELECT * FROM dialogues ORDER BY 1, 2; SELECT day, messages, people FROM daily_statistics; SELECT count(*) FROM live_messages";
    let seen = env.psql(views);
    let pairs = "SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM (SELECT id, question_id, answer_id, state FROM turns) t";
    let turns = env.psql(pairs);

    // It ended before its last step; somebody stands in the way of another run, which gives up: nothing has changed
    // for anybody.
    let script = std::fs::read_to_string(SCRIPT).unwrap();
    env.psql(script.split("-- 4.").next().unwrap());
    let in_the_way = Transaction::begin(&env.database, "SELECT FROM messages LIMIT 1");
    let gave_up = env.run(&["sql", "-f", SCRIPT]);
    assert!(gave_up.code != Some(0) && gave_up.err.contains("lock timeout"), "{gave_up:?}");
    drop(in_the_way);
    env.telegram.say(&person, "How are you?");
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    env.psql("DELETE FROM messages WHERE content LIKE '%How are you?%'");
    assert_eq!(env.psql("SELECT count(*) FROM messages WHERE wide_id IS DISTINCT FROM id"), "0");

    let done = env.run(&["sql", "-f", SCRIPT]).ok();
    assert!(done.contains("messages.id is BIGINT"), "{done}");
    assert!(env.run(&["sql", "-f", SCRIPT]).ok().contains("already"));
    assert_eq!(env.psql(SHAPE), before);
    assert_eq!((env.psql(content), env.psql(pairs), env.psql(views)), (said, turns, seen));
    let types = "SELECT DISTINCT data_type FROM information_schema.columns WHERE (table_name, column_name)
        IN (('messages', 'id'), ('turns', 'question_id'), ('turns', 'answer_id'), ('attachments', 'message_id'), ('live_messages', 'id'))";
    assert_eq!(env.psql(types), "bigint");

    env.psql("SELECT setval('messages_id_seq', 2999999998)");
    env.telegram.say(&painter, "/retry");
    env.wait_for_rows("SELECT max(message_id) FROM attachments", |id| id == "2999999999");
    env.wait_settled();
    assert_eq!(env.model.requests().last().unwrap().pictures().len(), 1);
    env.telegram.say(&person, "Who am I?");
    env.telegram.wait_for_text(1, |text| text.contains("Who am I?"));
    let asked = env.asked("Who am I?").pop().unwrap();
    assert!(asked.messages.iter().any(|message| message.content == "My name is Eve"), "the dialogue goes on");
    env.wait_settled();
    assert_eq!(env.psql("SELECT max(question_id), max(answer_id) FROM turns"), "3000000001|3000000002");
    let live = "SELECT count(*) FROM messages WHERE user_id = 1 AND deleted_at IS NULL";
    for (command, left) in [("/retry", "4"), ("/clear", "0"), ("/restore", "4")] {
        env.telegram.say(&person, command);
        env.telegram.wait_confirmed();
        env.wait_settled();
        assert_eq!(env.psql(live), left, "{command}");
    }
    assert!(env.run(&["history", "show", "--user", "1", "--json"]).ok().contains("\"id\":300000000"));
    assert!(env.run(&["history", "export", "--user", "2"]).ok().contains("old"));
    assert!(env.run(&["history", "search", "old", "--user", "2"]).ok().contains("**old**"));
    let erased = env.run(&["history", "erase", "--user", "2", "--yes", "--json"]).ok();
    assert!(erased.starts_with("{\"messages\":100,\"turns\":50,"), "{erased}");
    let looked = env.run(&["doctor", "--only", "database"]).out;
    assert!(looked.contains("✓ ids"), "{looked}");
    assert!(env.run(&["migrate", "status", "--check"]).ok().contains("applied"));
}
