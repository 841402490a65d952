//! Which part of a dialogue the model reads: a window that stays where it begins for some turns, and then moves on in one step.
//!
//! Endpoints keep what they have read and take less for a prompt that begins with the same words. A window that moved on by
//! one turn with each question would never begin with the same words. This one grows up to its limit, and is then cut down.
//!
//! Where it begins, the ids of the messages alone tell: among the places that leave between a quarter and all of the limit, at
//! the one where the ids pass the roundest number, as a binary ruler has its longest lines. That place stays the roundest
//! until it is out of reach or a rounder one comes, so a restart, a second worker and a repeated question find the same
//! window, and nobody has to remember where it was.

use crate::domain::history::{Role, Said};

/// So many messages beyond the limit are needed to tell how round the oldest place is: a question and its answer.
pub const BEYOND: u32 = 2;

/// What of the newest messages is read: at most `limit` of them. `said` are the newest `limit + BEYOND` messages of the
/// dialogue, the oldest first, or all where there are fewer.
pub fn of(mut said: Vec<Said>, limit: usize) -> Vec<Said> {
    let surplus = said.len().saturating_sub(limit);
    if surplus == 0 {
        return said;
    }
    let is_question = |at: usize| said[at].role == Role::User.as_str();
    let least = limit.div_ceil(4);
    let places = (surplus..said.len())
        .filter(|&at| said.len() - at >= least && is_question(at) && !is_question(at - 1));
    // From the question before, for only every other id is one where nobody else writes.
    let passed = |at: &usize| said[*at].id ^ said[at.saturating_sub(2)].id;
    let start = places.min_by_key(|at| passed(at).leading_zeros()).unwrap_or(surplus);
    said.split_off(start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A dialogue of questions and answers; so many other messages are stored before each question.
    fn dialogue(gaps: impl IntoIterator<Item = i64>) -> Vec<Said> {
        let mut id = 0;
        let mut said = Vec::new();
        for gap in gaps {
            id += gap;
            for role in ["user", "assistant"] {
                id += 1;
                said.push(Said { id, role: role.to_owned(), content: id.to_string() });
            }
        }
        said
    }

    /// What is read after so many messages, as the store fetches it.
    fn read(said: &[Said], limit: usize) -> Vec<Said> {
        let fetched = said.len().saturating_sub(limit + usize::try_from(BEYOND).unwrap());
        of(said[fetched..].to_vec(), limit)
    }

    /// Where the windows after each turn begin.
    fn starts(said: &[Said], limit: usize) -> Vec<i64> {
        (2..=said.len()).step_by(2).map(|count| read(&said[..count], limit)[0].id).collect()
    }

    #[test]
    fn a_dialogue_that_is_alone_moves_on_once_in_eight_turns() {
        let said = dialogue([0; 200]);
        let mut starts = starts(&said, 20);
        assert!(starts.is_sorted());
        starts.dedup();
        assert_eq!(starts.len(), 25, "{starts:?}");
    }

    #[test]
    fn what_fits_is_read_whole_and_without_a_limit_of_any_size_nothing_breaks() {
        let said = dialogue([0; 10]);
        for limit in 20..24 {
            assert_eq!(read(&said, limit).len(), 20);
        }
        assert_eq!(read(&said, 0).len(), 0);
        assert_eq!(read(&said, 2).len(), 2, "the newest turn");
        assert_eq!(read(&[], 20).len(), 0);
        // Questions that were never answered one by one: there is no good place, and the limit holds.
        let questions: Vec<_> =
            said.into_iter().map(|said| Said { role: "user".to_owned(), ..said }).collect();
        assert_eq!(read(&questions, 8).len(), 8);
    }

    proptest! {
        #[test]
        fn the_window_holds_the_newest_turns_and_seldom_moves(
            gaps in proptest::collection::vec(0i64..600, 60..120),
            limit in 8usize..40,
        ) {
            let said = dialogue(gaps.clone());
            for count in (2..=said.len()).step_by(2) {
                let read = read(&said[..count], limit);
                prop_assert!(said[..count].ends_with(&read));
                prop_assert!(read.len() <= limit && read.len() >= count.min(limit.div_ceil(4)), "{}", read.len());
                prop_assert_eq!(&*read[0].role, "user");
            }
            let mut starts = starts(&said, limit);
            prop_assert!(starts.is_sorted(), "it never goes back");
            starts.dedup();
            // One that slides moves with each turn beyond the limit.
            let slid = gaps.len() - limit / 2;
            prop_assert!(2 * starts.len() < slid + 8, "{} of {slid}", starts.len());
        }
    }
}
