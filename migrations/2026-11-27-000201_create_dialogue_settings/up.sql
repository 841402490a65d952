-- Why: people choose a model, a role and how much the model thinks, each for a dialogue of theirs, and the choice outlives a
-- restart. A dialogue without a row has chosen nothing.
--
-- The names are those of the catalogue, which is a file: no foreign key can lead there. A name that is gone from it means the
-- default, and is emptied when its person has been told so.

CREATE TABLE dialogue_settings (
    bot_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL DEFAULT 0,
    model TEXT,
    role TEXT,
    effort TEXT,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bot_id, chat_id, user_id, thread_id)
);

CREATE INDEX idx_dialogue_settings_user ON dialogue_settings (user_id);

COMMENT ON TABLE dialogue_settings IS 'What people chose for a dialogue of theirs; no row = nothing.';
COMMENT ON COLUMN dialogue_settings.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN dialogue_settings.chat_id IS 'Telegram id of the chat.';
COMMENT ON COLUMN dialogue_settings.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN dialogue_settings.thread_id IS 'Topic of the chat; 0 = none.';
COMMENT ON COLUMN dialogue_settings.model IS 'The model that answers, by its name in the catalogue; NULL = the default.';
COMMENT ON COLUMN dialogue_settings.role IS 'The role it answers in, by its name in the catalogue; NULL = the default.';
COMMENT ON COLUMN dialogue_settings.effort IS
    'How much that model thinks (none, minimal, low, medium, high, max); NULL = its default.';
COMMENT ON COLUMN dialogue_settings.updated_at IS 'When the person chose last.';
