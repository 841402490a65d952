//! The rules of joining, message by message.

use super::*;
use crate::domain::admission::Known;
use crate::domain::choice::Choice;
use crate::domain::memory::Memory;

fn waiting(seq: i64, age_ms: u64, text: &str, date: i64) -> Waiting {
    let payload = format!(
        r#"{{"update_id":{seq},"message":{{"message_id":{seq},"date":{date},"chat":{{"id":1,"type":"private"}},"from":{{"id":1}},"text":"{text}"}}}}"#
    );
    Waiting {
        seq,
        update_id: seq,
        kind: MESSAGE.to_owned(),
        payload,
        attempts: 0,
        retries: 0,
        stopped: false,
        live_message_id: None,
        wait: None,
        age: Duration::from_millis(age_ms),
        next: None,
        behind_unsent: false,
        choice: Choice::NONE,
        known: Known::default(),
        summaries: Vec::new(),
        memory: Memory::default(),
    }
}

fn joined(all: &[Waiting]) -> Assembled {
    let me = Me {
        id: 7,
        username: "bot".to_owned(),
        picture_pixels: 1280,
        hears: false,
        transcript_chats: std::collections::BTreeSet::new(),
    };
    let first = Incoming::decode(&all[0].payload, &me).ok().unwrap().message;
    let lane = Lane { bot_id: 7, chat_id: 1, user_id: 1, thread_id: None };
    join(lane, &first, &all[0], &all[1..], &me)
}

const NONE: [i64; 0] = [];

fn long(letter: char, units: usize) -> String {
    std::iter::repeat_n(letter, units).collect()
}

fn ids(paste: &Assembled) -> Vec<i64> {
    match paste {
        Assembled::Whole(Whole { joined, .. }) => joined.iter().map(|key| key.seq).collect(),
        Assembled::MoreMayCome(_) => panic!("not whole"),
    }
}

#[test]
fn a_long_message_waits_for_what_may_follow_it() {
    let (one, two) = (long('a', 4096), long('b', 4050));
    assert_eq!(joined(&[waiting(1, 500, &one, 0)]), Assembled::MoreMayCome(Duration::from_millis(1000)));
    let both = [waiting(1, 1400, &one, 0), waiting(2, 100, &two, 1)];
    assert_eq!(joined(&both), Assembled::MoreMayCome(Duration::from_millis(1400)));
    assert_eq!(ids(&joined(&[waiting(1, 1500, &one, 0)])), NONE);
}

#[test]
fn a_shorter_message_completes_it_at_once_and_what_comes_then_is_another_question() {
    let (one, two) = (long('a', 4096), long('b', 4050));
    let all =
        [waiting(1, 30, &one, 0), waiting(2, 20, &two, 0), waiting(3, 10, "c", 1), waiting(4, 5, "d", 1)];
    let paste = joined(&all);
    assert_eq!(ids(&paste), [2, 3]);
    let Assembled::Whole(whole) = paste else { unreachable!() };
    // The first one was full: cut inside a word; the second one was not.
    assert_eq!(whole.text(), format!("{one}{two}\nc"));
    assert_eq!(whole.message_ids(), [1, 2, 3]);
}

#[test]
fn what_came_later_or_is_no_text_or_is_a_command_does_not_belong_to_it() {
    let one = long('a', 4000);
    for other in [
        waiting(2, 10, "/clear", 0),
        waiting(2, 10, "later by the dates, while the bot was away", 60),
        waiting(2, 10, "later by the inbox", 0),
        Waiting { kind: "edited_message".to_owned(), ..waiting(2, 10, "x", 0) },
        Waiting {
            payload: waiting(2, 10, "x", 0).payload.replace("\"text\"", "\"caption\""),
            ..waiting(2, 10, "x", 0)
        },
    ] {
        let age = if other.payload.contains("inbox") { 5000 } else { 20 };
        assert_eq!(ids(&joined(&[waiting(1, age, &one, 0), other])), NONE);
    }
}

