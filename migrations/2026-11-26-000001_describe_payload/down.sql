COMMENT ON COLUMN updates.payload IS 'The update as received (JSON); emptied once done.';
