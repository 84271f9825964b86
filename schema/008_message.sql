-- One message, at its place in a conversation (from 0).
CREATE TABLE message (
    conversation_id BIGINT UNSIGNED NOT NULL,
    seq             INT UNSIGNED NOT NULL,
    uuid            CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    role            TINYINT UNSIGNED NOT NULL,   -- 0 user, 1 assistant
    is_initial      TINYINT NOT NULL DEFAULT 0,  -- the opening message, which the server wrote
    text            MEDIUMTEXT NOT NULL,
    html            LONGTEXT NULL,               -- the assistant's text rendered, so that reading costs no rendering
    created_at      DATETIME(3) NOT NULL,
    PRIMARY KEY (conversation_id, seq),
    UNIQUE KEY message_uuid (uuid),
    CONSTRAINT message_conversation FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
