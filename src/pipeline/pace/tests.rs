//! The pace on a clock of the tests' own.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::bucket::Bucket;
use super::chats::Chats;
use super::flood::{Flood, Refusal};
use super::{Form, Pace, Shows, State, Turn};
use crate::base::cancel::Gate;
use crate::telegram::Method;

const EDIT: Form = Form::Message(Method::EditMessageText);
const SEND: Form = Form::Message(Method::SendMessage);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn state(per_second: u32, now: Instant) -> State {
    State { bucket: Bucket::new(per_second, now), flood: Flood::default(), chats: Chats::default() }
}

/// The most calls in any second.
fn most_in_a_second(mut calls: Vec<Instant>) -> usize {
    calls.sort_unstable();
    let within = |from: &Instant| {
        calls.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(1)).count()
    };
    calls.iter().map(within).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn in_any_second_no_more_calls_are_made_than_telegram_takes(
        per_second in 1_u32..60,
        asked in prop::collection::vec((0_u64..120, any::<bool>(), 0.0..=1.0_f64), 1..200),
    ) {
        let start = Instant::now();
        let mut bucket = Bucket::new(per_second, start);
        let (mut now, mut calls) = (start, Vec::new());
        for (later, answer, spare) in asked {
            now += millis(later);
            if answer {
                calls.push(now + bucket.reserve(now));
            } else if bucket.take(now, spare).is_ok() {
                calls.push(now);
            }
        }
        prop_assert!(most_in_a_second(calls) <= per_second as usize);
    }

    #[test]
    fn an_answer_never_waits_for_previews(previews in prop::collection::vec(0_u64..50, 1..200)) {
        let mut now = Instant::now();
        let mut bucket = Bucket::new(30, now);
        for later in previews {
            now += millis(later);
            let _ = bucket.take(now, super::BEHIND_ANSWERS);
            let mut then = bucket.clone();
            prop_assert_eq!(then.reserve(now), Duration::ZERO);
        }
    }

    #[test]
    fn whatever_is_refused_no_call_is_made_inside_a_wait(
        events in prop::collection::vec((0_u64..700, 1_i64..6, 0_u8..4, 1_u64..4), 1..100),
    ) {
        let mut now = Instant::now();
        let mut state = state(30, now);
        let mut pauses: Vec<(i64, Method, Instant)> = Vec::new();
        for (later, chat, what, pause) in events {
            now += millis(later);
            let method = if what % 2 == 0 { Method::SendMessage } else { Method::EditMessageText };
            if what < 2 {
                state.refused(now, chat, method, Duration::from_secs(pause));
                pauses.push((chat, method, now + Duration::from_secs(pause)));
                continue;
            }
            let inside = pauses.iter().any(|(c, m, until)| (*c, *m) == (chat, method) && *until > now);
            if inside {
                prop_assert!(matches!(state.answer(now, chat, method), Turn::Later(_)));
                prop_assert!(state.preview(now, chat, Form::Message(method), Shows::MoreWords).is_err());
            }
        }
    }
}

#[test]
fn answers_come_one_after_the_other_and_previews_leave_room_for_them() {
    let now = Instant::now();
    let mut bucket = Bucket::new(30, now);
    let waits: Vec<_> = (0..8).map(|_| bucket.reserve(now).as_millis()).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 41, 83, 125]);
    let refused = bucket.take(now, super::BEHIND_ANSWERS).unwrap_err();
    assert!(refused > millis(125), "behind all answers that wait: {refused:?}");
    // A turn that is not used is somebody else's.
    bucket.give_back();
    assert_eq!(bucket.reserve(now).as_millis(), 125);
}

#[test]
fn the_first_words_go_before_those_that_follow_and_those_before_what_holds_none() {
    let now = Instant::now();
    let mut state = state(30, now);
    let mut taken =
        |shows| (1..9).take_while(|chat| state.preview(now, *chat, Form::Draft, shows).is_ok()).count();
    assert_eq!([Shows::NoWords, Shows::MoreWords, Shows::FirstWords].map(&mut taken), [2, 1, 1]);
}

