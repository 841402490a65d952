//! From a configuration to a running bot and back: migrations, the schedule, the threads, the shutdown.
//!
//! Only this module spawns threads of the bot. A closed channel is the stop signal: poll ends and closes `news`, the dispatcher
//! drains and closes `jobs`, the workers end.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crossbeam_channel::{Receiver, bounded};
use frankenstein::TelegramApi;
use frankenstein::methods::DeleteWebhookParams;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::{info, warn};

use crate::base::backoff::Backoff;
use crate::base::cancel::CancelToken;
use crate::base::exit::{ExitCode, exit};
use crate::base::failpoints;
use crate::base::http::Http;
use crate::base::memory;
use crate::config::Config;
use crate::database::migrate;
use crate::domain::command::Command;
use crate::domain::failure::Failure;
use crate::domain::lane::Lane;
use crate::domain::pseudonym::Pseudonyms;
use crate::domain::update::UPDATE_KINDS;
use crate::metrics;
use crate::pipeline::assistant::{Assistant, Current};
use crate::pipeline::breaker::Breaker;
use crate::pipeline::dispatcher::Dispatcher;
use crate::pipeline::named::Named;
use crate::pipeline::pace::Pace;
use crate::pipeline::poller::{self, Poll};
use crate::pipeline::retention::{self, Limits};
use crate::pipeline::scales::Scales;
use crate::pipeline::schedule::{Finished, Job};
use crate::pipeline::sender::Sender;
use crate::pipeline::services::Services;
use crate::pipeline::worker;
use crate::status::{Endpoint, View};
use crate::store::{Store, StoreError, inbox, outbox};
use crate::telegram::{Me, Telegram, TelegramError};

mod reload;

/// How many batches may wait for the dispatcher before poll has to wait.
const BATCHES: usize = 4;
/// How long a boot waits for the database to come up.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);
/// How long the end waits for a thread that the database holds.
const POLL_PATIENCE: Duration = Duration::from_secs(5);

