//! `make run`: the questions, what becomes of the answers, and the private PostgreSQL.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use sandbox::Person;
use sandbox::model::Behaviour;
use sandbox::postgres::{self, unique_name};
use sandbox::process::{children, signal};

mod checkout;
// The very file of the example: what it writes has to be what the bot reads.
#[path = "../../../../sandbox/examples/run/env_lines.rs"]
mod env_lines;
mod session;

use checkout::{Checkout, at_work_in};

const ASK_TOKEN: &str = "Token of the bot";
const ASK_KEY: &str = "Key of OpenRouter";
const ASK_ENDPOINT: &str = "Address of the endpoint";
const ASK_MODEL: &str = "Name of the model";
const ASK_KEY_OF_ENDPOINT: &str = "Key of the endpoint";
/// The bot's own line, in its colours.
const READY: &str = "ready \x1b[3mbot";
const ASK_DATABASE: &str = "Where dialogues are kept";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_first_run_asks_checks_and_answers_and_the_next_one_asks_nothing_and_remembers() {
    let checkout = Checkout::new();
    let person = Person::private(42);
    let mut first = checkout.on_terminal(&[]);
    first.answers(ASK_TOKEN, &format!("  \"{}\" ", checkout.telegram.token()));
    first.sees("✓ token: it belongs to @sandbox_bot");
    first.answers(ASK_KEY, "");
    first.answers(ASK_ENDPOINT, &checkout.model.url());
    first.answers(ASK_MODEL, checkout.model.name());
    first.answers(ASK_KEY_OF_ENDPOINT, checkout.model.key());
    first.sees("✓ model: ");
    first.answers(ASK_DATABASE, "");
    first.sees("make run ARGS='backup --to FOLDER'");
    first.sees(READY);
    assert!(checkout.ask(&person, "Привет").contains("Привет"));
    first.stops();
    checkout.wait_for_its_end();

    let env = checkout.env();
    assert_eq!(fs::metadata(checkout.env_file()).unwrap().permissions().mode() & 0o777, 0o600);
    for (name, value) in [
        ("TELEGRAM_BOT_TOKEN", checkout.telegram.token()),
        ("LLM_BASE_URL", &checkout.model.url()),
        ("LLM_MODEL", checkout.model.name()),
        ("OPENROUTER_API_KEY", checkout.model.key()),
    ] {
        assert!(env.contains(&format!("\n{name}={value}\n")), "{name} is not in .env");
    }
    assert!(!env.contains("DATABASE_URL"), "the private database goes without saying");

    let mut second = checkout.on_terminal(&[]);
    second.sees(READY);
    assert!(checkout.ask(&person, "Что я сказал?").contains("«Привет»"));
    assert_eq!(checkout.env(), env);
    for question in [ASK_TOKEN, ASK_KEY, ASK_DATABASE] {
        assert!(!second.shown().contains(question), "{}", second.shown());
    }
    second.stops();
}

#[test]
fn a_wrong_token_is_asked_for_again_with_the_reason_and_one_that_cannot_be_checked_may_be_kept() {
    let checkout = Checkout::new();
    let mut session = checkout.on_terminal(&[]);
    session.answers(ASK_TOKEN, "hunter2");
    session.sees("TELEGRAM_BOT_TOKEN does not look like a token");
    session.answers(ASK_TOKEN, "123456:AAhunter2_hunter2_hunter2_hunter2");
    session.sees("✗ token: Telegram does not know the token");
    checkout.telegram.down();
    session.answers(ASK_TOKEN, checkout.telegram.token());
    session.sees("Telegram cannot be reached");
    session.answers("Keep it as it is? [y/N]", "n");
    assert!(!checkout.env_file().exists());
    session.answers(ASK_TOKEN, checkout.telegram.token());
    session.answers("Keep it as it is? [y/N]", "y");
    session.sees(ASK_KEY);
    assert!(checkout.env().contains(&format!("TELEGRAM_BOT_TOKEN={}\n", checkout.telegram.token())));
}