#[test]
fn chats_that_are_limited_wait_alone_and_five_in_a_row_are_the_whole_bot() {
    let now = Instant::now();
    let mut flood = Flood::default();
    let refusal =
        |chat_id, seconds| Refusal { chat_id, until: now + Duration::from_secs(seconds), draft: false };
    assert!(!flood.refused(now, refusal(1, 3)));
    assert!(!flood.refused(now + millis(10), refusal(1, 9)));
    for chat_id in [2, 3, 4] {
        assert!(!flood.refused(now + millis(500), refusal(chat_id, 4)));
    }
    assert_eq!(flood.wait(now, true), None);
    // The pause that two of them ask for; the rest of the longer one may be the chat's own.
    assert!(flood.refused(now + millis(999), refusal(5, 5)));
    assert_eq!(flood.wait(now, false), Some(Duration::from_secs(5)));
    // Told once.
    assert!(!flood.refused(now + millis(999), refusal(6, 7)));
    assert_eq!(flood.wait(now, false), Some(Duration::from_secs(7)));
    assert_eq!(flood.wait(now + Duration::from_secs(7), false), None);
}

#[test]
fn refusals_among_calls_that_succeed_are_of_their_chats_alone() {
    let now = Instant::now();
    let mut flood = Flood::default();
    for chat_id in 1..10 {
        let until = now + Duration::from_secs(60);
        assert!(!flood.refused(now, Refusal { chat_id, until, draft: false }));
        if chat_id % 4 == 0 {
            flood.taken();
        }
    }
    assert_eq!(flood.wait(now, true), None);
}

#[test]
fn refusals_that_lie_apart_are_of_their_chats_alone() {
    let now = Instant::now();
    let mut flood = Flood::default();
    for chat_id in 1..10_u32 {
        let at = now + Duration::from_secs(1) * chat_id;
        let until = at + Duration::from_secs(60);
        assert!(!flood.refused(at, Refusal { chat_id: chat_id.into(), until, draft: false }));
        assert_eq!(flood.wait(at, true), None);
    }
}

#[test]
fn drafts_that_are_limited_everywhere_do_not_hold_up_answers() {
    let now = Instant::now();
    let mut state = state(30, now);
    for chat in [1, 2, 5, 6, 7] {
        state.preview_refused(now, chat, Form::Draft, Duration::from_secs(100_000));
    }
    assert_eq!(state.answer(now, 1, Method::SendMessage), Turn::In(Duration::ZERO));
    assert!(state.preview(now, 3, Form::Draft, Shows::FirstWords).is_err());
    assert!(state.typing(now).is_err());
    // An answer that is refused as well shows that it was the bot as a whole.
    state.refused(now, 3, Method::SendMessage, Duration::from_secs(8));
    assert_eq!(state.answer(now, 4, Method::SendMessage), Turn::Later(Duration::from_secs(100_000)));
}

#[test]
fn after_a_flood_the_bot_goes_on_at_half_the_pace_and_recovers() {
    let now = Instant::now();
    let mut bucket = Bucket::new(30, now);
    let in_a_second = |bucket: &mut Bucket, from: Instant| {
        (0..1000).filter(|millis_later| bucket.take(from + millis(*millis_later), 0.0).is_ok()).count()
    };
    assert_eq!(in_a_second(&mut bucket, now), 28);
    bucket.slow_down(now + millis(1000));
    let slow = in_a_second(&mut bucket, now + millis(1000));
    assert!((12..=15).contains(&slow), "{slow}");
    bucket.slow_down(now + millis(1500));
    let once = in_a_second(&mut bucket, now + millis(2000));
    assert!((11..=13).contains(&once), "one flood slows down once: {once}");
    let again = |time: u64| now + Duration::from_secs(25 * time);
    for time in 1..20 {
        in_a_second(&mut bucket, again(time));
        bucket.slow_down(again(time) + millis(1000));
    }
    assert!(in_a_second(&mut bucket, again(19) + millis(1000)) >= 11, "it never stands still");
    bucket.slow_down(again(40));
    assert!(in_a_second(&mut bucket, again(40) + millis(1000)) >= 24, "who calls seldom is no flood");
    let later = now + Duration::from_secs(1200);
    in_a_second(&mut bucket, later);
    assert!(in_a_second(&mut bucket, later + millis(1000)) >= 24, "and recovers");
    // However high the rate is set, it is what Telegram takes that counts.
    let mut bucket = Bucket::new(10_000, now);
    in_a_second(&mut bucket, now);
    for time in 1..20 {
        in_a_second(&mut bucket, now + Duration::from_secs(10) * time);
        bucket.slow_down(now + Duration::from_secs(10) * time + millis(1000));
    }
    let last = now + Duration::from_secs(10) * 19 + millis(1000);
    assert!(in_a_second(&mut bucket, last) < 60, "{}", in_a_second(&mut bucket, last));
}

