//! Of several instances on one database one leads, and another takes over when it dies, freezes or ends.

use std::fs;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use sandbox::env::Bot;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Telegram};
use sandbox::{PATIENCE, TestEnv, wait_until};

use crate::support::exposition::{address, is, measured, page, wait_for};

/// A lease that ends soon.
const TERM: f64 = 2.0;

fn short_leases() -> TestEnv {
    with_short_leases(TestEnv::new())
}

pub(super) fn with_short_leases(mut env: TestEnv) -> TestEnv {
    env.set("SHORT_WAITS", format!("lease={TERM}"));
    env
}

fn epoch(env: &TestEnv) -> u64 {
    env.psql("SELECT epoch FROM leases").parse().unwrap()
}

/// Starts an instance while another one leads.
pub(super) fn start_standby(env: &TestEnv) -> Bot {
    let bot = env.start();
    bot.wait_for_line("on standby: another instance leads");
    bot
}

/// Wakes the former leader, and has it lead again: what it had in work has ended then.
pub(super) fn have_lead_again(env: &TestEnv, former: &Bot, leader: Bot) {
    former.signal("CONT");
    former.wait_for_line("another instance leads now; this one ends its work and goes on standby");
    assert!(leader.stop().success());
    env.telegram.say(&Person::private(2), "and now?");
    env.telegram.wait_for_count(2, 1);
    env.wait_settled();
}

/// Whoever was frozen goes on, whatever becomes of the test.
pub(super) struct Frozen<'a>(&'a Bot);

impl<'a> Frozen<'a> {
    pub(super) fn new(bot: &'a Bot) -> Self {
        bot.signal("STOP");
        Self(bot)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.signal("CONT");
    }
}

#[test]
fn the_second_instance_waits_and_takes_over_what_the_first_had_in_work_when_it_is_killed() {
    let env = short_leases();
    let one = env.start_ready();
    let two = start_standby(&env);
    let epoch = epoch(&env);
    let gate = env.model.hold(When::any());
    for user in 1..=40 {
        env.telegram.say(&Person::private(user), "hello");
    }
    gate.wait_arrivals(40);
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "40");
    assert_eq!(env.telegram.look(|state| state.in_chat(1).count()), 0);
    let began = Instant::now();
    one.kill();
    two.wait_ready();
    println!("ready {:?} after a kill -9", began.elapsed());
    gate.release();
    for user in 1..=40 {
        env.telegram.wait_for_count(user, 1);
    }
    env.wait_settled();
    assert_eq!(env.telegram.sent().len(), 40);
    assert!(!env.logs().contains("Telegram reports a conflict"));
    assert!(self::epoch(&env) > epoch);
}

#[test]
fn a_frozen_leader_is_replaced_and_writes_and_sends_nothing_when_it_wakes() {
    let env = short_leases();
    let one = env.start_ready();
    let two = start_standby(&env);
    let gate = env.model.hold(When::any());
    env.telegram.say(&Person::private(1), "in work");
    gate.wait_arrived();
    let frozen = Frozen::new(&one);
    let began = Instant::now();
    two.wait_ready();
    let took = began.elapsed();
    println!("ready {took:?} after a SIGSTOP, with leases of {TERM} s");
    assert!(took >= Duration::from_secs_f64(TERM / 2.0), "{took:?}: the lease was not waited for");
    gate.wait_arrivals(2);
    env.telegram.say(&Person::private(2), "meanwhile");
    drop(frozen);
    one.wait_for_line("another instance leads now; this one ends its work and goes on standby");
    gate.release();
    for user in [1, 2] {
        env.telegram.wait_for_count(user, 1);
    }
    env.wait_settled();
    // It is on standby again, and takes over in its turn.
    wait_until("the first to be on standby", || one.log().contains("on standby").then_some(()));
    assert!(two.stop().success());
    env.telegram.say(&Person::private(3), "and now?");
    env.telegram.wait_for_count(3, 1);
    assert_eq!(env.telegram.sent().len(), 3);
    assert_eq!(env.psql("SELECT count(*) FROM turns"), "3");
    assert!(one.stop().success());
}

