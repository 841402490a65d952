//! The growing answer as a message: sent with the first words, edited with those that follow, and replaced by the answer
//! itself, which comes through the outbox as ever.
//!
//! The message's id is written down as soon as Telegram tells it: whatever ends this process, the next one finds the message
//! and finishes it. A message whose id was never learnt stays as it is; that is the window that every send has.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::debug;

use super::growing::Growing;
use crate::base::failpoints;
use crate::domain::address::Address;
use crate::domain::reply::Content;
use crate::metrics;
use crate::pipeline::doing;
use crate::pipeline::pace::{Form, Pace, Shows};
use crate::store::{Store, inbox};
use crate::telegram::{Doing, Method, Telegram, TelegramError};

/// An answer that grows in a message.
pub(super) struct Live {
    telegram: Telegram,
    pace: Arc<Pace>,
    store: Arc<Store>,
    address: Address,
    message: Mutex<Option<Message>>,
}

/// Its message.
#[derive(Clone, Copy)]
struct Message {
    id: i64,
    /// The inbox knows it.
    recorded: bool,
}

impl Live {
    /// Goes on with the message of an earlier attempt, if there is one.
    pub(super) fn new(telegram: Telegram, pace: Arc<Pace>, store: Arc<Store>, address: Address) -> Self {
        let message = address.live_message_id.map(|id| Message { id, recorded: true });
        Self { telegram, pace, store, address, message: Mutex::new(message) }
    }

    /// The message, once there is one.
    pub(super) fn message_id(&self) -> Option<i64> {
        self.message().map(|message| message.id)
    }

    /// Shows the answer until it is over, or until Telegram will have no messages here.
    pub(super) async fn show(&self, growing: &Growing) {
        let typing = async {
            tokio::select! {
                () = doing::show(&self.telegram, &self.pace, self.address.place(), Doing::Typing) => {}
                () = growing.words() => {}
            }
        };
        if growing.meanwhile(typing).await.is_none() {
            return;
        }
        let mut last: Option<Content> = None;
        while !growing.is_over() {
            let form = Form::Message(self.method());
            let shows = if self.message().is_none() { Shows::FirstWords } else { Shows::MoreWords };
            if let Err(wait) = self.pace.preview(self.address.lane.chat_id, form, shows) {
                growing.meanwhile(sleep(wait)).await;
                continue;
            }
            let look = growing.meanwhile(growing.look(last.as_ref())).await.flatten();
            if let Some(content) = look.filter(|_| !growing.is_over()) {
                // Never cut off: what Telegram takes has to be known.
                if !self.call(form, &content).await {
                    return;
                }
                last = Some(content);
            } else {
                self.pace.give_back();
            }
            growing.meanwhile(growing.changed()).await;
        }
    }

    fn method(&self) -> Method {
        if self.message().is_some() { Method::EditMessageText } else { Method::SendMessage }
    }

    /// Sends or edits. False: nothing more is to be shown.
    async fn call(&self, form: Form, content: &Content) -> bool {
        let chat_id = self.address.lane.chat_id;
        let shown = match self.message() {
            None => self.telegram.show(self.address.destination(), content).await,
            Some(Message { id, .. }) => self.telegram.show_anew(chat_id, id, content).await.map(|()| id),
        };
        metrics::draft(shown.is_ok());
        match shown {
            Ok(id) => {
                self.pace.preview_taken(chat_id, form);
                self.record(id).await;
                if let Content::Text { text, .. } = content {
                    failpoints::pass("shown", text);
                }
                true
            }
            Err(TelegramError::RetryAfter(pause)) => {
                self.pace.preview_refused(chat_id, form, pause);
                true
            }
            // Until the lease is renewed, the pace lets nobody try.
            Err(TelegramError::NotLeading) => true,
            // An edit is made again by the next one.
            Err(TelegramError::Network(_) | TelegramError::Server { .. }) if self.message().is_some() => {
                self.pace.preview_failed(chat_id, form);
                true
            }
            // Perhaps it was taken: a second one would be one too many.
            Err(problem) => {
                debug!(seq = self.address.update_seq, "the answer is not shown while it grows: {problem}");
                false
            }
        }
    }

    /// Writes the message down, unless that is done. A database that is away is asked again with the next edit.
    async fn record(&self, id: i64) {
        if self.message().is_some_and(|message| message.recorded) {
            return;
        }
        self.set(Message { id, recorded: false });
        let (store, key) = (Arc::clone(&self.store), self.address.key());
        let recorded = spawn_blocking(move || store.run(|conn| inbox::show_in(conn, key, id))).await;
        self.set(Message { id, recorded: matches!(recorded, Ok(Ok(_))) });
    }

    fn message(&self) -> Option<Message> {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, message: Message) {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
    }
}
