-- The images and attachments of a conversation's messages. Without a foreign key to file, whose row is the last lock that is taken.
CREATE TABLE chat_file (
    conversation_id BIGINT UNSIGNED NOT NULL,
    hash            BINARY(32) NOT NULL,
    PRIMARY KEY (conversation_id, hash),
    KEY chat_file_hash (hash),
    CONSTRAINT chat_file_chat FOREIGN KEY (conversation_id) REFERENCES chat (conversation_id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
