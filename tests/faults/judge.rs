//! The judge: from what Telegram took, what was recorded and what was said, it finds what was lost, repeated, swapped.
//!
//! It believes nobody: which copies were ever recorded as sent is written down by a trigger in the transaction that
//! records them, and which answers left Telegram stands in the call log of the stand-in.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sandbox::telegram::{Call, Sent};

use crate::fault::Fault;
use crate::scene::{Record, Said, Scene};

/// Writes down each message id that a part was ever recorded with.
pub(crate) const RECORDER: &str = "
    CREATE SCHEMA judge;
    CREATE TABLE judge.recorded (part_id bigint, message_id bigint);
    CREATE FUNCTION judge.record() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO judge.recorded VALUES (NEW.id, NEW.message_id); RETURN NULL; END $$;
    CREATE TRIGGER record AFTER UPDATE OF state ON public.reply_parts FOR EACH ROW
        WHEN (NEW.state = 'sent') EXECUTE FUNCTION judge.record();";

/// Every update with its turn and its parts.
const OUTCOMES: &str = "
    SELECT u.update_id, coalesce(t.state, ''), coalesce(t.failure, ''), p.id, p.position, p.state,
           coalesce(p.message_id, 0), p.attempts, extract(epoch FROM t.created_at)
    FROM updates u LEFT JOIN turns t ON t.update_seq = u.seq JOIN reply_parts p ON p.update_seq = u.seq
    WHERE u.done_at IS NOT NULL ORDER BY p.id";

/// What came of a row. The lists have to be empty.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) messages: usize,
    pub(crate) lost: Vec<String>,
    pub(crate) outside: Vec<String>,
    pub(crate) disordered: Vec<String>,
    /// The model was asked although the answer was stored.
    pub(crate) paid_twice: Vec<String>,
    /// Copies of a part that was taken while its taking was not recorded.
    pub(crate) inside: usize,
    /// Questions that ended in a sentence instead of an answer.
    pub(crate) failures: usize,
    /// From the end of the last fault that a message waited through to its answer, the slowest.
    pub(crate) recovery: Duration,
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        [&self.lost, &self.outside, &self.disordered, &self.paid_twice].iter().all(|list| list.is_empty())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, which) in [
            ("lost", &self.lost),
            ("repeated outside the window", &self.outside),
            ("out of order", &self.disordered),
            ("paid for twice", &self.paid_twice),
        ] {
            for one in which {
                writeln!(f, "{what}: {one}")?;
            }
        }
        Ok(())
    }
}

/// A part of a reply, as the database has it in the end.
struct Part {
    update_id: i64,
    turn: String,
    failure: String,
    id: i64,
    position: usize,
    state: String,
    message_id: i64,
    attempts: usize,
    /// When the transaction began that stored it.
    stored: SystemTime,
}

/// Hears everybody when all is over.
pub(crate) fn judge(scene: &Scene, fault: &Fault) -> Verdict {
    let record = scene.record().clone();
    let parts: Vec<Part> = scene.psql(OUTCOMES).lines().map(part).collect();
    let recorded: HashSet<i64> = scene
        .psql("SELECT message_id FROM judge.recorded")
        .lines()
        .map(|id| id.parse().expect("a number"))
        .collect();
    let (sent, calls) = scene.telegram.look(|state| (state.sent().to_vec(), state.calls().to_vec()));
    let mut verdict = Verdict { messages: record.said.len(), ..Verdict::default() };
    let copies = attribute(&sent, &parts, &mut verdict);
    for said in &record.said {
        end_of(said, &parts, &sent, fault, &record, &mut verdict);
    }
    repetitions(&copies, &parts, &recorded, &sent, &calls, &record, &mut verdict);
    order(&copies, &parts, &record, &mut verdict);
    paid_twice(scene, &parts, &record, &mut verdict);
    verdict
}

fn part(line: &str) -> Part {
    let fields: Vec<&str> = line.split('|').collect();
    let number = |index: usize| fields[index].parse().expect("a number");
    let index = |at: usize| fields[at].parse().expect("a number");
    Part {
        update_id: number(0),
        turn: fields[1].to_owned(),
        failure: fields[2].to_owned(),
        id: number(3),
        position: index(4),
        state: fields[5].to_owned(),
        message_id: number(6),
        attempts: index(7),
        stored: UNIX_EPOCH + Duration::from_secs_f64(fields[8].parse().unwrap_or_default()),
    }
}

/// The copies of each part, as indices into what Telegram took. What was never recorded is a copy of the part that was
/// recorded next in its chat with the same text in reply to the same message.
fn attribute(sent: &[Sent], parts: &[Part], verdict: &mut Verdict) -> BTreeMap<i64, Vec<usize>> {
    let of_message: HashMap<i64, i64> = parts.iter().map(|part| (part.message_id, part.id)).collect();
    let mut next: HashMap<(i64, Option<i64>, &str), i64> = HashMap::new();
    let mut copies: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (index, message) in sent.iter().enumerate().rev() {
        let alike = (message.chat_id, message.reply_to, message.text());
        let part = match of_message.get(&message.message_id) {
            Some(part) => Some(*next.entry(alike).insert_entry(*part).get()),
            None => next.get(&alike).copied(),
        };
        match part {
            Some(part) => copies.entry(part).or_default().insert(0, index),
            None => verdict.outside.push(format!("message {} belongs to no part", message.message_id)),
        }
    }
    copies
}

