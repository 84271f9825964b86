-- The words of a user's conversations in the chat API, folded, for searching them. In the order of a search: a word is one piece of
-- the primary key. Without foreign keys and other keys, for it has many rows: whoever deletes messages deletes their words.
CREATE TABLE chat_word (
    user_id         BIGINT UNSIGNED NOT NULL,
    word            VARBINARY(64) NOT NULL,
    conversation_id BIGINT UNSIGNED NOT NULL,
    seq             INT UNSIGNED NOT NULL,    -- the message; 0: the title
    places          VARBINARY(64) NOT NULL,   -- where in it: the first of them
    PRIMARY KEY (user_id, word, conversation_id, seq)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
