//! The Telegram stand-in at its HTTP edge: updates, messages, drafts.

mod common;

use std::time::{Duration, Instant};

use common::{Caller, receive, send};
use sandbox::telegram::Limits;
use sandbox::{Person, Telegram};
use serde_json::json;

fn bad(what: &str) -> (u16, String) {
    (400, format!("Bad Request: {what}"))
}

#[test]
fn an_update_waits_until_a_higher_offset_arrives() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let anna = Person::private(7);
    let first = telegram.say(&anna, "Привет");
    let second = telegram.say(&anna, "/start now");
    let updates = bot.poll(0, 0);
    assert_eq!(updates[0]["update_id"], first.update_id);
    assert_eq!(updates[0]["message"]["text"], "Привет");
    assert_eq!(updates[0]["message"]["from"]["language_code"], "ru");
    assert_eq!(updates[1]["message"]["entities"], json!([{"type": "bot_command", "offset": 0, "length": 6}]));
    assert_eq!(telegram.unconfirmed(), 2);
    assert_eq!(bot.poll(second.update_id, 0).len(), 1);
    assert_eq!(telegram.unconfirmed(), 1);
    assert_eq!(bot.poll(second.update_id + 1, 0).len(), 0);
    assert_eq!(telegram.unconfirmed(), 0);
    assert_eq!(telegram.redeliver(first.update_id..), 2);
    assert_eq!(bot.poll(-1, 0)[0]["update_id"], second.update_id);
}

#[test]
fn an_offset_far_in_the_future_confirms_nothing() {
    let telegram = Telegram::start();
    let said = telegram.say(&Person::private(7), "one");
    for _ in 0..2 {
        assert_eq!(Caller::of(&telegram).poll(said.update_id + 1000, 0).len(), 1);
    }
}

#[test]
fn asking_again_at_once_with_the_same_offset_yields_one_update() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    telegram.say(&Person::private(7), "one");
    telegram.say(&Person::private(7), "two");
    assert_eq!(bot.poll(0, 0).len(), 2);
    assert_eq!(bot.poll(0, 0).len(), 1);
}

#[test]
fn a_long_poll_answers_when_something_is_said() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let begun = Instant::now();
    assert!(bot.poll(0, 1).is_empty());
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let mut waiting = bot.begin("getUpdates", &json!({"timeout": 50}));
    telegram.wait_until(Duration::from_secs(5), |state| (state.polls() == 2).then_some(()));
    telegram.say(&Person::private(7), "at last");
    let result = receive(&mut waiting).unwrap().json();
    assert_eq!(result["result"][0]["message"]["text"], "at last");
}

#[test]
fn a_second_poller_and_a_webhook_bring_409() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let mut older = bot.begin("getUpdates", &json!({"timeout": 50}));
    telegram.wait_until(Duration::from_secs(30), |state| (state.polls() == 1).then_some(()));
    let mut newer = bot.begin("getUpdates", &json!({"timeout": 50}));
    assert!(receive(&mut older).unwrap().text().contains("Conflict: terminated by other getUpdates request"));
    telegram.wait_until(Duration::from_secs(30), |state| (state.polls() == 2).then_some(()));
    bot.call("setWebhook", &json!({"url": "https://example.org/hook"}));
    assert!(receive(&mut newer).unwrap().text().contains("Conflict: terminated by setWebhook request"));
    let (code, description) = bot.refused("getUpdates", &json!({}));
    assert!(code == 409 && description.contains("while webhook is active"));
    telegram.say(&Person::private(7), "kept");
    bot.call("deleteWebhook", &json!({"drop_pending_updates": false}));
    assert_eq!(bot.poll(0, 0).len(), 1);
    bot.call("deleteWebhook", &json!({"drop_pending_updates": true}));
    assert_eq!(telegram.unconfirmed(), 0);
}

