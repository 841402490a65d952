-- Why: idx_attachments_place tells the files of an update apart. The constraint on the update alone would refuse the second.

-- squawk-ignore ban-drop-constraint
ALTER TABLE attachments DROP CONSTRAINT attachments_update;
