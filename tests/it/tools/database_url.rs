//! One reader of the settings: the database that the bot uses is the one that `url`, `sql` and `make migrations` lead to,
//! and a URL of the predecessor's is understood.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use sandbox::env::{Operator, program};

use crate::support::program::script;

/// An operator whose URL has a password, where the server asks for none.
fn with_password() -> Operator {
    let mut operator = Operator::new();
    let url = operator.database.url().replace("postgres@", "postgres:p%40ss@");
    operator.set("DATABASE_URL", url);
    operator
}

/// The URL that the operator's would be in the predecessor's `.env`.
fn of_predecessor(operator: &Operator, parameters: &str) -> String {
    let url = operator.setting("DATABASE_URL").unwrap();
    let (_, place) = url.split_once("://").unwrap();
    format!("postgresql+asyncpg://{place}?{parameters}")
}

#[test]
fn the_predecessors_url_starts_with_the_parameters_of_its_driver() {
    for (parameters, left_out) in [
        ("ssl=prefer&target_session_attrs=any&timeout=30", ""),
        (
            "prepared_statement_cache_size=0&statement_cache_size=0&command_timeout=60&async_fallback=true",
            "prepared_statement_cache_size, statement_cache_size, command_timeout, async_fallback",
        ),
        (
            "server_settings=%7B%22application_name%22%3A%22bot%22%7D&ssl=disable&direct_tls=false",
            "direct_tls",
        ),
    ] {
        let mut operator = with_password();
        operator.set("DATABASE_URL", of_predecessor(&operator, parameters));
        let said = operator.run(&["migrate", "up"]);
        let notes: Vec<_> = said.err.lines().filter(|line| line.contains("DATABASE_URL")).collect();
        assert!(notes.len() == usize::from(!left_out.is_empty()), "{parameters}: {}", said.err);
        assert!(notes.iter().all(|note| note.contains(left_out) && !note.contains("p%40ss")), "{notes:?}");
        said.ok();
    }
    for scheme in ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"] {
        let mut operator = Operator::new();
        let url = of_predecessor(&operator, "sslmode=prefer").replace("postgresql+asyncpg", scheme);
        operator.set("DATABASE_URL", url);
        operator.run(&["migrate", "up"]).ok();
    }
}

#[test]
fn a_setting_of_the_server_in_the_predecessors_url_is_set() {
    let mut operator = Operator::up_to_date();
    let settings = "server_settings={\"search_path\":\"elsewhere, public\",\"timezone\":\"Asia/Tokyo\"}";
    operator.set("DATABASE_URL", of_predecessor(&operator, settings));
    let sql = "SELECT current_setting('search_path'), current_setting('timezone')";
    assert_eq!(operator.run(&["sql", "-Atc", sql]).ok(), "elsewhere, public|Asia/Tokyo\n");
    operator.run(&["migrate", "status"]).ok();
}

#[test]
fn a_parameter_that_nobody_knows_is_named_with_what_to_do() {
    let mut operator = with_password();
    operator.set("DATABASE_URL", of_predecessor(&operator, "pool_size=5&sslmode=prefer&jit=off"));
    let said = operator.run(&["migrate", "status"]).fails_with(1);
    assert!(
        said.contains("DATABASE_URL has parameters that libpq does not know: pool_size, jit (take them out"),
        "{said}"
    );
    assert!(said.contains("options=-c%20NAME%3DVALUE") && !said.contains("p%40ss"), "{said}");
}

