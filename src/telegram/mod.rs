//! The Bot API, as far as this program uses it: one transport for all methods, typed errors, no token anywhere but
//! in the URL itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use frankenstein::TelegramApi;
use frankenstein::methods::{
    AnswerCallbackQueryParams, DeleteMessageParams, EditMessageTextParams, SendChatActionParams,
    SendDocumentParams, SendMessageDraftParams, SendMessageParams, SendRichMessageParams,
};
use frankenstein::response::MethodResponse;
use frankenstein::rich_message::InputRichMessage;
use frankenstein::types::{
    ChatAction, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyMarkup, ReplyParameters,
};
use reqwest::RequestBuilder;
use reqwest::multipart::Form;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::cancel::CancelToken;
use crate::base::http::{Http, Interrupted};
use crate::base::secret::Secret;
use crate::domain::address::{Address, Destination};
use crate::domain::reply::Op;
use crate::domain::reply::{Below, Content, Part};
use crate::domain::update::{UPDATE_KINDS, draft_id};
use crate::metrics;

mod addressed;
mod error;
mod incoming;

pub use addressed::Me;
pub use error::TelegramError;
pub use incoming::{Incoming, Message, PassedOver, Press};

/// Telegram shows "typing" for at most 5 s (Bot API, sendChatAction).
const TYPING_RENEWAL: Duration = Duration::from_millis(4500);
/// A draft or a "typing" that takes longer is not worth waiting for.
const PREVIEW_TIMEOUT: Duration = Duration::from_secs(4);
/// The longest a file may take; the Bot API takes up to 50 MB.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// The most that an answer of the Bot API may weigh: a hundred updates as people make them are a tenth of it.
const BODY_LIMIT: usize = 16 << 20;

/// Where the Bot API is, and whose bot this is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bot's token.
    pub token: Token,
    /// What stands before `/bot<token>/`.
    pub url: String,
    /// The longest wait for an answer.
    pub timeout: Duration,
}

/// A bot's access to the Bot API. Clones share the connection pool.
#[derive(Clone)]
pub struct Telegram {
    http: Http,
    /// What stands before the method's name: server, `/bot<token>/`.
    base: Secret,
    bot_id: i64,
    /// The longest a call may take; getUpdates has its own poll time on top.
    timeout: Duration,
    stop: CancelToken,
}

/// Only what is used of a sent message, so that nothing else in it can fail to decode.
#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

impl Telegram {
    /// Calls end early when `stop` is requested.
    pub fn new(http: Http, settings: &Settings, stop: CancelToken) -> Self {
        let Settings { token, url, timeout } = settings;
        let base = Secret::new(format!("{}/bot{}/", url.trim_end_matches('/'), token.secret.expose()));
        Self { http, base, bot_id: token.bot_id, timeout: *timeout, stop }
    }

    /// The same access for work that ends at another request.
    #[must_use]
    pub fn until(&self, stop: &CancelToken) -> Self {
        Self { stop: stop.clone(), ..self.clone() }
    }

