DROP VIEW memory;
