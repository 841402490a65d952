//! Each change of a turn's state (the table in ARCHITECTURE.md), with a kill -9 at it: after the next start all is as if
//! the program had lived.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::{Action, Calls, Person, Reply};

use crate::support::rows::TURNS;

/// What is the same however often the program died on the way.
struct End {
    /// The turns.
    turns: &'static str,
    /// How many messages the person sees.
    shown: usize,
    /// How often the model was asked, whichever of the questions.
    asked: usize,
}

/// Plays `before`, then `last`, at which the program dies at `point`; starts it again and compares.
#[track_caller]
fn dies(
    point: &str,
    skip: u32,
    before: impl Fn(&TestEnv, &Person),
    last: impl Fn(&TestEnv, &Person),
    end: &End,
) {
    dies_and(point, skip, before, last, end, |_| {});
}

/// As [`dies`], with a further look at what came of it.
#[track_caller]
fn dies_and(
    point: &str,
    skip: u32,
    before: impl Fn(&TestEnv, &Person),
    last: impl Fn(&TestEnv, &Person),
    end: &End,
    look: impl Fn(&TestEnv),
) {
    let mut env = TestEnv::new();
    env.set("TRANSCRIBE_MODEL", "sandbox/ears");
    env.set("SPEECH_MODEL", "sandbox/mouth");
    env.set("KILL_POINT", point);
    env.set("KILL_POINT_SKIP", skip.to_string());
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    before(&env, &person);
    last(&env, &person);
    env.wait_killed(bot);
    env.unset("KILL_POINT");
    let _bot = env.start();
    env.wait_for_rows(TURNS, |turns| turns == end.turns);
    env.wait_settled();
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql(TURNS), end.turns, "{point}");
    assert_eq!(env.telegram.texts(1).len(), end.shown, "{point}");
    let asked = ["first", "soup", "tea"].map(|question| env.times_asked(question));
    assert_eq!(asked.iter().sum::<usize>(), end.asked, "{point}");
    look(&env);
    // And the lane goes on.
    env.model.clear();
    env.model.usually(Behaviour::answer());
    env.telegram.clear_faults();
    env.telegram.say(&person, "harmless");
    env.telegram.wait_for_text(1, |text| text.contains("harmless"));
}

fn ask(env: &TestEnv, person: &Person) {
    env.telegram.say(person, "soup");
}

fn answered(env: &TestEnv, person: &Person) {
    ask(env, person);
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
}

fn nothing(_: &TestEnv, _: &Person) {}

#[test]
fn received_answering_answered_sending_sent() {
    for (point, shown, asked) in [
        ("received:soup", 1, 1),
        ("answering:soup", 1, 1),
        // Nothing of it is stored yet: asked once more.
        ("generated:soup", 1, 2),
        ("finishing:soup", 1, 2),
        ("finished:soup", 1, 1),
        ("sending:soup", 1, 1),
        // The window: Telegram took it, and nobody wrote that down.
        ("taken:soup", 2, 1),
        ("recorded:soup", 1, 1),
    ] {
        dies(point, 0, nothing, ask, &End { turns: "answered", shown, asked });
    }
}

#[test]
fn received_inserted_fetched_prepared_answered() {
    let show = |env: &TestEnv, person: &Person| {
        let mut photo = env.telegram.photo(&[(b"\xff\xd8\xff picture", 800, 600)]);
        photo["caption"] = "soup".into();
        env.telegram.post(person, &photo);
    };
    let fetched = std::cell::Cell::new(0);
    for (point, downloads, asked) in [
        ("received:soup", 1, 1),
        ("inserted:soup", 1, 1),
        ("fetched:soup", 1, 1),
        ("prepared:soup", 1, 1),
        ("generated:soup", 1, 2),
        ("finishing:soup", 1, 2),
        ("finished:soup", 1, 1),
    ] {
        let shown = |env: &TestEnv| {
            fetched.set(env.telegram.calls("download").len());
            let kept = "SELECT count(*) FROM attachments JOIN messages ON messages.id = message_id WHERE attachments.content IS NOT NULL";
            assert_eq!(env.psql(kept), "1", "{point}");
            let with_picture = env.asked("soup").iter().filter(|asked| asked.pictures().len() == 1).count();
            assert_eq!(with_picture, asked, "{point}");
        };
        dies_and(point, 0, nothing, show, &End { turns: "answered", shown: 1, asked }, shown);
        assert_eq!(fetched.get(), downloads, "{point}");
    }
}