    /// Telegram id of the bot.
    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    /// Waits up to `poll` for at most `limit` (100) updates from `offset` on (getUpdates). Each update comes
    /// undecoded, so that a strange one does not spoil its batch. The call confirms everything below `offset`.
    pub fn updates(
        &self,
        offset: Option<i64>,
        limit: u8,
        poll: Duration,
    ) -> Result<Vec<Box<RawValue>>, TelegramError> {
        #[derive(Serialize, Debug)]
        struct Params {
            #[serde(skip_serializing_if = "Option::is_none")]
            offset: Option<i64>,
            limit: u8,
            timeout: u64,
            allowed_updates: &'static [&'static str],
        }
        let params = Params { offset, limit, timeout: poll.as_secs(), allowed_updates: UPDATE_KINDS };
        let batch: MethodResponse<_> =
            self.call("getUpdates", poll + self.timeout, |request| request.json(&params))?;
        Ok(batch.result)
    }

    /// Waits up to `poll` for updates and says how many came (at most one), without confirming any and without a change
    /// of their kinds. Turns away whoever waits for updates already.
    pub fn peek(&self, poll: Duration) -> Result<usize, TelegramError> {
        let params = serde_json::json!({"limit": 1, "timeout": poll.as_secs()});
        let batch: MethodResponse<Vec<IgnoredAny>> =
            self.call("getUpdates", poll + self.timeout, |request| request.json(&params))?;
        Ok(batch.result.len())
    }

    /// Sends a part that is a message and returns its id.
    pub fn send(&self, to: Destination, part: Part) -> Result<i64, TelegramError> {
        let (thread, reply) = place(to);
        let keyboard = part.button.map(|below| ReplyMarkup::InlineKeyboardMarkup(keyboard(below)));
        let sent: MethodResponse<Sent> = match part.content {
            Content::Text { text, entities } => self.request(
                Method::SendMessage.name(),
                Some(
                    SendMessageParams::builder()
                        .chat_id(to.chat_id)
                        .text(text)
                        .maybe_entities((!entities.is_empty()).then_some(entities))
                        .maybe_reply_markup(keyboard)
                        .maybe_message_thread_id(thread)
                        .maybe_reply_parameters(reply)
                        .link_preview_options(LinkPreviewOptions::DISABLED)
                        .build(),
                ),
            ),
            Content::Rich { blocks } => self.request(
                Method::SendRichMessage.name(),
                Some(
                    SendRichMessageParams::builder()
                        .chat_id(to.chat_id)
                        .rich_message(InputRichMessage::builder().blocks(blocks).build())
                        .maybe_reply_markup(keyboard)
                        .maybe_message_thread_id(thread)
                        .maybe_reply_parameters(reply)
                        .build(),
                ),
            ),
            // sent by send_document, for it needs a file
            Content::Document { .. } => Err(TelegramError::File("it is not built".to_owned())),
        }?;
        Ok(sent.result.message_id)
    }

    /// Puts a part in the place of a message of the bot's (editMessageText), its button too. That nothing would change is
    /// no error.
    pub fn edit(&self, chat_id: i64, message_id: i64, part: Part) -> Result<(), TelegramError> {
        let edit = EditMessageTextParams::builder()
            .chat_id(chat_id)
            .message_id(of_message(message_id)?)
            .maybe_reply_markup(part.button.map(keyboard));
        let edit = match part.content {
            Content::Text { text, entities } => edit
                .text(text)
                .maybe_entities((!entities.is_empty()).then_some(entities))
                .link_preview_options(LinkPreviewOptions::DISABLED)
                .build(),
            Content::Rich { blocks } => {
                edit.rich_message(InputRichMessage::builder().blocks(blocks).build()).build()
            }
            Content::Document { .. } => {
                return Err(TelegramError::NotThere("a file takes no message's place".to_owned()));
            }
        };
        match self.request::<_, MethodResponse<Sent>>(Method::EditMessageText.name(), Some(edit)) {
            Ok(_) | Err(TelegramError::NotModified) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a message of the bot's away (deleteMessage).
    pub fn delete(&self, chat_id: i64, message_id: i64) -> Result<(), TelegramError> {
        let delete =
            DeleteMessageParams::builder().chat_id(chat_id).message_id(of_message(message_id)?).build();
        self.request::<_, MethodResponse<bool>>(Method::DeleteMessage.name(), Some(delete)).map(drop)
    }

    /// Sends a file and returns the id of its message.
    pub fn send_document(&self, to: Destination, caption: String, file: &Path) -> Result<i64, TelegramError> {
        let (thread, reply) = place(to);
        let params = SendDocumentParams::builder()
            .chat_id(to.chat_id)
            .document(file.to_owned())
            .caption(caption)
            .maybe_message_thread_id(thread)
            .maybe_reply_parameters(reply)
            .build();
        let sent: MethodResponse<Sent> = self.request_with_form_data(
            Method::SendDocument.name(),
            &params,
            vec![("document", file.to_owned())],
        )?;
        Ok(sent.result.message_id)
    }

    /// Tells Telegram that the press of a button has arrived, so that the person's app stops waiting; with a text, the
    /// person reads it. Nobody waits for this, and a failure has no consequence.
    pub fn acknowledge(&self, press: &Press, text: Option<&str>) {
        let params = AnswerCallbackQueryParams::builder()
            .callback_query_id(&press.id)
            .maybe_text(text)
            .show_alert(text.is_some())
            .build();
        let method = "answerCallbackQuery";
        let request = self.post(method, PREVIEW_TIMEOUT).json(&params);
        self.http.aside(async move {
            let _ = fetch::<MethodResponse<bool>>(method, request).await;
        });
    }

    /// Shows a preview of an answer that is being written, instead of the one before it (sendMessageDraft; private
    /// chats only).
    pub async fn draft(&self, address: Address, content: &Content) -> Result<(), TelegramError> {
        // previews are classic text, whatever the answer will be
        let Content::Text { text, entities } = content else { return Ok(()) };
        let params = SendMessageDraftParams::builder()
            .chat_id(address.lane.chat_id)
            .draft_id(draft_id(address.update_seq))
            .text(text)
            .maybe_entities((!entities.is_empty()).then(|| entities.clone()))
            .maybe_message_thread_id(address.thread_id.and_then(|id| i32::try_from(id).ok()))
            // Telegram's own stop button; what was shown stays until it comes as a message
            .can_stop(true)
            .keep_on_stop(true)
            .build();
        let method = "sendMessageDraft";
        let request = self.post(method, PREVIEW_TIMEOUT).json(&params);
        fetch::<MethodResponse<bool>>(method, request).await.map(drop)
    }

    /// Shows "typing" in the chat for as long as this is polled. A failure is only waited out.
    pub async fn typing(&self, chat_id: i64, thread_id: Option<i64>) {
        let params = SendChatActionParams::builder()
            .chat_id(chat_id)
            .action(ChatAction::Typing)
            .maybe_message_thread_id(thread_id.and_then(|id| i32::try_from(id).ok()))
            .build();
        let method = "sendChatAction";
        loop {
            let request = self.post(method, PREVIEW_TIMEOUT).json(&params);
            let pause = match fetch::<MethodResponse<bool>>(method, request).await {
                Err(TelegramError::RetryAfter(pause)) => pause.max(TYPING_RENEWAL),
                _ => TYPING_RENEWAL,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The client, for work beside the callers.
    pub fn http(&self) -> &Http {
        &self.http
    }

    fn post(&self, method: &str, limit: Duration) -> RequestBuilder {
        self.http.client.post(format!("{}{method}", self.base.expose())).timeout(limit)
    }

    fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        limit: Duration,
        body: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, TelegramError> {
        let request = body(self.post(method, limit));
        self.wait(method, limit, fetch(method, request))
    }

    fn wait<T>(
        &self,
        method: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, TelegramError>>,
    ) -> Result<T, TelegramError> {
        match self.http.wait(limit, &self.stop, call) {
            Ok(result) => result,
            Err(Interrupted::Stopped) => Err(TelegramError::Stopped),
            Err(Interrupted::TimedOut) => {
                let error = TelegramError::Network("no answer in time".to_owned());
                count_error(method, &error);
                Err(error)
            }
        }
    }
}

/// Carries a call out and reads the whole response.
async fn fetch<T: DeserializeOwned>(method: &str, request: RequestBuilder) -> Result<T, TelegramError> {
    metrics::telegram_call(known(method));
    let fetched = read(request).await;
    if let Err(error) = &fetched {
        count_error(method, error);
    }
    fetched
}

fn count_error(method: &str, error: &TelegramError) {
    if let Some(code) = error.code() {
        metrics::telegram_error(known(method), code);
    }
}

/// The methods of the Bot API that are called.
const METHODS: [&str; 13] = [
    "answerCallbackQuery",
    "deleteMessage",
    "deleteWebhook",
    "editMessageText",
    "getMe",
    "getUpdates",
    "getWebhookInfo",
    "sendChatAction",
    "sendDocument",
    "sendMessage",
    "sendMessageDraft",
    "sendRichMessage",
    "setMyCommands",
];

/// The method as a label of metrics.
fn known(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or(metrics::OTHER)
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, TelegramError> {
    let mut response = request.send().await.map_err(TelegramError::from)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(TelegramError::TooLarge(first_update(&body)));
        }
        body.extend_from_slice(&chunk);
    }
    error::response(status, &body)
}

/// The number of the first update in the beginning of a getUpdates answer. Telegram puts it first in each update.
fn first_update(body: &[u8]) -> Option<i64> {
    let head = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    let (_, after) = head.split_once(r#""update_id":"#)?;
    let digits = after.trim_start();
    digits[..digits.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

impl TelegramApi for Telegram {
    type Error = TelegramError;

    fn request<Params, Output>(&self, method: &str, params: Option<Params>) -> Result<Output, TelegramError>
    where
        Params: Serialize + fmt::Debug,
        Output: DeserializeOwned,
    {
        self.call(method, self.timeout, |request| match &params {
            Some(params) => request.json(params),
            None => request,
        })
    }

    fn request_with_form_data<Params, Output>(
        &self,
        method: &str,
        params: Params,
        files: Vec<(&str, PathBuf)>,
    ) -> Result<Output, TelegramError>
    where
        Params: Serialize + fmt::Debug,
        Output: DeserializeOwned,
    {
        let unusable = |problem: String| TelegramError::File(problem);
        let Ok(serde_json::Value::Object(params)) = serde_json::to_value(&params) else {
            return Err(unusable("its parameters are no object".to_owned()));
        };
        self.wait(method, UPLOAD_TIMEOUT, async {
            let mut form = Form::new();
            for (name, value) in params {
                // a file stands in the form as itself; text as it is, everything else as JSON (Bot API, Making requests)
                match value {
                    _ if files.iter().any(|(file, _)| *file == name) => {}
                    serde_json::Value::String(text) => form = form.text(name, text),
                    value => form = form.text(name, value.to_string()),
                }
            }
            for (name, path) in files {
                form = form.file(name.to_owned(), path).await.map_err(|error| unusable(error.to_string()))?;
            }
            fetch(method, self.post(method, UPLOAD_TIMEOUT).multipart(form)).await
        })
    }
}

/// Topic and message to reply to. An id beyond 32 bits has no place in the typed parameters: the message then goes without
/// its reference.
fn place(to: Destination) -> (Option<i32>, Option<ReplyParameters>) {
    let narrow = |id: Option<i64>| id.and_then(|id| i32::try_from(id).ok());
    let reply = narrow(to.reply_to).map(|message_id| {
        ReplyParameters::builder().message_id(message_id).allow_sending_without_reply(true).build()
    });
    (narrow(to.thread_id), reply)
}

fn keyboard(below: Below) -> InlineKeyboardMarkup {
    let button = InlineKeyboardButton::builder().text(below.label).callback_data(below.data).build();
    InlineKeyboardMarkup::builder().inline_keyboard(vec![vec![button]]).build()
}

/// An id as the typed parameters take it. One beyond 32 bits cannot be named to Telegram.
fn of_message(id: i64) -> Result<i32, TelegramError> {
    i32::try_from(id).map_err(|_| TelegramError::NotThere("its id has no place in the call".to_owned()))
}

/// The methods whose calls can be told to pause, each by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// Classic text.
    SendMessage,
    /// Typed blocks.
    SendRichMessage,
    /// A file.
    SendDocument,
    /// Another text for a message of the bot's.
    EditMessageText,
    /// A message of the bot's taken away.
    DeleteMessage,
}

impl Method {
    /// All.
    pub const ALL: [Self; 5] = [
        Self::SendMessage,
        Self::SendRichMessage,
        Self::SendDocument,
        Self::EditMessageText,
        Self::DeleteMessage,
    ];

    /// The method that does this with `content`.
    pub fn of(op: Op, content: &Content) -> Self {
        match (op, content) {
            (Op::Delete(_), _) => Self::DeleteMessage,
            (Op::Edit(_), _) => Self::EditMessageText,
            (Op::Send, Content::Text { .. }) => Self::SendMessage,
            (Op::Send, Content::Rich { .. }) => Self::SendRichMessage,
            (Op::Send, Content::Document { .. }) => Self::SendDocument,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SendMessage => "sendMessage",
            Self::SendRichMessage => "sendRichMessage",
            Self::SendDocument => "sendDocument",
            Self::EditMessageText => "editMessageText",
            Self::DeleteMessage => "deleteMessage",
        }
    }
}

/// A bot's token, `<bot id>:<secret>`.
#[derive(Clone, Debug)]
pub struct Token {
    bot_id: i64,
    secret: Secret,
}

impl std::str::FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = "does not look like a token";
        let (bot_id, secret) = text.split_once(':').ok_or(shape)?;
        let well_formed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if secret.len() < 10 || !secret.chars().all(well_formed) {
            return Err(shape);
        }
        let bot_id = bot_id.parse().ok().filter(|id| *id > 0).ok_or(shape)?;
        Ok(Self { bot_id, secret: Secret::new(text) })
    }
}
