//! The judge: from what Telegram took, what was recorded and what people did, it finds what was lost, repeated, swapped.
//!
//! It believes nobody: which copies were ever recorded as sent is written down by a trigger in the transaction that
//! records them, and which answers left Telegram stands in the call log of the stand-in. A copy is inside the window if
//! its taking was never recorded, and for a reason: Telegram's answer did not get out, the process died before the next
//! copy, or the bot itself noted that the call had failed.

mod window;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sandbox::model::Asked;
use sandbox::telegram::{self, Call, Sent};

use crate::env::{FaultEnv, Record};
use crate::fault::Fault;
use crate::people::{Act, Deed, SPEAKERS};
use crate::told;

/// Writes down each message id that a part was ever recorded with, and when a failed call for a part was noted.
pub(crate) const RECORDER: &str = "
    CREATE SCHEMA judge;
    CREATE TABLE judge.recorded (part_id bigint, message_id bigint);
    CREATE FUNCTION judge.record() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO judge.recorded VALUES (NEW.id, NEW.message_id); RETURN NULL; END $$;
    CREATE TRIGGER record AFTER UPDATE OF state ON public.reply_parts FOR EACH ROW
        WHEN (NEW.state = 'sent') EXECUTE FUNCTION judge.record();
    CREATE TABLE judge.noted (part_id bigint, at timestamptz DEFAULT clock_timestamp());
    CREATE FUNCTION judge.note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO judge.noted VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER UPDATE OF not_before ON public.reply_parts FOR EACH ROW
        WHEN (NEW.state = 'unsent') EXECUTE FUNCTION judge.note();";

/// Every update with its turn and its parts.
const OUTCOMES: &str = "
    SELECT u.update_id, coalesce(t.state, ''), coalesce(t.failure, ''), p.id, p.position, p.state,
           coalesce(p.message_id, 0), extract(epoch FROM t.created_at), p.op,
           t.superseded_by IS NOT NULL, replace(left(q.content, 40), E'\n', ' ')
    FROM updates u JOIN reply_parts p ON p.update_seq = u.seq
         LEFT JOIN turns t ON t.update_seq = u.seq LEFT JOIN messages q ON q.id = t.question_id
    WHERE u.done_at IS NOT NULL ORDER BY p.id";

/// Updates whose recordings were turned into words more than once.
const HEARD_AGAIN: &str = "SELECT update_seq FROM model_calls WHERE purpose = 'transcript' AND outcome = 'answered' GROUP BY update_seq HAVING count(*) > 1";

/// Every message and every summary of every dialogue.
const DIALOGUES: &str = "SELECT user_id, chat_id, regexp_replace(content, '\n', ' ', 'g') FROM messages
    UNION ALL SELECT user_id, chat_id, regexp_replace(content, '\n', ' ', 'g') FROM summaries";

/// What came of a row. The lists have to be empty.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) messages: usize,
    pub(crate) lost: Vec<String>,
    pub(crate) outside: Vec<String>,
    pub(crate) disordered: Vec<String>,
    /// Somebody's words in the chat or in the dialogue of somebody else; an announcement to who is not to be told.
    pub(crate) strangers: Vec<String>,
    /// The model was asked although the answer was stored.
    pub(crate) paid_twice: Vec<String>,
    /// Calls that the bot made although Telegram had asked it to wait.
    pub(crate) inside_waits: usize,
    /// What the database lost and the log does not tell.
    pub(crate) untold: Vec<String>,
    /// Copies of a part that was taken while its taking was not recorded.
    pub(crate) inside: usize,
    /// Questions that ended in a sentence instead of an answer.
    pub(crate) failures: usize,
    /// From the end of the last fault that a message waited through to its answer, the slowest.
    pub(crate) recovery: Duration,
}

impl Verdict {
    pub(crate) fn is_clean(&self, fault: &Fault) -> bool {
        let stored = [&self.lost, &self.outside, &self.disordered];
        let paid = fault.loses_answers() || self.paid_twice.is_empty();
        let whole = fault.loses_what_was_stored() || stored.iter().all(|list| list.is_empty());
        let patient = self.inside_waits <= fault.most_calls_inside_waits();
        whole
            && (paid || fault.loses_what_was_stored())
            && patient
            && self.strangers.is_empty()
            && self.untold.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, which) in [
            ("lost", &self.lost),
            ("repeated outside the window", &self.outside),
            ("out of order", &self.disordered),
            ("paid for twice", &self.paid_twice),
            ("with strangers", &self.strangers),
            ("untold", &self.untold),
        ] {
            for one in which {
                writeln!(f, "{what}: {one}")?;
            }
        }
        writeln!(f, "calls inside a wait: {}", self.inside_waits)
    }
}

