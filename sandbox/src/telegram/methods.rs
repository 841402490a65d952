//! The methods: each checks what Telegram checks, in its order and words, then changes the state.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::{Value, json};

use super::compose::{content, entities, markup, reply_to};
use super::error::ApiError;
use super::files;
use super::params::{Document, Params, integer};
use super::record::{ChatType, Content, Draft, Sent};
use super::state::State;
use super::text;

/// An edit or a deletion is possible for so long.
const EDITABLE_SECONDS: i64 = 48 * 3600;
/// A button's press can be acknowledged for so long.
const CALLBACK_SECONDS: i64 = 15 * 60;

const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

type Answer = Result<Value, ApiError>;

/// Calls a method other than getUpdates (its name in lower case).
pub(super) fn call(state: &mut State, method: &str, params: &Params) -> Answer {
    match method {
        "getme" => Ok(get_me(state)),
        "getfile" => get_file(state, params),
        "getchatmember" => chat_member(state, params),
        "getchatmembercount" => member_count(state, params),
        "leavechat" => leave(state, params),
        "sendmessage" | "sendrichmessage" | "senddocument" | "sendphoto" | "sendvoice" => {
            send(state, method, params)
        }
        "editmessagetext" => edit_text(state, params),
        "editmessagereplymarkup" => edit_markup(state, params),
        "editforumtopic" => name_topic(state, params),
        "deletemessage" => delete(state, params),
        "sendmessagedraft" | "sendrichmessagedraft" => draft(state, method, params),
        "sendchataction" => chat_action(state, params),
        "answercallbackquery" => answer_callback(state, params),
        "setmycommands" => set_commands(state, params),
        "getmycommands" => Ok(state.commands.get(&menu(params)).cloned().unwrap_or_else(|| json!([]))),
        "deletemycommands" => {
            state.commands.remove(&menu(params));
            Ok(true.into())
        }
        "setwebhook" => set_webhook(state, params),
        "deletewebhook" => Ok(delete_webhook(state, params)),
        "getwebhookinfo" => Ok(json!({
            "url": state.webhook.clone().unwrap_or_default(), "has_custom_certificate": false,
            "pending_update_count": state.queue.waiting(),
        })),
        _ => Err(ApiError::new(404, "Not Found")),
    }
}

/// The chat a call is for, if it is for one.
pub(super) fn chat_id(params: &Params) -> Option<i64> {
    params.integer("chat_id")
}

fn get_me(state: &State) -> Value {
    let mut bot = state.bot_json();
    for (name, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", false),
        ("supports_inline_queries", false),
    ] {
        bot[name] = json!(value);
    }
    bot
}

fn get_file(state: &mut State, params: &Params) -> Answer {
    let now = state.now();
    state.files.link(params.text("file_id")?, now)
}

/// Of a chat where nobody is known to the bot, it is told nothing: it is no administrator there.
fn chat_member(state: &State, params: &Params) -> Answer {
    let chat = chat_id(params).ok_or_else(|| ApiError::bad("chat_id is empty"))?;
    let user = params.integer("user_id").ok_or_else(|| ApiError::bad("invalid user_id specified"))?;
    if let Some(member) = state.members.get(&(chat, user)) {
        return Ok(member.clone());
    }
    if !state.members.keys().any(|(of, _)| *of == chat) {
        return Err(ApiError::bad("member list is inaccessible"));
    }
    Ok(json!({"status": "member", "user": {"id": user, "is_bot": false, "first_name": "Person"}}))
}

/// Of everybody who is known to be in the chat, and the bot.
fn member_count(state: &mut State, params: &Params) -> Answer {
    let (chat, _) = writable_chat(state, "getchatmembercount", params)?;
    Ok(json!(1 + state.members.keys().filter(|(of, _)| *of == chat).count()))
}

/// From then on the bot may not write there.
fn leave(state: &mut State, params: &Params) -> Answer {
    let (chat, kind) = writable_chat(state, "leavechat", params)?;
    if kind == ChatType::Private {
        return Err(ApiError::bad("chat member status can't be changed in private chats"));
    }
    if let Some(chat) = state.chats.get_mut(&chat) {
        chat.blocked = true;
    }
    Ok(true.into())
}

/// The chat, if the bot may write there.
fn writable_chat(state: &mut State, method: &str, params: &Params) -> Result<(i64, ChatType), ApiError> {
    let given = params.get("chat_id").ok_or_else(|| ApiError::bad("chat_id is empty"))?;
    let id = integer(given).ok_or_else(|| ApiError::bad("chat not found"))?;
    let chat = state.chats.get(&id).ok_or_else(|| ApiError::bad("chat not found"))?;
    let kind = chat.kind;
    if let Some(to) = chat.migrated_to {
        return Err(ApiError::migrated(to));
    }
    if chat.blocked {
        let why = if kind == ChatType::Private {
            "Forbidden: bot was blocked by the user".to_owned()
        } else {
            format!("Forbidden: bot was kicked from the {} chat", kind.name())
        };
        return Err(ApiError::new(403, why));
    }
    if params
        .integer("message_thread_id")
        .is_some_and(|thread| thread != 0 && !chat.threads.contains(&thread))
    {
        return Err(ApiError::bad("message thread not found"));
    }
    if let Some(limiter) = &mut state.limiter
        && let Err(too_soon) = limiter.admit(method, id, kind, Instant::now())
    {
        state.inside_waits += usize::from(too_soon.inside_wait);
        return Err(ApiError::retry_after(too_soon.seconds));
    }
    Ok((id, kind))
}

