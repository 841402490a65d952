//! What people and operators keep secret is in nothing that the program says, however much it is asked to say.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};

use serde_json::json;

use crate::exposition::page;
use crate::metrics::address;
use crate::world::{PROMPT, World};

/// Everything that is to be found nowhere: texts of people, models and neighbours, and the password, have "zebra" in them.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(world: &World) -> Self {
        let (_, token) = world.telegram.token().split_once(':').unwrap();
        let prompt = PROMPT.lines().filter(|line| !line.is_empty()).map(str::to_owned);
        let others = ["zebra", "Zebra", token, world.model.key()].map(str::to_owned);
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
    let mut world = World::with_own_server();
    let secrets = Secrets::of(&world);
    world.set("RUST_LOG", "trace");
    world.set("LLM_TIMEOUT", "1");
    world.set("METRICS_ADDR", "127.0.0.1:0");
    world.set("FAIL_POINT", "answering:zebra-panic");
    // a password that libpq would quote if it met it as it is
    let (person, place) =
        world.database_url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let url = format!("{person}:zebra%zz/word@{place}");
    world.set("DATABASE_URL", url.clone());
    let bot = world.start_ready();
    let address = address(&bot);

    give_trouble(&world);
    say_everything(&world);
    // the neighbours go away, one by one
    world.model.down();
    world.telegram.say(&Person::private(1), "zebra-down");
    world.telegram.wait_for_count(1, 1);
    world.model.up();
    let gate = world.model.hold(When::asked("zebra-outage"));
    world.telegram.say(&Person::private(1), "zebra-outage");
    gate.wait_arrived();
    world.server().stop();
    gate.release();
    bot.wait_for_line("the database is unreachable");
    assert_eq!(page(&address, "/readyz").0, 503);
    world.server().start();
    world.telegram.wait_for_count(1, 2);
    world.wait_settled();

    for path in ["/metrics", "/readyz", "/healthz", "/zebra"] {
        secrets.are_not_in(path, &page(&address, path).1);
    }
    run_commands(&world, &secrets);
    assert!(bot.stop().success());
    run_with_unusable_settings(&mut world, &secrets, &url);
    let logs = world.logs();
    for sign in ["TRACE", "panic", "reachable again", "no answer", "polling goes on", "simpler form"] {
        assert!(logs.contains(sign), "there is something to look at: {sign}");
    }
    secrets.are_not_in("the log", &logs);
}

/// The neighbours on a bad day: what they say quotes what they were sent.
fn give_trouble(world: &World) {
    let quoting =
        |code: u16, what: &str| Reply::error(code, &format!("Bad Request: {what} \"zebra-quoted\" is wrong"));
    for action in [
        Action::Refuse(Reply::garbage(200)),
        Action::Refuse(Reply::json(200, r#"{"ok":true,"result":[{"update_id":"zebra"}]}"#)),
        Action::Refuse(quoting(409, "Conflict:")),
    ] {
        world.telegram.fault(Calls::to("getUpdates").times(1), action);
    }
    for action in [
        Action::Reset,
        Action::Refuse(quoting(400, "entity")),
        Action::TakeThenTruncate,
        Action::RetryAfter(1),
    ] {
        world.telegram.fault(Calls::to("sendMessage").times(1), action);
    }
    world.telegram.fault(Calls::to("sendMessageDraft").times(1), Action::Refuse(quoting(400, "draft")));
    world.telegram.fault(Calls::to("sendDocument").times(1), Action::Refuse(quoting(400, "document")));

    world.model.on(When::asked("zebra-fail"), Behaviour::status(401, "zebra-message"));
    world.model.on(When::asked("zebra-reset"), Behaviour::reset());
    world.model.on(When::asked("zebra-html"), Behaviour::html(200));
    world.model.on(When::asked("zebra-cut"), Behaviour::answer().cut_after(3));
    world.model.on(When::asked("zebra-event"), Behaviour::answer().error_after(3, 400, "zebra-event"));
    world.model.on(When::asked("zebra-silent"), Behaviour::stall());
    world.model.on(When::asked("zebra-junk"), Behaviour::script(["data: {\"zebra\n\n", "data: zebra\n\n"]));
}

/// Everything that people can say.
fn say_everything(world: &World) {
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
    // each in a dialogue of its own, all at once, and one after the other in a single one
    for (user, text) in (100..).zip(everything) {
        let person = Person::private(user).speaking("en");
        world.telegram.say(&person, "zebra-first");
        world.telegram.say(&person, text);
    }
    let group = Person { first_name: "Zebra".to_owned(), ..Person::in_group(7, -7) };
    let said = world.telegram.say(&group, "zebra-group");
    world.telegram.edit(&group, said.message_id, "zebra-edited");
    world.telegram.push(json!({"message": {"message_id": "zebra"}}));
    world.telegram.wait_confirmed();
    world.wait_settled();
}

/// The commands, beside the bot; where one shows the dialogue to an operator, what it logs is looked at.
fn run_commands(world: &World, secrets: &Secrets) {
    let commands: [&[&str]; 8] = [
        &["doctor"],
        &["doctor", "--json"],
        &["health"],
        &["migrate", "status"],
        &["migrate", "up"],
        &["history", "list"],
        &["history", "erase", "--user", "100", "--yes"],
        &["history", "purge", "--older-than", "1", "--yes"],
    ];
    for command in commands {
        let said = world.run(command);
        secrets.are_not_in(&format!("{command:?}"), &format!("{}{}", said.out, said.err));
    }
    for command in [&["history", "show", "--user", "101"][..], &["history", "search", "zebra"]] {
        let said = world.run(command);
        assert!(said.out.contains("zebra"), "{command:?}: {}{}", said.out, said.err);
        secrets.are_not_in(&format!("{command:?}"), &said.err);
    }
}

fn run_with_unusable_settings(world: &mut World, secrets: &Secrets, url: &str) {
    let nobody = "postgresql://me:zebra@127.0.0.1:9/d".to_owned();
    let unusable: [&[(&str, String)]; 3] = [
        &[
            ("DATABASE_URL", url.replace(&world.database, "no_such_database")),
            ("TELEGRAM_BOT_TOKEN", "123456:zebrazebrazebra".to_owned()),
        ],
        &[("DATABASE_URL", nobody), ("LLM_BASE_URL", "http://me:zebra@127.0.0.1:9/v1".to_owned())],
        &[
            ("DATABASE_URL", "zebra".to_owned()),
            ("TELEGRAM_BOT_TOKEN", "zebra".to_owned()),
            ("OPENROUTER_API_KEY", "zebra zebra".to_owned()),
            ("METRICS_ADDR", "me:zebra@h:1".to_owned()),
        ],
    ];
    for settings in unusable {
        for (name, value) in settings {
            world.set(name, value.clone());
        }
        for command in [&["doctor"][..], &["migrate", "status"], &["history", "list"], &["health"]] {
            let said = world.run(command);
            assert_ne!(said.code, Some(0), "{command:?}: {}{}", said.out, said.err);
            secrets.are_not_in(&format!("{command:?}"), &format!("{}{}", said.out, said.err));
        }
    }
}

#[test]
fn an_env_file_that_others_can_read_earns_a_warning_at_the_start() {
    let world = World::new();
    let path = world.folder().join(".env");
    fs::write(&path, "ROLE_TEXT=Helper\n").unwrap();
    for (mode, lines) in [(0o644, 1), (0o640, 2), (0o600, 2)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(world.start_ready().stop().success());
        world.assert_logged(".env can be read by other users of this machine; chmod 600 .env", lines);
    }
}