/// A part of a reply, as the database has it in the end.
pub(crate) struct Part {
    pub(crate) update_id: i64,
    pub(crate) turn: String,
    pub(crate) failure: String,
    id: i64,
    pub(crate) position: usize,
    pub(crate) state: String,
    pub(crate) message_id: i64,
    /// When the transaction began that stored its turn.
    stored: Option<SystemTime>,
    pub(crate) op: String,
    /// Its turn was replaced by another one.
    pub(crate) superseded: bool,
    /// How the question of its turn begins.
    pub(crate) question: String,
}

impl Part {
    fn read(line: &str) -> Self {
        let fields: Vec<&str> = line.split('|').collect();
        let number = |index: usize| fields[index].parse().unwrap();
        let count = |index: usize| fields[index].parse().unwrap();
        Self {
            update_id: number(0),
            turn: fields[1].to_owned(),
            failure: fields[2].to_owned(),
            id: number(3),
            position: count(4),
            state: fields[5].to_owned(),
            message_id: number(6),
            stored: moment(fields[7]),
            op: fields[8].to_owned(),
            superseded: fields[9] == "t",
            question: fields[10].to_owned(),
        }
    }
}

/// A time as PostgreSQL tells it in seconds, if it does.
fn moment(seconds: &str) -> Option<SystemTime> {
    seconds.parse().ok().map(|seconds| UNIX_EPOCH + Duration::from_secs_f64(seconds))
}

/// Hears everybody when all is over.
pub(crate) fn judge(env: &FaultEnv, fault: &Fault) -> Verdict {
    let (sent, calls) = env.telegram.look(|state| (state.sent().to_vec(), state.calls().to_vec()));
    let recorded = env.psql("SELECT message_id FROM judge.recorded");
    let noted = env.psql("SELECT part_id, extract(epoch FROM at) FROM judge.noted");
    let noted = noted.lines().filter_map(|line| line.split_once('|'));
    let evidence = Evidence {
        // Both clocks are of this machine.
        clocks: (Instant::now(), SystemTime::now()),
        noted: noted.map(|(part, at)| (part.parse().unwrap(), moment(at).unwrap())).collect(),
        record: env.record().clone(),
        parts: env.psql(OUTCOMES).lines().map(Part::read).collect(),
        recorded: recorded.lines().map(|id| id.parse().unwrap()).collect(),
        asked: env.model.requests().into_iter().filter(|asked| !asked.sums_up()).collect(),
        sent,
        calls,
    };
    let inside_waits = env.telegram.look(telegram::State::calls_inside_waits);
    let messages = evidence.record.acts.len();
    let mut verdict = Verdict { messages, inside_waits, ..Verdict::default() };
    evidence.strangers(&env.psql(DIALOGUES), &mut verdict);
    if fault.loses_what_was_stored() {
        evidence.told(&env.psql("SELECT update_id FROM updates"), &env.logs(), &mut verdict);
    }
    evidence.ends(fault, &mut verdict);
    evidence.changed_ends(fault, &mut verdict);
    evidence.copies(&mut verdict);
    evidence.payments(&mut verdict);
    evidence.announcements(env, &mut verdict);
    let again = env.psql(HEARD_AGAIN);
    verdict.paid_twice.extend(again.lines().map(|seq| format!("the recording of update {seq}")));
    evidence.speech(env, &mut verdict);
    verdict
}

/// All there is to know about a row.
pub(crate) struct Evidence {
    pub(crate) record: Record,
    pub(crate) parts: Vec<Part>,
    /// The message ids that parts were recorded with.
    recorded: HashSet<i64>,
    /// When the bot noted that a call for a part had failed.
    noted: Vec<(i64, SystemTime)>,
    clocks: (Instant, SystemTime),
    pub(crate) sent: Vec<Sent>,
    calls: Vec<Call>,
    asked: Vec<Asked>,
}

