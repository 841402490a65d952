DROP VIEW dialogues;
