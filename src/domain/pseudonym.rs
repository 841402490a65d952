//! What people and dialogues are called where models are asked: always the same, and nothing that leads to a person.
//!
//! Without a name for who asks, an endpoint that blocks one person blocks the whole account. Ids of Telegram are few enough to
//! try them all, so a plain hash of one would tell it; these need a key. It is made of the bot's token: every start, every
//! instance and every restored database has the same one, it is kept secret already, and no endpoint of a model ever sees it.
//! With a new token people get new names, and only what an endpoint remembered by them is forgotten.

use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::domain::lane::Lane;

/// Makes names.
pub struct Pseudonyms(Key);

impl Pseudonyms {
    /// From a secret that is always the same. The key is not the secret itself, but made for this alone.
    pub fn new(secret: &str) -> Self {
        let key = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), b"names for the endpoints of models");
        Self(Key::new(HMAC_SHA256, key.as_ref()))
    }

    /// Who asks: the same in all chats.
    pub fn person(&self, lane: Lane) -> String {
        self.name(&format!("person {}", lane.user_id))
    }

    /// In which dialogue.
    pub fn dialogue(&self, lane: Lane) -> String {
        let (Lane { bot_id, chat_id, user_id, .. }, topic) = (lane, lane.topic());
        self.name(&format!("dialogue {bot_id} {chat_id} {user_id} {topic}"))
    }

    /// 128 bits are more than enough, and OpenAI takes 64 characters at most.
    fn name(&self, of: &str) -> String {
        let tag = sign(&self.0, of.as_bytes());
        tag.as_ref().iter().take(16).fold(String::new(), |name, byte| format!("{name}{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_always_the_same_and_differ_by_person_dialogue_and_key() {
        let lane = |chat_id, user_id| Lane { bot_id: 7, chat_id, user_id, thread_id: None };
        let (ours, again, others) =
            (Pseudonyms::new("a secret"), Pseudonyms::new("a secret"), Pseudonyms::new("another"));
        let ann = ours.person(lane(1, 1));
        assert_eq!(ann, again.person(lane(-5, 1)), "the person, not the chat");
        assert_eq!(ours.dialogue(lane(-5, 1)), again.dialogue(lane(-5, 1)));
        let different = [
            ann,
            ours.person(lane(1, 2)),
            others.person(lane(1, 1)),
            ours.dialogue(lane(1, 1)),
            ours.dialogue(lane(-5, 1)),
            ours.dialogue(Lane { thread_id: Some(9), ..lane(-5, 1) }),
            ours.dialogue(lane(1, 11)),
            ours.dialogue(lane(11, 1)),
            others.dialogue(lane(1, 1)),
        ];
        for (place, name) in different.iter().enumerate() {
            assert!(!different[..place].contains(name));
            assert!(name.len() == 32 && name.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
        }
    }
}
