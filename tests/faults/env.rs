//! The environment of one row of the table, and a record of what happened in it.
//!
//! What happened and when is kept for the judge: what people did, when the bot died, when a fault ended.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::{Deref, RangeInclusive};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sandbox::PATIENCE;
use sandbox::TestEnv;
use sandbox::env::{Bot, Database, UNSETTLED};
use sandbox::model::Behaviour;
use sandbox::postgres::{self, Pooler, Proxy, Server};
use sandbox::{tool, wait_until};

use crate::console::Visitor;
use crate::fault::{Fault, Loss, SESSIONS};
use crate::machines::Machines;
use crate::people::{Act, CROWD};

/// Within this another instance leads, whatever has become of the leader.
const TAKEOVER: Duration = Duration::from_secs(15);
/// Within this what a process has sent reaches a stand-in on a busy machine. No other instance leads before.
const ARRIVAL: Duration = Duration::from_secs(1);
/// Within this answers go on after a promotion: twice the five seconds that a pair has by itself, for six rows are played at once.
const GOING_ON: Duration = Duration::from_secs(10);

pub(crate) const EPOCH: &str = "SELECT max(epoch) FROM leases";
const UPDATES: &str = "SELECT count(*) || ' ' || max(seq) FROM updates";

/// What the judge has to know.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) acts: Vec<Act>,
    /// When a process of the bot ended: from the last moment it may have lived to the first one at which all it had sent
    /// was taken. Its successor may be at work by then.
    pub(crate) deaths: Vec<RangeInclusive<Instant>>,
    /// When a process of the bot woke that had been frozen, until it knew that another one leads. What it was just about to
    /// ask a model it has asked.
    pub(crate) wakings: Vec<RangeInclusive<Instant>>,
    /// When a fault ended.
    pub(crate) ends: Vec<Instant>,
    /// How often an owner announced something.
    pub(crate) announced: usize,
}

/// The instance beside the leader.
struct Other {
    bot: Bot,
    /// It led, and is frozen or has vanished.
    away: bool,
}

/// A leader that is lost.
pub(crate) struct Lost {
    epoch: String,
    pub(crate) at: Instant,
}

/// Everything that is needed for one row.
pub(crate) struct FaultEnv {
    env: TestEnv,
    /// `None`: everything is on this machine.
    machines: Option<Machines>,
    /// How often the lead has gone from one of two machines to the other.
    takeovers: AtomicUsize,
    standby: Option<Database>,
    pooler: Option<Pooler>,
    _proxy: Option<Proxy>,
    /// The standby has taken the place of the first server.
    failed_over: AtomicBool,
    /// How many updates the first server had when it came back.
    left: Mutex<Option<String>>,
    other: Mutex<Option<Other>>,
    pub(crate) seed: u64,
    bot: Mutex<Option<Bot>>,
    record: Mutex<Record>,
}

impl Deref for FaultEnv {
    type Target = TestEnv;

    fn deref(&self) -> &TestEnv {
        &self.env
    }
}

impl FaultEnv {
    pub(crate) fn new(fault: &Fault, seed: u64) -> Self {
        let machines = Machines::of(fault);
        let mut env = TestEnv::on(match &machines {
            Some(machines) => Arc::new(machines.primary.server()),
            None if fault.needs_own_server() => Arc::new(Server::temporary().unwrap()),
            None => postgres::shared(),
        });
        env.model.usually(Behaviour::answer().random_delay(fault.slowest_answer(), seed));
        let usual = [
            ("TELEGRAM_TIMEOUT", "2"),
            ("MAX_HISTORY_MESSAGES", "4"),
            ("SHUTDOWN_GRACE", "1"),
            ("TRANSCRIBE_MODEL", "sandbox/ears"),
            // Summaries are made all the time.
            ("SHORT_WAITS", "quiet=0 later=0.2"),
        ];
        for (name, value) in usual.iter().chain(fault.settings()) {
            env.set(name, *value);
        }
        if let Some(catalogue) = fault.catalogue() {
            let catalogue = catalogue.replace("URL", &env.model.url());
            fs::write(env.folder().join("assistant.toml"), catalogue).unwrap();
        }
        let standby = fault.needs_standby().then(|| {
            let standby = match &machines {
                Some(machines) => machines.standby.standby_of(env.server()),
                None => env.server().standby().unwrap(),
            };
            let standby = Database::existing(Arc::new(standby), env.database.name());
            env.set("DATABASE_URL", of_either(&env.database.url(), &standby.url()));
            standby
        });
        if fault.is_synchronous() {
            env.psql("ALTER SYSTEM SET synchronous_standby_names = '*'");
            env.psql("SELECT pg_reload_conf()");
            env.wait_for_rows("SELECT sync_state FROM pg_stat_replication", |state| state == "sync");
        }
        let pooler = fault.needs_pooler().then(|| {
            let pooler = Pooler::start(&tool("pgbouncer"), env.server(), "session").unwrap();
            pooler.reload(SESSIONS);
            env.set("DATABASE_URL", pooler.url(env.database.name()));
            pooler
        });
        let proxy = standby.as_ref().filter(|_| fault.needs_proxy()).map(|standby| {
            let proxy = Proxy::start(&tool("haproxy"), &[env.server(), standby.server()]).unwrap();
            env.set("DATABASE_URL", proxy.url(env.database.name()));
            proxy
        });
        let (bot, record) = (Mutex::default(), Mutex::default());
        let (left, other) = (Mutex::default(), Mutex::default());
        let takeovers = AtomicUsize::new(0);
        Self {
            env,
            machines,
            takeovers,
            standby,
            pooler,
            _proxy: proxy,
            failed_over: AtomicBool::new(false),
            left,
            other,
            seed,
            bot,
            record,
        }
    }

