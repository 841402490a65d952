//! From a configuration to a running bot and back: the lease, migrations, the schedule, the threads, the shutdown.
//!
//! Only `boot::threads` spawns threads of the bot. A closed channel is the stop signal: poll ends and closes `news`, the dispatcher
//! drains, the crew is dismissed, the workers end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use crossbeam_channel::{Receiver, bounded};
use tracing::info;

use crate::base::cancel::{CancelToken, Gate};
use crate::base::descriptors;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::base::memory;
use crate::config::Config;
use crate::database::migrate;
use crate::domain::claim::Codes;
use crate::domain::failure::Failure;
use crate::domain::pseudonym::Pseudonyms;
use crate::domain::update::UPDATE_KINDS;
use crate::extract::Extractor;
use crate::metrics;
use crate::pipeline::assistant::{Assistant, Current};
use crate::pipeline::breaker::Breaker;
use crate::pipeline::crew::Crew;
use crate::pipeline::dispatcher::Dispatcher;
use crate::pipeline::hearing::Hearing;
use crate::pipeline::lull::Lull;
use crate::pipeline::named::Named;
use crate::pipeline::pace::Pace;
use crate::pipeline::poller;
use crate::pipeline::retention::Limits;
use crate::pipeline::scales::Scales;
use crate::pipeline::sender::Sender;
use crate::pipeline::services::Services;
use crate::pipeline::suspects::Suspects;
use crate::pipeline::voice::Voice;
use crate::status::View;
use crate::store::Store;
use crate::store::lease::{self, Ends, Lease};
use crate::telegram::Telegram;

mod console;
mod ownership;
mod prepare;
mod reload;
mod served;
mod signals;
mod threads;

use prepare::{Left, introduce, left, unauthorized};
use served::{serve_console, serve_metrics};
use signals::{Watched, watch_signals};
use threads::{enforce_deadlines, keep_house, reload_at, spawn, start_poll, wait_for, workers};

/// How many batches may wait for the dispatcher before poll has to wait.
const BATCHES: usize = 4;
/// How many lanes may wait to be woken before a worker has to wait.
const WOKEN: usize = 1024;
/// How long a start waits for the database to come up.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);

/// Runs the bot until a signal ends it.
pub fn run(config: Config) -> anyhow::Result<()> {
    memory::return_large_blocks();
    descriptors::allow_more();
    // This comes first: the metrics count from the start of the program.
    metrics::start(config.workers, UPDATE_KINDS, &Failure::ALL.map(Failure::class));
    let stop = CancelToken::new();
    let (http, _runtime) = Http::start().context("the HTTP client cannot be started")?;
    let Watched { shutdown, hangups } = watch_signals(stop.clone())?;
    let stale = failpoints::wait("stale", poller::longest_poll() + config.telegram.timeout);
    let view = Arc::new(View::new(stale, stop.clone()));
    let _served = serve_metrics(config.metrics_addr.as_deref(), &view)?;
    let _console = serve_console(&config, &view)?;

    let leases = Arc::new(Store::silent(&config.database.url));
    enforce_deadlines(&leases)?;
    if !migrate::before_leading(&config.database, &leases, patience(), &stop)? {
        return Ok(());
    }
    let telegram = Telegram::new(http.clone(), &config.telegram, CancelToken::new());
    let assistant =
        Arc::new(Current::new(Assistant::new(&http, config.choices.clone(), config.speaking.is_some())));
    let owners = ownership::Owners::of(&config, &leases);
    reload_at(hangups, &assistant, &http, telegram.until(&stop), owners)?;
    let program = Program { config, http, telegram, assistant, view, leases };
    let on_standby = || program.view.on_standby();
    let (bot_id, gives_way) = (program.telegram.bot_id(), program.config.standby);
    if !program.config.shared_database {
        refuse_to_share(&program.leases, bot_id)?;
    }
    while let Some(lease) = lease::wait(&program.leases, bot_id, gives_way, &program.http, &stop, on_standby)
    {
        program.lead(lease, &shutdown)?;
    }
    info!("stopped");
    Ok(())
}

/// A dialogue is of a user in a chat, whichever bot it is with: two bots would go on with each other's.
fn refuse_to_share(leases: &Store, bot_id: i64) -> anyhow::Result<()> {
    // A database that cannot be asked now is waited for later.
    if let Ok(Some(other)) = leases.run(|conn| lease::of_another_bot(conn, bot_id)) {
        bail!(
            "another bot, {other}, works on this database, and the two would share the private dialogues of their users; \
             give each a database of its own (DATABASE_URL), or set SHARED_DATABASE=on if that is what you want"
        );
    }
    Ok(())
}

/// [`DATABASE_PATIENCE`].
fn patience() -> Duration {
    failpoints::wait("database", DATABASE_PATIENCE)
}

/// What stays the same, whether this instance leads or not.
struct Program {
    config: Config,
    http: Http,
    telegram: Telegram,
    assistant: Arc<Current>,
    view: Arc<View>,
    /// For the lease, which must not wait for a free connection, and for connections beside it.
    leases: Arc<Store>,
}

