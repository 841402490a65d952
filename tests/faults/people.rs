//! The people: who writes what to the bot, and who changes their mind. What they did is kept for the judge.

use std::ops::RangeInclusive;
use std::time::Instant;

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{self, Person};

use crate::env::FaultEnv;

/// People in private chats, and as many again in two groups.
const PRIVATE: i64 = 8;
/// Whose answers may be in the making at once, to be spoken.
pub(crate) const SPEAKERS: usize = 8;
/// Who writes at such length that an answer, which quotes the question and the one before, takes two messages.
const TALKATIVE: i64 = 2;
const LENGTH: usize = 2500;
const FILLING: &str = " and so on";

/// Who writes in a topic of the private chat.
const IN_TOPICS: RangeInclusive<i64> = 6..=7;
const TOPIC: i64 = 77;

/// As much of a JPEG as is looked at.
const PICTURE: &[u8] = b"\xff\xd8\xff a picture";

/// What somebody sends to be read.
const DOCUMENT: &[u8] = b"words of a document";

/// People in private chats of their own who change their minds: they edit their last question, have it answered again,
/// press the button below a failed answer. So many that on a busy machine, too, an answer mostly stands before it is changed: what takes
/// its place may have fewer parts then, and a button is pressed.
const CHANGING: i64 = 12;
/// People in private chats of their own whose answers all come at the same time, word by word.
pub(crate) const CROWD: RangeInclusive<i64> = 101..=140;
/// A question with this in it is answered slowly.
pub(crate) const SLOWLY: &str = " please slowly";

/// A question with this in it is mostly refused by the model: its answer has a button.
pub(crate) const REFUSED: &str = " please refuse";

/// What somebody did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// Asked the model something.
    Ask,
    /// Asked for the dialogue as a file.
    Export,
    /// Changed the last question.
    Edit,
    /// Wanted the last question answered again.
    Retry,
    /// The same, by the button below a failed answer.
    Press,
}

/// Something that somebody wrote or pressed.
#[derive(Clone)]
pub(crate) struct Act {
    pub(crate) update_id: i64,
    pub(crate) user_id: i64,
    pub(crate) chat_id: i64,
    /// Which one of this person's, from 0.
    pub(crate) number: usize,
    /// Stands in what was asked and nowhere else.
    pub(crate) nonce: String,
    pub(crate) deed: Deed,
    /// Telegram's id of what was asked.
    message_id: i64,
    /// The update with the rest of it: the second picture of an album.
    rest: Option<i64>,
    pub(crate) at: Instant,
}

impl Act {
    /// The next one of somebody, before it is sent.
    fn begun(user_id: i64, chat_id: i64, number: usize, deed: Deed, at: Instant) -> Self {
        let nonce = format!("nonce-{user_id}-{number}-");
        Self { update_id: 0, user_id, chat_id, number, nonce, deed, message_id: 0, rest: None, at }
    }

    /// Its updates. What comes late has a reply of its own, which takes the place of the one before.
    pub(crate) fn updates(&self) -> impl DoubleEndedIterator<Item = i64> {
        [self.update_id].into_iter().chain(self.rest)
    }

    /// Whether it is of somebody who changes his mind.
    pub(crate) fn is_changing(&self) -> bool {
        (2 * PRIVATE + 1..=2 * PRIVATE + CHANGING).contains(&self.user_id)
    }
}

impl FaultEnv {
    /// The model refuses what asks for it, more often than not.
    pub(crate) fn refuse(&self) {
        let when = When::asked(REFUSED).chance(0.7, self.seed);
        self.model.on(when, Behaviour::status(401, "as you wish"));
    }

    /// Nobody's question is read with what was said long ago: an answer has to begin with the word of its own question, by which the
    /// judge knows it.
    pub(crate) fn have_no_memory(&self) {
        let bot = self.telegram.bot_id();
        // Everybody in a chat of their own, and in either group.
        self.psql(&format!(
            "INSERT INTO memory_off (bot_id, chat_id, user_id)
             SELECT {bot}, chat, person FROM generate_series(1, {}) AS person, LATERAL (VALUES (person), (-1), (-2)) AS chats (chat)",
            CROWD.end()
        ));
    }

    /// The people in private chats want to hear their answers.
    pub(crate) fn have_answers_spoken(&self) {
        let bot = self.telegram.bot_id();
        self.psql(&format!(
            "INSERT INTO dialogue_settings (bot_id, chat_id, user_id, voice)
             SELECT {bot}, person, person, 'always' FROM generate_series(1, {PRIVATE}) AS person"
        ));
    }

    /// Somebody does the next thing.
    pub(crate) fn act(&self, rng: &mut fastrand::Rng) {
        // Often enough for each method to be called within seconds.
        let changing = rng.u8(0..3) == 0;
        let user_id = if changing { 2 * PRIVATE + rng.i64(1..=CHANGING) } else { rng.i64(1..=2 * PRIVATE) };
        let number = self.record().acts.iter().filter(|act| act.user_id == user_id).count();
        let at = Instant::now();
        let act = if changing {
            self.change(Act::begun(user_id, user_id, number, Deed::Ask, at), rng)
        } else {
            let private = user_id <= PRIVATE;
            let chat_id = if private { user_id } else { -1 - user_id % 2 };
            let deed = if private && rng.u8(0..12) == 0 { Deed::Export } else { Deed::Ask };
            self.write(Act::begun(user_id, chat_id, number, deed, at), rng)
        };
        self.record().acts.push(act);
    }

