//! Poll, and Telegram before it.

use diesel::prelude::*;
use systech_aidd::domain::lane::Moved;
use systech_aidd::domain::update::{EDITED_MESSAGE, MESSAGE, draft_id};
use systech_aidd::store::inbox;
use systech_aidd::store::schema::updates;
use systech_aidd::store::take_in::{self, Batch, Change, Edit, Received, Stopping};

use super::Play;
use crate::model::steps::{Arrival, BOT, GROUP, PLACES, SUPERGROUP};

/// An update as Telegram has it.
#[derive(Clone)]
pub(super) struct Past {
    id: i64,
    place: usize,
    what: What,
    text: String,
}

#[derive(Clone, Copy)]
enum What {
    Message,
    /// /stop, or the button of the answer with this draft.
    Stop(Option<i64>),
    /// The message has another text now.
    Edit(i64),
}

impl What {
    /// The kind of the update `id`, and the message that it is about.
    fn of(self, id: i64) -> (&'static str, Option<i64>) {
        match self {
            Self::Message | Self::Stop(None) => (MESSAGE, Some(id)),
            Self::Stop(Some(_)) => ("stopped_message_generation", None),
            Self::Edit(edited) => (EDITED_MESSAGE, Some(edited)),
        }
    }
}

impl Play<'_> {
    /// Poll takes in what Telegram delivers: in the order of its ids, each one once.
    pub(super) fn poll(&mut self, arrivals: &[Arrival], moves: bool) {
        let mut ids: Vec<i64> = arrivals.iter().filter_map(|arrival| self.arrive(arrival)).collect();
        ids.sort_unstable();
        ids.dedup();
        let arrived: Vec<Past> = ids.iter().map(|id| self.past(*id).clone()).collect();
        let mut batch = Batch::default();
        for Past { id, place, what, text } in &arrived {
            let (kind, message_id) = what.of(*id);
            batch.received.push(Received {
                bot_id: BOT,
                update_id: *id,
                chat_id: PLACES[*place].chat,
                user_id: PLACES[*place].user,
                thread_id: PLACES[*place].thread,
                kind,
                message_id,
                payload: text.clone(),
            });
            match *what {
                What::Message => {}
                What::Stop(draft_id) => {
                    batch.changes.push(Change::Stop(Stopping { update_id: *id, draft_id }));
                }
                What::Edit(message_id) => {
                    let edit = Edit { update_id: *id, message_id, payload: text.clone() };
                    batch.changes.push(Change::Edit(edit));
                }
            }
        }
        batch.moved.extend(moves.then_some(Moved { bot_id: BOT, from: GROUP, to: SUPERGROUP }));
        let mut newest = inbox::newest(&mut self.conn).unwrap();
        take_in::take_in(&mut self.conn, &batch).unwrap();
        let reference = &mut self.known.reference;
        for Past { id, place, what, text } in &arrived {
            if reference.is_new(*id) {
                let row = updates::table.filter(updates::update_id.eq(id)).select(updates::seq);
                let seq: i64 = row.first(&mut self.conn).unwrap();
                assert!(seq > newest, "update {id} is new");
                newest = seq;
                reference.ingest(seq, *id, PLACES[*place], what.of(*id).1, text);
            }
        }
        for Past { id, what, text, .. } in &arrived {
            match *what {
                What::Edit(message_id) => reference.edit(*id, message_id, text),
                What::Stop(None) => reference.stop(*id),
                What::Stop(Some(draft)) => reference.stop_shown(*id, |seq| i64::from(draft_id(seq)) == draft),
                What::Message => {}
            }
        }
        if moves {
            reference.move_chat(GROUP, SUPERGROUP);
        }
    }

    /// Telegram's number of the update, which is there from now on.
    fn arrive(&mut self, arrival: &Arrival) -> Option<i64> {
        let past = &self.known.past;
        let (place, what) = match *arrival {
            Arrival::Message(place) => (place, What::Message),
            Arrival::Again(index) => {
                return (!past.is_empty()).then(|| index.get(past).id);
            }
            Arrival::Stop(place, false) => (place, What::Stop(None)),
            Arrival::Stop(place, true) => {
                let oldest = self.known.reference.oldest(PLACES[place])?.seq;
                (place, What::Stop(Some(draft_id(oldest).into())))
            }
            Arrival::Edit(index) => {
                let last = &past[past.len().saturating_sub(4)..];
                let edited = (!last.is_empty()).then(|| index.get(last))?;
                (edited.place, What::Edit(edited.what.of(edited.id).1?))
            }
        };
        let id = 1000 + i64::try_from(self.known.past.len()).unwrap();
        self.known.past.push(Past { id, place, what, text: format!("q{id}") });
        Some(id)
    }

    fn past(&self, id: i64) -> &Past {
        self.known.past.iter().find(|past| past.id == id).unwrap()
    }
}
