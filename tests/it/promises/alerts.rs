//! What owners are told without asking, at most once an hour each and never twice for a restart; and /health.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::Sent;
use serde_json::json;

use super::requests::{OWNER, greeted, owned, owner, person};
use crate::support::asking::ask;

/// A bot with an owner that looks often, and with two people who may use it.
fn watched() -> TestEnv {
    let mut env = owned();
    env.set("SHORT_WAITS", "doorkeeper=0.2 watch=0.1 overdue=1");
    env.set("ALLOWED_USERS", "2,3");
    env
}

fn told(env: &TestEnv, begins: &str) -> usize {
    env.telegram.texts(OWNER).iter().filter(|text| text.starts_with(begins)).count()
}

/// Waits until everything that is to be told now was told, and nothing waits.
fn wait_told(env: &TestEnv) {
    wait_looked(env);
    env.wait_settled();
}

/// Waits until everything that is to be told now was told: what is raised is told last.
fn wait_looked(env: &TestEnv) {
    let before = told(env, "Version ");
    env.psql("UPDATE alerts SET told_at = NULL WHERE kind = 'migrated'");
    env.psql(
        "INSERT INTO alerts (bot_id, kind, raised_at) SELECT bot_id, 'migrated', now() FROM leases
         ON CONFLICT (bot_id, kind) DO UPDATE SET raised_at = now()",
    );
    let later = || told(env, "Version ") > before;
    sandbox::wait_until("the owner to be told", || later().then_some(()));
}

/// As if the owners had been told of everything an hour ago, and a second more.
fn an_hour_later(env: &TestEnv) {
    env.psql("UPDATE alerts SET told_at = told_at - interval '1 hour 1 second'");
}

fn press(env: &TestEnv, sent: &Sent, begins: &str) -> Sent {
    let data = sent.buttons().into_iter().find(|data| data.starts_with(begins)).unwrap().to_owned();
    env.telegram.press(&owner(), sent.message_id, &data);
    env.wait_settled();
    env.telegram.look(|state| state.message(OWNER, sent.message_id).cloned().unwrap())
}

#[test]
fn owners_are_told_of_a_budget_at_80_and_at_100_percent_each_once_and_over_restarts() {
    let mut env = watched();
    env.set("BUDGET_DAY", "1");
    env.model.usually(Behaviour::answer().figures(&json!({"cost": 0.4})));
    let bot = env.start_ready();
    greeted(&env);
    ask(&env, &person(2), "one");
    wait_told(&env);
    assert_eq!(told(&env, "80 % "), 0);
    ask(&env, &person(2), "two");
    wait_told(&env);
    env.kill(bot);
    let _bot = env.start_ready();
    wait_told(&env);
    assert_eq!(
        (told(&env, "80 % of the budget for today is spent: $0.80 of $1.00."), told(&env, "100 % ")),
        (1, 0)
    );
    ask(&env, &person(3), "three");
    for _ in 0..2 {
        wait_told(&env);
        an_hour_later(&env);
    }
    let is_yesterday = env.psql(
        "SELECT now() AT TIME ZONE 'UTC' < date_trunc('day', now() AT TIME ZONE 'UTC') + interval '2 hours'",
    );
    if is_yesterday == "f" {
        assert_eq!(
            (told(&env, "80 % "), told(&env, "100 % of the budget for today")),
            (1, 1),
            "one day has one of each"
        );
    }
}

#[test]
fn owners_are_told_of_a_model_that_fails_again_and_again_once_an_hour_until_they_mute_it() {
    let env = watched();
    env.model.usually(Behaviour::status(401, "no"));
    let bot = env.start_ready();
    greeted(&env);
    for number in 0..4 {
        ask(&env, &person(2), &format!("question {number}"));
    }
    wait_told(&env);
    assert_eq!(told(&env, "A model does not answer"), 0);
    ask(&env, &person(2), "the fifth");
    let alert = env.telegram.wait_for_text(OWNER, |text| text.starts_with("A model does not answer"));
    wait_told(&env);
    env.kill(bot);
    let _bot = env.start_ready();
    wait_told(&env);
    assert_eq!(told(&env, "A model does not answer"), 1);
    an_hour_later(&env);
    wait_told(&env);
    assert_eq!(told(&env, "A model does not answer"), 2);
    let muted = press(&env, &alert, "mute:");
    assert_eq!(muted.text(), "I tell you no more of this: a model does not answer.");
    an_hour_later(&env);
    wait_told(&env);
    assert_eq!(
        told(&env, "A model does not answer"),
        1,
        "the message that was pressed says something else now"
    );
    let health = ask(&env, &owner(), "/health");
    for line in
        ["This model does not answer: ", "I do not tell you of: a model does not answer", "misconfigured: 5"]
    {
        assert!(health.text().contains(line), "{line}: {}", health.text());
    }
    press(&env, &health, "unmute:");
    wait_told(&env);
    assert_eq!(told(&env, "A model does not answer"), 2);
    // One answer, and it is well.
    env.model.usually(Behaviour::answer());
    ask(&env, &person(2), "and now?");
    an_hour_later(&env);
    wait_told(&env);
    assert_eq!(told(&env, "A model does not answer"), 2);
    assert!(!ask(&env, &owner(), "/health").text().contains("does not answer"));
}

