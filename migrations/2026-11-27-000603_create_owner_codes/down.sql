DROP TABLE owner_codes;
