-- Why: the column's comment promised that it decides how a message can be edited. It decides nothing: it tells people in
-- psql in which form Telegram took a message, once the payload is emptied.

COMMENT ON COLUMN reply_parts.form IS
    'How the message is built: text, or rich (Bot API, sendRichMessage); NULL for others. For people: the bot does not read it.';
