-- Only one file of an update has a place in the table as it was.
DELETE FROM attachments WHERE quoted;
-- On the way back only: the table is locked while the index is built; files are few beside messages.
-- squawk-ignore constraint-missing-not-valid, disallowed-unique-constraint
ALTER TABLE attachments ADD CONSTRAINT attachments_update UNIQUE (bot_id, update_seq, update_id);
