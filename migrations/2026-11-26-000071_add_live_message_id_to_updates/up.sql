-- Why: with LIVE_ANSWERS=edit an answer is shown in a message of its own while it grows. A bot that dies meanwhile has to
-- find that message again, to finish it rather than to send another one.

ALTER TABLE updates ADD COLUMN live_message_id BIGINT;
COMMENT ON COLUMN updates.live_message_id IS
    'Telegram''s id of the message that shows the answer while it grows; emptied once done.';
