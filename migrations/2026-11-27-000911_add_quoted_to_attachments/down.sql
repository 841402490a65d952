ALTER TABLE attachments DROP COLUMN quoted;
