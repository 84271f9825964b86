-- The evaluation of a conversation: the newest that was made.
CREATE TABLE evaluation (
    conversation_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    n_messages      INT UNSIGNED NOT NULL, -- that it covers, from the first
    basis_hash      BINARY(32) NOT NULL,   -- SHA-256 of what the experience said then: objectives, guidance, facts, metrics
    answer          MEDIUMTEXT NOT NULL,   -- the Evaluation object as JSON
    evaluated_at    DATETIME(3) NOT NULL,
    CONSTRAINT evaluation_conversation FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
