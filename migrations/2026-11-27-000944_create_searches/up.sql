-- Why: what /find found is shown page by page, and a button is too small for the words that were searched for. They stay here as
-- long as their buttons work: two days.
--
-- Its moment is one of `messages`, so that a page shows the same messages whatever was said since.

CREATE TABLE searches (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    words TEXT NOT NULL CHECK (length(words) <= 1000),
    -- Without a time zone, as messages.created_at is.
    -- squawk-ignore prefer-timestamp-tz
    searched_at TIMESTAMP NOT NULL DEFAULT LOCALTIMESTAMP
);

CREATE INDEX idx_searches_user ON searches (user_id);

COMMENT ON TABLE searches IS 'What people searched for with /find in the last two days.';
COMMENT ON COLUMN searches.id IS 'Unique number of the search; the buttons below what it found carry it.';
COMMENT ON COLUMN searches.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN searches.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN searches.words IS 'What was searched for, as typed.';
COMMENT ON COLUMN searches.searched_at IS 'When, by the clock of messages.created_at; what was said later is not in it.';
