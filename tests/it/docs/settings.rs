//! Every setting: missing, empty, malformed, out of range. A fault is named with what is accepted, and nothing starts.

use std::fs;

use sandbox::TestEnv;
use sandbox::model::When;
use sandbox::telegram::Person;

/// A value, and what is said about it.
const FAULTS: &[(&str, &str, &str)] = &[
    ("TELEGRAM_BOT_TOKEN", "", "TELEGRAM_BOT_TOKEN is missing"),
    ("TELEGRAM_BOT_TOKEN", "hunter2", "TELEGRAM_BOT_TOKEN does not look like a token"),
    ("TELEGRAM_BOT_TOKEN", "0:hunter2hunter2", "TELEGRAM_BOT_TOKEN does not look like a token"),
    ("TELEGRAM_BOT_TOKEN", "99999999999999999999:hunter2hunter2", "TELEGRAM_BOT_TOKEN does not look like"),
    ("TELEGRAM_BOT_TOKEN", "1:hunter2/hunter2", "TELEGRAM_BOT_TOKEN does not look like a token"),
    ("DATABASE_URL", "  ", "DATABASE_URL is missing"),
    ("DATABASE_URL", "hunter2", "DATABASE_URL is not a URL"),
    ("DATABASE_URL", "mysql://root:hunter2@h/d", "DATABASE_URL is not a URL of PostgreSQL"),
    ("OPENROUTER_API_KEY", "hunter2 hunter2", "OPENROUTER_API_KEY holds a character no key has"),
    ("OPENROUTER_API_KEY", "ключ-hunter2", "OPENROUTER_API_KEY holds a character no key has"),
    ("LLM_BASE_URL", "localhost:11434", "LLM_BASE_URL cannot be read; expected: a URL that begins with http"),
    ("LLM_BASE_URL", "file:///etc/passwd", "LLM_BASE_URL cannot be read"),
    ("LLM_BASE_URL", "htp://me:hunter2@h/v1", "LLM_BASE_URL cannot be read"),
    ("LLM_BASE_URL", "http://", "LLM_BASE_URL cannot be read"),
    ("LLM_TEMPERATURE", "hot", "LLM_TEMPERATURE is \"hot\"; expected: a number from 0 to 2"),
    ("LLM_TEMPERATURE", "2.01", "LLM_TEMPERATURE is \"2.01\""),
    ("LLM_TEMPERATURE", "-0.1", "LLM_TEMPERATURE is \"-0.1\""),
    ("LLM_TEMPERATURE", "NaN", "LLM_TEMPERATURE is \"NaN\""),
    ("LLM_MAX_TOKENS", "0", "LLM_MAX_TOKENS is \"0\""),
    ("LLM_MAX_TOKENS", "1e3", "LLM_MAX_TOKENS is \"1e3\""),
    ("LLM_MAX_TOKENS", "99999999999999999999", "LLM_MAX_TOKENS is"),
    ("LLM_EXTRA_BODY", "top_k=5", "LLM_EXTRA_BODY is \"top_k=5\"; expected: a JSON object of fields"),
    ("LLM_EXTRA_BODY", "{\"messages\":[]}", "LLM_EXTRA_BODY cannot be read"),
    ("LLM_TIMEOUT", "0", "LLM_TIMEOUT is \"0\"; expected: seconds, from 0.1 to 3600"),
    ("LLM_TIMEOUT", "inf", "LLM_TIMEOUT is \"inf\""),
    ("LLM_TIMEOUT", "60s", "LLM_TIMEOUT is \"60s\""),
    ("MAX_HISTORY_MESSAGES", "-1", "MAX_HISTORY_MESSAGES is \"-1\""),
    ("MAX_HISTORY_MESSAGES", "1001", "MAX_HISTORY_MESSAGES is \"1001\""),
    ("RICH_MESSAGES", "sometimes", "RICH_MESSAGES is \"sometimes\"; expected: auto, never or always"),
    ("LIVE_ANSWERS", "on", "LIVE_ANSWERS is \"on\"; expected: draft, edit or off"),
    ("TELEGRAM_API_URL", "api.telegram.org", "TELEGRAM_API_URL is \"api.telegram.org\""),
    ("TELEGRAM_TIMEOUT", "0", "TELEGRAM_TIMEOUT is \"0\""),
    ("TELEGRAM_TIMEOUT", "301", "TELEGRAM_TIMEOUT is \"301\""),
    ("TELEGRAM_RATE", "0", "TELEGRAM_RATE is \"0\"; expected: calls in a second"),
    ("TELEGRAM_RATE", "10001", "TELEGRAM_RATE is \"10001\""),
    ("WORKERS", "0", "WORKERS is \"0\""),
    ("WORKERS", "4097", "WORKERS is \"4097\""),
    ("DATABASE_POOL_SIZE", "0", "DATABASE_POOL_SIZE is \"0\""),
    ("DATABASE_POOL_SIZE", "eight", "DATABASE_POOL_SIZE is \"eight\""),
    ("SHUTDOWN_GRACE", "-1", "SHUTDOWN_GRACE is \"-1\""),
    ("BACKUP_DIR", "no/such/folder", "BACKUP_DIR names no/such/folder, which is not a folder"),
    ("METRICS_ADDR", "9464", "METRICS_ADDR is \"9464\"; expected: host:port"),
    ("METRICS_ADDR", ":9464", "METRICS_ADDR cannot be read; expected: host:port"),
    ("METRICS_ADDR", "localhost:99999", "METRICS_ADDR cannot be read"),
    ("METRICS_ADDR", "::1:9464", "METRICS_ADDR cannot be read"),
    ("METRICS_ADDR", "http://me:hunter2@h:1", "METRICS_ADDR cannot be read"),
    ("CONSOLE_ADDR", "8080", "CONSOLE_ADDR is \"8080\"; expected: host:port"),
    ("CONSOLE_URL", "https://me:hunter2@h", "CONSOLE_URL cannot be read; expected: a URL that begins with"),
    ("CONSOLE_URL", "https://h.example/console", "CONSOLE_URL cannot be read"),
    ("CONSOLE_URL", "h.example", "CONSOLE_URL is \"h.example\""),
    ("CONSOLE_READ_ONLY", "yes", "CONSOLE_READ_ONLY is \"yes\"; expected: off or on"),
    ("ALLOWED_USERS", "@hunter2", "ALLOWED_USERS cannot be read; expected: Telegram ids of users"),
    ("ALLOWED_USERS", "42,", "ALLOWED_USERS holds \"\"; expected: Telegram ids of users with commas"),
    ("ALLOWED_USERS", "42,-5", "ALLOWED_USERS holds \"-5\""),
    ("ALLOWED_USERS", "1:hunter2hunter2", "ALLOWED_USERS cannot be read"),
    ("ALLOWED_USERS", "99999999999999999999", "ALLOWED_USERS holds"),
    ("ALLOWED_CHATS", "-5;-6", "ALLOWED_CHATS holds \"-5;-6\"; expected: Telegram ids of chats with commas"),
    ("ALLOWED_CHATS", "0", "ALLOWED_CHATS holds \"0\""),
    ("RATE_LIMIT", "0", "RATE_LIMIT is \"0\"; expected: questions of a user in an hour"),
    ("RATE_LIMIT", "100001", "RATE_LIMIT is \"100001\""),
    ("RATE_LIMIT", "10/h", "RATE_LIMIT cannot be read"),
    ("LLM_CONTEXT_TOKENS", "99", "LLM_CONTEXT_TOKENS is \"99\"; expected: tokens that the model can read"),
    ("LLM_CONTEXT_TOKENS", "8k", "LLM_CONTEXT_TOKENS is \"8k\""),
    (
        "LLM_CONTEXT_TOKENS",
        "1000",
        "LLM_CONTEXT_TOKENS leaves no room for a question: LLM_MAX_TOKENS takes 4000",
    ),
    ("LOG_FORMAT", "xml", "LOG_FORMAT is \"xml\"; expected: text or json"),
    ("RUST_LOG", "systech_aidd=loud=1", "RUST_LOG is \"systech_aidd=loud=1\"; expected: a level"),
    ("SYSTEM_PROMPT_PATH", "nowhere.txt", "SYSTEM_PROMPT_PATH names nowhere.txt, which cannot be read"),
    ("SYSTEM_PROMPT_PATH", "prompts", "SYSTEM_PROMPT_PATH names prompts, which cannot be read"),
    ("SYSTEM_PROMPT_PATH", "empty.txt", "SYSTEM_PROMPT_PATH names empty.txt, which is empty"),
    ("SYSTEM_PROMPT_PATH", "bom.txt", "SYSTEM_PROMPT_PATH names bom.txt, which is empty"),
    ("SYSTEM_PROMPT_PATH", "latin1.txt", "SYSTEM_PROMPT_PATH names latin1.txt, which is not UTF-8 text"),
];