#[test]
fn what_a_frozen_leader_was_about_to_send_is_sent_by_the_next_one_alone() {
    let mut env = short_leases();
    // A part a second: the others wait for their turn.
    env.set("TELEGRAM_RATE", "1");
    env.set("LIVE_ANSWERS", "off");
    let words: Vec<String> = (0..4000).map(|number| format!("w{number}")).collect();
    env.model.usually(Behaviour::text(&words.join(" ")));
    let one = env.start_ready();
    let two = start_standby(&env);
    env.telegram.say(&Person::private(1), "at length");
    // The first part is recorded, and no send is under way: the second one waits for its turn.
    env.wait_for_rows("SELECT count(*) FROM reply_parts WHERE state = 'sent'", |rows| rows == "1");
    let frozen = Frozen::new(&one);
    two.wait_ready();
    env.wait_settled();
    let sent = env.telegram.sent().len();
    drop(frozen);
    one.wait_for_line("another instance leads now; this one ends its work and goes on standby");
    env.telegram.say(&Person::private(2), "the end");
    env.telegram.wait_for_text(2, |text| text.starts_with("w0"));
    env.wait_settled();
    let parts = env.psql("SELECT count(*) FROM reply_parts WHERE chat_id = 1");
    println!("{parts} parts, {sent} messages");
    assert!(sent >= 3);
    assert_eq!(sent.to_string(), parts);
    assert_eq!(env.telegram.look(|state| state.in_chat(1).count()), sent);
}

#[test]
fn what_a_frozen_leader_was_about_to_ask_is_asked_by_the_next_one_alone() {
    let env = short_leases();
    let one = env.start_with(&[("STOP_POINT", "answering:hello")]);
    one.wait_ready();
    let two = start_standby(&env);
    env.telegram.say(&Person::private(1), "hello");
    two.wait_ready();
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    have_lead_again(&env, &one, two);
    assert_eq!(env.model.requests().len(), 2);
}

#[test]
fn what_a_leader_that_froze_has_locked_is_free_ten_seconds_later() {
    let env = short_leases();
    let one = env.start_with(&[("STOP_POINT", "finishing:tea with milk")]);
    one.wait_ready();
    let two = start_standby(&env);
    // The reply to a command is written in a transaction of several statements, the last of which marks the question as done.
    env.telegram.say(&Person::private(1), "/remember tea with milk");
    let held = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'idle in transaction'";
    env.wait_for_rows(held, |sessions| sessions == "1");
    two.wait_ready();
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    have_lead_again(&env, &one, two);
    assert_eq!(env.telegram.texts(1).len(), 1);
    assert_eq!(env.psql("SELECT count(*) FROM facts"), "1");
}

#[test]
fn a_send_under_way_when_its_leader_freezes_is_the_one_thing_that_may_be_repeated() {
    let env = short_leases();
    let one = env.start_ready();
    let two = start_standby(&env);
    let sending = env.telegram.fault(Calls::to("sendMessage"), Action::Hang);
    env.telegram.say(&Person::private(1), "hello");
    sending.wait_hits(1, PATIENCE);
    let _frozen = Frozen::new(&one);
    two.wait_ready();
    sending.wait_hits(2, PATIENCE);
    sending.release();
    env.wait_settled();
    let shown =
        env.telegram.look(|state| state.in_chat(1).map(|sent| sent.text().to_owned()).collect::<Vec<_>>());
    assert!(shown.len() <= 2 && shown.iter().all(|text| *text == shown[0]), "{shown:?}");
    assert_eq!(env.psql("SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turns)"), "2|1");
}

#[test]
fn an_end_on_request_hands_over_at_once() {
    // Leases of ten seconds: nobody waits for the end of one that was given back.
    let env = TestEnv::new();
    let one = env.start_ready();
    env.psql(
        "CREATE TABLE handed_over (at timestamptz);
         CREATE FUNCTION hand_over() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN INSERT INTO handed_over VALUES (clock_timestamp()); RETURN NULL; END';
         CREATE TRIGGER hand_over AFTER UPDATE ON leases FOR EACH ROW WHEN (old.epoch <> new.epoch)
             EXECUTE FUNCTION hand_over()",
    );
    let two = start_standby(&env);
    let gate = env.model.hold(When::any());
    env.telegram.say(&Person::private(1), "at length");
    gate.wait_arrived();
    one.signal("TERM");
    // The answer in work is waited for.
    one.wait_for_line("shutting down");
    assert_eq!(env.psql("SELECT count(*) FROM handed_over"), "0");
    gate.release();
    two.wait_ready();
    assert!(one.wait().success());
    // By the clock of the database: what is said of the leader in docs/operations.md.
    let took =
        "SELECT extract(epoch FROM (SELECT at FROM handed_over) - (SELECT max(settled_at) FROM reply_parts))";
    let took: f64 = env.psql(took).parse().unwrap();
    println!("handed over {took} s after the last answer was sent");
    assert!((0.0..1.0).contains(&took), "{took}");
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 2);
}

