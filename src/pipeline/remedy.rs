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

/// What follows from this error of a call that was made after `attempts` failed ones.
pub(super) fn remedy(error: &TelegramError, op: Op, attempts: i32) -> Remedy {
    use TelegramError as E;
    match (error, op) {
        (E::RetryAfter(pause), _) => Remedy::Pause(*pause),
        (E::Migrated(chat_id), _) => Remedy::Move(*chat_id),
        (E::Forbidden(_), _) => Remedy::AbandonChat,
        (E::NotThere(_) | E::BadRequest(_) | E::NoTopic(_) | E::TooLong(_), Op::Delete(_)) => {
            Remedy::LeaveMessage
        }
        (E::NotThere(_) | E::NoTopic(_), Op::Edit(_)) => Remedy::SendAnew,
        (E::NoTopic(_), Op::Send) => Remedy::LeaveTopic,
        (E::NoVoice(_), _) => Remedy::LeaveUnspoken(Unspoken::Unwanted),
        (E::TooLong(_), Op::Send | Op::Edit(_)) => Remedy::Split,
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

/// What follows for a part with this content. What was to be spoken stands in writing already: nothing of the lane waits for it longer
/// than for a while. A picture is not cut in two.
pub(super) fn remedy_for(error: &TelegramError, op: Op, content: &Content, attempts: i32) -> Remedy {
    let remedy = remedy(error, op, attempts);
    match (content, remedy) {
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
        // What is too long below a picture may have room in a message of its own.
        (Content::Photo { .. }, Remedy::Split) => Remedy::Simplify(LastResort::Bare),
        _ => remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(remedy_for(&too_long, Op::Send, &photo, 0), Remedy::Simplify(LastResort::Bare));
        assert_eq!(remedy_for(&forbidden, Op::Send, &photo, 0), Remedy::AbandonChat);
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
            assert_eq!(remedy_for(&error, Op::Send, &voice, attempts), expected, "{error:?} {attempts}");
        }
        let text = Content::Text { text: words(), entities: Vec::new() };
        assert_eq!(remedy_for(&server(), Op::Send, &text, 3), Remedy::Later);
    }
}
