//! What opens the console: the code of a link, the cookie of a session, and the token of a form.
//!
//! Codes and cookies are 256 random bits, stored as keyed hashes. The keys are made of the bot's token, so that a database or a
//! backup alone opens nothing. The token of a form is made of the session's cookie: it need not be stored at all.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use ring::rand::{SecureRandom, SystemRandom};

/// How long the code of a link is good.
pub const CODE_LIFE: Duration = Duration::from_secs(5 * 60);
/// Of a code or a cookie.
const BYTES: usize = 32;
/// After so long without a look at a page a session is over.
pub const IDLE: Duration = Duration::from_secs(12 * 3600);

/// The keys of a bot's console.
pub struct Keys {
    code: Key,
    cookie: Key,
    form: Key,
}

/// Whether a text looks like a code or a cookie. What does not need not be looked up.
pub fn is_one(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == BYTES)
}

impl Keys {
    /// Of the bot with this secret. The keys are not the secret itself, but made for this alone.
    pub fn new(secret: &str) -> Self {
        let key = |purpose: &[u8]| {
            let key = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), purpose);
            Key::new(HMAC_SHA256, key.as_ref())
        };
        Self {
            code: key(b"codes of links into the console"),
            cookie: key(b"sessions of the console"),
            form: key(b"forms of the console"),
        }
    }

    /// A new code or cookie. `None`: the system has no random numbers.
    pub fn make() -> Option<String> {
        let mut random = [0; BYTES];
        SystemRandom::new().fill(&mut random).ok()?;
        Some(URL_SAFE_NO_PAD.encode(random))
    }

    /// What is stored of a code, and what it is found by: who does not have the key learns nothing from how long that takes.
    pub fn tag_of_code(&self, code: &str) -> Vec<u8> {
        sign(&self.code, code.as_bytes()).as_ref().to_vec()
    }

    /// The same of a cookie.
    pub fn tag_of_cookie(&self, cookie: &str) -> Vec<u8> {
        sign(&self.cookie, cookie.as_bytes()).as_ref().to_vec()
    }

    /// What the forms of this session hold.
    pub fn form_token(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(sign(&self.form, cookie.as_bytes()))
    }

    /// Whether a form came from a page of this session; how long that takes tells nothing about the token.
    pub fn is_form_token(&self, sent: &str, cookie: &str) -> bool {
        let sent = URL_SAFE_NO_PAD.decode(sent).unwrap_or_default();
        verify(&self.form, cookie.as_bytes(), &sent).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_known_by_its_own_session_and_bot_alone() {
        let (ours, others) = (Keys::new("a secret"), Keys::new("another"));
        let [cookie, other] = [(); 2].map(|()| Keys::make().unwrap());
        assert!(cookie.len() == 43 && cookie != other);
        assert!([&cookie, &other].into_iter().all(|made| is_one(made)));
        for wrong in ["", "x", &cookie[1..], &format!("{cookie}A"), &cookie.replace(&cookie[..1], "é")] {
            assert!(!is_one(wrong), "{wrong}");
        }
        let token = ours.form_token(&cookie);
        assert!(ours.is_form_token(&token, &cookie));
        assert!(!ours.is_form_token(&token, &other) && !others.is_form_token(&token, &cookie));
        for wrong in ["", "x", &token[1..], &cookie] {
            assert!(!ours.is_form_token(wrong, &cookie), "{wrong}");
        }
        assert_ne!(ours.tag_of_code(&cookie), ours.tag_of_cookie(&cookie));
        assert_ne!(ours.tag_of_code(&cookie), others.tag_of_code(&cookie));
    }
}