/// What a newer version may do to the database: each of its migrations adds something.
fn migrate_ahead(env: &TestEnv) {
    for table in ["updates", "messages", "turns", "reply_parts", "model_calls", "leases"] {
        env.psql(&format!("ALTER TABLE {table} ADD COLUMN of_a_newer_version TEXT NOT NULL DEFAULT 'new'"));
    }
    env.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
}

#[test]
fn an_older_leader_works_on_when_a_newer_version_has_migrated_and_does_not_start_again() {
    let env = short_leases();
    let leader = env.start_ready();
    env.telegram.say(&Person::private(1), "before");
    env.telegram.wait_for_count(1, 1);
    let gate = env.model.hold(When::asked("meanwhile"));
    env.telegram.say(&Person::private(1), "meanwhile");
    gate.wait_arrived();
    migrate_ahead(&env);
    gate.release();
    env.telegram.say(&Person::private(1), "afterwards");
    env.telegram.wait_for_count(1, 3);
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*), max(of_a_newer_version) FROM turns"), "3|new");
    assert!(leader.stop().success());
    let (status, log) = env.start().wait_log();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("20990101000000") && log.contains("newer version"), "{log}");
}

#[test]
fn an_older_standby_that_is_to_lead_a_newer_database_ends_and_holds_up_nobody() {
    // Leases of ten seconds: nobody waits for the end of one that was given back.
    let env = TestEnv::new();
    let leader = env.start_ready();
    let standby = start_standby(&env);
    migrate_ahead(&env);
    assert!(leader.stop().success());
    let (status, log) = standby.wait_log();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("20990101000000") && log.contains("newer version"), "{log}");
    assert_eq!(env.psql("SELECT until <= clock_timestamp() FROM leases"), "t", "the lease is given back");
}