    /// The database as it is now: on the first server, or on the one that has taken its place.
    pub(crate) fn database(&self) -> &Database {
        let standby = self.standby.as_ref().filter(|_| self.failed_over.load(Ordering::Relaxed));
        standby.unwrap_or(&self.env.database)
    }

    pub(crate) fn server(&self) -> &Server {
        self.database().server()
    }

    /// What stands before it.
    pub(crate) fn pooler(&self) -> &Pooler {
        self.pooler.as_ref().expect("the row has a pooler")
    }

    pub(crate) fn psql(&self, sql: &str) -> String {
        self.database().psql(sql)
    }

    /// The first server dies, and the standby takes its place with what it knows.
    pub(crate) fn fail_over(&self) {
        self.server().kill();
        self.promote();
    }

    /// The standby takes the place of the first server.
    pub(crate) fn promote(&self) {
        self.failed_over.store(true, Ordering::Relaxed);
        self.server().promote();
    }

    /// Answers are stored on the new server in time.
    pub(crate) fn wait_for_answers(&self) {
        let (answers, promoted) = ("SELECT count(*) FROM turns WHERE state = 'answered'", Instant::now());
        let before = self.psql(answers);
        self.database().wait_for_rows(answers, |count| count != before);
        let took = promoted.elapsed();
        println!("answers go on {took:.2?} after the promotion");
        assert!(took < GOING_ON, "answers go on after {took:?}");
    }

    pub(crate) fn has_failed_over(&self) -> bool {
        self.failed_over.load(Ordering::Relaxed)
    }

    /// The first server goes on as if nothing had happened.
    pub(crate) fn bring_back_primary(&self, loss: Loss) {
        let first = &self.env.database;
        match loss {
            Loss::Killed => {
                let start = || first.server().start();
                self.machines.as_ref().map_or_else(start, |machines| machines.primary.within(start));
            }
            Loss::Frozen => first.server().thaw(),
            Loss::Unreached => self.machines().primary.plug_in(),
        }
        let changed = || self.logs().contains("the database is on another server now").then_some(());
        wait_until("the change to be noticed", changed);
        // Until now its commits have waited for the standby that is gone; from now on it would take anything.
        first.psql("ALTER SYSTEM RESET synchronous_standby_names");
        first.psql("SELECT pg_reload_conf()");
        first.wait_disconnected();
        let updates = first.psql(UPDATES);
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(updates);
    }

