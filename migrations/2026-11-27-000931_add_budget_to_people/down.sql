COMMENT ON COLUMN people.name IS 'Name, as last seen when asking; of a group its title.';
COMMENT ON COLUMN people.username IS 'Name after the @, as last seen when asking; NULL for none.';
COMMENT ON COLUMN people.language IS 'Language of the app, as last seen when asking.';

ALTER TABLE people DROP COLUMN budget_day, DROP COLUMN budget_month;
