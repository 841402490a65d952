//! The command line. Results go to standard output, questions and progress to standard error.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use diesel::pg::PgConnection;

use super::export;
use super::output::{Json, Outcome};
use super::{files, forget, prompt, show};
use crate::base::exit::ExitCode;
use crate::cli::moment::local_time;
use crate::cli::terminal::NOT_CONFIRMED;
use crate::config::Database;
use crate::database::migrate::session;
use crate::database::migrate::state::State;
use crate::domain::lane::{Dialogue, ROOT, Topics};
use crate::domain::search::Search;
use crate::pipeline::export_records::Format;
use crate::store::archive::{self, Selection};
use crate::store::readings::Which as WhichTurn;
use crate::store::{facts, history, kept_files, moment, search, summaries};

/// There is nothing of the kind that was asked for.
pub(in crate::cli) const NOTHING: u8 = 3;

/// How `history` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 done; 1 an error; 2 a wrong command line; 3 nothing found: no dialogue, no fact, no message with these words,
nothing to clear, restore or delete; 4 not confirmed: nothing was done.

These commands need DATABASE_URL only, and the bot may keep running. A <TIME> is 2026-11-23 (its beginning),
'2026-11-23 19:30', 2026-11-23T19:30+03:00 (or Z), '2026-11-23 19:30 Europe/Moscow', yesterday, how long ago (2h, '3 days'),
or any other form that PostgreSQL accepts; without a zone in the time zone of the server.";

