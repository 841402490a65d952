//! Sending: messages, files, changes of what was sent.

use std::fs::File;
use std::io;

use frankenstein::TelegramApi;
use frankenstein::input_file::FileUpload;
use frankenstein::methods::{
    DeleteMessageParams, EditForumTopicParams, EditMessageTextParams, SendMessageParams, SendPhotoParams,
    SendRichMessageParams,
};
use frankenstein::response::MethodResponse;
use frankenstein::rich_message::InputRichMessage;
use frankenstein::types::{
    InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyMarkup,
    ReplyParameters,
};
use reqwest::multipart::{self, Form};
use serde::Deserialize;

use super::error::TelegramError;
use super::method::Method;
use super::transport::Telegram;
use crate::domain::address::Destination;
use crate::domain::reply::{Below, Content, ReplyPart};

/// Only what is used of a sent message, so that nothing else in it can fail to decode.
#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) message_id: i64,
}

impl Telegram {
    /// Sends a part that is a message and returns its id.
    pub fn send(&self, to: Destination, part: ReplyPart) -> Result<i64, TelegramError> {
        let (thread, reply) = place(to);
        let keyboard = keyboard(part.keyboard).map(ReplyMarkup::InlineKeyboardMarkup);
        let sent: MethodResponse<Sent> = match part.content {
            Content::Text { text, entities } => {
                self.request(Method::SendMessage.name(), Some(text_message(to, text, entities, keyboard)))
            }
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
            Content::Photo { file_id, caption, entities } => self.request(
                Method::SendPhoto.name(),
                Some(
                    SendPhotoParams::builder()
                        .chat_id(to.chat_id)
                        .photo(FileUpload::String(file_id))
                        .maybe_caption((!caption.is_empty()).then_some(caption))
                        .maybe_caption_entities((!entities.is_empty()).then_some(entities))
                        .maybe_reply_markup(keyboard)
                        .maybe_message_thread_id(thread)
                        .maybe_reply_parameters(reply)
                        .build(),
                ),
            ),
            // `send_document`, `send_photo` and `send_voice` send files.
            Content::Document { .. } | Content::Chart { .. } | Content::Voice { .. } => {
                Err(TelegramError::File("it is not built".to_owned()))
            }
        }?;
        Ok(sent.result.message_id)
    }