impl Program {
    /// Works until a signal asks for the end, or until another instance leads.
    fn lead(&self, lease: Lease, shutdown: &Receiver<()>) -> anyhow::Result<()> {
        self.view.begins_to_lead();
        let (lease, stop) = (Arc::new(lease), CancelToken::new());
        let (over, ended) = bounded(2);
        let (done, until_done) = bounded(0);
        let keeper = {
            let (leases, lease, shutdown) = (Arc::clone(&self.leases), Arc::clone(&lease), shutdown.clone());
            let ends = Ends { stop: stop.clone(), over, grace: self.config.grace };
            spawn("lease".to_owned(), move || lease::keep(&leases, &lease, &shutdown, &until_done, &ends))?
        };
        let worked = self.work(&lease, &stop, ended);
        // Whatever ended the work: who leads next need not wait.
        drop(done);
        wait_for(&keeper);
        worked
    }

    /// Begins with what whoever led before has left, and ends with all threads at rest.
    fn work(&self, lease: &Arc<Lease>, stop: &CancelToken, ended: Receiver<Duration>) -> anyhow::Result<()> {
        let Self { config, http, .. } = self;
        if !migrate::at_boot(&config.database, &self.leases, stop)? {
            return Ok(());
        }
        let store = Arc::new(lease.store(&self.leases, &config.database.url, config.pool_size));
        enforce_deadlines(&store)?;
        let commands = self.assistant.get().commands();
        let telegram = self.telegram.until(stop);
        let listens = config.hearing.as_ref();
        let chats = listens.map(|hearing| hearing.transcript_chats.clone()).unwrap_or_default();
        let reads = (config.picture_pixels, listens.is_some(), chats);
        let Some(me) = introduce(http, &telegram, stop, &commands, reads)? else {
            return Ok(());
        };
        let bot_id = me.id;
        let Some(Left { newest, lanes, put_off, owned }) = left(&store, bot_id, http, stop)? else {
            return Ok(());
        };
        let (woken_in, woken) = bounded(WOKEN);
        let leads = Arc::clone(lease);
        let pace = Arc::new(Pace::new(config.telegram_rate, Gate::new(move || leads.is_valid())));
        let bot = Arc::new(Services {
            store,
            telegram: self.telegram.behind(pace.gate()),
            sender: Sender::new(Arc::clone(&pace), Voice::new(http, config.speaking.as_ref()), &put_off),
            pace,
            live_answers: config.live_answers,
            thinking: config.thinking,
            assistant: Arc::clone(&self.assistant),
            breaker: Breaker::default(),
            pseudonyms: Pseudonyms::new(config.telegram.token.expose()),
            me,
            admission: config.admission.clone(),
            codes: Codes::new(config.telegram.token.expose()),
            door: console::door(config),
            rate_limit: config.rate_limit,
            budgets: config.budgets.clone(),
            rich_messages: config.rich_messages,
            max_history: config.max_history,
            picture_turns: config.picture_turns,
            hearing: config.hearing.as_ref().map(|hearing| Hearing::new(http, hearing)),
            backup_dir: config.database.backup_dir.clone(),
            extractor: Extractor::default(),
            scales: Scales::default(),
            named: Named::default(),
            lull: Lull::default(),
            summaries: config.at_leisure.summaries && config.max_history > 0,
            proposals: config.at_leisure.proposals,
            titles: config.at_leisure.titles,
            newest_at_boot: newest,
            suspects: Suspects::default(),
            woken: woken_in,
        });
        bot.store.on_server_change({
            let stop = stop.clone();
            // The poll under way ends, so that the poller sees the change at once.
            move |generation| stop.interrupt(generation..=generation)
        });
        let open = ownership::begin(&bot, owned, &bot.telegram.until(stop));
        self.view.leads(&bot.store, bot_id);
        info!(
            bot = bot.me.username,
            version = env!("CARGO_PKG_VERSION"),
            waiting = lanes.len(),
            workers = config.workers,
            "ready"
        );

        let (results, finished) = bounded(config.workers);
        let crew = Arc::new(Crew::default());
        let (hire, gone) = workers(&bot, &crew, results);
        let house = keep_house(&bot, http, stop, limits(config))?;
        let (news_in, news) = bounded(BATCHES);
        let poll = start_poll(&bot, http, news_in, stop, open)?;
        let dispatcher = Dispatcher {
            news,
            woken,
            finished,
            crew: Arc::clone(&crew),
            hire,
            lanes: Arc::clone(self.view.lanes()),
            shutdown: ended,
            workers: config.workers,
            grace: config.grace,
        };
        let idle = dispatcher.run(lanes);
        stop.request();
        bot.lull.end();
        crew.dismiss();
        if idle {
            // Nobody sends anything there: it closes when the last worker is gone.
            let _ = gone.recv();
        }
        // Both end at once, unless the database holds them: nothing is lost then, for nothing was confirmed, and a batch
        // is all or nothing.
        house.iter().for_each(wait_for);
        wait_for(&poll);
        if poll.is_finished() {
            match poll.join() {
                Ok(ended) => ended.map_err(|error| unauthorized(&error))?,
                Err(_) => bail!("the poller panicked; the next start answers what is stored"),
            }
        }
        Ok(())
    }
}

/// What is deleted by its age.
fn limits(config: &Config) -> Limits {
    Limits { messages: config.retention_days, files: config.files_keep_days, all_are_looked_at: false }
}
