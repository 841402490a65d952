//! What people and operators keep secret is in nothing that the program says, however much it is asked to say.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{TestEnv, wait_until};
use serde_json::json;

use crate::support::exposition::{address, page};

/// Everything that is to be found nowhere: texts of people, models and neighbours, and the password, have "zebra" in them.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(env: &TestEnv) -> Self {
        let (_, token) = env.telegram.token().split_once(':').unwrap();
        let prompt = PROMPT.lines().filter(|line| !line.is_empty()).map(str::to_owned);
        let others = ["zebra", "Zebra", token, env.model.key()].map(str::to_owned);
        Self(prompt.chain(others).collect())
    }

    #[track_caller]
    fn are_not_in(&self, what: &str, text: &str) {
        for secret in &self.0 {
            let leak = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(leak.is_none(), "{what} has a secret: {leak:?}");
        }
    }
}

#[test]
fn nothing_that_people_or_operators_keep_secret_is_ever_logged() {
    let mut env = TestEnv::with_own_server();
    let secrets = Secrets::of(&env);
    env.set("RUST_LOG", "trace");
    env.set("LLM_TIMEOUT", "1");
    env.set("METRICS_ADDR", "127.0.0.1:0");
    env.set("SHORT_WAITS", "poller=0");
    env.set("FAIL_POINT", "answering:zebra-panic");
    // A password that libpq would quote if it met it as it is.
    let (person, place) =
        env.database.url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let url = format!("{person}:zebra%zz/word@{place}");
    env.set("DATABASE_URL", url.clone());
    let bot = env.start_ready();
    let address = address(&bot);

    give_trouble(&env);
    say_everything(&env);
    // The neighbours go away, one by one.
    env.model.down();
    env.telegram.say(&Person::private(1), "zebra-down");
    env.telegram.wait_for_count(1, 1);
    env.model.up();
    let gate = env.model.hold(When::asked("zebra-outage"));
    env.telegram.say(&Person::private(1), "zebra-outage");
    gate.wait_arrived();
    env.server().stop();
    gate.release();
    bot.wait_for_line("the database is unreachable");
    assert_eq!(page(&address, "/readyz").0, 503);
    env.server().start();
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    wait_until("ready", || (page(&address, "/readyz").0 == 200).then_some(()));

    for path in ["/metrics", "/readyz", "/healthz", "/zebra"] {
        secrets.are_not_in(path, &page(&address, path).1);
    }
    env.set("METRICS_ADDR", address);
    run_commands(&env, &secrets);
    env.set("METRICS_ADDR", "127.0.0.1:0");
    assert!(bot.stop().success());
    change_answers_with_a_log_in_json(&mut env);
    change_the_database(&mut env, &secrets, &url);
    run_with_unusable_settings(&mut env, &secrets, &url);
    let logs = env.logs();
    for sign in [
        "TRACE",
        "\"level\":\"TRACE\"",
        "panic",
        "reachable again",
        "question failed",
        "polling goes on",
        "simpler form",
    ] {
        assert!(logs.contains(sign), "there is something to look at: {sign}");
    }
    secrets.are_not_in("the log", &logs);
}

