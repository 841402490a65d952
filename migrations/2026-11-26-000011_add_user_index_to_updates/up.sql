-- Why: erasing a person looked through the whole inbox, and the poller waited behind it where the person had just written.

CREATE INDEX CONCURRENTLY idx_updates_user ON updates (user_id);