#[test]
fn each_setting_that_cannot_be_used_is_named_with_what_is_accepted() {
    let mut env = TestEnv::empty();
    fs::write(env.folder().join("empty.txt"), " \n").unwrap();
    fs::write(env.folder().join("bom.txt"), "\u{feff}\n").unwrap();
    fs::write(env.folder().join("latin1.txt"), b"hunter2 caf\xe9").unwrap();
    for (variable, value, said) in FAULTS {
        let before = env.setting(variable);
        env.set(variable, *value);
        let bot = env.start();
        let log = bot.wait_log();
        assert_eq!(log.0.code(), Some(1), "{variable}={value}");
        assert!(log.1.contains(said), "{variable}={value}: {}", log.1);
        assert!(!log.1.contains("hunter2"), "{variable}={value}: {}", log.1);
        match before {
            Some(before) => env.set(variable, before),
            None => env.unset(variable),
        }
    }
    // Nobody was called, nothing was migrated.
    assert!(env.telegram.calls("getMe").is_empty());
    assert_eq!(env.psql("SELECT to_regclass('messages') IS NULL"), "t");
}

#[test]
fn an_optional_setting_that_is_empty_has_its_default() {
    let mut env = TestEnv::empty();
    for variable in [
        "LLM_TEMPERATURE",
        "LLM_MAX_TOKENS",
        "LLM_EXTRA_BODY",
        "LLM_TIMEOUT",
        "MAX_HISTORY_MESSAGES",
        "SYSTEM_PROMPT_PATH",
        "ROLE_TEXT",
        "RICH_MESSAGES",
        "LIVE_ANSWERS",
        "TELEGRAM_TIMEOUT",
        "TELEGRAM_RATE",
        "WORKERS",
        "DATABASE_POOL_SIZE",
        "SHUTDOWN_GRACE",
        "BACKUP_DIR",
        "METRICS_ADDR",
        "ALLOWED_USERS",
        "ALLOWED_CHATS",
        "RATE_LIMIT",
        "LLM_CONTEXT_TOKENS",
        "LOG_FORMAT",
    ] {
        env.set(variable, " ");
    }
    let _bot = env.start_ready();
    env.others_are_served();
    let asked = env.asked("and me?").pop().unwrap();
    assert_eq!((&asked.body["temperature"], &asked.body["max_tokens"]), (&0.7.into(), &4000.into()));
}

