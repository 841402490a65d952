DROP VIEW costs_by_person;
