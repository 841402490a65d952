-- Only one file of an update has a place in the table as it was.
DELETE FROM attachments WHERE quoted;
ALTER TABLE attachments ADD CONSTRAINT attachments_update UNIQUE (bot_id, update_seq, update_id);