#[test]
fn what_was_stopped_waits_for_nothing_and_takes_along_what_belongs_to_it() {
    let one = long('a', 4096);
    let stopped = |waiting| Waiting { stopped: true, ..waiting };
    assert_eq!(ids(&joined(&[stopped(waiting(1, 10, &one, 0))])), NONE);
    // The button of its draft stops the first one; what it was asked with is stopped with it.
    let all = [stopped(waiting(1, 10, &one, 0)), waiting(2, 9, &one, 0), waiting(3, 8, "end", 0)];
    assert_eq!(ids(&joined(&all)), [2, 3]);
    // What comes after the stop is not.
    let all = [stopped(waiting(1, 10, &one, 0)), waiting(2, 9, "/stop", 0), waiting(3, 8, "new", 0)];
    assert_eq!(ids(&joined(&all)), NONE);
}

fn forwarded(seq: i64, age_ms: u64, date: i64) -> Waiting {
    let origin = r#""forward_origin":{"type":"hidden_user"},"text":"#;
    let payload = waiting(seq, age_ms, &format!("piece {seq}"), date).payload.replace("\"text\":", origin);
    Waiting { payload, ..waiting(seq, age_ms, "", date) }
}

fn whole(all: &[Waiting]) -> Whole {
    match joined(all) {
        Assembled::Whole(whole) => whole,
        Assembled::MoreMayCome(_) => panic!("not whole"),
    }
}

#[test]
fn what_is_forwarded_behind_a_question_belongs_to_it_and_is_ordered_by_its_numbers() {
    let all = [waiting(1, 3000, "what is it?", 9), forwarded(3, 1800, 9), forwarded(2, 1600, 10)];
    let whole = whole(&all);
    assert_eq!((&*whole.text(), whole.message_ids(), whole.date), ("what is it?", vec![1, 2, 3], 10));
    let words: Vec<_> = whole.quotes().into_iter().map(|quote| quote.text).collect();
    assert_eq!(words, ["piece 2", "piece 3"]);
    assert_eq!(whole.joined.len(), 2);
}

#[test]
fn forwards_wait_for_more_of_them_until_something_else_has_come() {
    assert_eq!(joined(&[forwarded(1, 500, 0)]), Assembled::MoreMayCome(Duration::from_millis(1000)));
    let two = [waiting(1, 900, "x", 0), forwarded(2, 100, 0)];
    assert_eq!(joined(&two), Assembled::MoreMayCome(Duration::from_millis(1400)));
    assert_eq!(ids(&joined(&[forwarded(1, 500, 0), forwarded(2, 90, 4), waiting(3, 50, "x", 4)])), [2]);
    // A text that nothing was forwarded with waits for nothing.
    assert_eq!(ids(&joined(&[waiting(1, 10, "x", 0)])), NONE);
}

#[test]
fn what_was_forwarded_later_by_the_dates_is_a_question_of_its_own() {
    assert_eq!(ids(&joined(&[waiting(1, 10, "x", 0), forwarded(2, 5, 3)])), NONE);
    assert_eq!(ids(&joined(&[forwarded(1, 10, 0), forwarded(2, 5, 6)])), NONE);
}

#[test]
fn the_poller_knows_of_which_question_a_late_piece_is() {
    let me = Me {
        id: 7,
        username: "bot".to_owned(),
        picture_pixels: 1280,
        hears: false,
        transcript_chats: std::collections::BTreeSet::new(),
    };
    let mut open = Open::default();
    let mut taken =
        |waiting: &Waiting| open.takes(&mut Incoming::decode(&waiting.payload, &me).ok().unwrap(), &me);
    assert_eq!(taken(&waiting(1, 0, "what is it?", 0)), Taken::ToAnswer);
    assert_eq!(taken(&forwarded(2, 0, 2)), Taken::PieceOf(1));
    assert_eq!(taken(&forwarded(3, 0, 7)), Taken::PieceOf(1));
    assert_eq!(taken(&forwarded(4, 0, 13)), Taken::ToAnswer);
    assert_eq!(taken(&waiting(5, 0, "/clear", 13)), Taken::ToAnswer);
    assert_eq!(taken(&forwarded(6, 0, 13)), Taken::ToAnswer, "a command has no pieces");
}

/// A picture, perhaps of an album, perhaps with words.
fn shown(seq: i64, age_ms: u64, caption: &str, fields: &str) -> Waiting {
    let photo = format!(
        r#""photo":[{{"file_id":"f{seq}","file_unique_id":"u{seq}","width":4,"height":{seq}}}],{fields}"caption":"#
    );
    let payload = waiting(seq, age_ms, caption, 0).payload.replace("\"text\":", &photo);
    Waiting { payload, ..waiting(seq, age_ms, "", 0) }
}

