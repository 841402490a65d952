//! Everything the stand-in knows: chats, messages, drafts, waiting updates, calls. Tests read it through [`State`].

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::fault::Faults;
use super::files::Files;
use super::limits::Limiter;
use super::queue::Queue;
use super::record::{Call, ChatType, Content, Draft, Sent};

/// A chat that people have written from.
#[derive(Debug)]
pub(super) struct Chat {
    pub(super) kind: ChatType,
    pub(super) blocked: bool,
    pub(super) migrated_to: Option<i64>,
    pub(super) threads: HashSet<i64>,
    /// What topics are called, where anybody named them.
    pub(super) names: HashMap<i64, String>,
}

/// What somebody wrote, for replies and edits.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) message: Value,
}

/// The state of the stand-in.
pub struct State {
    pub(super) bot: Bot,
    pub(super) stopped: bool,
    pub(super) recording: bool,
    pub(super) clock_offset: i64,
    pub(super) queue: Queue,
    pub(super) next_message_id: i64,
    pub(super) chats: HashMap<i64, Chat>,
    pub(super) members: HashMap<(i64, i64), Value>,
    pub(super) received: HashMap<(i64, i64), Received>,
    pub(super) sent: Vec<Sent>,
    pub(super) index: HashMap<(i64, i64), usize>,
    pub(super) drafts: Vec<Draft>,
    pub(super) callbacks: HashMap<String, Callback>,
    pub(super) commands: HashMap<String, Value>,
    pub(super) webhook: Option<String>,
    pub(super) calls: Vec<Call>,
    pub(super) counts: HashMap<String, u64>,
    pub(super) files: Files,
    pub(super) faults: Faults,
    pub(super) limiter: Option<Limiter>,
    pub(super) inside_waits: usize,
}

/// The bot's own account.
#[derive(Clone, Debug)]
pub(super) struct Bot {
    pub(super) id: i64,
    pub(super) username: String,
}

/// A pressed button.
#[derive(Clone, Debug)]
pub(super) struct Callback {
    pub(super) date: i64,
    pub(super) answer: Option<Value>,
}

impl State {
    pub(super) fn new(bot: Bot) -> Self {
        // Ids begin somewhere else in each run, so that a bot whose database is older than the stand-in meets no
        // id twice: hundredths of a second, folded into what fits Telegram's 32 bits with room above.
        let start = i64::try_from(since_epoch().as_millis() / 10 % 2_000_000_000).unwrap_or(1).max(1);
        Self {
            bot,
            stopped: false,
            recording: true,
            clock_offset: 0,
            queue: Queue::new(start),
            next_message_id: start,
            chats: HashMap::new(),
            members: HashMap::new(),
            received: HashMap::new(),
            sent: Vec::new(),
            index: HashMap::new(),
            drafts: Vec::new(),
            callbacks: HashMap::new(),
            commands: HashMap::new(),
            webhook: None,
            calls: Vec::new(),
            counts: HashMap::new(),
            files: Files::default(),
            faults: Faults::default(),
            limiter: None,
            inside_waits: 0,
        }
    }

    /// All messages of the bot, in the order in which Telegram took them.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// The bot's messages in a chat that were not deleted.
    pub fn in_chat(&self, chat_id: i64) -> impl DoubleEndedIterator<Item = &Sent> {
        self.sent.iter().filter(move |sent| sent.chat_id == chat_id && !sent.deleted)
    }

    /// One message of the bot.
    pub fn message(&self, chat_id: i64, message_id: i64) -> Option<&Sent> {
        self.index.get(&(chat_id, message_id)).map(|index| &self.sent[*index])
    }

    /// All drafts of a chat, those that are over included, in order of their first showing.
    pub fn drafts(&self, chat_id: i64) -> impl DoubleEndedIterator<Item = &Draft> {
        self.drafts.iter().filter(move |draft| draft.chat_id == chat_id)
    }

    /// The drafts that a person sees in a chat right now.
    pub fn live_drafts(&self, chat_id: i64) -> impl DoubleEndedIterator<Item = &Draft> {
        let now = self.now();
        self.drafts(chat_id).filter(move |draft| !draft.expired(now))
    }

    /// All calls, in order of arrival.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// How many calls came although a limit had asked the bot to wait.
    pub fn calls_inside_waits(&self) -> usize {
        self.inside_waits
    }

    /// How often a method was called.
    pub fn count(&self, method: &str) -> u64 {
        self.counts.get(&method.to_lowercase()).copied().unwrap_or_default()
    }

    /// How many calls of getUpdates have begun to wait for updates, or got some; each takes the place of the one before.
    pub fn polls(&self) -> u64 {
        self.queue.polls()
    }

