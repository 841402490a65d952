//! How each fault begins and how it ends.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sandbox::env::KILLED;
use sandbox::model::{Behaviour, Model, When};
use sandbox::telegram::{self, Action, Calls, Limits};
use sandbox::wait_until;
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::http::Http;
use systech_aidd::telegram::{Settings, Telegram};

use crate::env::{EPOCH, FaultEnv};
use crate::fault::{AT_START, Fault, Loss, Neighbour, SESSIONS, Way};
use crate::network::{self, port_of};
use crate::people::SLOWLY;
use crate::told;

/// Ends a fault.
pub(crate) type End = Box<dyn FnOnce()>;

/// Within this whoever asks for the bot's health has an answer, whoever does not answer the bot.
const HEALTH: Duration = Duration::from_secs(10);

/// How PostgreSQL says that the disk is full.
const NO_ROOM: &str = "No space left on device";

/// Between two pieces of a slow answer.
const WORD: Duration = Duration::from_millis(80);

/// Pages of the console, the dearest among them.
const PAGES: &[&str] =
    &["/", "/now", "/dialogues", "/people", "/costs?by=person&days=90", "/health", "/search?q=rice"];

impl Fault {
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
            Self::Calls(methods, action, percent) => calls_fail(env, methods, action, *percent, rng),
            Self::TelegramOut => {
                env.telegram.down();
                Box::new(move || then.telegram.up())
            }
            Self::Flood(calls) => flood(env, *calls),
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
            Self::PrimaryBehind(way) => primary_behind(env, *way),
            Self::Unreached(neighbour) => unreached(env, *neighbour),
            Self::LeaderLost(loss) => {
                let since = env.lose_leader(*loss);
                Box::new(move || since.into_iter().for_each(|lost| then.wait_for_takeover(&lost)))
            }
            Self::MachineLost => machine_lost(env),
            Self::MachineFull => machine_full(env),
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
                let before = env.model.listened().len();
                for when in [When::any().once(), some_of(*percent, rng)] {
                    env.model.on_speech(when, behaviour.clone());
                }
                once_met(env, move |model| model.listened().len() > before)
            }
            Self::Spoken(behaviour, percent) => {
                let before = env.model.spoken().len();
                for when in [When::any().once(), some_of(*percent, rng)] {
                    env.model.on_voice(when, behaviour.clone());
                }
                once_met(env, move |model| model.spoken().len() > before)
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

/// The same, once a request has come: few people speak, and the first request meets the fault for certain.
fn once_met(env: &Arc<FaultEnv>, has_come: impl Fn(&Model) -> bool + 'static) -> End {
    let recovers = model_recovers(Arc::clone(env));
    let env = Arc::clone(env);
    Box::new(move || {
        wait_until("a request to meet the fault", || has_come(&env.model).then_some(()));
        recovers();
    })
}

/// The calls of these methods fail, until each of them has met the fault.
fn calls_fail(
    env: &Arc<FaultEnv>,
    methods: &[&str],
    action: &Action,
    percent: u8,
    rng: &mut fastrand::Rng,
) -> End {
    let at_start = methods.iter().any(|method| AT_START.contains(method));
    if at_start {
        env.stop();
    }
    let first = meet(env, methods, action, percent, rng);
    let methods: Vec<String> = methods.iter().copied().map(str::to_owned).collect();
    if at_start {
        env.start(&[]);
    }
    let env = Arc::clone(env);
    Box::new(move || {
        for (method, fault) in methods.iter().zip(&first) {
            wait_until(&format!("{method} to meet the fault"), || (fault.hits() > 0).then_some(()));
        }
        env.telegram.clear_faults();
    })
}

/// Telegram takes so many calls in a second, and a crowd is answered.
fn flood(env: &Arc<FaultEnv>, calls: usize) -> End {
    let slowly = Behaviour::answer().token_characters(10).token_every(WORD);
    env.model.on(When::asked(SLOWLY), slowly);
    env.telegram.limit(Some(Limits::overall(calls)));
    env.crowd_asks();
    let env = Arc::clone(env);
    Box::new(move || {
        // What streams is streamed to its end, and the answers are sent within the limit.
        env.model.wait_idle();
        wait_until("the crowd to be answered", || env.crowd_is_answered().then_some(()));
        env.telegram.limit(None);
        env.model.clear();
        env.refuse();
    })
}

/// The primary behind one address is killed; its standby is promoted, and the address leads there.
fn primary_behind(env: &Arc<FaultEnv>, way: Way) -> End {
    env.server().kill();
    let env = Arc::clone(env);
    Box::new(move || {
        env.promote();
        if way == Way::Pooler {
            env.pooler().lead_to(env.server(), SESSIONS);
        }
        env.wait_for_answers();
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

/// The leader needs no disk, and leads on.
fn machine_full(env: &Arc<FaultEnv>) -> End {
    if env.has_failed_over() {
        // Whoever makes room starts what may have ended for want of it.
        env.database.server().kill();
        env.machines().disk().free();
        env.bring_back_primary(Loss::Killed);
        return Box::new(|| ());
    }
    let epoch = env.psql(EPOCH);
    env.machines().disk().fill();
    wait_until("the database to find no room", || env.logs().contains(NO_ROOM).then_some(()));
    let env = Arc::clone(env);
    Box::new(move || {
        env.promote();
        env.wait_for_answers();
        assert_eq!(env.psql(EPOCH), epoch, "another instance leads");
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
