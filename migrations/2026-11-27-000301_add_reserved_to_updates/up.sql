-- Why: a budget has to know what is being spent before the ledger does, in every process and after a crash. The reservation
-- stands at the update that is being answered, so it ends with it, whatever becomes of the process that made it.

ALTER TABLE updates
    ADD COLUMN reserved NUMERIC,
    ADD COLUMN reserved_at TIMESTAMPTZ;
COMMENT ON COLUMN updates.reserved IS
    'US dollars that its answer is expected to cost, while it is in the making and there is a budget; else NULL.';
COMMENT ON COLUMN updates.reserved_at IS 'When they were reserved.';
