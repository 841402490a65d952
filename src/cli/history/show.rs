//! What people read at a terminal, and `--json` for programs. Everything is written as it comes.

use std::io::Write;

use diesel::QueryResult;
use serde_json::json;

use super::files::about;
use super::output::{Json, line};
use crate::domain::transcript::{entry, time};
use crate::store::archive::{Record, Summary};
use crate::store::facts::Kept;
use crate::store::kept_files::KeptFile;
use crate::store::search::Found;
use crate::store::summaries::Listed;

/// One line a dialogue. False: there is none.
pub fn list(
    out: &mut impl Write,
    Json { json }: Json,
    dialogues: impl Iterator<Item = QueryResult<Summary>>,
) -> anyhow::Result<bool> {
    let mut any = false;
    for dialogue in dialogues {
        let dialogue = dialogue?;
        if json {
            line(out, &dialogue)?;
        } else {
            if !any {
                writeln!(
                    out,
                    "{:>14} {:>16} {:>8} {:>9}  {:<19}  {:<19}  state",
                    "user", "chat", "topic", "messages", "first", "last"
                )?;
            }
            let Summary { user_id, chat_id, messages, live, thread_id, .. } = dialogue;
            let topic = thread_id.map(|id| id.to_string()).unwrap_or_default();
            let state = match live {
                0 => "cleared".to_owned(),
                live if live == messages => "live".to_owned(),
                live => format!("{live} live, {} cleared", messages - live),
            };
            let (first, last) = (time(&dialogue.first_at), time(&dialogue.last_at));
            writeln!(out, "{user_id:>14} {chat_id:>16} {topic:>8} {messages:>9}  {first}  {last}  {state}")?;
        }
        any = true;
    }
    Ok(any)
}

/// A transcript, in which each topic has its heading, and each message the names of its files. False: there is nothing in it.
pub fn records(
    out: &mut impl Write,
    Json { json }: Json,
    records: impl Iterator<Item = QueryResult<Record>>,
    files: &[KeptFile],
) -> anyhow::Result<bool> {
    let mut any = false;
    let mut topic = None;
    for record in records {
        let record = record?;
        if json {
            line(out, &record)?;
        } else {
            if let Some(id) = record.thread_id.filter(|_| record.thread_id != topic) {
                topic = record.thread_id;
                writeln!(out, "== topic {id}\n")?;
            }
            out.write_all(record.transcript().as_bytes())?;
            for file in files.iter().filter(|file| file.message_id == record.id) {
                writeln!(out, "file {}: {}\n", file.id, about(file))?;
            }
        }
        any = true;
    }
    Ok(any)
}

/// Each message with the place that was searched for. False: there is none.
pub fn found(out: &mut impl Write, Json { json }: Json, found: &[Found]) -> anyhow::Result<bool> {
    for found in found {
        if json {
            line(out, found)?;
        } else {
            let Record { id, user_id, chat_id, role, created_at, thread_id, .. } = &found.record;
            let topic = thread_id.map(|id| format!(", topic {id}")).unwrap_or_default();
            let file = found.file.as_ref().map(|name| format!(", in {name}")).unwrap_or_default();
            let heading = format!(
                "{}  {role}  user {user_id}, chat {chat_id}{topic}, message {id}{file}",
                time(created_at)
            );
            out.write_all(entry(&heading, &found.excerpt).as_bytes())?;
        }
    }
    Ok(!found.is_empty())
}

/// What is remembered. False: nothing is.
pub fn facts(out: &mut impl Write, Json { json }: Json, facts: &[Kept]) -> anyhow::Result<bool> {
    for fact in facts {
        if json {
            line(out, fact)?;
        } else {
            let Kept { id, user_id, chat_id, content, day, deleted, .. } = fact;
            let gone = deleted.as_ref().map(|deleted| format!("  (deleted {deleted})")).unwrap_or_default();
            let heading = format!("{day}  user {user_id}, chat {chat_id}, fact {id}{gone}");
            out.write_all(entry(&heading, content).as_bytes())?;
        }
    }
    Ok(!facts.is_empty())
}

/// Summaries. False: there is none.
pub fn summaries(out: &mut impl Write, Json { json }: Json, summaries: &[Listed]) -> anyhow::Result<bool> {
    for summary in summaries {
        if json {
            line(out, summary)?;
        } else {
            let Listed { id, user_id, chat_id, thread_id, content, made_at, replaced_at, .. } = summary;
            let topic = thread_id.map(|id| format!(", topic {id}")).unwrap_or_default();
            let gone =
                replaced_at.as_ref().map(|at| format!("  (replaced {})", time(at))).unwrap_or_default();
            let heading =
                format!("{}  user {user_id}, chat {chat_id}{topic}, summary {id}{gone}", time(made_at));
            out.write_all(entry(&heading, content).as_bytes())?;
        }
    }
    Ok(!summaries.is_empty())
}

/// The clearings of a dialogue. False: there is none.
pub fn clearings(
    out: &mut impl Write,
    Json { json }: Json,
    clearings: &[(String, i64)],
) -> anyhow::Result<bool> {
    for (at, messages) in clearings {
        if json {
            line(out, &json!({"cleared_at": at, "messages": messages}))?;
        } else {
            // The time stands there in full, for `--at` takes it in this form.
            writeln!(out, "{at}  {messages} messages")?;
        }
    }
    Ok(!clearings.is_empty())
}

/// How many messages something happened to. False: to none.
pub fn count(out: &mut impl Write, Json { json }: Json, what: &str, messages: usize) -> anyhow::Result<bool> {
    if json {
        line(out, &json!({what: messages}))?;
    } else {
        writeln!(out, "{what}: {messages} messages")?;
    }
    Ok(messages > 0)
}
