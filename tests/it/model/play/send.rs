//! What becomes of the calls that send parts.

use systech_aidd::domain::replacement::Instead;
use systech_aidd::domain::reply::{Content, Op, ReplyPart};
use systech_aidd::store::outbox::{self, Unsent};
use systech_aidd::store::replace::replace;

use super::{Play, lane};
use crate::model::steps::{Fate, HOUR, PLACES};

impl Play<'_> {
    pub(super) fn send(&mut self, place: usize, fate: Fate) {
        let lane = lane(PLACES[place]);
        let unsent = outbox::unsent(&mut self.conn, lane).unwrap();
        let found: Vec<_> = unsent.iter().map(|unsent| (text(unsent), unsent.wait().is_some())).collect();
        let known: Vec<_> = self
            .known
            .reference
            .unsent(PLACES[place])
            .map(|part| (part.text.clone(), part.put_off))
            .collect();
        assert_eq!(found, known, "what is to be sent");
        let Some(unsent) = unsent.first().filter(|unsent| unsent.wait().is_none()) else { return };
        // A change that is repeated changes nothing more.
        let op = unsent.op().unwrap();
        if matches!(fate, Fate::Recorded | Fate::Taken) && op == Op::Send {
            *self.known.taken.entry(text(unsent)).or_default() += 1;
        }
        match (fate, op) {
            (Fate::Recorded, op) => {
                self.known.message_id += 1;
                let message_id = match op {
                    Op::Send => self.known.message_id,
                    Op::Edit(message_id) | Op::Delete(message_id) => message_id,
                };
                // As retry_forever repeats it.
                for _ in 0..2 {
                    outbox::sent(&mut self.conn, unsent, message_id).unwrap();
                }
                self.known.reference.sent(PLACES[place], message_id);
            }
            (Fate::Taken, Op::Send) => *self.known.unrecorded.entry(text(unsent)).or_default() += 1,
            (Fate::Taken | Fate::Never, _) | (Fate::NotThere, Op::Send) => {}
            (Fate::NoTopic, Op::Send) => {
                assert!(outbox::leave_topic(&mut self.conn, unsent).unwrap() > 0);
                self.known.reference.leave_topic(PLACES[place]);
            }
            (Fate::Refused | Fate::NotThere | Fate::NoTopic, Op::Delete(_)) => {
                outbox::abandon(&mut self.conn, unsent).unwrap();
                self.known.reference.abandon(PLACES[place]);
            }
            (Fate::NotThere | Fate::NoTopic, Op::Edit(_)) => {
                assert!(replace(&mut self.conn, unsent, Instead::Anew).unwrap());
                self.known.reference.send_anew(PLACES[place]);
            }
            (Fate::Refused, _) => {
                let simpler = replace(&mut self.conn, unsent, Instead::Simpler).unwrap();
                assert_eq!(
                    simpler,
                    self.known.reference.simplify(PLACES[place]),
                    "whether there is a simpler form"
                );
                if !simpler {
                    outbox::abandon(&mut self.conn, unsent).unwrap();
                    self.known.reference.abandon(PLACES[place]);
                }
            }
            (Fate::Forbidden, _) => {
                outbox::abandon_chat(&mut self.conn, lane).unwrap();
                self.known.reference.abandon_chat(lane.chat_id);
            }
            (Fate::Paused, _) => {
                outbox::put_off(&mut self.conn, unsent, unsent.attempts + 1, HOUR).unwrap();
                self.known.reference.put_part_off(PLACES[place]);
            }
        }
    }
}

pub(super) fn text(unsent: &Unsent) -> String {
    match unsent.part().unwrap().content {
        Content::Text { text, .. } => text,
        other => panic!("a part of another kind: {:?}", ReplyPart::of(other)),
    }
}
