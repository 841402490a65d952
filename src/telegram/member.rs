//! What a user is in a chat (getChatMember).

use frankenstein::response::MethodResponse;
use serde::Deserialize;
use serde_json::json;

use super::error::TelegramError;
use super::method::Method;
use super::transport::Telegram;
use crate::domain::member::{Member, Rank};

/// What is read of a ChatMember, whichever of its six kinds it is.
#[derive(Deserialize)]
struct RawMember {
    status: String,
    #[serde(default)]
    is_anonymous: bool,
    #[serde(default)]
    can_post_messages: bool,
}

impl Telegram {
    /// How many are in the chat, the bot among them.
    pub fn member_count(&self, chat_id: i64) -> Result<i64, TelegramError> {
        let count: MethodResponse<i64> =
            self.call(Method::GetChatMemberCount.name(), self.timeout, |request| {
                request.json(&json!({"chat_id": chat_id}))
            })?;
        Ok(count.result)
    }

    /// Leaves the group.
    pub fn leave(&self, chat_id: i64) -> Result<(), TelegramError> {
        let left: Result<MethodResponse<bool>, _> =
            self.call(Method::LeaveChat.name(), self.timeout, |request| {
                request.json(&json!({"chat_id": chat_id}))
            });
        left.map(drop)
    }

    /// What the user is in the chat. Telegram tells a bot of others only where it is an administrator itself.
    pub fn member(&self, chat_id: i64, user_id: i64) -> Result<Member, TelegramError> {
        let params = json!({"chat_id": chat_id, "user_id": user_id});
        let member: MethodResponse<RawMember> =
            self.call(Method::GetChatMember.name(), self.timeout, |request| request.json(&params))?;
        let RawMember { status, is_anonymous, can_post_messages } = member.result;
        let rank = match status.as_str() {
            "creator" => Rank::Owner,
            "administrator" => Rank::Administrator { posts: can_post_messages },
            _ => Rank::Other,
        };
        Ok(Member { rank, anonymous: is_anonymous })
    }
}
