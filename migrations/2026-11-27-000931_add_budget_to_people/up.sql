-- Why: one budget for each person does not fit everybody: a guest may have less, a colleague more. What an owner sets for a
-- person takes the place of BUDGET_PERSON_DAY and BUDGET_PERSON_MONTH, without a restart and for every process.

ALTER TABLE people
    ADD COLUMN budget_day NUMERIC CHECK (budget_day > 0),
    ADD COLUMN budget_month NUMERIC CHECK (budget_month > 0);

COMMENT ON COLUMN people.budget_day IS 'US dollars that the person may spend in a day (UTC); NULL = BUDGET_PERSON_DAY holds.';
COMMENT ON COLUMN people.budget_month IS 'US dollars that the person may spend in a month (UTC); NULL = BUDGET_PERSON_MONTH holds.';
COMMENT ON COLUMN people.name IS 'Name, as last seen when asking a question; of a group its title.';
COMMENT ON COLUMN people.username IS 'Name after the @, as last seen when asking a question; NULL for none.';
COMMENT ON COLUMN people.language IS 'Language of the app, as last seen when asking a question.';
