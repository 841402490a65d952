ALTER TABLE turns DROP COLUMN asked_at;