    /// Whether the bot has written to the first server since that came back.
    pub(crate) fn has_written_to_former(&self) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.as_ref().is_some_and(|left| *left != self.env.database.psql(UPDATES))
    }

    /// The instance that leads is killed, freezes or vanishes with its machine, while another one waits. Of one that froze or
    /// vanished the next call is the end: it is back, and on standby from then on.
    pub(crate) fn lose_leader(&self, loss: Loss) -> Option<Lost> {
        let mut other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Other { bot, away: away @ true }) = &mut *other {
            let told = |bot: &Bot| bot.log().matches("goes on standby").count();
            let (before, back) = (told(bot), Instant::now());
            match loss {
                Loss::Unreached => self.machines().bots[self.standby_is_on()].plug_in(),
                _ => bot.signal("CONT"),
            }
            wait_until("the former leader to go on standby", || (told(bot) > before).then_some(()));
            self.record().wakings.push(back..=Instant::now());
            *away = false;
            return None;
        }
        let standby =
            other.take().map_or_else(|| self.start_on(self.standby_is_on(), &[]), |other| other.bot);
        standby.wait_for_line("on standby: another instance leads");
        let epoch = self.psql(EPOCH);
        let leader = self.bot().replace(standby).expect("somebody leads");
        let since = Lost { epoch, at: Instant::now() };
        match loss {
            Loss::Killed => {
                leader.kill();
                self.telegram.wait_disconnected();
            }
            Loss::Frozen => {
                leader.signal("STOP");
                *other = Some(Other { bot: leader, away: true });
            }
            Loss::Unreached => {
                self.machines().bots[self.leader_is_on()].unplug();
                *other = Some(Other { bot: leader, away: true });
            }
        }
        if loss != Loss::Killed {
            // What it has just sent arrives.
            std::thread::sleep(ARRIVAL);
        }
        self.record().deaths.push(since.at..=Instant::now());
        self.takeovers.fetch_add(1, Ordering::Relaxed);
        Some(since)
    }

    /// Another instance leads in time.
    pub(crate) fn wait_for_takeover(&self, lost: &Lost) {
        self.database().wait_for_rows(EPOCH, |epoch| epoch != lost.epoch);
        let took = lost.at.elapsed();
        println!("another instance leads after {took:.1?}");
        assert!(took < TAKEOVER, "another instance leads after {took:?}");
    }

    fn leader_is_on(&self) -> usize {
        self.takeovers.load(Ordering::Relaxed) % 2
    }

    fn standby_is_on(&self) -> usize {
        1 - self.leader_is_on()
    }

    /// The machines that may vanish.
    pub(crate) fn machines(&self) -> &Machines {
        self.machines.as_ref().expect("an instance shares its network with us")
    }

    fn start_on(&self, machine: usize, further: &[(&str, &str)]) -> Bot {
        let Some(machines) = &self.machines else { return self.env.start_with(further) };
        let machine = &machines.bots[machine];
        let further = [further, &machine.settings()].concat();
        machine.within(|| self.env.start_with(&further))
    }

    /// Starts the bot with further settings, unless it runs; it may not be ready yet.
    pub(crate) fn start(&self, further: &[(&str, &str)]) {
        let mut bot = self.bot();
        if bot.is_none() {
            // What its predecessor began may be under way in a database that was frozen when it died.
            self.database().wait_disconnected();
            *bot = Some(self.start_on(self.leader_is_on(), further));
        }
    }

    /// As [`FaultEnv::start`], and waits until it polls.
    pub(crate) fn start_ready(&self) {
        self.start(&[]);
        if let Some(bot) = &*self.bot() {
            bot.wait_ready();
        }
    }

    /// SIGKILL, and its end.
    pub(crate) fn kill(&self) {
        self.end("KILL");
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(&self) {
        self.end("TERM");
    }

    fn end(&self, signal: &str) {
        if let Some(bot) = &*self.bot() {
            bot.signal(signal);
        }
        self.wait_for_death();
    }

    /// Waits for the end of the bot, and returns its code: 128 and the signal's number, if it died of one.
    pub(crate) fn wait_for_death(&self) -> Option<i32> {
        let bot = self.bot().take()?;
        let status = bot.wait();
        // What it had sent before its death counts as sent before.
        self.telegram.wait_disconnected();
        let now = Instant::now();
        self.record().deaths.push(now..=now);
        status.code()
    }

    /// Somebody who is logged into the console of the bot.
    pub(crate) fn operator(&self) -> Visitor {
        Visitor::logged_in(&self.env, self.bot().as_ref().expect("a bot runs"))
    }

    fn bot(&self) -> MutexGuard<'_, Option<Bot>> {
        self.bot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault is over: what waits from now on waits for the bot.
    pub(crate) fn fault_ended(&self) {
        self.record().ends.push(Instant::now());
    }

    /// What the bot answers at METRICS_ADDR.
    pub(crate) fn fetch(&self, path: &str) -> String {
        let log = self.logs();
        let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        let mut connection = TcpStream::connect(address).unwrap();
        write!(connection, "GET /{path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Waits until nothing waits any more: neither with Telegram nor in the database. False: something waits for ever.
    pub(crate) fn is_settled_in_time(&self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.telegram.unconfirmed() == 0 && self.psql(UNSETTLED) == "0" {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// Whether everybody who asked for a slow answer has one.
    pub(crate) fn crowd_is_answered(&self) -> bool {
        let crowd = CROWD.start();
        self.psql(&format!("SELECT count(*) FROM updates WHERE done_at IS NULL AND user_id >= {crowd}"))
            == "0"
            && self.psql(&format!(
                "SELECT count(*) FROM reply_parts WHERE state = 'unsent' AND user_id >= {crowd}"
            )) == "0"
    }

    /// The end of the bot's log, for the report of a failure. It holds no message texts.
    pub(crate) fn end_of_log(&self) -> String {
        let log = self.logs();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

/// One URL for both servers, of which the one that takes writes is meant.
fn of_either(first: &str, second: &str) -> String {
    let host =
        |url: &str| url.split_once('@').and_then(|(_, rest)| rest.split_once('/')).unwrap().0.to_owned();
    let (first_host, second_host) = (host(first), host(second));
    first.replace(&first_host, &format!("{first_host},{second_host}")) + "?target_session_attrs=read-write"
}
