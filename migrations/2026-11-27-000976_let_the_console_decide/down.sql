UPDATE decisions SET means = 'command line' WHERE means = 'console';

ALTER TABLE decisions DROP CONSTRAINT decisions_means_check;
-- Every row is looked at under a lock, on the way back only.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE decisions ADD CONSTRAINT decisions_means_check CHECK (means IN ('button', 'command line', 'code', 'time'));

COMMENT ON COLUMN decisions.decided_by IS 'Telegram id of the owner who decided; NULL for the command line, a code and time.';
COMMENT ON COLUMN decisions.means IS
    'By what: a button, the command line, the code of /claim, or time (a request that nobody answered).';