#[test]
fn received_inserted_fetched_extracted_answered() {
    let send = |env: &TestEnv, person: &Person| {
        let mut document = env.telegram.document("a.txt", "text/plain", b"zebra");
        document["caption"] = "soup".into();
        env.telegram.post(person, &document);
    };
    for (point, extracted, asked) in [
        ("inserted:soup", 1, 1),
        ("fetched:soup", 1, 1),
        ("extracted:soup", 1, 1),
        ("answering:soup", 1, 1),
        ("generated:soup", 1, 2),
        ("finishing:soup", 1, 2),
        ("finished:soup", 1, 1),
    ] {
        let read = |env: &TestEnv| {
            assert_eq!(env.telegram.calls("download").len(), 1, "{point}");
            env.assert_logged("a file was read", extracted);
            assert_eq!(
                env.psql("SELECT text FROM attachments JOIN messages ON messages.id = message_id"),
                "zebra"
            );
            let with_words =
                env.asked("soup").iter().filter(|asked| asked.question().contains("\n> zebra\n")).count();
            assert_eq!(with_words, asked, "{point}");
        };
        dies_and(point, 0, nothing, send, &End { turns: "answered", shown: 1, asked }, read);
    }
}

#[test]
fn received_fetched_heard_answered() {
    let say = |env: &TestEnv, person: &Person| {
        let mut voice = env.telegram.voice("what is soup", 3);
        voice["caption"] = "soup?".into();
        env.telegram.post(person, &voice);
    };
    for (point, listened, asked) in [
        ("received:soup", 1, 1),
        ("fetched:soup", 1, 1),
        ("heard:soup", 1, 1),
        ("answering:soup", 1, 1),
        ("generated:soup", 1, 2),
        ("finishing:soup", 1, 2),
        ("finished:soup", 1, 1),
    ] {
        let paid_once = |env: &TestEnv| {
            assert_eq!(env.model.listened().len(), listened, "{point}");
            assert_eq!(env.telegram.calls("download").len(), 1, "{point}");
            let paid =
                "SELECT count(*) FROM model_calls WHERE purpose = 'transcript' AND outcome = 'answered'";
            assert_eq!(env.psql(paid), "1", "{point}");
            assert_eq!(env.telegram.texts(1)[0].matches("what is soup\n").count(), 2, "{point}");
        };
        dies_and(point, 0, nothing, say, &End { turns: "answered", shown: 1, asked }, paid_once);
    }
}

#[test]
fn sending_spoken_sent() {
    let choose = |env: &TestEnv, person: &Person| {
        env.telegram.say(person, "/voice on");
        env.telegram.wait_for_count(1, 1);
        env.wait_settled();
    };
    // The words of the voice message stand in its part, the answer's in another one before it.
    for (point, skip, spoken, shown) in [
        ("finishing:soup", 0, 1, 3),
        ("finished:soup", 0, 1, 3),
        ("sending:soup", 0, 1, 3),
        ("recorded:soup", 0, 1, 3),
        ("spoken:soup", 0, 2, 3),
        ("sending:soup", 1, 2, 3),
        // The window of a send.
        ("taken:soup", 1, 2, 4),
        ("recorded:soup", 1, 1, 3),
    ] {
        let asked = if point.starts_with("finishing") { 2 } else { 1 };
        let paid = |env: &TestEnv| {
            assert_eq!(env.model.spoken().len(), spoken, "{point} {skip}");
            let rows = "SELECT count(*) FROM model_calls WHERE purpose = 'speech' AND outcome = 'answered'";
            assert_eq!(env.psql(rows), spoken.to_string(), "{point} {skip}");
        };
        dies_and(point, skip, choose, ask, &End { turns: "answered", shown, asked }, paid);
    }
}

