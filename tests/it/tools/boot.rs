//! Starting and stopping: settings, migrations, signals.

use std::fs;
use std::time::Duration;

use sandbox::model::When;
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv, wait_until};

#[test]
fn every_fault_of_the_configuration_is_named_at_once_and_nothing_starts() {
    let mut env = TestEnv::empty();
    env.set("TELEGRAM_BOT_TOKEN", "hunter2");
    env.set("DATABASE_URL", "");
    env.set("LLM_TEMPERATURE", "hot");
    env.set("SYSTEM_PROMPT_PATH", "nowhere.txt");
    env.set("LOG_FORMAT", "xml");
    env.set("RUST_LOG", "systech_aidd=loud");
    let bot = env.start();
    assert_eq!(bot.wait().code(), Some(1));
    let log = env.logs();
    for expected in [
        "TELEGRAM_BOT_TOKEN",
        "DATABASE_URL is missing",
        "LLM_TEMPERATURE is \"hot\"",
        "nowhere.txt",
        "LOG_FORMAT is \"xml\"; expected: text or json",
        "RUST_LOG is \"systech_aidd=loud\"; expected: a level",
    ] {
        assert!(log.contains(expected), "{expected} is not in: {log}");
    }
    assert!(!log.contains("hunter2"), "{log}");
    assert!(env.telegram.calls("getMe").is_empty());
}

#[test]
fn a_log_for_programs_is_one_json_object_a_line() {
    let mut env = TestEnv::empty();
    env.set("LOG_FORMAT", "json");
    assert!(env.start_ready().stop().success());
    let lines: Vec<serde_json::Value> =
        env.logs().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ready = lines.iter().find(|line| line["message"] == "ready").unwrap();
    assert!(ready["level"] == "INFO" && ready["timestamp"].is_string() && ready["bot"] == "sandbox_bot");
}

#[test]
fn an_env_file_of_the_predecessor_works_unchanged() {
    let mut env = TestEnv::empty();
    let url = env.database.url().replacen("postgres", "postgresql+asyncpg", 1).replacen(
        "postgresql+asyncpgql",
        "postgresql+asyncpg",
        1,
    );
    let file = format!(
        "# the bot\nTELEGRAM_BOT_TOKEN={}\nOPENROUTER_API_KEY='{}'\nDATABASE_URL={url}\nLLM_MODEL={}\nLLM_TEMPERATURE=0.7\nLLM_MAX_TOKENS=1000\n\
         LLM_TIMEOUT=60\nMAX_HISTORY_MESSAGES=20\nSYSTEM_PROMPT_PATH=prompts/nutritionist.txt\nLOG_LEVEL=INFO\nROLE_TEXT=Ваш помощник по питанию\n",
        env.telegram.token(),
        env.model.key(),
        env.model.name()
    );
    fs::write(env.folder().join(".env"), file).unwrap();
    for name in ["TELEGRAM_BOT_TOKEN", "OPENROUTER_API_KEY", "DATABASE_URL", "LLM_MODEL"] {
        env.unset(name);
    }
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "/role");
    env.telegram.wait_for_text(1, |text| text == "Ваш помощник по питанию");
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 2);
}

#[test]
fn an_env_file_that_does_not_parse_is_told_by_its_line_and_shows_no_secret() {
    let env = TestEnv::empty();
    fs::write(env.folder().join(".env"), "LLM_MODEL=m\nTELEGRAM_BOT_TOKEN hunter2\n").unwrap();
    let bot = env.start();
    assert_eq!(bot.wait().code(), Some(1));
    let log = env.logs();
    assert!(log.contains(".env, line 2,") && !log.contains("hunter2"), "{log}");
}