    /// How many updates wait for the bot, or were delivered but not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.queue.waiting()
    }

    /// What the bot named in `allowed_updates`; `None`: the default.
    pub fn allowed_updates(&self) -> Option<&HashSet<String>> {
        self.queue.allowed()
    }

    /// How many updates the bot did not get because it had not named their kind.
    pub fn filtered(&self) -> u64 {
        self.queue.filtered()
    }

    /// The command menu for a scope type (`default`, `all_private_chats`, …) and language (`""`: all others).
    pub fn commands(&self, scope: &str, language_code: &str) -> Option<&Value> {
        self.commands.get(&format!("{scope}/{language_code}"))
    }

    /// What a topic is called.
    pub fn topic_name(&self, chat_id: i64, thread: i64) -> Option<&str> {
        self.chats.get(&chat_id)?.names.get(&thread).map(String::as_str)
    }

    /// Whether a button's press was acknowledged, and how.
    pub fn callback_answer(&self, callback_id: &str) -> Option<&Value> {
        self.callbacks.get(callback_id)?.answer.as_ref()
    }

    /// The clock, in seconds.
    pub fn now(&self) -> i64 {
        i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX) + self.clock_offset
    }

    pub(super) fn take_message_id(&mut self) -> i64 {
        self.next_message_id += 1;
        self.next_message_id - 1
    }

    /// Makes a chat known, as the first message from it does.
    pub(super) fn know(&mut self, chat_id: i64, kind: ChatType, thread: Option<i64>) {
        let chat = self.chats.entry(chat_id).or_insert_with(|| Chat {
            kind,
            blocked: false,
            migrated_to: None,
            threads: HashSet::new(),
            names: HashMap::new(),
        });
        chat.threads.extend(thread);
    }

    pub(super) fn bot_json(&self) -> Value {
        json!({"id": self.bot.id, "is_bot": true, "first_name": "Sandbox", "username": self.bot.username})
    }

    pub(super) fn chat_json(&self, chat_id: i64) -> Value {
        let Some(chat) = self.chats.get(&chat_id) else { return json!({"id": chat_id, "type": "private"}) };
        let mut value =
            Map::from_iter([("id".to_owned(), json!(chat_id)), ("type".to_owned(), chat.kind.name().into())]);
        if chat.kind == ChatType::Private {
            value.insert("first_name".into(), "Person".into());
        } else {
            value.insert("title".into(), "Group".into());
            if !chat.threads.is_empty() {
                value.insert("is_forum".into(), true.into());
            }
        }
        Value::Object(value)
    }

    /// A message of the bot as Telegram returns it.
    pub(super) fn sent_json(&self, sent: &Sent) -> Value {
        let mut value = json!({
            "message_id": sent.message_id, "from": self.bot_json(), "chat": self.chat_json(sent.chat_id), "date": sent.date,
        });
        let Content { text, entities, rich, markup } = &sent.content;
        if let Some(rich) = rich {
            value["rich_message"] = super::rich::as_returned(rich);
        } else if sent.method == "sendphoto" {
            value["photo"] = json!([{
                "file_id": format!("file{}", sent.message_id), "file_unique_id": format!("unique{}", sent.message_id),
                "width": 1280, "height": 800,
            }]);
            value["caption"] = json!(text);
        } else if let Some(document) = &sent.document {
            value["document"] = json!({
                "file_id": format!("file{}", sent.message_id), "file_unique_id": format!("unique{}", sent.message_id),
                "file_name": document.file_name, "file_size": document.bytes.len(),
            });
            if !text.is_empty() {
                value["caption"] = json!(text);
            }
        } else {
            value["text"] = json!(text);
            if !entities.is_empty() {
                value["entities"] = json!(entities);
            }
        }
        if let Some(markup) = markup.as_ref().filter(|markup| markup.get("inline_keyboard").is_some()) {
            value["reply_markup"] = markup.clone();
        }
        if let Some(thread) = sent.thread {
            value["message_thread_id"] = json!(thread);
            value["is_topic_message"] = json!(true);
        }
        if let Some(replied) = sent.reply_to {
            let chat = self.chat_json(sent.chat_id);
            value["reply_to_message"] = json!({"message_id": replied, "chat": chat, "date": sent.date});
        }
        if !sent.edits.is_empty() {
            value["edit_date"] = json!(self.now());
        }
        value
    }

    /// The state in numbers, without anything people wrote.
    pub(super) fn summary(&self) -> String {
        let mut counts: Vec<_> =
            self.counts.iter().map(|(method, count)| format!("{method} {count}")).collect();
        counts.sort();
        let edited = self.sent.iter().filter(|sent| !sent.edits.is_empty()).count();
        let deleted = self.sent.iter().filter(|sent| sent.deleted).count();
        let refused =
            self.calls.iter().filter(|call| call.status.is_some_and(|status| status >= 400)).count();
        let last = self.calls.last().map_or_else(
            || "nobody called".to_owned(),
            |call| format!("last call {} {:.1} s ago", call.method, call.at.elapsed().as_secs_f32()),
        );
        format!(
            "{} messages sent ({edited} edited, {deleted} deleted), {} drafts, {} updates unconfirmed, {} filtered out; \
             {refused} calls refused; calls: {}; {last}",
            self.sent.len(),
            self.drafts.len(),
            self.unconfirmed(),
            self.filtered(),
            if counts.is_empty() { "none".into() } else { counts.join(", ") },
        )
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
