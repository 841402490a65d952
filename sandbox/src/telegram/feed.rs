//! What people do: write, edit, press buttons. Each becomes an update, as Telegram would make it.

use std::ops::RangeBounds;

use serde_json::{Map, Value, json};

use super::Telegram;
use super::origin::update_id;
use super::person::{Person, text_fields};
use super::record::ChatType;
use super::state::{Callback, Received, State};
use crate::wait::PATIENCE;

/// The ids of something that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The update.
    pub update_id: i64,
    /// The message.
    pub message_id: i64,
}

/// The ids of a press of a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// The update.
    pub update_id: i64,
    /// The callback query.
    pub query_id: String,
}

impl Telegram {
    /// Writes a text; commands and mentions in it become entities.
    pub fn say(&self, person: &Person, text: &str) -> Said {
        self.post(person, &text_fields(text))
    }

    /// Writes a text to the bot: in a group with its name in front, unless it is a command.
    pub fn address(&self, person: &Person, text: &str) -> Said {
        if person.chat_type == ChatType::Private || text.starts_with('/') {
            return self.say(person, text);
        }
        self.say(person, &format!("@{} {text}", self.username()))
    }

    /// Writes a text in reply to a message.
    pub fn reply(&self, person: &Person, message_id: i64, text: &str) -> Said {
        let mut fields = text_fields(text);
        fields["reply_to_message"] =
            self.shared.state.look(|state| state.any_message(person.chat_id, message_id));
        self.post(person, &fields)
    }

    /// Writes a text of any length, cut into messages of 4096 UTF-16 units as Telegram's apps cut it.
    pub fn paste(&self, person: &Person, text: &str) -> Vec<Said> {
        let mut parts = vec![String::new()];
        let mut units = 0;
        for character in text.chars() {
            if units + character.len_utf16() > 4096 {
                parts.push(String::new());
                units = 0;
            }
            units += character.len_utf16();
            parts.last_mut().expect("begins with one").push(character);
        }
        parts.iter().map(|part| self.say(person, part)).collect()
    }

    /// Posts a message with these fields (`{"sticker": …}`, `{"text": …, "entities": …}`); ids, sender, chat, date and
    /// topic are filled in where they are missing.
    pub fn post(&self, person: &Person, fields: &Value) -> Said {
        self.shared.state.change(|state| {
            state.know(person.chat_id, person.chat_type, person.thread);
            let mut message = state.message_of(person);
            for (name, value) in fields.as_object().into_iter().flatten() {
                message[name] = value.clone();
            }
            let message_id = message["message_id"].as_i64().unwrap_or_default();
            state.received.insert((person.chat_id, message_id), Received { message: message.clone() });
            Said { update_id: state.push("message", message), message_id }
        })
    }

    /// The person begins the topic that `person` is in, without naming it: the app calls it something (Bot API, ForumTopicCreated).
    pub fn begin_topic(&self, person: &Person) -> Said {
        let created = json!({"name": "New topic", "icon_color": 0, "is_name_implicit": true});
        self.call_topic(person, "New topic", &json!({"forum_topic_created": created}))
    }

    /// The person begins the topic that `person` is in, and names it.
    pub fn begin_named_topic(&self, person: &Person, name: &str) -> Said {
        self.call_topic(person, name, &json!({"forum_topic_created": {"name": name, "icon_color": 0}}))
    }

    /// The person names the topic that `person` is in.
    pub fn name_topic(&self, person: &Person, name: &str) -> Said {
        self.call_topic(person, name, &json!({"forum_topic_edited": {"name": name}}))
    }

    fn call_topic(&self, person: &Person, name: &str, fields: &Value) -> Said {
        let said = self.post(person, fields);
        self.shared.state.change(|state| {
            let chat = state.chats.get_mut(&person.chat_id).expect("somebody wrote there");
            chat.names.insert(person.thread.expect("a topic"), name.to_owned());
        });
        said
    }

    /// Adds the bot to the person's group.
    pub fn add_bot(&self, person: &Person) -> i64 {
        self.shared.state.change(|state| {
            state.know(person.chat_id, person.chat_type, None);
            let bot = state.bot_json();
            let member = |status: &str| json!({"user": bot, "status": status});
            let changed = json!({
                "chat": state.chat_json(person.chat_id), "from": person.user(), "date": state.now(),
                "old_chat_member": member("left"), "new_chat_member": member("member"),
            });
            state.push("my_chat_member", changed)
        })
    }

