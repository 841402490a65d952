-- Why: idx_attachments_place tells the files of an update apart. The constraint on the update alone would refuse the second.

-- Nobody relies on the guarantee: idx_attachments_place gives a narrower one, and the bot names files by it.
-- squawk-ignore ban-drop-constraint
ALTER TABLE attachments DROP CONSTRAINT attachments_update;
