//! The judge's second half: people who edit their last question and have it answered again.
//!
//! A question of theirs is what they asked, with everything they did about it until they asked something else. In the end
//! it has one answer, to its last wording, or an honest sentence; what was replaced is not to be seen any more.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use sandbox::telegram::Sent;

use crate::fault::Fault;
use crate::judge::{Evidence, Part, Verdict, first_nonce};
use crate::people::{Act, Deed, REFUSED};

impl Evidence {
    /// Whether each question of these people got its end.
    pub(crate) fn changed_ends(&self, fault: &Fault, verdict: &mut Verdict) {
        let shown: HashMap<i64, &Sent> =
            self.sent.iter().filter(|sent| !sent.deleted).map(|sent| (sent.message_id, sent)).collect();
        let mut lanes: HashMap<i64, Vec<&Act>> = HashMap::new();
        for act in self.record.acts.iter().filter(|act| act.is_changing()) {
            lanes.entry(act.user_id).or_default().push(act);
        }
        for deeds in lanes.values().flat_map(|lane| lane.chunk_by(|_, next| next.deed != Deed::Ask)) {
            let parts: Vec<&Part> = self
                .parts
                .iter()
                .filter(|part| deeds.iter().any(|deed| deed.update_id == part.update_id))
                .collect();
            let question =
                Question { deeds, replies: parts.chunk_by(|a, b| a.update_id == b.update_id).collect() };
            question.judge(&shown, fault, verdict);
            if let Some(waited) =
                question.answered(&shown).and_then(|at| self.waited(question.newest().at, at))
            {
                verdict.recovery = verdict.recovery.max(waited);
            }
        }
    }

    /// How long something from then took after the last fault that it waited through.
    pub(crate) fn waited(&self, from: Instant, until: Instant) -> Option<Duration> {
        let waited = self.record.ends.iter().filter(|end| from < **end && **end < until).max();
        waited.map(|end| until.duration_since(*end))
    }
}

/// A question, and what became of it.
struct Question<'a> {
    deeds: &'a [&'a Act],
    /// The parts of each reply.
    replies: Vec<&'a [&'a Part]>,
}

impl<'a> Question<'a> {
    /// How it is worded in the end.
    fn newest(&self) -> &'a Act {
        let worded = |act: &&&Act| matches!(act.deed, Deed::Ask | Deed::Edit);
        self.deeds.iter().rev().find(worded).unwrap_or(&self.deeds[0])
    }

    /// The replies that were not replaced.
    fn live(&self) -> impl DoubleEndedIterator<Item = &'a [&'a Part]> {
        self.replies.iter().copied().filter(|reply| !reply[0].superseded)
    }

    /// The answers to its last wording.
    fn answers(&self) -> impl DoubleEndedIterator<Item = &'a [&'a Part]> {
        let nonce = &*self.newest().nonce;
        self.live().filter(move |reply| {
            reply[0].turn == "answered" && first_nonce(&reply[0].question) == Some(nonce)
        })
    }

    /// When the answer was there to be read.
    fn answered(&self, shown: &HashMap<i64, &Sent>) -> Option<Instant> {
        let parts = self.answers().next()?.iter().filter(|part| part.op != "delete");
        parts.filter_map(|part| Some(shown.get(&part.message_id)?.changed())).max()
    }

    fn judge(&self, shown: &HashMap<i64, &Sent>, fault: &Fault, verdict: &mut Verdict) {
        let nonce = &self.newest().nonce;
        let last_turn = self.live().rfind(|reply| !reply[0].turn.is_empty()).map(|reply| reply[0]);
        match (self.answers().count(), last_turn) {
            (1, _) => {}
            (0, Some(part)) if part.turn == "failed" && fault.allows(&part.failure) => verdict.failures += 1,
            // It was asked for.
            (0, Some(part)) if part.failure == "misconfigured" && part.question.contains(REFUSED) => {}
            (0, part) => {
                let end = part.map(|part| (&part.turn, &part.failure, first_nonce(&part.question)));
                verdict.lost.push(format!("{nonce} has no answer in the end, but {end:?}"));
            }
            (answers, _) => verdict.outside.push(format!("{nonce} has {answers} answers in the end")),
        }
        for act in self.deeds.iter().filter(|act| act.deed != Deed::Edit) {
            if self.replies.iter().all(|reply| reply[0].update_id != act.update_id) {
                verdict.lost.push(format!("{}, {:?}, has no reply", act.nonce, act.deed));
            }
        }
        let mut standing = HashSet::new();
        for reply in self.live() {
            for part in reply.iter().filter(|part| part.op != "delete") {
                standing.insert(part.message_id);
                if part.state != "sent" || !shown.contains_key(&part.message_id) {
                    verdict
                        .lost
                        .push(format!("part {} of the reply to {nonce} is not to be seen", part.position));
                }
            }
            let text = shown.get(&reply[0].message_id).map_or("", |sent| sent.text());
            if reply[0].turn == "answered" && first_nonce(text) != first_nonce(&reply[0].question) {
                verdict.lost.push(format!("the answer to {nonce} says something else"));
            }
        }
        for part in
            self.replies.iter().copied().flatten().filter(|part| part.superseded && part.op != "delete")
        {
            if shown.contains_key(&part.message_id) && !standing.contains(&part.message_id) {
                verdict.outside.push(format!(
                    "part {} of a replaced answer to {nonce} is still to be seen",
                    part.position
                ));
            }
        }
    }
}
