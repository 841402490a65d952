//! What owners are told without asking: a thread of its own looks whether anything needs them.
//!
//! When they were told last stands in the table `alerts`, in the transaction that puts the message into the outbox: neither a
//! restart nor another leader tells it twice.

use std::time::Duration;

use tracing::{debug, info};

use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::domain::alert::{Alert, Kind, Share};
use crate::domain::budget::Term;
use crate::pipeline::health::mute_button;
use crate::pipeline::services::Services;
use crate::store::{StoreError, alerts, budget, condition, people, queue, room};

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(30);
/// Messages that could have been answered for so long wait for too long.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// How long the database may look at the queues, in milliseconds.
const PATIENCE_MS: u32 = 5000;

/// Tells owners what happens until `stop`.
pub fn run(services: &Services, http: &Http, stop: &CancelToken) {
    let mut seen = 0;
    while !stop.is_requested() {
        match look(services, services.store.refusals() > seen) {
            Ok(()) => seen = services.store.refusals(),
            // The next look finds the same.
            Err(problem) if !problem.is_told() => {
                debug!("it is not known whether the owners are to be told anything: {problem}");
            }
            Err(_) => {}
        }
        http.sleep(failpoints::wait("watch", PAUSE), stop);
    }
}

/// `refused`: the database has refused something since the last look that came to its end.
fn look(services: &Services, refused: bool) -> Result<(), StoreError> {
    let (bot_id, store) = (services.me.id, &services.store);
    let listed: Vec<i64> = services.admission.owners.iter().copied().collect();
    if listed.is_empty() && !store.run(|conn| people::is_owned(conn, bot_id))? {
        return Ok(());
    }
    for alert in disk(services, refused)?.into_iter().chain(found(services)?) {
        let kind = alert.kind();
        let lanes = store.run(|conn| {
            alerts::tell_owners(conn, bot_id, &listed, kind, |owner, language| {
                let mute = mute_button(owner, language, kind, true);
                language.alert(&alert).with_keyboard(vec![vec![mute]])
            })
        })?;
        if !lanes.is_empty() {
            info!(kind = kind.as_str(), "the owners are told");
        }
        services.wake(lanes);
    }
    Ok(())
}

/// Whether the disk of the database is full, or nearly so. It is asked for room only after it refused something.
fn disk(services: &Services, refused: bool) -> Result<Option<Alert>, StoreError> {
    if refused {
        match services.store.run(room::has_more) {
            Ok(true) => {}
            Ok(false) => return Ok(Some(Alert::Disk(None))),
            Err(StoreError::Refused(problem)) => {
                debug!("whether the database has room is not known: {problem}");
            }
            Err(problem) => return Err(problem),
        }
    }
    let room = services.store.run(room::look)?;
    Ok(room.filter(|room| room.is_low()).map(|room| Alert::Disk(Some(room))))
}

/// What there is to be told.
fn found(services: &Services) -> Result<Vec<Alert>, StoreError> {
    let (bot_id, store, all) = (services.me.id, &services.store, &services.budgets.all);
    let mut found = Vec::new();
    if all.is_any() {
        let (day, month) = store.run(|conn| budget::spent(conn, bot_id))?;
        for (term, spent) in [(Term::Day, day), (Term::Month, month)] {
            let Some(limit) = all.of(term).cloned() else { continue };
            found.extend(Share::reached(&spent, &limit).map(|share| Alert::Budget {
                term,
                share,
                spent,
                limit,
            }));
        }
    }
    let (failing, raised) =
        store.run(|conn| Ok((condition::failing_models(conn, bot_id)?, alerts::raised(conn, bot_id)?)))?;
    if !failing.is_empty() {
        found.push(Alert::Model(failing));
    }
    let (queue, _) = store.run(|conn| queue::look(conn, bot_id, PATIENCE_MS))?;
    if let Some(minutes) = queue.overdue(failpoints::wait("overdue", LONGEST_WAIT)) {
        found.push(Alert::Waiting { messages: queue.waiting, minutes });
    }
    found.extend(raised.into_iter().filter_map(|kind| match kind {
        Kind::Backup => Some(Alert::Backup),
        Kind::Migrated => Some(Alert::Migrated),
        _ => None,
    }));
    Ok(found)
}
