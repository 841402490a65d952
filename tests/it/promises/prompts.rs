//! What the model read for an answer can be told from the tables alone: `history prompt` puts each prompt together again as it was
//! sent, byte for byte, whatever became of the dialogue afterwards.

use fastrand::Rng;
use sandbox::TestEnv;
use sandbox::model::{Asked, Message};
use sandbox::telegram::Person;
use serde_json::{Value, json};

use crate::support::rows::json_lines;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture of soup";

/// So many answers are looked at; PROMPTS says how many else.
fn prompts() -> usize {
    std::env::var("PROMPTS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

/// The prompts of questions, in the order in which they were sent; what the bot asks for itself is not among them.
fn asked(env: &TestEnv) -> Vec<Asked> {
    let requests = env.model.requests().into_iter();
    requests.filter(|asked| !asked.sums_up()).collect()
}

/// A prompt as the stand-in got it, in the form of `history prompt --json`: a picture is its size.
fn sent(asked: &Asked) -> Vec<Value> {
    let message = |Message { role, content, pictures, .. }: &Message| {
        let sizes: Vec<_> = pictures.iter().map(Vec::len).collect();
        json!({"role": role, "content": content, "pictures": sizes})
    };
    asked.messages.iter().map(message).collect()
}

/// The prompt of a turn, from the tables.
fn told(env: &TestEnv, turn: &str) -> Vec<Value> {
    let printed = env.run(&["history", "prompt", "--turn", turn, "--json"]).ok();
    let message = |line: Value| {
        let files = line["files"].as_array().cloned().unwrap_or_default();
        let sizes: Vec<_> = files.iter().map(|file| file["bytes"].clone()).collect();
        json!({"role": line["role"], "content": line["content"], "pictures": sizes})
    };
    json_lines(&printed).into_iter().map(message).collect()
}

/// What people do, and whether the model is asked for it.
fn act(env: &TestEnv, person: &Person, rng: &mut Rng, number: usize) {
    let text = format!("question {number}{}", " and more".repeat(rng.usize(..30)));
    let newest = env.psql(&format!(
        "SELECT message_ids[1] FROM turns WHERE user_id = {} AND COALESCE(thread_id, 0) = {} ORDER BY id DESC LIMIT 1",
        person.user_id,
        person.thread.unwrap_or(0)
    ));
    match rng.usize(..17) {
        0 => {
            let ann = json!({"id": 5, "is_bot": false, "first_name": "Ann \"[x]"});
            let said = json!({"message_id": 9999, "date": 1, "from": ann, "text": "soup\n\n[is] > ready"});
            env.telegram.post(person, &json!({"text": text, "reply_to_message": said}));
        }
        1 | 2 => {
            let size = 20 + rng.usize(..2000);
            let content = [JPEG, &vec![b'x'; size]].concat();
            let mut photo = env.telegram.photo(&[(&content, 1280, 960)]);
            photo["caption"] = json!(text);
            env.telegram.post(person, &photo);
        }
        8 | 9 => {
            let words = format!("Soup {number}.\n[Attached: the text of \"x\"]\n").repeat(rng.usize(1..40));
            let mut document = env.telegram.document("notes.txt", "text/plain", words.as_bytes());
            document["caption"] = json!(text);
            env.telegram.post(person, &document);
        }
        10 => {
            let mut said =
                env.telegram.photo(&[(&[JPEG, &vec![b'y'; 10 + rng.usize(..900)]].concat(), 1280, 960)]);
            said["message_id"] = json!(8000 + number);
            said["date"] = json!(1);
            said["from"] = json!({"id": 5, "is_bot": false, "first_name": "Ann"});
            env.telegram.post(person, &json!({"text": text, "reply_to_message": said}));
        }
        11 => drop(env.telegram.say(person, &format!("/remember number {number} is my favourite"))),
        12 => drop(
            env.telegram.say(person, &format!("What did I say about question {}?", rng.usize(..=number))),
        ),
        3 => drop(env.telegram.say(person, "/clear")),
        4 => drop(env.telegram.say(person, "/restore")),
        5 | 6 => drop(env.telegram.say(person, "/retry")),
        7 if !newest.is_empty() => drop(env.telegram.edit(person, newest.parse().unwrap(), &text)),
        _ => drop(env.telegram.say(person, &text)),
    }
}

#[test]
fn each_prompt_can_be_put_together_again_from_the_tables_byte_for_byte() {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut rng = Rng::with_seed(seed);
    let mut env = TestEnv::new();
    env.set("MAX_HISTORY_MESSAGES", "8");
    env.set("PICTURE_TURNS", "2");
    env.set("SHORT_WAITS", "quiet=0");
    let prompt = env.folder().join("prompts/nutritionist.txt");
    let mut bot = Some(env.start_ready());
    let places = [Person::private(1), Person::private(1).in_thread(7), Person::private(2)];
    // The prompt of each turn, by its number.
    let mut known: Vec<(String, Vec<Value>)> = Vec::new();
    for number in 0.. {
        if known.len() == prompts() {
            break;
        }
        if number % 25 == 24 {
            // Another role, and another limit of the context.
            bot.take().unwrap().stop();
            std::fs::write(&prompt, format!("You are number {number}.\n\nYou \"quote\".")).unwrap();
            env.model.limit_context((number % 2 == 0).then_some(2_000));
            bot = Some(env.start_ready());
        }
        let before = asked(&env).len();
        act(&env, rng.choice(&places).unwrap(), &mut rng, number);
        // The update is there before it is looked for.
        env.telegram.wait_confirmed();
        env.wait_settled();
        if let [.., last] = &asked(&env)[before..] {
            known.push((env.psql("SELECT max(id) FROM turns"), sent(last)));
        }
    }
    for (turn, sent) in &known {
        assert_eq!(told(&env, turn), *sent, "turn {turn}, seed {seed}");
    }
    assert!(known.iter().any(|(_, sent)| sent.len() > 6), "long ones are among them");
    assert_ne!(
        env.psql("SELECT count(*) FROM turns WHERE summary_id IS NOT NULL"),
        "0",
        "and some with a summary"
    );
    assert_ne!(env.psql("SELECT count(*) FROM turns WHERE fact_ids <> '{}'"), "0", "and some with facts");
    let worded = "SELECT count(*) FROM turns WHERE worded_ids IS NOT NULL";
    assert_ne!(env.psql(worded), "0", "and some with documents");
    let pictures = |sent: &[Value]| sent.iter().filter(|message| message["pictures"] != json!([])).count();
    assert!(known.iter().any(|(_, sent)| pictures(sent) > 1), "and some with pictures of earlier turns");
}

#[test]
fn a_prompt_is_shown_to_people_by_its_turn_or_by_a_message_and_what_is_gone_is_named() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    env.telegram.say(&person, "rice");
    env.telegram.wait_for_count(1, 1);
    let photo = env.telegram.photo(&[(JPEG, 90, 60)]);
    env.telegram.post(&person, &photo);
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    let shown = env.run(&["history", "prompt", "--turn", "2"]).ok();
    let size = JPEG.len();
    let expected = format!(
        "turn 2  user 1, chat 1  answered\n\nsystem\n    You are a sandbox assistant.\n    You are brief.\n\n    You never give up.\n\n\
         user\n    rice\n\nassistant\n    You wrote: “rice”. Our conversation begins here.\n\n\
         user\n    [photo 90×60]\n    [file 1: photo, image/jpeg, {size} bytes]\n\n"
    );
    assert_eq!(shown, expected);
    for message in ["3", "4"] {
        assert_eq!(env.run(&["history", "prompt", "--message", message]).ok(), shown, "{message}");
    }
    env.run(&["history", "prompt", "--turn", "3"]).fails_with(3);
    env.run(&["history", "prompt"]).fails_with(2);
    // A turn of an earlier version says nothing of what was read.
    env.psql("UPDATE turns SET read_ids = NULL WHERE id = 1");
    let said = env.run(&["history", "prompt", "--turn", "1"]).err;
    assert!(said.contains("older than this record"), "{said}");
    env.psql("DELETE FROM messages WHERE id <= 2");
    let said = env.run(&["history", "prompt", "--turn", "2"]).fails_with(1);
    assert!(said.contains("deleted for good: messages of the dialogue: 2"), "{said}");
}

#[test]
fn instructions_are_stored_once_and_a_call_of_the_ledger_knows_its_topic() {
    let env = TestEnv::new();
    let _bot = env.start();
    for number in 1..=3 {
        env.telegram.say(&Person::private(1).in_thread(7), "rice");
        env.telegram.wait_for_count(1, number);
    }
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*), count(DISTINCT prompt_id) FROM prompts, turns"), "3|1");
    assert_eq!(env.psql("SELECT DISTINCT thread_id FROM model_calls"), "7");
}