#[test]
fn a_prompt_file_may_have_a_byte_order_mark_windows_line_ends_and_nul() {
    let mut env = TestEnv::empty();
    fs::write(env.folder().join("odd.txt"), "\u{feff}You are\0 kind.\r\n\r\nAnd brief.\r\n").unwrap();
    env.set("SYSTEM_PROMPT_PATH", "odd.txt");
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "/role");
    env.telegram.wait_for_text(1, |text| text == "You are kind.");
    env.others_are_served();
    let prompt = env.asked("and me?").pop().unwrap().messages[0].content.clone();
    assert_eq!(prompt, "You are kind.\n\nAnd brief.");
}

#[test]
fn an_env_file_may_have_a_byte_order_mark_and_windows_line_ends() {
    let mut env = TestEnv::empty();
    let token = env.setting("TELEGRAM_BOT_TOKEN").unwrap();
    env.unset("TELEGRAM_BOT_TOKEN");
    let file = format!(
        "\u{feff}TELEGRAM_BOT_TOKEN={token}\r\n\r\n# a comment\r\nROLE_TEXT=Ваш помощник\r\nLLM_MODEL='m 1'\r\n"
    );
    fs::write(env.folder().join(".env"), file).unwrap();
    env.unset("LLM_MODEL");
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "/role");
    env.telegram.wait_for_text(1, |text| text == "Ваш помощник");
    let gate = env.model.hold(When::any());
    gate.release();
    env.others_are_served();
    assert_eq!(env.asked("and me?").pop().unwrap().body["model"], "m 1");
}

