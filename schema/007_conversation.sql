-- A user's conversation within an AI experience. It begins as 'opening', which nobody is shown, and becomes
-- 'active' together with its first reply: an opening that failed leaves nothing behind.
CREATE TABLE conversation (
    id                 BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    uuid               CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ai_experience_id   BIGINT UNSIGNED NOT NULL,
    user_id            BIGINT UNSIGNED NOT NULL,
    workflow_state     VARCHAR(16) NOT NULL,  -- opening, active, completed, deleted
    is_active          TINYINT NULL,          -- 1 while active, else NULL: the unique key allows one active conversation
    learning_objective MEDIUMTEXT NOT NULL,   -- as they were when it was opened
    met_at             VARCHAR(255) NOT NULL, -- one entry an objective, comma-separated: the place of the message that met it, or nothing
    all_objectives_met TINYINT NOT NULL DEFAULT 0,
    next_seq           INT UNSIGNED NOT NULL, -- the place of the next message
    created_at         DATETIME(3) NOT NULL,
    updated_at         DATETIME(3) NOT NULL,
    UNIQUE KEY conversation_uuid (uuid),
    UNIQUE KEY conversation_active (ai_experience_id, user_id, is_active),
    KEY conversation_of_user (user_id, ai_experience_id, workflow_state),
    CONSTRAINT conversation_ai_experience FOREIGN KEY (ai_experience_id) REFERENCES ai_experience (id),
    CONSTRAINT conversation_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
