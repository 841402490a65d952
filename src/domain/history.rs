//! What was said before.

/// Who said it, as `messages.role` has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// As stored and as the model's endpoint takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    /// Reads what is stored. `None`: a word that this program never wrote.
    pub fn of(stored: &str) -> Option<Self> {
        [Self::User, Self::Assistant].into_iter().find(|role| role.as_str() == stored)
    }
}

/// A message of the past, as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// `messages.id`
    pub id: i64,
    /// `messages.role`
    pub role: String,
    /// `messages.content`
    pub content: String,
}

/// A question with its answer: what models read of the past.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `messages.id` of the question; of several in a row, the last one's.
    pub question_id: i64,
    /// `messages.id` of everything in it, in order.
    pub message_ids: Vec<i64>,
    /// What the person asked.
    pub question: String,
    /// What the model answered.
    pub answer: String,
}

/// A dialogue as models take it: question and answer in turns, each with something in it.
#[derive(Default)]
pub struct Past {
    /// Whole turns, the oldest first.
    pub exchanges: Vec<Exchange>,
    /// Messages of a role that is none, by id: they are left out.
    pub odd: Vec<i64>,
}

impl Past {
    /// Makes whole turns of messages in the order of saying. Messages of one role in a row are one, for the predecessor
    /// answered two questions at once, one after the other; an answer without a question, at the beginning, and a question
    /// without an answer, at the end, are left out.
    pub fn of(said: impl IntoIterator<Item = Said>) -> Self {
        let mut past = Self::default();
        let mut question: Option<(Vec<i64>, String)> = None;
        for Said { id, role, content } in said {
            match Role::of(&role) {
                None => past.odd.push(id),
                Some(_) if content.trim().is_empty() => {}
                Some(Role::User) => match &mut question {
                    Some((ids, question)) => {
                        ids.push(id);
                        append(question, &content);
                    }
                    None => question = Some((vec![id], content)),
                },
                Some(Role::Assistant) => match (question.take(), past.exchanges.last_mut()) {
                    (Some((mut message_ids, question)), _) => {
                        let question_id = message_ids.last().copied().unwrap_or(id);
                        message_ids.push(id);
                        past.exchanges.push(Exchange { question_id, message_ids, question, answer: content });
                    }
                    (None, Some(last)) => {
                        last.message_ids.push(id);
                        append(&mut last.answer, &content);
                    }
                    (None, None) => {}
                },
            }
        }
        past
    }
}

fn append(text: &mut String, more: &str) {
    text.push_str("\n\n");
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn past(said: &[(&str, &str)]) -> Past {
        let row = |(id, (role, content)): (i64, &(&str, &str))| Said {
            id,
            role: (*role).to_owned(),
            content: (*content).to_owned(),
        };
        Past::of((1..).zip(said).map(row))
    }

    fn turns(past: &Past) -> Vec<(&str, &str)> {
        past.exchanges.iter().map(|turn| (turn.question.as_str(), turn.answer.as_str())).collect()
    }

    #[test]
    fn whatever_is_stored_whole_turns_are_read() {
        let (u, a) = ("user", "assistant");
        for (said, expected) in [
            (vec![(u, "1"), (a, "2"), (u, "3"), (a, "4")], vec![("1", "2"), ("3", "4")]),
            (vec![(u, "1"), (u, "2"), (a, "3")], vec![("1\n\n2", "3")]),
            (vec![(u, "1"), (u, "2"), (a, "3"), (a, "4")], vec![("1\n\n2", "3\n\n4")]),
            (vec![(a, "0"), (u, "1"), (a, "2")], vec![("1", "2")]),
            (vec![(u, "1"), (a, "2"), (u, "3")], vec![("1", "2")]),
            (vec![(u, "1"), (a, " \n"), (u, "2"), (a, "3")], vec![("1\n\n2", "3")]),
            (vec![(u, ""), (a, "2"), (u, "3"), (a, "4")], vec![("3", "4")]),
            (vec![(u, "1"), ("system", "x"), (a, "2"), ("User", "y"), ("", "z")], vec![("1", "2")]),
            (vec![], vec![]),
        ] {
            assert_eq!(turns(&past(&said)), expected, "{said:?}");
        }
        assert_eq!(past(&[("user", "1"), ("tool", "x"), ("assistant", "2"), ("", "y")]).odd, [2, 4]);
    }

    #[test]
    fn a_turn_knows_the_numbers_of_all_that_is_in_it() {
        let (u, a) = ("user", "assistant");
        let past =
            past(&[(a, "0"), (u, "1"), (u, " "), (u, "2"), (a, "3"), ("tool", "x"), (a, "4"), (u, "5")]);
        assert_eq!(past.exchanges[0].question_id, 4);
        assert_eq!(past.exchanges[0].message_ids, [2, 4, 5, 7]);
    }

    proptest! {
        #[test]
        fn every_turn_has_a_question_and_an_answer_and_words_are_neither_lost_nor_moved(
            said in proptest::collection::vec(
                (proptest::sample::select(vec!["user", "assistant", "system", "tool"]), "[a-c ]{0,3}"), 0..30,
            ),
        ) {
            let rows: Vec<_> = said.iter().map(|(role, content)| (*role, content.as_str())).collect();
            let past = past(&rows);
            prop_assert!(past.exchanges.iter().all(|turn| !turn.question.trim().is_empty() && !turn.answer.trim().is_empty()));
            prop_assert_eq!(past.odd.len(), rows.iter().filter(|(role, _)| matches!(*role, "system" | "tool")).count());
            // The prompt holds what was said, from the first question to the last answer.
            let known = |(role, content): &&(&str, &str)| matches!(*role, "user" | "assistant") && !content.trim().is_empty();
            let spoken: Vec<_> = rows.iter().filter(known).collect();
            let first = spoken.iter().position(|(role, _)| *role == "user").unwrap_or(spoken.len());
            let last = spoken.iter().rposition(|(role, _)| *role == "assistant").map_or(0, |last| last + 1);
            let expected: Vec<_> = spoken.get(first..last).unwrap_or_default().iter().map(|(_, content)| *content).collect();
            let read: Vec<_> = turns(&past).into_iter().flat_map(|(question, answer)| [question, answer]).collect();
            prop_assert_eq!(read.join("\n\n"), expected.join("\n\n"));
        }
    }
}
