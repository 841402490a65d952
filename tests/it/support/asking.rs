//! A question and its answer, one at a time.

use sandbox::TestEnv;
use sandbox::telegram::{Person, Sent};

/// Says something and returns the one answer to it.
pub(crate) fn ask(env: &TestEnv, person: &Person, text: &str) -> Sent {
    let before = env.telegram.texts(person.chat_id).len();
    env.telegram.address(person, text);
    let sent = env.telegram.wait_for_count(person.chat_id, before + 1)[before].clone();
    env.wait_settled();
    sent
}
