//! `systech-aidd doctor`: every fault it knows, provoked for real, and the remedy it tells.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use frankenstein::TelegramApi;
use frankenstein::methods::SetWebhookParams;
use sandbox::TestEnv;
use sandbox::env::Printed;
use sandbox::model::{Behaviour, List, When};
use sandbox::postgres::{Options, Server, unique_name};
use sandbox::telegram::{Action, Calls};
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::http::{Http, RuntimeGuard};
use systech_aidd::telegram::{Settings, Telegram, TelegramError};

/// A fault, and the lines that are to tell it: check, what was found, what to do.
struct Case {
    name: &'static str,
    provoke: fn(&mut TestEnv),
    lines: &'static [[&'static str; 3]],
}

/// A bot that has everything it needs.
fn healthy() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("PATH", std::env::var("PATH").unwrap());
    env.run(&["migrate", "up"]).ok();
    // its connection may outlive it for a moment, and would pass for an instance at work
    env.database.wait_disconnected();
    env
}

/// The lines with `✗`, without those that say what could not be looked at for it.
fn faults(said: &Printed) -> Vec<&str> {
    said.out.lines().filter(|line| line.starts_with('✗') && !line.contains(" not checked")).collect()
}

fn keeps_secrets(env: &TestEnv, said: &Printed) {
    for secret in [env.telegram.token(), env.model.key(), "hunter2"] {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{}{}", said.out, said.err);
    }
}

/// Provokes each fault in a env of its own, all at once: a doctor mostly waits.
fn examine(cases: &[Case]) {
    thread::scope(|scope| {
        for case in cases {
            thread::Builder::new().name(case.name.to_owned()).spawn_scoped(scope, || tell(case)).unwrap();
        }
    });
}

fn tell(Case { name, provoke, lines }: &Case) {
    let mut env = healthy();
    provoke(&mut env);
    let said = env.run(&["doctor"]);
    keeps_secrets(&env, &said);
    assert_eq!(said.code, Some(1), "{name}: {}{}", said.out, said.err);
    let told = faults(&said);
    assert_eq!(told.len(), lines.len(), "{name}: {}", said.out);
    for ([check, found, remedy], line) in lines.iter().zip(told) {
        let (before, after) = line.split_once(" → ").unwrap();
        assert!(before.starts_with(&format!("✗ {check} ")), "{name}: {check} is not in: {line}");
        assert!(before.contains(found), "{name}: {found} is not in: {line}");
        assert!(after.contains(remedy), "{name}: {remedy} is not in: {line}");
    }
}

#[test]
fn where_all_is_well_each_line_says_so_and_nothing_is_changed() {
    let mut env = healthy();
    let backups = env.folder().join("backups");
    fs::create_dir(&backups).unwrap();
    env.set("BACKUP_DIR", backups.to_str().unwrap());
    let before = env.psql("SELECT * FROM __diesel_schema_migrations");
    let said = env.run(&["doctor"]);
    keeps_secrets(&env, &said);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(
        said.out.lines().count() == 14 && said.out.lines().all(|line| line.starts_with('✓')),
        "{}",
        said.out
    );
    assert_eq!(said.err, "");
    assert_eq!(env.psql("SELECT * FROM __diesel_schema_migrations"), before);
    assert_eq!(fs::read_dir(backups).unwrap().count(), 0);
    // the list of models says it all: the model is not paid for
    assert!(env.model.requests().is_empty());
    let polls = env.telegram.calls("getUpdates");
    assert_eq!(polls.len(), 1);
    assert!(polls[0].params.get("offset").is_none() && polls[0].params.get("allowed_updates").is_none());
}

