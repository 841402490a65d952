//! What `docs/history.md` shows of psql is what psql shows. `UPDATE_GUIDES=1 cargo test --test it docs::history` writes it there, and
//! into its Russian twin.

use std::fs;
use std::process::Command;

use sandbox::env::Operator;

use super::packaging::file;

const PROMPT: &str = "systech_aidd=# ";

/// What the reader of the page has in the database, whoever owns the database of the test.
const ROWS: &str = "
    INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at, deleted_at) VALUES
        (42, 42, 'user', 'Сколько варить борщ?', 20, '2026-11-22 19:29:58', '2026-11-22 19:35:00'),
        (42, 42, 'user', 'Чем заменить сметану?', 21, '2026-11-22 19:40:10.5', NULL),
        (42, 42, 'assistant', 'Густым йогуртом.', 16, '2026-11-22 19:40:13', NULL);
    INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state, prompt_tokens, completion_tokens)
    VALUES (7, 1, 42, 42, 2, 3, 'answered', 61, 9);
    DO $$
    DECLARE
        relation regclass;
    BEGIN
        IF to_regrole('systech') IS NULL THEN
            CREATE ROLE systech;
        END IF;
        FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') LOOP
            EXECUTE format('ALTER TABLE %s OWNER TO systech', relation);
        END LOOP;
    END
    $$;";

/// The commands after the prompt, each with the lines that follow it.
fn sessions(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sessions: Vec<(&str, Vec<&str>)> = Vec::new();
    for block in text.split("```psql\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for line in block.lines() {
            match (line.strip_prefix(PROMPT), sessions.last_mut()) {
                (Some(command), _) => sessions.push((command, Vec::new())),
                (None, Some((_, output))) => output.push(line),
                (None, None) => panic!("{line} follows no command"),
            }
        }
    }
    sessions
}

/// Without what psql pads, and with the title that every version but the newest gives its lists.
fn lines<'a>(output: impl Iterator<Item = &'a str>) -> Vec<String> {
    output
        .map(|line| line.trim().replace("List of tables", "List of relations"))
        .map(|line| line.replace("List of views", "List of relations"))
        .map(|line| line.replace("List of indexes", "List of relations"))
        .filter(|line| !line.is_empty())
        .collect()
}

/// Writes what psql says now into both pages.
fn update(command: &str, shown: &[&str], said: &str) {
    let after = |line: &str| format!("\n{}", line.trim_end());
    let shown: String = shown.iter().map(|line| after(line)).collect();
    let said = said.trim_end().replace("List of tables", "List of relations");
    let said =
        said.replace("List of views", "List of relations").replace("List of indexes", "List of relations");
    let said: String = said.lines().map(after).collect();
    for page in ["docs/history.md", "docs/history.ru.md"] {
        let text = file(page);
        let (before, after) =
            (format!("{PROMPT}{command}{}", shown.trim_end()), format!("{PROMPT}{command}{said}"));
        assert!(text.contains(&before), "{page} shows something else of {command}");
        fs::write(format!("{}/{page}", env!("CARGO_MANIFEST_DIR")), text.replace(&before, &after)).unwrap();
    }
}

#[test]
fn psql_shows_what_the_page_about_the_history_shows() {
    let operator = Operator::up_to_date();
    operator.psql(ROWS);
    let page = file("docs/history.md");
    let sessions = sessions(&page);
    for command in [r"\dt", r"\d messages", r"\di"] {
        assert!(sessions.iter().any(|(shown, _)| *shown == command), "{command} is not on the page");
    }
    for (command, shown) in sessions {
        let url = operator.database.url();
        let said =
            Command::new("psql").args(["-X", "-d", &url, "-c", command]).env("PAGER", "").output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        if std::env::var_os("UPDATE_GUIDES").is_some() {
            update(command, &shown, &said);
        } else {
            assert_eq!(lines(shown.into_iter()), lines(said.lines()), "{command}\n{said}");
        }
    }
}
