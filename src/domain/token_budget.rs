//! What of the dialogue the model reads: whole turns, the newest ones, as many as fit into LLM_CONTEXT_TOKENS.
//!
//! Nobody but the endpoint knows what a token is, and it says so only afterwards. The estimate here is made for every
//! model and language, and rather high than low; where it is too low all the same, the endpoint refuses the prompt and
//! [`half`] is tried.

use crate::domain::history::{Role, Said};

/// What a message costs beside its text: its role, and the marks around it.
const FRAME: usize = 8;

/// About how many tokens a message with this text is: a third of its bytes, and its frame.
pub fn tokens(text: &str) -> usize {
    text.len().div_ceil(3) + FRAME
}

/// How much room LLM_CONTEXT_TOKENS leaves for the question and what was said before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenBudget(Option<usize>);

impl TokenBudget {
    /// What `limit` leaves beside the prompt and an answer of `max_tokens`. Without a limit there is room for everything.
    pub fn beside(limit: Option<u32>, prompt: &str, max_tokens: u32) -> Self {
        let tokens = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let taken = tokens(max_tokens).saturating_add(self::tokens(prompt));
        Self(limit.map(|limit| tokens(limit).saturating_sub(taken)))
    }

    /// Whether not even the shortest question finds room.
    pub fn is_none(self) -> bool {
        self.0.is_some_and(|room| room <= FRAME)
    }

    /// The newest of `said` that fit together with the question, beginning with a question: an answer is never read
    /// without what it answers.
    pub fn fit<'a>(self, said: &'a [Said], question: &str) -> &'a [Said] {
        let Some(room) = self.0 else { return whole(said) };
        let mut left = room.saturating_sub(tokens(question));
        let fitting = said.iter().rev().take_while(|(_, text)| {
            let rest = left.checked_sub(tokens(text));
            left = rest.unwrap_or_default();
            rest.is_some()
        });
        whole(&said[said.len() - fitting.count()..])
    }
}

/// The newer half of `said`, beginning with a question.
pub fn half(said: &[Said]) -> &[Said] {
    whole(&said[said.len().div_ceil(2)..])
}

/// `said` from its first question on.
fn whole(said: &[Said]) -> &[Said] {
    let first = said.iter().position(|(role, _)| role == Role::User.as_str());
    &said[first.unwrap_or(said.len())..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(history: &[(&str, &str)]) -> Vec<Said> {
        history.iter().map(|(role, text)| ((*role).to_owned(), (*text).to_owned())).collect()
    }

    fn room(tokens: usize) -> TokenBudget {
        TokenBudget(Some(tokens))
    }

    #[test]
    fn a_token_is_about_three_bytes_and_a_message_has_a_frame() {
        assert_eq!(tokens(""), FRAME);
        assert_eq!(tokens("abc"), FRAME + 1);
        assert_eq!(tokens("abcd"), FRAME + 2);
        assert_eq!(tokens("борщ"), FRAME + 3);
    }

    #[test]
    fn the_room_is_what_prompt_and_answer_leave() {
        assert_eq!(TokenBudget::beside(None, "abc", 1000), TokenBudget(None));
        assert_eq!(TokenBudget::beside(Some(2000), "abc", 1000), room(1000 - 1 - FRAME));
        assert_eq!(TokenBudget::beside(Some(500), "abc", 1000), room(0));
        assert!(room(FRAME).is_none() && !room(FRAME + 1).is_none() && !TokenBudget(None).is_none());
    }

    #[test]
    fn whole_turns_are_kept_from_the_newest_backwards() {
        let said = said(&[("user", "aaa"), ("assistant", "bbb"), ("user", "ccc"), ("assistant", "ddd")]);
        let each = FRAME + 1;
        assert_eq!(room(5 * each).fit(&said, "eee"), said);
        assert_eq!(room(5 * each - 1).fit(&said, "eee"), &said[2..]);
        assert_eq!(room(3 * each).fit(&said, "eee"), &said[2..]);
        // the answer alone would fit, and is left out with its question
        assert_eq!(room(3 * each - 1).fit(&said, "eee"), &said[4..]);
        assert_eq!(room(0).fit(&said, "eee"), &said[4..]);
        assert_eq!(TokenBudget(None).fit(&said[1..], "eee"), &said[2..]);
        // an old short message does not slip in past a long one
        let uneven = super::tests::said(&[("user", "a"), ("user", &"b".repeat(300)), ("user", "c")]);
        assert_eq!(room(5 * each).fit(&uneven, "d"), &uneven[2..]);
    }

    #[test]
    fn the_half_begins_with_a_question_and_gets_shorter_until_nothing_is_left() {
        let said =
            said(&[("user", "1"), ("assistant", "2"), ("user", "3"), ("assistant", "4"), ("user", "5")]);
        assert_eq!(half(&said), &said[4..]);
        assert_eq!(half(&said[..4]), &said[2..4]);
        assert_eq!(half(&said[..2]), &said[..0]);
        assert_eq!(half(&[]), &[] as &[Said]);
    }

    proptest! {
        #[test]
        fn whatever_was_said_what_is_read_fits_is_the_newest_and_begins_with_a_question(
            history in proptest::collection::vec((any::<bool>(), "[aя🍲]{0,40}"), 0..40),
            question in "[aя🍲]{0,40}",
            limit in proptest::option::of(0u32..2000),
            prompt in "[aя]{0,60}",
            max_tokens in 1u32..500,
        ) {
            let role = |user| if user { "user" } else { "assistant" };
            let said: Vec<Said> = history.into_iter().map(|(user, text)| (role(user).to_owned(), text)).collect();
            let read = TokenBudget::beside(limit, &prompt, max_tokens).fit(&said, &question);
            prop_assert!(said.ends_with(read));
            prop_assert!(read.first().is_none_or(|(role, _)| role == "user"));
            let whole = |said: &[Said]| said.iter().map(|(_, text)| tokens(text)).sum::<usize>()
                + tokens(&prompt) + tokens(&question) + usize::try_from(max_tokens).unwrap();
            let Some(limit) = limit.map(|limit| usize::try_from(limit).unwrap()) else {
                // nothing is cut but answers without a question
                let cut = &said[..said.len() - read.len()];
                prop_assert!(cut.iter().all(|(role, _)| role == "assistant"));
                return Ok(());
            };
            prop_assert!(read.is_empty() || whole(read) <= limit);
            // and no more would fit: the next turn back goes beyond the limit
            let before = &said[..said.len() - read.len()];
            if let Some(next) = before.iter().rposition(|(role, _)| role == "user") {
                prop_assert!(whole(&said[next..]) > limit);
            }
            prop_assert!(half(&said).len() <= said.len() / 2);
        }
    }
}