#[test]
fn programs_get_one_json_document() {
    let mut env = healthy();
    env.set("LLM_MODEL", "no/such-model");
    let said = env.run(&["doctor", "--json"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&said.out).unwrap();
    assert_eq!(findings.len(), 14);
    for finding in &findings {
        let well = finding["check"] != "model";
        assert_eq!(finding["ok"], well, "{finding}");
        assert_eq!(finding.get("remedy").is_none(), well, "{finding}");
        assert!(finding["found"].is_string());
    }
}

#[test]
fn it_says_who_may_use_the_bot() {
    let mut env = healthy();
    let line = "✓ access       everybody may use the bot";
    let said = env.run(&["doctor"]);
    assert!(said.out.lines().any(|said| said == line), "{}", said.out);
    env.set("ALLOWED_USERS", "42, 43");
    env.set("RATE_LIMIT", "9");
    let line = "✓ access       2 users (ALLOWED_USERS) may use the bot, up to 9 questions an hour each";
    let said = env.run(&["doctor"]);
    assert!(said.out.lines().any(|said| said == line), "{}", said.out);
    // who may use it is not known then
    env.set("ALLOWED_CHATS", "-5,x");
    let said = env.run(&["doctor"]);
    assert!(said.out.contains("✗ environment  ALLOWED_CHATS holds \"x\""), "{}", said.out);
    assert!(!said.out.contains("may use the bot"), "{}", said.out);
}

#[test]
fn a_running_bot_is_left_in_peace() {
    let env = healthy();
    let bot = env.start_ready();
    env.telegram.wait_until(Duration::from_secs(60), |state| (state.count("getUpdates") > 0).then_some(()));
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains("a bot is connected to the database"), "{}", said.out);
    assert!(env.telegram.calls("getUpdates").iter().all(|call| call.status != Some(409)));
    assert!(!bot.log().contains("WARN"), "{}", bot.log());
}

#[test]
fn one_line_tells_each_fault_of_the_settings() {
    examine(&[
        Case {
            name: "values",
            provoke: |env| {
                env.set("LLM_TEMPERATURE", "hot");
                env.set("LOG_FORMAT", "xml");
            },
            lines: &[
                ["environment", "LOG_FORMAT is \"xml\"", "expected: text or json"],
                ["environment", "LLM_TEMPERATURE is \"hot\"", "expected: a number from 0 to 2"],
            ],
        },
        Case {
            name: "what is missing hides nothing else",
            provoke: |env| {
                env.unset("DATABASE_URL");
                env.set("TELEGRAM_BOT_TOKEN", "hunter2");
                env.set("LLM_MODEL", "no/such-model");
            },
            lines: &[
                ["environment", "TELEGRAM_BOT_TOKEN does not look like a token", "@BotFather"],
                ["environment", "DATABASE_URL is missing", "postgresql://user:password@host:port/database"],
                ["model", "does not know the model no/such-model", "LLM_MODEL"],
            ],
        },
        Case {
            name: ".env with a fault",
            provoke: |env| {
                let file = "LLM_MAX_TOKENS=many\nTELEGRAM_BOT_TOKEN hunter2\nWORKERS=0\n";
                fs::write(env.folder().join(".env"), file).unwrap();
            },
            lines: &[
                ["environment", "LLM_MAX_TOKENS is \"many\"", "a whole number"],
                ["environment", "WORKERS is \"0\"", "a whole number"],
                ["env file", ".env, line 2, is not of the form", ".env.example"],
            ],
        },
        Case {
            name: ".env for everybody",
            provoke: |env| {
                let env = env.folder().join(".env");
                fs::write(&env, "").unwrap();
                fs::set_permissions(env, fs::Permissions::from_mode(0o644)).unwrap();
            },
            lines: &[["env file", "can be read by other users", "chmod 600 .env"]],
        },
        Case {
            name: "no prompt",
            provoke: |env| env.set("SYSTEM_PROMPT_PATH", "nowhere.txt"),
            lines: &[[
                "prompt",
                "nowhere.txt, which cannot be read",
                "a text file that tells the model who it is",
            ]],
        },
        Case {
            name: "empty prompt",
            provoke: |env| fs::write(env.folder().join("prompts/nutritionist.txt"), " \n").unwrap(),
            lines: &[["prompt", "which is empty", "a text file that tells the model who it is"]],
        },
    ]);
}

/// The database's URL with another part in place of one of it.
fn readdress(env: &mut TestEnv, from: &str, to: &str) {
    let url = env.database.url();
    assert!(url.contains(from), "{url}");
    env.set("DATABASE_URL", url.replacen(from, to, 1));
}

