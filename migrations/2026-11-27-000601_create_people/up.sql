-- Why: whoever runs the bot lets people in from the chat, without an editor and a restart. The table says who may use the bot,
-- who waits for a decision and who may not, over restarts and for every process that works on the database. The lists of the
-- environment (OWNER, ALLOWED_USERS, ALLOWED_CHATS) stand beside it and win.
--
-- An owner is a state like the others, so that one look at a person's row tells everything.

CREATE TABLE people (
    bot_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('owner', 'allowed', 'waiting', 'refused', 'blocked')),
    since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    decided_by BIGINT,
    name TEXT,
    username TEXT,
    language TEXT,
    words TEXT,
    update_seq BIGINT,
    asked_at TIMESTAMPTZ,
    told_at TIMESTAMPTZ,
    PRIMARY KEY (bot_id, id)
);

CREATE INDEX idx_people_state ON people (bot_id, state, since);

COMMENT ON TABLE people IS 'Who may use the bot, who waits for its owner to decide, and who may not. No row = nothing was decided.';
COMMENT ON COLUMN people.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN people.id IS 'Telegram id of the person, or of the group or channel, which is negative.';
COMMENT ON COLUMN people.state IS
    'owner, allowed, waiting for a decision, refused (may ask again a day after asked_at), or blocked.';
COMMENT ON COLUMN people.since IS 'Since when it has this state.';
COMMENT ON COLUMN people.decided_by IS 'Telegram id of the owner who decided; NULL for the command line, a claim, or nobody yet.';
COMMENT ON COLUMN people.name IS 'Name, as last seen when asking; of a group its title.';
COMMENT ON COLUMN people.username IS 'Name after the @, as last seen when asking; NULL for none.';
COMMENT ON COLUMN people.language IS 'Language of the app, as last seen when asking.';
COMMENT ON COLUMN people.words IS 'The first words of what was asked, as long as the request waits or was refused; else NULL.';
COMMENT ON COLUMN people.update_seq IS 'The update that asked to be let in (updates.seq); NULL if none did.';
COMMENT ON COLUMN people.asked_at IS 'When it asked last; NULL if it never did.';
COMMENT ON COLUMN people.told_at IS 'When the owners were told of the request; NULL = not yet.';