#[test]
fn an_env_file_is_read_as_python_dotenv_reads_it() {
    let mut env = TestEnv::empty();
    let token = env.setting("TELEGRAM_BOT_TOKEN").unwrap();
    let url = env.setting("DATABASE_URL").unwrap();
    // The last of several lines, a name without a value, what stands for a value, escapes and lines in quotes.
    let file = format!(
        "TELEGRAM_BOT_TOKEN=1:hunter2hunter2\nDATABASE_URL='{url}'\nexport ROLE_TEXT\nTOKEN='{token}' # mine\n\
         TELEGRAM_BOT_TOKEN=${{TOKEN}}\nROLE_TEXT=\"Costs $5\\tor ${{NOTHING:-less}}\n\\\"now\\\"\"\n"
    );
    fs::write(env.folder().join(".env"), file).unwrap();
    for name in ["TELEGRAM_BOT_TOKEN", "DATABASE_URL"] {
        env.unset(name);
    }
    let bot = env.start();
    env.telegram.say(&Person::private(1), "/role");
    env.telegram.wait_for_text(1, |text| text == "Costs $5\tor less\n\"now\"");
    let log = bot.log();
    let line = log.lines().find(|line| line.contains("TELEGRAM_BOT_TOKEN")).unwrap_or(&log);
    assert!(line.contains("in lines 1 and 5") && line.contains("the last one counts"), "{line}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn an_env_file_that_cannot_be_read_says_so_and_shows_no_secret() {
    let env = TestEnv::empty();
    let path = env.folder().join(".env");
    let cases: [(&[u8], &str); 4] = [
        (b"LLM_MODEL=m\nTELEGRAM_BOT_TOKEN='hunter2\n", ".env, line 2,"),
        (b"LLM_MODEL=m\n\n=hunter2\n", ".env, line 3,"),
        (b"hunter2 hunter2=3\r\n", ".env, line 1,"),
        (b"TELEGRAM_BOT_TOKEN=hunter2\xff\n", ".env is not UTF-8 text"),
    ];
    for (text, said) in cases {
        fs::write(&path, text).unwrap();
        let (status, log) = env.start().wait_log();
        assert_eq!(status.code(), Some(1));
        assert!(log.contains(said) && !log.contains("hunter2"), "{said}: {log}");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let (status, log) = env.start().wait_log();
    assert!(status.code() == Some(1) && log.contains(".env cannot be read"), "{log}");
}

#[test]
fn a_database_that_cannot_hold_every_message_is_refused() {
    let mut env = TestEnv::empty();
    let name = sandbox::postgres::unique_name("latin");
    env.server().psql(
        "postgres",
        &format!("CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"),
    );
    env.set("DATABASE_URL", env.server().url(&name));
    let (status, log) = env.start().wait_log();
    assert!(status.code() == Some(1) && log.contains("encoded as LATIN1") && log.contains("UTF8"), "{log}");
    env.server().drop_database(&name);
}