#[test]
fn one_line_tells_which_part_of_the_way_to_the_database_is_wrong() {
    examine(&[
        Case {
            name: "form",
            provoke: |env| readdress(env, "postgres@", "postgres:hunter2@hunter2@"),
            lines: &[[
                "environment",
                "DATABASE_URL has more than one @",
                "postgresql://user:password@host:port",
            ]],
        },
        Case {
            name: "port in words",
            provoke: |env| env.set("DATABASE_URL", "postgresql://u:p@localhost:hunter2/d"),
            lines: &[["database", "address: DATABASE_URL cannot be parsed", "user:password@host:port"]],
        },
        Case {
            name: "name",
            provoke: |env| readdress(env, "127.0.0.1", "no-such-host.invalid"),
            lines: &[[
                "database",
                "name resolution: could not translate host name",
                "correct the host in DATABASE_URL",
            ]],
        },
        Case {
            name: "port",
            provoke: |env| env.set("DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/d"),
            lines: &[[
                "database",
                "port: connection to server at \"127.0.0.1\", port 1 failed",
                "start PostgreSQL",
            ]],
        },
        Case {
            name: "TLS",
            provoke: |env| {
                let url = format!("{}?sslmode=require", env.database.url());
                env.set("DATABASE_URL", url);
            },
            lines: &[["database", "TLS: ", "take sslmode out of DATABASE_URL"]],
        },
        Case {
            name: "user",
            provoke: |env| readdress(env, "postgres@", "nobody_at_all:hunter2@"),
            lines: &[["database", "user: ", "CREATE ROLE"]],
        },
        Case {
            name: "database",
            provoke: |env| {
                let name = env.database.name().to_owned();
                readdress(env, &name, "no_such_database");
            },
            lines: &[["database", "database: ", "CREATE DATABASE"]],
        },
        Case {
            name: "right to connect",
            provoke: |env| {
                let role = stranger(env);
                env.psql(&format!("REVOKE CONNECT ON DATABASE \"{}\" FROM PUBLIC", env.database.name()));
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[["database", "rights: ", "GRANT CONNECT ON DATABASE"]],
        },
    ]);
}

/// A new role that may connect, and no more.
fn stranger(env: &TestEnv) -> String {
    let role = unique_name("stranger");
    env.psql(&format!("CREATE ROLE {role} LOGIN"));
    role
}

#[test]
fn a_wrong_password_and_a_closed_door_are_told_apart() {
    let server = Server::temporary().unwrap();
    let folder = server.data_folder().to_owned();
    server.psql("postgres", "CREATE ROLE bot LOGIN PASSWORD 'right'");
    fs::write(
        folder.join("pg_hba.conf"),
        "host postgres bot 127.0.0.1/32 scram-sha-256\nhost postgres postgres 127.0.0.1/32 trust\n",
    )
    .unwrap();
    server.psql("postgres", "SELECT pg_reload_conf()");
    let mut env = healthy();
    for (database, found, remedy) in [
        ("postgres", "password: ", "put the right user and password into DATABASE_URL"),
        ("template1", "access: ", "pg_hba.conf"),
    ] {
        env.set("DATABASE_URL", server.url(database).replace("postgres@", "bot:hunter2@"));
        // the server reads its rules a moment after it was told to
        let said = sandbox::wait_until(found, || {
            let said = env.run(&["doctor"]);
            faults(&said).first().is_some_and(|line| line.contains("✗ database")).then_some(said)
        });
        keeps_secrets(&env, &said);
        let line = faults(&said)[0].to_owned();
        assert!(line.contains(found) && line.contains(remedy), "{line}");
    }
}

#[test]
fn one_line_tells_what_is_wrong_in_the_database() {
    examine(&[
        Case {
            name: "rights on tables",
            provoke: |env| {
                let role = stranger(env);
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[
                [
                    "rights",
                    "SELECT, INSERT, UPDATE, DELETE on messages",
                    "GRANT ALL ON ALL TABLES IN SCHEMA public TO",
                ],
                ["migrations", "permission denied", "rights"],
                ["indexes", "permission denied", "rights"],
            ],
        },
        Case {
            name: "right to create tables",
            provoke: |env| {
                env.run(&["migrate", "down", "--all", "--yes"]).ok();
                let role = stranger(env);
                env.psql(&format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT SELECT ON __diesel_schema_migrations TO {role}"));
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[
                ["rights", "lacks CREATE on schema public", "GRANT ALL ON SCHEMA public TO"],
                ["migrations", "pending", "start the bot, or run systech-aidd migrate up"],
            ],
        },
        Case {
            name: "pending, and the tables are somebody else's",
            provoke: |env| {
                env.run(&["migrate", "down", "--yes"]).ok();
                let role = stranger(env);
                env.psql(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"));
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[["migrations", "another role owns messages, reply_parts", "ALTER TABLE … OWNER TO"]],
        },
        Case {
            name: "read only",
            provoke: |env| {
                let sql = format!(
                    "ALTER DATABASE \"{}\" SET default_transaction_read_only = on",
                    env.database.name()
                );
                env.psql(&sql);
            },
            lines: &[["server", "takes no writes", "the primary"]],
        },
        Case {
            name: "pending",
            provoke: |env| {
                env.run(&["migrate", "down", "--yes"]).ok();
            },
            lines: &[["migrations", "1 of ", "start the bot, or run systech-aidd migrate up"]],
        },
        Case {
            name: "unknown",
            provoke: |env| {
                env.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
            },
            lines: &[["migrations", "unknown: 20990101000000", "Start that version"]],
        },
        Case {
            name: "somebody's invalid index",
            provoke: |env| {
                env.psql("CREATE TABLE notes (n int); INSERT INTO notes VALUES (1), (1)");
                let build = "CREATE UNIQUE INDEX CONCURRENTLY notes_n ON notes (n)";
                env.server().try_psql(env.database.name(), build).unwrap_err();
            },
            lines: &[["indexes", "invalid: notes_n", "REINDEX INDEX CONCURRENTLY notes_n"]],
        },
        Case {
            name: "our invalid index",
            provoke: |env| {
                env.psql(
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_messages_dialogue'::regclass",
                );
            },
            lines: &[
                ["migrations", "1 of ", "migrate up"],
                ["indexes", "invalid: idx_messages_dialogue", "systech-aidd migrate up builds it anew"],
            ],
        },
    ]);
}

#[test]
fn one_line_tells_why_no_backup_can_be_made() {
    examine(&[
        Case {
            name: "no folder",
            provoke: |env| env.set("BACKUP_DIR", "nowhere"),
            lines: &[
                ["environment", "BACKUP_DIR names nowhere, which is not a folder", "a folder for backups"],
                ["backups", "no backup can be made", "create it, or choose another one"],
            ],
        },
        Case {
            name: "no pg_dump",
            provoke: |env| {
                env.set("PATH", "/nowhere");
                env.set("BACKUP_DIR", ".");
            },
            lines: &[["backups", "no backup can be made", "pg_dump is not installed here; install"]],
        },
        Case {
            name: "no room",
            // a file system without a free block
            provoke: |env| env.set("BACKUP_DIR", "/proc"),
            lines: &[["backups", "no backup can be made", "free some space, or choose another folder"]],
        },
        Case {
            name: "without a database too",
            provoke: |env| {
                env.set("DATABASE_URL", "postgresql://u@127.0.0.1:1/d");
                env.set("PATH", "/nowhere");
                env.set("BACKUP_DIR", ".");
            },
            lines: &[
                ["database", "port", "start PostgreSQL"],
                ["backups", "no backup can be made", "install"],
            ],
        },
    ]);
}

/// The Bot API as another program with the same token would use it.
fn other_program(env: &TestEnv) -> (Telegram, RuntimeGuard) {
    let (http, runtime) = Http::start().unwrap();
    let settings = Settings {
        token: env.telegram.token().parse().unwrap(),
        url: env.telegram.url(),
        timeout: Duration::from_secs(30),
    };
    (Telegram::new(http, &settings, CancelToken::new()), runtime)
}

#[test]
fn one_line_tells_what_is_wrong_with_telegram() {
    examine(&[
        Case {
            name: "token",
            provoke: |env| env.set("TELEGRAM_BOT_TOKEN", "123456:AAhunter2hunter2hunter2"),
            lines: &[["token", "Telegram does not know the token", "@BotFather"]],
        },
        Case {
            name: "address",
            provoke: |env| {
                let model = env.model.url();
                env.set("TELEGRAM_API_URL", model.trim_end_matches("/v1"));
            },
            lines: &[["token", "Telegram fails with status 401", "TELEGRAM_API_URL"]],
        },
        Case {
            name: "down",
            provoke: |env| env.telegram.down(),
            lines: &[["token", "Telegram cannot be reached", "HTTPS_PROXY"]],
        },
        Case {
            name: "pause",
            provoke: |env| {
                env.telegram.fault(Calls::to("getMe"), Action::RetryAfter(77));
            },
            lines: &[["token", "a pause of 77 s", "wait for so long"]],
        },
        Case {
            name: "webhook",
            provoke: |env| {
                let webhook = SetWebhookParams::builder().url("https://example.org/hunter2").build();
                other_program(env).0.set_webhook(&webhook).unwrap();
            },
            lines: &[["webhook", "a webhook is set", "give that program another token"]],
        },
    ]);
}

#[test]
fn another_poller_is_noticed_and_loses_nothing() {
    let env = healthy();
    let (other, _runtime) = other_program(&env);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                match other.updates(None, 100, Duration::from_secs(1)) {
                    Ok(_) | Err(TelegramError::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        env.telegram
            .wait_until(Duration::from_secs(60), |state| (state.count("getUpdates") > 0).then_some(()));
        let said = env.run(&["doctor"]);
        done.store(true, Ordering::Relaxed);
        let told = faults(&said);
        assert_eq!(told.len(), 1, "{}", said.out);
        assert!(
            told[0].starts_with("✗ poller")
                && told[0].contains("→ stop that program, or give it another token")
        );
    });
}

#[test]
fn what_waits_at_telegram_is_neither_confirmed_nor_taken_for_a_poller() {
    let env = healthy();
    env.telegram.say(&sandbox::Person::private(1), "early bird");
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains("some wait for the bot"), "{}", said.out);
    assert_eq!(env.telegram.unconfirmed(), 1);
}

#[test]
fn one_line_tells_what_is_wrong_with_the_model() {
    const KEY: [&str; 3] = ["model", "does not accept the key (status 401)", "OPENROUTER_API_KEY"];
    examine(&[
        Case { name: "key", provoke: |env| env.set("OPENROUTER_API_KEY", "sk-hunter2"), lines: &[KEY] },
        Case {
            name: "key, where everybody gets the list",
            provoke: |env| {
                env.model.list(List::ForAnybody);
                env.set("OPENROUTER_API_KEY", "sk-hunter2");
            },
            lines: &[KEY],
        },
        Case {
            name: "no key",
            provoke: |env| {
                env.model.list(List::ForAnybody);
                env.unset("OPENROUTER_API_KEY");
            },
            lines: &[KEY],
        },
        Case {
            name: "model",
            provoke: |env| env.set("LLM_MODEL", "no/such-model"),
            lines: &[["model", "does not know the model no/such-model", "correct LLM_MODEL"]],
        },
        Case {
            name: "model, where there is no list",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::status(400, "hunter2 is not a valid model ID"));
            },
            lines: &[["model", "sandbox/echo: the endpoint answers with status 400", "correct LLM_MODEL"]],
        },
        Case {
            name: "account",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::quota());
            },
            lines: &[["model", "status 429 (insufficient_quota)", "top up the account"]],
        },
        Case {
            name: "down",
            provoke: |env| env.model.down(),
            lines: &[["model", "the endpoint cannot be reached", "LLM_BASE_URL"]],
        },
        Case {
            name: "out of order",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::html(502));
            },
            lines: &[["model", "status 502", "wait a little"]],
        },
        Case {
            name: "something else",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::html(200));
            },
            lines: &[["model", "no OpenAI-compatible endpoint", "correct LLM_BASE_URL"]],
        },
    ]);
}

