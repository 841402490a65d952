//! Updates as they arrive, read for what this program uses and for nothing else: a field it does not know, of a
//! shape nobody foresaw, cannot make a message unreadable.

use std::fmt;

use serde_json::json;

use super::addressed::{Me, without};
use super::attached::{attached, field};
use super::described::described;
use super::entities::entities;
use super::markup::{shortened, spelt_out};
use super::quoted::Reader;
use super::raw::{
    CONTENT, RawMembership, RawMessage, RawPerson, RawPress, RawSenderChat, RawStopped, RawUpdate,
    has_content, moved, topic_begun,
};
use super::well_formed::well_formed;
use crate::domain::attachment::Attachment;
use crate::domain::button::Button;
use crate::domain::lane::ROOT;
use crate::domain::phrases::Language;
use crate::domain::quote::{Kind, Quote};
use crate::domain::sender::Sender;
use crate::domain::topic::Begun;
use crate::domain::update::{
    CALLBACK_QUERY, EDITED_MESSAGE, MESSAGE, MY_CHAT_MEMBER, STOPPED_MESSAGE_GENERATION,
};

/// An update that asks for an answer.
pub struct Incoming {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Kind, as Telegram names it.
    pub kind: &'static str,
    /// The message in it, as it is after an edit; or the press of a button.
    pub message: Message,
}

/// A message of a user; or a user who presses a button below a message of the bot's, or on a draft.
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub struct Message {
    /// Its id within the chat; a draft has none.
    pub message_id: Option<i64>,
    /// When it was written, in seconds of Telegram's clock; 0 where that is not told.
    pub date: i64,
    /// The chat.
    pub chat_id: i64,
    /// Whether the chat is one user's own with the bot.
    pub private: bool,
    /// The user; or the chat in whose name the message is, or to which the pressed button belongs.
    pub user_id: i64,
    /// The user's language.
    pub language: Language,
    /// The user, as people see it; nothing of a chat in whose name the message is.
    pub sender: Sender,
    /// Telegram id of the topic; `None`: it is outside topics.
    pub thread_id: Option<i64>,
    /// Whether it is for the bot: in a private chat always, in a group when it mentions the bot, replies to it or gives it
    /// a command.
    pub addressed: bool,
    /// It is not for the bot, but a recording in a chat where everybody's are written down.
    pub overheard: bool,
    /// What it says: the text, in a group without the bot's name around it; or what it holds in words
    /// (`described.rs`). `None` for a picture, a recording and other files. Empty for what is forwarded: there is nothing
    /// in it that its sender said.
    pub text: Option<String>,
    /// The file that can be looked at or heard, if it is one; its words are no text, and no command but
    /// an owner's /announce.
    pub piece: Option<Piece>,
    /// What it replies to, or what is forwarded with it.
    pub quotes: Vec<Quote>,
    /// The press, if it is one.
    pub press: Option<Press>,
    /// The draft whose stop button was pressed, if one was.
    pub stopped_draft: Option<i64>,
    /// The group, as people see it; nothing of a private chat.
    pub group: Sender,
    /// It is no message: the user added the bot to the group.
    pub added: bool,
}

/// A file, perhaps one of several that were sent together.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub file: Attachment,
    /// The words below it, in a group without the bot's name around them.
    pub caption: String,
    /// What the messages of an album have in common (`media_group_id`).
    pub album: Option<String>,
}

/// Without words: what people write stays out of logs and panics.
impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({:?}, {} bytes below it)", self.file, self.caption.len())
    }
}

/// The press of a button.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Press {
    /// Telegram's id of it, to be acknowledged.
    pub id: String,
    /// Telegram id of the user who pressed.
    pub by: i64,
    /// What the button means ([`crate::domain::button`]).
    pub data: String,
}

/// Why an update is passed over.
#[derive(Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// Not even a number: it cannot be confirmed by itself. Confirmed with the next one.
    Unreadable,
    /// Nothing in it that this bot answers. The number is there to be confirmed.
    NothingToAnswer(i64),
    /// The group `from` became the supergroup `to`.
    Moved {
        /// Telegram's number of the update.
        update_id: i64,
        /// Its id until now.
        from: i64,
        /// Its id from now on.
        to: i64,
    },
    /// A topic of a private chat was begun without a name, or named.
    Topic {
        /// Telegram's number of the update.
        update_id: i64,
        /// What is known of it.
        topic: Begun,
    },
}

