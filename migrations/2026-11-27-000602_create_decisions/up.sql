-- Why: every decision about access can be looked up afterwards: who decided, when, and by what. The table people has only the
-- latest.

CREATE TABLE decisions (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    person BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('owner', 'allowed', 'refused', 'blocked', 'forgotten')),
    decided_by BIGINT,
    means TEXT NOT NULL CHECK (means IN ('button', 'command line', 'code', 'time')),
    decided_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX idx_decisions_person ON decisions (bot_id, person);
CREATE INDEX idx_decisions_time ON decisions (decided_at);

COMMENT ON TABLE decisions IS 'Every decision about who may use the bot.';
COMMENT ON COLUMN decisions.id IS 'Unique number of the decision.';
COMMENT ON COLUMN decisions.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN decisions.person IS 'Telegram id of the person, or of the group or channel, which is negative.';
COMMENT ON COLUMN decisions.state IS 'What was decided: owner, allowed, refused, blocked, or forgotten (no row of people any more).';
COMMENT ON COLUMN decisions.decided_by IS 'Telegram id of the owner who decided; NULL for the command line, a code and time.';
COMMENT ON COLUMN decisions.means IS
    'By what: a button, the command line, the code of /claim, or time (a request that nobody answered).';
COMMENT ON COLUMN decisions.decided_at IS 'When.';
