ALTER TABLE turns
    DROP COLUMN prompt_id,
    DROP COLUMN summary_id,
    DROP COLUMN read_ids,
    DROP COLUMN seen_ids,
    DROP COLUMN worded_ids,
    DROP COLUMN words_room;
