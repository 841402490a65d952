ALTER TABLE updates
    DROP COLUMN reserved,
    DROP COLUMN reserved_at;