#[test]
fn a_list_that_everybody_gets_is_followed_by_a_question_of_one_token() {
    let env = healthy();
    env.model.list(List::ForAnybody);
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    let asked = env.model.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body["max_tokens"], 1);
}

#[test]
fn neighbours_that_hang_are_told_at_the_deadline_and_hide_nothing() {
    let mut env = TestEnv::with_own_server();
    env.set("SYSTEM_PROMPT_PATH", "nowhere.txt");
    env.telegram.fault(Calls::to("getMe"), Action::Hang);
    env.model.list(List::Absent);
    env.model.on(When::any(), Behaviour::stall());
    env.server().freeze();
    let said = env.run(&["doctor", "--timeout", "5"]);
    env.server().thaw();
    assert_eq!(said.code, Some(1));
    let told = faults(&said);
    assert_eq!(told.len(), 4, "{}", said.out);
    for (line, part) in told.iter().zip(["✗ prompt", "✗ database     port: ", "✗ token", "✗ model"]) {
        assert!(line.starts_with(part), "{line}");
    }
    assert!(told[2..].iter().all(|line| line.contains("did not answer in time → ")), "{}", said.out);
}

#[test]
fn a_server_of_its_own_with_a_password_is_well() {
    let server = Options::default().setting("password_encryption", "scram-sha-256").start().unwrap();
    server.psql("postgres", "CREATE ROLE bot LOGIN PASSWORD 'p@ss/word'; CREATE DATABASE bot OWNER bot");
    let rules = "host bot bot 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n";
    fs::write(Path::new(server.data_folder()).join("pg_hba.conf"), rules).unwrap();
    server.restart();
    let mut env = healthy();
    env.set("DATABASE_URL", server.url("bot").replace("postgres@", "bot:p%40ss%2Fword@"));
    env.run(&["migrate", "up"]).ok();
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(!said.out.contains("p@ss") && !said.out.contains("p%40ss"), "{}", said.out);
}
