//! What the stand-in keeps of the bot's doings, and shows to tests.

use std::time::Instant;

use serde_json::Value;

use super::params::Document;

/// What a chat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatType {
    /// One person and the bot.
    Private,
    /// A basic group.
    Group,
    /// A supergroup, perhaps with topics.
    Supergroup,
}

impl ChatType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Supergroup => "supergroup",
        }
    }
}

/// The content of a message: what an edit replaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// The text; of a rich message its plain text, of a document its caption.
    pub text: String,
    /// The entities, as sent.
    pub entities: Vec<Value>,
    /// The rich message, as sent.
    pub rich: Option<Value>,
    /// The inline keyboard, as sent.
    pub markup: Option<Value>,
}

/// A message of the bot, as its readers see it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The chat.
    pub chat_id: i64,
    /// Unique in the stand-in.
    pub message_id: i64,
    /// What it shows now.
    pub content: Content,
    /// What it showed before, oldest first, and until when.
    pub edits: Vec<(Instant, Content)>,
    /// The message it replies to.
    pub reply_to: Option<i64>,
    /// The topic.
    pub thread: Option<i64>,
    /// The file, for `sendDocument`, `sendPhoto` and `sendVoice`.
    pub document: Option<Document>,
    /// When Telegram took it.
    pub at: Instant,
    /// Its date, in seconds of the stand-in's clock.
    pub date: i64,
    /// Deleted since.
    pub deleted: bool,
    /// The method it was sent with.
    pub method: String,
    /// All parameters of that call.
    pub params: Value,
}

impl Sent {
    /// The text it shows now.
    pub fn text(&self) -> &str {
        &self.content.text
    }

    /// The text it was sent with.
    pub fn first_text(&self) -> &str {
        &self.edits.first().map_or(&self.content, |(_, content)| content).text
    }

    /// What is said in it, if it is a voice message in which the stand-in of the model speaks.
    pub fn said(&self) -> Option<&str> {
        let document = self.document.as_ref().filter(|_| self.method == "sendvoice")?;
        crate::model::voice::said(&document.bytes)
    }

    /// When it came to show what it shows now.
    pub fn changed(&self) -> Instant {
        self.edits.last().map_or(self.at, |(until, _)| *until)
    }

    /// What the buttons below it bring back (`callback_data`).
    pub fn buttons(&self) -> Vec<&str> {
        let keyboard = self.content.markup.as_ref().and_then(|markup| markup["inline_keyboard"].as_array());
        let buttons = keyboard.into_iter().flatten().filter_map(Value::as_array).flatten();
        buttons.filter_map(|button| button["callback_data"].as_str()).collect()
    }
}

/// A draft: the preview of an answer in a private chat.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The chat.
    pub chat_id: i64,
    /// The bot's id for it.
    pub draft_id: i64,
    /// The topic.
    pub thread: Option<i64>,
    /// Everything it showed, oldest first.
    pub shown: Vec<(Instant, Content)>,
    /// Whether it carries a stop button.
    pub can_stop: bool,
    /// Whether its text stays on the screen after a stop.
    pub keep_on_stop: bool,
    /// Gone: followed by a message, stopped, or older than 30 seconds.
    pub over: bool,
    /// When it was shown last, in seconds of the stand-in's clock.
    pub(super) date: i64,
}

impl Draft {
    /// What it shows now.
    pub fn text(&self) -> &str {
        self.shown.last().map_or("", |(_, content)| &content.text)
    }

    pub(super) fn expired(&self, now: i64) -> bool {
        self.over || now - self.date > 30
    }
}

/// A call that reached the stand-in with the right token.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method, in lower case.
    pub method: String,
    /// Its parameters; `null` while recording is off.
    pub params: Value,
    /// The chat it was for.
    pub chat_id: Option<i64>,
    /// When it arrived.
    pub at: Instant,
    /// The HTTP status it was answered with; `None` while it is being answered, or when it got no answer.
    pub status: Option<u16>,
    /// Whether Telegram took it: it had its effect, answered or not.
    pub taken: bool,
    /// The message it made: an index into `State::sent`.
    pub sent: Option<usize>,
}
