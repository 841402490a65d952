use std::sync::Arc;

use super::*;
use crate::base::cancel::CancelToken;
use crate::domain::lane::Lane;

fn job(user: i64) -> Job {
    let lane = Lane { bot_id: 1, chat_id: user, user_id: user, thread_id: None };
    Job { lane, stop: CancelToken::new() }
}

/// A worker that says whose step it got, or nothing when its thread ends; it rests when this returns.
fn worker(crew: &Arc<Crew>) -> Receiver<Option<i64>> {
    let (rests, at_rest) = bounded(0);
    let (said, got) = bounded(1);
    let crew = Arc::clone(crew);
    thread::spawn(move || {
        let steps = crew.rest();
        rests.send(()).unwrap();
        said.send(steps.and_then(|steps| crew.next(&steps)).map(|job| job.lane.user_id)).unwrap();
    });
    at_rest.recv().unwrap();
    got
}

#[test]
fn a_step_goes_to_the_worker_that_rested_last_and_to_nobody_where_nobody_rests() {
    let crew = Arc::new(Crew::default());
    assert!(crew.hand(job(1)).is_err());
    let (first, last) = (worker(&crew), worker(&crew));
    assert!(crew.hand(job(2)).is_ok());
    assert_eq!(last.recv().unwrap(), Some(2));
    assert!(crew.hand(job(3)).is_ok());
    assert_eq!(first.recv().unwrap(), Some(3));
    assert_eq!(crew.hand(job(4)).map_err(|job| job.lane.user_id), Err(4));
}

#[test]
fn who_rests_when_the_work_is_over_ends_and_who_comes_to_rest_later_too() {
    let crew = Arc::new(Crew::default());
    let resting = worker(&crew);
    crew.dismiss();
    assert_eq!(resting.recv().unwrap(), None);
    assert_eq!(worker(&crew).recv().unwrap(), None);
    assert!(crew.hand(job(1)).is_err());
}
