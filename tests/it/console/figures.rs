//! The figures of the console are those of the tables: of this bot, by UTC, whatever zone the server keeps.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use sandbox::TestEnv;
use sandbox::telegram::Person;

use crate::support::asking::ask;
use crate::support::console::{Visitor, with_console};
use crate::support::page::table;

/// An environment whose database keeps the time of Tokyo, nine hours ahead.
fn in_tokyo() -> TestEnv {
    let env = with_console(TestEnv::new());
    env.psql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone TO ''Asia/Tokyo''', current_database()); END $$");
    env
}

/// The day so many days ago, by UTC.
fn day(env: &TestEnv, ago: i32) -> String {
    env.psql(&format!("SELECT (now() AT TIME ZONE 'UTC')::date - {ago}"))
}

/// One line of a list of names and figures.
fn figure(name: &str, figure: &str) -> String {
    format!("<dt>{name}</dt><dd>{figure}</dd>")
}

/// Rows of the ledger: days ago at 20:00 UTC, when it is the next day in Tokyo.
fn calls(env: &TestEnv) {
    env.psql(
        "INSERT INTO model_calls (bot_id, user_id, purpose, model, outcome, failure, prompt_tokens, cached_tokens, completion_tokens, cost,
                                  cost_source, endpoint, duration_ms, called_at)
         SELECT coalesce(bot, bot_id), person, purpose, model, CASE WHEN failure IS NULL THEN 'answered' ELSE 'failed' END, failure, prompt,
                cached, written, cost, CASE WHEN cost IS NOT NULL THEN 'price' END, 'e', 1,
                ((now() AT TIME ZONE 'UTC')::date - ago + time '20:00') AT TIME ZONE 'UTC'
         FROM leases, (VALUES
             (NULL, 5, 'answer', 'small', NULL, 100, 40, 10, 0.01, 1),
             (NULL, 6, 'answer', 'small', 'overloaded', NULL, NULL, NULL, NULL, 1),
             (NULL, NULL, 'transcript', 'large', NULL, 1000, 0, 5, 0.5, 3),
             (NULL, 5, 'title', 'large', NULL, 7, 0, 1, 0.002, 20),
             (NULL, 5, 'answer', 'ancient', NULL, 7, 0, 1, 0.002, 80),
             (4711, 9, 'answer', 'foreign', NULL, 7, 7, 7, 99, 1)
         ) AS call (bot, person, purpose, model, failure, prompt, cached, written, cost, ago)",
    );
}

#[test]
fn costs_are_those_of_this_bot_by_day_in_utc_by_person_model_and_purpose() {
    let env = in_tokyo();
    let bot = env.start_ready();
    calls(&env);
    env.psql(
        "INSERT INTO people (bot_id, id, state, name) SELECT bot_id, 5, 'allowed', 'Ann Lee' FROM leases",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let mut rows = |path: &str| {
        let page = operator.get(path).ok();
        let rows = table(&page, "Calls of models");
        rows.into_iter().skip(1).map(|row| row.join(" | ")).collect::<Vec<_>>()
    };
    // Cost, calls, failed, tokens read, from a cache, written, of unknown cost.
    let (old, new) = (day(&env, 3), day(&env, 1));
    assert_eq!(
        rows("/costs?by=day&days=7"),
        [
            format!("{old} | 0.50 | 1 | 0 | 1000 | 0 | 5 | 0"),
            format!("{new} | 0.01 | 2 | 1 | 100 | 40 | 10 | 1")
        ]
    );
    assert_eq!(
        rows("/costs?by=model&days=30"),
        ["large | 0.50 | 2 | 0 | 1007 | 0 | 6 | 0", "small | 0.01 | 2 | 1 | 100 | 40 | 10 | 1"]
    );
    assert_eq!(
        rows("/costs?by=purpose&days=30"),
        [
            "words of a recording | 0.50 | 1 | 0 | 1000 | 0 | 5 | 0",
            "answer | 0.01 | 2 | 1 | 100 | 40 | 10 | 1",
            "title of a topic | 0.0020 | 1 | 0 | 7 | 0 | 1 | 0",
        ]
    );
    assert_eq!(
        rows("/costs?by=person&days=90"),
        [
            "erased | 0.50 | 1 | 0 | 1000 | 0 | 5 | 0",
            "5 Ann Lee | 0.014 | 3 | 0 | 114 | 40 | 12 | 0",
            "6 | 0.00 | 1 | 1 | 0 | 0 | 0 | 1",
        ]
    );
    let page = operator.get("/costs?by=day&days=7").ok();
    assert!(page.contains("Day (UTC)") && page.contains("Today (UTC)"), "{page}");
    // The axis is time: days without a call are on it.
    let drawn = table(&page, "Cost, US dollars");
    let expected: Vec<_> = (0..7)
        .rev()
        .map(|ago| {
            (
                day(&env, ago),
                if ago == 3 {
                    "0.50"
                } else if ago == 1 {
                    "0.01"
                } else {
                    "0.00"
                },
            )
        })
        .map(|(day, cost)| vec![day, cost.to_owned()])
        .collect();
    assert_eq!(drawn[1..], expected);
    assert!(operator.get("/costs?by=day&days=1").ok().contains("There were no calls."));
}

#[test]
fn costs_say_how_many_rows_are_not_shown() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO model_calls (bot_id, user_id, purpose, model, outcome, endpoint, duration_ms, called_at)
         SELECT bot_id, n, 'answer', 'm', 'answered', 'e', 1, now() FROM leases, generate_series(1, 208) AS n",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let page = operator.get("/costs?by=person&days=1").ok();
    assert_eq!(table(&page, "Calls of models").len(), 1 + 200);
    assert!(page.contains("Rows that are not shown: 8<"), "{page}");
    assert!(!operator.get("/costs?by=model&days=1").ok().contains("Rows that are not shown"));
}

#[test]
fn the_overview_adds_up_hours_days_and_months_and_how_long_answers_took() {
    let env = in_tokyo();
    let bot = env.start_ready();
    // Two days ago twenty answers of three people, an hour ago a call that failed, and two calls of a person forty days ago.
    env.psql(
        "INSERT INTO model_calls (bot_id, update_seq, user_id, purpose, model, outcome, failure, cost, cost_source, first_token_ms, endpoint,
                                  duration_ms, called_at)
         SELECT bot_id, n, 1 + n % 3, 'answer', 'm', 'answered', NULL, 0.01, 'price', 100 * n, 'e', 1000 * n,
                ((now() AT TIME ZONE 'UTC')::date - 2 + time '20:00') AT TIME ZONE 'UTC'
         FROM leases, generate_series(1, 20) AS n;
         INSERT INTO model_calls (bot_id, update_seq, user_id, purpose, model, outcome, failure, endpoint, duration_ms, called_at)
         SELECT bot_id, 21, 9, 'answer', 'm', 'failed', 'unreachable', 'e', 9, date_trunc('hour', now()) - interval '30 min' FROM leases;
         INSERT INTO model_calls (bot_id, update_seq, user_id, purpose, model, outcome, cost, cost_source, endpoint, duration_ms, called_at)
         SELECT bot_id, 21 + n, 9, 'answer', 'm', 'answered', 1, 'price', 'e', 1000 * n, now() - interval '40 days' FROM leases, generate_series(1, 2) AS n",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let of = |questions: &str, failed: &str, cost: &str, unknown: &str| {
        [
            figure("Questions", questions),
            figure("Failed calls", failed),
            figure("Cost, US dollars", cost),
            figure("Calls of unknown cost", unknown),
        ]
    };
    let hour = env.psql("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '1 hour', 'HH24:00')");
    let two_days_ago = env.psql("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '2 days', 'DD.MM')");
    let month = env.psql("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '40 days', 'YYYY-MM')");
    for (path, totals, label, in_label, times) in [
        ("/?by=hour", of("1", "1", "0.00", "1"), &hour, ["1", "1", "1", "0.00"], [["—", "—"], ["—", "—"]]),
        (
            "/?by=day",
            of("21", "1", "0.20", "1"),
            &two_days_ago,
            ["20", "3", "0", "0.20"],
            [["1.0", "1.9"], ["10.0", "19.0"]],
        ),
        (
            "/?by=month",
            of("23", "1", "2.20", "1"),
            &month,
            ["2", "1", "0", "2.00"],
            [["—", "—"], ["1.0", "2.0"]],
        ),
    ] {
        let page = operator.get(path).ok();
        for total in &totals {
            assert!(page.contains(total), "{path}: {total}: {page}");
        }
        let row = |chart: &str| {
            let row = table(&page, chart).into_iter().find(|row| row[0] == *label);
            row.unwrap_or_else(|| panic!("{path}: no {label} in {chart}"))[1..].to_vec()
        };
        let charts = ["Questions", "People", "Failed calls of models", "Cost, US dollars"];
        assert_eq!(charts.map(|chart| row(chart).concat()), in_label, "{path}");
        let took = ["Seconds to the first word of an answer", "Seconds to the end of an answer"].map(row);
        assert_eq!(took, times.map(|both| both.map(str::to_owned)), "{path}");
    }
}

#[test]
fn times_of_messages_clearings_and_sessions_are_utc_in_whatever_zone_the_server_keeps_them() {
    let env = in_tokyo();
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at, deleted_at)
         VALUES (1, 1, 'user', 'borscht', 7, '2026-01-02 03:04:05', '2026-01-02 06:07:08')",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    for path in ["/dialogues/1/1/0", "/search?q=borscht", "/dialogues", "/people/1"] {
        let page = operator.get(path).ok();
        assert!(page.contains("2026-01-01 18:04") && !page.contains("2026-01-02"), "{path}: {page}");
        assert!(page.contains("times and days are UTC"), "{path}: {page}");
    }
    assert!(operator.get("/dialogues/1/1/0").ok().contains("cleared 2026-01-01 21:07:08"));
    let clearings = operator.get("/dialogues/1/1/0/restore").ok();
    // People read UTC, and the form sends what the table has.
    assert!(
        clearings.contains("<li>2026-01-01 21:07:08 ")
            && clearings.contains("value=\"2026-01-02T06:07:08.000000\"")
    );
    let answer = operator.post(
        "/dialogues/1/1/0",
        "/dialogues/1/1/0/restore",
        &[("at", "2026-01-02T06:07:08.000000")],
    );
    assert_eq!(answer.header("location"), Some("/dialogues/1/1/0?restored=1"));
    let session =
        env.psql("SELECT to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM console_sessions");
    let sessions = table(&operator.get("/sessions").ok(), "Sessions");
    assert_eq!(sessions[1][2], session);
}

#[test]
fn a_turn_tells_its_model_its_tokens_and_its_cost() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    ask(&env, &Person::private(1), "hello");
    env.psql("UPDATE model_calls SET prompt_tokens = 1234, cached_tokens = 56, completion_tokens = 78, cost = 0.0123, cost_source = 'price', duration_ms = 901");
    env.psql("UPDATE turns SET prompt_tokens = 1234, completion_tokens = 78, duration_ms = 901");
    let mut operator = Visitor::logged_in(&env, &bot);
    let page = operator.get(&format!("/turns/{}", env.psql("SELECT max(id) FROM turns"))).ok();
    let model = env.psql("SELECT model || ' ' || endpoint FROM model_calls");
    let rows = table(&page, "Calls of models");
    assert_eq!(rows[1][1..], ["answer", &*model, "answered", "1234", "56", "78", "0.012", "901"]);
    let answered_by = env.psql("SELECT model FROM turns");
    for shown in [
        figure("Model", &format!("<code>{answered_by}</code>")),
        figure("Ended", "answered"),
        figure("Tokens read", "1234"),
        figure("Tokens written", "78"),
        figure("Whole after", "901 ms"),
    ] {
        assert!(page.contains(&shown), "{shown}: {page}");
    }
}

#[test]
fn health_says_how_old_the_newest_backup_is() {
    let mut env = with_console(TestEnv::new());
    let backups = tempfile::tempdir().unwrap();
    env.set("BACKUP_DIR", backups.path().to_str().unwrap());
    let bot = env.start_ready();
    for (name, hours) in [("old.dump", 50), ("new.dump", 5), ("other.txt", 1)] {
        let path = backups.path().join(name);
        fs::write(&path, "x").unwrap();
        let at = SystemTime::now() - Duration::from_secs(hours * 3600 + 60);
        File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    }
    let mut operator = Visitor::logged_in(&env, &bot);
    let checks = table(&operator.get("/health").ok(), "Checks");
    let backups = checks.iter().find(|row| row[0] == "backups").unwrap();
    assert_eq!(backups[1..], ["✓ well", "the newest is 5 h old"]);
}
