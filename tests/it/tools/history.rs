//! `systech-aidd history`: reading, finding, clearing and restoring dialogues from the command line.

use sandbox::env::Operator;
use serde_json::Value;

use crate::support::rows::{json_lines as json, operator_of_dialogues as operator};
use crate::support::terminal::run_on_terminal;
use crate::tools::doctor::database::WAITING_OF_OTHERS;

#[test]
fn list_tells_who_talks_where_since_when_and_what_is_live() {
    let operator = operator();
    let list = operator.run(&["history", "list"]).ok();
    let lines: Vec<Vec<_>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["user", "chat", "topic", "messages", "first", "last", "state"]);
    let (from, to) = (["2026-01-02", "12:00:00"], ["2026-01-02", "12:00:02"]);
    assert_eq!(lines[1], [&["2", "2", "3"], &from[..], &to, &["1", "live,", "2", "cleared"]].concat());
    assert_eq!(lines[2][..3], ["1", "-7", "2"]);
    assert_eq!((lines[2][7], lines[3][7]), ("cleared", "live"));
    let of_one = json(&operator.run(&["history", "list", "--user", "1", "--json"]).ok());
    assert_eq!(of_one.len(), 2);
    assert_eq!(of_one[0]["chat_id"], -7);
    assert_eq!(of_one[0]["cleared_at"], "2026-01-03T09:00:00.000000");
    assert_eq!((&of_one[1]["live"], &of_one[1]["cleared_at"]), (&Value::from(2), &Value::Null));
    assert_eq!(operator.run(&["history", "list", "--user", "3"]).fails_with(3), "");
}

#[test]
fn show_is_a_transcript_of_one_dialogue_or_of_a_time_in_it() {
    let operator = operator();
    let all = operator.run(&["history", "show", "--user", "1"]).ok();
    assert_eq!(
        all,
        "2026-01-01 10:00:00  user\n    Как сварить борщ?\n\n\
         2026-01-01 10:00:05  assistant\n    Свёклу натрите.\n    Варите час.\n\n"
    );
    let period = ["--since", "2026-01-01 10:00:01", "--until", "2026-01-02"];
    let later = operator.run(&[&["history", "show", "--user", "1"], &period[..]].concat()).ok();
    assert!(!later.contains("борщ") && later.contains("Свёклу"), "{later}");
    // What was cleared is shown only to who asks for it.
    let group = ["history", "show", "--user", "1", "--chat", "-7"];
    operator.run(&group).fails_with(3);
    let cleared = operator.run(&[&group[..], &["--cleared"]].concat()).ok();
    assert!(cleared.contains("assistant  (cleared 2026-01-03 09:00:00)\n    Salt\n"), "{cleared}");
    let records = json(&operator.run(&[&group[..], &["--cleared", "--json"]].concat()).ok());
    assert_eq!(records[1]["content"], "Salt");
    assert_eq!(records[1]["created_at"], "2026-01-02T11:00:03.000000");
    // Nobody's message is a command to the operator's terminal.
    let shown = operator.run(&["history", "show", "--user", "2"]).ok();
    assert!(shown.contains("dritte \u{fffd}[2J") && !shown.contains('\u{1b}'), "{shown:?}");
    let wrong = operator.run(&["history", "show", "--user", "1", "--since", "soon"]).fails_with(1);
    assert!(wrong.contains("--since \"soon\" is not a time"), "{wrong}");
}

