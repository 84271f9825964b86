-- The latest conversation of each user in each AI experience, so that counts and lists never scan conversations.
CREATE TABLE latest_conversation (
    ai_experience_id   BIGINT UNSIGNED NOT NULL,
    user_id            BIGINT UNSIGNED NOT NULL,
    conversation_id    BIGINT UNSIGNED NOT NULL,
    workflow_state     VARCHAR(16) NOT NULL, -- of that conversation
    all_objectives_met TINYINT NOT NULL,
    updated_at         DATETIME(3) NOT NULL,
    PRIMARY KEY (ai_experience_id, user_id),
    KEY latest_conversation_met (ai_experience_id, all_objectives_met),
    CONSTRAINT latest_conversation_ai_experience FOREIGN KEY (ai_experience_id) REFERENCES ai_experience (id),
    CONSTRAINT latest_conversation_user FOREIGN KEY (user_id) REFERENCES user (id),
    CONSTRAINT latest_conversation_conversation FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
