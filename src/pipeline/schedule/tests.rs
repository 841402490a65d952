use super::*;

fn lane(user_id: i64) -> Lane {
    Lane { bot_id: 1, chat_id: 2, user_id, thread_id: None }
}

fn next(schedule: &mut Schedule) -> Option<i64> {
    schedule.next().map(|job| job.lane.user_id)
}

#[test]
fn a_lane_is_with_one_worker_at_a_time_however_often_it_wakes() {
    let mut schedule = Schedule::default();
    schedule.wake(lane(1));
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), Some(1));
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), None);
}

#[test]
fn idle_is_ignored_if_a_wake_came_since_the_dispatch() {
    let mut schedule = Schedule::default();
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), Some(1));
    schedule.wake(lane(1));
    schedule.finish(lane(1), Outcome::Idle, Instant::now());
    assert_eq!(next(&mut schedule), Some(1));
    schedule.finish(lane(1), Outcome::Idle, Instant::now());
    assert_eq!(next(&mut schedule), None);
    assert!(schedule.lanes.is_empty(), "an idle lane costs nothing");
}

#[test]
fn lanes_take_turns_so_a_long_queue_delays_nobody() {
    let mut schedule = Schedule::default();
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), Some(1));
    schedule.wake(lane(2));
    schedule.finish(lane(1), Outcome::More, Instant::now());
    assert_eq!(next(&mut schedule), Some(2));
    assert_eq!(next(&mut schedule), Some(1));
}

#[test]
fn a_lane_that_must_wait_is_ready_when_its_time_has_come_and_not_before() {
    let mut schedule = Schedule::default();
    let now = Instant::now();
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), Some(1));
    schedule.finish(lane(1), Outcome::RetryIn(Duration::from_secs(5)), now);
    schedule.wake(lane(1));
    schedule.ring(now + Duration::from_secs(4));
    assert_eq!(next(&mut schedule), None);
    assert_eq!(schedule.next_timer(), Some(now + Duration::from_secs(5)));
    schedule.ring(now + Duration::from_secs(5));
    assert_eq!(next(&mut schedule), Some(1));
    assert_eq!(schedule.next_timer(), None);
}

#[test]
fn an_interruption_reaches_the_worker_and_ends_a_wait() {
    let mut schedule = Schedule::default();
    let now = Instant::now();
    schedule.wake(lane(1));
    let job = schedule.next().unwrap();
    schedule.interrupt(lane(1), 0..=7);
    assert!(job.stop.during(7..=7).is_requested() && !job.stop.during(8..=8).is_requested());
    // Found before it.
    schedule.finish(lane(1), Outcome::RetryIn(Duration::from_secs(5)), now);
    assert_eq!(next(&mut schedule), Some(1));
    schedule.finish(lane(1), Outcome::RetryIn(Duration::from_secs(5)), now);
    assert_eq!(next(&mut schedule), None);
    schedule.interrupt(lane(1), 0..=7);
    assert_eq!(next(&mut schedule), Some(1));
    assert_eq!(schedule.next_timer(), None, "the old timer means nothing any more");
    schedule.finish(lane(1), Outcome::RetryIn(Duration::from_secs(9)), now);
    schedule.ring(now + Duration::from_secs(6));
    assert_eq!(next(&mut schedule), None);
}

#[test]
fn a_lane_that_listens_is_ready_at_its_time_or_when_something_new_comes() {
    let mut schedule = Schedule::default();
    let now = Instant::now();
    let listen = Outcome::ListenFor(Duration::from_secs(5));
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), Some(1));
    schedule.finish(lane(1), listen, now);
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), Some(1));
    assert_eq!(schedule.next_timer(), None);
    // Something new came meanwhile.
    schedule.wake(lane(1));
    schedule.finish(lane(1), listen, now);
    assert_eq!(next(&mut schedule), Some(1));
    schedule.finish(lane(1), listen, now);
    assert_eq!(next(&mut schedule), None);
    schedule.ring(now + Duration::from_secs(5));
    assert_eq!(next(&mut schedule), Some(1));
}

#[test]
fn on_another_server_all_work_ends_and_whatever_waits_is_looked_at_anew() {
    let mut schedule = Schedule::default();
    let now = Instant::now();
    schedule.wake(lane(1));
    assert_eq!(next(&mut schedule), Some(1));
    schedule.finish(lane(1), Outcome::RetryIn(Duration::from_secs(5)), now);
    schedule.wake(lane(2));
    let job = schedule.next().unwrap();
    schedule.take(News { server_changed: true, ..News::default() });
    assert!(job.stop.during(1..=1).is_requested() && !job.stop.is_shutdown());
    assert_eq!(next(&mut schedule), Some(1));
    assert_eq!(schedule.next_timer(), None);
    // The wait was found on the former server.
    schedule.finish(lane(2), Outcome::RetryIn(Duration::from_secs(5)), now);
    assert_eq!(next(&mut schedule), Some(2));
}

