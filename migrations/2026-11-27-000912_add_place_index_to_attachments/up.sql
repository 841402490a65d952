-- Why: an update may bring a file of its own and the file that it replies to. Each has one row, however often the question is
-- begun anew.
--
-- Built CONCURRENTLY, so that nobody waits for it.

CREATE UNIQUE INDEX CONCURRENTLY idx_attachments_place
    ON attachments (bot_id, update_seq, update_id, telegram_message_id, quoted);
