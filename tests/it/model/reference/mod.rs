//! What the four tables should hold: the life of messages in plain Rust, a page that can be read, for `play` to
//! compare the store with. It knows no SQL, no transactions and no crashes: what was not committed did not happen.

mod dialogue;
mod finish;
mod rows;
mod send;

/// Who, and where: a dialogue is a person in a topic of a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) chat: i64,
    pub(crate) user: i64,
    pub(crate) thread: Option<i64>,
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
    /// Its person was erased.
    fn empty(&mut self) {
        self.message_id = None;
        if self.waits() {
            self.progress = Progress::Done;
        }
    }

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
struct Message {
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
    /// The topic that it goes to.
    thread: Option<i64>,
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
    messages: Vec<Message>,
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
            self.messages.iter().find(|said| said.seq == turn.seq).is_some_and(|said| said.cleared.is_none())
        };
        // Of a question without ids nothing is known but its last turn.
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
        let read = |said: &&Message| said.place == place && said.cleared.is_none() && !said.failed;
        self.messages.iter().filter(read).map(|said| (said.role.to_owned(), said.text.clone())).collect()
    }
}
