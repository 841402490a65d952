//! Real deletion: of a user, or of what is old. What will be gone is told first, and somebody has to say yes.

use std::io::Write;

use anyhow::bail;
use clap::Args;
use diesel::pg::PgConnection;
use serde_json::json;

use super::output::{Json, Outcome, bar, line};
use crate::base::cancel::CancelToken;
use crate::cli::terminal;
use crate::config::{Database, ENVIRONMENT};
use crate::pipeline::retention::{self, Limits};
use crate::store::archive::{self, Selection};
use crate::store::{Store, erase, expiry, former};

/// `--yes`
#[derive(Args, Clone, Copy)]
pub struct Consent {
    /// Delete without asking; needed where there is no terminal to ask on
    #[arg(long)]
    yes: bool,
}

impl Consent {
    fn given(self, what: &str) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        eprintln!("This deletes for good: {what}.");
        eprintln!("This cannot be undone. Older backups still contain it.");
        Ok(terminal::confirm()?)
    }
}

/// Deletes everything about a user.
pub fn erase(
    conn: &mut PgConnection,
    out: &mut impl Write,
    user: i64,
    consent: Consent,
    Json { json }: Json,
) -> anyhow::Result<Outcome> {
    let Some(rows) = erase::anything_of(conn, user)? else {
        eprintln!("There is nothing about user {user}.");
        return Ok(Outcome::Nothing);
    };
    if !consent.given(&format!("everything about user {user}, including {} messages", rows.messages))? {
        return Ok(Outcome::NotConfirmed);
    }
    let rows = erase::everything(conn, user)?;
    if json {
        line(out, &rows)?;
    } else {
        let erase::Rows { messages, turns, reply_parts, updates } = rows;
        writeln!(
            out,
            "erased user {user}: {messages} messages, {turns} turns, {reply_parts} reply parts, {updates} updates"
        )?;
        writeln!(out, "Older backups and exported files still contain them.")?;
    }
    Ok(Outcome::Done)
}

/// Deletes what waits for a bot of another token.
pub fn discard(
    conn: &mut PgConnection,
    out: &mut impl Write,
    bot_id: i64,
    consent: Consent,
    Json { json }: Json,
) -> anyhow::Result<Outcome> {
    if ENVIRONMENT.bot_id() == Some(bot_id) {
        bail!("{bot_id} is the bot of TELEGRAM_BOT_TOKEN, which answers what waits for it");
    }
    if former::is_at_work(conn, bot_id)? {
        bail!(
            "bot {bot_id} is at work, and answers what waits for it; stop it first, if it is not to be used any more"
        );
    }
    let Some(left) = former::waiting(conn)?.into_iter().find(|left| left.bot_id == bot_id) else {
        eprintln!("Nothing waits for bot {bot_id}.");
        return Ok(Outcome::Nothing);
    };
    let former::Left { updates, reply_parts, since, .. } = left;
    let what = format!(
        "{updates} updates that bot {bot_id} did not answer and {reply_parts} messages that it did not send, the oldest of {since}"
    );
    if !consent.given(&what)? {
        return Ok(Outcome::NotConfirmed);
    }
    let (updates, reply_parts) = former::discard(conn, bot_id)?;
    if json {
        line(out, &json!({"updates": updates, "reply_parts": reply_parts}))?;
    } else {
        writeln!(out, "discarded of bot {bot_id}: {updates} updates, {reply_parts} unsent messages")?;
    }
    Ok(Outcome::Done)
}

/// Deletes what is old.
pub fn purge(
    conn: &mut PgConnection,
    out: &mut impl Write,
    database: &Database,
    days: u32,
    consent: Consent,
    Json { json }: Json,
) -> anyhow::Result<Outcome> {
    let until = Some(expiry::days_ago(conn, days)?);
    let old = archive::count(conn, Selection { until, cleared: true, ..Selection::default() })?;
    if old > 0 && !consent.given(&format!("{old} messages of all users that are older than {days} days"))? {
        return Ok(Outcome::NotConfirmed);
    }
    let bar = bar("messages", || anyhow::Ok(old.unsigned_abs()))?;
    let mut progress = |count: usize| bar.inc(u64::try_from(count).unwrap_or_default());
    let store = Store::new(&database.url, 1);
    let deleted = retention::apply(
        &store,
        Limits { messages: Some(days), files: None, all_are_looked_at: true },
        &CancelToken::new(),
        &mut progress,
    )?;
    bar.finish();
    let retention::Deleted { messages, tombstones, .. } = deleted;
    if json {
        line(out, &json!({"messages": messages, "tombstones": tombstones}))?;
    } else {
        writeln!(
            out,
            "purged {messages} messages older than {days} days and {tombstones} finished rows of the inbox"
        )?;
    }
    Ok(Outcome::from(messages + tombstones > 0))
}