/// Runs the bot until a signal ends it.
pub fn run(config: Config) -> anyhow::Result<()> {
    memory::return_large_blocks();
    // This comes first: the metrics count from the start of the program.
    metrics::start(config.workers, UPDATE_KINDS, &Failure::ALL.map(Failure::class));
    let stop = CancelToken::new();
    let (http, _runtime) = Http::start().context("the HTTP client cannot be started")?;
    let Watched { shutdown, hangups } = watch_signals(stop.clone())?;
    let stale = failpoints::wait("stale", poller::longest_poll() + config.telegram.timeout);
    let view = Arc::new(View::new(stale, stop.clone()));
    let _served = serve_metrics(config.metrics_addr.as_deref(), &view)?;

    if !migrate::at_boot(&config.database, failpoints::wait("database", DATABASE_PATIENCE), &stop)? {
        return Ok(());
    }
    let store = Store::new(&config.database.url, config.pool_size);
    let telegram = Telegram::new(http.clone(), &config.telegram, CancelToken::new());
    let assistant = Assistant::new(&http, config.choices);
    let Some(me) = introduce(&http, &telegram.until(&stop), &stop, &assistant.commands())? else {
        return Ok(());
    };

    let bot_id = me.id;
    let Some(Left { newest, lanes, pauses }) = left(&store, bot_id, &http, &stop)? else { return Ok(()) };
    let pace = Arc::new(Pace::new(config.telegram_rate));
    let bot = Arc::new(Services {
        store: Arc::new(store),
        telegram,
        sender: Sender::new(Arc::clone(&pace), pauses),
        pace,
        live_answers: config.live_answers,
        thinking: config.thinking,
        assistant: Arc::new(Current::new(assistant)),
        breaker: Breaker::default(),
        pseudonyms: Pseudonyms::new(config.telegram.token.expose()),
        me,
        access: config.access,
        rate_limit: config.rate_limit,
        budgets: config.budgets,
        rich_messages: config.rich_messages,
        max_history: config.max_history,
        picture_turns: config.picture_turns,
        scales: Scales::default(),
        named: Named::default(),
        newest_at_boot: newest,
    });
    bot.store.on_server_change({
        let stop = stop.clone();
        // The poll under way ends, so that the poller sees the change at once.
        move |generation| stop.interrupt(generation..=generation)
    });
    view.started(&bot.store, bot_id);
    info!(
        bot = bot.me.username,
        version = env!("CARGO_PKG_VERSION"),
        waiting = lanes.len(),
        workers = config.workers,
        "ready"
    );

    let (jobs, jobs_out) = bounded(config.workers);
    let (results, finished) = bounded(config.workers);
    let workers = (0..config.workers)
        .map(|number| start_worker(number, &bot, &jobs_out, &results))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let retention = {
        let (bot, http, stop) = (Arc::clone(&bot), http.clone(), stop.clone());
        let limits = Limits { messages: config.retention_days, files: config.files_keep_days };
        spawn("retention".to_owned(), move || {
            retention::daily(&bot.store, &http, limits, &stop);
        })?
    };
    reload_at(hangups, &bot, &http, &stop)?;
    let (news_in, news) = bounded(BATCHES);
    let poll = {
        let (bot, stop) = (Arc::clone(&bot), stop.clone());
        spawn("poll".to_owned(), move || {
            let telegram = bot.telegram.until(&stop);
            let edits_interrupt = bot.rate_limit.is_none();
            Poll {
                http: &http,
                telegram,
                me: &bot.me,
                store: &bot.store,
                edits_interrupt,
                news: news_in,
                stop,
            }
            .run()
        })?
    };

    let dispatcher =
        Dispatcher { news, finished, jobs, shutdown, workers: config.workers, grace: config.grace };
    let idle = dispatcher.run(lanes);
    stop.request();
    if idle {
        // The dispatcher is gone and with it the last sender of jobs.
        for worker in workers {
            let _ = worker.join();
        }
    }
    // Both end at once, unless the database holds them: nothing is lost then, for nothing was confirmed, and a batch is
    // all or nothing.
    let deadline = Instant::now() + POLL_PATIENCE;
    while !(poll.is_finished() && retention.is_finished()) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    if poll.is_finished() {
        match poll.join() {
            Ok(ended) => ended.map_err(|error| unauthorized(&error))?,
            Err(_) => bail!("the poller panicked; the next start answers what is stored"),
        }
    }
    info!("stopped");
    Ok(())
}

fn start_worker(
    number: usize,
    bot: &Arc<Services>,
    jobs: &Receiver<Job>,
    results: &crossbeam_channel::Sender<Finished>,
) -> anyhow::Result<thread::JoinHandle<()>> {
    let (bot, jobs, results) = (Arc::clone(bot), jobs.clone(), results.clone());
    spawn(format!("worker-{number}"), move || worker::run(&bot, &jobs, &results))
}

/// Has the catalogue read anew at each of `hangups`. The thread ends with the program.
fn reload_at(
    hangups: Receiver<()>,
    bot: &Services,
    http: &Http,
    stop: &CancelToken,
) -> anyhow::Result<thread::JoinHandle<()>> {
    let (assistant, http, telegram) = (Arc::clone(&bot.assistant), http.clone(), bot.telegram.until(stop));
    spawn("catalogue".to_owned(), move || reload::at_each(&hangups, &assistant, &http, &telegram))
}

fn spawn<T: Send + 'static>(
    name: String,
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<thread::JoinHandle<T>> {
    thread::Builder::new()
        .name(name)
        .spawn(work)
        .context("a thread cannot be started; WORKERS may be too large")
}

/// The endpoint of METRICS_ADDR, if it is set, from now on until the returned guard is dropped.
fn serve_metrics(address: Option<&str>, view: &Arc<View>) -> anyhow::Result<Option<Served>> {
    let Some(address) = address else { return Ok(None) };
    let endpoint = Endpoint::bind(address)?;
    if let Some(address) = endpoint.address() {
        info!(%address, "metrics and health are served at /metrics, /healthz and /readyz");
    }
    let (view, stop) = (Arc::clone(view), CancelToken::new());
    let thread = {
        let stop = stop.clone();
        spawn("metrics".to_owned(), move || endpoint.serve(&view, &stop))?
    };
    Ok(Some(Served { stop, thread: Some(thread) }))
}

