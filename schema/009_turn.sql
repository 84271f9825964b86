-- A user message and its reply. A pending turn whose lease has run out counts as failed wherever it is read.
CREATE TABLE turn (
    id              BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    conversation_id BIGINT UNSIGNED NOT NULL,
    user_seq        INT UNSIGNED NOT NULL,
    reply_seq       INT UNSIGNED NULL,           -- set when complete
    reply_uuid      CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- known before the model is asked
    state           VARCHAR(16) NOT NULL,        -- pending, complete, failed
    is_running      TINYINT NULL,                -- 1 while pending, else NULL: the unique key allows one turn at a time
    owner           VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- host:start of the master:slot:generation:process
    lease_until     DATETIME(3) NOT NULL,
    failure         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    met_at          VARCHAR(255) NULL,           -- the conversation's progress after this turn, for a repeated request
    tries           INT UNSIGNED NOT NULL DEFAULT 0,
    input_tokens    INT UNSIGNED NOT NULL DEFAULT 0,
    output_tokens   INT UNSIGNED NOT NULL DEFAULT 0,
    created_at      DATETIME(3) NOT NULL,
    finished_at     DATETIME(3) NULL,
    UNIQUE KEY turn_user_message (conversation_id, user_seq),
    UNIQUE KEY turn_running (conversation_id, is_running),
    KEY turn_owner (state, owner),
    CONSTRAINT turn_conversation FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