#[test]
fn of_an_endpoint_only_what_is_wrong_is_asked_for_again() {
    let checkout = Checkout::new();
    fs::write(checkout.env_file(), format!("TELEGRAM_BOT_TOKEN={}", checkout.telegram.token())).unwrap();
    let mut session = checkout.on_terminal(&[]);
    session.answers(ASK_KEY, "");
    session.answers(ASK_ENDPOINT, &checkout.model.url());
    session.answers(ASK_MODEL, "no/such-model");
    session.answers(ASK_KEY_OF_ENDPOINT, "hunter2");
    session.sees("the endpoint does not accept the key");
    // A name that works may be missing from the list: the endpoint has to object to it.
    checkout.model.usually(Behaviour::status(404, "no such model"));
    session.answers(ASK_KEY_OF_ENDPOINT, checkout.model.key());
    session.sees("the endpoint does not know the model no/such-model");
    checkout.model.usually(Behaviour::answer());
    session.answers(ASK_MODEL, checkout.model.name());
    session.sees("✓ model: ");
    session.sees(ASK_DATABASE);
    let shown = session.shown();
    assert_eq!([ASK_ENDPOINT, ASK_MODEL, ASK_KEY_OF_ENDPOINT].map(|q| shown.matches(q).count()), [1, 2, 2]);
}