#[test]
fn owners_are_told_of_messages_that_wait_for_long() {
    let env = watched();
    let gate = Gate::default();
    env.model.on(When::asked("slow"), Behaviour::answer().hold(&gate));
    let _bot = env.start_ready();
    greeted(&env);
    env.telegram.say(&person(2), "slow");
    gate.wait_arrived();
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("Messages that wait for an answer: 1,"));
    gate.release();
    env.telegram.wait_for_count(2, 1);
    an_hour_later(&env);
    wait_told(&env);
    assert_eq!(told(&env, "Messages that wait"), 1);
}

#[test]
fn owners_are_told_of_a_backup_that_failed_also_where_no_bot_ran_then_and_of_migrations() {
    let env = watched();
    let bot = env.start_ready();
    greeted(&env);
    assert_eq!(told(&env, "Version "), 0, "a first start has nothing to tell");
    env.kill(bot);
    env.run(&["backup", "--to", "/nowhere"]).fails_with(1);
    let bot = env.start_ready();
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("A backup failed"));
    env.wait_settled();
    env.kill(bot);
    env.run(&["migrate", "to", "20261127000931", "--yes"]).ok();
    let _bot = env.start_ready();
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("Version ") && text.contains("up to date"));
    env.wait_settled();
    assert_eq!((told(&env, "A backup failed"), told(&env, "Version ")), (1, 1));
}

#[test]
fn owners_are_told_once_of_a_disk_that_is_full_and_of_no_other_refusal() {
    let mut env = TestEnv::with_own_server();
    env.set("OWNER", OWNER.to_string());
    env.set("SHORT_WAITS", "doorkeeper=0.2 watch=0.1");
    env.set("ALLOWED_USERS", "2");
    let bot = env.start_ready();
    greeted(&env);
    let health = ask(&env, &owner(), "/health").text().to_owned();
    assert!(health.contains(" GB of its disk are free ("), "{health}");
    // A refusal, as long as there is room beside the table, says nothing of the disk.
    let full = env.server().fill_disk(env.database.name(), "messages");
    env.telegram.say(&person(2), "zebra");
    bot.wait_for_line("trying again");
    wait_looked(&env);
    assert_eq!(told(&env, "The disk of the database"), 0);
    // As the server refuses a table on a full disk, in a language that nobody here reads.
    env.psql(
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'デバイスに空き領域がありません' USING ERRCODE = 'disk_full'; END $$;
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION refuse()",
    );
    let alert =
        env.telegram.wait_for_text(OWNER, |text| text.starts_with("The disk of the database is full"));
    assert!(alert.buttons()[0].starts_with("mute:"), "{:?}", alert.buttons());
    wait_looked(&env);
    env.psql("DROP EVENT TRIGGER refuse");
    env.server().free_disk(full);
    env.telegram.wait_for_text(2, |text| text.contains("zebra"));
    an_hour_later(&env);
    wait_told(&env);
    assert_eq!(told(&env, "The disk of the database"), 1);
}

#[test]
fn what_is_known_of_the_disk_outlives_the_way_back_and_the_version_before_does_not_meet_it() {
    let env = watched();
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO alerts (bot_id, kind, told_at, muted) SELECT bot_id, 'disk', now(), true FROM leases",
    );
    let rows = env.psql("SELECT * FROM alerts WHERE kind = 'disk'");
    env.kill(bot);
    env.run(&["migrate", "to", "20261127000976", "--yes"]).ok();
    let met = "SELECT count(*) FROM alerts JOIN leases USING (bot_id) WHERE kind = 'disk'";
    assert_eq!(env.psql(met), "0");
    env.run(&["migrate", "up"]).ok();
    assert_eq!(env.psql("SELECT * FROM alerts WHERE kind = 'disk'"), rows);
}

#[test]
fn nobody_is_told_where_the_bot_has_no_owner_and_health_is_unknown_to_others() {
    let mut env = watched();
    env.unset("OWNER");
    let folder = tempfile::tempdir().unwrap();
    env.set("BACKUP_DIR", folder.path().to_str().unwrap());
    env.model.usually(Behaviour::status(401, "no"));
    let bot = env.start_ready();
    // Telegram knows this chat from now on.
    greeted(&env);
    for number in 0..5 {
        ask(&env, &person(2), &format!("question {number}"));
    }
    assert!(ask(&env, &person(2), "/health").text().contains("do not know this command"));
    env.kill(bot);
    assert_eq!(env.psql("SELECT count(*) FROM alerts"), "0");
    env.set("OWNER", OWNER.to_string());
    let _bot = env.start_ready();
    // Which language the owner speaks nothing has said yet.
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("Модель не отвечает"));
    env.wait_settled();
    let health = ask(&env, &owner(), "/health").text().to_owned();
    assert!(
        health.starts_with(concat!(
            "Version ",
            env!("CARGO_PKG_VERSION"),
            "\nWaiting for an answer: 0, not sent yet: "
        )),
        "{health}"
    );
    assert!(
        health.contains("\nDatabase: PostgreSQL ") && health.contains("\nNo backup in BACKUP_DIR"),
        "{health}"
    );
    env.run(&["backup"]).ok();
    let health = ask(&env, &owner(), "/health").text().to_owned();
    assert!(health.contains("\nLast backup: "), "{health}");
}
