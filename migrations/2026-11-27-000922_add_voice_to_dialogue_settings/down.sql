ALTER TABLE dialogue_settings DROP COLUMN voice;
