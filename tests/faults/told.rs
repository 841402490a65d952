//! Announcements beside people who ask, and what the judge wants to know of them.
//!
//! Everybody who is to be told and can be reached is told once, but for copies whose taking was never recorded. Whoever has
//! blocked the bot is noted as not reached. The owner sees one message of each announcement, which ends with the figures that
//! Telegram knows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sandbox::telegram::{Action, Calls, Person, Sent};
use sandbox::wait_until;

use crate::begin::End;
use crate::env::FaultEnv;
use crate::judge::{Evidence, Verdict};
use crate::people::CROWD;

/// Who announces.
const OWNER: i64 = 900;
/// The first of those who are told and ask nothing.
const FIRST: i64 = 1001;
/// So many they are, in the short form and in the long one.
const AUDIENCE: [i64; 2] = [40, 300];
/// One of so many has blocked the bot, where some have.
const BLOCKERS: usize = 8;
/// How what is announced begins; nothing else does.
const NEWS: &str = "news-";

/// What these rows need: an owner, and seconds instead of minutes.
pub(crate) const SETTINGS: &[(&str, &str)] =
    &[("OWNER", "900"), ("TELEGRAM_RATE", "400"), ("SHORT_WAITS", "quiet=0 later=0.2 announcer=0.02")];

/// Each person who is told: of which announcement, who, how far that is, and the part for it.
const TOLD: &str = "
    SELECT r.announcement_id, r.user_id, r.state, coalesce(p.id, 0)
    FROM announcement_recipients r LEFT JOIN reply_parts p ON p.update_seq = -r.announcement_id AND p.user_id = r.user_id
    ORDER BY r.announcement_id, r.user_id";

/// What goes on while an announcement does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    /// kill -9 at random moments.
    Kill,
    /// Telegram asks for pauses.
    Pauses,
    /// Some have blocked the bot, and the process is killed once.
    Blocked,
}

/// Whether it is a message about an announcement or one itself.
pub(crate) fn is_news(sent: &Sent) -> bool {
    sent.chat_id == OWNER || sent.text().starts_with(NEWS)
}

/// Whether this is somebody who only listens.
pub(crate) fn only_listens(user_id: i64) -> bool {
    user_id >= FIRST
}

impl FaultEnv {
    /// Everybody who asks may do so, and many more have asked something lately.
    pub(crate) fn have_an_audience(&self, long: bool) {
        let bot = self.telegram.bot_id();
        let last = FIRST + AUDIENCE[usize::from(long)] - 1;
        self.psql(&format!(
            "INSERT INTO people (bot_id, id, state, language)
             SELECT {bot}, id, 'allowed', 'en' FROM (SELECT generate_series(1, {crowd}) UNION SELECT generate_series({FIRST}, {last})
                                                     UNION VALUES (-1), (-2)) AS everybody (id);
             WITH asked AS (INSERT INTO messages (user_id, chat_id, role, content, message_length)
                            SELECT id, id, 'user', 'zebra', 5 FROM generate_series({FIRST}, {last}) AS id RETURNING id, user_id)
             INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state)
             SELECT {bot}, 0, user_id, user_id, id, 'answered' FROM asked",
            crowd = CROWD.end()
        ));
        for user in FIRST..=last {
            self.telegram.meet(&Person::private(user).speaking("en"));
        }
    }
}

/// An owner announces something, and this happens meanwhile. It ends when the announcement does.
pub(crate) fn announce(env: &Arc<FaultEnv>, meanwhile: Meanwhile, rng: &mut fastrand::Rng) -> End {
    if meanwhile == Meanwhile::Blocked {
        for user in audience(env).into_iter().step_by(BLOCKERS) {
            env.telegram.block(user);
        }
    }
    let number = env.record().announced;
    env.record().announced += 1;
    let owner = Person::private(OWNER).speaking("en");
    env.telegram.say(&owner, &format!("/announce {NEWS}{number}"));
    env.telegram.press_newest(&owner, ":send");
    env.wait_for_rows("SELECT count(*) FROM announcement_recipients WHERE state = 'sent'", |sent| {
        sent != "0"
    });
    let kills = match meanwhile {
        Meanwhile::Kill => 3,
        Meanwhile::Blocked => 1,
        Meanwhile::Pauses => {
            let some = Calls::to("sendMessage").chance(0.1, rng.u64(..));
            env.telegram.fault(some, Action::RetryAfterBetween { least: 1, most: 2, seed: rng.u64(..) });
            0
        }
    };
    for _ in 0..kills {
        env.kill();
        env.start_ready();
        thread::sleep(Duration::from_millis(rng.u64(..400)));
    }
    let then = Arc::clone(env);
    Box::new(move || {
        let over = "SELECT count(*) FROM announcements WHERE ended_at IS NULL";
        wait_until("the announcement to end", || (then.psql(over) == "0").then_some(()));
        then.telegram.clear_faults();
    })
}