    /// Edits a message that the person wrote.
    pub fn edit(&self, person: &Person, message_id: i64, text: &str) -> Said {
        self.shared.state.change(|state| {
            let now = state.now();
            let received = state.received.get_mut(&(person.chat_id, message_id));
            let message = &mut received.expect("a message that was said before").message;
            if let Some(message) = message.as_object_mut() {
                message.remove("entities");
            }
            for (name, value) in text_fields(text).as_object().into_iter().flatten() {
                message[name] = value.clone();
            }
            message["edit_date"] = json!(now);
            let message = message.clone();
            Said { update_id: state.push("edited_message", message), message_id }
        })
    }

    /// Changes fields of a message that the person sent: the caption of a picture, or the picture.
    pub fn change(&self, person: &Person, message_id: i64, fields: &Value) -> Said {
        self.shared.state.change(|state| {
            let now = state.now();
            let received = state.received.get_mut(&(person.chat_id, message_id));
            let message = &mut received.expect("a message that was sent before").message;
            for (name, value) in fields.as_object().into_iter().flatten() {
                message[name] = value.clone();
            }
            message["edit_date"] = json!(now);
            let message = message.clone();
            Said { update_id: state.push("edited_message", message), message_id }
        })
    }

    /// Presses a button under one of the bot's messages and returns the id of the callback query.
    ///
    /// Panics when the message has no such button, edited away or not: nobody can press what is not there. For a
    /// press that was on its way while the button vanished, [`Telegram::push`] the update.
    #[track_caller]
    pub fn press(&self, person: &Person, message_id: i64, data: &str) -> String {
        let pressed = self.press_if_shown(person, message_id, data);
        pressed.unwrap_or_else(|| panic!("message {message_id} has no button {data:?}")).query_id
    }

    /// Waits until the newest message of the person's chat has a button whose data ends so, and presses it.
    #[track_caller]
    pub fn press_newest(&self, person: &Person, ending: &str) {
        let (message_id, data) = self.wait_until(PATIENCE, |state| {
            let newest = state.in_chat(person.chat_id).next_back()?;
            let data = newest.buttons().into_iter().find(|data| data.ends_with(ending))?;
            Some((newest.message_id, data.to_owned()))
        });
        self.press(person, message_id, &data);
    }

    /// As [`Telegram::press`]; `None` when the button is not there any more.
    pub fn press_if_shown(&self, person: &Person, message_id: i64, data: &str) -> Option<Pressed> {
        self.shared.state.change(|state| {
            let message = state.message(person.chat_id, message_id)?;
            let buttons = message.content.markup.as_ref()?.get("inline_keyboard")?.as_array()?;
            let mut buttons = buttons.iter().filter_map(Value::as_array).flatten();
            buttons.find(|button| button["callback_data"] == data)?;
            let message = state.sent_json(message);
            let id = format!("{}{:09}", person.user_id, state.callbacks.len() + 1);
            state.callbacks.insert(id.clone(), Callback { date: state.now(), answer: None });
            let query = json!({
                "id": id, "from": person.user(), "message": message, "data": data,
                "chat_instance": person.chat_id.to_string(),
            });
            Some(Pressed { update_id: state.push("callback_query", query), query_id: id })
        })
    }

    /// Presses Telegram's stop button on a draft. A draft that is over sends the update all the same: the press was
    /// on its way.
    pub fn press_stop(&self, person: &Person, draft_id: i64) -> i64 {
        self.shared.state.change(|state| {
            let of_chat = state.drafts.iter_mut().filter(|draft| draft.chat_id == person.chat_id);
            of_chat.filter(|draft| draft.draft_id == draft_id).for_each(|draft| draft.over = true);
            let mut stopped = json!({"chat": state.chat_json(person.chat_id), "draft_id": draft_id});
            if let Some(thread) = person.thread {
                stopped["message_thread_id"] = json!(thread);
            }
            state.push("stopped_message_generation", stopped)
        })
    }

    /// The group becomes a supergroup: calls for the old id are refused with the new one, and the two service
    /// messages arrive. Returns the person in the new chat.
    pub fn migrate(&self, person: &Person, to_chat_id: i64) -> Person {
        let moved = self.migrate_silently(person, to_chat_id);
        self.post(person, &json!({"migrate_to_chat_id": to_chat_id}));
        self.post(&moved, &json!({"migrate_from_chat_id": person.chat_id}));
        moved
    }

    /// As [`Telegram::migrate`], but the bot learns of it only from a refused call.
    pub fn migrate_silently(&self, person: &Person, to_chat_id: i64) -> Person {
        let moved = Person { chat_id: to_chat_id, chat_type: ChatType::Supergroup, ..person.clone() };
        self.shared.state.change(|state| {
            state.know(person.chat_id, person.chat_type, None);
            state.know(to_chat_id, ChatType::Supergroup, None);
            if let Some(chat) = state.chats.get_mut(&person.chat_id) {
                chat.migrated_to = Some(to_chat_id);
            }
        });
        moved
    }

