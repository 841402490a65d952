//! The answer while it grows.

use std::time::Duration;

use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::{Action, Calls, Limits, Person, Reply};
use sandbox::{PATIENCE, TestEnv, wait_until};

use crate::support::at_once::all_at_once;
use crate::support::exposition::{address, is, measured, wait_for};

const ANSWER: &str = "# Soup\n\nTake **two** carrots, `salt` and a [pot](https://example.org). Then wait for a while, \
                      stir, wait again, and serve it *hot* with bread.\n\nEnjoy!";

#[test]
fn in_a_private_chat_the_answer_grows_and_comes_once() {
    let env = TestEnv::new();
    env.telegram.limit(Some(Limits::default()));
    let _bot = env.start();
    let gate = Gate::default();
    let slowly = Behaviour::text(ANSWER).token_every(Duration::from_millis(120));
    env.model.usually(slowly.hold_after(0, &gate));
    env.telegram.say(&Person::private(1), "soup");
    env.telegram.wait_until(PATIENCE, |state| (state.count("sendChatAction") > 0).then_some(()));
    gate.release();
    let sent = env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 1);
    let text = sent[0].text();
    let drafts = env.telegram.calls("sendMessageDraft");
    assert_ne!(drafts[0].params["text"], "", "it begins with words");
    assert!(drafts.len() >= 3, "{} drafts", drafts.len());
    let mut longest = 0;
    for draft in &drafts {
        let shown = draft.params["text"].as_str().unwrap();
        assert!(text.starts_with(shown), "a draft is the beginning of the answer: {shown:?}");
        assert!(shown.len() >= longest, "a draft never gets shorter");
        longest = shown.len();
        assert_eq!(draft.params["draft_id"], drafts[0].params["draft_id"]);
        assert_eq!(draft.status, Some(200), "none is too soon for Telegram");
    }
    assert!(longest > 20, "{longest}");
    for two in drafts.windows(2) {
        assert!(two[1].at - two[0].at >= Duration::from_millis(950), "{:?}", two[1].at - two[0].at);
    }
    // "typing" is for as long as there is no draft
    assert_eq!(env.telegram.calls("sendChatAction").len(), 1);
}

#[test]
fn a_model_that_thinks_for_long_is_shown_by_a_draft_without_words_and_with_a_stop_button() {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "thinking=0.2");
    let _bot = env.start();
    let gate = env.model.hold(When::any());
    env.telegram.say(&Person::private(1), "soup");
    let thinking = env.telegram.wait_until(PATIENCE, |state| state.live_drafts(1).next().cloned());
    assert_eq!((thinking.text(), thinking.can_stop), ("", true));
    gate.release();
    env.telegram.wait_for_count(1, 1);
}

#[test]
fn thinking_is_shown_in_a_block_where_the_operator_likes_that_and_telegram_has_it() {
    for refused in [false, true] {
        let mut env = TestEnv::new();
        env.set("SHORT_WAITS", "thinking=0.2");
        env.set("THINKING", "block");
        let _bot = env.start();
        let unknown = Action::Refuse(Reply::error(404, "Not Found"));
        if refused {
            env.telegram.fault(Calls::to("sendRichMessageDraft"), unknown);
        }
        let gate = env.model.hold(When::any());
        env.telegram.say(&Person::private(1), "soup");
        let thinking = env.telegram.wait_until(PATIENCE, |state| state.live_drafts(1).next().cloned());
        let says = if refused { "" } else { "Думаю…" };
        assert_eq!((thinking.text().trim(), thinking.can_stop), (says, true));
        gate.release();
        let sent = env.telegram.wait_for_count(1, 1);
        assert!(!sent[0].text().contains("Думаю"), "the answer takes its place");
    }
}

#[test]
fn a_draft_that_fails_never_harms_the_answer() {
    let actions = [
        Action::Refuse(Reply::error(404, "Not Found")),
        Action::Refuse(Reply::error(400, "Bad Request: TEXTDRAFT_PEER_INVALID")),
        Action::Refuse(Reply::html(502)),
        Action::RetryAfter(100_000),
        Action::Hang,
        Action::Reset,
    ];
    all_at_once(actions, |action| {
        let env = TestEnv::new();
        let _bot = env.start();
        let gate = env.model.hold(When::any());
        let fault = env.telegram.fault(Calls::to("sendMessageDraft"), action);
        env.telegram.say(&Person::private(1), "hello");
        fault.wait_hits(1, PATIENCE);
        gate.wait_arrived();
        gate.release();
        env.telegram.wait_for_text(1, |text| text.contains("hello"));
        env.wait_settled();
        assert_eq!(env.telegram.texts(1).len(), 1);
    });
}

#[test]
fn where_drafts_are_not_to_be_had_the_chat_shows_typing() {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "thinking=0.1 typing=0.1");
    let _bot = env.start();
    let gate = env.model.hold(When::any());
    let refused = Action::Refuse(Reply::error(404, "Not Found"));
    let fault = env.telegram.fault(Calls::to("sendMessageDraft"), refused);
    env.telegram.say(&Person::private(1), "hello");
    fault.wait_hits(1, PATIENCE);
    let typing = env.telegram.calls("sendChatAction").len() as u64;
    env.telegram.wait_until(PATIENCE, |state| (state.count("sendChatAction") > typing + 1).then_some(()));
    assert_eq!(env.telegram.calls("sendMessageDraft").len(), 1);
    gate.release();
    env.telegram.wait_for_count(1, 1);
}

#[test]
fn no_draft_is_sent_while_telegram_asks_for_a_pause_not_even_for_the_next_answer() {
    let env = measured(TestEnv::new());
    let bot = env.start_ready();
    let drafts = |chat: i64| {
        let drafts = env.telegram.calls("sendMessageDraft");
        drafts.iter().filter(|call| call.chat_id == Some(chat)).count()
    };
    let [one, two, other] = ["one", "two", "other"].map(|text| env.model.hold(When::asked(text)));
    env.telegram.fault(Calls::to("sendMessageDraft").in_chat(1).times(1), Action::RetryAfter(100_000));
    env.telegram.say(&Person::private(1), "one");
    wait_for(&address(&bot), "drafts_total{outcome=\"refused\"}", is(1));
    one.release();
    env.telegram.wait_for_count(1, 1);
    env.telegram.say(&Person::private(1), "two");
    two.wait_arrived();
    // Somebody else, whose answer is in the making since then, sees a draft.
    env.telegram.say(&Person::private(2), "other");
    wait_until("a draft for somebody else", || (drafts(2) > 0).then_some(()));
    assert_eq!(drafts(1), 1);
    two.release();
    other.release();
    env.telegram.wait_for_count(1, 2);
    assert_eq!(drafts(1), 1);
}
