//! The neighbours of the bot, the bot itself, and people who write all the time. One scene for each row of the table.
//!
//! What happened and when is kept for the judge: what was said, when the bot died, when a fault ended.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sandbox::Model;
use sandbox::model::{Behaviour, When};
use sandbox::postgres::{self, Server, unique_name};
use sandbox::process::{Leash, Leashed};
use sandbox::telegram::{self, Person, Telegram};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// People in private chats, and as many again in two groups.
const PRIVATE: i64 = 8;
/// Who writes at such length that an answer, which quotes the question and the one before, takes two messages.
const TALKATIVE: i64 = 2;
const LENGTH: usize = 2500;
const FILLING: &str = " and so on";

/// People in private chats of their own who change their minds: they edit their last question, have it answered again,
/// press the button below a failed answer.
const CHANGING: i64 = 3;
/// A question with this in it is mostly refused by the model: its answer has a button.
pub(crate) const REFUSED: &str = " please refuse";

/// What somebody did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// Asked the model something.
    Ask,
    /// Asked for the dialogue as a file.
    Export,
    /// Changed the last question.
    Edit,
    /// Wanted the last question answered again.
    Retry,
    /// The same, by the button below a failed answer.
    Press,
}

/// Something that somebody wrote or pressed.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) update_id: i64,
    pub(crate) user_id: i64,
    pub(crate) chat_id: i64,
    /// Which one of this person's, from 0.
    pub(crate) number: usize,
    /// Stands in what was asked and nowhere else.
    pub(crate) nonce: String,
    pub(crate) deed: Deed,
    /// Telegram's id of what was asked.
    message_id: i64,
    pub(crate) at: Instant,
}

impl Said {
    /// Whether it is of somebody who changes his mind.
    pub(crate) fn is_changing(&self) -> bool {
        self.user_id > 2 * PRIVATE
    }
}

/// What the judge has to know.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) said: Vec<Said>,
    /// When a process of the bot ended.
    pub(crate) deaths: Vec<Instant>,
    /// When a fault ended.
    pub(crate) ends: Vec<Instant>,
}

