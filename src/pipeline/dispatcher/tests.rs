use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crossbeam_channel::{TrySendError, bounded};

use super::*;

#[test]
fn a_lane_for_which_the_system_has_no_thread_waits_for_one_and_is_not_lost() {
    let (_news, news) = bounded(1);
    let (_woken, woken) = bounded(1);
    let (results, finished) = bounded(1);
    let (steps, taken) = bounded(1);
    let (end, shutdown) = bounded(1);
    let tries = AtomicUsize::new(0);
    let hire = move || match tries.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(steps.clone()),
    };
    let lane = Lane { bot_id: 1, chat_id: 2, user_id: 2, thread_id: None };
    let worker = thread::spawn(move || {
        let job: Job = taken.recv().unwrap();
        results.send(Finished { lane: job.lane, outcome: Outcome::Idle }).unwrap();
        end.send(Duration::ZERO).unwrap();
        job.lane
    });
    let (crew, hire) = (Arc::new(Crew::default()), Box::new(hire));
    let grace = Duration::ZERO;
    assert!(
        Dispatcher { news, woken, finished, crew, hire, lanes: Arc::default(), shutdown, workers: 1, grace }
            .run(vec![lane])
    );
    assert_eq!(worker.join().unwrap(), lane);
}

#[test]
fn what_runs_on_is_interrupted_once_it_is_told_that_another_instance_leads() {
    let (end_of_news, news) = bounded::<News>(1);
    let (wake, woken) = bounded(1);
    let (results, finished) = bounded(1);
    let (steps, taken) = bounded(1);
    let (end, shutdown) = bounded(1);
    let worker = thread::spawn(move || {
        let job: Job = taken.recv().unwrap();
        // The poller ends first, and what runs has the whole grace.
        drop(end_of_news);
        while !matches!(wake.try_send(job.lane), Err(TrySendError::Disconnected(_))) {
            thread::yield_now();
        }
        end.send(Duration::ZERO).unwrap();
        let limit = Instant::now() + Duration::from_secs(30);
        while !job.stop.is_requested() && Instant::now() < limit {
            thread::yield_now();
        }
        results.send(Finished { lane: job.lane, outcome: Outcome::Idle }).unwrap();
        job.stop.is_requested()
    });
    let hire = Box::new(move || Ok(steps.clone()));
    let (crew, grace) = (Arc::new(Crew::default()), Duration::from_secs(3600));
    let lane = Lane { bot_id: 1, chat_id: 2, user_id: 2, thread_id: None };
    assert!(
        Dispatcher { news, woken, finished, crew, hire, lanes: Arc::default(), shutdown, workers: 1, grace }
            .run(vec![lane])
    );
    assert!(worker.join().unwrap(), "it had the grace of a shutdown");
}
