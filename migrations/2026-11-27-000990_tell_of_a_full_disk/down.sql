-- The version before does not know the kind, and reads the rows of its bot only: put aside under a kind that it knows, these are
-- neither lost nor met.
UPDATE alerts SET bot_id = -bot_id, kind = 'backup' WHERE kind = 'disk' AND bot_id > 0;

ALTER TABLE alerts DROP CONSTRAINT alerts_kind_check;
-- Every row is looked at under a lock: a few for each bot.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE alerts ADD CONSTRAINT alerts_kind_check CHECK (kind IN (
    'budget_day_80', 'budget_day_100', 'budget_month_80', 'budget_month_100', 'model', 'waiting', 'backup', 'migrated'));

COMMENT ON COLUMN alerts.kind IS
    '80 or 100 percent of a budget, a model that fails, questions that wait, a failed backup, or migrations that were applied.';
