//! The code by which somebody becomes the owner of a bot: 80 random bits that are good for an hour and for one use.
//!
//! What is stored is a keyed hash. Its key is made of the bot's token, so that a database or a backup alone tells no code and
//! proves none.

use std::time::Duration;

use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use ring::rand::{SecureRandom, SystemRandom};

/// How long a code is good.
pub const LIFE: Duration = Duration::from_secs(3600);
/// So many wrong tries end it.
pub const TRIES: i32 = 5;

/// Letters and digits that nobody takes for each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 16;
/// So many stand together.
const GROUP: usize = 4;

/// Makes codes and recognises them.
pub struct Codes(Key);

impl Codes {
    /// Of the bot with this secret. The key is not the secret itself, but made for this alone.
    pub fn new(secret: &str) -> Self {
        let key = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), b"codes that make an owner");
        Self(Key::new(HMAC_SHA256, key.as_ref()))
    }

    /// A new code. `None`: the system has no random numbers.
    pub fn make() -> Option<String> {
        let mut random = [0; LENGTH];
        SystemRandom::new().fill(&mut random).ok()?;
        let letters: Vec<char> =
            random.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect();
        let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
        Some(groups.join("-"))
    }

    /// What is stored of a code.
    pub fn tag(&self, code: &str) -> Vec<u8> {
        sign(&self.0, plain(code).as_bytes()).as_ref().to_vec()
    }

    /// Whether somebody sent the code of this tag; how long that takes tells nothing about the code.
    pub fn is(&self, sent: &str, tag: &[u8]) -> bool {
        verify(&self.0, plain(sent).as_bytes(), tag).is_ok()
    }
}

/// The code without what people write between its letters, or take them for.
fn plain(code: &str) -> String {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    code.chars().filter(char::is_ascii_alphanumeric).take(2 * LENGTH).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_recognised_however_it_is_typed_and_by_its_own_bot_alone() {
        let (ours, others) = (Codes::new("a secret"), Codes::new("another"));
        let code = Codes::make().unwrap();
        assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
        assert_ne!(Some(&code), Codes::make().as_ref());
        let tag = ours.tag(&code);
        for typed in [
            code.clone(),
            code.to_lowercase(),
            code.replace('-', ""),
            code.replace('-', " "),
            code.replace('0', "o"),
        ] {
            assert!(ours.is(&typed, &tag), "{typed}");
        }
        assert!(!others.is(&code, &tag) && !ours.is("", &tag) && !ours.is(&code[1..], &tag));
        assert!(!ours.is(&format!("{code}A"), &tag) && !ours.is(&code, &[]));
    }
}