    /// Queues any update, `update_id` filled in if it is missing; subject to `allowed_updates`. Its chat becomes known.
    pub fn push(&self, mut update: Value) -> i64 {
        self.shared.state.change(|state| {
            if update.get("update_id").is_none() {
                update["update_id"] = json!(state.queue.next_id());
            }
            let kind =
                update.as_object().into_iter().flat_map(Map::keys).find(|name| *name != "update_id").cloned();
            let text = update.to_string();
            state.know_from(&text);
            let id = update["update_id"].as_i64().expect("an integer as update_id");
            if kind.is_none_or(|kind| state.queue.admits(&kind)) {
                state.queue.push(id, text);
            }
            id
        })
    }

    /// Queues the JSON text of an update as it is, whatever the bot named in `allowed_updates`: unknown kinds, ids over
    /// i32, lone surrogates. An `update_id` is put in front if there is none.
    pub fn push_raw(&self, update: &str) -> i64 {
        self.shared.state.change(|state| {
            let given = update_id(update);
            let (id, text) = given.map_or_else(
                || {
                    let id = state.queue.next_id();
                    let rest = update.trim_start().strip_prefix('{').expect("a JSON object").trim_start();
                    let comma = if rest.starts_with('}') { "" } else { "," };
                    (id, format!("{{\"update_id\":{id}{comma}{rest}"))
                },
                |id| (id, update.to_owned()),
            );
            state.know_from(&text);
            state.queue.push(id, text);
            id
        })
    }

    /// Delivers updates of the past once more, as Telegram does when the confirming call never arrived.
    pub fn redeliver(&self, update_ids: impl RangeBounds<i64>) -> usize {
        self.shared.state.change(|state| state.queue.redeliver(update_ids))
    }

    /// The next update gets this id; lower ones are what a bot sees after a quiet week.
    pub fn set_next_update_id(&self, update_id: i64) {
        self.shared.state.change(|state| state.queue.set_next_id(update_id));
    }

    /// Makes a person's chat known without a message: they wrote in an earlier run.
    pub fn meet(&self, person: &Person) {
        self.shared.state.change(|state| state.know(person.chat_id, person.chat_type, person.thread));
    }

    /// Makes known what a user is in a chat: the fields of a ChatMember beside the user (`{"status": "creator", …}`).
    pub fn appoint(&self, chat_id: i64, user_id: i64, member: &Value) {
        let mut member = member.clone();
        member["user"] = json!({"id": user_id, "is_bot": false, "first_name": "Person"});
        self.shared.state.change(|state| state.members.insert((chat_id, user_id), member));
    }

    /// Makes a topic known without a message from it.
    pub fn open_topic(&self, person: &Person, thread: i64) {
        self.shared.state.change(|state| state.know(person.chat_id, person.chat_type, Some(thread)));
    }

    /// Deletes a topic: sending to it is refused.
    pub fn close_topic(&self, chat_id: i64, thread: i64) {
        self.shared
            .state
            .change(|state| state.chats.get_mut(&chat_id).map(|chat| chat.threads.remove(&thread)));
    }

    /// The person blocks the bot, or the group throws it out.
    pub fn block(&self, chat_id: i64) {
        self.set_blocked(chat_id, true);
    }

    /// The bot may write again.
    pub fn unblock(&self, chat_id: i64) {
        self.set_blocked(chat_id, false);
    }

    fn set_blocked(&self, chat_id: i64, blocked: bool) {
        self.shared.state.change(|state| {
            if let Some(chat) = state.chats.get_mut(&chat_id) {
                chat.blocked = blocked;
            }
        });
    }
}

impl State {
    /// Queues an update of ours, if the bot gets this kind.
    fn push(&mut self, kind: &str, content: Value) -> i64 {
        let id = self.queue.next_id();
        if self.queue.admits(kind) {
            let update = Map::from_iter([("update_id".to_owned(), json!(id)), (kind.to_owned(), content)]);
            self.queue.push(id, Value::Object(update).to_string());
        } else {
            self.queue.set_next_id(id + 1);
        }
        id
    }

    fn message_of(&mut self, person: &Person) -> Value {
        let mut message = json!({
            "message_id": self.take_message_id(), "from": person.user(), "chat": self.chat_json(person.chat_id),
            "date": self.now(),
        });
        if let Some(thread) = person.thread {
            message["message_thread_id"] = json!(thread);
            message["is_topic_message"] = json!(true);
        }
        message
    }

    /// A message of the bot or of somebody, as Telegram shows it in a reply.
    fn any_message(&self, chat_id: i64, message_id: i64) -> Value {
        if let Some(sent) = self.message(chat_id, message_id) {
            return self.sent_json(sent);
        }
        self.received.get(&(chat_id, message_id)).expect("a message of this chat").message.clone()
    }
}
