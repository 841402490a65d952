-- Why: what the bot itself said (to commands, to strangers) belongs to no turn, so nothing led from a person's messages to
-- it: erasing a person looked through the whole outbox, and the purge of what is old left it for ever. All other parts are
-- found by their turns.

CREATE INDEX CONCURRENTLY idx_reply_parts_without_turn ON reply_parts (user_id, created_at) WHERE turn_id IS NULL;