/// Everything that is needed for one row.
pub(crate) struct Scene {
    pub(crate) telegram: Telegram,
    pub(crate) model: Model,
    pub(crate) database: String,
    own_server: Option<Server>,
    folder: TempDir,
    seed: u64,
    settings: Vec<(&'static str, String)>,
    bot: Mutex<Option<Leashed>>,
    record: Mutex<Record>,
}

impl Scene {
    /// With a server of its own, PostgreSQL can be stopped and frozen.
    pub(crate) fn new(own_server: bool, seed: u64, settings: &[(&'static str, &str)]) -> Self {
        let own_server = own_server.then(|| Server::temporary().unwrap_or_else(|error| panic!("{error}")));
        let (telegram, model) = (Telegram::start(), Model::start());
        model.usually(Behaviour::answer().random_delay(Duration::from_millis(300), seed));
        let mut scene = Self {
            telegram,
            model,
            database: unique_name("faults"),
            own_server,
            folder: tempfile::tempdir().unwrap(),
            seed,
            settings: Vec::new(),
            bot: Mutex::default(),
            record: Mutex::default(),
        };
        scene.server().create_database(&scene.database);
        scene.settings = vec![
            ("TELEGRAM_API_URL", scene.telegram.url()),
            ("TELEGRAM_BOT_TOKEN", scene.telegram.token().to_owned()),
            ("TELEGRAM_TIMEOUT", "2".to_owned()),
            ("LLM_BASE_URL", scene.model.url()),
            ("OPENROUTER_API_KEY", scene.model.key().to_owned()),
            ("DATABASE_URL", scene.server().url(&scene.database)),
            (
                "SYSTEM_PROMPT_PATH",
                concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/nutritionist.txt").to_owned(),
            ),
            ("MAX_HISTORY_MESSAGES", "4".to_owned()),
            ("SHUTDOWN_GRACE", "1".to_owned()),
            ("RUST_LOG", "info,systech_aidd=debug".to_owned()),
        ];
        scene.settings.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        scene
    }

    pub(crate) fn server(&self) -> &Server {
        self.own_server.as_ref().unwrap_or_else(|| postgres::shared())
    }

    pub(crate) fn psql(&self, sql: &str) -> String {
        self.server().psql(&self.database, sql)
    }

    /// Starts the bot with further settings, unless it runs; it may not be ready yet.
    pub(crate) fn start(&self, further: &[(&str, String)]) {
        let mut bot = self.bot();
        if bot.is_some() {
            return;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
        command.current_dir(self.folder.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name != "PATH") {
            command.env_remove(name);
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.envs(further.iter().map(|(name, value)| (name, value)));
        let log = self.folder.path().join("bot.log");
        let leash = Leash { log: &log, signal: "KILL", remove: None };
        *bot = Some(leash.start(&command).unwrap_or_else(|error| panic!("the bot does not start: {error}")));
    }

    /// As [`Scene::start`], and waits until it polls.
    pub(crate) fn start_ready(&self) {
        let polls = || self.telegram.look(|state| state.count("getUpdates"));
        let before = polls();
        self.start(&[]);
        wait_until("the bot to poll", || (polls() > before).then_some(()));
    }

    /// SIGKILL, and its end.
    pub(crate) fn kill(&self) {
        self.end("KILL");
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(&self) {
        self.end("TERM");
    }

    fn end(&self, signal: &str) {
        if let Some(bot) = &*self.bot() {
            bot.signal(signal);
        }
        self.wait_for_death(&format!("the bot to end after SIG{signal}"));
    }

    /// Waits for the end of the bot, and returns its code: 128 and the signal's number, if it died of one.
    pub(crate) fn wait_for_death(&self, why: &str) -> Option<i32> {
        let mut bot = self.bot().take()?;
        let status = bot.wait(PATIENCE).ok().flatten().unwrap_or_else(|| panic!("waited in vain for {why}"));
        self.record().deaths.push(Instant::now());
        status.code()
    }

    fn bot(&self) -> MutexGuard<'_, Option<Leashed>> {
        self.bot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model refuses what asks for it, more often than not.
    pub(crate) fn refuse(&self) {
        let when = When::asked(REFUSED).chance(0.7, self.seed);
        self.model.on(when, Behaviour::status(401, "as you wish"));
    }

    /// Somebody does the next thing.
    pub(crate) fn act(&self, rng: &mut fastrand::Rng) {
        let user_id = rng.i64(1..=2 * PRIVATE + CHANGING);
        let number = self.record().said.iter().filter(|said| said.user_id == user_id).count();
        let nonce = format!("nonce-{user_id}-{number}-");
        let at = Instant::now();
        let said = if user_id > 2 * PRIVATE {
            let (deed, chat_id) = (Deed::Ask, user_id);
            self.change(Said { update_id: 0, user_id, chat_id, number, nonce, deed, message_id: 0, at }, rng)
        } else {
            let private = user_id <= PRIVATE;
            let chat_id = if private { user_id } else { -1 - user_id % 2 };
            let deed = if private && rng.u8(0..12) == 0 { Deed::Export } else { Deed::Ask };
            self.write(Said { update_id: 0, user_id, chat_id, number, nonce, deed, message_id: 0, at }, rng)
        };
        self.record().said.push(said);
    }

    /// Writes to the bot.
    fn write(&self, said: Said, rng: &mut fastrand::Rng) -> Said {
        let Said { user_id, chat_id, deed, ref nonce, .. } = said;
        let private = chat_id == user_id;
        let person = if private { Person::private(user_id) } else { Person::in_group(user_id, chat_id) };
        let wish = if rng.u8(0..8) == 0 { " as a table" } else { "" };
        let mut text = format!("{nonce}{wish}");
        if user_id <= TALKATIVE {
            text.extend(FILLING.chars().cycle().take(LENGTH));
        }
        let text = if deed == Deed::Export { "/export" } else { &text };
        let telegram::Said { update_id, message_id } = self.telegram.address(&person.speaking("en"), text);
        Said { update_id, message_id, ..said }
    }

    /// Asks something new, or changes what was asked last, or wants it answered again.
    fn change(&self, said: Said, rng: &mut fastrand::Rng) -> Said {
        let Said { user_id, ref nonce, .. } = said;
        let person = Person::private(user_id).speaking("en");
        let asked = |said: &&Said| said.user_id == user_id && said.deed == Deed::Ask;
        let last = self.record().said.iter().rev().find(asked).map(|said| said.message_id);
        let deed = [Deed::Ask, Deed::Ask, Deed::Edit, Deed::Edit, Deed::Retry, Deed::Press][rng.usize(..6)];
        let mut text = nonce.clone();
        if rng.u8(0..3) == 0 {
            text.push_str(REFUSED);
        }
        // the answer to a long one, with the code that it quotes, takes several messages, and that to an edit fewer
        if deed == Deed::Ask && rng.bool() {
            text.push_str(" with code");
            text.extend(FILLING.chars().cycle().take(LENGTH));
        }
        let (deed, update_id, message_id) = match (deed, last) {
            (Deed::Ask, _) | (_, None) => {
                let asked = self.telegram.say(&person, &text);
                (Deed::Ask, asked.update_id, asked.message_id)
            }
            (Deed::Edit, Some(last)) => (deed, self.telegram.edit(&person, last, &text).update_id, last),
            (_, Some(last)) => {
                let pressed = (deed == Deed::Press).then(|| self.press(&person)).flatten();
                let (deed, update_id) = pressed.map_or_else(
                    || (Deed::Retry, self.telegram.say(&person, "/retry").update_id),
                    |update_id| (Deed::Press, update_id),
                );
                (deed, update_id, last)
            }
        };
        Said { update_id, deed, message_id, ..said }
    }

    /// Presses the last button that the person sees, if there is one.
    fn press(&self, person: &Person) -> Option<i64> {
        let (message_id, data) = self.telegram.look(|state| {
            let mut shown = state.in_chat(person.chat_id).rev();
            shown.find_map(|sent| Some((sent.message_id, (*sent.buttons().first()?).to_owned())))
        })?;
        Some(self.telegram.press_if_shown(person, message_id, &data)?.update_id)
    }

    /// The fault is over: what waits from now on waits for the bot.
    pub(crate) fn fault_ended(&self) {
        self.record().ends.push(Instant::now());
    }

    /// Waits until nothing waits any more: neither with Telegram nor in the database. False: something waits for ever.
    pub(crate) fn wait_settled(&self) -> bool {
        let waiting = "SELECT (SELECT count(*) FROM updates WHERE done_at IS NULL)
                            + (SELECT count(*) FROM reply_parts WHERE state = 'unsent')";
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.telegram.unconfirmed() == 0 && self.psql(waiting) == "0" {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// The end of the bot's log, for the report of a failure. It holds no message texts.
    pub(crate) fn end_of_log(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// All of the bot's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("bot.log")).unwrap_or_default()
    }
}

/// Waits until `condition` yields something.
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
