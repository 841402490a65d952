DROP VIEW daily_statistics;
