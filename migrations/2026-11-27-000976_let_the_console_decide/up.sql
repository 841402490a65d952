-- Why: who may use the bot is decided in the console, too, and a decision tells by what it was made. The table has a row for each
-- decision of an owner, so it is looked through in no time.

-- In the same transaction another one takes its place.
-- squawk-ignore ban-drop-constraint
ALTER TABLE decisions DROP CONSTRAINT decisions_means_check;
-- Every row is looked at under a lock: one for each decision of an owner.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE decisions ADD CONSTRAINT decisions_means_check CHECK (means IN ('button', 'command line', 'console', 'code', 'time'));

COMMENT ON COLUMN decisions.decided_by IS
    'Telegram id of the owner who decided; NULL for the command line, for the console after a link of it, a code and time.';
COMMENT ON COLUMN decisions.means IS
    'By what: a button, the command line, the console, the code of /claim, or time (a request that nobody answered).';
