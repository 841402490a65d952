//! The growing answer as a draft (Bot API, sendMessageDraft), and before it a draft without words (the same, or
//! sendRichMessageDraft with a thinking block).

use std::time::Duration;

use frankenstein::rich_message::{InputRichBlock, InputRichBlockThinking, RichText};
use tokio::time::{Instant, timeout_at};

use super::growing::Growing;
use crate::base::failpoints;
use crate::domain::address::Address;
use crate::domain::live_answers::Thinking;
use crate::domain::phrases::Language;
use crate::domain::reply::Content;
use crate::metrics;
use crate::pipeline::doing;
use crate::pipeline::pace::{Form, Pace, Shows};
use crate::telegram::{Doing, Telegram, TelegramError};

/// "Thinking…", in the words of the app.
const WORDLESS: Content = Content::Text { text: String::new(), entities: Vec::new() };
/// A draft lives for 30 s; one that does not change is shown again in time.
const RENEWAL: Duration = Duration::from_secs(20);
/// Until then the chat shows "typing", which costs no draft: the first words can be shown as soon as they come, and not a
/// second after "Thinking…". After that a draft without words says "Thinking…" and has a button that stops it.
const THINKING: Duration = Duration::from_millis(4500);

/// What a draft shows while a recording is listened to.
pub(super) fn listens(thinking: Thinking, language: Language) -> Content {
    let text = language.listens().to_owned();
    match thinking {
        Thinking::Plain => Content::Text { text, entities: Vec::new() },
        Thinking::Block => block(text),
    }
}

fn block(text: String) -> Content {
    let text = RichText::Text(text);
    Content::Rich { blocks: vec![InputRichBlock::Thinking(InputRichBlockThinking { text })] }
}

/// What a draft without words shows.
pub(super) fn thinks(thinking: Thinking, language: Language) -> Content {
    match thinking {
        Thinking::Plain => WORDLESS,
        Thinking::Block => block(language.thinks().to_owned()),
    }
}

/// Shows what has come so far, again and again, until Telegram will have no drafts here. Until there are words, `thinks` is
/// shown.
pub(super) async fn show(
    telegram: &Telegram,
    pace: &Pace,
    address: Address,
    growing: &Growing,
    mut thinks: Content,
) {
    let chat_id = address.lane.chat_id;
    let thinking = Instant::now() + failpoints::wait("thinking", THINKING);
    let typing = async {
        tokio::select! {
            () = doing::show(telegram, pace, address.place(), Doing::Typing) => {}
            () = growing.words() => {}
        }
    };
    let _ = timeout_at(thinking, typing).await;
    let mut worded = false;
    let mut last: Option<Content> = None;
    loop {
        let shows = growing.shows(worded);
        if let Err(wait) = pace.preview(chat_id, Form::Draft, shows) {
            if shows == Shows::NoWords {
                growing.change(wait).await;
            } else {
                tokio::time::sleep(wait).await;
            }
            continue;
        }
        let content = match growing.look(last.as_ref()).await {
            None if last.is_none() && Instant::now() >= thinking => Some(thinks.clone()),
            content => content,
        };
        match content {
            None => pace.give_back(),
            Some(content) => {
                let drafted = telegram.draft(address, &content).await;
                metrics::draft(drafted.is_ok());
                match drafted {
                    Ok(()) => pace.preview_taken(chat_id, Form::Draft),
                    Err(TelegramError::RetryAfter(pause)) => {
                        pace.preview_refused(chat_id, Form::Draft, pause);
                    }
                    // A server that has no thinking blocks has drafts, most likely.
                    Err(TelegramError::BadRequest(_) | TelegramError::UnknownMethod)
                        if content == thinks && thinks != WORDLESS =>
                    {
                        thinks = WORDLESS;
                        continue;
                    }
                    Err(
                        TelegramError::BadRequest(_)
                        | TelegramError::NoTopic(_)
                        | TelegramError::UnknownMethod
                        | TelegramError::Forbidden(_),
                    ) => return,
                    Err(_) => pace.preview_failed(chat_id, Form::Draft),
                }
                worded |= content != thinks;
                last = Some(content);
            }
        }
        // Words that turned out to be a thought are as good as none.
        let early = thinking.saturating_duration_since(Instant::now());
        let limit = if last.is_none() && !early.is_zero() { early } else { RENEWAL };
        if !growing.change(limit).await {
            last = None;
        }
    }
}
