//! Previews: a draft of the answer, a message that grows, "typing".

use frankenstein::methods::{SendChatActionParams, SendMessageDraftParams, SendRichMessageDraftParams};
use frankenstein::response::MethodResponse;
use frankenstein::rich_message::InputRichMessage;
use frankenstein::types::ChatAction;

use super::error::TelegramError;
use super::method::Method;
use super::send::{Sent, of_message, text_edit, text_message};
use super::transport::{PREVIEW_TIMEOUT, Telegram};
use crate::domain::address::{Address, Destination};
use crate::domain::reply::Content;
use crate::domain::update::draft_id;

/// What the bot is doing, as chats show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// It writes.
    Typing,
    /// It speaks.
    RecordingVoice,
    /// What it said is on its way.
    SendingVoice,
}

impl Telegram {
    /// Shows a preview of an answer that is being written, instead of the one before it (sendMessageDraft; private
    /// chats only), or that the model thinks, in blocks (sendRichMessageDraft).
    pub async fn draft(&self, address: Address, content: &Content) -> Result<(), TelegramError> {
        let chat_id = address.lane.chat_id;
        let draft_id = draft_id(address.update_seq);
        let thread_id = address.thread_id.and_then(|id| i32::try_from(id).ok());
        // Both have Telegram's own stop button; what was shown stays until it comes as a message.
        let (method, request) = match content {
            Content::Text { text, entities } => {
                let params = SendMessageDraftParams::builder()
                    .chat_id(chat_id)
                    .draft_id(draft_id)
                    .text(text)
                    .maybe_entities((!entities.is_empty()).then(|| entities.clone()))
                    .maybe_message_thread_id(thread_id)
                    .can_stop(true)
                    .keep_on_stop(true)
                    .build();
                let method = Method::SendMessageDraft.name();
                (method, self.post(method, PREVIEW_TIMEOUT).json(&params))
            }
            Content::Rich { blocks } => {
                let params = SendRichMessageDraftParams::builder()
                    .chat_id(chat_id)
                    .draft_id(draft_id.into())
                    .rich_message(InputRichMessage::builder().blocks(blocks.clone()).build())
                    .maybe_message_thread_id(thread_id)
                    .can_stop(true)
                    .keep_on_stop(true)
                    .build();
                let method = Method::SendRichMessageDraft.name();
                (method, self.post(method, PREVIEW_TIMEOUT).json(&params))
            }
            Content::Document { .. }
            | Content::Chart { .. }
            | Content::Photo { .. }
            | Content::Voice { .. } => return Err(no_text()),
        };
        self.fetch::<MethodResponse<bool>>(method, request).await.map(drop)
    }

    /// Tells the chat and topic what the bot is doing (sendChatAction).
    pub async fn is_doing(
        &self,
        (chat_id, thread_id): (i64, Option<i64>),
        doing: Doing,
    ) -> Result<(), TelegramError> {
        let action = match doing {
            Doing::Typing => ChatAction::Typing,
            Doing::RecordingVoice => ChatAction::RecordVoice,
            Doing::SendingVoice => ChatAction::UploadVoice,
        };
        let params = SendChatActionParams::builder()
            .chat_id(chat_id)
            .action(action)
            .maybe_message_thread_id(thread_id.and_then(|id| i32::try_from(id).ok()))
            .build();
        let method = Method::SendChatAction.name();
        let request = self.post(method, PREVIEW_TIMEOUT).json(&params);
        self.fetch::<MethodResponse<bool>>(method, request).await.map(drop)
    }

    /// Shows an answer that is being written in a message of its own and returns its id.
    pub async fn show(&self, to: Destination, content: &Content) -> Result<i64, TelegramError> {
        let Content::Text { text, entities } = content.clone() else { return Err(no_text()) };
        let method = Method::SendMessage.name();
        let request = self.post(method, PREVIEW_TIMEOUT).json(&text_message(to, text, entities, None));
        self.fetch::<MethodResponse<Sent>>(method, request).await.map(|sent| sent.result.message_id)
    }

    /// Shows more of it in the same message.
    pub async fn show_anew(
        &self,
        chat_id: i64,
        message_id: i64,
        content: &Content,
    ) -> Result<(), TelegramError> {
        let Content::Text { text, entities } = content.clone() else { return Err(no_text()) };
        let method = Method::EditMessageText.name();
        let edit = text_edit(chat_id, of_message(message_id)?, text, entities, None);
        match self.fetch::<MethodResponse<Sent>>(method, self.post(method, PREVIEW_TIMEOUT).json(&edit)).await
        {
            Ok(_) | Err(TelegramError::NotModified) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Previews are classic text, whatever the answer will be.
fn no_text() -> TelegramError {
    TelegramError::File("a preview is classic text".to_owned())
}