const ALBUM: &str = r#""media_group_id":"a","#;
const FORWARDED: &str = r#""forward_origin":{"type":"hidden_user"},"#;

#[test]
fn a_picture_without_words_waits_for_them_and_takes_those_that_are_said_right_behind_it() {
    assert_eq!(joined(&[shown(1, 500, "", "")]), Assembled::MoreMayCome(Duration::from_millis(1000)));
    assert_eq!(ids(&joined(&[shown(1, 10, "what is it?", "")])), NONE, "one with words is a question");
    let whole = whole(&[shown(1, 900, "", ""), waiting(2, 100, "what is it?", 1), waiting(3, 5, "and?", 1)]);
    assert_eq!(whole.text(), "[photo 4×1]\nwhat is it?");
    assert_eq!((whole.message_ids(), whole.joined.len(), whole.sent().len()), (vec![1, 2], 1, 1));
    for other in [
        waiting(2, 100, "/clear", 0),
        waiting(2, 100, "later by the dates", 3),
        Waiting { age: Duration::ZERO, ..waiting(2, 0, "later by the inbox", 1) },
        shown(2, 100, "", ""),
        Waiting { kind: "edited_message".to_owned(), ..waiting(2, 100, "x", 0) },
    ] {
        let age = if other.payload.contains("inbox") { 1600 } else { 900 };
        let payload = other.payload.clone();
        assert_eq!(ids(&joined(&[shown(1, age, "", ""), other])), NONE, "{payload}");
    }
}

#[test]
fn a_comment_and_a_forwarded_picture_are_one_question_with_its_words_quoted() {
    let all = [waiting(1, 2000, "what is it?", 0), shown(2, 1600, "soup", FORWARDED), forwarded(3, 1500, 1)];
    let whole = whole(&all);
    assert_eq!(whole.text(), "what is it?\n[photo 4×2]");
    assert_eq!(whole.message_ids(), [1, 2, 3]);
    let words: Vec<_> = whole.quotes().into_iter().map(|quote| quote.text).collect();
    assert_eq!(words, ["[photo 4×2]\nsoup", "piece 3"]);
}

#[test]
fn the_pieces_of_an_album_belong_together_whatever_comes_between_them() {
    let all = [
        shown(2, 2500, "two", ALBUM),
        waiting(4, 2000, "and then?", 0),
        shown(1, 1600, "", ALBUM),
        shown(5, 1500, "", r#""media_group_id":"b","#),
    ];
    let whole = whole(&all);
    assert_eq!(whole.text(), "[photo 1 of 2 4×1]\n[photo 2 of 2 4×2]\ntwo");
    assert_eq!((whole.message_ids(), whole.joined.len()), (vec![1, 2], 1));
    let fresh = [shown(1, 900, "x", ALBUM), shown(2, 500, "", ALBUM)];
    assert_eq!(joined(&fresh), Assembled::MoreMayCome(Duration::from_millis(1000)));
    let ten: Vec<_> = (1..=10).map(|seq| shown(seq, 10, "x", ALBUM)).collect();
    assert_eq!(ids(&joined(&ten)).len(), 9);
}

#[test]
fn the_poller_knows_of_which_question_a_late_picture_is() {
    let me = Me {
        id: 7,
        username: "bot".to_owned(),
        picture_pixels: 1280,
        hears: false,
        transcript_chats: std::collections::BTreeSet::new(),
    };
    let mut open = Open::default();
    let mut taken = |waiting: &Waiting| {
        let mut incoming = Incoming::decode(&waiting.payload, &me).ok().unwrap();
        open.look_at(&incoming);
        open.takes(&mut incoming, &me)
    };
    let of_album = format!("{FORWARDED}{ALBUM}");
    assert_eq!(taken(&waiting(1, 0, "what is it?", 0)), Taken::ToAnswer);
    assert_eq!(taken(&shown(2, 0, "", &of_album)), Taken::PieceOf(1));
    assert_eq!(taken(&waiting(3, 0, "next", 0)), Taken::ToAnswer);
    assert_eq!(taken(&shown(4, 0, "", &of_album)), Taken::PieceOf(1), "whatever came between");
    assert_eq!(taken(&shown(5, 0, "", r#""media_group_id":"b","#)), Taken::ToAnswer);
    assert_eq!(taken(&shown(6, 0, "", r#""media_group_id":"b","#)), Taken::PieceOf(5));
}