/// Whoever only listens.
fn audience(env: &FaultEnv) -> Vec<i64> {
    let listeners = env.psql(&format!("SELECT id FROM people WHERE id >= {FIRST} ORDER BY id"));
    listeners.lines().map(|id| id.parse().unwrap()).collect()
}

impl Evidence {
    /// Whether each announcement reached everybody once, and its owner knows how many that were.
    pub(crate) fn announcements(&self, env: &FaultEnv, verdict: &mut Verdict) {
        let (everybody, rows) = (audience(env), env.psql(TOLD));
        let mut announcements: Vec<(i64, Vec<Told>)> = Vec::new();
        for (id, told) in rows.lines().map(Told::read) {
            match announcements.last_mut() {
                Some((last, people)) if *last == id => people.push(told),
                _ => announcements.push((id, vec![told])),
            }
        }
        let announced = self.record.announced;
        if announcements.len() != announced {
            verdict
                .lost
                .push(format!("{announced} announcements were made, {} are known", announcements.len()));
        }
        for (number, (_, people)) in announcements.iter().enumerate() {
            let text = format!("{NEWS}{number}");
            verdict.messages += people.len();
            let known: HashSet<i64> = people.iter().map(|told| told.user_id).collect();
            let missing = everybody.iter().filter(|user| !known.contains(user));
            verdict.lost.extend(missing.map(|user| format!("{text} was not meant for {user}")));
            let mut copies: HashMap<i64, Vec<usize>> = HashMap::new();
            for (index, sent) in self.sent.iter().enumerate() {
                if sent.chat_id != OWNER && sent.text() == text {
                    copies.entry(sent.chat_id).or_default().push(index);
                }
            }
            let strangers = copies.keys().filter(|chat| !known.contains(chat));
            verdict.strangers.extend(strangers.map(|chat| format!("{text} in chat {chat}")));
            let reached = people.iter().filter(|told| self.reached(told, &text, &copies, verdict)).count();
            let (all, not) = (people.len(), people.len() - reached);
            let result = format!("Announcement: {reached} of {all} sent, {not} not delivered");
            let shown: Vec<&Sent> = self.sent.iter().filter(|sent| sent.chat_id == OWNER).collect();
            let last = shown.get(2 * number + 1).map(|sent| sent.text());
            if !last.is_some_and(|text| text.starts_with(&result)) {
                verdict.lost.push(format!("{text}: its owner reads {last:?} instead of {result:?}"));
            }
        }
        // What is shown first, and below it the message that tells how far it is.
        let shown = self.sent.iter().filter(|sent| sent.chat_id == OWNER).count();
        if shown != 2 * announced {
            verdict.outside.push(format!("the owner of {announced} announcements has {shown} messages"));
        }
    }

    /// Whether the person was reached. Why not, there has to be a reason.
    fn reached(
        &self,
        told: &Told,
        text: &str,
        copies: &HashMap<i64, Vec<usize>>,
        verdict: &mut Verdict,
    ) -> bool {
        let &Told { user_id, ref state, part_id } = told;
        let copies = copies.get(&user_id).map_or(&[][..], |copies| copies);
        for pair in copies.windows(2) {
            if self.is_inside(part_id, pair[0], pair[1]) {
                verdict.inside += 1;
            } else {
                verdict.outside.push(format!("{text} to {user_id}"));
            }
        }
        let has_blocked = || self.calls_to(user_id).any(|call| call.status == Some(403));
        match (state.as_str(), copies) {
            ("sent", [_, ..]) => true,
            ("failed", []) if has_blocked() => false,
            (state, copies) => {
                let times = copies.len();
                verdict.lost.push(format!("{text} to {user_id} is {state}, and was taken {times} times"));
                false
            }
        }
    }
}

/// What became of somebody who is to be told.
struct Told {
    user_id: i64,
    state: String,
    /// The last part that was made for it; 0: none.
    part_id: i64,
}

impl Told {
    /// With the number of the announcement.
    fn read(line: &str) -> (i64, Self) {
        let fields: Vec<&str> = line.split('|').collect();
        let number = |index: usize| fields[index].parse().unwrap();
        (number(0), Self { user_id: number(1), state: fields[2].to_owned(), part_id: number(3) })
    }
}
