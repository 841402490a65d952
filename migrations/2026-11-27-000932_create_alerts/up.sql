-- Why: owners are told without asking when something needs them, each kind at most once an hour. That has to hold over a restart
-- and for the instance that leads next; and what fails without a running bot, such as a backup, is told by the bot later.

CREATE TABLE alerts (
    bot_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'budget_day_80', 'budget_day_100', 'budget_month_80', 'budget_month_100', 'model', 'waiting', 'backup', 'migrated')),
    raised_at TIMESTAMPTZ,
    told_at TIMESTAMPTZ,
    muted BOOLEAN NOT NULL DEFAULT false,
    PRIMARY KEY (bot_id, kind)
);

COMMENT ON TABLE alerts IS 'What owners are told without asking: when they were told last, and what they want to hear no more of.';
COMMENT ON COLUMN alerts.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN alerts.kind IS
    '80 or 100 percent of a budget, a model that fails, questions that wait, a failed backup, or migrations that were applied.';
COMMENT ON COLUMN alerts.raised_at IS 'When it happened and owners were not told of it yet; NULL for what is looked up (all but backup and migrated).';
COMMENT ON COLUMN alerts.told_at IS 'When the owners were told last; NULL = never.';
COMMENT ON COLUMN alerts.muted IS 'Whether owners want to hear no more of it.';