#[test]
fn an_interruption_finds_the_worker_of_a_lane_whose_chat_has_moved() {
    let mut schedule = Schedule::default();
    schedule.wake(lane(1));
    let job = schedule.next().unwrap();
    let new = Lane { chat_id: 9, ..job.lane };
    let moved = Moved { bot_id: 1, from: 2, to: 9 };
    schedule.take(News {
        moved: vec![moved],
        lanes: vec![new],
        interrupted: vec![(new, 0..=7)],
        ..News::default()
    });
    assert!(job.stop.during(7..=7).is_requested());
    schedule.take(News { lanes: vec![new], interrupted: vec![(new, 8..=8)], ..News::default() });
    assert!(job.stop.during(8..=8).is_requested());
}

#[test]
fn when_a_chat_moves_all_its_lanes_go_on_under_the_new_id() {
    let mut schedule = Schedule::default();
    schedule.wake(lane(1));
    schedule.wake(lane(2));
    schedule.wake(Lane { chat_id: 3, ..lane(3) });
    let moving = schedule.next().unwrap().lane;
    schedule.wake(moving);
    let moved = Moved { bot_id: 1, from: 2, to: 9 };
    schedule.finish(moving, Outcome::Moved(moved), Instant::now());
    let mut lanes = Vec::new();
    while let Some(job) = schedule.next() {
        lanes.push((job.lane.chat_id, job.lane.user_id));
    }
    lanes.sort_unstable();
    // The old lanes are looked at once more: something may have come in under the old id.
    assert_eq!(lanes, [(2, 1), (2, 2), (3, 3), (9, 1), (9, 2)]);
}

#[test]
fn the_new_name_of_a_lane_waits_until_the_worker_with_the_old_one_is_done() {
    let mut schedule = Schedule::default();
    schedule.wake(lane(1));
    let old = schedule.next().unwrap().lane;
    let new = Lane { chat_id: 9, ..old };
    schedule.wake(new);
    let moved = Moved { bot_id: 1, from: 2, to: 9 };
    schedule.take(News { moved: vec![moved], lanes: vec![new, lane(3)], ..News::default() });
    assert_eq!(next(&mut schedule), Some(3));
    assert_eq!(next(&mut schedule), None);
    schedule.finish(old, Outcome::More, Instant::now());
    assert_eq!(schedule.next().map(|job| job.lane), Some(new));
    assert_eq!(schedule.next().map(|job| job.lane), Some(old));
    schedule.finish(new, Outcome::Idle, Instant::now());
    schedule.finish(old, Outcome::Idle, Instant::now());
    assert_eq!(schedule.lanes.len(), 1, "only lane 3 is left");
}

/// A worker has the lane under its old name while the new one waits for its time.
fn following_with_a_timer() -> (Schedule, Lane, Lane, Instant) {
    let mut schedule = Schedule::default();
    let now = Instant::now();
    let new = Lane { chat_id: 9, ..lane(1) };
    schedule.wake(new);
    let running = schedule.next().unwrap().lane;
    schedule.finish(running, Outcome::RetryIn(Duration::from_secs(5)), now);
    schedule.wake(lane(1));
    let old = schedule.next().unwrap().lane;
    schedule.take(News { moved: vec![Moved { bot_id: 1, from: 2, to: 9 }], ..News::default() });
    (schedule, old, new, now)
}

#[test]
fn a_lane_that_follows_another_one_has_no_timer_of_its_own_any_more() {
    let (mut schedule, old, new, now) = following_with_a_timer();
    assert_eq!(schedule.next_timer(), None);
    schedule.ring(now + Duration::from_secs(6));
    assert!(schedule.next().is_none(), "the worker has it under its old name");
    schedule.finish(old, Outcome::Idle, now);
    assert_eq!(schedule.next().map(|job| job.lane), Some(new));
    assert!(schedule.next().is_none());
}

#[test]
fn another_server_puts_no_second_worker_on_a_lane() {
    let (mut schedule, old, new, now) = following_with_a_timer();
    schedule.take(News { server_changed: true, ..News::default() });
    assert!(schedule.next().is_none(), "the worker has it under its old name");
    schedule.finish(old, Outcome::Idle, now);
    assert_eq!(schedule.next().map(|job| job.lane), Some(new));
    // And once more while it is with its worker.
    schedule.take(News { server_changed: true, ..News::default() });
    assert!(schedule.next().is_none());
    assert_eq!(schedule.running, 1);
}
