//! The threads of the bot, each as it is started, and how their end is waited for.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use crossbeam_channel::{Receiver, bounded};

use super::{ownership, reload};
use crate::base::cancel::CancelToken;
use crate::base::http::Http;
use crate::pipeline::assistant::Current;
use crate::pipeline::crew::Crew;
use crate::pipeline::poller::Poll;
use crate::pipeline::retention::{self, Limits};
use crate::pipeline::schedule::{Finished, Job, News};
use crate::pipeline::services::Services;
use crate::pipeline::{announcer, doorkeeper, summarist, watch, worker};
use crate::store::Store;
use crate::telegram::{Telegram, TelegramError};

/// How long the end waits for a thread that the database holds.
const THREAD_PATIENCE: Duration = Duration::from_secs(5);

/// Waits for the end of a thread, unless the database holds it up.
pub(super) fn wait_for<T>(thread: &thread::JoinHandle<T>) {
    let deadline = Instant::now() + THREAD_PATIENCE;
    while !thread.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn start_poll(
    bot: &Arc<Services>,
    http: &Http,
    news: crossbeam_channel::Sender<News>,
    stop: &CancelToken,
    open: bool,
) -> anyhow::Result<thread::JoinHandle<Result<(), TelegramError>>> {
    let (bot, http, stop) = (Arc::clone(bot), http.clone(), stop.clone());
    spawn("poll".to_owned(), move || {
        let telegram = bot.telegram.until(&stop);
        let edits_interrupt = bot.rate_limit.limit(open).is_none();
        Poll { http: &http, telegram, me: &bot.me, store: &bot.store, edits_interrupt, news, stop }.run()
    })
}

/// What starts a worker, and what closes when the last of them is gone.
#[expect(clippy::type_complexity, reason = "it is said once, where the dispatcher holds it")]
pub(super) fn workers(
    bot: &Arc<Services>,
    crew: &Arc<Crew>,
    results: crossbeam_channel::Sender<Finished>,
) -> (Box<dyn Fn() -> io::Result<crossbeam_channel::Sender<Job>>>, Receiver<()>) {
    let (bot, crew) = (Arc::clone(bot), Arc::clone(crew));
    let (present, gone) = bounded(0);
    let hire = move || {
        let (first, steps) = bounded(1);
        let (bot, crew, results, present) =
            (Arc::clone(&bot), Arc::clone(&crew), results.clone(), present.clone());
        thread::Builder::new().name("worker".to_owned()).spawn(move || {
            worker::run(&bot, &crew, steps, &results);
            drop(present);
        })?;
        Ok(first)
    };
    (Box::new(hire), gone)
}

/// What goes on beside the messages: old rows are deleted, requests to be let in looked after, owners told what needs them,
/// dialogues summed up.
pub(super) fn keep_house(
    bot: &Arc<Services>,
    http: &Http,
    stop: &CancelToken,
    limits: Limits,
) -> anyhow::Result<[thread::JoinHandle<()>; 5]> {
    let theirs = || (Arc::clone(bot), http.clone(), stop.clone());
    let (bot, http, stop) = theirs();
    let retention = move || retention::daily(&bot.store, &http, limits, &stop);
    let (bot, http, stop) = theirs();
    let summarist = {
        let bot = Arc::clone(&bot);
        move || summarist::run(&bot)
    };
    let doorkeeper = move || doorkeeper::run(&bot, &http, &stop);
    let (bot, http, stop) = theirs();
    let watch = move || watch::run(&bot, &http, &stop);
    let (bot, http, stop) = theirs();
    let announcer = move || announcer::run(&bot, &http, &stop);
    Ok([
        spawn("retention".to_owned(), retention)?,
        spawn("doorkeeper".to_owned(), doorkeeper)?,
        spawn("watch".to_owned(), watch)?,
        spawn("announcer".to_owned(), announcer)?,
        spawn("summarist".to_owned(), summarist)?,
    ])
}

/// Has the catalogue read anew at each of `hangups`. The thread ends with the program.
pub(super) fn reload_at(
    hangups: Receiver<()>,
    assistant: &Arc<Current>,
    http: &Http,
    telegram: Telegram,
    owners: ownership::Owners,
) -> anyhow::Result<thread::JoinHandle<()>> {
    let (assistant, http) = (Arc::clone(assistant), http.clone());
    spawn("catalogue".to_owned(), move || {
        reload::at_each(&hangups, &assistant, &http, &telegram, &|| owners.now());
    })
}

/// Lets no statement wait for a frozen server, as long as anybody uses the store.
pub(super) fn enforce_deadlines(store: &Arc<Store>) -> anyhow::Result<thread::JoinHandle<()>> {
    let store = Arc::downgrade(store);
    spawn("deadlines".to_owned(), move || {
        while let Some(store) = store.upgrade() {
            store.enforce_deadlines();
            drop(store);
            thread::sleep(Duration::from_millis(500));
        }
    })
}

pub(super) fn spawn<T: Send + 'static>(
    name: String,
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<thread::JoinHandle<T>> {
    thread::Builder::new().name(name).spawn(work).context("a thread cannot be started")
}
