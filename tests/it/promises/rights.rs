//! Who decides: an owner, in the own chat with the bot, and nobody else, whatever comes in.

use sandbox::TestEnv;
use sandbox::env::Bot;
use sandbox::telegram::{Person, Sent};
use serde_json::{Value, json};

use super::requests::{OWNER, button, greeted, owned, owner, person, request_of};
use crate::support::asking::ask;

/// A group in which the owner is one.
const GROUP: i64 = -1_000_000_000_005;

/// A bot whose owner is asked about user 2, and the button that would let them in. User 5 may use the bot.
struct Asked {
    env: TestEnv,
    bot: Option<Bot>,
    request: Sent,
    allow: String,
}

impl Asked {
    fn new() -> Self {
        let mut env = owned();
        env.set("ALLOWED_USERS", "5");
        let bot = env.start_ready();
        greeted(&env);
        ask(&env, &person(5), "/start");
        ask(&env, &person(2), "zebra");
        let request = request_of(&env, 2);
        let allow = button(&request, "allow");
        Self { env, bot: Some(bot), request, allow }
    }

    /// The button as if it had been made for somebody else.
    fn made_for(&self, user_id: i64) -> String {
        self.allow.replace(":9:", &format!(":{user_id}:"))
    }

    /// Somebody presses a button with this data under the request, shown in this chat.
    fn press(&self, user_id: i64, chat: &Value, data: &str) {
        let done = "SELECT count(*) FROM updates WHERE done_at IS NOT NULL";
        let before: i64 = self.env.psql(done).parse().unwrap();
        self.env.telegram.push(json!({"callback_query": {
            "id": format!("forged-{before}"),
            "from": {"id": user_id, "is_bot": false, "first_name": "P", "language_code": "en"},
            "message": {"message_id": self.request.message_id, "date": 1, "chat": chat},
            "data": data, "chat_instance": "1",
        }}));
        self.env.wait_for_rows(done, |rows| rows == (before + 1).to_string());
        self.env.wait_settled();
    }

    fn assert_waiting(&self) {
        self.env.wait_settled();
        assert_eq!(self.env.psql("SELECT state FROM people WHERE id = 2"), "waiting");
        assert_eq!(self.env.psql("SELECT count(*) FROM decisions"), "0");
        assert_eq!((self.env.telegram.texts(2).len(), self.env.times_asked("zebra")), (1, 0));
    }

    /// The same button does it, where the owner presses it.
    fn assert_still_good(&self) {
        self.assert_waiting();
        self.press(OWNER, &private(OWNER), &self.allow);
        assert_eq!(self.env.psql("SELECT state, decided_by FROM people WHERE id = 2"), "allowed|9");
    }

    fn restart(&mut self, owner: i64) {
        self.env.kill(self.bot.take().unwrap());
        self.env.set("OWNER", owner.to_string());
        self.bot = Some(self.env.start_ready());
    }
}

fn private(id: i64) -> Value {
    json!({"id": id, "type": "private", "first_name": "P"})
}

#[test]
fn the_button_of_an_owner_is_nobody_elses() {
    let asked = Asked::new();
    asked.press(5, &private(5), &asked.allow);
    asked.assert_still_good();
}

#[test]
fn a_button_that_names_somebody_who_may_use_the_bot_gives_no_right() {
    let asked = Asked::new();
    asked.press(5, &private(5), &asked.made_for(5));
    asked.assert_still_good();
}

#[test]
fn a_stranger_lets_nobody_in_and_not_themselves() {
    let asked = Asked::new();
    asked.press(2, &private(2), &asked.made_for(2));
    asked.assert_waiting();
}

#[test]
fn a_button_that_was_forwarded_to_a_group_does_nothing_there_even_for_the_owner() {
    let asked = Asked::new();
    asked.press(OWNER, &json!({"id": -5, "type": "group", "title": "G"}), &asked.allow);
    asked.assert_still_good();
}

