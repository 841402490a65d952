-- What was said stays in messages; it would be listened to again for another answer.
ALTER TABLE attachments DROP COLUMN transcript;
