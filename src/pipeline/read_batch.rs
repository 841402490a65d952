//! What a batch of getUpdates holds: what is stored, what is told at once, and the offset that confirms all of it.

use std::collections::HashSet;

use serde_json::value::RawValue;
use tracing::debug;

use crate::domain::button::Button;
use crate::domain::command::{Command, Request};
use crate::domain::lane::Moved;
use crate::domain::update::{EDITED_MESSAGE, MESSAGE};
use crate::metrics;
use crate::pipeline::assemble::{Open, Taken};
use crate::store::take_in::{Batch, Change, Edit, Received, Stopping};
use crate::telegram::{Incoming, Me, Message, PassedOver, Press};

/// A batch, read.
#[derive(Default)]
pub(super) struct ReadBatch {
    /// What is stored.
    pub(super) batch: Batch,
    /// Presses of buttons among it, each with what the user is to be told at once.
    pub(super) presses: Vec<(Press, Option<&'static str>)>,
    /// The offset that confirms the batch. `None`: nothing in it has a number.
    pub(super) next: Option<i64>,
    /// How many updates have no number.
    pub(super) unreadable: usize,
}

impl ReadBatch {
    /// Reads a batch for what asks for an answer.
    pub(super) fn of(batch: &[Box<RawValue>], me: &Me, open: &mut Open) -> Self {
        let mut read = Self::default();
        let mut seen = HashSet::new();
        let decoded: Vec<_> = batch.iter().map(|raw| Incoming::decode(raw.get(), me)).collect();
        decoded.iter().flatten().for_each(|incoming| open.look_at(incoming));
        for decoded in decoded {
            metrics::received(decoded.as_ref().ok().map(|incoming| incoming.kind));
            let update_id = match decoded {
                Ok(mut incoming) => {
                    let update_id = incoming.update_id;
                    let taken = open.takes(&mut incoming, me);
                    if taken == Taken::Nothing {
                        debug!(update_id, "ignored what people say to each other in a group");
                    } else if seen.insert(update_id) {
                        read.sort(&incoming, me);
                    }
                    // Work on what this batch brings has not begun.
                    if let Taken::PieceOf(first) = taken
                        && seen.insert(first)
                    {
                        read.batch.changes.push(Change::Grow(first));
                    }
                    update_id
                }
                Err(PassedOver::Moved { update_id, from, to }) => {
                    read.batch.moved.push(Moved { bot_id: me.id, from, to });
                    update_id
                }
                Err(PassedOver::Topic { update_id, topic }) => {
                    read.batch.topics.push((me.id, topic));
                    update_id
                }
                Err(PassedOver::NothingToAnswer(update_id)) => {
                    debug!(update_id, "ignored an update that asks for no answer");
                    update_id
                }
                Err(PassedOver::Unreadable) => {
                    read.unreadable += 1;
                    continue;
                }
            };
            read.next = read.next.max(update_id.checked_add(1));
        }
        read
    }

    /// Puts an update where it belongs in its batch.
    fn sort(&mut self, incoming: &Incoming, me: &Me) {
        let Incoming { update_id, kind, message } = incoming;
        let received = received(me, incoming);
        // An edit stops nothing: what was meant by it came before it
        let text = message.text.as_deref().filter(|_| *kind == MESSAGE);
        let request = text.map(|text| Request::of(text, &me.username));
        self.presses.extend(told_at_once(message));
        if message.stopped_draft.is_some() || request == Some(Request::Command(Command::Stop)) {
            let stop = Stopping { update_id: *update_id, draft_id: message.stopped_draft };
            self.batch.changes.push(Change::Stop(stop));
        }
        if let (&EDITED_MESSAGE, Some(message_id)) = (kind, message.message_id) {
            let payload = received.payload.clone();
            self.batch.changes.push(Change::Edit(Edit { update_id: *update_id, message_id, payload }));
        }
        self.batch.received.push(received);
    }
}

/// A press is acknowledged when it is stored, however long its lane is busy. A user who may not press the button reads so;
/// whether somebody may press the button of a chat has to be found out first ([`crate::pipeline::on_behalf`]).
fn told_at_once(message: &Message) -> Option<(Press, Option<&'static str>)> {
    let press = message.press.clone().filter(|press| press.by == message.user_id)?;
    let foreign = Button::of(&press.data).is_some_and(|button| !button.is_for(message.user_id));
    Some((press, foreign.then(|| message.language.foreign_button())))
}

/// The row of an update. It holds no more than what is read of it: of what others said, what the update quotes.
fn received(me: &Me, incoming: &Incoming) -> Received {
    Received {
        bot_id: me.id,
        update_id: incoming.update_id,
        chat_id: incoming.message.chat_id,
        user_id: incoming.message.user_id,
        thread_id: incoming.message.thread_id,
        kind: incoming.kind,
        message_id: incoming.message.message_id,
        payload: incoming.essence(me),
    }
}
