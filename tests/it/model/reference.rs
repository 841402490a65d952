//! What the four tables should hold: the life of messages in plain Rust, a page that can be read, for `states.rs` to
//! compare the store with. It knows no SQL, no transactions and no crashes: what was not committed did not happen.

use std::collections::BTreeSet;

/// Who, and where: a dialogue is a chat and a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) chat: i64,
    pub(crate) user: i64,
}

/// An update of the inbox.
#[derive(Clone)]
pub(crate) struct Update {
    pub(crate) seq: i64,
    pub(crate) id: i64,
    pub(crate) place: Place,
    /// The message of Telegram's that it is about, if it is one.
    message_id: Option<i64>,
    pub(crate) question: String,
    pub(crate) attempts: i32,
    pub(crate) retries: i32,
    pub(crate) put_off: bool,
    /// Its person stopped it.
    pub(crate) stopped: bool,
    progress: Progress,
}

#[derive(Clone, PartialEq, Eq)]
enum Progress {
    Waits,
    Done,
    /// Done so long ago that its id may come back.
    LongDone,
}

impl Update {
    pub(crate) fn waits(&self) -> bool {
        self.progress == Progress::Waits
    }
}

/// A question and what became of it.
#[derive(Clone)]
struct Turn {
    seq: i64,
    place: Place,
    question: String,
    answer: Option<String>,
    state: &'static str,
    /// Telegram's ids of the messages that were the question, while they are valid.
    message_ids: Vec<i64>,
    /// By a turn that answers its question again.
    superseded: bool,
}

/// A message of the dialogue.
#[derive(Clone)]
struct Said {
    place: Place,
    role: &'static str,
    text: String,
    /// By which clearing or replacement it is hidden.
    cleared: Option<u32>,
    /// The update of its turn.
    seq: i64,
    /// A question that got no answer.
    failed: bool,
}

/// A part of a reply.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) seq: i64,
    pub(crate) place: Place,
    position: i32,
    pub(crate) text: String,
    fallback: Vec<String>,
    pub(crate) op: Op,
    state: &'static str,
    message_id: Option<i64>,
    /// It was sent as a message of its own.
    made: bool,
    attempts: i32,
    pub(crate) put_off: bool,
}

/// What is done with a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Send,
    Edit,
    Delete,
}

/// How an update ends.
#[derive(Clone)]
pub(crate) enum End {
    Answered(String),
    /// With what was written until then, if anything was.
    Stopped(Option<String>),
    Failed,
    Refused,
    /// By a reply of the bot's own.
    Replied,
}

/// The tables.
#[derive(Clone, Default)]
pub(crate) struct Reference {
    pub(crate) updates: Vec<Update>,
    turns: Vec<Turn>,
    said: Vec<Said>,
    parts: Vec<Part>,
    clearings: u32,
}

impl Reference {
    /// Whether an update with this id would be new.
    pub(crate) fn is_new(&self, id: i64) -> bool {
        self.updates.iter().all(|update| update.id != id || update.progress == Progress::LongDone)
    }

    pub(crate) fn ingest(
        &mut self,
        seq: i64,
        id: i64,
        place: Place,
        message_id: Option<i64>,
        question: &str,
    ) {
        self.updates.retain(|update| update.id != id);
        self.updates.push(Update {
            seq,
            id,
            place,
            message_id,
            question: question.to_owned(),
            attempts: 0,
            retries: 0,
            put_off: false,
            stopped: false,
            progress: Progress::Waits,
        });
    }

    /// By the update `id`, if it waits still, the message is another one from now on, wherever it waits before that and was
    /// not stopped.
    pub(crate) fn edit(&mut self, id: i64, message_id: i64, question: &str) {
        let Some((place, seq)) = self.waits(id) else { return };
        let before = self.updates.iter_mut().filter(|update| update.place == place && update.seq < seq);
        let waiting = before.filter(|update| update.waits() && !update.stopped);
        let of_it = waiting.filter(|update| update.message_id == Some(message_id));
        of_it.for_each(|update| question.clone_into(&mut update.question));
    }

    /// The update `id`, if it waits still, stops everything before it, and what is still to be sent of answers.
    pub(crate) fn stop(&mut self, id: i64) {
        let Some((place, seq)) = self.waits(id) else { return };
        let waiting = self.updates.iter_mut().filter(|update| update.place == place && update.waits());
        waiting.filter(|update| update.seq < seq).for_each(|update| update.stopped = true);
        let answered: Vec<i64> =
            self.turns.iter().filter(|turn| turn.state == "answered").map(|turn| turn.seq).collect();
        let unsent = self.parts.iter_mut().filter(|part| part.place == place && part.state == "unsent");
        let answers = unsent.filter(|part| part.op == Op::Send && answered.contains(&part.seq));
        answers.for_each(|part| part.state = "abandoned");
    }

