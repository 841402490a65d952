//! The rows of the tables as text.

use std::collections::BTreeSet;

use super::{Message, Part, Place, Reference, Turn, Update};

impl Reference {
    /// The rows, as `states.rs` reads them from the database.
    pub(crate) fn rows(&self) -> Vec<String> {
        let stamps: BTreeSet<u32> = self.messages.iter().filter_map(|said| said.cleared).collect();
        let rank = |cleared: Option<u32>| cleared.map_or(0, |cleared| stamps.range(..=cleared).count());
        let at =
            |Place { chat, user, thread }: Place| format!("{chat} {user} {}", thread.unwrap_or_default());
        let flags = |set: &[bool]| set.iter().map(|set| if *set { 't' } else { 'f' }).collect::<String>();
        let updates = self.updates.iter().map(|update| {
            let Update { seq, id, place, question, attempts, retries, .. } = update;
            let payload = if update.waits() { question } else { "" };
            let flags = flags(&[update.put_off, update.stopped, !update.waits()]);
            format!("update {seq} {id} {} [{payload}] {attempts} {retries} {flags}", at(*place))
        });
        let turns =
            self.turns.iter().map(|Turn { seq, place, question, answer, state, message_ids, superseded }| {
                let (answer, superseded) = (answer.as_deref().unwrap_or_default(), flags(&[*superseded]));
                format!(
                    "turn {seq} {} [{question}] [{answer}] {state} {message_ids:?} {superseded}",
                    at(*place)
                )
            });
        let said = self.messages.iter().map(|Message { place, role, text, cleared, .. }| {
            format!("message {} {role} [{text}] {}", at(*place), rank(*cleared))
        });
        let parts = self.parts.iter().map(|part| {
            let Part { seq, place, position, op, state, attempts, thread, .. } = part;
            let op = format!("{op:?}").to_lowercase();
            let message_id = part.message_id.unwrap_or_default();
            let flags = flags(&[*state == "unsent", part.put_off]);
            format!(
                "part {seq} {} to {} {position} {op} {state} {message_id} {attempts} {flags}",
                at(*place),
                thread.unwrap_or_default()
            )
        });
        updates.chain(turns).chain(said).chain(parts).collect()
    }
}