#[test]
fn kinds_that_were_not_named_do_not_arrive_and_the_names_are_remembered() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let anna = Person::private(7);
    let said = telegram.say(&anna, "one");
    let params =
        json!({"offset": said.update_id + 1, "allowed_updates": ["message", "stopped_message_generation"]});
    bot.call("getUpdates", &params);
    telegram.edit(&anna, said.message_id, "two");
    telegram.press_stop(&anna, 5);
    let updates = bot.poll(0, 0);
    assert_eq!(updates.len(), 1);
    assert_eq!(updates[0]["stopped_message_generation"]["draft_id"], 5);
    assert_eq!(telegram.look(sandbox::telegram::State::filtered), 1);
}

#[test]
fn raw_updates_arrive_as_they_are() {
    let telegram = Telegram::start();
    let odd =
        r#"{"message":{"message_id":9999999999,"chat":{"id":42,"type":"private"},"text":"\ud800 \u0000"}}"#;
    let id = telegram.push_raw(odd);
    telegram.push_raw(r#"{"update_id":5000000000,"surprise":{}}"#);
    let next = telegram.push(json!({"poll": {"id": "1"}}));
    assert_eq!(next, id + 1);
    let answer = Caller::of(&telegram).try_call("getUpdates", &json!({})).unwrap().text();
    assert!(answer.contains(&odd[1..]) && answer.contains(r#"{"update_id":5000000000,"surprise":{}}"#));
    // Its chat is known now.
    Caller::of(&telegram).say(42, "hello");
}

#[test]
fn wrong_tokens_methods_and_chats_are_refused() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let stranger =
        receive(&mut send(&format!("{}/bot1:AA/getMe", telegram.url()), &[], b"").unwrap()).unwrap();
    assert_eq!(stranger.status, 401);
    assert_eq!(stranger.json()["description"], "Unauthorized");
    assert_eq!(bot.refused("sendNonsense", &json!({})), (404, "Not Found".into()));
    assert_eq!(bot.refused("sendMessage", &json!({"chat_id": 1, "text": "x"})), bad("chat not found"));
    assert_eq!(bot.call("getMe", &json!({}))["username"], telegram.username());
    assert_ne!(telegram.token(), Telegram::start().token());
}

#[test]
fn sending_checks_texts_replies_topics_and_blocks() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let anna = Person::private(7);
    let said = telegram.say(&anna, "hello");
    let send = |more: serde_json::Value| {
        let mut params = json!({"chat_id": 7, "text": "x"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    assert_eq!(bot.refused("sendMessage", &send(json!({"text": ""}))), bad("message text is empty"));
    assert_eq!(
        bot.refused("sendMessage", &send(json!({"text": "я".repeat(4097)}))),
        bad("message is too long")
    );
    let nowhere = json!({"reply_parameters": {"message_id": 1}});
    assert_eq!(bot.refused("sendMessage", &send(nowhere)), bad("message to be replied not found"));
    let lenient = json!({"reply_parameters": {"message_id": 1, "allow_sending_without_reply": true}});
    assert!(bot.call("sendMessage", &send(lenient)).get("reply_to_message").is_none());
    let reply = bot.call("sendMessage", &send(json!({"reply_parameters": {"message_id": said.message_id}})));
    assert_eq!(reply["reply_to_message"]["message_id"], said.message_id);
    assert_eq!(
        bot.refused("sendMessage", &send(json!({"message_thread_id": 3}))),
        bad("message thread not found")
    );
    telegram.say(&anna.clone().in_thread(3), "in a topic");
    assert_eq!(bot.call("sendMessage", &send(json!({"message_thread_id": 3})))["message_thread_id"], 3);
    telegram.block(7);
    assert_eq!(
        bot.refused("sendMessage", &send(json!({}))),
        (403, "Forbidden: bot was blocked by the user".into())
    );
}

#[test]
fn a_migrated_group_names_its_new_id() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let old = Person::in_group(7, -5);
    telegram.say(&old, "hello");
    let new = telegram.migrate(&old, -1_000_000_000_005);
    let answer = bot.try_call("sendMessage", &json!({"chat_id": -5, "text": "x"})).unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["parameters"]["migrate_to_chat_id"], new.chat_id);
    bot.say(new.chat_id, "here");
    assert_eq!(bot.poll(0, 0).len(), 3);
}

#[test]
fn edits_and_deletions_follow_the_rules() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let said = telegram.say(&Person::private(7), "hello");
    let id = bot.say(7, "one");
    let edit = |message_id: i64, text: &str| json!({"chat_id": 7, "message_id": message_id, "text": text});
    assert_eq!(bot.call("editMessageText", &edit(id, "two"))["text"], "two");
    assert!(
        bot.refused("editMessageText", &edit(id, "two"))
            .1
            .starts_with("Bad Request: message is not modified")
    );
    assert_eq!(bot.refused("editMessageText", &edit(said.message_id, "x")), bad("message can't be edited"));
    assert_eq!(bot.refused("editMessageText", &edit(1, "x")), bad("message to edit not found"));
    let message = telegram.wait_for_text(7, |text| text == "two");
    assert_eq!(message.edits[0].1.text, "one");
    telegram.advance_clock(Duration::from_secs(48 * 3600 + 1));
    assert_eq!(bot.refused("editMessageText", &edit(id, "three")), bad("message can't be edited"));
    let late = bot.say(7, "late");
    bot.call("deleteMessage", &json!({"chat_id": 7, "message_id": late}));
    assert_eq!(telegram.texts(7), ["two"]);
}

#[test]
fn drafts_live_in_private_chats_for_thirty_seconds_or_until_the_message() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let anna = Person::private(7);
    telegram.say(&anna, "hello");
    telegram.say(&Person::in_group(7, -5), "hello");
    let draft = |chat: i64, id: i64, text: &str| json!({"chat_id": chat, "draft_id": id, "text": text, "can_stop": true});
    assert_eq!(bot.refused("sendMessageDraft", &draft(-5, 1, "x")), bad("TEXTDRAFT_PEER_INVALID"));
    assert!(bot.refused("sendMessageDraft", &draft(7, 0, "x")).1.contains("non-zero"));
    let live = || {
        telegram.look(|state| state.live_drafts(7).map(|draft| draft.text().to_owned()).collect::<Vec<_>>())
    };
    bot.call("sendMessageDraft", &draft(7, 1, ""));
    bot.call("sendMessageDraft", &draft(7, 1, "It grows"));
    assert_eq!(live(), ["It grows"]);
    telegram.advance_clock(Duration::from_secs(31));
    assert!(live().is_empty());
    bot.call(
        "sendRichMessageDraft",
        &json!({"chat_id": 7, "draft_id": 2, "rich_message": {"blocks": [
        {"type": "thinking", "text": "Hm"}]}}),
    );
    assert_eq!(live().len(), 1);
    bot.say(7, "The answer");
    assert!(live().is_empty());
    bot.call("sendMessageDraft", &draft(7, 3, "again"));
    telegram.press_stop(&anna, 3);
    assert!(live().is_empty());
}