/// What to do with the dialogues.
#[derive(Subcommand)]
pub enum Command {
    /// Lists the dialogues, the latest first
    List {
        /// Only of this user
        #[arg(long, value_name = "ID", allow_negative_numbers = true)]
        user: Option<i64>,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Shows one dialogue
    Show {
        /// See [`Which`].
        #[command(flatten)]
        which: Which,
        /// See [`Period`].
        #[command(flatten)]
        period: Period,
        /// Name the files of each question, with the numbers by which `files --save` knows them
        #[arg(long, conflicts_with = "json")]
        files: bool,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Lists the files that came with questions, and how large they are; or saves one
    Files {
        /// See [`Whose`].
        #[command(flatten)]
        whose: Whose,
        /// Save what is in the file with this number
        #[arg(long, value_name = "NUMBER", requires = "to", conflicts_with_all = ["user", "chat", "json"])]
        save: Option<i64>,
        /// The file to write, which gets its name only when it is complete
        #[arg(long, value_name = "FILE", requires = "save")]
        to: Option<PathBuf>,
        /// Overwrite the file if it is there
        #[arg(long, requires = "to")]
        force: bool,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Shows what the model read for an answer: instructions, summary, dialogue, question
    Prompt {
        /// The turn, by its number in the table `turns`
        #[arg(long, value_name = "NUMBER", required_unless_present = "message")]
        turn: Option<i64>,
        /// The turn of this question or answer, by the number that `search` and `show --json` tell
        #[arg(long, value_name = "NUMBER", conflicts_with = "turn")]
        message: Option<i64>,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Lists what people asked the bot to remember
    Facts {
        /// See [`Whose`].
        #[command(flatten)]
        whose: Whose,
        /// Include what they deleted or changed
        #[arg(long)]
        deleted: bool,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Lists what dialogues were about before the part that models read word by word
    Summaries {
        /// See [`Whose`].
        #[command(flatten)]
        whose: Whose,
        /// Include those in whose place another one came, or whose messages changed
        #[arg(long)]
        replaced: bool,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Searches messages for words in any of their forms, Russian and English; the newest first
    Search {
        /// The words, all of which a message must have. In quotes also: 'borscht or soup -salt "sour cream"'
        #[arg(required = true)]
        words: Vec<String>,
        /// See [`Among`].
        #[command(flatten)]
        among: Among,
        /// See [`Period`].
        #[command(flatten)]
        period: Period,
        /// The most messages to show
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Writes any number of messages as JSON Lines or CSV
    Export {
        /// See [`Among`].
        #[command(flatten)]
        among: Among,
        /// See [`Period`].
        #[command(flatten)]
        period: Period,
        /// The format of the file
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// Write a ZIP archive, with the files of the messages beside them
        #[arg(long, requires = "to")]
        files: bool,
        /// The file to write, which gets its name only when it is complete  [default: standard output]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Overwrite the file if it is there
        #[arg(long, requires = "to")]
        force: bool,
    },
    /// Hides a dialogue, as /clear does; `restore` brings it back
    Clear {
        /// See [`Which`].
        #[command(flatten)]
        which: Which,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Undoes a clearing: the latest one, or an earlier one
    Restore {
        /// See [`Which`].
        #[command(flatten)]
        which: Which,
        /// List the clearings instead, the latest first
        #[arg(long)]
        list: bool,
        /// The clearing of this time, as --list shows it
        #[arg(long, value_name = "TIME", conflicts_with = "list")]
        at: Option<String>,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Deletes everything about a user for good, in all chats, live and cleared
    Erase {
        /// The user
        #[arg(long, value_name = "ID", allow_negative_numbers = true)]
        user: i64,
        /// See [`forget::Consent`].
        #[command(flatten)]
        consent: forget::Consent,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Deletes what waits for a bot whose token is not used any more: its updates, and what it did not send
    Discard {
        /// The bot, as doctor names it: the number before the colon of its token
        #[arg(long, value_name = "ID")]
        bot: i64,
        /// See [`forget::Consent`].
        #[command(flatten)]
        consent: forget::Consent,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Deletes old messages for good, live and cleared, and finished rows of the inbox; RETENTION_DAYS does so daily
    Purge {
        /// The age of the messages to delete, in days
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        older_than: u32,
        /// See [`forget::Consent`].
        #[command(flatten)]
        consent: forget::Consent,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
}

/// One dialogue.
#[derive(Args, Clone, Copy)]
pub struct Which {
    /// The user
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    user: i64,
    /// The chat  [default: the user's private chat]
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    chat: Option<i64>,
    /// The topic of the chat; 0 is what is outside topics  [default: all of them]
    #[arg(long, value_name = "ID")]
    thread: Option<i64>,
}

/// Of whom, and where.
#[derive(Args)]
pub struct Whose {
    /// Only of this user
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    user: Option<i64>,
    /// Only in this chat
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    chat: Option<i64>,
}

/// Some of all messages.
#[derive(Args, Clone, Copy)]
pub struct Among {
    /// Only of this user
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    user: Option<i64>,
    /// Only in this chat
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    chat: Option<i64>,
    /// Only in this topic of the chat; 0 is what is outside topics
    #[arg(long, value_name = "ID", requires = "chat")]
    thread: Option<i64>,
}

/// A part of the history.
#[derive(Args)]
pub struct Period {
    /// Only messages from this time on
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only messages from before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Include cleared messages
    #[arg(long)]
    cleared: bool,
}

impl Which {
    fn dialogue(self) -> Dialogue {
        let Self { user, chat, thread } = self;
        Dialogue { user_id: user, chat_id: chat.unwrap_or(user), topics: topics(thread) }
    }
}

impl From<Among> for Selection {
    fn from(Among { user, chat, thread }: Among) -> Self {
        Self { user_id: user, chat_id: chat, topics: topics(thread), ..Self::default() }
    }
}

/// What `--thread` means.
fn topics(thread: Option<i64>) -> Topics {
    thread.map_or(Topics::All, |id| Topics::Only(Some(id).filter(|id| *id != ROOT)))
}

impl Period {
    /// What of the messages `among` is from this time.
    fn of(self, conn: &mut PgConnection, among: impl Into<Selection>) -> anyhow::Result<Selection> {
        let mut read =
            |option, text: Option<String>| text.map(|text| local_time(conn, option, &text)).transpose();
        let (since, until) = (read("--since", self.since)?, read("--until", self.until)?);
        Ok(Selection { since, until, cleared: self.cleared, ..among.into() })
    }
}

impl Command {
    /// Does it.
    pub fn run(self, database: &Database) -> anyhow::Result<ExitCode> {
        match self.act(database) {
            // The reader of the output closed it: it has read enough.
            Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error),
            Ok(Outcome::Done) => Ok(ExitCode::SUCCESS),
            Ok(Outcome::Nothing) => Ok(ExitCode::from(NOTHING)),
            Ok(Outcome::NotConfirmed) => Ok(ExitCode::from(NOT_CONFIRMED)),
        }
    }

    fn act(self, database: &Database) -> anyhow::Result<Outcome> {
        let conn = &mut open(database)?;
        let out = &mut io::BufWriter::new(io::stdout().lock());
        let outcome = match self {
            Self::List { user, json } => show::list(out, json, archive::summaries(conn, user)?)?.into(),
            Self::Files { save: Some(id), to: Some(to), force, .. } => {
                files::save(conn, out, id, (&to, force))?
            }
            Self::Files { whose: Whose { user, chat }, json, .. } => {
                let selection =
                    Selection { user_id: user, chat_id: chat, cleared: true, ..Selection::default() };
                files::list(conn, out, selection, json)?
            }
            Self::Show { which, period, files, json } => {
                let selection = period.of(conn, which.dialogue())?;
                let files = if files { kept_files::of(conn, selection)? } else { Vec::new() };
                let records = archive::records_by_topic(conn, selection)?;
                show::records(out, json, records, &files)?.into()
            }
            Self::Prompt { turn, message, json } => {
                let by_message = message.map(WhichTurn::Message);
                match turn.map(WhichTurn::Turn).or(by_message) {
                    Some(which) => prompt::show(conn, out, which, json)?,
                    None => Outcome::Nothing,
                }
            }
            Self::Facts { whose: Whose { user, chat }, deleted, json } => {
                show::facts(out, json, &facts::all(conn, user, chat, deleted)?)?.into()
            }
            Self::Summaries { whose: Whose { user, chat }, replaced, json } => {
                show::summaries(out, json, &summaries::all(conn, user, chat, replaced)?)?.into()
            }
            Self::Search { words, among, period, limit, json } => {
                let selection = period.of(conn, among)?;
                let wanted = Search::of(&words.join(" "))?;
                let found = search::search(conn, &wanted, selection, limit, "**")?.unwrap_or_else(|| {
                    eprintln!(
                        "Words that nearly every text has (the, and) are not searched for; type others, too."
                    );
                    Vec::new()
                });
                show::found(out, json, &found)?.into()
            }
            Self::Export { among, period, format, files, to, force } => {
                let selection = period.of(conn, among)?;
                match to {
                    None => export::write(conn, selection, format, out)?,
                    Some(path) => export::to_file(conn, selection, (format, files), &path, force)?,
                }
                Outcome::Done
            }
            Self::Clear { which, json } => {
                let messages = history::clear(conn, which.dialogue())?;
                show::count(out, json, "cleared", messages)?.into()
            }
            Self::Restore { which, list: true, json, .. } => {
                show::clearings(out, json, &history::clearings(conn, which.dialogue())?)?.into()
            }
            Self::Restore { which, at, json, .. } => {
                let moment = at
                    .map(|at| {
                        moment::exact(conn, &at).with_context(|| format!("--at {at:?} is none of --list"))
                    })
                    .transpose()?;
                let messages = history::restore(conn, which.dialogue(), moment)?;
                show::count(out, json, "restored", messages)?.into()
            }
            Self::Erase { user, consent, json } => forget::erase(conn, out, user, consent, json)?,
            Self::Discard { bot, consent, json } => forget::discard(conn, out, bot, consent, json)?,
            Self::Purge { older_than, consent, json } => {
                forget::purge(conn, out, database, older_than, consent, json)?
            }
        };
        out.flush()?;
        Ok(outcome)
    }
}

/// A connection to a database that is up to date: these commands read its views and search by its index.
pub(in crate::cli) fn open(database: &Database) -> anyhow::Result<PgConnection> {
    let mut conn = session::connect_now(&database.url)?;
    let state = State::read(&mut conn)?;
    state.refuse_unknown()?;
    if state.pending() > 0 {
        bail!("the database is not up to date: start the bot, or run systech-aidd migrate up");
    }
    Ok(conn)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().or_else(|| {
            match cause.downcast_ref::<csv::Error>().map(csv::Error::kind) {
                Some(csv::ErrorKind::Io(io)) => Some(io),
                _ => None,
            }
        });
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