#[test]
fn answering_put_off_answered() {
    let busy = |env: &TestEnv, _: &Person| {
        env.model.on(When::any().times(1), Behaviour::status(503, "busy"));
    };
    dies("answering:soup", 1, busy, ask, &End { turns: "answered", shown: 1, asked: 2 });
}

#[test]
fn answering_failed() {
    let broken = |env: &TestEnv, _: &Person| env.model.usually(Behaviour::status(401, "no"));
    for (point, asked) in [("finishing:/retry", 2), ("finished:/retry", 1)] {
        dies(point, 0, broken, ask, &End { turns: "failed", shown: 1, asked });
    }
}

#[test]
fn answering_stopped() {
    let held = |env: &TestEnv, person: &Person| {
        let gate = env.model.hold(When::asked("soup"));
        ask(env, person);
        gate.wait_arrived();
    };
    let stop = |env: &TestEnv, person: &Person| {
        env.telegram.say(person, "/stop");
    };
    for point in ["received:/stop", "finishing:Stopped", "finished:Stopped", "sending:Stopped"] {
        dies(point, 0, held, stop, &End { turns: "stopped", shown: 1, asked: 1 });
    }
}

#[test]
fn received_stopped() {
    let waiting = |env: &TestEnv, person: &Person| {
        let gate = env.model.hold(When::asked("first"));
        env.telegram.say(person, "first");
        gate.wait_arrived();
        ask(env, person);
        env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
    };
    let stop = |env: &TestEnv, person: &Person| {
        env.telegram.say(person, "/stop");
    };
    dies("received:/stop", 0, waiting, stop, &End { turns: "stopped, stopped", shown: 2, asked: 1 });
}

#[test]
fn received_edited_answered() {
    let gate = Gate::default();
    let waiting = |env: &TestEnv, person: &Person| {
        env.model.on(When::asked("first").times(1), Behaviour::answer().hold(&gate));
        env.telegram.say(person, "first");
        gate.wait_arrived();
    };
    let edit = |env: &TestEnv, person: &Person| {
        let said = env.telegram.say(person, "soup");
        env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
        env.telegram.edit(person, said.message_id, "tea");
    };
    // The first one is asked again, for its answer was in the making.
    dies("received:tea", 0, waiting, edit, &End { turns: "answered, answered", shown: 2, asked: 3 });
}

#[test]
fn answered_superseded() {
    let edit = |env: &TestEnv, person: &Person| {
        let question = env.psql("SELECT message_ids[1] FROM turns").parse().unwrap();
        env.telegram.edit(person, question, "tea");
    };
    for (point, asked) in [
        ("received:tea", 2),
        ("answering:tea", 2),
        ("generated:tea", 3),
        ("finishing:tea", 3),
        ("finished:tea", 2),
        ("sending:tea", 2),
        // Taken twice changes nothing: an edit has no window.
        ("taken:tea", 2),
        ("recorded:tea", 2),
    ] {
        dies(point, 0, answered, edit, &End { turns: "answered superseded, answered", shown: 1, asked });
    }
}

#[test]
fn failed_superseded() {
    let failed = |env: &TestEnv, person: &Person| {
        env.model.on(When::any().times(1), Behaviour::status(401, "no"));
        ask(env, person);
        env.telegram.wait_for_count(1, 1);
        env.wait_settled();
    };
    let retry = |env: &TestEnv, person: &Person| {
        env.telegram.say(person, "/retry");
    };
    for (point, asked) in [("received:/retry", 2), ("finishing:soup", 3), ("taken:soup", 2)] {
        dies(point, 0, failed, retry, &End { turns: "failed superseded, answered", shown: 1, asked });
    }
}

#[test]
fn sending_abandoned() {
    let blocked = |env: &TestEnv, _: &Person| {
        let forbidden = Reply::error(403, "Forbidden: bot was blocked by the user");
        env.telegram.fault(Calls::to("sendMessage"), Action::Refuse(forbidden));
    };
    dies("sending:soup", 0, blocked, ask, &End { turns: "answered", shown: 0, asked: 1 });
}
