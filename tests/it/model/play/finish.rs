//! How a worker brings an update to an end.

use std::time::Instant;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use systech_aidd::domain::address::Address;
use systech_aidd::domain::choice::Choice;
use systech_aidd::domain::lane::Lane;
use systech_aidd::domain::reply::ReplyPart;
use systech_aidd::domain::update::Key;
use systech_aidd::store::finish::{self, Ending, Finished, Turn};
use systech_aidd::store::inbox;
use systech_aidd::store::schema::updates;
use systech_aidd::store::turns::{self, Last};
use systech_aidd::store::{erase, history};

use super::Play;
use super::send::text;
use crate::model::reference::{End, Place};
use crate::model::steps::{Again, Outcome};

impl Play<'_> {
    pub(super) fn finish(&mut self, place: usize, outcome: Outcome, again: Again, twice: bool) {
        let Some(address) = self.take(place) else { return };
        self.known.in_work.remove(&place);
        let seq = address.update_seq;
        let mut work = self.work(address, outcome, again);
        let seqs: Vec<i64> = [seq].into_iter().chain(work.joined.iter().map(|key| key.seq)).collect();
        let mut finished = work.store(&mut self.conn);
        let stopped = self.known.reference.keep_from(&seqs, &work.end);
        assert_eq!(matches!(finished, Finished::Stopped), stopped, "whether it was stopped meanwhile");
        if stopped {
            work.end = End::Stopped(match work.end {
                End::Answered(answer) => Some(answer),
                _ => None,
            });
            finished = work.store(&mut self.conn);
        }
        let unsent = finished.done();
        let asking =
            self.known.reference.update(seq).filter(|update| update.waits()).map(|update| update.place);
        match (outcome, asking) {
            (Outcome::Clear, Some(place)) => self.known.reference.clear(place),
            (Outcome::Forget, Some(place)) => self.known.reference.erase(place.user, Some(seq)),
            _ => {}
        }
        let again = work.last.is_some();
        let known = self.known.reference.finish(
            &seqs,
            work.end.clone(),
            (&work.question, &work.message_ids),
            &work.parts,
            again,
        );
        assert_eq!(unsent.is_some(), known, "whether it was done already");
        let at_hand: Vec<String> =
            unsent.iter().flatten().map(text).filter(|text| !text.is_empty()).collect();
        let expected: Vec<&str> = work.parts.iter().map(|(text, _)| &**text).collect();
        assert!(unsent.is_none() || at_hand == expected, "what is to be sent: {at_hand:?}");
        if twice {
            assert!(work.store(&mut self.conn).done().is_none(), "it was done already");
        }
    }

    /// What a worker makes of an update.
    fn work(&mut self, address: Address, outcome: Outcome, again: Again) -> Work {
        let seq = address.update_seq;
        let Lane { chat_id, user_id, thread_id, .. } = address.lane;
        let here = Place { chat: chat_id, user: user_id, thread: thread_id };
        let (end, parts) = reply(seq, outcome);
        let again = if matches!(end, End::Replied) { Again::No } else { again };
        // One that has ended or is gone has no text any more, and nothing is stored of it.
        let text = updates::table.find(seq).select(updates::payload).first::<Option<String>>(&mut self.conn);
        let question = text.optional().unwrap().flatten().unwrap_or_default();
        let message_ids = vec![seq];
        let mut work =
            Work { address, outcome, end, parts, question, message_ids, joined: Vec::new(), last: None };
        if again == Again::Last {
            work.last = turns::last(&mut self.conn, address.lane).unwrap();
            let found = work.last.as_ref().map(|last| (last.question(), &*last.message_ids));
            assert_eq!(found, self.known.reference.last_question(here), "what can be answered again");
            if let Some(last) = &work.last {
                last.question().clone_into(&mut work.question);
                work.message_ids.clone_from(&last.message_ids);
            }
        }
        if again == Again::Joined {
            let behind = inbox::following(&mut self.conn, address.lane, seq, 1).unwrap();
            work.joined = behind.iter().map(|waiting| waiting.key(address.lane)).collect();
            assert_eq!(
                work.joined.first().map(|key| key.seq),
                self.known.reference.next_behind(here, seq),
                "what is behind it"
            );
            work.question.extend(behind.iter().map(|waiting| waiting.payload.as_str()));
        }
        work
    }
}

/// What a worker has in memory when it comes to an end.
struct Work {
    address: Address,
    outcome: Outcome,
    end: End,
    parts: Vec<(String, Vec<String>)>,
    question: String,
    message_ids: Vec<i64>,
    joined: Vec<Key>,
    last: Option<Last>,
}

impl Work {
    /// As the program does it.
    fn store(&self, conn: &mut PgConnection) -> Finished {
        let part = |(text, simpler): &(String, Vec<String>)| ReplyPart {
            fallback: simpler.iter().map(ReplyPart::plain).collect(),
            ..ReplyPart::plain(text)
        };
        let parts: Vec<ReplyPart> = self.parts.iter().map(part).collect();
        let ending = match &self.end {
            End::Answered(answer) => Ending::Answered { answer: answer.clone() },
            End::Stopped(answer) => Ending::Stopped { answer: answer.clone().unwrap_or_default() },
            End::Failed => Ending::Failed { class: "unreachable", refused: false },
            End::Refused => Ending::Failed { class: "refused", refused: true },
            End::Replied => {
                let asking = Some(self.address.update_seq);
                let act = |conn: &mut PgConnection, lane: Lane| {
                    match self.outcome {
                        Outcome::Clear => drop(history::clear(conn, lane)?),
                        Outcome::Forget => drop(erase::person(conn, lane.user_id, asking)?),
                        _ => {}
                    }
                    Ok(parts.clone())
                };
                return finish::reply(conn, self.address, &[], act).unwrap();
            }
        };
        let turn = Turn {
            question: &self.question,
            message_ids: &self.message_ids,
            quotes: &[],
            asked_at: None,
            joined: &self.joined,
            files: &[],
            replaces: self.last.as_ref(),
            sender: None,
            reading: None,
            began: Instant::now(),
            ending: &ending,
            calls: &[],
            gone: &Choice::NONE,
        };
        finish::turn(conn, self.address, &turn, &parts).unwrap()
    }
}

/// The end of an update, and the parts of its reply, each with its simpler forms.
fn reply(seq: i64, outcome: Outcome) -> (End, Vec<(String, Vec<String>)>) {
    let part = |number: usize, simpler: usize| {
        let simpler = (0..simpler).map(|form| format!("{seq}.{number}.{form}")).collect();
        (format!("{seq}.{number}"), simpler)
    };
    let parts = |count: usize, simpler: usize| {
        (0..count).map(|number| part(number, (simpler + number) % 3)).collect::<Vec<_>>()
    };
    match outcome {
        Outcome::Answered(count, simpler) => (End::Answered(format!("a{seq}")), parts(count, simpler)),
        Outcome::Stopped(0, _) => (End::Stopped(None), vec![part(0, 0)]),
        Outcome::Stopped(count, simpler) => (End::Stopped(Some(format!("s{seq}"))), parts(count, simpler)),
        Outcome::Failed => (End::Failed, vec![part(0, 0)]),
        Outcome::Refused => (End::Refused, vec![part(0, 0)]),
        Outcome::Silence => (End::Replied, Vec::new()),
        Outcome::Clear | Outcome::Forget => (End::Replied, vec![part(0, 0)]),
    }
}
