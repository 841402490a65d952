//! The answer while it grows, in the form that the operator chose: a draft, a message that is edited, or "typing".
//!
//! Fed by the worker with the model's words, one [`Preview`] per answer. It runs beside the worker and never in
//! anybody's way: the worker only appends to a text, and the newest text is what is shown. A draft changes nothing about
//! the answer; a message that was shown is told at the end, and the answer takes its place.

mod draft;
mod growing;
mod message;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::base::cancel::CancelToken;
use crate::base::http::{Beside, Http};
use crate::domain::address::Address;
use crate::domain::live_answers::LiveAnswers;
use crate::domain::phrases::Language;
use crate::pipeline::doing;
use crate::pipeline::services::Services;
use crate::telegram::Doing;
use growing::Growing;
use message::Live;

/// The end waits for what Telegram and the database are doing, which both have limits of their own, below this.
const LAST_CALL: Duration = Duration::from_secs(6);

/// A growing answer; dropped, it is shown no longer.
pub struct Preview {
    growing: Arc<Growing>,
    shown: Shown,
}

/// What goes on beside the worker.
enum Shown {
    /// Ends at any moment.
    InPassing { _beside: Beside },
    /// Ends when the call under way is done: it may leave a message behind.
    AsMessage { http: Http, live: Arc<Live>, ended: oneshot::Receiver<()> },
}

/// How a preview looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// The answer itself, growing, as a draft (private chats only).
    Draft,
    /// The answer itself, growing, as a message.
    Message,
    /// That a recording is listened to, as a draft (private chats only).
    Listening,
    /// The chat says that the bot is typing.
    Typing,
}

impl Look {
    /// Of an answer in a chat of this kind. An answer that takes the place of an old one is not shown while it grows: the
    /// old one stands until then.
    pub fn of(live_answers: LiveAnswers, private: bool, in_place: bool) -> Self {
        match live_answers {
            _ if in_place => Self::Typing,
            LiveAnswers::Draft if private => Self::Draft,
            LiveAnswers::Edit => Self::Message,
            LiveAnswers::Draft | LiveAnswers::Off => Self::Typing,
        }
    }

    /// While a recording is listened to in a chat of this kind.
    pub fn of_listening(live_answers: LiveAnswers, private: bool) -> Self {
        if private && live_answers == LiveAnswers::Draft { Self::Listening } else { Self::Typing }
    }
}

impl Preview {
    /// Begins to show that an answer is in the making.
    pub fn begin(services: &Services, address: Address, language: Language, look: Look) -> Self {
        let growing = Arc::new(Growing::default());
        let (telegram, pace, text) =
            (services.telegram.clone(), Arc::clone(&services.pace), Arc::clone(&growing));
        let http = telegram.http().clone();
        let shown = match look {
            Look::Message => {
                let store = Arc::clone(&services.store);
                let live = Arc::new(Live::new(telegram, pace, store, address));
                let (end, ended) = oneshot::channel();
                let shown = Arc::clone(&live);
                http.aside(async move {
                    shown.show(&text).await;
                    let _ = end.send(());
                });
                Shown::AsMessage { http, live, ended }
            }
            Look::Draft | Look::Listening => {
                let thinks = match look {
                    Look::Listening => draft::listens(services.thinking, language),
                    _ => draft::thinks(services.thinking, language),
                };
                Shown::InPassing {
                    _beside: http.beside(async move {
                        draft::show(&telegram, &pace, address, &text, thinks).await;
                        doing::show(&telegram, &pace, address.place(), Doing::Typing).await;
                    }),
                }
            }
            Look::Typing => Shown::InPassing {
                _beside: http.beside(async move {
                    doing::show(&telegram, &pace, address.place(), Doing::Typing).await;
                }),
            },
        };
        Self { growing, shown }
    }

    /// The model said more.
    pub fn grow(&self, more: &str) {
        self.growing.grow(more);
    }

    /// What the model said until now was a thought, and none of the answer.
    pub fn begin_anew(&self) {
        self.growing.begin_anew();
    }

    /// Shows nothing more. Returns the message that is left to be replaced by the answer: nothing of the preview's reaches
    /// Telegram after this.
    pub fn end(mut self) -> Option<i64> {
        self.growing.end();
        match &mut self.shown {
            Shown::InPassing { .. } => None,
            Shown::AsMessage { http, live, ended } => {
                let _ = http.wait(LAST_CALL, &CancelToken::new(), ended);
                live.message_id()
            }
        }
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.growing.end();
    }
}
