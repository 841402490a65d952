-- Why: what somebody asks who waits to be let in is kept, and answered in its order once an owner allows it. Such an update is
-- done, as far as its lane is concerned: nothing waits for it, nothing counts it as waiting, and a repeated delivery is
-- recognised. What it says is put aside, so that a done update has no payload still.

ALTER TABLE updates ADD COLUMN held TEXT;

COMMENT ON COLUMN updates.held IS
    'Its payload, put aside until an owner decides about its person; it is done meanwhile. NULL = nothing is put aside.';
