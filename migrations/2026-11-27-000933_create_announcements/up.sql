-- Why: an owner has a word for everybody. To thousands of people it takes minutes, over restarts and for whichever instance leads,
-- and can be stopped: what is told, and how far it is, has to be in the database.

CREATE TABLE announcements (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    owner BIGINT NOT NULL,
    payload TEXT NOT NULL,
    days INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'running', 'stopped', 'done')),
    message_id BIGINT,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    ended_at TIMESTAMPTZ
);

CREATE INDEX idx_announcements_active ON announcements (bot_id) WHERE ended_at IS NULL;

COMMENT ON TABLE announcements IS 'What owners tell everybody.';
COMMENT ON COLUMN announcements.id IS 'Unique number of the announcement; its messages in reply_parts have it, negative, as their update_seq.';
COMMENT ON COLUMN announcements.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN announcements.owner IS 'Telegram id of the owner who made it.';
COMMENT ON COLUMN announcements.payload IS 'Its messages (JSON, as in reply_parts).';
COMMENT ON COLUMN announcements.days IS 'It goes to those who asked something within so many days.';
COMMENT ON COLUMN announcements.state IS 'draft (shown to its owner), running, stopped, or done.';
COMMENT ON COLUMN announcements.message_id IS 'Telegram id of the message that shows its owner how far it is; NULL for a draft.';
COMMENT ON COLUMN announcements.made_at IS 'When it was made.';
COMMENT ON COLUMN announcements.ended_at IS 'When it was over; NULL until then.';