#[test]
fn a_token_that_telegram_does_not_know_ends_the_bot_with_one_clear_line() {
    let mut env = TestEnv::empty();
    env.set("TELEGRAM_BOT_TOKEN", "123456:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let bot = env.start();
    assert_eq!(bot.wait().code(), Some(1));
    let log = env.logs();
    let line = log.lines().last().unwrap();
    assert!(line.contains("TELEGRAM_BOT_TOKEN is not a valid token"), "{log}");
}

#[test]
fn a_token_revoked_while_the_bot_runs_ends_it_with_an_error() {
    let env = TestEnv::empty();
    let bot = env.start_ready();
    env.telegram.fault(Calls::to("getUpdates"), Action::Refuse(Reply::error(401, "Unauthorized")));
    env.telegram.say(&Person::private(1), "wakes the poll");
    assert_eq!(bot.wait().code(), Some(1));
    assert!(env.logs().lines().last().unwrap().contains("TELEGRAM_BOT_TOKEN"));
}

#[test]
fn a_webhook_is_removed_and_what_waits_is_kept() {
    let env = TestEnv::empty();
    env.telegram.say(&Person::private(1), "early bird");
    let refused = env.telegram.fault(
        Calls::to("getUpdates").times(1),
        Action::Refuse(Reply::error(409, "Conflict: can't use getUpdates method while webhook is active")),
    );
    let _bot = env.start();
    env.telegram.wait_for_count(1, 1);
    assert_eq!(refused.hits(), 1);
    let calls = env.telegram.calls("deleteWebhook");
    assert!(calls.len() >= 2, "one at boot, one for the conflict");
    assert!(calls.iter().all(|call| call.params["drop_pending_updates"] == false));
}

#[test]
fn the_bot_starts_as_soon_as_telegram_answers() {
    let env = TestEnv::empty();
    env.telegram.down();
    let bot = env.start();
    bot.wait_for_line("starts as soon as Telegram answers");
    env.telegram.up();
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
}

#[test]
fn the_bot_waits_for_a_database_that_starts_later() {
    let env = TestEnv::with_own_server();
    env.server().stop();
    let bot = env.start();
    bot.wait_for_line("the database is not there yet");
    env.server().start();
    bot.wait_ready();
}

#[test]
fn the_bot_waits_for_a_database_that_goes_while_it_waits_for_telegram() {
    let env = TestEnv::with_own_server();
    env.telegram.down();
    let bot = env.start();
    bot.wait_for_line("starts as soon as Telegram answers");
    env.server().stop();
    env.telegram.up();
    bot.wait_for_line("the database is unreachable");
    env.server().start();
    bot.wait_ready();
}

#[test]
fn a_database_that_does_not_exist_is_not_waited_for() {
    let mut env = TestEnv::empty();
    env.set("DATABASE_URL", env.server().url("no_such_database"));
    let bot = env.start();
    assert_eq!(bot.wait().code(), Some(1));
    let log = env.logs();
    assert!(log.contains("DATABASE_URL") && log.contains("no_such_database"), "{log}");
}

#[test]
fn instances_that_start_together_migrate_once_and_one_of_them_leads() {
    let env = TestEnv::empty();
    let bots: Vec<_> = (0..4).map(|_| env.start()).collect();
    let count = |part: &str| bots.iter().filter(|bot| bot.log().contains(part)).count();
    wait_until("one leader", || {
        (count(" INFO ready ") == 1 && count("on standby: another instance leads") == 3).then_some(())
    });
    let migrated = env
        .logs()
        .lines()
        .filter(|line| line.contains("migrating") && line.contains("create_updates"))
        .count();
    assert_eq!(migrated, 1);
}

#[test]
fn migrations_that_this_program_does_not_know_stop_it() {
    let env = TestEnv::empty();
    assert!(env.start_ready().stop().success());
    env.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
    let bot = env.start();
    assert_eq!(bot.wait().code(), Some(1));
    let log = env.logs();
    assert!(log.contains("20990101000000") && log.contains("newer version"), "{log}");
}

#[test]
fn an_index_whose_building_was_interrupted_is_built_anew() {
    let env = TestEnv::empty();
    assert!(env.start_ready().stop().success());
    // What a killed CREATE INDEX CONCURRENTLY leaves: the name is taken, the index invalid, the version not recorded.
    env.psql(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_messages_topic'::regclass;
         DELETE FROM __diesel_schema_migrations WHERE version = '20261124000031'",
    );
    let bot = env.start_ready();
    assert!(bot.log().contains("left by an interrupted build"));
    assert_eq!(
        env.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_messages_topic'::regclass"),
        "t"
    );
}

#[test]
fn sigterm_lets_running_answers_end_and_leaves_the_rest_queued() {
    let mut env = TestEnv::empty();
    env.set("WORKERS", "1");
    let bot = env.start();
    let gate = env.model.hold(When::asked("running"));
    env.telegram.say(&Person::private(1), "running");
    gate.wait_arrived();
    env.telegram.say(&Person::private(2), "queued");
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
    bot.signal("TERM");
    bot.wait_for_line("shutting down");
    gate.release();
    assert_eq!(bot.wait().code(), Some(0));
    assert_eq!(env.telegram.texts(1).len(), 1);
    assert!(env.telegram.texts(2).is_empty());
    let _bot = env.start();
    env.telegram.wait_for_count(2, 1);
    assert_eq!((env.times_asked("running"), env.times_asked("queued")), (1, 1));
}

#[test]
fn an_answer_longer_than_the_grace_period_is_left_for_the_next_start() {
    let mut env = TestEnv::empty();
    env.set("SHUTDOWN_GRACE", "0.5");
    let bot = env.start();
    let gate = env.model.hold(When::asked("long").times(1));
    env.telegram.say(&Person::private(1), "long story");
    gate.wait_arrived();
    bot.signal("INT");
    assert_eq!(bot.wait().code(), Some(0));
    assert!(env.telegram.texts(1).is_empty());
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("long story"));
}

#[test]
fn after_sigterm_nothing_more_is_polled() {
    let env = TestEnv::empty();
    let bot = env.start();
    let gate = env.model.hold(When::any());
    env.telegram.say(&Person::private(1), "running");
    gate.wait_arrived();
    bot.signal("TERM");
    bot.wait_for_line("shutting down");
    env.telegram.say(&Person::private(2), "too late");
    gate.release();
    assert_eq!(bot.wait().code(), Some(0));
    assert_eq!(env.telegram.unconfirmed(), 1);
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "1");
}

#[test]
fn a_second_signal_ends_the_bot_at_once() {
    let mut env = TestEnv::empty();
    env.set("SHUTDOWN_GRACE", "3600");
    let bot = env.start();
    let gate = env.model.hold(When::any());
    env.telegram.say(&Person::private(1), "running");
    gate.wait_arrived();
    bot.signal("TERM");
    bot.wait_for_line("shutting down");
    bot.signal("TERM");
    assert_eq!(bot.wait().code(), Some(128 + 15));
    assert!(env.telegram.texts(1).is_empty());
}

#[test]
fn a_poll_in_progress_does_not_delay_the_end() {
    let env = TestEnv::empty();
    let bot = env.start_ready();
    env.telegram.wait_until(PATIENCE, |state| (state.count("getUpdates") > 0).then_some(()));
    let began = std::time::Instant::now();
    assert!(bot.stop().success());
    // The poll would have lasted half a minute.
    assert!(began.elapsed() < Duration::from_secs(15));
}
