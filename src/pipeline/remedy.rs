//! What to do about a part that Telegram did not take. A decision only; the sender carries it out.

use std::time::Duration;

use crate::domain::reply::{Content, Op};
use crate::domain::speech::Unspoken;
use crate::telegram::TelegramError;

/// So many tries (about half an hour) that end in an error of Telegram's own, and a simpler form is tried.
const ATTEMPTS_PER_FORM: i32 = 30;
/// So many, and what was to be spoken is given up.
const ATTEMPTS_OF_VOICE: i32 = 3;
/// The longest pause of Telegram's that a voice message waits for.
pub(super) const LONGEST_PAUSE_OF_VOICE: Duration = Duration::from_secs(30);
/// So many (about a day), and the simplest form is given up.
const ATTEMPTS_AT_ALL: i32 = 1500;

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Remedy {
    /// Telegram wants no call of this method in the chat before this has passed.
    Pause(Duration),
    /// The group has another id now: its rows move, and the part is sent there.
    Move(i64),
    /// The chat is closed to the bot: nothing that waits for it can be sent.
    AbandonChat,
    /// A message that was to be taken away stays: it says nothing that was not said.
    LeaveMessage,
    /// The message that was to be changed cannot be: the part is sent as a new one.
    SendAnew,
    /// The topic is gone: the part, and those that follow it in its reply, go to the chat itself, as a reply.
    LeaveTopic,
    /// Two shorter parts take its place; where it cannot be any shorter, it is given up.
    Split,
    /// A simpler form takes its place; where there is none, the last resort.
    Simplify(LastResort),
    /// A sentence takes the place of what was to be spoken.
    LeaveUnspoken(Unspoken),
    /// The same again, later.
    Later,
}

/// What to do with the simplest form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LastResort {
    SendAnew,
    /// Plain text with nothing around it; if it is that already, it is given up.
    Bare,
    Abandon,
    Later,
}

/// A part as it was tried.
#[derive(Clone, Copy)]
pub(super) struct Tried<'a> {
    pub(super) op: Op,
    pub(super) content: &'a Content,
    pub(super) chat_id: i64,
    /// It was to go to a topic of the chat.
    pub(super) in_topic: bool,
    /// So many calls had failed before.
    pub(super) attempts: i32,
}

/// What follows from this error. Each remedy makes the part simpler, waits, or ends it: whatever Telegram answers for ever, no
/// part is sent again and again without a pause.
///
/// What was to be spoken stands in writing already: nothing of the lane waits for it longer than for a while. A text alone is cut
/// in two.
pub(super) fn remedy_for(error: &TelegramError, tried: Tried<'_>) -> Remedy {
    use TelegramError as E;
    let Tried { op, content, chat_id, in_topic, attempts } = tried;
    let refused = E::BadRequest(String::new());
    let error = match (error, content) {
        // What is in no topic leaves none (the chat's own one, "General", can be closed), and only what was to be spoken can be left
        // unspoken: such a part is refused as it is.
        (E::NoTopic(_), _) if op == Op::Send && !in_topic => &refused,
        (E::NoVoice(_), content) if !matches!(content, Content::Voice { .. }) => &refused,
        (error, _) => error,
    };
    let remedy = remedy(error, op, attempts);
    match (content, remedy) {
        // It is there already.
        (_, Remedy::Move(new)) if new == chat_id => Remedy::Later,
        _ if matches!(op, Op::Delete(_)) => remedy,
        (Content::Voice { .. }, Remedy::Later) if attempts < ATTEMPTS_OF_VOICE => remedy,
        (Content::Voice { .. }, Remedy::Pause(pause))
            if attempts < ATTEMPTS_OF_VOICE && pause <= LONGEST_PAUSE_OF_VOICE =>
        {
            remedy
        }
        (
            Content::Voice { .. },
            Remedy::Later | Remedy::Pause(_) | Remedy::Simplify(_) | Remedy::Split | Remedy::SendAnew,
        ) => Remedy::LeaveUnspoken(Unspoken::Failed),
        (Content::Text { .. } | Content::Voice { .. }, _) => remedy,
        // What is too long below a picture may have room in a message of its own.
        (_, Remedy::Split) if op == Op::Send => Remedy::Simplify(LastResort::Bare),
        (_, Remedy::Split) => Remedy::Simplify(LastResort::SendAnew),
        _ => remedy,
    }
}

