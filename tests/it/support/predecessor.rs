//! What the predecessor, a bot in Python, leaves behind.

/// Its tables, as its own migrations created them.
pub(crate) const TABLES: &str = "
    CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('0001');
    CREATE TABLE messages (
        id SERIAL PRIMARY KEY,
        user_id BIGINT NOT NULL,
        chat_id BIGINT NOT NULL,
        role VARCHAR(20) NOT NULL,
        content TEXT NOT NULL,
        message_length INTEGER NOT NULL,
        created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        deleted_at TIMESTAMP NULL
    );
    CREATE INDEX idx_user_chat_deleted ON messages (user_id, chat_id, deleted_at);
    CREATE INDEX idx_deleted_at ON messages (deleted_at) WHERE deleted_at IS NULL;
";

/// A live dialogue and a cleared one.
pub(crate) const DIALOGUES: &str = "
    INSERT INTO messages (user_id, chat_id, role, content, message_length, deleted_at) VALUES
        (1, 1, 'user', 'My name is Eve', 14, NULL), (1, 1, 'assistant', 'Hello, Eve', 10, NULL),
        (2, 2, 'user', 'gone', 4, '2026-01-01');
";

/// The tables with the dialogues.
pub(crate) fn database() -> String {
    format!("{TABLES}{DIALOGUES}")
}