    /// Puts a part in the place of a message of the bot's (editMessageText), its buttons too. That nothing would change is
    /// no error.
    pub fn edit(&self, chat_id: i64, message_id: i64, part: ReplyPart) -> Result<(), TelegramError> {
        let (message_id, keyboard) = (of_message(message_id)?, keyboard(part.keyboard));
        let edit = match part.content {
            Content::Text { text, entities } => text_edit(chat_id, message_id, text, entities, keyboard),
            Content::Rich { blocks } => EditMessageTextParams::builder()
                .chat_id(chat_id)
                .message_id(message_id)
                .maybe_reply_markup(keyboard)
                .rich_message(InputRichMessage::builder().blocks(blocks).build())
                .build(),
            Content::Document { .. }
            | Content::Chart { .. }
            | Content::Photo { .. }
            | Content::Voice { .. } => {
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

    /// Names a topic (editForumTopic), which Telegram shows in the chat. In a private chat every bot may.
    pub fn name_topic(&self, chat_id: i64, thread_id: i64, name: String) -> Result<(), TelegramError> {
        let edit = EditForumTopicParams::builder()
            .chat_id(chat_id)
            .message_thread_id(of_message(thread_id)?)
            .name(name)
            .build();
        self.request::<_, MethodResponse<bool>>(Method::EditForumTopic.name(), Some(edit)).map(drop)
    }

    /// Sends what the file holds under this name, and returns the id of the message.
    pub fn send_document(
        &self,
        to: Destination,
        caption: String,
        file: File,
        name: &'static str,
    ) -> Result<i64, TelegramError> {
        let unusable = |problem: io::Error| TelegramError::File(problem.to_string());
        let bytes = file.metadata().map_err(unusable)?.len();
        let document =
            multipart::Part::stream_with_length(tokio::fs::File::from_std(file), bytes).file_name(name);
        self.send_file(Method::SendDocument, to, caption, "document", document)
    }

    /// Sends a PNG as a picture, and returns the id of the message.
    pub fn send_photo(&self, to: Destination, caption: String, png: Vec<u8>) -> Result<i64, TelegramError> {
        let unusable = |problem: reqwest::Error| TelegramError::File(problem.to_string());
        let photo =
            multipart::Part::bytes(png).file_name("chart.png").mime_str("image/png").map_err(unusable)?;
        self.send_file(Method::SendPhoto, to, caption, "photo", photo)
    }

    /// Sends a sound of this name and type as a voice message, and returns the id of the message.
    pub fn send_voice(
        &self,
        to: Destination,
        caption: String,
        (name, mime): (String, &str),
        sound: Vec<u8>,
    ) -> Result<i64, TelegramError> {
        let unusable = |problem: reqwest::Error| TelegramError::File(problem.to_string());
        let voice = multipart::Part::bytes(sound).file_name(name).mime_str(mime).map_err(unusable)?;
        self.send_file(Method::SendVoice, to, caption, "voice", voice)
    }

    fn send_file(
        &self,
        method: Method,
        to: Destination,
        caption: String,
        field: &'static str,
        file: multipart::Part,
    ) -> Result<i64, TelegramError> {
        let (thread, reply) = place(to);
        let reply = reply.map(|reply| serde_json::to_string(&reply)).transpose();
        let reply = reply.map_err(|problem| TelegramError::File(problem.to_string()))?;
        let fields = [
            ("chat_id", Some(to.chat_id.to_string())),
            ("caption", Some(caption).filter(|caption| !caption.is_empty())),
            ("message_thread_id", thread.map(|id| id.to_string())),
            ("reply_parameters", reply),
        ];
        let form = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .fold(Form::new(), |form, (name, value)| form.text(name, value))
            .part(field, file);
        let sent: MethodResponse<Sent> = self.upload(method.name(), form)?;
        Ok(sent.result.message_id)
    }
}

/// A message of classic text.
pub(super) fn text_message(
    to: Destination,
    text: String,
    entities: Vec<MessageEntity>,
    keyboard: Option<ReplyMarkup>,
) -> SendMessageParams {
    let (thread, reply) = place(to);
    SendMessageParams::builder()
        .chat_id(to.chat_id)
        .text(text)
        .maybe_entities((!entities.is_empty()).then_some(entities))
        .maybe_reply_markup(keyboard)
        .maybe_message_thread_id(thread)
        .maybe_reply_parameters(reply)
        .link_preview_options(LinkPreviewOptions::DISABLED)
        .build()
}

/// Classic text in the place of a message.
pub(super) fn text_edit(
    chat_id: i64,
    message_id: i32,
    text: String,
    entities: Vec<MessageEntity>,
    keyboard: Option<InlineKeyboardMarkup>,
) -> EditMessageTextParams {
    EditMessageTextParams::builder()
        .chat_id(chat_id)
        .message_id(message_id)
        .text(text)
        .maybe_entities((!entities.is_empty()).then_some(entities))
        .maybe_reply_markup(keyboard)
        .link_preview_options(LinkPreviewOptions::DISABLED)
        .build()
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

fn keyboard(rows: Vec<Vec<Below>>) -> Option<InlineKeyboardMarkup> {
    let button =
        |below: Below| InlineKeyboardButton::builder().text(below.label).callback_data(below.data).build();
    let rows: Vec<Vec<_>> = rows.into_iter().map(|row| row.into_iter().map(button).collect()).collect();
    (!rows.is_empty()).then(|| InlineKeyboardMarkup::builder().inline_keyboard(rows).build())
}

/// An id as the typed parameters take it. One beyond 32 bits cannot be named to Telegram.
pub(super) fn of_message(id: i64) -> Result<i32, TelegramError> {
    i32::try_from(id).map_err(|_| TelegramError::NotThere("its id has no place in the call".to_owned()))
}
