//! The faults: how each begins and how it ends.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sandbox::env::KILLED;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{self, Action, Calls, Limits};
use sandbox::wait_until;
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::http::Http;
use systech_aidd::telegram::{Settings, Telegram};

use crate::env::FaultEnv;
use crate::network::{self, port_of};
use crate::people::SLOWLY;
use crate::told::{self, Meanwhile};

/// What the bot calls: first what it calls at its start only, then what it calls all the time.
pub(crate) const METHODS: &[&str] = &[
    "getMe",
    "deleteWebhook",
    "setMyCommands",
    "getUpdates",
    "sendMessage",
    "sendRichMessage",
    "sendDocument",
    "editMessageText",
    "deleteMessage",
    "sendMessageDraft",
    "sendChatAction",
    "answerCallbackQuery",
];
const AT_START: &[&str] = METHODS.split_at(3).0;
pub(crate) const ALWAYS: &[&str] = METHODS.split_at(3).1;
/// What makes a message.
pub(crate) const SENDS: &[&str] = &["sendMessage", "sendRichMessage", "sendDocument"];

/// Within this whoever asks for the bot's health has an answer, whoever does not answer the bot.
const HEALTH: Duration = Duration::from_secs(10);

/// What has answers spoken.
const SPEAKING: &[(&str, &str)] = &[("SPEECH_MODEL", "sandbox/mouth"), ("SPEECH_TIMEOUT", "1")];

/// PgBouncer as the bot needs it, and tries again at once where a server refuses.
pub(crate) const SESSIONS: &[(&str, &str)] = &[("pool_mode", "session"), ("server_login_retry", "1")];

/// Between two pieces of a slow answer.
const WORD: Duration = Duration::from_millis(80);

/// A model and its stand-in.
const TWO_MODELS: &str = "[endpoints.ours]\nurl = \"URL\"\nkey = \"OPENROUTER_API_KEY\"\n\n\
                          [models.first]\nmodel = \"first\"\nfallback = [\"second\"]\n\n\
                          [models.second]\nmodel = \"second\"\n\n\
                          [roles.one]\nprompt = \"prompts/nutritionist.txt\"\n";

/// Pages of the console, the dearest among them.
const PAGES: &[&str] =
    &["/", "/now", "/dialogues", "/people", "/costs?by=person&days=90", "/health", "/search?q=rice"];

/// Something that goes wrong.
pub(crate) enum Fault {
    /// kill -9 from outside, whatever is going on.
    Kill,
    /// The process dies at a point of `systech_aidd::base::failpoints::POINTS`.
    KillAt(&'static str),
    /// The next call of each of these methods meets this, and so many in a hundred of the calls that follow.
    Calls(&'static [&'static str], Action, u8),
    TelegramOut,
    /// Telegram takes so many calls in a second over all chats, and a crowd is answered at the same time.
    Flood(usize),
    /// Another program polls with the same token.
    SecondPoller,
    PostgresStopped,
    PostgresFrozen,
    /// The primary dies, and a standby that was behind takes its place.
    Failover,
    /// The primary is killed or frozen, and a standby that knows all takes its place; then it comes back as it was.
    PrimaryLost(Loss),
    /// The primary is killed behind what stands before it, and a standby that knows all takes its place.
    PrimaryBehind(Way),
    /// The instance that leads is killed or frozen, and another one takes its place; then it comes back.
    LeaderLost(Loss),
    /// A machine vanishes on which the leader and the primary are, and both have one to take their place; then it comes back.
    MachineLost,
    /// Every packet to and from somebody is dropped.
    Unreached(Neighbour),
    ConnectionsTerminated,
    /// The pooler before PostgreSQL is killed, and starts again.
    PoolerKilled,
    DiskFull,
    /// So many in a hundred requests are answered like this.
    Answers(Behaviour, u8),
    /// So many in a hundred recordings are answered like this.
    Heard(Behaviour, u8),
    /// So many in a hundred answers that are to be spoken come to this.
    Spoken(Behaviour, u8),
    ModelOut,
    /// So many look at the pages of the console without a pause.
    ConsoleBusy(usize),
    /// The first model of two answers nothing but errors, and the process is killed meanwhile.
    FirstModelOut,
    /// An owner announces something to many, and this goes on until all are told.
    Announced(Meanwhile),
    /// At least two of these lists at once, each with one of its faults. They end in the order of the lists.
    Mixture(Vec<Vec<Fault>>),
}

