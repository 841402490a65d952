//! What becomes of the parts of replies.

use super::{Op, Part, Place, Reference};

impl Reference {
    /// The texts of what is recorded as sent.
    pub(crate) fn sent_parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|part| part.made).map(|part| &*part.text)
    }

    fn first_unsent(&mut self, place: Place) -> &mut Part {
        let unsent = self.parts.iter_mut().find(|part| part.place == place && part.state == "unsent");
        unsent.expect("something to send")
    }

    pub(crate) fn sent(&mut self, place: Place, message_id: i64) {
        let part = self.first_unsent(place);
        (part.state, part.message_id, part.made) = ("sent", Some(message_id), part.op == Op::Send);
    }

    pub(crate) fn put_part_off(&mut self, place: Place) {
        let part = self.first_unsent(place);
        part.attempts += 1;
        part.put_off = true;
    }

    pub(crate) fn abandon(&mut self, place: Place) {
        self.first_unsent(place).state = "abandoned";
    }

    /// Everybody's in the chat.
    pub(crate) fn abandon_chat(&mut self, chat: i64) {
        let unsent = |part: &&mut Part| part.place.chat == chat && part.state == "unsent";
        self.parts.iter_mut().filter(unsent).for_each(|part| part.state = "abandoned");
    }

    /// The topic is gone: the part and those after it in its reply go to the chat itself.
    pub(crate) fn leave_topic(&mut self, place: Place) {
        let seq = self.first_unsent(place).seq;
        let rest = self.parts.iter_mut().filter(|part| part.seq == seq && part.state == "unsent");
        rest.for_each(|part| part.thread = None);
    }

    /// Simpler forms take the place of the part and of those after it. False: there is none for the part.
    pub(crate) fn simplify(&mut self, place: Place) -> bool {
        let refused = self.first_unsent(place).clone();
        if refused.fallback.is_empty() {
            return false;
        }
        let (rest, standing) = self.take_rest(&refused);
        let simpler = rest.into_iter().flat_map(|(text, simpler)| match simpler.as_slice() {
            [] => vec![text],
            simpler => simpler.to_vec(),
        });
        let simpler: Vec<_> = simpler.map(|text| (text, Vec::new())).collect();
        self.store((refused.seq, place, refused.thread), refused.position, &simpler, &standing);
        true
    }

    /// The message that the part was to change is not there: the part and those after it are sent anew, and what they were
    /// to change is taken away.
    pub(crate) fn send_anew(&mut self, place: Place) {
        let refused = self.first_unsent(place).clone();
        let (rest, standing) = self.take_rest(&refused);
        let of = (refused.seq, place, refused.thread);
        self.store(of, refused.position, &rest, &[]);
        let next = refused.position + i32::try_from(rest.len()).expect("a few");
        self.store(of, next, &[], &standing[1..]);
    }

    /// Takes the unsent parts from this one on out of its reply, and returns what they say and what they were to change.
    fn take_rest(&mut self, first: &Part) -> (Vec<(String, Vec<String>)>, Vec<i64>) {
        let rest =
            |part: &Part| part.seq == first.seq && part.position >= first.position && part.state == "unsent";
        let taken: Vec<Part> = self.parts.iter().filter(|part| rest(part)).cloned().collect();
        self.parts.retain(|part| !rest(part));
        let standing =
            taken.iter().filter(|part| part.op != Op::Send).filter_map(|part| part.message_id).collect();
        let saying = taken.into_iter().filter(|part| part.op != Op::Delete);
        (saying.map(|part| (part.text, part.fallback)).collect(), standing)
    }
}