#[test]
fn url_prints_nothing_but_the_url_that_libpq_understands() {
    let mut operator = with_password();
    let url = operator.setting("DATABASE_URL").unwrap().replace("postgres://", "postgresql://");
    operator.set("DATABASE_URL", of_predecessor(&operator, "ssl=prefer&statement_cache_size=0"));
    let said = operator.run(&["url"]);
    assert!(said.err.contains("statement_cache_size"), "{}", said.err);
    assert_eq!(said.ok(), format!("{url}?sslmode=prefer\n"));
    operator.unset("DATABASE_URL");
    let said = operator.run(&["url"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("DATABASE_URL is missing"), "{}", said.err);
}

#[test]
fn sql_is_psql_on_the_database_of_the_settings_and_its_password_is_on_no_command_line() {
    let mut operator = with_password();
    operator.set("TELEGRAM_BOT_TOKEN", "123456:hunter2hunter2");
    operator.set("TRANSCRIBE_KEY", "hunter2");
    operator.set("A_KEY_OF_THE_CATALOGUE", "hunter2");
    let said = operator.run(&["sql", "-X", "-At", "-c", "SELECT current_database()"]).ok();
    assert_eq!(said, format!("{}\n", operator.database.name()));
    let line = operator.run(&["sql", "-X", "-c", r"\! tr '\0' ' ' <\/proc/$PPID/cmdline"]).ok();
    assert!(
        line.contains("psql --dbname=postgresql://postgres@")
            && !line.contains("p@ss")
            && !line.contains("p%40ss"),
        "{line}"
    );
    let environment = operator.run(&["sql", "-X", "-c", r"\! env"]).ok();
    assert!(environment.contains("\nPGPASSWORD=p@ss\n"), "{environment}");
    assert!(!environment.contains("hunter2") && !environment.contains("DATABASE_URL"), "{environment}");
    // Its own end is that of the command.
    let said = operator.run(&["sql", "-X", "-v", "ON_ERROR_STOP=1", "-c", "SELECT 1/0"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("division by zero"), "{}", said.err);
}

/// The operator's folder as a checkout, with a cargo that runs the binary which is there, and a diesel that says what it
/// was given.
fn checkout(operator: &Operator) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["Makefile", "Cargo.toml"] {
        symlink(root.join(name), operator.folder().join(name)).unwrap();
    }
    let folders = ["scripts", "bin"].map(|name| operator.folder().join(name));
    for folder in &folders {
        fs::create_dir(folder).unwrap();
    }
    let [scripts, programs] = folders;
    script(&scripts.join("setup"), "");
    let program = program();
    script(
        &programs.join("cargo"),
        &format!("while [ \"$1\" != -- ]; do shift; done; shift; exec '{}' \"$@\"", program.display()),
    );
    script(&programs.join("diesel"), "echo \"$DATABASE_URL $*\"");
}

fn make_migrations(operator: &Operator) -> (bool, String) {
    let mut make = Command::new("make");
    operator.prepare(make.args(["--no-print-directory", "migrations", "ARGS=migration list"]));
    let path = std::env::var("PATH").unwrap();
    let output =
        make.env("PATH", format!("{}:{path}", operator.folder().join("bin").display())).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn make_migrations_leads_to_the_database_of_the_bot() {
    let mut operator = Operator::new();
    checkout(&operator);
    let env = operator.folder().join(".env");
    // The environment wins, as it does for the bot.
    fs::write(&env, "DATABASE_URL=postgresql://h/of_the_file\n").unwrap();
    operator.set("DATABASE_URL", "postgresql+asyncpg://u:p%24@h/of_the_environment?ssl=require");
    let (_, said) = make_migrations(&operator);
    assert_eq!(said, "postgresql://u:p%24@h/of_the_environment?sslmode=require migration list\n");
    operator.unset("DATABASE_URL");
    for line in [
        "DATABASE_URL=postgresql+asyncpg://u@h/d\r\n",
        "export DATABASE_URL=postgresql://u@h/d\n",
        "DATABASE_URL = 'postgresql://u@h/d' # of the bot\n",
        "# DATABASE_URL=postgresql://h/no\nDATABASE_URL=postgresql://h/no\nDATABASE_URL=\"postgresql://u@h/d\"\n",
        "HOST=h\nDATABASE_URL=postgresql://u@${HOST}/${NAME:-d}\n",
    ] {
        fs::write(&env, line).unwrap();
        let (done, said) = make_migrations(&operator);
        assert!(done && said == "postgresql://u@h/d migration list\n", "{line}: {said}");
    }
    // Rather nothing than another database.
    fs::write(&env, "DATABASE_URL='postgresql://h/d\n").unwrap();
    assert_eq!(make_migrations(&operator), (false, String::new()));
}
