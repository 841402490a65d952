//! What the bot is doing, as every chat can show it: "typing", "recording a voice message" (Bot API, sendChatAction).

use std::time::Duration;

use tokio::time::sleep;

use crate::base::failpoints;
use crate::pipeline::pace::Pace;
use crate::telegram::{Doing, Telegram, TelegramError};

/// What is done by then needs no word before it.
const AT_ONCE: Duration = Duration::from_millis(150);

/// Telegram shows it for at most 5 s.
pub(super) fn renewal() -> Duration {
    failpoints::wait("typing", Duration::from_millis(4500))
}

/// Shows it for as long as this is polled, in the chat and topic. A failure is only waited out.
pub(super) async fn show(telegram: &Telegram, pace: &Pace, chat: (i64, Option<i64>), doing: Doing) {
    let renewal = renewal();
    sleep(AT_ONCE).await;
    loop {
        let wait = match pace.typing() {
            Err(wait) => wait,
            Ok(()) => match telegram.is_doing(chat, doing).await {
                Err(TelegramError::RetryAfter(pause)) => pause.max(renewal),
                _ => renewal,
            },
        };
        sleep(wait).await;
    }
}
