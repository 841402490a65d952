//! `systech-aidd owner`: shows a code by which somebody becomes an owner, or takes that from an owner.

use anyhow::{Context, bail};
use clap::Args;

use super::history::command::{NOTHING, open};
use super::terminal::show;
use crate::base::cancel::CancelToken;
use crate::base::exit::ExitCode;
use crate::base::http::Http;
use crate::config::Owners;
use crate::domain::claim::Codes;
use crate::store::owner_codes;
use crate::store::people::{self, Removed};
use crate::telegram::{Settings, Telegram};

/// How `owner` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 done; 1 an error; 2 a wrong command line; 3 nothing was removed.

Whoever sends the bot /claim with the code, in a private chat and within an hour, is an owner from then on: each code is
good for one use, and five wrong tries end it. Others wait for the owners' decision then. The command needs DATABASE_URL and
TELEGRAM_BOT_TOKEN, and the bot may keep running.";

/// The rights are gone whether this succeeds or not.
fn take_menu(settings: &Settings, id: i64) -> anyhow::Result<()> {
    let (http, _runtime) = Http::start()?;
    Ok(Telegram::new(http, settings, CancelToken::new()).delete_own_menu(id)?)
}

/// `owner …`
#[derive(Args)]
pub struct Arguments {
    /// Take the rights from this owner, who may use the bot still; the last one stays
    #[arg(long, value_name = "ID")]
    remove: Option<i64>,
}

impl Arguments {
    /// Does it.
    pub fn run(self, Owners { database, telegram, listed, .. }: &Owners) -> anyhow::Result<ExitCode> {
        let conn = &mut open(database)?;
        let bot_id = telegram.token.bot_id();
        let Some(id) = self.remove else {
            let code = Codes::make().context("the system has no random numbers")?;
            owner_codes::store(conn, bot_id, &Codes::new(telegram.token.expose()).tag(&code))?;
            return show(&format!(
                "Send this to the bot within an hour, in a private chat, to own it:\n/claim {code}\n"
            ));
        };
        if listed.contains(&id) {
            bail!("{id} stands in OWNER: take it out there, and start the bot again");
        }
        match people::remove_owner(conn, bot_id, id, !listed.is_empty())? {
            Removed::Yes => {
                if let Err(problem) = take_menu(telegram, id) {
                    eprintln!(
                        "Its menu shows the commands of an owner still, which it cannot use: {problem:#}"
                    );
                }
                show(&format!("{id} is no owner any more, and may use the bot still\n"))
            }
            Removed::Last => bail!(
                "{id} is the last owner: without one anybody could use the bot. Let another one claim it first"
            ),
            Removed::NoOwner => {
                eprintln!("{id} is no owner.");
                Ok(ExitCode::from(NOTHING))
            }
        }
    }
}
