//! What of the dialogue the model reads: whole turns, the newest ones, as many as fit into LLM_CONTEXT_TOKENS.
//!
//! When they do not all fit, only as many are read as fill half of the room. What is read can then grow for some turns and
//! still begin with the same words, which is what caches of prompts need ([`crate::domain::window`]). Nobody remembers what was
//! read for the questions before: it is found again, question by question.
//!
//! Nobody but the endpoint knows what a token is, and it says so only afterwards. The estimate here is made for every
//! model and language, and rather high than low; where it is too low all the same, the endpoint refuses the prompt and
//! [`half`] is tried, again and again.

use crate::domain::history::Exchange;

/// What a message costs beside its text: its role, and the marks around it.
const FRAME: usize = 8;

/// About how many bytes of text are a token.
pub(super) const BYTES: usize = 3;

/// About how many tokens a message with this text is: a third of its bytes, and its frame.
pub fn tokens(text: &str) -> usize {
    text.len().div_ceil(BYTES) + FRAME
}

/// About how many tokens a picture is: what models take for one of the size that Telegram makes.
pub const PICTURE: usize = 1600;

/// How many tokens the words of files may have where nobody knows how much the model reads: half of what today's read at least.
const FILES: usize = 64_000;

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

    /// What is left of it beside something of so many tokens.
    #[must_use]
    pub fn without(self, tokens: usize) -> Self {
        Self(self.0.map(|room| room.saturating_sub(tokens)))
    }

    /// So many parts of it are the whole. `None`: it has no end.
    pub fn part(self, parts: usize) -> Option<usize> {
        self.0.map(|room| room / parts)
    }

    /// How many tokens the words of files may have beside everything else: half of the room, so that a dialogue about them
    /// goes on. The same for the question that brings them and for those that follow.
    pub fn for_files(self) -> usize {
        self.0.map_or(FILES, |room| room / 2)
    }

    /// Whether not even the shortest question finds room.
    pub fn is_none(self) -> bool {
        self.0.is_some_and(|room| room <= FRAME)
    }

    /// The turns that are read with the question: the newest ones, and they fit together with it.
    pub fn fit<'a>(self, past: &'a [Exchange], question: &str) -> &'a [Exchange] {
        let Some(room) = self.0 else { return past };
        let mut read = Read { turns: past, start: 0, tokens: 0 };
        for (place, turn) in past.iter().enumerate() {
            read.make_room(place, tokens(&turn.question), room);
            read.tokens += tokens(&turn.question) + tokens(&turn.answer);
        }
        read.make_room(past.len(), tokens(question), room);
        &past[read.start..]
    }
}

/// The turns that were read with some question of the past.
struct Read<'a> {
    turns: &'a [Exchange],
    /// The first of them.
    start: usize,
    /// All of them.
    tokens: usize,
}

impl Read<'_> {
    /// Leaves out the oldest turns before `end` if they do not fit together with a question of so many tokens: until half
    /// of the room is free, but not the last one that fits.
    fn make_room(&mut self, end: usize, question: usize, room: usize) {
        if self.tokens + question <= room {
            return;
        }
        while self.start < end {
            let is_last = self.start + 1 == end;
            let most = if is_last { room } else { room / 2 };
            if self.tokens + question <= most {
                return;
            }
            let turn = &self.turns[self.start];
            self.tokens -= tokens(&turn.question) + tokens(&turn.answer);
            self.start += 1;
        }
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
            question_id: 0,
            message_ids: Vec::new(),
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
    fn where_not_all_turns_fit_the_newest_that_fill_half_of_the_room_are_kept() {
        let past = past(&[("aaa", "bbb"), ("ccc", "ddd")]);
        let kept = |tokens| past.len() - room(tokens).fit(&past, "eee").len();
        let each = FRAME + 1;
        assert_eq!(kept(5 * each), 0);
        assert_eq!(kept(5 * each - 1), 1);
        // The last turn is kept as long as it fits at all.
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
    fn what_is_read_begins_with_the_same_turn_until_the_room_is_used_up() {
        let past = past(&[("aaa", "bbb"); 100]);
        let each = FRAME + 1;
        // Ten turns and a question.
        let room = room(21 * each);
        let starts = (0..100).map(|count| count - room.fit(&past[..count], "eee").len());
        let mut moves: Vec<_> = starts.collect();
        assert!(moves.is_sorted());
        moves.dedup();
        let steps: Vec<_> = moves.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| *step == 7), "from eleven turns to four: {steps:?}");
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
            let past: Vec<_> = turns.into_iter().map(|(question, answer)| Exchange { question_id: 0, message_ids: Vec::new(), question, answer }).collect();
            let read = TokenBudget::beside(limit, &prompt, max_tokens).fit(&past, &question);
            prop_assert!(past.ends_with(read));
            let whole = |past: &[Exchange]| past.iter().map(|turn| tokens(&turn.question) + tokens(&turn.answer)).sum::<usize>()
                + tokens(&prompt) + tokens(&question) + usize::try_from(max_tokens).unwrap();
            let Some(limit) = limit.map(|limit| usize::try_from(limit).unwrap()) else {
                prop_assert_eq!(read.len(), past.len());
                return Ok(());
            };
            prop_assert!(read.is_empty() || whole(read) <= limit);
            // Whatever is left out, all would not fit; and something is read if anything fits.
            prop_assert!(read.len() == past.len() || whole(&past) > limit);
            if let Some(newest) = past.len().checked_sub(1) {
                prop_assert!(!read.is_empty() || whole(&past[newest..]) > limit);
            }
            // With the turn that comes of it, the next prompt begins with the same turn, if that fits.
            let mut longer = past.clone();
            longer.push(Exchange { question_id: 0, message_ids: Vec::new(), question: question.clone(), answer: "a".to_owned() });
            let next = TokenBudget::beside(Some(u32::try_from(limit).unwrap()), &prompt, max_tokens).fit(&longer, "");
            let same = &longer[past.len() - read.len()..];
            prop_assert!(next == same || whole(same) - tokens(&question) + tokens("") > limit);
        }
    }
}
