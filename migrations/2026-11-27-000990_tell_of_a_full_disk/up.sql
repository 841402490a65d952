-- Why: owners are told when the disk of the database is nearly full, or full. The table has a row for each kind and bot, so it is
-- looked through in no time.

-- In the same transaction another one takes its place.
-- squawk-ignore ban-drop-constraint
ALTER TABLE alerts DROP CONSTRAINT alerts_kind_check;
-- Every row is looked at under a lock: a few for each bot.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE alerts ADD CONSTRAINT alerts_kind_check CHECK (kind IN (
    'budget_day_80', 'budget_day_100', 'budget_month_80', 'budget_month_100', 'model', 'waiting', 'backup', 'migrated', 'disk'));
-- On the way back they were put aside.
UPDATE alerts SET bot_id = -bot_id, kind = 'disk' WHERE bot_id < 0;

COMMENT ON COLUMN alerts.kind IS
    '80 or 100 percent of a budget, a model that fails, questions that wait, a failed backup, migrations that were applied, or a disk of the database that is full or nearly so.';
