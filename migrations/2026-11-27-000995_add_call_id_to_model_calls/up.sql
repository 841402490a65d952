-- Why: a statement whose commit was not acknowledged is repeated, and a call that it stores would stand in the ledger twice, and
-- count twice for a budget. By a number of its own, given before the statement, a call is known the second time.

ALTER TABLE model_calls ADD COLUMN call_id BIGINT;
COMMENT ON COLUMN model_calls.call_id IS
    'Random number of the call, by which a repeated statement stores it once; NULL in older rows.';