/// In a group, the bot is no administrator.
fn name_topic(state: &mut State, params: &Params) -> Answer {
    let (chat, kind) = writable_chat(state, "editforumtopic", params)?;
    if kind != ChatType::Private {
        return Err(ApiError::bad("not enough rights to manage forum topics in the chat"));
    }
    let thread = params.integer("message_thread_id").unwrap_or_default();
    let name = params.text("name")?.to_owned();
    if name.chars().count() > 128 {
        return Err(ApiError::bad("TOPIC_TITLE_INVALID"));
    }
    let names = &mut state.chats.get_mut(&chat).expect("it was found").names;
    if thread == 0 || names.get(&thread) == Some(&name) {
        return Err(ApiError::bad(if thread == 0 { "TOPIC_ID_INVALID" } else { "TOPIC_NOT_MODIFIED" }));
    }
    names.insert(thread, name);
    Ok(true.into())
}

/// The largest file that a bot may upload (Bot API, sendDocument).
const LARGEST_UPLOAD: usize = 50_000_000;

fn check_upload(method: &str, document: &Document) -> Result<(), ApiError> {
    if document.bytes.len() > LARGEST_UPLOAD {
        return Err(ApiError::new(413, "Request Entity Too Large"));
    }
    match method {
        "sendphoto" => files::check_photo(&document.bytes),
        "sendvoice" => files::check_voice(&document.bytes),
        _ => Ok(()),
    }
}

fn send(state: &mut State, method: &str, params: &Params) -> Answer {
    let field = method.trim_start_matches("send");
    let mut document =
        params.files.iter().find(|(name, _)| name == field).map(|(_, document)| document.clone());
    let mut content = match method {
        "senddocument" | "sendphoto" | "sendvoice" => {
            match &document {
                Some(document) => check_upload(method, document)?,
                // What somebody sent is sent again by its id.
                None => document = Some(state.files.again(params.text(field)?)?),
            }
            let (text, entities) =
                (params.text("caption")?.to_owned(), entities(params, "caption_entities")?);
            text::check_caption(&text, &entities)?;
            Content { text, entities, ..Content::default() }
        }
        "sendrichmessage" if params.get("rich_message").is_none() => {
            return Err(ApiError::bad("rich message must be non-empty"));
        }
        _ => content(params, false)?,
    };
    content.markup = markup(params)?;
    let (chat_id, _) = writable_chat(state, method, params)?;
    let reply_to = reply_to(state, chat_id, params)?;
    let message = Sent {
        chat_id,
        message_id: state.take_message_id(),
        content,
        edits: Vec::new(),
        reply_to,
        thread: params.integer("message_thread_id").filter(|thread| *thread != 0),
        document,
        at: Instant::now(),
        date: state.now(),
        deleted: false,
        method: method.to_owned(),
        params: if state.recording { Value::Object(params.values.clone()) } else { Value::Null },
    };
    // The message takes the place of the preview.
    state.drafts.iter_mut().filter(|draft| draft.chat_id == chat_id).for_each(|draft| draft.over = true);
    let answer = state.sent_json(&message);
    state.index.insert((chat_id, message.message_id), state.sent.len());
    state.sent.push(message);
    Ok(answer)
}

/// The place of a message that the bot may still change.
fn editable(state: &mut State, method: &str, params: &Params, what: &str) -> Result<usize, ApiError> {
    let (chat_id, _) = writable_chat(state, method, params)?;
    let id =
        params.integer("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    if state.received.contains_key(&(chat_id, id)) {
        return Err(ApiError::bad(format!("message can't be {what}")));
    }
    let found = state.index.get(&(chat_id, id)).copied().filter(|index| !state.sent[*index].deleted);
    let verb = if what == "edited" { "edit" } else { "delete" };
    let index = found.ok_or_else(|| ApiError::bad(format!("message to {verb} not found")))?;
    if state.now() - state.sent[index].date > EDITABLE_SECONDS {
        return Err(ApiError::bad(format!("message can't be {what}")));
    }
    Ok(index)
}

fn edit_text(state: &mut State, params: &Params) -> Answer {
    let mut content = content(params, false)?;
    content.markup = markup(params)?;
    let index = editable(state, "editmessagetext", params, "edited")?;
    if state.sent[index].document.is_some() {
        return Err(ApiError::bad("there is no text in the message to edit"));
    }
    replace(state, index, content)
}

