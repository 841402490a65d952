-- Why: idx_attachments_place tells the files of an update apart. The constraint on the update alone would refuse the second.

ALTER TABLE attachments DROP CONSTRAINT attachments_update;
