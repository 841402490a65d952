-- Why: a question may be a picture. What the model was shown has to be there as long as its words are: for another answer, for
-- the questions that follow, for an export. It is fetched once and stays here, because Telegram's links end.
--
-- The content is stored as it is (EXTERNAL): compression makes no picture smaller. A row belongs to its update until the
-- question is stored; then it belongs to the message, and goes with it.
--
-- The foreign key locks `messages` only for the moment the empty table is created.

CREATE TABLE attachments (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    update_seq BIGINT NOT NULL,
    update_id BIGINT NOT NULL,
    telegram_message_id BIGINT NOT NULL,
    album TEXT,
    message_id INTEGER REFERENCES messages ON DELETE CASCADE,
    kind TEXT NOT NULL
        CHECK (kind IN ('photo', 'document', 'sticker', 'video', 'animation', 'video_note', 'live_photo', 'voice', 'audio')),
    file_id TEXT NOT NULL,
    file_unique_id TEXT NOT NULL,
    name TEXT,
    mime TEXT,
    bytes BIGINT,
    width INTEGER,
    height INTEGER,
    seconds INTEGER,
    content BYTEA,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT attachments_update UNIQUE (bot_id, update_seq, update_id)
);

ALTER TABLE attachments ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE INDEX idx_attachments_message ON attachments (message_id);
CREATE INDEX idx_attachments_user ON attachments (user_id);
CREATE INDEX idx_attachments_kept ON attachments (created_at) WHERE content IS NOT NULL;

COMMENT ON TABLE attachments IS 'Files that came with questions: what Telegram told of each, and what is in it.';
COMMENT ON COLUMN attachments.id IS 'Unique number of the file.';
COMMENT ON COLUMN attachments.bot_id IS 'Telegram id of the bot that received it.';
COMMENT ON COLUMN attachments.user_id IS 'Telegram id of the person who sent it.';
COMMENT ON COLUMN attachments.update_seq IS 'The update it came with (updates.seq; no foreign key: done updates are swept).';
COMMENT ON COLUMN attachments.update_id IS 'Telegram''s number of that update.';
COMMENT ON COLUMN attachments.telegram_message_id IS 'Telegram''s id of the message it came with; its place among several.';
COMMENT ON COLUMN attachments.album IS 'What the messages of an album have in common (media_group_id); NULL for none.';
COMMENT ON COLUMN attachments.message_id IS 'The question in messages; NULL until that is stored.';
COMMENT ON COLUMN attachments.kind IS 'What it was sent as, in Telegram''s word.';
COMMENT ON COLUMN attachments.file_id IS 'By which Telegram serves it to this bot.';
COMMENT ON COLUMN attachments.file_unique_id IS 'By which it is the same file for every bot.';
COMMENT ON COLUMN attachments.name IS 'The name of the file, or the emoji of a sticker; NULL for none.';
COMMENT ON COLUMN attachments.mime IS 'Its type: by its content, or as its sender named it while that is not there.';
COMMENT ON COLUMN attachments.bytes IS 'Its size in bytes; NULL where Telegram did not tell it.';
COMMENT ON COLUMN attachments.width IS 'Its width in pixels; NULL where Telegram did not tell it.';
COMMENT ON COLUMN attachments.height IS 'Its height in pixels; NULL where Telegram did not tell it.';
COMMENT ON COLUMN attachments.seconds IS 'How long it plays; NULL for what does not.';
COMMENT ON COLUMN attachments.content IS 'What is in it, of a film its cover; NULL until it was fetched, and after FILES_KEEP_DAYS.';
COMMENT ON COLUMN attachments.created_at IS 'When it was first looked for.';
