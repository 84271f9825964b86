-- A request that may be repeated: the key that a client gave, within user, endpoint and path, and the turn that it began.
CREATE TABLE idempotency_key (
    user_id      BIGINT UNSIGNED NOT NULL,
    request_hash BINARY(32) NOT NULL, -- SHA-256 of the kind of key, endpoint, path and key
    body_hash    BINARY(32) NOT NULL,
    turn_id      BIGINT UNSIGNED NOT NULL,
    created_at   DATETIME(3) NOT NULL,
    PRIMARY KEY (user_id, request_hash),
    KEY idempotency_key_turn (turn_id),
    KEY idempotency_key_age (created_at),
    CONSTRAINT idempotency_key_user FOREIGN KEY (user_id) REFERENCES user (id),
    CONSTRAINT idempotency_key_turn FOREIGN KEY (turn_id) REFERENCES turn (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