/// What stands between the bot and a pair of servers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// PgBouncer in session mode, which is told of the other server.
    Pooler,
    /// HAProxy, which finds out by itself who takes writes.
    Proxy,
}

/// How somebody is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Killed,
    Frozen,
    /// Its machine vanishes from the network.
    Unreached,
}

/// Whom the bot talks to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbour {
    Database,
    Model,
}

/// Ends a fault.
pub(crate) type End = Box<dyn FnOnce()>;

impl Fault {
    /// Whether PostgreSQL itself has to be in our hands.
    pub(crate) fn needs_own_server(&self) -> bool {
        match self {
            Self::PostgresStopped
            | Self::PostgresFrozen
            | Self::DiskFull
            | Self::Failover
            | Self::Unreached(Neighbour::Database)
            | Self::PrimaryLost(_)
            | Self::PrimaryBehind(_)
            | Self::MachineLost => true,
            Self::Mixture(lists) => lists.iter().flatten().any(Self::needs_own_server),
            _ => false,
        }
    }

    /// Whether a second server has to follow the first.
    pub(crate) fn needs_standby(&self) -> bool {
        matches!(self, Self::Failover) || self.is_synchronous()
    }

    /// Whether each commit waits for that one.
    pub(crate) fn is_synchronous(&self) -> bool {
        matches!(self, Self::PrimaryLost(_) | Self::PrimaryBehind(_) | Self::MachineLost)
    }

    /// Whether a pooler stands before the server.
    pub(crate) fn needs_pooler(&self) -> bool {
        matches!(self, Self::PoolerKilled | Self::PrimaryBehind(Way::Pooler))
    }

    /// Whether a proxy stands before both servers.
    pub(crate) fn needs_proxy(&self) -> bool {
        matches!(self, Self::PrimaryBehind(Way::Proxy))
    }

    /// Whether what was stored may be gone afterwards: then messages are lost and answers repeated, whatever the bot does.
    pub(crate) fn loses_what_was_stored(&self) -> bool {
        matches!(self, Self::Failover)
    }

    /// Whether an answer of the model may go astray on its way to the bot: then it is asked again.
    pub(crate) fn loses_answers(&self) -> bool {
        matches!(self, Self::Unreached(Neighbour::Model))
    }

    /// The most calls that the bot may make although Telegram has asked it to wait. Those that are under way when Telegram
    /// says so cannot be taken back.
    pub(crate) fn most_calls_inside_waits(&self) -> usize {
        if matches!(self, Self::Flood(_)) { 5 } else { usize::MAX }
    }

