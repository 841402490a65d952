-- Why: each question reads the newest live messages of one dialogue. This index has them in reading order, so the
-- query stops after LIMIT rows and sorts nothing, however long the dialogue or the table has become.
--
-- Built CONCURRENTLY, so that nobody waits for it on an adopted table of any size. Without IF NOT EXISTS: an
-- interrupted build leaves an invalid index, which must be dropped and built anew, never taken for the real one.

CREATE INDEX CONCURRENTLY idx_messages_history
    ON messages (user_id, chat_id, created_at DESC, id DESC)
    WHERE deleted_at IS NULL;