/// The neighbours on a bad day: what they say quotes what they were sent.
fn give_trouble(env: &TestEnv) {
    let quoting =
        |code: u16, what: &str| Reply::error(code, &format!("Bad Request: {what} \"zebra-quoted\" is wrong"));
    for action in [
        Action::Refuse(Reply::garbage(200)),
        Action::Refuse(Reply::json(200, r#"{"ok":true,"result":[{"update_id":"zebra"}]}"#)),
        Action::Refuse(quoting(409, "Conflict:")),
    ] {
        env.telegram.fault(Calls::to("getUpdates").times(1), action);
    }
    for action in [
        Action::Reset,
        Action::Refuse(quoting(400, "entity")),
        Action::TakeThenTruncate,
        Action::RetryAfter(1),
    ] {
        env.telegram.fault(Calls::to("sendMessage").times(1), action);
    }
    env.telegram.fault(Calls::to("sendMessageDraft").times(1), Action::Refuse(quoting(400, "draft")));
    env.telegram.fault(Calls::to("sendDocument").times(1), Action::Refuse(quoting(400, "document")));

    env.model.on(When::asked("zebra-fail"), Behaviour::status(401, "zebra-message"));
    env.model.on(When::asked("zebra-reset"), Behaviour::reset());
    env.model.on(When::asked("zebra-html"), Behaviour::html(200));
    env.model.on(When::asked("zebra-cut"), Behaviour::answer().cut_after(3));
    env.model.on(When::asked("zebra-event"), Behaviour::answer().error_after(3, 400, "zebra-event"));
    env.model.on(When::asked("zebra-silent"), Behaviour::stall());
    env.model.on(When::asked("zebra-junk"), Behaviour::script(["data: {\"zebra\n\n", "data: zebra\n\n"]));
}

/// Everything that people can say.
fn say_everything(env: &TestEnv) {
    let everything = [
        "zebra-ask",
        "zebra-fail",
        "zebra-reset",
        "zebra-html",
        "zebra-cut",
        "zebra-event",
        "zebra-silent",
        "zebra-junk",
        "zebra-panic",
        "/zebra",
        "/start",
        "/help",
        "/role",
        "/retry",
        "/stop",
        "/export",
        "/clear",
        "/restore",
        "/forget",
    ];
    // Each in a dialogue of its own, all at once, and one after the other in a single one.
    for (user, text) in (100..).zip(everything) {
        let person = Person::private(user).speaking("en");
        env.telegram.say(&person, "zebra-first");
        env.telegram.say(&person, text);
    }
    let group = Person { first_name: "Zebra".to_owned(), ..Person::in_group(7, -7) };
    let said = env.telegram.say(&group, "zebra-group");
    env.telegram.edit(&group, said.message_id, "zebra-edited");
    env.telegram.push(json!({"message": {"message_id": "zebra"}}));
    env.telegram.wait_confirmed();
    env.wait_settled();
}

/// The commands, beside the bot; where one shows the dialogue to an operator, what it logs is looked at.
fn run_commands(env: &TestEnv, secrets: &Secrets) {
    let commands: [&[&str]; 11] = [
        &["doctor"],
        &["doctor", "--json"],
        &["health"],
        &["migrate", "status"],
        &["migrate", "up"],
        &["history", "list"],
        &["history", "export", "--to", "export.jsonl"],
        &["history", "clear", "--user", "102"],
        &["history", "restore", "--user", "102"],
        &["history", "erase", "--user", "100", "--yes"],
        &["history", "purge", "--older-than", "1", "--yes"],
    ];
    for command in commands {
        let said = env.run(command);
        // 3: nothing is so old
        assert!(matches!(said.code, Some(0 | 3)), "{command:?}: {}{}", said.out, said.err);
        secrets.are_not_in(&format!("{command:?}"), &format!("{}{}", said.out, said.err));
    }
    assert!(fs::read_to_string(env.folder().join("export.jsonl")).unwrap().contains("zebra"));
    let showing: [&[&str]; 3] =
        [&["history", "show", "--user", "101"], &["history", "search", "zebra"], &["history", "export"]];
    for command in showing {
        let said = env.run(command);
        assert!(said.out.contains("zebra"), "{command:?}: {}{}", said.out, said.err);
        secrets.are_not_in(&format!("{command:?}"), &said.err);
    }
}

/// Another run: an edit, /retry and its button, /stop, the button of /forget.
fn change_answers_with_a_log_in_json(env: &mut TestEnv) {
    env.set("LOG_FORMAT", "json");
    env.set("LLM_TIMEOUT", "60");
    let bot = env.start_ready();
    let person = |n: i64| Person::private(200 + n).speaking("en");
    let said = env.telegram.say(&person(1), "zebra-mistyped");
    env.telegram.wait_for_count(201, 1);
    env.wait_settled();
    env.telegram.edit(&person(1), said.message_id, "zebra-edit");
    env.telegram.wait_for_text(201, |text| text.contains("zebra-edit"));
    // The model goes on failing.
    env.telegram.say(&person(2), "zebra-fail");
    let failed = env.telegram.wait_for_count(202, 1).pop().unwrap();
    env.telegram.press(&person(2), failed.message_id, failed.buttons()[0]);
    env.telegram.say(&person(2), "/retry");
    let gate = env.model.hold(When::asked("zebra-hold"));
    env.telegram.say(&person(3), "zebra-hold");
    gate.wait_arrived();
    env.telegram.say(&person(3), "/stop");
    env.telegram.wait_for_count(203, 1);
    env.telegram.say(&person(1), "/forget");
    let asked = env.telegram.wait_for_count(201, 2).pop().unwrap();
    env.telegram.press(&person(1), asked.message_id, asked.buttons()[0]);
    env.wait_for_rows("SELECT count(*) FROM messages WHERE user_id = 201", |rows| rows == "0");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert!(bot.stop().success());
    env.set("LOG_FORMAT", "text");
}

/// Migrations there and back, a backup and its restoring.
fn change_the_database(env: &mut TestEnv, secrets: &Secrets, url: &str) {
    let run = |env: &TestEnv, command: &[&str]| {
        let said = env.run(command);
        assert_eq!(said.code, Some(0), "{command:?}: {}{}", said.out, said.err);
        secrets.are_not_in(&format!("{command:?}"), &format!("{}{}", said.out, said.err));
    };
    let folder = env.folder().join("backups");
    fs::create_dir(&folder).unwrap();
    run(env, &["backup", "--to", "backups"]);
    let backup = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let other = format!("{}_restored", env.database.name());
    env.server().create_database(&other);
    env.set("DATABASE_URL", url.replace(env.database.name(), &other));
    run(env, &["restore", backup.to_str().unwrap()]);
    // Each makes a backup of its own before.
    env.set("BACKUP_DIR", folder.to_str().unwrap());
    for command in [
        &["down", "--yes"][..],
        &["to", "2026-11-23-000004", "--yes"],
        &["redo", "--yes"],
        &["up"],
        &["history", "--verbose"],
    ] {
        run(env, &[&["migrate"], command].concat());
    }
    env.unset("BACKUP_DIR");
    env.set("DATABASE_URL", url);
}

fn run_with_unusable_settings(env: &mut TestEnv, secrets: &Secrets, url: &str) {
    let nobody = "postgresql://me:zebra@127.0.0.1:9/d".to_owned();
    // The settings, and what a start says to them.
    let unusable: [(&str, &[(&str, String)]); 4] = [
        ("Telegram", &[("TELEGRAM_BOT_TOKEN", "123456:zebrazebrazebra".to_owned())]),
        (
            "database",
            &[
                ("DATABASE_URL", url.replace(env.database.name(), "no_such_database")),
                ("TELEGRAM_BOT_TOKEN", "123456:zebrazebrazebra".to_owned()),
            ],
        ),
        (
            "database",
            &[("DATABASE_URL", nobody), ("LLM_BASE_URL", "http://me:zebra@127.0.0.1:9/v1".to_owned())],
        ),
        (
            "METRICS_ADDR",
            &[
                ("DATABASE_URL", "zebra".to_owned()),
                ("TELEGRAM_BOT_TOKEN", "zebra".to_owned()),
                ("OPENROUTER_API_KEY", "zebra zebra".to_owned()),
                ("METRICS_ADDR", "me:zebra@h:1".to_owned()),
            ],
        ),
    ];
    for (says, settings) in unusable {
        for (name, value) in settings {
            env.set(name, value.clone());
        }
        let bot = env.start();
        bot.wait_for_line(says);
        // One that waits for its neighbours says more.
        env.kill(bot);
        if settings.len() == 1 {
            continue;
        }
        for command in [&["doctor"][..], &["migrate", "status"], &["history", "list"], &["health"]] {
            let said = env.run(command);
            assert_ne!(said.code, Some(0), "{command:?}: {}{}", said.out, said.err);
            secrets.are_not_in(&format!("{command:?}"), &format!("{}{}", said.out, said.err));
        }
    }
}

#[test]
fn an_env_file_that_others_can_read_earns_a_warning_at_the_start() {
    let env = TestEnv::new();
    let path = env.folder().join(".env");
    fs::write(&path, "ROLE_TEXT=Helper\n").unwrap();
    for (mode, lines) in [(0o644, 1), (0o640, 2), (0o600, 2)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(env.start_ready().stop().success());
        env.assert_logged(".env can be read by other users of this machine; chmod 600 .env", lines);
    }
}
