DROP TABLE memory_off;