    /// The update `id`, if it waits still, stops the answer that is being written, if that is the one that is meant.
    pub(crate) fn stop_shown(&mut self, id: i64, is_meant: impl Fn(i64) -> bool) {
        let Some((place, _)) = self.waits(id) else { return };
        if let Some(oldest) = self.oldest(place).filter(|update| is_meant(update.seq)) {
            oldest.stopped = true;
        }
    }

    fn waits(&self, id: i64) -> Option<(Place, i64)> {
        let update = self.updates.iter().find(|update| update.id == id && update.waits())?;
        Some((update.place, update.seq))
    }

    /// What a lane has to answer next.
    pub(crate) fn oldest(&mut self, place: Place) -> Option<&mut Update> {
        self.updates.iter_mut().find(|update| update.place == place && update.waits())
    }

    pub(crate) fn update(&mut self, seq: i64) -> Option<&mut Update> {
        self.updates.iter_mut().find(|update| update.seq == seq)
    }

    /// What a lane has to send, in order.
    pub(crate) fn unsent(&self, place: Place) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.place == place && part.state == "unsent")
    }

    /// The seq of what waits behind the update in its lane, and its question.
    pub(crate) fn next_behind(&self, place: Place, seq: i64) -> Option<i64> {
        let waiting = self.updates.iter().filter(|update| update.place == place && update.waits());
        waiting.map(|update| update.seq).find(|other| *other > seq)
    }

    /// The turns of the question that can be answered again, the newest first: the last one's, unless it was cleared. There
    /// are several where an answer stands and a repetition of it failed.
    fn last(&self, place: Place) -> Vec<&Turn> {
        let mut standing =
            self.turns.iter().rev().filter(|turn| turn.place == place && !turn.superseded).peekable();
        let Some(ids) = standing.peek().map(|turn| &turn.message_ids) else { return Vec::new() };
        let is_live = |turn: &Turn| {
            self.said.iter().find(|said| said.seq == turn.seq).is_some_and(|said| said.cleared.is_none())
        };
        // of a question without ids nothing is known but its last turn
        let most = if ids.is_empty() { 1 } else { usize::MAX };
        standing.take(most).take_while(|turn| turn.message_ids == *ids && is_live(turn)).collect()
    }

    /// The question that can be answered again, and Telegram's ids of its messages.
    pub(crate) fn last_question(&self, place: Place) -> Option<(&str, &[i64])> {
        let last = self.last(place);
        last.first().map(|turn| (&*turn.question, &*turn.message_ids))
    }

    /// Whether a stop keeps the updates from ending like this: they were stopped, and are to end as if they were not.
    pub(crate) fn keep_from(&self, seqs: &[i64], end: &End) -> bool {
        let of: Vec<&Update> =
            self.updates.iter().filter(|update| seqs.contains(&update.seq) && update.waits()).collect();
        let whole = matches!(end, End::Answered(_) | End::Failed | End::Refused);
        whole && of.len() == seqs.len() && of.iter().any(|update| update.stopped)
    }

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
                let live = |said: &&mut Said| said.seq == seq && said.cleared.is_none();
                self.said.iter_mut().filter(live).for_each(|said| said.cleared = Some(self.clearings));
                let shown = self.parts.iter().filter(|part| part.seq == seq && part.state == "sent");
                standing
                    .extend(shown.filter(|part| part.op != Op::Delete).filter_map(|part| part.message_id));
            }
            let failed = answer.is_none();
            let said = |role, text| Said { place, role, text, cleared: None, seq, failed };
            self.said.push(said("user", question.to_owned()));
            self.said.extend(answer.clone().map(|text| said("assistant", text)));
            let question = question.to_owned();
            let message_ids = message_ids.to_owned();
            self.turns.push(Turn { seq, place, question, answer, state, message_ids, superseded: false });
        }
        self.store(seq, place, 0, parts, &standing);
        true
    }

    /// The first parts take the place of the messages that stand there; what is left of these is taken away.
    fn store(
        &mut self,
        seq: i64,
        place: Place,
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
            made: false,
            attempts: 0,
            put_off: false,
        }));
    }

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
        self.store(refused.seq, place, refused.position, &simpler, &standing);
        true
    }

    /// The message that the part was to change is not there: the part and those after it are sent anew, and what they were
    /// to change is taken away.
    pub(crate) fn send_anew(&mut self, place: Place) {
        let refused = self.first_unsent(place).clone();
        let (rest, standing) = self.take_rest(&refused);
        self.store(refused.seq, place, refused.position, &rest, &[]);
        let next = refused.position + i32::try_from(rest.len()).expect("a few");
        self.store(refused.seq, place, next, &[], &standing[1..]);
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

    pub(crate) fn clear(&mut self, place: Place) {
        self.clearings += 1;
        let live = |said: &&mut Said| said.place == place && said.cleared.is_none();
        self.said.iter_mut().filter(live).for_each(|said| said.cleared = Some(self.clearings));
    }

    /// What was replaced stays hidden.
    pub(crate) fn restore(&mut self, place: Place) {
        let replaced: Vec<i64> =
            self.turns.iter().filter(|turn| turn.superseded).map(|turn| turn.seq).collect();
        let here = |said: &&mut Said| said.place == place && !replaced.contains(&said.seq);
        let latest = self.said.iter_mut().filter(here).filter_map(|said| said.cleared).max();
        self.said
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
        self.updates.retain(|update| update.place.user != user || stays(update));
        self.turns.retain(|turn| turn.place.user != user);
        self.said.retain(|said| said.place.user != user);
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
        let said = self.said.iter_mut().map(|said| &mut said.place);
        let parts = self.parts.iter_mut().map(|part| &mut part.place);
        updates
            .chain(turns)
            .chain(said)
            .chain(parts)
            .filter(|place| place.chat == from)
            .for_each(|place| place.chat = to);
    }

    /// So much time passes that nothing is put off any more.
    pub(crate) fn time_passes(&mut self) {
        self.updates.iter_mut().for_each(|update| update.put_off = false);
        self.parts.iter_mut().for_each(|part| part.put_off = false);
    }

    /// So much time passes that tombstones are over.
    pub(crate) fn days_pass(&mut self) {
        let done = self.updates.iter_mut().filter(|update| !update.waits());
        done.for_each(|update| update.progress = Progress::LongDone);
    }

    pub(crate) fn sweep(&mut self) {
        self.updates.retain(|update| update.progress != Progress::LongDone);
    }

    /// What the model reads before the next question.
    pub(crate) fn recent(&self, place: Place) -> Vec<(String, String)> {
        let read = |said: &&Said| said.place == place && said.cleared.is_none() && !said.failed;
        self.said.iter().filter(read).map(|said| (said.role.to_owned(), said.text.clone())).collect()
    }

    /// The rows, as `states.rs` reads them from the database.
    pub(crate) fn rows(&self) -> Vec<String> {
        let stamps: BTreeSet<u32> = self.said.iter().filter_map(|said| said.cleared).collect();
        let rank = |cleared: Option<u32>| cleared.map_or(0, |cleared| stamps.range(..=cleared).count());
        let flags = |set: &[bool]| set.iter().map(|set| if *set { 't' } else { 'f' }).collect::<String>();
        let updates = self.updates.iter().map(|update| {
            let Update { seq, id, place, question, attempts, retries, .. } = update;
            let payload = if update.waits() { question } else { "" };
            let flags = flags(&[update.put_off, update.stopped, !update.waits()]);
            format!(
                "update {seq} {id} {} {} [{payload}] {attempts} {retries} {flags}",
                place.chat, place.user
            )
        });
        let turns =
            self.turns.iter().map(|Turn { seq, place, question, answer, state, message_ids, superseded }| {
                let (answer, superseded) = (answer.as_deref().unwrap_or_default(), flags(&[*superseded]));
                format!(
                    "turn {seq} {} {} [{question}] [{answer}] {state} {message_ids:?} {superseded}",
                    place.chat, place.user
                )
            });
        let said = self.said.iter().map(|Said { place, role, text, cleared, .. }| {
            format!("said {} {} {role} [{text}] {}", place.chat, place.user, rank(*cleared))
        });
        let parts = self.parts.iter().map(|part| {
            let Part { seq, place, position, op, state, attempts, .. } = part;
            let op = format!("{op:?}").to_lowercase();
            let message_id = part.message_id.unwrap_or_default();
            let flags = flags(&[*state == "unsent", part.put_off]);
            format!(
                "part {seq} {} {} {position} {op} {state} {message_id} {attempts} {flags}",
                place.chat, place.user
            )
        });
        updates.chain(turns).chain(said).chain(parts).collect()
    }
}
