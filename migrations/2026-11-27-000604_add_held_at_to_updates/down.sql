ALTER TABLE updates DROP COLUMN held_at;