/// The endpoint at work; dropped, it ends, which takes no time whatever its clients do.
struct Served {
    stop: CancelToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What signals ask for.
struct Watched {
    /// The end.
    shutdown: Receiver<()>,
    /// The catalogue is to be read anew.
    hangups: Receiver<()>,
}

/// The first SIGTERM or SIGINT asks for the end, the second one is it. So does SIGHUP, if the terminal is gone at which the bot
/// was started; otherwise it asks for the catalogue.
fn watch_signals(stop: CancelToken) -> anyhow::Result<Watched> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).context("signals cannot be watched")?;
    let (end, shutdown) = bounded(1);
    let (hangup, hangups) = bounded(1);
    let at_start = terminals();
    spawn("signals".to_owned(), move || {
        let mut ending = false;
        for signal in signals.forever() {
            let hung_up = at_start.iter().zip(terminals()).any(|(was, is)| *was && !is);
            if signal == SIGHUP && (ending || !hung_up) {
                // One that waits already reads what is there then.
                let _ = hangup.try_send(());
                continue;
            }
            if ending {
                warn!("a second signal: ending at once");
                // A shell reports a process that a signal ended as 128 and the signal's number.
                exit(u8::try_from(128 + signal).map_or(ExitCode::FAILURE, ExitCode::from));
            }
            ending = true;
            stop.request();
            let _ = end.send(());
        }
    })?;
    Ok(Watched { shutdown, hangups })
}

/// Which of the three streams are terminals. One that hung up is none any more.
fn terminals() -> [bool; 3] {
    [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()]
}

/// Asks Telegram who the bot is, as long as it takes, and prepares polling. `None`: the end was asked for.
fn introduce(
    http: &Http,
    telegram: &Telegram,
    stop: &CancelToken,
    commands: &[Command],
) -> anyhow::Result<Option<Me>> {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
    let mut waiting = false;
    let username = loop {
        match telegram.username() {
            Ok(username) => break username,
            Err(TelegramError::Stopped) => return Ok(None),
            Err(error @ (TelegramError::Unauthorized | TelegramError::UnknownMethod)) => {
                return Err(unauthorized(&error));
            }
            Err(error) => {
                if !std::mem::replace(&mut waiting, true) {
                    warn!("{error}; the bot starts as soon as Telegram answers");
                }
                let wait = if let TelegramError::RetryAfter(pause) = error { pause } else { backoff.next() };
                http.sleep(wait, stop);
            }
        }
    };
    // Neither is worth a refusal to start: the poller deletes a webhook that is in its way, and the bot works
    // without a menu.
    let webhook = DeleteWebhookParams::builder().drop_pending_updates(false).build();
    if let Err(error) = telegram.delete_webhook(&webhook) {
        warn!("deleteWebhook: {error}");
    }
    reload::set_menu(telegram, commands);
    Ok(Some(Me { id: telegram.bot_id(), username }))
}

/// What the last run has left to do.
struct Left {
    /// The newest update in the inbox.
    newest: i64,
    /// Lanes with something to do.
    lanes: Vec<Lane>,
    /// Chats that asked for a pause.
    pauses: Vec<(i64, Duration)>,
}

/// Reads what there is to do, as long as it takes: the database was there, and it may have gone while Telegram was waited
/// for. `None`: the end was asked for.
fn left(store: &Store, bot_id: i64, http: &Http, stop: &CancelToken) -> anyhow::Result<Option<Left>> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
    while !stop.is_requested() {
        let left = store.run(|conn| {
            Ok(Left {
                newest: inbox::newest(conn)?,
                lanes: inbox::waiting_lanes(conn, bot_id)?,
                pauses: outbox::pauses(conn, bot_id)?,
            })
        });
        match left {
            Err(StoreError::Unreachable(_)) => http.sleep(backoff.next(), stop),
            left => return Ok(Some(left?)),
        }
    }
    Ok(None)
}

/// What an operator can do about a token that Telegram does not take.
fn unauthorized(error: &TelegramError) -> anyhow::Error {
    anyhow::anyhow!(
        "{error}: TELEGRAM_BOT_TOKEN is not a valid token (any more); @BotFather shows the current one"
    )
}
