-- What a person says of an objective where the evaluation's model said otherwise. It goes with the objective's text, not with one
-- evaluation, so that it holds for those that are made later.
CREATE TABLE evaluation_override (
    conversation_id BIGINT UNSIGNED NOT NULL,
    objective_hash  BINARY(32) NOT NULL,       -- SHA-256 of the objective's text
    met             TINYINT NOT NULL,
    reason          VARCHAR(2000) NOT NULL,
    user_id         BIGINT UNSIGNED NOT NULL,  -- who said so last
    created_at      DATETIME(3) NOT NULL,      -- when it was said first
    updated_at      DATETIME(3) NOT NULL,
    PRIMARY KEY (conversation_id, objective_hash),
    KEY evaluation_override_of_user (user_id),
    CONSTRAINT evaluation_override_conversation FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
    CONSTRAINT evaluation_override_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