    /// The catalogue of models, where one is not enough.
    pub(crate) fn catalogue(&self) -> Option<&'static str> {
        matches!(self, Self::FirstModelOut).then_some(TWO_MODELS)
    }

    /// Whether it has to begin before anything is stored.
    pub(crate) fn needs_empty_tables(&self) -> bool {
        matches!(self, Self::DiskFull)
    }

    /// Whether a question may end in a sentence of this class (`turns.failure`) instead of an answer.
    pub(crate) fn allows(&self, class: &str) -> bool {
        match self {
            // What is in work at three kills.
            Self::Kill | Self::KillAt(_) | Self::LeaderLost(_) | Self::MachineLost | Self::Announced(_) => {
                class == "crashed"
            }
            Self::Heard(..) => class == "hearing_unreachable",
            Self::Answers(..) | Self::ModelOut | Self::Unreached(Neighbour::Model) => class != "crashed",
            Self::Mixture(lists) => lists.iter().flatten().any(|fault| fault.allows(class)),
            _ => false,
        }
    }

    /// How long the model takes at most: the more is in work when the servers change, the more may go astray.
    pub(crate) fn slowest_answer(&self) -> Duration {
        Duration::from_millis(if self.loses_what_was_stored() { 4000 } else { 300 })
    }

    /// Settings that turn minutes into seconds.
    pub(crate) fn settings(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Heard(..) => &[("TRANSCRIBE_TIMEOUT", "1")],
            Self::Spoken(..) | Self::KillAt("spoken") => SPEAKING,
            Self::Answers(..) | Self::Mixture(_) | Self::Unreached(Neighbour::Model) => {
                &[("LLM_TIMEOUT", "1")]
            }
            Self::Unreached(_) => &[("METRICS_ADDR", "127.0.0.1:0")],
            Self::Flood(_) => &[("TELEGRAM_RATE", "30"), ("WORKERS", "128")],
            Self::KillAt("shown") => &[("LIVE_ANSWERS", "edit")],
            Self::FirstModelOut => &[("SHORT_WAITS", "rest=0.5")],
            Self::Announced(_) => told::SETTINGS,
            // No figure is kept for the next look.
            Self::ConsoleBusy(_) => {
                &[("CONSOLE_ADDR", "127.0.0.1:0"), ("SHORT_WAITS", "quiet=0 later=0.2 figures=0")]
            }
            _ => &[],
        }
    }

    /// Whether answers are spoken.
    pub(crate) fn needs_voices(&self) -> bool {
        self.settings() == SPEAKING
    }

    /// Whether there is an owner, who announces things.
    pub(crate) fn announces(&self) -> bool {
        matches!(self, Self::Announced(_))
    }

    /// Begins; what is returned ends it.
    pub(crate) fn begin(&self, env: &Arc<FaultEnv>, rng: &mut fastrand::Rng) -> End {
        let then = Arc::clone(env);
        match self {
            Self::Kill => {
                env.kill();
                Box::new(move || then.start(&[]))
            }
            Self::KillAt(point) => {
                env.stop();
                let skip = rng.u32(0..20).to_string();
                env.start(&[("KILL_POINT", *point), ("KILL_POINT_SKIP", &skip)]);
                assert_eq!(
                    env.wait_for_death(),
                    Some(KILLED),
                    "the process did not die at the point {point}"
                );
                Box::new(move || then.start(&[]))
            }
            Self::Calls(methods, action, percent) => {
                let at_start = methods.iter().any(|method| AT_START.contains(method));
                if at_start {
                    env.stop();
                }
                let first = meet(env, methods, action, *percent, rng);
                if at_start {
                    env.start(&[]);
                }
                Box::new(move || {
                    let met = || first.iter().all(|fault| fault.hits() > 0).then_some(());
                    wait_until("each method to meet the fault", met);
                    then.telegram.clear_faults();
                })
            }
            Self::TelegramOut => {
                env.telegram.down();
                Box::new(move || then.telegram.up())
            }
            Self::Flood(calls) => {
                let slowly = Behaviour::answer().token_characters(10).token_every(WORD);
                env.model.on(When::asked(SLOWLY), slowly);
                env.telegram.limit(Some(Limits::overall(*calls)));
                env.crowd_asks();
                Box::new(move || {
                    // What streams is streamed to its end, and the answers are sent within the limit.
                    then.model.wait_idle();
                    wait_until("the crowd to be answered", || then.crowd_is_answered().then_some(()));
                    then.telegram.limit(None);
                    then.model.clear();
                    then.refuse();
                })
            }
            Self::SecondPoller => second_poller(env),
            Self::PostgresStopped => {
                env.server().stop();
                Box::new(move || then.server().start())
            }
            Self::PostgresFrozen => {
                env.server().freeze();
                Box::new(move || then.server().thaw())
            }
            Self::Failover => {
                env.server().hold_replication();
                Box::new(move || then.fail_over())
            }
            Self::PrimaryLost(loss) => primary_lost(env, *loss),
            Self::PrimaryBehind(way) => {
                let way = *way;
                env.server().kill();
                Box::new(move || {
                    then.promote();
                    if way == Way::Pooler {
                        then.pooler().lead_to(then.server(), SESSIONS);
                    }
                    then.wait_for_answers();
                })
            }
            Self::Unreached(neighbour) => unreached(env, *neighbour),
            Self::LeaderLost(loss) => {
                let lost = env.lose_leader(*loss);
                Box::new(move || {
                    if let Some(lost) = lost {
                        then.wait_for_takeover(&lost);
                    }
                })
            }
            Self::MachineLost => machine_lost(env),
            Self::ConnectionsTerminated => beside(move || {
                then.server().terminate_connections(then.database.name());
                thread::sleep(Duration::from_millis(100));
            }),
            Self::PoolerKilled => {
                env.pooler().kill();
                Box::new(move || then.pooler().resume().unwrap())
            }
            Self::DiskFull => disk_full(env),
            Self::Answers(behaviour, percent) => {
                env.model.on(some_of(*percent, rng), behaviour.clone());
                model_recovers(then)
            }
            Self::Heard(behaviour, percent) => {
                env.model.on_speech(some_of(*percent, rng), behaviour.clone());
                model_recovers(then)
            }
            Self::Spoken(behaviour, percent) => {
                env.model.on_voice(some_of(*percent, rng), behaviour.clone());
                model_recovers(then)
            }
            Self::ModelOut => {
                env.model.down();
                Box::new(move || then.model.up())
            }
            Self::ConsoleBusy(operators) => console_busy(env, *operators),
            Self::FirstModelOut => first_model_out(env, rng),
            Self::Announced(meanwhile) => told::announce(env, *meanwhile, rng),
            Self::Mixture(lists) => several(lists, env, rng),
        }
    }
}