#[test]
fn a_time_may_have_a_zone_be_relative_or_a_date_alone() {
    let operator = operator();
    let database = operator.database.name().to_owned();
    operator.psql(&format!("ALTER DATABASE {database} SET timezone = 'Europe/Berlin'"));
    // Messages of this winter's noon and of ages before now; the clock of Berlin is an hour before UTC.
    operator.psql(
        "DELETE FROM messages;
         INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
         SELECT 1, 1, 'user', name, 1, at FROM (VALUES
            ('noon', timestamp '2026-01-02 12:00'), ('later', timestamp '2026-01-02 12:00:01'),
            ('a day', LOCALTIMESTAMP - interval '1 day 1 min'), ('an hour', LOCALTIMESTAMP - interval '61 min'),
            ('now', LOCALTIMESTAMP)) AS said (name, at)",
    );
    let found = |arguments: &[&str]| {
        let all = operator.run(&[&["history", "export"], arguments].concat()).ok();
        let names = json(&all).into_iter().map(|record| record["content"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(", ")
    };
    for noon in [
        "2026-01-02 12:00",
        "2026-01-02T12:00",
        "2026-01-02T11:00Z",
        "2026-01-02T14:00+03:00",
        "2026-01-02T14:00:00.000+0300",
        "2026-01-02 14:00 Europe/Moscow",
        "2026-01-02 06:00 America/New_York",
        "2026-01-02 11:00 UTC",
    ] {
        assert_eq!(found(&["--until", noon]), "", "{noon}");
        assert_eq!(found(&["--since", noon, "--until", "2026-01-02T11:00:01Z"]), "noon", "{noon}");
    }
    assert_eq!(found(&["--since", "2026-01-02", "--until", "2026-01-03"]), "noon, later");
    for (ago, names) in [
        ("2h", "an hour, now"),
        ("2 hours ago", "an hour, now"),
        ("60 min", "now"),
        ("3 days", "a day, an hour, now"),
        ("1d 12h", "a day, an hour, now"),
        ("1 day", "an hour, now"),
    ] {
        assert_eq!(found(&["--since", ago]), names, "{ago}");
    }
    assert_eq!(found(&["--since", "tomorrow"]), "");
    for wrong in [
        "soon",
        "10:00",
        "90",
        "2026-02-30",
        "2026-13-01",
        "3 fortnights",
        "2026-01-02 10:00 Mars/Base",
        "2026-01-02 10:00 UTC+3",
        "",
    ] {
        let said = operator.run(&["history", "export", "--since", wrong]).fails_with(1);
        assert!(said.contains(&format!("--since {wrong:?} is not a time")), "{said}");
        assert!(said.contains("2026-11-23T19:30+03:00") && said.contains("'3 days'"), "{said}");
    }
}

#[test]
fn where_the_clock_changes_a_time_is_what_the_clock_showed_and_one_that_comes_twice_is_told() {
    let operator = operator();
    let database = operator.database.name().to_owned();
    operator.psql(&format!("ALTER DATABASE {database} SET timezone = 'Europe/Berlin'"));
    operator.psql(
        "DELETE FROM messages;
         INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
         SELECT 1, 1, 'user', to_char(at, 'HH24:MI'), 1, at
         FROM unnest(array['2026-10-25 01:59', '2026-10-25 02:30', '2026-10-25 03:00']::timestamp[]) AS at",
    );
    let since = |time: &str| {
        let printed = operator.run(&["history", "export", "--since", time]);
        (json(&printed.out).len(), printed.err.contains("twice"))
    };
    assert_eq!(since("2026-10-25 01:59"), (3, false));
    // Both are 02:30 by the clock, and the column tells no more.
    for twice in ["2026-10-25 02:30", "2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25 02:30 CEST"] {
        assert_eq!(since(twice), (2, true), "{twice}");
    }
    assert_eq!(since("2026-10-25 03:00"), (1, false));
    // The clock leaves out 02:30: that is 03:30.
    operator.psql(
        "UPDATE messages SET created_at = created_at - interval '210 days'; UPDATE messages
         SET created_at = '2026-03-29 03:29' WHERE content = '02:30'",
    );
    assert_eq!(since("2026-03-29 02:30"), (0, false));
    assert_eq!(since("2026-03-29 03:29"), (1, false));
}

#[test]
fn clear_and_restore_do_what_the_person_could_and_any_clearing_can_be_undone() {
    let operator = operator();
    let live = |user| operator.psql(&format!("SELECT count(*) FROM live_messages WHERE user_id = {user}"));
    assert_eq!(operator.run(&["history", "clear", "--user", "1"]).ok(), "cleared: 2 messages\n");
    assert_eq!(live(1), "0");
    operator.run(&["history", "clear", "--user", "1"]).fails_with(3);
    assert_eq!(operator.run(&["history", "restore", "--user", "1", "--json"]).ok(), "{\"restored\":2}\n");
    operator.run(&["history", "restore", "--user", "1"]).fails_with(3);
    assert_eq!(live(1), "2");

    let list = operator.run(&["history", "restore", "--user", "2", "--list"]).ok();
    assert_eq!(list, "2026-01-05T08:00:00.000000  1 messages\n2026-01-04T08:00:00.250000  1 messages\n");
    let earlier = list.lines().nth(1).unwrap().split_whitespace().next().unwrap();
    operator.run(&["history", "restore", "--user", "2", "--at", earlier]).ok();
    assert_eq!(
        operator.psql("SELECT content FROM messages WHERE user_id = 2 AND deleted_at IS NOT NULL"),
        "zweite",
        "the earlier clearing is undone, the latest one is not"
    );
    operator.run(&["history", "restore", "--user", "2", "--at", earlier]).fails_with(3);
    operator.run(&["history", "restore", "--user", "2"]).ok();
    assert_eq!(live(2), "3");
}

#[test]
fn who_wrote_in_the_name_of_a_chat_has_a_negative_id_which_every_command_takes() {
    let operator = operator();
    operator.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES
         (-1001, -1001, 'user', 'Как варить борщ?', 16), (-1002, -1001, 'user', 'from a channel', 14)",
    );
    let lines = |arguments: &[&str]| {
        operator
            .run(&[&["history"], arguments].concat())
            .ok()
            .lines()
            .filter(|line| line.contains("-1001"))
            .count()
    };
    assert_eq!(lines(&["list", "--user", "-1001", "--json"]), 1);
    assert_eq!(lines(&["show", "--user", "-1002", "--chat", "-1001", "--json"]), 1);
    assert_eq!(lines(&["search", "борщ", "--user", "-1001", "--json"]), 1);
    assert_eq!(lines(&["export", "--user=-1001"]), 1);
    for command in ["clear", "restore"] {
        operator.run(&["history", command, "--user", "-1001"]).ok();
    }
    let erased = operator.run(&["history", "erase", "--user", "-1001", "--yes"]).ok();
    assert!(erased.contains("erased user -1001: 1 messages"), "{erased}");
    assert_eq!(operator.psql("SELECT content FROM messages WHERE chat_id = -1001"), "from a channel");
}

#[test]
fn a_database_that_is_not_up_to_date_is_told_so() {
    let operator = Operator::new();
    let refused = operator.run(&["history", "list"]).fails_with(1);
    assert!(refused.contains("migrate up"), "{refused}");
}

#[test]
fn what_waits_for_a_bot_of_another_token_is_discarded_after_a_question_and_never_that_of_the_token() {
    let mut operator = Operator::up_to_date();
    operator.psql(WAITING_OF_OTHERS);
    let discard = ["history", "discard", "--bot", "12"];
    operator.psql(
        "INSERT INTO leases (bot_id, holder, epoch, until) VALUES (12, 'a', 1, now() + interval '1 hour')",
    );
    let refused = operator.run(&["history", "discard", "--bot", "12", "--yes"]).fails_with(1);
    assert!(refused.contains("bot 12 is at work"), "{refused}");
    operator.psql("UPDATE leases SET until = now()");
    let refused = operator.run(&discard).fails_with(4);
    assert!(refused.contains("1 updates that bot 12 did not answer and 1 messages"), "{refused}");
    run_on_terminal(&operator, &discard, "n").fails_with(4);
    let waiting = "SELECT bot_id, count(*) FROM updates WHERE payload IS NOT NULL GROUP BY 1 ORDER BY 1";
    assert_eq!(operator.psql(waiting), "11|2\n12|1");
    let done = run_on_terminal(&operator, &discard, "y").ok();
    assert!(done.contains("discarded of bot 12: 1 updates, 1 unsent messages"), "{done}");
    assert_eq!(operator.psql(waiting), "11|2");
    assert_eq!(operator.psql("SELECT state, payload FROM reply_parts"), "abandoned|");
    operator.run(&discard).fails_with(3);
    operator.set("TELEGRAM_BOT_TOKEN", "11:aaaaaaaaaaaaaaaa");
    let refused = operator.run(&["history", "discard", "--bot", "11", "--yes"]).fails_with(1);
    assert!(refused.contains("11 is the bot of TELEGRAM_BOT_TOKEN"), "{refused}");
    operator.set("TELEGRAM_BOT_TOKEN", "14:aaaaaaaaaaaaaaaa");
    let json = operator.run(&["history", "discard", "--bot", "11", "--yes", "--json"]).ok();
    assert_eq!(json, "{\"updates\":2,\"reply_parts\":0}\n");
    assert_eq!(operator.psql(waiting), "");
}