#[test]
fn buttons_are_pressed_and_acknowledged() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    let anna = Person::private(7);
    telegram.say(&anna, "hello");
    let keyboard = json!({"inline_keyboard": [[{"text": "Again", "callback_data": "retry:1"}]]});
    let sent = bot.call("sendMessage", &json!({"chat_id": 7, "text": "x", "reply_markup": keyboard}));
    let id = sent["message_id"].as_i64().unwrap();
    let query = telegram.press(&anna, id, "retry:1");
    let updates = bot.poll(0, 0);
    assert_eq!(updates[1]["callback_query"]["id"], query);
    assert_eq!(updates[1]["callback_query"]["message"]["message_id"], id);
    bot.call("answerCallbackQuery", &json!({"callback_query_id": query, "text": "Yes"}));
    assert_eq!(telegram.look(|state| state.callback_answer(&query).unwrap()["text"].clone()), "Yes");
    assert!(
        bot.refused("answerCallbackQuery", &json!({"callback_query_id": "1"})).1.contains("query is too old")
    );
    bot.call("editMessageReplyMarkup", &json!({"chat_id": 7, "message_id": id}));
    assert!(telegram.wait_for_text(7, |_| true).content.markup.is_none());
}

#[test]
fn a_rich_message_and_a_document_are_taken() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    telegram.say(&Person::private(7), "hello");
    let rich = json!({"blocks": [{"type": "heading", "size": 1, "text": "Title"}]});
    let sent = bot.call("sendRichMessage", &json!({"chat_id": 7, "rich_message": rich}));
    assert_eq!(sent["rich_message"]["blocks"][0]["text"], "Title");
    let form = "--b\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n7\r\n--b\r\nContent-Disposition: form-data; \
                name=\"document\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b--\r\n";
    let url = format!("{}/bot{}/sendDocument", telegram.url(), telegram.token());
    let mut stream =
        send(&url, &[("content-type", "multipart/form-data; boundary=b")], form.as_bytes()).unwrap();
    assert_eq!(receive(&mut stream).unwrap().json()["result"]["document"]["file_name"], "a.txt");
    assert_eq!(telegram.sent()[1].document.as_ref().unwrap().bytes, b"hello");
    let form = form.replace("name=\"document\"", "name=\"photo\"");
    let url = format!("{}/bot{}/sendPhoto", telegram.url(), telegram.token());
    let mut stream =
        send(&url, &[("content-type", "multipart/form-data; boundary=b")], form.as_bytes()).unwrap();
    assert_eq!(receive(&mut stream).unwrap().json()["description"], "Bad Request: IMAGE_PROCESS_FAILED");
}