#[test]
fn an_owner_who_is_anonymous_in_a_group_has_no_rights_there() {
    let asked = Asked::new();
    asked.env.telegram.appoint(GROUP, OWNER, &json!({"status": "creator", "is_anonymous": true}));
    asked.press(OWNER, &json!({"id": GROUP, "type": "supergroup", "title": "G"}), &asked.made_for(GROUP));
    asked.assert_still_good();
}

#[test]
fn what_a_button_carries_is_no_command_and_no_edit_makes_it_one() {
    let asked = Asked::new();
    let said = asked.env.telegram.say(&owner(), "/help");
    asked.env.wait_settled();
    asked.env.telegram.edit(&owner(), said.message_id, &asked.allow);
    asked.assert_still_good();
}

#[test]
fn who_was_an_owner_decides_nothing_any_more() {
    let mut asked = Asked::new();
    asked.restart(10);
    asked.press(OWNER, &private(OWNER), &asked.allow);
    asked.assert_waiting();
    asked.restart(OWNER);
    asked.assert_still_good();
}

#[test]
fn a_press_that_is_replayed_changes_nothing_once_it_was_decided() {
    let asked = Asked::new();
    asked.assert_still_good();
    asked.env.psql("UPDATE people SET state = 'blocked' WHERE id = 2");
    asked.press(OWNER, &private(OWNER), &asked.allow);
    assert_eq!(asked.env.psql("SELECT state FROM people WHERE id = 2"), "blocked");
    assert_eq!(asked.env.psql("SELECT count(*) FROM decisions"), "1");
}

/// Cards, budgets and alerts have buttons, too.
#[test]
fn no_button_of_an_owner_does_anything_for_anybody_else() {
    let asked = Asked::new();
    asked.env.run(&["people", "allow", "3"]).ok();
    let rows =
        "SELECT (SELECT string_agg(concat_ws(' ', id, state, budget_day), ', ' ORDER BY id) FROM people),
                       (SELECT count(*) FROM alerts WHERE muted), (SELECT count(*) FROM decisions)";
    let before = asked.env.psql(rows);
    for data in ["card:U:3:0:block", "card:U:5:0:block", "card:U:3:0:day=200", "mute:U:backup"] {
        let shown = asked.env.telegram.texts(5).len();
        asked.press(5, &private(5), &data.replace('U', "9"));
        asked.press(5, &private(5), &data.replace('U', "5"));
        asked.press(OWNER, &json!({"id": -5, "type": "group", "title": "G"}), &data.replace('U', "9"));
        assert_eq!(asked.env.psql(rows), before, "{data}");
        let said = asked.env.telegram.texts(5)[shown..].join(" ");
        assert!(!said.contains("Person 3") && !said.contains("$2"), "{data}: {said}");
    }
    asked.press(5, &private(5), "who:5:0");
    assert!(!asked.env.telegram.texts(5).iter().any(|text| text.contains("People and groups")));
    // For the owner each does what it says.
    asked.press(OWNER, &private(OWNER), "card:9:3:0:day=200");
    assert_eq!(asked.env.psql("SELECT budget_day FROM people WHERE id = 3"), "2.00");
}

#[test]
fn the_commands_of_owners_are_unknown_in_a_group_and_in_an_owners_name() {
    let asked = Asked::new();
    let group = Person::in_group(OWNER, -5).speaking("en");
    let forwarded = json!({
        "forward_origin": {"type": "user", "date": 1, "sender_user": {"id": 9, "is_bot": false, "first_name": "Owner"}},
        "text": "/budget 5 day 9",
    });
    asked.env.telegram.post(&person(5), &forwarded);
    asked.env.wait_settled();
    for (number, command) in ["/who", "/budget", "/health", "/announce x"].into_iter().enumerate() {
        let (name, words) = command.split_once(' ').unwrap_or((command, ""));
        asked.env.telegram.say(&group, &format!("{name}@{} {words}", asked.env.telegram.username()));
        let said = asked.env.telegram.wait_for_count(-5, number + 1)[number].text().to_owned();
        assert!(
            !said.contains("People and groups")
                && !said.contains("Spent today")
                && !said.contains("PostgreSQL"),
            "{said}"
        );
    }
    assert_eq!(asked.env.psql("SELECT count(*) FROM people WHERE id = 5"), "0");
}
