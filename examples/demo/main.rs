//! `make demo`: the real bot binary between a stand-in Telegram, a model and a private PostgreSQL; the person talks to
//! it in the terminal, or through a pipe.
//!
//! Everything the demo keeps is in `.demo` (`DEMO_DIR`): the database and the bot's log. The user and the database are
//! the same in every run, so the dialogue goes on. With `OPENROUTER_API_KEY` or `LLM_BASE_URL` in the environment the
//! model is the real one. Neither the bot nor PostgreSQL outlives the demo, however it ends.
//!
//! `/owner` plays the side of the bot's owner, whom a stranger asks to be let in, until the next `/owner`.
//!
//! Once the bot is there, a link into its console is printed beside the dialogue, on standard error.
//!
//! `demo psql` opens psql on the kept dialogue instead.

mod choices;
mod files;
mod paint;
mod place;
mod screen;
mod talk;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use sandbox::env::UNSETTLED;
use sandbox::model::Behaviour;
use sandbox::postgres::{self, Server};
use sandbox::process::{Leash, Leashed};
use sandbox::{Model, Person, Telegram};

/// The demo's bot: the same in every run, like a real one. No secret, nothing outside knows it.
const TOKEN: &str = "1000000001:AAdemo_demo_demo_demo_demo_demo_demo";
/// The one who talks, and the owner of the bot, whose side `/owner` plays.
const USER: i64 = 1001;
const OWNER: i64 = 1002;
const DATABASE: &str = "systech_aidd";
/// Longer than the bot's own grace for running answers.
const STOP: Duration = Duration::from_secs(30);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        None => demo(),
        Some("psql") => psql(),
        Some(other) => {
            Err(format!("{other:?} is no command of the demo; it knows psql, or nothing at all").into())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Outcome<()> {
    // First of all: an interrupt from here on ends the demo in order.
    let events = talk::events()?;
    let folder = place::folder()?;
    let postgres = start_postgres(&folder)?;
    let telegram = Telegram::start_with_token(TOKEN);
    // About a stranger of an earlier run the owner has decided.
    let stranger = i64::from(std::process::id()) + OWNER + 1;
    let [person, owner, stranger] =
        [USER, OWNER, stranger].map(|id| Person::private(id).speaking(language()));
    for person in [&person, &owner] {
        telegram.meet(person);
    }
    let model = stand_in_model();

    let log = folder.join("bot.log");
    std::fs::write(&log, "")?;
    let command = || bot_command(&folder, &telegram, model.as_ref(), &postgres);
    let console = free_address()?;
    let mut bot = start_bot(command()?.env("CONSOLE_ADDR", &console), &log)?;
    screen::welcome(model.is_some(), &log);

    let open_console = || {
        let link = command()?.env("CONSOLE_ADDR", &console).arg("console").output()?;
        // Beside the dialogue, so that a script reads that alone.
        eprint!("Its console, by a link that works once:\n{}", String::from_utf8_lossy(&link.stdout));
        Ok(())
    };
    let rests = || postgres.try_psql(DATABASE, UNSETTLED).is_ok_and(|rows| rows == "0");
    let people = [&person, &owner, &stranger];
    let talked = talk::talk(&telegram, people, &mut bot, &events, &open_console, &rests);
    let booted = telegram.look(talk::is_polled);
    let stopped = stop(&mut bot, booted, &events);
    // What went wrong first is what the person has to know.
    talked.and(stopped).map_err(|error| format!("{error}{}", tail(&log)))?;
    screen::farewell(&postgres, DATABASE, USER);
    Ok(())
}

/// Opens psql on the dialogue, with this process's own streams.
fn psql() -> Outcome<()> {
    let folder = place::folder()?;
    let postgres = match start_postgres(&folder) {
        // The demo has it at work.
        Err(error) if error.downcast_ref().is_some_and(postgres::Error::is_in_use) => {
            Server::join(&place::for_postgres(&folder)?)?
        }
        started => started?,
    };
    // Ctrl-C belongs to psql, which cancels a query by it.
    let _signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT])?;
    let status = Command::new("psql").arg(postgres.url(DATABASE)).status()?;
    if status.success() { Ok(()) } else { Err(format!("psql ended with {status}").into()) }
}

/// English where the locale is, else Russian, as the bot speaks to everybody whose language it does not know.
fn language() -> &'static str {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let english =
        locale.into_iter().find(|value| !value.is_empty()).is_some_and(|value| value.starts_with("en"));
    if english { "en" } else { "ru" }
}

fn start_postgres(folder: &Path) -> Outcome<Server> {
    let postgres = Server::in_dir(place::for_postgres(folder)?)?;
    if !postgres.has_database(DATABASE) {
        postgres.create_database(DATABASE);
    }
    Ok(postgres)
}

/// `None` when the environment names a real model.
fn stand_in_model() -> Option<Model> {
    let real = ["OPENROUTER_API_KEY", "LLM_BASE_URL"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if real {
        return None;
    }
    let model = Model::start();
    if screen::is_terminal() {
        // A pace at which a person sees the answer grow.
        model.usually(Behaviour::answer().token_every(Duration::from_millis(60)));
    }
    Some(model)
}

/// Where nobody listens yet.
fn free_address() -> Outcome<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn start_bot(command: &Command, log: &Path) -> Outcome<Leashed> {
    Ok(Leash { log, signal: "KILL", remove: None }.start(command)?)
}

/// The bot, with the settings of the demo.
fn bot_command(
    folder: &Path,
    telegram: &Telegram,
    model: Option<&Model>,
    postgres: &Server,
) -> Outcome<Command> {
    let program = place::bot()?;
    let mut command = Command::new(program);
    // Away from the checkout, where a .env for another bot may lie.
    command
        .current_dir(folder)
        .env("TELEGRAM_BOT_TOKEN", telegram.token())
        .env("TELEGRAM_API_URL", telegram.url())
        .env("DATABASE_URL", postgres.url(DATABASE))
        .env("OWNER", OWNER.to_string())
        .env("ALLOWED_USERS", USER.to_string())
        .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "info".into()));
    if let Some(model) = model {
        command
            // The stand-in for the model listens and speaks, too.
            .env("TRANSCRIBE_MODEL", model.name())
            .env("SPEECH_MODEL", model.name())
            .env("CATALOGUE_PATH", choices::write(folder, model, language())?)
            .env("OPENROUTER_API_KEY", model.key());
    } else {
        command.env("SYSTEM_PROMPT_PATH", place::checkout().join("prompts/nutritionist.txt"));
    }
    Ok(command)
}

/// Ends the bot as an operator does, and waits. A second interrupt does not wait.
fn stop(bot: &mut Leashed, booted: bool, events: &talk::Events) -> Outcome<()> {
    if bot.try_wait()?.is_some() {
        return Ok(()); // its end was reported where it was seen
    }
    bot.signal("TERM");
    for _ in 0..STOP.as_millis() / 50 {
        if let Some(status) = bot.wait(Duration::from_millis(50))? {
            // Before it listens to signals it dies of them, which is what was asked for.
            let orderly = status.success() || !booted;
            return if orderly { Ok(()) } else { Err(format!("the bot ended with {status}").into()) };
        }
        if events.try_iter().any(|event| matches!(event, talk::Event::Interrupt)) {
            return Err("interrupted while the bot was stopping".into());
        }
    }
    Err(format!("the bot did not stop within {STOP:?}").into())
}

/// The end of the bot's log, for a person to read.
fn tail(log: &Path) -> String {
    let text =
        std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(20)..].join("\n");
    format!("\nThe end of its log, {}:\n{tail}", log.display())
}
