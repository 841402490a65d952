//! What happens to whole dialogues: they are cleared, restored, erased, and move with their chat.

use super::{Message, Op, Place, Reference, Update};

impl Reference {
    pub(crate) fn clear(&mut self, place: Place) {
        self.clearings += 1;
        let live = |said: &&mut Message| said.place == place && said.cleared.is_none();
        self.messages.iter_mut().filter(live).for_each(|said| said.cleared = Some(self.clearings));
    }

    /// What was replaced stays hidden.
    pub(crate) fn restore(&mut self, place: Place) {
        let replaced: Vec<i64> =
            self.turns.iter().filter(|turn| turn.superseded).map(|turn| turn.seq).collect();
        let here = |said: &&mut Message| said.place == place && !replaced.contains(&said.seq);
        let latest = self.messages.iter_mut().filter(here).filter_map(|said| said.cleared).max();
        self.messages
            .iter_mut()
            .filter(here)
            .filter(|said| said.cleared == latest)
            .for_each(|said| said.cleared = None);
    }

    /// Everything of a person, but for the update that asks for it and what waits behind it.
    pub(crate) fn erase(&mut self, user: i64, asking: Option<i64>) {
        let stays = |update: &Update| {
            asking.is_some_and(|asking| update.seq == asking || (update.seq > asking && update.waits()))
        };
        // Emptied, and not gone: a repetition is recognised still.
        let emptied = self.updates.iter_mut().filter(|update| update.place.user == user && !stays(update));
        emptied.for_each(Update::empty);
        self.turns.retain(|turn| turn.place.user != user);
        self.messages.retain(|said| said.place.user != user);
        self.parts.retain(|part| part.place.user != user);
    }

    /// Telegram's ids of messages name others in the new chat. Tombstones stay where they are: nothing looks for them there.
    pub(crate) fn move_chat(&mut self, from: i64, to: i64) {
        for part in self.parts.iter_mut().filter(|part| part.place.chat == from) {
            if (part.op, part.state) == (Op::Delete, "unsent") {
                part.state = "abandoned";
            }
            if part.op == Op::Edit {
                part.op = Op::Send;
            }
            part.message_id = None;
        }
        let asked = self.turns.iter_mut().filter(|turn| turn.place.chat == from);
        asked.for_each(|turn| turn.message_ids.clear());
        let updates = self.updates.iter_mut().filter(|update| update.waits()).map(|update| &mut update.place);
        let turns = self.turns.iter_mut().map(|turn| &mut turn.place);
        let said = self.messages.iter_mut().map(|said| &mut said.place);
        let parts = self.parts.iter_mut().map(|part| &mut part.place);
        updates
            .chain(turns)
            .chain(said)
            .chain(parts)
            .filter(|place| place.chat == from)
            .for_each(|place| place.chat = to);
    }
}
