ALTER TABLE updates DROP COLUMN stopped_at;
