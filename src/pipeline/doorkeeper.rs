//! Requests to be let in that nobody comes back to: a thread of its own looks after them.
//!
//! It wakes the lanes of those about whom the command line or the console decided, ends what waited for a week, and tells the owners of requests
//! beyond those that they hear of in an hour.

use std::time::Duration;

use tracing::{debug, info};

use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::http::Http;
use crate::domain::reply::ReplyPart;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::due;
use crate::store::requests::MOST_WAITING;

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(5);
/// It looks back for longer, so that it misses nothing while the database is slow.
const LOOK_BACK: Duration = Duration::from_secs(60);

/// Looks after requests until `stop`.
pub fn run(services: &Services, http: &Http, stop: &CancelToken) {
    while !stop.is_requested() {
        if let Err(problem) = look(services)
            && !problem.is_told()
        {
            // The next look finds the same.
            debug!("requests to be let in could not be looked after: {problem}");
        }
        http.sleep(failpoints::wait("doorkeeper", PAUSE), stop);
    }
}

fn look(services: &Services) -> Result<(), StoreError> {
    let (bot_id, store) = (services.me.id, &services.store);
    let found = store.run(|conn| due::look(conn, bot_id, LOOK_BACK))?;
    if found.decided {
        services.wake(store.run(|conn| due::lately_decided(conn, bot_id, LOOK_BACK))?);
    }
    while found.over
        && let Some((user, lanes)) = store.run(|conn| due::end_oldest(conn, bot_id))?
    {
        info!(user, "a request to be let in is over: no owner decided within a week");
        services.wake(lanes);
    }
    if !found.untold {
        return Ok(());
    }
    let owners: Vec<i64> = services.admission.owners.iter().copied().collect();
    let lanes = store.run(|conn| {
        due::tell_further(conn, bot_id, &owners, |language, further, waiting| {
            ReplyPart::plain(language.further_requests(further, waiting, MOST_WAITING))
        })
    })?;
    services.wake(lanes);
    Ok(())
}