#[test]
fn drafts_slow_down_with_each_refusal_and_recover_with_each_success() {
    let now = Instant::now();
    let mut chats = Chats::default();
    let wait =
        |chats: &Chats, chat| chats.preview_wait(now, chat, Form::Draft, false).map(|wait| wait.as_secs());
    chats.taken(now, 1, Form::Draft);
    assert_eq!(wait(&chats, 1), Some(1));
    let refusals: Vec<_> = (0..5)
        .map(|_| {
            chats.refused(now, 1, Form::Draft, Duration::ZERO);
            wait(&chats, 1)
        })
        .collect();
    assert_eq!(refusals, [2, 4, 8, 16, 16].map(Some));
    chats.taken(now, 1, Form::Draft);
    assert_eq!(wait(&chats, 1), Some(8));
    assert_eq!(wait(&chats, 2), None, "another chat has its own pace");
}

#[test]
fn a_pause_that_telegram_asks_for_is_kept_in_full_by_the_first_words_too() {
    let now = Instant::now();
    let hour = Duration::from_secs(3600);
    let mut state = state(30, now);
    state.preview_refused(now, 1, SEND, hour);
    assert_eq!(state.preview(now, 1, SEND, Shows::FirstWords), Err(hour));
    // The answer itself is sent by the same method.
    assert_eq!(state.answer(now, 1, Method::SendMessage), Turn::Later(hour));
    assert_eq!(state.answer(now, 1, Method::EditMessageText), Turn::In(Duration::ZERO));
}

#[test]
fn the_first_words_of_a_message_come_at_once_and_edits_at_a_pace() {
    let now = Instant::now();
    for (chat, pace) in [(1, 1500), (-1, 4000)] {
        let mut state = state(30, now);
        assert_eq!(state.preview(now, chat, SEND, Shows::FirstWords), Ok(()));
        state.chats.taken(now, chat, SEND);
        assert_eq!(state.preview(now, chat, EDIT, Shows::MoreWords), Err(millis(pace)));
        // Those of somebody else in the same chat.
        assert_eq!(state.preview(now, chat, SEND, Shows::FirstWords), Ok(()));
    }
}

#[test]
fn previews_leave_a_group_room_for_answers() {
    let mut now = Instant::now();
    let start = now;
    let mut state = state(30, now);
    let mut shown = 0;
    while now < start + Duration::from_secs(59) {
        if state.preview(now, -1, SEND, Shows::FirstWords).is_ok() {
            shown += 1;
        }
        now += millis(500);
    }
    assert_eq!(shown, 15, "of 20 in a minute");
    assert_eq!(state.preview(now, -2, SEND, Shows::FirstWords), Ok(()), "another group has its own");
    assert_eq!(state.preview(start + Duration::from_secs(60), -1, SEND, Shows::FirstWords), Ok(()));
}

#[test]
fn a_turn_that_meets_a_pause_is_given_back() {
    let pace = Pace::new(1, Gate::open());
    assert_eq!(pace.answer(1, Method::SendMessage), Turn::In(Duration::ZERO));
    let Turn::In(wait) = pace.answer(1, Method::SendMessage) else { panic!("no pause yet") };
    assert!(wait > Duration::from_secs(1));
    pace.refused(1, Method::SendMessage, Duration::from_secs(5));
    assert!(pace.paused(1, Method::SendMessage).is_some());
    let Turn::In(again) = pace.answer(2, Method::SendMessage) else {
        panic!("the pause is of the other chat")
    };
    assert!(again <= wait);
}
