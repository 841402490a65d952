-- Widens messages.id, and what refers to it in turns and attachments, from INTEGER to BIGINT, for a table that is too large to be locked for a
-- rewrite. The bot may run: it works with either type. docs/migrations.md says how and when.
--
--   systech-aidd sql -f widen-message-ids.sql
--
-- New columns are filled in batches and indexed beside the work; then one short transaction puts them in the place of the old
-- ones. A run that was interrupted is started again from the beginning: every step does what is left of it. The only locks that
-- others feel are those of the first and the last step, which wait no longer than 5 s and then give up for you to try again.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages TO warning;
SET lock_timeout TO '5s';
SET statement_timeout TO 0;

SELECT format_type(atttypid, NULL) = 'bigint' AS done
FROM pg_attribute WHERE attrelid = 'messages'::regclass AND attname = 'id' \gset
\if :done
    \echo messages.id is BIGINT already
    \quit
\endif

-- 1. New columns, and triggers that fill them from now on.
BEGIN;
ALTER TABLE messages ADD COLUMN IF NOT EXISTS wide_id BIGINT;
ALTER TABLE turns ADD COLUMN IF NOT EXISTS wide_question_id BIGINT, ADD COLUMN IF NOT EXISTS wide_answer_id BIGINT;
ALTER TABLE attachments ADD COLUMN IF NOT EXISTS wide_message_id BIGINT;
CREATE OR REPLACE FUNCTION widen_message() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.wide_id := NEW.id; RETURN NEW; END $$;
CREATE OR REPLACE FUNCTION widen_turn() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.wide_question_id := NEW.question_id; NEW.wide_answer_id := NEW.answer_id; RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER widen BEFORE INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION widen_message();
CREATE OR REPLACE FUNCTION widen_attachment() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.wide_message_id := NEW.message_id; RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER widen BEFORE INSERT OR UPDATE ON turns FOR EACH ROW EXECUTE FUNCTION widen_turn();
CREATE OR REPLACE TRIGGER widen BEFORE INSERT OR UPDATE ON attachments FOR EACH ROW EXECUTE FUNCTION widen_attachment();
COMMIT;

-- 2. The rows that are there, in batches of 5,000 numbers, each a transaction of its own.
CREATE OR REPLACE PROCEDURE widen_rows(rows regclass, key text, wide text) LANGUAGE plpgsql AS $$
DECLARE
    at bigint;
    last bigint;
BEGIN
    EXECUTE format('SELECT min(%I), max(%I) FROM %s', key, key, rows) INTO at, last;
    WHILE at <= last LOOP
        -- the trigger does the work
        EXECUTE format('UPDATE %s SET %I = NULL WHERE %I >= $1 AND %I < $1 + 5000 AND %I IS NULL', rows, wide, key, key, wide)
        USING at;
        COMMIT;
        EXECUTE format('SELECT min(%I) FROM %s WHERE %I >= $1', key, rows, key) INTO at USING at + 5000;
    END LOOP;
END $$;
CALL widen_rows('messages', 'id', 'wide_id');
CALL widen_rows('turns', 'id', 'wide_question_id');
CALL widen_rows('attachments', 'id', 'wide_message_id');

-- 3. The indexes, beside the work: of every index of ours that names one of the columns, a wide twin. One that an interrupted
-- run left invalid is built anew.
SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid IN ('messages'::regclass, 'turns'::regclass, 'attachments'::regclass) AND relname LIKE 'wide\_%' AND NOT indisvalid \gexec
CREATE TEMPORARY VIEW twins AS
SELECT indrelid::regclass AS rows, relname AS name, left('wide_' || relname, 63) AS twin,
       regexp_replace(
           regexp_replace(pg_get_indexdef(indexrelid), '\m(id|question_id|answer_id|message_id)\M', 'wide_\1', 'g'),
           'INDEX .* ON ', format('INDEX CONCURRENTLY IF NOT EXISTS %I ON ', left('wide_' || relname, 63))) AS definition
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE (indrelid = 'messages'::regclass AND pg_get_indexdef(indexrelid) ~ '\mid\M'
       OR indrelid = 'turns'::regclass AND pg_get_indexdef(indexrelid) ~ '\m(question_id|answer_id)\M'
       OR indrelid = 'attachments'::regclass AND pg_get_indexdef(indexrelid) ~ '\mmessage_id\M')
  AND relname NOT LIKE 'wide\_%';
SELECT definition FROM twins \gexec
-- so that NOT NULL needs no look at the rows under a lock
SELECT format('ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID', rows, name, wide)
FROM (VALUES ('messages', 'wide_id_there', 'wide_id'), ('turns', 'wide_question_id_there', 'wide_question_id')) checks (rows, name, wide)
WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = name) \gexec
ALTER TABLE messages VALIDATE CONSTRAINT wide_id_there;
ALTER TABLE turns VALIDATE CONSTRAINT wide_question_id_there;

