-- Why: what somebody asks who waits to be let in is kept, and answered in its order once an owner allows it. Such an update is
-- done as far as its lane is concerned, and keeps its payload: nothing waits for it, nothing counts it as waiting, and a repeated
-- delivery is recognised.

ALTER TABLE updates ADD COLUMN held_at TIMESTAMPTZ;

COMMENT ON COLUMN updates.held_at IS
    'When it was put aside until an owner decides about its person; it is done meanwhile and keeps its payload. NULL = it is not.';
