DROP FUNCTION message_words(text);
