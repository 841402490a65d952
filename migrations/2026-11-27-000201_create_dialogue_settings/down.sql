DROP TABLE dialogue_settings;
