//! What of the dialogue the model reads: whole turns, the newest ones, as many as fit into LLM_CONTEXT_TOKENS.
//!
//! Nobody but the endpoint knows what a token is, and it says so only afterwards. The estimate here is made for every
//! model and language, and rather high than low; where it is too low all the same, the endpoint refuses the prompt and
//! [`half`] is tried, again and again.

use crate::domain::history::Exchange;

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

    /// The newest turns that fit together with the question.
    pub fn fit<'a>(self, past: &'a [Exchange], question: &str) -> &'a [Exchange] {
        let Some(room) = self.0 else { return past };
        let mut left = room.saturating_sub(tokens(question));
        let fitting = past.iter().rev().take_while(|turn| {
            let rest = left.checked_sub(tokens(&turn.question) + tokens(&turn.answer));
            left = rest.unwrap_or_default();
            rest.is_some()
        });
        &past[past.len() - fitting.count()..]
    }
}

/// The newer half of the turns: fewer each time, and none at last.
pub fn half(past: &[Exchange]) -> &[Exchange] {
    &past[past.len().div_ceil(2)..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn past(turns: &[(&str, &str)]) -> Vec<Exchange> {
        let exchange = |(question, answer): &(&str, &str)| Exchange {
            question: (*question).to_owned(),
            answer: (*answer).to_owned(),
        };
        turns.iter().map(exchange).collect()
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
        let past = past(&[("aaa", "bbb"), ("ccc", "ddd")]);
        let kept = |tokens| past.len() - room(tokens).fit(&past, "eee").len();
        let each = FRAME + 1;
        assert_eq!(kept(5 * each), 0);
        assert_eq!(kept(5 * each - 1), 1);
        assert_eq!(kept(3 * each), 1);
        // The answer alone would fit, and is left out with its question.
        assert_eq!(kept(3 * each - 1), 2);
        assert_eq!(kept(0), 2);
        assert_eq!(TokenBudget(None).fit(&past, "eee").len(), 2);
        // An old short turn does not slip in past a long one.
        let uneven = super::tests::past(&[("a", "b"), ("a", &"b".repeat(300)), ("a", "b")]);
        assert_eq!(room(8 * each).fit(&uneven, "d").len(), 1);
    }

    #[test]
    fn the_half_gets_shorter_until_nothing_is_left() {
        let past = past(&[("1", "2"); 5]);
        let mut lengths = vec![past.len()];
        let mut rest = &past[..];
        while !rest.is_empty() {
            rest = half(rest);
            lengths.push(rest.len());
        }
        assert_eq!(lengths, [5, 2, 1, 0]);
    }

    proptest! {
        #[test]
        fn whatever_was_said_what_is_read_fits_and_is_the_newest(
            turns in proptest::collection::vec(("[aя🍲]{0,40}", "[aя🍲]{0,40}"), 0..20),
            question in "[aя🍲]{0,40}",
            limit in proptest::option::of(0u32..2000),
            prompt in "[aя]{0,60}",
            max_tokens in 1u32..500,
        ) {
            let past: Vec<_> = turns.into_iter().map(|(question, answer)| Exchange { question, answer }).collect();
            let read = TokenBudget::beside(limit, &prompt, max_tokens).fit(&past, &question);
            prop_assert!(past.ends_with(read));
            let whole = |past: &[Exchange]| past.iter().map(|turn| tokens(&turn.question) + tokens(&turn.answer)).sum::<usize>()
                + tokens(&prompt) + tokens(&question) + usize::try_from(max_tokens).unwrap();
            let Some(limit) = limit.map(|limit| usize::try_from(limit).unwrap()) else {
                prop_assert_eq!(read.len(), past.len());
                return Ok(());
            };
            prop_assert!(read.is_empty() || whole(read) <= limit);
            // No more would fit: the next older turn goes beyond the limit.
            if let Some(next) = (past.len() - read.len()).checked_sub(1) {
                prop_assert!(whole(&past[next..]) > limit);
            }
        }
    }
}
