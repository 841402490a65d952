//! "Typing": what every chat can show (Bot API, sendChatAction).

use std::time::Duration;

use tokio::time::sleep;

use crate::base::failpoints;
use crate::domain::address::Address;
use crate::pipeline::pace::Pace;
use crate::telegram::{Telegram, TelegramError};

/// An answer that is there by then needs no "typing" before it.
const AT_ONCE: Duration = Duration::from_millis(150);

/// Telegram shows "typing" for at most 5 s.
pub(super) fn renewal() -> Duration {
    failpoints::wait("typing", Duration::from_millis(4500))
}

/// Shows "typing" for as long as this is polled. A failure is only waited out.
pub(super) async fn show(telegram: &Telegram, pace: &Pace, address: Address) {
    let renewal = renewal();
    sleep(AT_ONCE).await;
    loop {
        let wait = match pace.typing() {
            Err(wait) => wait,
            Ok(()) => match telegram.typing(address.lane.chat_id, address.thread_id).await {
                Err(TelegramError::RetryAfter(pause)) => pause.max(renewal),
                _ => renewal,
            },
        };
        sleep(wait).await;
    }
}