/// So many of a hundred requests.
fn some_of(percent: u8, rng: &mut fastrand::Rng) -> When {
    When::any().chance(f64::from(percent) / 100.0, rng.u64(..))
}

/// The model is as before.
fn model_recovers(env: Arc<FaultEnv>) -> End {
    Box::new(move || {
        env.model.clear();
        env.refuse();
    })
}

/// At least two of the lists at once, each with one of its faults.
fn several(lists: &[Vec<Fault>], env: &Arc<FaultEnv>, rng: &mut fastrand::Rng) -> End {
    let mut chosen: Vec<usize> = (0..lists.len()).collect();
    rng.shuffle(&mut chosen);
    chosen.truncate(rng.usize(2..=lists.len()));
    let mut ends: Vec<(usize, End)> = Vec::new();
    for list in chosen {
        let fault = &lists[list][rng.usize(..lists[list].len())];
        ends.push((list, fault.begin(env, rng)));
        thread::sleep(Duration::from_millis(rng.u64(0..500)));
    }
    ends.sort_by_key(|(list, _)| *list);
    Box::new(move || ends.into_iter().for_each(|(_, end)| end()))
}

/// The first time the primary is lost and the standby promoted, the second time the primary comes back, and takes writes.
fn primary_lost(env: &Arc<FaultEnv>, loss: Loss) -> End {
    if env.has_failed_over() {
        env.bring_back_primary(loss);
        return Box::new(|| ());
    }
    match loss {
        Loss::Killed => env.server().kill(),
        Loss::Frozen => env.server().freeze(),
        Loss::Unreached => env.machines().primary.unplug(),
    }
    let env = Arc::clone(env);
    Box::new(move || {
        env.promote();
        env.wait_for_answers();
    })
}

/// As both the primary and the leader are lost.
fn machine_lost(env: &Arc<FaultEnv>) -> End {
    let Some(mut lost) = env.lose_leader(Loss::Unreached) else {
        env.bring_back_primary(Loss::Unreached);
        return Box::new(|| ());
    };
    let env = Arc::clone(env);
    Box::new(move || {
        env.promote();
        lost.at = Instant::now();
        env.wait_for_takeover(&lost);
    })
}

