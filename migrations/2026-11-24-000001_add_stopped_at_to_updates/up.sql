-- Why: a person who says stop means what is being answered and what still waits, also when the program ends before it
-- comes to that. The wish is therefore written down with the updates it is about, as soon as it arrives.

ALTER TABLE updates ADD COLUMN stopped_at TIMESTAMPTZ;

COMMENT ON COLUMN updates.stopped_at IS
    'When its person asked to stop it, while it was waiting or being answered; NULL = never.';
