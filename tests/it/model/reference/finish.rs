//! How updates end, and what is to be sent then.

use super::{End, Message, Op, Part, Place, Progress, Reference, Turn};

impl Reference {
    /// The updates end, unless one of them has ended or is gone. `parts`: each with its simpler forms. `again`: the last
    /// question of the lane is what is answered; an answer takes the place of all its turns and their messages, but no answer
    /// never takes the place of one.
    pub(crate) fn finish(
        &mut self,
        seqs: &[i64],
        end: End,
        question: (&str, &[i64]),
        parts: &[(String, Vec<String>)],
        again: bool,
    ) -> bool {
        let (question, message_ids) = question;
        let waits = |seq: &i64| self.updates.iter().any(|update| update.seq == *seq && update.waits());
        if !seqs.iter().all(waits) {
            return false;
        }
        for update in self.updates.iter_mut().filter(|update| seqs.contains(&update.seq)) {
            update.progress = Progress::Done;
        }
        let seq = seqs[0];
        let place = self.update(seq).expect("it waits").place;
        let state = match &end {
            End::Answered(_) => Some("answered"),
            End::Stopped(_) => Some("stopped"),
            End::Failed => Some("failed"),
            End::Refused => Some("refused"),
            End::Replied => None,
        };
        let answer = match end {
            End::Answered(answer) => Some(answer),
            End::Stopped(answer) => answer,
            End::Failed | End::Refused | End::Replied => None,
        };
        let mut standing = Vec::new();
        if let Some(state) = state {
            let last = if again { self.last(place) } else { Vec::new() };
            let gives_way = |turn: &&&Turn| answer.is_some() || turn.answer.is_none();
            let replaced: Vec<i64> = last.iter().rev().filter(gives_way).map(|turn| turn.seq).collect();
            self.clearings += 1;
            for seq in replaced {
                let turns = self.turns.iter_mut().filter(|turn| turn.seq == seq);
                turns.for_each(|turn| turn.superseded = true);
                let live = |said: &&mut Message| said.seq == seq && said.cleared.is_none();
                self.messages.iter_mut().filter(live).for_each(|said| said.cleared = Some(self.clearings));
                let shown = self.parts.iter().filter(|part| part.seq == seq && part.state == "sent");
                standing
                    .extend(shown.filter(|part| part.op != Op::Delete).filter_map(|part| part.message_id));
            }
            let failed = answer.is_none();
            let said = |role, text| Message { place, role, text, cleared: None, seq, failed };
            self.messages.push(said("user", question.to_owned()));
            self.messages.extend(answer.clone().map(|text| said("assistant", text)));
            let question = question.to_owned();
            let message_ids = message_ids.to_owned();
            self.turns.push(Turn { seq, place, question, answer, state, message_ids, superseded: false });
        }
        self.store((seq, place, place.thread), 0, parts, &standing);
        true
    }

    /// Stores the parts of a reply: of which update, in which lane, to which topic. The first parts take the place of the messages that stand there; what is left of these is taken away.
    pub(super) fn store(
        &mut self,
        (seq, place, thread): (i64, Place, Option<i64>),
        first: i32,
        parts: &[(String, Vec<String>)],
        standing: &[i64],
    ) {
        let nothing = (String::new(), Vec::new());
        let shown =
            standing.iter().map(|id| (Op::Edit, Some(*id))).chain(std::iter::repeat((Op::Send, None)));
        let left_over = standing.iter().skip(parts.len()).map(|id| (&nothing, (Op::Delete, Some(*id))));
        let rows = (first..).zip(parts.iter().zip(shown).chain(left_over));
        self.parts.extend(rows.map(|(position, ((text, fallback), (op, message_id)))| Part {
            seq,
            place,
            position,
            text: text.clone(),
            fallback: fallback.clone(),
            op,
            state: "unsent",
            message_id,
            thread,
            made: false,
            attempts: 0,
            put_off: false,
        }));
    }
}