fn remedy(error: &TelegramError, op: Op, attempts: i32) -> Remedy {
    use TelegramError as E;
    match (error, op) {
        (E::RetryAfter(pause), _) => Remedy::Pause(*pause),
        (E::Migrated(chat_id), _) => Remedy::Move(*chat_id),
        (E::Forbidden(_), _) => Remedy::AbandonChat,
        (E::Server { .. }, Op::Delete(_)) if attempts < ATTEMPTS_PER_FORM => Remedy::Later,
        (
            E::Unauthorized | E::Conflict(_) | E::TooLarge(_) | E::Network(_) | E::Stopped | E::NotLeading,
            Op::Delete(_),
        ) => Remedy::Later,
        // It says nothing, so there is nothing simpler, and nothing that is lost.
        (_, Op::Delete(_)) => Remedy::LeaveMessage,
        (E::NotThere(_) | E::NoTopic(_), Op::Edit(_)) => Remedy::SendAnew,
        (E::NoTopic(_), Op::Send) => Remedy::LeaveTopic,
        (E::NoVoice(_), _) => Remedy::LeaveUnspoken(Unspoken::Unwanted),
        (E::TooLong(_), _) => Remedy::Split,
        (E::BadRequest(_) | E::File(_), Op::Edit(_)) => Remedy::Simplify(LastResort::SendAnew),
        (E::BadRequest(_) | E::NotThere(_) | E::File(_), _) => Remedy::Simplify(LastResort::Bare),
        // The server is too old for the form; or, for plain text, it is not the Bot API that answers.
        (E::UnknownMethod, _) => Remedy::Simplify(LastResort::Later),
        // An error of the server's own that stays with the part may come from what is in it.
        (E::Server { .. }, _) if attempts >= ATTEMPTS_AT_ALL => Remedy::Simplify(LastResort::Abandon),
        (E::Server { .. }, _) if attempts >= ATTEMPTS_PER_FORM => Remedy::Simplify(LastResort::Later),
        _ => Remedy::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::button::{Action, Button};
    use crate::domain::chart::Chart;
    use crate::domain::replacement::{Instead, Waiting, replacement};
    use crate::domain::reply::ReplyPart;

    /// Sent for the first time to a chat without topics.
    fn tried(content: &Content) -> Tried<'_> {
        Tried { op: Op::Send, content, chat_id: -1, in_topic: false, attempts: 0 }
    }

    #[test]
    fn each_error_has_its_remedy() {
        let words = || "words".to_owned();
        let server = TelegramError::Server { status: 502, problem: "no JSON" };
        let (send, edit, delete) = (Op::Send, Op::Edit(1), Op::Delete(1));
        for (error, op, attempts, expected) in [
            (
                TelegramError::RetryAfter(Duration::from_secs(9)),
                edit,
                0,
                Remedy::Pause(Duration::from_secs(9)),
            ),
            (TelegramError::Migrated(-100), send, 0, Remedy::Move(-100)),
            (TelegramError::Forbidden(words()), delete, 0, Remedy::AbandonChat),
            (TelegramError::NotThere(words()), delete, 0, Remedy::LeaveMessage),
            (TelegramError::BadRequest(words()), delete, 0, Remedy::LeaveMessage),
            (TelegramError::NotThere(words()), edit, 0, Remedy::SendAnew),
            (TelegramError::BadRequest(words()), edit, 0, Remedy::Simplify(LastResort::SendAnew)),
            (TelegramError::BadRequest(words()), send, 0, Remedy::Simplify(LastResort::Bare)),
            (TelegramError::File(words()), send, 0, Remedy::Simplify(LastResort::Bare)),
            (TelegramError::NoTopic(words()), send, 0, Remedy::LeaveTopic),
            (TelegramError::NoTopic(words()), edit, 0, Remedy::SendAnew),
            (TelegramError::TooLong(words()), send, 0, Remedy::Split),
            (TelegramError::TooLong(words()), edit, 0, Remedy::Split),
            (TelegramError::TooLong(words()), delete, 0, Remedy::LeaveMessage),
            (TelegramError::UnknownMethod, delete, 0, Remedy::LeaveMessage),
            (server.clone(), delete, 29, Remedy::Later),
            (server.clone(), delete, 30, Remedy::LeaveMessage),
            (TelegramError::Network(words()), delete, 9999, Remedy::Later),
            (TelegramError::NotLeading, delete, 9999, Remedy::Later),
            (TelegramError::NoVoice(words()), send, 0, Remedy::LeaveUnspoken(Unspoken::Unwanted)),
            (TelegramError::UnknownMethod, send, 0, Remedy::Simplify(LastResort::Later)),
            (server.clone(), send, 29, Remedy::Later),
            (server.clone(), send, 30, Remedy::Simplify(LastResort::Later)),
            (server, send, 1500, Remedy::Simplify(LastResort::Abandon)),
            (TelegramError::Network(words()), send, 9999, Remedy::Later),
        ] {
            assert_eq!(remedy(&error, op, attempts), expected, "{error:?} {op:?} {attempts}");
        }
    }

    #[test]
    fn what_is_too_long_below_a_picture_stands_in_a_message_of_its_own() {
        let photo = Content::Photo { file_id: String::new(), caption: String::new(), entities: Vec::new() };
        let (too_long, forbidden) =
            (TelegramError::TooLong(String::new()), TelegramError::Forbidden(String::new()));
        assert_eq!(remedy_for(&too_long, tried(&photo)), Remedy::Simplify(LastResort::Bare));
        assert_eq!(remedy_for(&forbidden, tried(&photo)), Remedy::AbandonChat);
    }

    #[test]
    fn a_voice_message_holds_nothing_up_for_long_whatever_telegram_says() {
        let words = || "words".to_owned();
        let server = || TelegramError::Server { status: 502, problem: "no JSON" };
        let pause = |seconds| TelegramError::RetryAfter(Duration::from_secs(seconds));
        let failed = Remedy::LeaveUnspoken(Unspoken::Failed);
        let voice =
            Content::Voice { words: words(), caption: String::new(), failed: words(), unwanted: words() };
        for (error, attempts, expected) in [
            (server(), 2, Remedy::Later),
            (server(), 3, failed),
            (TelegramError::Network(words()), 3, failed),
            (pause(30), 2, Remedy::Pause(Duration::from_secs(30))),
            (pause(1), 3, failed),
            (pause(31), 0, failed),
            (TelegramError::BadRequest(words()), 0, failed),
            (TelegramError::TooLong(words()), 0, failed),
            (TelegramError::UnknownMethod, 0, failed),
            (TelegramError::NoVoice(words()), 0, Remedy::LeaveUnspoken(Unspoken::Unwanted)),
            (TelegramError::NoTopic(words()), 0, Remedy::LeaveTopic),
            (TelegramError::Forbidden(words()), 0, Remedy::AbandonChat),
            (TelegramError::Migrated(-100), 0, Remedy::Move(-100)),
        ] {
            let tried = Tried { in_topic: true, attempts, ..tried(&voice) };
            assert_eq!(remedy_for(&error, tried), expected, "{error:?} {attempts}");
        }
        let text = Content::Text { text: words(), entities: Vec::new() };
        assert_eq!(remedy_for(&server(), Tried { attempts: 3, ..tried(&text) }), Remedy::Later);
    }

    /// A part as it stands in the outbox.
    #[derive(Clone)]
    struct Stored {
        op: Op,
        part: ReplyPart,
        chat_id: i64,
        in_topic: bool,
        replies: bool,
        attempts: i32,
    }

    /// What `pipeline::sender` and `store` make of the remedy for the first part of a reply. `None`: its time has not come, or
    /// nothing is left of the reply.
    fn carried_out(error: &TelegramError, mut reply: Vec<Stored>) -> Option<Vec<Stored>> {
        let first = reply.first()?.clone();
        let replaced = |instead: Instead| {
            let waiting = |stored: &Stored| Waiting {
                op: Some(stored.op),
                part: Some(stored.part.clone()),
                is_alone: !stored.in_topic && !stored.replies,
            };
            let rest: Vec<Waiting> = reply.iter().map(waiting).collect();
            let bare = instead == Instead::Bare;
            let (in_topic, replies) = (first.in_topic && !bare, first.replies && !bare);
            let stored = |(index, (part, op)): (usize, _)| Stored {
                op,
                part,
                in_topic,
                replies: replies && index == 0,
                attempts: 0,
                ..first.clone()
            };
            Some(replacement(&rest, instead)?.into_iter().enumerate().map(stored).collect::<Vec<_>>())
        };
        let without_it = || reply[1..].to_vec();
        let Stored { op, chat_id, in_topic, attempts, .. } = first;
        Some(
            match remedy_for(error, Tried { op, content: &first.part.content, chat_id, in_topic, attempts }) {
                Remedy::Pause(_) | Remedy::Later => return None,
                Remedy::AbandonChat => Vec::new(),
                Remedy::LeaveMessage => without_it(),
                Remedy::Move(new) => {
                    for stored in &mut reply {
                        stored.chat_id = new;
                    }
                    reply
                }
                Remedy::LeaveTopic => {
                    for stored in &mut reply {
                        stored.in_topic = false;
                    }
                    reply[0].replies = true;
                    reply
                }
                Remedy::SendAnew => replaced(Instead::Anew).unwrap_or_else(without_it),
                Remedy::LeaveUnspoken(why) => replaced(Instead::Said(why)).unwrap_or_else(without_it),
                Remedy::Split => replaced(Instead::Halves).unwrap_or_else(without_it),
                Remedy::Simplify(last_resort) => match (replaced(Instead::Simpler), last_resort) {
                    (Some(simpler), _) => simpler,
                    (None, LastResort::SendAnew) => replaced(Instead::Anew).unwrap_or_else(without_it),
                    (None, LastResort::Bare) => replaced(Instead::Bare).unwrap_or_else(without_it),
                    (None, LastResort::Abandon) => without_it(),
                    (None, LastResort::Later) => return None,
                },
            },
        )
    }

    fn every_error() -> Vec<TelegramError> {
        let words = || "words".to_owned();
        vec![
            TelegramError::Unauthorized,
            TelegramError::Conflict(words()),
            TelegramError::RetryAfter(Duration::from_secs(1)),
            TelegramError::Migrated(-100),
            TelegramError::Forbidden(words()),
            TelegramError::BadRequest(words()),
            TelegramError::NotThere(words()),
            TelegramError::NoTopic(words()),
            TelegramError::NoVoice(words()),
            TelegramError::TooLong(words()),
            TelegramError::NotModified,
            TelegramError::UnknownMethod,
            TelegramError::Server { status: 502, problem: "no JSON" },
            TelegramError::TooLarge(None),
            TelegramError::File(words()),
            TelegramError::Network(words()),
            TelegramError::Stopped,
            TelegramError::NotLeading,
        ]
    }

    /// One of each form, as the renderer makes them.
    fn every_form() -> Vec<ReplyPart> {
        let words = || "words ".repeat(200);
        let text = || ReplyPart::plain(words());
        let button = Button { user_id: 1, action: Action::Retry(1) };
        let falling_back = |content| ReplyPart { fallback: vec![text(), text()], ..ReplyPart::of(content) };
        let chart = Chart::default();
        let caption = words();
        let photo = || Content::Photo { file_id: words(), caption: words(), entities: Vec::new() };
        vec![
            ReplyPart::plain(""),
            ReplyPart::plain("short"),
            text().with_button("Again", &button),
            falling_back(Content::Text { text: words(), entities: Vec::new() }),
            falling_back(Content::Rich { blocks: Vec::new() }),
            ReplyPart::of(Content::Rich { blocks: Vec::new() }),
            falling_back(Content::Document { caption: caption.clone() }),
            ReplyPart::of(Content::Document { caption: caption.clone() }),
            falling_back(Content::Chart { caption, chart }),
            falling_back(photo()),
            ReplyPart::of(photo()),
            ReplyPart::of(Content::Voice {
                words: words(),
                caption: words(),
                failed: words(),
                unwanted: words(),
            }),
        ]
    }

    #[test]
    fn whatever_telegram_answers_for_ever_a_reply_waits_or_ends_after_a_few_calls() {
        for error in every_error() {
            for part in every_form() {
                for op in [Op::Send, Op::Edit(1), Op::Delete(1)] {
                    for (in_topic, replies) in [(false, false), (false, true), (true, false), (true, true)] {
                        // As many as each limit of tries has just not been reached by, and has been.
                        for attempts in [0, 2, 3, 29, 30, 1499, 1500] {
                            let first =
                                Stored { op, part: part.clone(), chat_id: -1, in_topic, replies, attempts };
                            let next = |op| Stored {
                                op,
                                part: ReplyPart::plain("and more"),
                                attempts: 0,
                                ..first.clone()
                            };
                            let behind = [next(Op::Edit(2)), next(Op::Delete(3)), next(Op::Send)];
                            let mut reply: Vec<_> = [first.clone()].into_iter().chain(behind).collect();
                            let mut calls = 0;
                            while let Some(next) = carried_out(&error, reply) {
                                calls += 1;
                                assert!(calls < 100, "{error:?} {op:?} {part:?} {in_topic} {attempts}");
                                reply = next;
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_chat_whose_own_topic_is_closed_is_not_left_for_itself() {
        let closed = TelegramError::NoTopic("TOPIC_CLOSED".to_owned());
        let content = Content::Text { text: String::new(), entities: Vec::new() };
        assert_eq!(remedy_for(&closed, Tried { in_topic: true, ..tried(&content) }), Remedy::LeaveTopic);
        assert_eq!(remedy_for(&closed, tried(&content)), Remedy::Simplify(LastResort::Bare));
    }
}
