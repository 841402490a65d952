//! What is asked, in which order, and what becomes of the answers: each is checked at once, by the program that will use it,
//! and kept when it is good.

use super::answer::{Verdict, cleaned, judge};
use super::bot::{Bot, Finding, Settings};
use super::terminal::Terminal;
use super::{Outcome, database, env_file};

const TOKEN: &str = "TELEGRAM_BOT_TOKEN";
const KEY: &str = "OPENROUTER_API_KEY";
const ENDPOINT: &str = "LLM_BASE_URL";
const MODEL: &str = "LLM_MODEL";
const DATABASE: &str = "DATABASE_URL";

/// Asks for everything that the settings lack.
pub(super) fn ask(terminal: &Terminal, bot: &Bot, settings: &Settings) -> Outcome<()> {
    if settings.fault_of_env_file().is_some() {
        mend_env_file(bot)?;
    }
    eprintln!(
        "The bot lacks settings. Each answer is checked at once and kept in .env, which nobody but you can read.\n\
         What is secret does not show while you type or paste it. Ctrl-C ends the questions."
    );
    let questions = Questions { terminal, bot };
    if settings.lacks(TOKEN) {
        questions.token()?;
    }
    if settings.lacks(KEY) {
        questions.model()?;
    }
    if settings.lacks(DATABASE) && !database::exists()? {
        questions.database()?;
    }
    Ok(())
}

/// A file that others can read is closed to them; whatever else is wrong with it is for the person to mend.
fn mend_env_file(bot: &Bot) -> Outcome<()> {
    if env_file::close_to_others()? {
        eprintln!(".env could be read by other users of this machine; from now on only you can.");
    }
    match bot.settings()?.fault_of_env_file() {
        Some(Finding { found, remedy, .. }) => {
            Err(format!("{found} → {}", remedy.as_deref().unwrap_or_default()).into())
        }
        None => Ok(()),
    }
}

struct Questions<'a> {
    terminal: &'a Terminal,
    bot: &'a Bot,
}

impl Questions<'_> {
    fn token(&self) -> Outcome<()> {
        loop {
            let token = self.secret("\nToken of the bot, from @BotFather: ", TOKEN)?;
            if token.is_empty() {
                continue;
            }
            let settings = [(TOKEN, token.as_str())];
            if self.objection("telegram", &["token", "webhook"], &settings)?.is_none() {
                return self.keep(&settings);
            }
        }
    }

    /// A key of OpenRouter, or another endpoint.
    fn model(&self) -> Outcome<()> {
        loop {
            let answer = self
                .secret("\nKey of OpenRouter (openrouter.ai/keys), or Enter for another endpoint: ", KEY)?;
            let settings = [(KEY, answer.as_str())];
            if answer.is_empty() {
                return self.endpoint();
            } else if self.objection("model", &["model"], &settings)?.is_none() {
                return self.keep(&settings);
            }
        }
    }

    fn endpoint(&self) -> Outcome<()> {
        let named = env_file::sets(MODEL)? || std::env::var(MODEL).is_ok_and(|name| !name.trim().is_empty());
        let (mut url, mut model, mut key) = (String::new(), String::new(), None);
        loop {
            while url.is_empty() {
                url = self.open("Address of the endpoint, as in http://localhost:11434/v1: ", ENDPOINT)?;
            }
            while model.is_empty() && !named {
                model = self.open("Name of the model there: ", MODEL)?;
            }
            let key_of_it = match key.take() {
                Some(key) => key,
                None => self.secret("Key of the endpoint, or Enter if it needs none: ", KEY)?,
            };
            let all = [(ENDPOINT, url.as_str()), (MODEL, model.as_str()), (KEY, key_of_it.as_str())];
            let settings: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            // Only what is wrong is asked for again.
            match self.objection("model", &["model"], &settings)?.as_deref() {
                None => return self.keep(&settings),
                Some(KEY) => {}
                Some(MODEL) if !named => {
                    model.clear();
                    key = Some(key_of_it);
                }
                Some(ENDPOINT) => {
                    url.clear();
                    key = Some(key_of_it);
                }
                Some(_) => {
                    url.clear();
                    model.clear();
                }
            }
        }
    }

    fn database(&self) -> Outcome<()> {
        loop {
            let url = self.secret(
                "\nWhere dialogues are kept: Enter for a private PostgreSQL in .postgres, or the URL of your own server,\n\
                 postgresql://user:password@host:port/database: ",
                DATABASE,
            )?;
            if url.is_empty() {
                return database::create();
            }
            let settings = [(DATABASE, url.as_str())];
            if self.objection("database", &["database", "server", "rights"], &settings)?.is_none() {
                return self.keep(&settings);
            }
        }
    }

    /// Checks settings, and tells what came of it. Returns what speaks against keeping them: the setting that is wrong, or
    /// an empty name where that is not known and the person wants to answer anew.
    fn objection(
        &self,
        neighbour: &str,
        checks: &[&str],
        settings: &[(&str, &str)],
    ) -> Outcome<Option<String>> {
        eprintln!("checking …");
        let findings = self.bot.examine(&format!("settings,{neighbour}"), settings)?;
        match judge(&findings, checks, settings) {
            Verdict::Good => Ok(None),
            Verdict::Wrong(setting) => Ok(Some(setting)),
            Verdict::Open if self.terminal.confirm("Keep it as it is?")? => Ok(None),
            Verdict::Open => Ok(Some(String::new())),
        }
    }

    fn keep(&self, settings: &[(&str, &str)]) -> Outcome<()> {
        self.terminal.undisturbed(|| env_file::add(settings))
    }

    fn secret(&self, question: &str, name: &str) -> Outcome<String> {
        Ok(cleaned(&self.terminal.ask_secretly(question)?, name))
    }

    fn open(&self, question: &str, name: &str) -> Outcome<String> {
        Ok(cleaned(&self.terminal.ask(question)?, name))
    }
}
