COMMENT ON COLUMN reply_parts.attempts IS 'Calls that failed so far.';