fn edit_markup(state: &mut State, params: &Params) -> Answer {
    let markup = markup(params)?;
    let index = editable(state, "editmessagereplymarkup", params, "edited")?;
    let content = Content { markup, ..state.sent[index].content.clone() };
    replace(state, index, content)
}

fn replace(state: &mut State, index: usize, content: Content) -> Answer {
    let message = &mut state.sent[index];
    if message.content == content {
        return Err(ApiError::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    let old = std::mem::replace(&mut message.content, content);
    message.edits.push((Instant::now(), old));
    Ok(state.sent_json(&state.sent[index]))
}

fn delete(state: &mut State, params: &Params) -> Answer {
    let index = editable(state, "deletemessage", params, "deleted")?;
    state.sent[index].deleted = true;
    Ok(true.into())
}

fn draft(state: &mut State, method: &str, params: &Params) -> Answer {
    let draft_id = params.integer("draft_id").filter(|id| *id != 0);
    let draft_id = draft_id.ok_or_else(|| ApiError::bad("draft identifier must be non-zero"))?;
    if method == "sendrichmessagedraft" && params.get("rich_message").is_none() {
        return Err(ApiError::bad("rich message must be non-empty"));
    }
    let content = content(params, true)?;
    let (chat_id, kind) = writable_chat(state, method, params)?;
    if kind != ChatType::Private {
        return Err(ApiError::bad("TEXTDRAFT_PEER_INVALID"));
    }
    let now = state.now();
    let shown = (Instant::now(), content);
    let (can_stop, keep_on_stop) = (params.flag("can_stop"), params.flag("keep_on_stop"));
    let live = state
        .drafts
        .iter_mut()
        .find(|draft| draft.chat_id == chat_id && draft.draft_id == draft_id && !draft.expired(now));
    if let Some(draft) = live {
        draft.shown.push(shown);
        (draft.date, draft.can_stop, draft.keep_on_stop) = (now, can_stop, keep_on_stop);
    } else {
        let thread = params.integer("message_thread_id").filter(|thread| *thread != 0);
        let shown = vec![shown];
        state.drafts.push(Draft {
            chat_id,
            draft_id,
            thread,
            shown,
            can_stop,
            keep_on_stop,
            over: false,
            date: now,
        });
    }
    Ok(true.into())
}

fn chat_action(state: &mut State, params: &Params) -> Answer {
    if !ACTIONS.contains(&params.text("action")?) {
        return Err(ApiError::bad("wrong parameter action in request"));
    }
    writable_chat(state, "sendchataction", params)?;
    Ok(true.into())
}

fn answer_callback(state: &mut State, params: &Params) -> Answer {
    let now = state.now();
    let id = params.text("callback_query_id")?;
    let callback = state.callbacks.get_mut(id).filter(|callback| now - callback.date <= CALLBACK_SECONDS);
    let callback = callback.ok_or_else(|| {
        ApiError::bad("query is too old and response timeout expired or query ID is invalid")
    })?;
    if text::units(params.text("text")?) > 200 {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    callback.answer.get_or_insert_with(|| Value::Object(params.values.clone()));
    Ok(true.into())
}

/// Which menu: its scope and language.
fn menu(params: &Params) -> String {
    let scope =
        params.get("scope").and_then(|scope| scope.get("type")).and_then(Value::as_str).unwrap_or("default");
    format!("{scope}/{}", params.text("language_code").unwrap_or_default())
}

fn set_commands(state: &mut State, params: &Params) -> Answer {
    let commands = params.get("commands").and_then(Value::as_array);
    let commands = commands.ok_or_else(|| ApiError::bad("can't parse commands JSON object"))?;
    if commands.len() > 100 {
        return Err(ApiError::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in commands {
        let field = |name| command.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = field("command");
        let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(of_name) {
            return Err(ApiError::bad("BOT_COMMAND_INVALID"));
        }
        if !(1..=256).contains(&text::units(field("description"))) {
            return Err(ApiError::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    let commands = Value::Array(commands.clone());
    state.commands.insert(menu(params), commands);
    Ok(true.into())
}

fn set_webhook(state: &mut State, params: &Params) -> Answer {
    let url = params.text("url")?.to_owned();
    if !url.is_empty() && !url.starts_with("https://") {
        return Err(ApiError::bad("bad webhook: an HTTPS URL must be provided for webhook"));
    }
    if let Some(kinds) = allowed_updates(params) {
        state.queue.allow(kinds);
    }
    state.queue.terminate_poll();
    delete_webhook(state, params);
    state.webhook = Some(url).filter(|url| !url.is_empty());
    Ok(true.into())
}

fn delete_webhook(state: &mut State, params: &Params) -> Value {
    state.webhook = None;
    if params.flag("drop_pending_updates") {
        state.queue.drop_waiting();
    }
    true.into()
}

/// What a call names in `allowed_updates`, if it names anything.
pub(super) fn allowed_updates(params: &Params) -> Option<HashSet<String>> {
    let kinds = params.get("allowed_updates")?.as_array()?;
    Some(kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect())
}