/// Whether a message got its end, and when.
fn end_of(said: &Said, parts: &[Part], sent: &[Sent], fault: &Fault, record: &Record, verdict: &mut Verdict) {
    let reply: Vec<&Part> = parts.iter().filter(|part| part.update_id == said.update_id).collect();
    let taken = |part: &&Part| {
        sent.iter().find(|sent| sent.message_id == part.message_id && sent.chat_id == said.chat_id)
    };
    let messages: Option<Vec<&Sent>> = reply.iter().map(taken).collect();
    let Some(messages) = messages.filter(|messages| !messages.is_empty()) else {
        verdict.lost.push(format!("{} has no answer in its chat", said.nonce));
        return;
    };
    if let Some(part) = reply.iter().find(|part| part.state != "sent") {
        verdict.lost.push(format!("{}: part {} is {}", said.nonce, part.position, part.state));
    }
    match (reply[0].turn.as_str(), reply[0].failure.as_str()) {
        // an answer quotes its question first, and then the one before
        ("answered", _) => {
            let quoted = messages[0].text().find("nonce-").map(|at| &messages[0].text()[at..]);
            if !quoted.is_some_and(|quoted| quoted.starts_with(&said.nonce)) {
                verdict.lost.push(format!("{} was answered with something else", said.nonce));
            }
        }
        ("failed", class) if fault.allows(class) => verdict.failures += 1,
        (turn, class) => verdict.lost.push(format!("{} ended as {turn:?} {class:?}", said.nonce)),
    }
    let answered = messages.iter().map(|sent| sent.at).max().expect("at least one message");
    // the last fault that it waited through
    let waited = record.ends.iter().filter(|end| said.at < **end && **end < answered).max();
    if let Some(end) = waited {
        verdict.recovery = verdict.recovery.max(answered - *end);
    }
}

/// A copy is inside the window if its taking was never recorded, and for a reason: its answer did not leave Telegram, the
/// process died before the next copy, or the bot itself noted that the call had failed.
fn repetitions(
    copies: &BTreeMap<i64, Vec<usize>>,
    parts: &[Part],
    recorded: &HashSet<i64>,
    sent: &[Sent],
    calls: &[Call],
    record: &Record,
    verdict: &mut Verdict,
) {
    let parts: HashMap<i64, &Part> = parts.iter().map(|part| (part.id, part)).collect();
    let calls: HashMap<usize, &Call> = calls.iter().filter_map(|call| Some((call.sent?, call))).collect();
    let died_between =
        |from: Instant, to: Instant| record.deaths.iter().any(|death| from <= *death && *death <= to);
    for (id, copies) in copies {
        let part = parts[id];
        let mut noted = part.attempts;
        for pair in copies.windows(2) {
            let (copy, again) = (&sent[pair[0]], calls[&pair[1]]);
            let call = calls[&pair[0]];
            let failed = call.status != Some(200) || noted > 0;
            noted = noted.saturating_sub(1);
            let reason = failed || died_between(call.at, again.at);
            if reason && !recorded.contains(&copy.message_id) {
                verdict.inside += 1;
            } else {
                let part =
                    format!("part {} of update {} in chat {}", part.position, part.update_id, copy.chat_id);
                verdict.outside.push(part);
            }
        }
    }
}

/// Within a lane, parts go out in the order of the questions and of their places in the answer.
fn order(copies: &BTreeMap<i64, Vec<usize>>, parts: &[Part], record: &Record, verdict: &mut Verdict) {
    let said: HashMap<i64, &Said> = record.said.iter().map(|said| (said.update_id, said)).collect();
    let parts: HashMap<i64, &Part> = parts.iter().map(|part| (part.id, part)).collect();
    let mut in_order: Vec<(usize, &Part)> =
        copies.iter().flat_map(|(id, copies)| copies.iter().map(|index| (*index, parts[id]))).collect();
    in_order.sort_by_key(|(index, _)| *index);
    let mut newest: HashMap<i64, (usize, usize)> = HashMap::new();
    for (_, part) in in_order {
        let Some(said) = said.get(&part.update_id) else { continue };
        let place = (said.number, part.position);
        let newest = newest.entry(said.user_id).or_default();
        if place < *newest {
            verdict.disordered.push(format!("{} after a later one", said.nonce));
        }
        *newest = place.max(*newest);
    }
}

/// Once its answer is stored, the model is not asked for it any more.
fn paid_twice(scene: &Scene, parts: &[Part], record: &Record, verdict: &mut Verdict) {
    // both clocks are of this machine
    let (now, today) = (Instant::now(), SystemTime::now());
    let stored: HashMap<i64, SystemTime> = parts.iter().map(|part| (part.update_id, part.stored)).collect();
    let stored: HashMap<&str, SystemTime> =
        record.said.iter().filter_map(|said| Some((&*said.nonce, *stored.get(&said.update_id)?))).collect();
    for asked in scene.model.requests() {
        let nonce = asked.question().split_whitespace().find(|word| word.starts_with("nonce-"));
        let stored = nonce.and_then(|nonce| stored.get(nonce));
        if stored.is_some_and(|stored| today - now.duration_since(asked.at) > *stored) {
            verdict.paid_twice.push(nonce.unwrap_or_default().to_owned());
        }
    }
}
