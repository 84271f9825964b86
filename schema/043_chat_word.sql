-- The words of a user's conversations in the chat API, folded, for searching them. In the order of a search: a word is one piece of
-- the primary key. A row holds where one word stands in up to 64 messages: most words of a conversation come again in it, and a row
-- each time would cost several times the room. Without foreign keys, for it has many rows: whoever deletes messages deletes their words.
CREATE TABLE chat_word (
    user_id         BIGINT UNSIGNED NOT NULL,
    word            VARBINARY(64) NOT NULL,
    conversation_id BIGINT UNSIGNED NOT NULL,
    part            INT UNSIGNED NOT NULL, -- of the conversation; 0: the title, 1: the messages at places 1 to 64, …
    places          MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- see src/store/chat_word.c
    PRIMARY KEY (user_id, word, conversation_id, part),
    KEY chat_word_of_conversation (conversation_id, part)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
