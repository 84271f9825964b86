-- A request that created an experience and may be repeated: the key that a client gave, within user, endpoint and path.
CREATE TABLE ai_experience_key (
    user_id          BIGINT UNSIGNED NOT NULL,
    request_hash     BINARY(32) NOT NULL,      -- as of idempotency_key
    body_hash        BINARY(32) NOT NULL,
    ai_experience_id BIGINT UNSIGNED NOT NULL,
    created_at       DATETIME(3) NOT NULL,
    PRIMARY KEY (user_id, request_hash),
    KEY ai_experience_key_of_experience (ai_experience_id),
    CONSTRAINT ai_experience_key_user FOREIGN KEY (user_id) REFERENCES user (id),
    CONSTRAINT ai_experience_key_of_experience FOREIGN KEY (ai_experience_id) REFERENCES ai_experience (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