-- 4. The new columns take the place of the old ones, and the views are made again as they were, in one short transaction.
BEGIN;
LOCK TABLE messages, turns, attachments IN ACCESS EXCLUSIVE MODE;
CREATE TEMPORARY TABLE kept ON COMMIT DROP AS
WITH RECURSIVE dependent AS (
    SELECT DISTINCT rewrite.ev_class AS oid
    FROM pg_depend JOIN pg_rewrite rewrite ON rewrite.oid = objid AND classid = 'pg_rewrite'::regclass
    JOIN pg_class ON pg_class.oid = rewrite.ev_class AND relnamespace <> pg_my_temp_schema() AND relkind = 'v'
    WHERE refobjid IN ('messages'::regclass, 'turns'::regclass, 'attachments'::regclass)
)
SELECT oid::bigint AS place, 0 AS kind, oid::regclass::text AS name,
       format('CREATE VIEW %s AS %s', oid::regclass, pg_get_viewdef(oid)) AS definition
FROM dependent
UNION ALL
SELECT objoid::bigint, 1, NULL,
       format('COMMENT ON %s IS %L',
              CASE objsubid WHEN 0 THEN format('VIEW %s', objoid::regclass)
                            ELSE format('COLUMN %s.%I', objoid::regclass, attname) END, description)
FROM pg_description JOIN dependent ON objoid = oid AND classoid = 'pg_class'::regclass
LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0
UNION ALL
SELECT 0, 2, NULL, format('COMMENT ON COLUMN %s.%I IS %L', attrelid::regclass, attname, col_description(attrelid, attnum))
FROM pg_attribute
WHERE col_description(attrelid, attnum) IS NOT NULL
  AND (attrelid = 'messages'::regclass AND attname = 'id'
       OR attrelid = 'turns'::regclass AND attname IN ('question_id', 'answer_id')
       OR attrelid = 'attachments'::regclass AND attname = 'message_id')
UNION ALL
SELECT oid::bigint, 3, NULL, format('GRANT %s ON %s TO %s', privilege_type, oid::regclass, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
FROM (SELECT pg_class.oid, (aclexplode(relacl)).* FROM pg_class JOIN dependent USING (oid)) granted;
CREATE TEMPORARY TABLE renamed ON COMMIT DROP AS SELECT rows, name, twin FROM twins;
DROP VIEW twins;
SELECT format('DROP VIEW %s', name) FROM kept WHERE kind = 0 ORDER BY place DESC \gexec
DROP TRIGGER widen ON messages;
DROP TRIGGER widen ON turns;
DROP TRIGGER widen ON attachments;
ALTER TABLE turns DROP COLUMN question_id, DROP COLUMN answer_id;
ALTER TABLE attachments DROP COLUMN message_id;
ALTER SEQUENCE messages_id_seq OWNED BY NONE;
ALTER SEQUENCE messages_id_seq AS BIGINT;
ALTER TABLE messages DROP COLUMN id;
ALTER TABLE messages RENAME COLUMN wide_id TO id;
ALTER TABLE turns RENAME COLUMN wide_question_id TO question_id;
ALTER TABLE turns RENAME COLUMN wide_answer_id TO answer_id;
ALTER TABLE attachments RENAME COLUMN wide_message_id TO message_id;
SELECT format('ALTER INDEX %I RENAME TO %I', twin, name) FROM renamed \gexec
ALTER TABLE messages ALTER COLUMN id SET NOT NULL, ALTER COLUMN id SET DEFAULT nextval('messages_id_seq'),
    ADD CONSTRAINT messages_pkey PRIMARY KEY USING INDEX messages_pkey, DROP CONSTRAINT wide_id_there;
ALTER TABLE turns ALTER COLUMN question_id SET NOT NULL, DROP CONSTRAINT wide_question_id_there,
    ADD CONSTRAINT turns_question_id_fkey FOREIGN KEY (question_id) REFERENCES messages ON DELETE CASCADE NOT VALID,
    ADD CONSTRAINT turns_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES messages ON DELETE CASCADE NOT VALID;
ALTER TABLE attachments
    ADD CONSTRAINT attachments_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages ON DELETE CASCADE NOT VALID;
ALTER SEQUENCE messages_id_seq OWNED BY messages.id;
SELECT definition FROM kept WHERE kind = 0 ORDER BY place \gexec
SELECT definition FROM kept WHERE kind > 0 \gexec
DROP PROCEDURE widen_rows;
DROP FUNCTION widen_message, widen_turn, widen_attachment;
COMMIT;

-- 5. The rows are held against the references, beside the work.
ALTER TABLE turns VALIDATE CONSTRAINT turns_question_id_fkey;
ALTER TABLE turns VALIDATE CONSTRAINT turns_answer_id_fkey;
ALTER TABLE attachments VALIDATE CONSTRAINT attachments_message_id_fkey;
\echo messages.id is BIGINT
