-- What was put at a signed address and is not named by its bot yet, which may not even be made yet.
CREATE TABLE upload (
    user_id    BIGINT UNSIGNED NOT NULL, -- of a bot that is made: its owner; else who asked for the address
    bot_name   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    filename   VARCHAR(255) NOT NULL,
    hash       BINARY(32) NOT NULL,
    size       BIGINT UNSIGNED NOT NULL,
    kind       VARCHAR(8) NOT NULL,
    mime_type  VARCHAR(127) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (user_id, bot_name, filename),
    KEY upload_hash (hash),
    KEY upload_age (created_at),
    CONSTRAINT upload_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