#[test]
fn commands_and_actions_are_checked() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    telegram.say(&Person::private(7), "hello");
    let commands = json!([{"command": "help", "description": "Помощь"}]);
    bot.call("setMyCommands", &json!({"commands": commands, "language_code": "ru"}));
    assert_eq!(telegram.look(|state| state.commands("default", "ru").cloned()), Some(commands.clone()));
    assert_eq!(bot.call("getMyCommands", &json!({"language_code": "ru"})), commands);
    let shouted = json!({"commands": [{"command": "HELP", "description": "x"}]});
    assert_eq!(bot.refused("setMyCommands", &shouted), bad("BOT_COMMAND_INVALID"));
    bot.call("sendChatAction", &json!({"chat_id": 7, "action": "typing"}));
    let wrong = json!({"chat_id": 7, "action": "dancing"});
    assert_eq!(bot.refused("sendChatAction", &wrong), bad("wrong parameter action in request"));
}

#[test]
fn strict_limits_answer_429_with_the_time_to_wait() {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    telegram.say(&Person::private(7), "hello");
    telegram.limit(Some(Limits::default()));
    for _ in 0..5 {
        bot.say(7, "x");
    }
    let answer = bot.try_call("sendMessage", &json!({"chat_id": 7, "text": "x"})).unwrap();
    assert_eq!(answer.status, 429);
    assert!((4..=5).contains(&answer.json()["parameters"]["retry_after"].as_u64().unwrap()));
    telegram.limit(None);
    bot.say(7, "x");
}

#[test]
fn a_long_paste_becomes_several_messages() {
    let telegram = Telegram::start();
    let said = telegram.paste(&Person::private(7), &"😀".repeat(5000));
    assert_eq!(said.len(), 3);
    let lengths: Vec<_> = Caller::of(&telegram)
        .poll(0, 0)
        .iter()
        .map(|u| u["message"]["text"].as_str().unwrap().encode_utf16().count())
        .collect();
    assert_eq!(lengths, [4096, 4096, 1808]);
}

#[test]
#[should_panic(expected = "0 messages sent")]
fn a_wait_in_vain_says_what_was_there() {
    Telegram::start().wait_until(Duration::from_millis(20), |_| None::<()>);
}
