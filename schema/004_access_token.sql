-- What signs an API client in. The token itself is never stored, only its SHA-256.
CREATE TABLE access_token (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id    BIGINT UNSIGNED NOT NULL,
    token_hash BINARY(32) NOT NULL,
    purpose    VARCHAR(255) NOT NULL DEFAULT '',
    is_scoped  TINYINT NOT NULL DEFAULT 0, -- 0: may call everything its user may
    expires_at DATETIME(3) NULL,
    revoked_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY access_token_hash (token_hash),
    KEY access_token_of_user (user_id),
    CONSTRAINT access_token_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
