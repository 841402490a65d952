DROP VIEW live_messages;