impl Incoming {
    /// Reads an update that `me` received.
    pub fn decode(json: &str, me: &Me) -> Result<Self, PassedOver> {
        let json = &well_formed(json);
        let raw = serde_json::from_str::<RawUpdate<'_>>(json).map_err(|_| PassedOver::Unreadable)?;
        let update_id = raw.update_id;
        let nothing = PassedOver::NothingToAnswer(update_id);
        let kept: Option<Vec<Quote>> = raw.quoted.and_then(|quoted| serde_json::from_str(quoted.get()).ok());
        if let Some(press) = raw.callback_query {
            let press = serde_json::from_str::<RawPress>(press.get()).map_err(|_| nothing)?;
            return Ok(Self { update_id, kind: CALLBACK_QUERY, message: press.into() });
        }
        if let Some(stopped) = raw.stopped_message_generation {
            let stopped = serde_json::from_str::<RawStopped>(stopped.get()).map_err(|_| nothing)?;
            return Ok(Self { update_id, kind: STOPPED_MESSAGE_GENERATION, message: stopped.into() });
        }
        if let Some(membership) = raw.my_chat_member {
            let membership = serde_json::from_str::<RawMembership>(membership.get()).ok();
            let added = membership.filter(RawMembership::added).ok_or(nothing)?;
            return Ok(Self { update_id, kind: MY_CHAT_MEMBER, message: added.into() });
        }
        let (kind, message) = match (raw.message, raw.edited_message) {
            (Some(message), _) => (MESSAGE, message.get()),
            (None, Some(message)) => (EDITED_MESSAGE, message.get()),
            (None, None) => return Err(nothing),
        };
        if let Some((from, to)) = moved(message) {
            return Err(PassedOver::Moved { update_id, from, to });
        }
        if let Some(topic) = topic_begun(message) {
            return Err(PassedOver::Topic { update_id, topic });
        }
        let Ok(mut raw) = serde_json::from_str::<RawMessage>(message) else { return Err(nothing) };
        if let Some(chat) =
            raw.sender_chat.and_then(|chat| serde_json::from_str::<RawSenderChat>(chat.get()).ok())
        {
            let language_code = raw.from.language_code;
            raw.from = RawPerson { id: chat.id, is_bot: false, language_code, ..RawPerson::default() };
        }
        let file = if raw.text.is_none() { attached(message, me) } else { None };
        // What was changed is looked at for its words alone: a place that moves and a poll that is voted on ask nothing anew.
        let content = raw.text.is_some() || file.is_some() || (kind == MESSAGE && has_content(message));
        if raw.from.is_bot || !content {
            return Err(nothing);
        }
        let fresh = kept.is_none();
        let described = if raw.text.is_none() && file.is_none() { described(message) } else { None };
        let reader = Reader { me, user_id: raw.from.id };
        let quotes = kept.unwrap_or_else(|| reader.quotes(message));
        let mut message = raw.read(me, file, described, quotes);
        // What is kept with what is forwarded is a piece of a question.
        let may_be = kind == MESSAGE && (fresh || !message.is_forward());
        message.overheard = may_be && message.may_be_overheard(me);
        Ok(Self { update_id, kind, message })
    }

    /// The update again, with nothing in it but what [`Incoming::decode`] reads.
    pub fn essence(&self, me: &Me) -> String {
        let message = &self.message;
        let kind = if message.private { "private" } else { "" };
        let mut chat = json!({"id": message.chat_id, "type": kind});
        if let Some(title) = &message.group.name {
            chat["title"] = json!(title);
        }
        let from = |id: i64| {
            let Sender { name, username, language } = &message.sender;
            let language = language.as_deref().unwrap_or(message.language.code());
            json!({"id": id, "language_code": language, "first_name": name, "username": username})
        };
        let json = if let Some(Press { id, by, data }) = &message.press {
            let below = json!({
                "message_id": message.message_id, "chat": chat,
                "message_thread_id": message.thread_id, "is_topic_message": message.thread_id.is_some(),
            });
            json!({"id": id, "from": from(*by), "message": below, "data": data})
        } else if let Some(draft_id) = message.stopped_draft {
            json!({"chat": chat, "message_thread_id": message.thread_id, "draft_id": draft_id})
        } else if message.added {
            let (left, member) = (json!({"status": "left"}), json!({"status": "member"}));
            let from = from(message.user_id);
            json!({"chat": chat, "from": from, "old_chat_member": left, "new_chat_member": member})
        } else {
            let from = from(message.user_id);
            let mut json =
                json!({"message_id": message.message_id, "date": message.date, "chat": chat, "from": from});
            if let Some(thread_id) = message.thread_id {
                json["message_thread_id"] = json!(thread_id);
                json["is_topic_message"] = json!(true);
            }
            if message.addressed && !message.private {
                // The text has no mention any more, so the reply to the bot stands for it.
                json["reply_to_message"] = json!({"from": {"id": me.id}});
            }
            if let Some(Piece { file, caption, album }) = &message.piece {
                let (name, file) = field(file);
                json[name] = file;
                json["caption"] = json!(caption);
                json["media_group_id"] = json!(album);
            } else if let Some(text) = &message.text {
                json["text"] = json!(text);
            } else {
                // Any kind of content says that it was a message without text.
                json[CONTENT[0]] = json!({});
            }
            json
        };
        let mut essence = json!({"update_id": self.update_id, self.kind: json});
        if !message.quotes.is_empty() {
            essence["quoted"] = json!(message.quotes);
        }
        essence.to_string()
    }
}

/// The topic that Telegram names. Outside topics the field names a chain of replies.
fn topic(message_thread_id: Option<i64>, is_topic_message: bool) -> Option<i64> {
    message_thread_id.filter(|id| is_topic_message && *id != ROOT)
}

