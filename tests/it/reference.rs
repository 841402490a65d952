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
pub(crate) struct Update {
    pub(crate) seq: i64,
    pub(crate) id: i64,
    pub(crate) place: Place,
    pub(crate) question: String,
    pub(crate) attempts: i32,
    pub(crate) retries: i32,
    pub(crate) put_off: bool,
    pub(crate) done: bool,
    /// Done so long ago that its id may come back.
    pub(crate) old: bool,
}

/// A question and what became of it.
struct Turn {
    seq: i64,
    place: Place,
    question: String,
    answer: Option<String>,
    state: &'static str,
}

/// A message of the dialogue.
struct Said {
    place: Place,
    role: &'static str,
    text: String,
    /// By which clearing it is hidden.
    cleared: Option<u32>,
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
    state: &'static str,
    message_id: Option<i64>,
    attempts: i32,
    pub(crate) put_off: bool,
}

/// How an update ends.
#[derive(Clone)]
pub(crate) enum End {
    Answered(String),
    Failed,
    Refused,
    /// By a reply of the bot's own.
    Replied,
}

/// The tables.
#[derive(Default)]
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
        self.updates.iter().all(|update| update.id != id || update.old)
    }

    pub(crate) fn ingest(&mut self, seq: i64, id: i64, place: Place, question: &str) {
        self.updates.retain(|update| update.id != id);
        let question = question.to_owned();
        self.updates.push(Update {
            seq,
            id,
            place,
            question,
            attempts: 0,
            retries: 0,
            put_off: false,
            done: false,
            old: false,
        });
    }

    /// What a lane has to answer next.
    pub(crate) fn oldest(&mut self, place: Place) -> Option<&mut Update> {
        self.updates.iter_mut().find(|update| update.place == place && !update.done)
    }

    pub(crate) fn update(&mut self, seq: i64) -> Option<&mut Update> {
        self.updates.iter_mut().find(|update| update.seq == seq)
    }

    /// What a lane has to send, in order.
    pub(crate) fn unsent(&self, place: Place) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.place == place && part.state == "unsent")
    }

    /// The update ends, unless it has ended or is gone. `parts`: each with its simpler forms.
    pub(crate) fn finish(&mut self, seq: i64, end: End, parts: &[(String, Vec<String>)]) -> bool {
        let Some(update) = self.update(seq).filter(|update| !update.done) else { return false };
        update.done = true;
        let (place, question) = (update.place, update.question.clone());
        let state = match &end {
            End::Answered(_) => Some("answered"),
            End::Failed => Some("failed"),
            End::Refused => Some("refused"),
            End::Replied => None,
        };
        let answer = if let End::Answered(answer) = end { Some(answer) } else { None };
        if let Some(state) = state {
            let failed = answer.is_none();
            self.said.push(Said { place, role: "user", text: question.clone(), cleared: None, failed });
            let answered =
                answer.clone().map(|text| Said { place, role: "assistant", text, cleared: None, failed });
            self.said.extend(answered);
            self.turns.push(Turn { seq, place, question, answer, state });
        }
        self.store(seq, place, 0, parts);
        true
    }

    fn store(&mut self, seq: i64, place: Place, first: i32, parts: &[(String, Vec<String>)]) {
        self.parts.extend((first..).zip(parts.iter().cloned()).map(|(position, (text, fallback))| Part {
            seq,
            place,
            position,
            text,
            fallback,
            state: "unsent",
            message_id: None,
            attempts: 0,
            put_off: false,
        }));
    }

    /// The texts of what is recorded as sent.
    pub(crate) fn sent_parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|part| part.state == "sent").map(|part| &*part.text)
    }

    fn first_unsent(&mut self, place: Place) -> &mut Part {
        let unsent = self.parts.iter_mut().find(|part| part.place == place && part.state == "unsent");
        unsent.expect("something to send")
    }

    pub(crate) fn sent(&mut self, place: Place, message_id: i64) {
        let part = self.first_unsent(place);
        (part.state, part.message_id) = ("sent", Some(message_id));
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
        let rest = |part: &Part| {
            part.seq == refused.seq && part.position >= refused.position && part.state == "unsent"
        };
        let simpler: Vec<_> = self
            .parts
            .iter()
            .filter(|part| rest(part))
            .flat_map(|part| match part.fallback.as_slice() {
                [] => vec![part.text.clone()],
                simpler => simpler.to_vec(),
            })
            .map(|text| (text, Vec::new()))
            .collect();
        self.parts.retain(|part| !rest(part));
        self.store(refused.seq, place, refused.position, &simpler);
        true
    }

    pub(crate) fn clear(&mut self, place: Place) {
        self.clearings += 1;
        let live = |said: &&mut Said| said.place == place && said.cleared.is_none();
        self.said.iter_mut().filter(live).for_each(|said| said.cleared = Some(self.clearings));
    }

    pub(crate) fn restore(&mut self, place: Place) {
        let latest =
            self.said.iter().filter(|said| said.place == place).filter_map(|said| said.cleared).max();
        let of_it = |said: &&mut Said| said.place == place && said.cleared == latest;
        self.said.iter_mut().filter(of_it).for_each(|said| said.cleared = None);
    }

    /// Everything of a person, but for the update that asks for it.
    pub(crate) fn erase(&mut self, user: i64, asking: Option<i64>) {
        self.updates.retain(|update| update.place.user != user || Some(update.seq) == asking);
        self.turns.retain(|turn| turn.place.user != user);
        self.said.retain(|said| said.place.user != user);
        self.parts.retain(|part| part.place.user != user);
    }

    /// Tombstones stay where they are: nothing looks for them there.
    pub(crate) fn move_chat(&mut self, from: i64, to: i64) {
        let updates = self.updates.iter_mut().filter(|update| !update.done).map(|update| &mut update.place);
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
        self.updates.iter_mut().for_each(|update| update.old = update.done);
    }

    pub(crate) fn sweep(&mut self) {
        self.updates.retain(|update| !update.old);
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
        let flag = |set: bool| if set { "t" } else { "f" };
        let updates = self.updates.iter().map(
            |Update { seq, id, place, question, attempts, retries, put_off, done, .. }| {
                let payload = if *done { "" } else { question };
                let (put_off, done) = (flag(*put_off), flag(*done));
                format!(
                    "update {seq} {id} {} {} [{payload}] {attempts} {retries} {put_off} {done}",
                    place.chat, place.user
                )
            },
        );
        let turns = self.turns.iter().map(|Turn { seq, place, question, answer, state }| {
            let answer = answer.as_deref().unwrap_or_default();
            format!("turn {seq} {} {} [{question}] [{answer}] {state}", place.chat, place.user)
        });
        let said = self.said.iter().map(|Said { place, role, text, cleared, .. }| {
            format!("said {} {} {role} [{text}] {}", place.chat, place.user, rank(*cleared))
        });
        let parts = self.parts.iter().map(
            |Part { seq, place, position, state, message_id, attempts, put_off, .. }| {
                let (unsent, message_id) = (flag(*state == "unsent"), message_id.unwrap_or_default());
                let put_off = flag(*put_off);
                format!(
                    "part {seq} {} {} {position} {state} {unsent} {message_id} {attempts} {put_off}",
                    place.chat, place.user
                )
            },
        );
        updates.chain(turns).chain(said).chain(parts).collect()
    }
}
