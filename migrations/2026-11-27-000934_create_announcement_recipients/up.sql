-- Why: everybody gets an announcement once. A row for each person says whether its messages are in the outbox yet, and what became
-- of them. They go there a few at a time, so that no answer waits behind thousands of them.

CREATE TABLE announcement_recipients (
    announcement_id BIGINT NOT NULL REFERENCES announcements (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'released', 'sent', 'failed', 'left_out')),
    PRIMARY KEY (announcement_id, user_id)
);

CREATE INDEX idx_announcement_recipients_state ON announcement_recipients (announcement_id, state, user_id);
CREATE INDEX idx_announcement_recipients_user ON announcement_recipients (user_id);

COMMENT ON TABLE announcement_recipients IS 'Who gets which announcement, and how far that is.';
COMMENT ON COLUMN announcement_recipients.announcement_id IS 'The announcement.';
COMMENT ON COLUMN announcement_recipients.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN announcement_recipients.state IS
    'waiting, released (in the outbox), sent, failed (Telegram refused it for good), or left_out (blocked or unsubscribed meanwhile).';
