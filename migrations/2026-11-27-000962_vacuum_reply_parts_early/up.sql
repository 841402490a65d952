-- Why: each part is written once and marked as sent once, which leaves a dead row with all of its text. As it is set for
-- all tables, autovacuum begins when a fifth of a table is dead: with a million rows that is 200,000 dead ones, several times as
-- large as those that stay. At a fiftieth their place is used again: for 240,000 messages more the table grew by half as much.
-- (Fewer dead rows cannot be: both marks take the row out of the partial index of what waits, so no update is HOT, and a lower
-- fill factor would only make the table larger.) The lock holds up nothing but vacuum and other changes of the table.

ALTER TABLE reply_parts SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    toast.autovacuum_vacuum_scale_factor = 0.02,
    toast.autovacuum_vacuum_threshold = 1000
);