/// Nobody answers, and whoever asks for the bot's health still hears of it at once.
fn unreached(env: &Arc<FaultEnv>, neighbour: Neighbour) -> End {
    let url = match neighbour {
        Neighbour::Database => env.database().url(),
        Neighbour::Model => env.model.url(),
    };
    network::dig(port_of(&url));
    let env = Arc::clone(env);
    Box::new(move || {
        if neighbour != Neighbour::Model {
            for path in ["healthz", "readyz", "metrics"] {
                let asked = Instant::now();
                env.fetch(path);
                assert!(asked.elapsed() < HEALTH, "/{path} took {:?}", asked.elapsed());
            }
        }
        network::fill(port_of(&url));
        if neighbour == Neighbour::Model {
            // What it does not answer to is repeated, as its own refusals are.
            env.refuse();
        }
    })
}

/// The rules for `Fault::Calls`; returns those for the next call of each method.
fn meet(
    env: &FaultEnv,
    methods: &[&str],
    action: &Action,
    percent: u8,
    rng: &mut fastrand::Rng,
) -> Vec<telegram::Fault> {
    let rules = methods.iter().map(|method| {
        let action = match *action {
            Action::RetryAfterBetween { least, most, .. } => {
                Action::RetryAfterBetween { least, most, seed: rng.u64(..) }
            }
            ref action => action.clone(),
        };
        let first = env.telegram.fault(Calls::to(method).times(1), action.clone());
        // Silence at the poll lasts half a minute: once is enough.
        if !(*method == "getUpdates" && matches!(action, Action::Hang)) {
            let chance = Calls::to(method).chance(f64::from(percent) / 100.0, rng.u64(..));
            env.telegram.fault(chance, action.clone());
        }
        first
    });
    rules.collect()
}

/// Does something again and again, until the end.
fn beside(again: impl Fn() + Send + 'static) -> End {
    let over = Arc::new(AtomicBool::new(false));
    let thread = {
        let over = Arc::clone(&over);
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                again();
            }
        })
    };
    Box::new(move || {
        over.store(true, Ordering::Relaxed);
        thread.join().expect("what goes on beside does not panic");
    })
}

/// Each looks at one page after the other.
fn console_busy(env: &FaultEnv, operators: usize) -> End {
    let looks: Vec<End> = (0..operators)
        .map(|_| {
            let operator = RefCell::new(env.operator());
            beside(move || {
                for page in PAGES {
                    operator.borrow_mut().get(page).ok();
                }
            })
        })
        .collect();
    Box::new(move || looks.into_iter().for_each(|end| end()))
}

/// Polls without confirming anything, as a second instance that was started by mistake does.
fn second_poller(env: &FaultEnv) -> End {
    let (http, runtime) = Http::start().unwrap();
    let token = env.telegram.token().parse().unwrap();
    let settings = Settings { token, url: env.telegram.url(), timeout: Duration::from_secs(2) };
    let other = Telegram::new(http, &settings, CancelToken::new());
    beside(move || {
        let _runtime = &runtime;
        // Turned away by the bot's own poll most of the time.
        let _ = other.peek(Duration::from_secs(1));
        thread::sleep(Duration::from_millis(200));
    })
}

/// The first model refuses everything, and the process dies in the middle of that.
fn first_model_out(env: &Arc<FaultEnv>, rng: &mut fastrand::Rng) -> End {
    env.model.on(When::body(|body| body["model"] == "first"), Behaviour::status(503, "down"));
    thread::sleep(Duration::from_millis(rng.u64(500..1500)));
    env.kill();
    env.start(&[]);
    let env = Arc::clone(env);
    Box::new(move || {
        let rests = || env.logs().contains("the model fails again and again").then_some(());
        wait_until("the first model to be left alone", rests);
        env.model.clear();
        env.refuse();
    })
}

/// No room for what comes in, and then none for the answers. Both tables are empty still: the next page of each is the
/// first one.
fn disk_full(env: &Arc<FaultEnv>) -> End {
    let full = env.server().fill_disk(env.database.name(), "updates");
    let env = Arc::clone(env);
    Box::new(move || {
        let gate = env.model.hold(When::any());
        env.server().free_disk(full);
        gate.wait_arrived();
        let full = env.server().fill_disk(env.database.name(), "messages");
        gate.release();
        wait_until("an answer that finds no room", || env.logs().contains("trying again").then_some(()));
        thread::sleep(Duration::from_secs(1));
        env.server().free_disk(full);
    })
}
