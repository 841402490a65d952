//! Previews: a draft of the answer, "typing".

use std::time::Duration;

use frankenstein::methods::{SendChatActionParams, SendMessageDraftParams};
use frankenstein::response::MethodResponse;
use frankenstein::types::ChatAction;

use super::error::TelegramError;
use super::transport::{PREVIEW_TIMEOUT, Telegram, fetch};
use crate::base::failpoints;
use crate::domain::address::Address;
use crate::domain::reply::Content;
use crate::domain::update::draft_id;

/// Telegram shows "typing" for at most 5 s (Bot API, sendChatAction).
const TYPING_RENEWAL: Duration = Duration::from_millis(4500);

impl Telegram {
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
        let renewal = failpoints::wait("typing", TYPING_RENEWAL);
        loop {
            let request = self.post(method, PREVIEW_TIMEOUT).json(&params);
            let pause = match fetch::<MethodResponse<bool>>(method, request).await {
                Err(TelegramError::RetryAfter(pause)) => pause.max(renewal),
                _ => renewal,
            };
            tokio::time::sleep(pause).await;
        }
    }
}