fn is_forward(quotes: &[Quote]) -> bool {
    quotes.iter().any(|quote| quote.kind == Kind::Forward)
}

impl Message {
    /// Whether its sender forwarded it: none of its words are the sender's own.
    pub fn is_forward(&self) -> bool {
        is_forward(&self.quotes)
    }

    fn may_be_overheard(&self, me: &Me) -> bool {
        let is_sound = self.piece.as_ref().is_some_and(|piece| piece.file.is_sound());
        !self.addressed && is_sound && me.hears && me.transcript_chats.contains(&self.chat_id)
    }

    /// What the messages of its album have in common, if it is of one.
    pub fn album(&self) -> Option<&str> {
        self.piece.as_ref()?.album.as_deref()
    }
}

impl RawMessage<'_> {
    /// `file`, `described`: what it holds instead of text, to be looked at or in words.
    fn read(
        self,
        me: &Me,
        file: Option<Attachment>,
        described: Option<String>,
        quotes: Vec<Quote>,
    ) -> Message {
        let private = self.chat.kind == "private";
        let is_text = self.text.is_some();
        let caption = || self.caption.and_then(|caption| serde_json::from_str::<String>(caption.get()).ok());
        let marks = if is_text { self.entities } else { self.caption_entities };
        // First of all, for what looks at the words looks at each of them for each mark.
        let words = shortened(self.text.or_else(caption).unwrap_or_default());
        let entities = entities(&words, marks);
        let mentions = if private { Vec::new() } else { me.mentions(&words, &entities) };
        // Whom foreign words name is nothing that their forwarder said.
        let forwarded = is_forward(&quotes);
        let addressed =
            private || (!forwarded && me.is_addressed(&words, !mentions.is_empty(), self.reply_to_message));
        let said = || shortened(spelt_out(&words, without(&mentions, &words), &entities));
        let album = self.media_group_id;
        let is_shown = file.is_some();
        // The words below a forwarded picture are quoted.
        let caption = || if forwarded { String::new() } else { said() };
        let piece = file.map(|file| Piece { file, caption: caption(), album });
        let text = match (is_shown, forwarded) {
            (true, _) => None,
            (false, true) => Some(String::new()),
            (false, false) => is_text.then(said).or_else(|| described.map(shortened)),
        };
        Message {
            message_id: Some(self.message_id),
            date: self.date,
            chat_id: self.chat.id,
            private,
            user_id: self.from.id,
            language: Language::of(self.from.language_code.as_deref()),
            sender: self.from.sender(),
            thread_id: topic(self.message_thread_id, self.is_topic_message),
            addressed,
            overheard: false,
            text,
            piece,
            quotes,
            press: None,
            stopped_draft: None,
            group: self.chat.group(),
            added: false,
        }
    }
}

impl From<RawStopped> for Message {
    fn from(RawStopped { chat, message_thread_id, draft_id }: RawStopped) -> Self {
        Self {
            message_id: None,
            date: 0,
            chat_id: chat.id,
            private: true,
            user_id: chat.id,
            language: Language::of(None),
            sender: Sender::default(),
            // A draft is no reply, so the field can only name a topic.
            thread_id: topic(message_thread_id, true),
            addressed: true,
            overheard: false,
            text: None,
            piece: None,
            quotes: Vec::new(),
            press: None,
            stopped_draft: Some(draft_id),
            group: Sender::default(),
            added: false,
        }
    }
}

impl From<RawPress> for Message {
    fn from(RawPress { id, from, message, data }: RawPress) -> Self {
        let private = message.chat.kind == "private";
        // A chat has no fingers: the button of one is pressed by a user, and waits in the lane of the chat.
        let of_a_chat = Button::of(&data).map(|button| button.user_id).filter(|id| *id < 0 && !private);
        Self {
            message_id: Some(message.message_id),
            date: 0,
            chat_id: message.chat.id,
            private,
            user_id: of_a_chat.unwrap_or(from.id),
            language: Language::of(from.language_code.as_deref()),
            sender: from.sender(),
            thread_id: topic(message.message_thread_id, message.is_topic_message),
            // Only the bot's own messages have its buttons.
            addressed: true,
            overheard: false,
            text: None,
            piece: None,
            quotes: Vec::new(),
            press: Some(Press { id, by: from.id, data }),
            stopped_draft: None,
            group: message.chat.group(),
            added: false,
        }
    }
}

impl From<RawMembership> for Message {
    fn from(RawMembership { chat, from, .. }: RawMembership) -> Self {
        Self {
            message_id: None,
            date: 0,
            chat_id: chat.id,
            private: false,
            user_id: from.id,
            language: Language::of(from.language_code.as_deref()),
            sender: from.sender(),
            thread_id: None,
            addressed: true,
            overheard: false,
            text: None,
            piece: None,
            quotes: Vec::new(),
            press: None,
            stopped_draft: None,
            group: chat.group(),
            added: true,
        }
    }
}

#[cfg(test)]
mod tests;