impl Evidence {
    /// Whether each message got its end, and when.
    fn ends(&self, fault: &Fault, verdict: &mut Verdict) {
        let mut replies: HashMap<i64, Vec<&Part>> = HashMap::new();
        for part in self.parts.iter().filter(|part| part.op != "delete") {
            replies.entry(part.update_id).or_default().push(part);
        }
        let sent: HashMap<i64, &Sent> = self.sent.iter().map(|sent| (sent.message_id, sent)).collect();
        let mut asking = HashSet::new();
        for act in self.record.acts.iter().filter(|act| !act.is_changing()) {
            // There is something to export once something was asked.
            let to_export = act.deed == Deed::Export && asking.contains(&act.user_id);
            if act.deed == Deed::Ask {
                asking.insert(act.user_id);
            }
            let reply =
                act.updates().rev().find_map(|update| replies.get(&update)).map_or(&[][..], |reply| reply);
            let taken = |part: &&Part| {
                sent.get(&part.message_id).filter(|sent| part.state == "sent" && sent.chat_id == act.chat_id)
            };
            let messages: Option<Vec<&&Sent>> = reply.iter().map(taken).collect();
            let Some(messages) = messages.filter(|messages| !messages.is_empty()) else {
                verdict.lost.push(format!("{} has no whole answer in its chat", act.nonce));
                continue;
            };
            match (reply[0].turn.as_str(), reply[0].failure.as_str()) {
                // An answer quotes its question first, and then the one before.
                ("answered", _) => {
                    if first_nonce(messages[0].text()) != Some(&act.nonce) {
                        verdict.lost.push(format!("{} was answered with something else", act.nonce));
                    }
                }
                ("", "") if to_export && messages[0].document.is_none() && !fault.leaves_no_room() => {
                    verdict.lost.push(format!("{} got a sentence and no file", act.nonce));
                }
                ("", "") if act.deed == Deed::Export => {}
                ("failed", class) if fault.allows(class) => verdict.failures += 1,
                (turn, class) => verdict.lost.push(format!("{} ended as {turn:?} {class:?}", act.nonce)),
            }
            let answered = messages.iter().map(|sent| sent.at).max().unwrap_or(act.at);
            verdict.recovery = verdict.recovery.max(self.waited(act.at, answered).unwrap_or_default());
        }
    }

    /// Whether an answer was spoken again although its sound was made and the process that had it lived on.
    fn speech(&self, env: &FaultEnv, verdict: &mut Verdict) {
        let mut made: HashMap<String, usize> = HashMap::new();
        for spoken in env.model.spoken() {
            *made.entry(spoken.words).or_default() += 1;
        }
        let again: usize = made.values().map(|times| times - 1).sum();
        let failed =
            env.psql("SELECT count(*) FROM model_calls WHERE purpose = 'speech' AND outcome = 'failed'");
        let failed: usize = failed.parse().unwrap();
        // Each death costs the lanes that were at it one call each.
        let excused = failed + self.record.deaths.len() * SPEAKERS;
        if again > excused {
            verdict.paid_twice.push(format!("{again} answers were spoken again, {excused} with a reason"));
        }
    }

    /// Whether all that was sent or stored stands where its person is.
    fn strangers(&self, dialogues: &str, verdict: &mut Verdict) {
        let chats: HashMap<i64, i64> =
            self.record.acts.iter().map(|act| (act.user_id, act.chat_id)).collect();
        for sent in &self.sent {
            let users: HashSet<i64> = nonces(sent.text()).chain(nonces(said(sent))).collect();
            if users.len() > 1 || users.iter().any(|user| chats.get(user) != Some(&sent.chat_id)) {
                verdict.strangers.push(format!("message {} in chat {}", sent.message_id, sent.chat_id));
            }
        }
        for row in dialogues.lines() {
            let fields: Vec<&str> = row.splitn(3, '|').collect();
            let [user, chat] = [0, 1].map(|index| fields[index].parse::<i64>().unwrap());
            if told::only_listens(user) {
                continue;
            }
            if chats.get(&user) != Some(&chat) || nonces(fields[2]).any(|of| of != user) {
                verdict.strangers.push(format!("a row of user {user} in chat {chat}"));
            }
        }
    }

    /// Whether the log counts what Telegram had delivered and the server that took over does not know.
    fn told(&self, known: &str, log: &str, verdict: &mut Verdict) {
        let known: HashSet<i64> = known.lines().map(|id| id.parse().unwrap()).collect();
        let lost = self.record.acts.iter().filter(|act| !known.contains(&act.update_id)).count();
        let told: usize = log
            .lines()
            .filter(|line| line.contains("the new server lacks messages"))
            .filter_map(|line| line.split_once("lost=")?.1.split(' ').next()?.parse::<usize>().ok())
            .sum();
        if told < lost || !log.contains("the database is on another server now") {
            verdict.untold.push(format!("{lost} updates are gone, {told} were told"));
        }
    }

