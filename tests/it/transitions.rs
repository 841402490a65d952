//! Each change of a turn's state (the table in ARCHITECTURE.md), with a kill -9 at it: after the next start all is as if
//! the program had lived.

use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::{Action, Calls, Person, Reply};

use crate::promises::regenerate::TURNS;
use crate::support::env::World;

/// What is the same however often the program died on the way.
struct End {
    /// The turns.
    turns: &'static str,
    /// How many messages the person sees.
    shown: usize,
    /// How often the model was asked in all.
    asked: usize,
}

/// Plays `before`, then `last`, at which the program dies at `point`; starts it again and compares.
#[track_caller]
fn dies(point: &str, skip: u32, before: impl Fn(&World, &Person), last: impl Fn(&World, &Person), end: &End) {
    let mut world = World::new();
    world.set("KILL_POINT", point);
    world.set("KILL_POINT_SKIP", skip.to_string());
    let bot = world.start();
    let person = Person::private(1).speaking("en");
    before(&world, &person);
    last(&world, &person);
    let status = bot.wait();
    assert!(status.code().is_none(), "{point}: it died of a signal, not of itself");
    world.unset("KILL_POINT");
    let _bot = world.start();
    world.wait_for_rows(TURNS, |turns| turns == end.turns);
    world.wait_settled();
    world.telegram.wait_confirmed();
    world.wait_settled();
    assert_eq!(world.psql(TURNS), end.turns, "{point}");
    assert_eq!(world.telegram.texts(1).len(), end.shown, "{point}");
    assert_eq!(world.model.requests().len(), end.asked, "{point}");
    // and the lane goes on
    world.model.clear();
    world.model.usually(Behaviour::answer());
    world.telegram.clear_faults();
    world.telegram.say(&person, "harmless");
    world.telegram.wait_for_text(1, |text| text.contains("harmless"));
}

fn ask(world: &World, person: &Person) {
    world.telegram.say(person, "soup");
}

fn answered(world: &World, person: &Person) {
    ask(world, person);
    world.telegram.wait_for_count(1, 1);
    world.wait_settled();
}

fn nothing(_: &World, _: &Person) {}

#[test]
fn received_answering_answered_sending_sent() {
    for (point, shown, asked) in [
        ("received:soup", 1, 1),
        ("answering:soup", 1, 1),
        // nothing of it is stored yet: asked once more
        ("generated:soup", 1, 2),
        ("finishing:soup", 1, 2),
        ("finished:soup", 1, 1),
        ("sending:soup", 1, 1),
        // the window: Telegram took it, and nobody wrote that down
        ("taken:soup", 2, 1),
        ("recorded:soup", 1, 1),
    ] {
        dies(point, 0, nothing, ask, &End { turns: "answered", shown, asked });
    }
}

#[test]
fn answering_put_off_answered() {
    let busy = |world: &World, _: &Person| {
        world.model.on(When::any().times(1), Behaviour::status(503, "busy"));
    };
    dies("answering:soup", 1, busy, ask, &End { turns: "answered", shown: 1, asked: 2 });
}

#[test]
fn answering_failed() {
    let broken = |world: &World, _: &Person| world.model.usually(Behaviour::status(401, "no"));
    for (point, asked) in [("finishing:/retry", 2), ("finished:/retry", 1)] {
        dies(point, 0, broken, ask, &End { turns: "failed", shown: 1, asked });
    }
}

#[test]
fn answering_stopped() {
    let held = |world: &World, person: &Person| {
        let gate = world.model.hold(When::asked("soup"));
        ask(world, person);
        gate.wait_arrived();
    };
    let stop = |world: &World, person: &Person| {
        world.telegram.say(person, "/stop");
    };
    for point in ["received:/stop", "finishing:Stopped", "finished:Stopped", "sending:Stopped"] {
        dies(point, 0, held, stop, &End { turns: "stopped", shown: 1, asked: 1 });
    }
}

#[test]
fn received_stopped() {
    let waiting = |world: &World, person: &Person| {
        let gate = world.model.hold(When::asked("first"));
        world.telegram.say(person, "first");
        gate.wait_arrived();
        ask(world, person);
        world.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
    };
    let stop = |world: &World, person: &Person| {
        world.telegram.say(person, "/stop");
    };
    dies("received:/stop", 0, waiting, stop, &End { turns: "stopped, stopped", shown: 2, asked: 1 });
}

#[test]
fn received_edited_answered() {
    let gate = Gate::default();
    let waiting = |world: &World, person: &Person| {
        world.model.on(When::asked("first").times(1), Behaviour::answer().hold(&gate));
        world.telegram.say(person, "first");
        gate.wait_arrived();
    };
    let edit = |world: &World, person: &Person| {
        let said = world.telegram.say(person, "soup");
        world.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
        world.telegram.edit(person, said.message_id, "tea");
    };
    // the first one is asked again, for its answer was in the making
    dies("received:tea", 0, waiting, edit, &End { turns: "answered, answered", shown: 2, asked: 3 });
}

#[test]
fn answered_superseded() {
    let edit = |world: &World, person: &Person| {
        let question = world.psql("SELECT message_ids[1] FROM turns").parse().unwrap();
        world.telegram.edit(person, question, "tea");
    };
    for (point, asked) in [
        ("received:tea", 2),
        ("answering:tea", 2),
        ("generated:tea", 3),
        ("finishing:tea", 3),
        ("finished:tea", 2),
        ("sending:tea", 2),
        // taken twice changes nothing: an edit has no window
        ("taken:tea", 2),
        ("recorded:tea", 2),
    ] {
        dies(point, 0, answered, edit, &End { turns: "answered superseded, answered", shown: 1, asked });
    }
}

#[test]
fn failed_superseded() {
    let failed = |world: &World, person: &Person| {
        world.model.on(When::any().times(1), Behaviour::status(401, "no"));
        ask(world, person);
        world.telegram.wait_for_count(1, 1);
        world.wait_settled();
    };
    let retry = |world: &World, person: &Person| {
        world.telegram.say(person, "/retry");
    };
    for (point, asked) in [("received:/retry", 2), ("finishing:soup", 3), ("taken:soup", 2)] {
        dies(point, 0, failed, retry, &End { turns: "failed superseded, answered", shown: 1, asked });
    }
}

#[test]
fn sending_abandoned() {
    let blocked = |world: &World, _: &Person| {
        let forbidden = Reply::error(403, "Forbidden: bot was blocked by the user");
        world.telegram.fault(Calls::to("sendMessage"), Action::Refuse(forbidden));
    };
    dies("sending:soup", 0, blocked, ask, &End { turns: "answered", shown: 0, asked: 1 });
}
