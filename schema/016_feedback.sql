-- What somebody thinks of a message of the assistant's: one vote of a user on a message.
CREATE TABLE feedback (
    id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    uuid             CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    conversation_id  BIGINT UNSIGNED NOT NULL,
    seq              INT UNSIGNED NOT NULL, -- of the message
    user_id          BIGINT UNSIGNED NOT NULL,
    vote             VARCHAR(16) NOT NULL,  -- liked, disliked
    feedback_message TEXT NULL,             -- of a disliked one; NULL: none
    created_at       DATETIME(3) NOT NULL,  -- of the first vote
    updated_at       DATETIME(3) NOT NULL,
    UNIQUE KEY feedback_uuid (uuid),
    UNIQUE KEY feedback_vote (conversation_id, seq, user_id),
    KEY feedback_of_user (user_id),
    CONSTRAINT feedback_of_message FOREIGN KEY (conversation_id, seq) REFERENCES message (conversation_id, seq) ON DELETE CASCADE,
    CONSTRAINT feedback_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
