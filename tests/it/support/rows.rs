//! Rows that several tests write, and rows that several tests read.

use sandbox::env::Operator;
use serde_json::Value;

/// An operator whose database holds [`DIALOGUES`].
pub(crate) fn operator_of_dialogues() -> Operator {
    let operator = Operator::up_to_date();
    operator.psql(DIALOGUES);
    operator
}

/// Each line as JSON.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two people, one of them in a group too; one dialogue live, one cleared, one in part.
pub(crate) const DIALOGUES: &str = "
    INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at, deleted_at) VALUES
        (1, 1, 'user', 'Как сварить борщ?', 17, '2026-01-01 10:00', NULL),
        (1, 1, 'assistant', E'Свёклу натрите.\\nВарите час.', 27, '2026-01-01 10:00:05', NULL),
        (1, -7, 'user', 'What do soups need?', 19, '2026-01-02 11:00', '2026-01-03 09:00'),
        (1, -7, 'assistant', 'Salt', 4, '2026-01-02 11:00:03', '2026-01-03 09:00'),
        (2, 2, 'user', 'erste', 5, '2026-01-02 12:00', '2026-01-04 08:00:00.25'),
        (2, 2, 'assistant', 'zweite', 6, '2026-01-02 12:00:01', '2026-01-05 08:00'),
        (2, 2, 'user', E'dritte \\x1b[2J', 11, '2026-01-02 12:00:02', NULL);";

/// The turns, in order: their states, and whether they were replaced.
pub(crate) const TURNS: &str = "SELECT string_agg(state || CASE WHEN superseded_by IS NULL THEN '' ELSE ' superseded' END, ', ' ORDER BY id) FROM turns";