    /// Whether copies are inside the window, and all of them in order.
    fn copies(&self, verdict: &mut Verdict) {
        let acts: HashMap<i64, &Act> =
            self.record.acts.iter().flat_map(|act| act.updates().map(move |update| (update, act))).collect();
        let mut newest: HashMap<i64, (usize, usize)> = HashMap::new();
        let mut last: HashMap<i64, usize> = HashMap::new();
        for (index, part) in self.attributed().into_iter().enumerate() {
            if told::is_news(&self.sent[index]) {
                continue;
            }
            let Some((part, act)) = part.and_then(|part| Some((part, acts.get(&part.update_id)?))) else {
                let sent = &self.sent[index];
                let (message_id, nonce) = (sent.message_id, first_nonce(sent.first_text()));
                verdict
                    .outside
                    .push(format!("message {message_id} of Telegram, {nonce:?}, belongs to no part"));
                continue;
            };
            let place = (act.number, part.position);
            let newest = newest.entry(act.user_id).or_default();
            if place < *newest {
                verdict.disordered.push(format!("{}, part {}, after a later one", act.nonce, part.position));
            }
            *newest = place.max(*newest);
            if let Some(copy) = last.insert(part.id, index) {
                if self.is_inside(part.id, copy, index) {
                    verdict.inside += 1;
                } else {
                    verdict.outside.push(format!("{}, part {}", act.nonce, part.position));
                }
            }
        }
    }

    /// The part of each message that Telegram took. What was never recorded is a copy of the part that was recorded next
    /// in its chat, with the same text and in reply to the same message. A copy of a message that grew, or of an answer to
    /// a question that was changed or of which more came, had begun otherwise: in a chat of one person it is one of
    /// whatever was recorded next.
    fn attributed(&self) -> Vec<Option<&Part>> {
        // A message that grew is made by the part that replaces it; one that answers again was made before.
        let mut made: Vec<&Part> = self.parts.iter().filter(|part| part.op == "edit").rev().collect();
        made.extend(self.parts.iter().filter(|part| part.op == "send" || part.op == "document"));
        let recorded: HashMap<i64, &Part> = made.into_iter().map(|part| (part.message_id, part)).collect();
        let mut alike: HashMap<(i64, Option<i64>, &str, &str), &Part> = HashMap::new();
        let mut next: HashMap<i64, &Part> = HashMap::new();
        let mut parts: Vec<Option<&Part>> = Vec::new();
        for message in self.sent.iter().rev() {
            let chat = message.chat_id;
            let same = (chat, message.reply_to, message.first_text(), said(message));
            if let Some(part) = recorded.get(&message.message_id) {
                alike.insert(same, part);
                next.insert(chat, part);
            }
            let is_private = chat > 0;
            parts.push(alike.get(&same).or_else(|| next.get(&chat).filter(|_| is_private)).copied());
        }
        parts.reverse();
        parts
    }

    fn date(&self, at: Instant) -> SystemTime {
        let (now, today) = self.clocks;
        today - now.saturating_duration_since(at)
    }

    /// Once its answer is stored, the model is not asked for it any more.
    fn payments(&self, verdict: &mut Verdict) {
        let stored: HashMap<i64, SystemTime> =
            self.parts.iter().filter_map(|part| Some((part.update_id, part.stored?))).collect();
        // Who wants an answer again, pays again.
        let once = self.record.acts.iter().filter(|act| !act.is_changing());
        let newest = |act: &Act| act.updates().filter_map(|update| stored.get(&update).copied()).max();
        let stored: HashMap<&str, SystemTime> =
            once.filter_map(|act| Some((&*act.nonce, newest(act)?))).collect();
        let woke = |at: Instant| self.record.wakings.iter().any(|waking| waking.contains(&at));
        for asked in self.asked.iter().filter(|asked| !woke(asked.at)) {
            let nonce = first_nonce(asked.question()).unwrap_or_default();
            if stored.get(nonce).is_some_and(|stored| self.date(asked.at) > *stored) {
                verdict.paid_twice.push(nonce.to_owned());
            }
        }
    }
}

/// Whose words stand in a text: the ids in its nonces.
fn nonces(text: &str) -> impl Iterator<Item = i64> {
    text.split("nonce-").skip(1).filter_map(|rest| rest.split('-').next()?.parse().ok())
}

/// What is said in a voice message; nothing in another one.
fn said(sent: &Sent) -> &str {
    sent.said().unwrap_or_default()
}

/// The first nonce in a text.
pub(crate) fn first_nonce(text: &str) -> Option<&str> {
    let nonce = &text[text.find("nonce-")?..];
    let (end, _) = nonce.match_indices('-').nth(2)?;
    Some(&nonce[..=end])
}
