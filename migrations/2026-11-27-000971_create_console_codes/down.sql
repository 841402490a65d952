DROP TABLE console_codes;