#[test]
fn ctrl_c_in_a_question_leaves_an_echoing_terminal_and_what_was_answered_whole() {
    let checkout = Checkout::with_env(&["# mine\r\n", "TELEGRAM_BOT_TOKEN=\r\n", "WORKERS=4"]);
    let mut session = checkout.on_terminal(&[]);
    session.sees(ASK_TOKEN);
    assert!(!session.echoes());
    session.types(checkout.telegram.token());
    session.sees(ASK_KEY);
    session.person.write_all(b"hunter2").unwrap();
    signal(session.child.id(), "INT");
    assert_eq!(session.ends().signal(), Some(2));
    assert!(session.echoes());
    let expected = format!("# mine\r\nTELEGRAM_BOT_TOKEN={}\r\nWORKERS=4", checkout.telegram.token());
    assert_eq!(checkout.env(), expected);
    assert_eq!(fs::metadata(checkout.env_file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(checkout.folder.path()).unwrap().count(), 2, "nothing but .env and prompts");
}

#[test]
fn without_a_terminal_each_missing_setting_has_its_sentence() {
    let checkout = Checkout::new();
    let output = checkout.run(&[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for setting in ["TELEGRAM_BOT_TOKEN", "OPENROUTER_API_KEY", "DATABASE_URL"] {
        assert!(said.contains(&format!("{setting} is missing; expected: ")), "{said}");
    }
    assert!(said.contains("there is no terminal to ask on"), "{said}");
    assert_eq!(fs::read_dir(checkout.folder.path()).unwrap().count(), 1, "nothing but prompts");
}

#[test]
fn what_questions_cannot_mend_is_named_at_once() {
    for (env, expected) in [
        (&b"LLM_TEMPERATURE=hot\n"[..], "LLM_TEMPERATURE is \"hot\""),
        (b"TELEGRAM_BOT_TOKEN=hunter2\n", "TELEGRAM_BOT_TOKEN does not look like a token"),
        (b"just words\n", ".env, line 1, is not of the form NAME=value"),
        (b"A=\xff\n", ".env is not UTF-8 text"),
    ] {
        let checkout = Checkout::new();
        fs::write(checkout.env_file(), env).unwrap();
        let mut session = checkout.on_terminal(&[]);
        session.sees(expected);
        assert_eq!(session.ends().code(), Some(1));
        assert!(!session.shown().contains(ASK_TOKEN));
        assert_eq!(fs::read(checkout.env_file()).unwrap(), env);
    }
}

#[test]
fn what_is_written_into_env_is_what_the_bot_reads() {
    for value in
        ["a b", "it's", "a#b", " #b", "$x", "${PATH}", "a\\", "a'\\", "\"q\"", "'", "a\\'b$\"#", "«я»"]
    {
        let checkout = Checkout::with_env(&[&env_lines::with("", "LLM_TEMPERATURE", value)]);
        let said = checkout.run(&["doctor", "--only", "settings"]);
        let expected = format!("LLM_TEMPERATURE is {:?}", value.trim());
        assert!(text(&said.stdout).contains(&expected), "{value}: {}", text(&said.stdout));
    }
}

#[test]
fn with_a_server_of_ones_own_there_is_no_private_one() {
    let checkout = Checkout::new();
    let url = postgres::shared().create_database(&unique_name("run"));
    let Checkout { telegram, model, .. } = &checkout;
    let settings = format!(
        "TELEGRAM_BOT_TOKEN={}\nOPENROUTER_API_KEY={}\nLLM_BASE_URL={}\n",
        telegram.token(),
        model.key(),
        model.url()
    );
    fs::write(checkout.env_file(), format!("{settings}LLM_MODEL={}\n", model.name())).unwrap();
    let mut first = checkout.on_terminal(&[]);
    first.answers(ASK_DATABASE, "postgresql://nobody:hunter2@127.0.0.1:1/none");
    first.sees("✗ database: port: ");
    first.answers("Keep it as it is? [y/N]", "");
    first.answers(ASK_DATABASE, &format!("DATABASE_URL='{url}'"));
    first.sees("✓ rights: ");
    first.sees(READY);
    first.stops();
    assert!(checkout.env().contains(&format!("\nDATABASE_URL={url}\n")));
    assert!(!checkout.folder.path().join(".postgres").exists());
    let mut second = checkout.on_terminal(&[]);
    second.sees(READY);
    second.stops();
}

#[test]
fn a_second_one_in_the_same_checkout_says_that_there_is_a_first_until_that_has_ended() {
    let checkout = Checkout::without_database();
    let second_says_so = || {
        let mut second = checkout.on_terminal(&[]);
        second.sees("another `make run` is at work in this checkout");
        assert_eq!(second.ends().code(), Some(1));
    };
    let mut first = checkout.on_terminal(&[]);
    first.sees(ASK_DATABASE);
    second_says_so();
    first.types("");
    first.sees(READY);
    second_says_so();
    first.stops();
    let mut next = checkout.on_terminal(&[]);
    next.sees(READY);
    next.stops();
}

#[test]
fn a_bot_does_not_begin_on_a_server_that_another_command_will_end() {
    let checkout = Checkout::without_database();
    fs::create_dir(checkout.folder.path().join(".postgres")).unwrap();
    let mut psql = checkout.on_terminal(&["psql", "-X"]);
    psql.sees("systech_aidd=#");
    let mut bot = checkout.on_terminal(&[]);
    bot.sees("another process uses the PostgreSQL in");
    bot.sees("End that first");
    assert_eq!(bot.ends().code(), Some(1));
    psql.types("\\q");
    assert_eq!(psql.ends().code(), Some(0));
}

#[test]
fn a_link_stays_a_link_and_a_file_its_owners() {
    let checkout = Checkout::new();
    let file = checkout.folder.path().join("elsewhere");
    fs::write(&file, "WORKERS=4\n").unwrap();
    let owner = if rustix::process::getuid().is_root() { 65534 } else { rustix::process::getuid().as_raw() };
    chown(&file, Some(owner), None).unwrap();
    symlink("elsewhere", checkout.env_file()).unwrap();
    let mut session = checkout.on_terminal(&[]);
    session.answers(ASK_TOKEN, checkout.telegram.token());
    session.sees(ASK_KEY);
    assert_eq!(fs::read_link(checkout.env_file()).unwrap().to_str(), Some("elsewhere"));
    assert_eq!(fs::metadata(&file).unwrap().uid(), owner);
    assert_eq!(checkout.env(), format!("WORKERS=4\nTELEGRAM_BOT_TOKEN={}\n", checkout.telegram.token()));
}

#[test]
fn commands_and_psql_reach_the_private_database_while_the_bot_runs_and_afterwards() {
    let checkout = Checkout::without_database();
    let missing = checkout.run(&["history", "list"]);
    assert!(text(&missing.stderr).contains("DATABASE_URL is missing"), "{}", text(&missing.stderr));
    let psql = |sql: &str| checkout.run(&["psql", "-XAtc", sql]);
    assert!(text(&psql("SELECT 1").stderr).contains("there is no private PostgreSQL here yet"));

    let mut session = checkout.on_terminal(&[]);
    session.answers(ASK_DATABASE, "");
    session.sees(READY);
    checkout.ask(&Person::private(42), "Привет");
    let look = |expected: &str| {
        let said = psql("SELECT content FROM messages WHERE role = 'user'");
        assert_eq!((text(&said.stdout).as_str(), text(&said.stderr).as_str()), (expected, ""));
        let listed = checkout.run(&["history", "list"]);
        assert!(text(&listed.stdout).contains("42"), "{}", text(&listed.stderr));
    };
    look("Привет\n");
    let doctor = checkout.run(&["doctor"]);
    assert!(text(&doctor.stdout).contains("a bot is connected to the database"), "{}", text(&doctor.stdout));
    session.stops();
    look("Привет\n");
    // The exit code is the command's own.
    assert_eq!(checkout.run(&["history", "show", "--user", "1"]).status.code(), Some(3));

    let backup = checkout.run(&["backup", "--to", "."]);
    assert!(backup.status.success(), "{}", text(&backup.stderr));
    let files = fs::read_dir(checkout.folder.path()).unwrap().flatten();
    let dump =
        files.map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "dump")).unwrap();
    checkout.wait_for_its_end();
    fs::remove_dir_all(checkout.folder.path().join(".postgres")).unwrap();
    let mut session = checkout.on_terminal(&["restore", dump.to_str().unwrap()]);
    session.answers("Restore into a private PostgreSQL in .postgres? [y/N]", "y");
    assert_eq!(session.ends().code(), Some(0));
    look("Привет\n");
}

/// All processes below this one, and itself.
fn family(pid: u32) -> Vec<u32> {
    std::iter::once(pid).chain(children(pid).into_iter().flat_map(family)).collect()
}

#[test]
fn the_dialogue_survives_kill_9_of_everything_and_of_all_but_postgresql() {
    let checkout = Checkout::without_database();
    let person = Person::private(42);
    let data = checkout.folder.path().join(".postgres/data");
    let mut session = checkout.on_terminal(&[]);
    session.answers(ASK_DATABASE, "");
    for all in [true, false] {
        session.sees(READY);
        checkout.ask(&person, "Привет");
        let of_postgres = at_work_in(&data);
        assert!(!of_postgres.is_empty());
        let mut family = family(session.child.id());
        family.retain(|process| all || !of_postgres.contains(process));
        let kill = family.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        // Some die of the death of others before their turn comes.
        Command::new("sh")
            .args(["-c", &format!("kill -KILL {kill}")])
            .stderr(Stdio::null())
            .status()
            .unwrap();
        session.child.wait().unwrap();
        assert!(all || !at_work_in(&data).is_empty(), "PostgreSQL belongs to nobody now");
        session = checkout.on_terminal(&[]);
    }
    session.sees(READY);
    assert!(checkout.ask(&person, "Что я сказал?").contains("«Привет»"));
    session.stops();
}

#[test]
fn data_of_another_version_is_left_alone_and_the_way_on_is_told() {
    let checkout = Checkout::without_database();
    let data = checkout.folder.path().join(".postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9.6\n").unwrap();
    let output = checkout.run(&[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("is of PostgreSQL 9.6") && said.contains("apt-get install postgresql-9.6"),
        "{said}"
    );
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

#[test]
fn under_root_in_a_folder_of_roots_own_the_data_is_where_postgresql_gets_and_a_link_leads_there() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let checkout = Checkout::without_database();
    fs::set_permissions(checkout.folder.path(), Permissions::from_mode(0o700)).unwrap();
    let link = checkout.folder.path().join(".postgres");
    let mut session = checkout.on_terminal(&[]);
    session.answers(ASK_DATABASE, "");
    session.sees(READY);
    let elsewhere = fs::read_link(&link).unwrap();
    assert!(elsewhere.starts_with("/var/lib"), "{}", elsewhere.display());
    assert!(session.shown().contains(elsewhere.to_str().unwrap()), "{}", session.shown());
    session.stops();
    let said = checkout.run(&["psql", "-XAtc", "SELECT count(*) FROM messages"]);
    assert_eq!(text(&said.stdout), "0\n", "{}", text(&said.stderr));
    checkout.wait_for_its_end();
    fs::remove_dir_all(&elsewhere).unwrap();
    // A link that leads nowhere is no reason to begin anew.
    let output = checkout.run(&[]);
    assert!(
        text(&output.stderr).contains("with it the dialogues are out of reach"),
        "{}",
        text(&output.stderr)
    );
}