    /// Writes to the bot.
    fn write(&self, act: Act, rng: &mut fastrand::Rng) -> Act {
        let Act { user_id, chat_id, deed, ref nonce, .. } = act;
        let private = chat_id == user_id;
        let person = match user_id {
            _ if IN_TOPICS.contains(&user_id) => Person::private(user_id).in_thread(TOPIC),
            _ if private => Person::private(user_id),
            _ => Person::in_group(user_id, chat_id),
        };
        let wish = if rng.u8(0..8) == 0 { " as a table" } else { "" };
        let mut text = format!("{nonce}{wish}");
        if user_id <= TALKATIVE {
            text.extend(FILLING.chars().cycle().take(LENGTH));
        }
        let person = person.speaking("en");
        let (said, rest) = match deed {
            Deed::Export => (self.telegram.say(&person, "/export"), None),
            _ if private && user_id > TALKATIVE && rng.u8(0..3) == 0 => self.show(&person, &text, rng),
            _ => (self.telegram.address(&person, &text), None),
        };
        let telegram::Said { update_id, message_id } = said;
        Act { update_id, message_id, rest, ..act }
    }

    /// Says these words, or shows a picture with them, or an album of two of them, or sends a document. Beside it stands the
    /// update with the second picture.
    fn show(&self, person: &Person, words: &str, rng: &mut fastrand::Rng) -> (telegram::Said, Option<i64>) {
        if rng.u8(0..4) == 0 {
            return (self.telegram.post(person, &self.telegram.voice(words, 14)), None);
        }
        let is_document = rng.u8(0..3) == 0;
        let mut fields = if is_document {
            self.telegram.document("a.txt", "text/plain", DOCUMENT)
        } else {
            self.telegram.photo(&[(PICTURE, 800, 600)])
        };
        fields["caption"] = words.into();
        if is_document || rng.bool() {
            return (self.telegram.post(person, &fields), None);
        }
        fields["media_group_id"] = words.into();
        let said = self.telegram.post(person, &fields);
        let mut second = self.telegram.photo(&[(PICTURE, 600, 800)]);
        second["media_group_id"] = words.into();
        (said, Some(self.telegram.post(person, &second).update_id))
    }

    /// Everybody of the crowd asks something.
    pub(crate) fn crowd_asks(&self) {
        for user_id in CROWD {
            let number = self.record().acts.iter().filter(|act| act.user_id == user_id).count();
            let act = Act::begun(user_id, user_id, number, Deed::Ask, Instant::now());
            let text = format!("{}{SLOWLY}{}", act.nonce, FILLING.repeat(40));
            let said = self.telegram.say(&Person::private(user_id).speaking("en"), &text);
            let telegram::Said { update_id, message_id } = said;
            self.record().acts.push(Act { update_id, message_id, ..act });
        }
    }

    /// Asks something new, or changes what was asked last, or wants it answered again.
    fn change(&self, act: Act, rng: &mut fastrand::Rng) -> Act {
        let Act { user_id, ref nonce, .. } = act;
        let person = Person::private(user_id).speaking("en");
        let asked = |act: &&Act| act.user_id == user_id && act.deed == Deed::Ask;
        let last = self.record().acts.iter().rev().find(asked).map(|act| act.message_id);
        let deed = [Deed::Ask, Deed::Edit, Deed::Press][rng.usize(..3)];
        let mut text = nonce.clone();
        if rng.bool() {
            text.push_str(REFUSED);
        }
        // The answer to a long one, with the code that it quotes, takes several messages, and that to an edit fewer.
        if deed == Deed::Ask && rng.u8(0..4) > 0 {
            text.push_str(" with code");
            text.extend(FILLING.chars().cycle().take(LENGTH));
        }
        let (deed, update_id, message_id) = match (deed, last) {
            (Deed::Ask, _) | (_, None) => {
                let asked = self.telegram.say(&person, &text);
                (Deed::Ask, asked.update_id, asked.message_id)
            }
            (Deed::Edit, Some(last)) => (deed, self.telegram.edit(&person, last, &text).update_id, last),
            (_, Some(last)) => {
                let (deed, update_id) = self.press(&person).map_or_else(
                    || (Deed::Retry, self.telegram.say(&person, "/retry").update_id),
                    |update_id| (Deed::Press, update_id),
                );
                (deed, update_id, last)
            }
        };
        Act { update_id, deed, message_id, ..act }
    }

    /// Presses the button below the newest message, if there is one.
    fn press(&self, person: &Person) -> Option<i64> {
        let (message_id, data) = self.telegram.look(|state| {
            let sent = state.in_chat(person.chat_id).next_back()?;
            Some((sent.message_id, (*sent.buttons().first()?).to_owned()))
        })?;
        Some(self.telegram.press_if_shown(person, message_id, &data)?.update_id)
    }
}