#[test]
fn a_standby_says_what_it_is_and_gives_way_to_an_instance_that_starts_with_it() {
    let env = measured(short_leases());
    let standby = env.start_with(&[("STANDBY", "on")]);
    let (other, standing_by) = (env.start_ready(), address(&standby));
    let leading = address(&other);
    let role = |address: &str| (page(address, "/readyz"), page(address, "/healthz").0);
    wait_until("both roles", || {
        (role(&standing_by) == ((200, "standby\n".to_owned()), 200)
            && role(&leading) == ((200, "ready\n".to_owned()), 200))
            .then_some(())
    });
    wait_for(&standing_by, r#"role{role="standby"}"#, is(1));
    wait_for(&standing_by, r#"role{role="leader"}"#, is(0));
    wait_for(&leading, r#"role{role="leader"}"#, is(1));
    other.kill();
    wait_until("a new leader", || (role(&standing_by).0.1 == "ready\n").then_some(()));
}

#[test]
fn a_second_instance_with_the_same_env_file_waits_where_the_guide_gives_it_addresses_of_its_own() {
    let env = short_leases();
    // Addresses that the first one has.
    let taken: [_; 2] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let [metrics, console] = taken.each_ref().map(|taken| taken.local_addr().unwrap());
    let settings = format!("METRICS_ADDR={metrics}\nCONSOLE_ADDR={console}\n");
    fs::write(env.folder().join(".env"), settings).unwrap();
    let one = env.start_with(&[("METRICS_ADDR", ""), ("CONSOLE_ADDR", "")]);
    one.wait_ready();
    for guide in ["docs/operations.md", "docs/operations.ru.md"] {
        let text = fs::read_to_string(guide).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Environment=")).expect("the guide's unit");
        // Another port than the guide's, which somebody else may have here.
        let line = line.replace("9465", "0");
        let further: Vec<_> = line.split(' ').map(|word| word.split_once('=').unwrap()).collect();
        assert!(further.contains(&("STANDBY", "on")));
        let two = env.start_with(&further);
        two.wait_for_line("on standby: another instance leads");
        assert!(two.stop().success());
    }
}

#[test]
fn two_bots_share_a_database_only_if_they_are_told_to_and_have_a_lease_each() {
    let env = TestEnv::new();
    let mut other = TestEnv::new();
    other.telegram = Telegram::start_with_token("777000:AAother-token-of-another-bot-on-the-database");
    for (name, value) in [
        ("TELEGRAM_API_URL", other.telegram.url()),
        ("TELEGRAM_BOT_TOKEN", other.telegram.token().to_owned()),
        ("DATABASE_URL", env.database.url()),
    ] {
        other.set(name, value);
    }
    let _one = env.start_ready();
    let refused = other.run(&[]).fails_with(1);
    assert!(
        refused.contains("would share the private dialogues") && refused.contains("SHARED_DATABASE=on"),
        "{refused}"
    );
    assert!(refused.contains(&env.telegram.bot_id().to_string()), "{refused}");
    other.set("SHARED_DATABASE", "on");
    let _two = other.start_ready();
    for env in [&env, &other] {
        env.telegram.say(&Person::private(1), "hello");
        env.telegram.wait_for_count(1, 1);
    }
    assert_eq!(env.psql("SELECT count(*), count(DISTINCT epoch) FROM leases"), "2|2");
}

#[test]
fn a_leader_that_cannot_renew_its_lease_leads_on_if_nobody_has_taken_it() {
    let env = short_leases();
    let bot = env.start_ready();
    let epoch = epoch(&env);
    let frozen = Frozen::new(&bot);
    thread::sleep(Duration::from_secs_f64(TERM * 1.5));
    drop(frozen);
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
    assert_eq!(self::epoch(&env), epoch);
    assert!(bot.stop().success());
}

/// From now on the leases of this database are written by a server whose clock is so wrong.
fn shift_the_clock(env: &TestEnv, by: &str) {
    env.psql(&format!(
        "CREATE FUNCTION shift() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN NEW.until := NEW.until + interval '{by}'; RETURN NEW; END $$;
         CREATE TRIGGER shift BEFORE UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION shift()"
    ));
}

#[test]
fn whatever_the_clock_of_a_server_says_a_lease_is_kept_while_it_is_renewed_and_ends_when_it_is_not() {
    for by in ["-1 hour", "1 hour"] {
        let env = short_leases();
        let one = env.start_ready();
        let two = start_standby(&env);
        let epoch = epoch(&env);
        shift_the_clock(&env, by);
        // Two terms.
        for _ in 0..10 {
            let until = env.psql("SELECT until FROM leases");
            env.wait_for_rows("SELECT until FROM leases", |rows| rows != until);
        }
        assert_eq!(self::epoch(&env), epoch, "{by}");
        let began = Instant::now();
        let _frozen = Frozen::new(&one);
        two.wait_ready();
        let took = began.elapsed();
        println!("ready {took:?} after a SIGSTOP, with a clock that is wrong by {by}");
        assert!(took >= Duration::from_secs_f64(TERM / 2.0), "{took:?}: the lease was not waited for");
    }
}

#[test]
fn an_instance_that_starts_when_its_leader_is_long_gone_waits_for_nobody() {
    // Leases of ten seconds.
    let env = TestEnv::new();
    env.kill(env.start_ready());
    // It ran elsewhere.
    env.psql("UPDATE leases SET place = 'another machine', until = clock_timestamp() - interval '2 minutes'");
    let _bot = env.start_ready();
    assert!(!env.logs().contains("on standby"));
}

#[test]
fn a_standby_that_cannot_find_out_who_leads_is_not_ready() {
    let mut env = measured(TestEnv::with_own_server());
    env.set("SHORT_WAITS", format!("lease={TERM} look=1"));
    let _one = env.start_ready();
    let standby = start_standby(&env);
    let at = address(&standby);
    let ready = || page(&at, "/readyz");
    assert_eq!(ready(), (200, "standby\n".to_owned()));
    env.server().stop();
    wait_until("a standby that is not ready", || {
        (ready() == (503, "the database does not answer\n".to_owned())).then_some(())
    });
    env.server().start();
    wait_until("a role again", || (ready().0 == 200).then_some(()));
}
