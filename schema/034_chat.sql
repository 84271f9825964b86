-- A conversation of the chat API: what conversation does not say of it. Its messages are a tree whose root, place 0, has no row.
CREATE TABLE chat (
    conversation_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    user_id         BIGINT UNSIGNED NOT NULL,
    name            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- the id by which its user knows it
    title           VARCHAR(255) NOT NULL,
    bot_id          BIGINT UNSIGNED NULL,    -- NULL: none
    instruction     MEDIUMTEXT NULL,         -- the bot's, as it was when the conversation began
    model           VARCHAR(255) NOT NULL,   -- of its first message, as the client named it
    last_seq        INT UNSIGNED NOT NULL,   -- of the latest turn: its reply, or its user message while that has none
    should_continue TINYINT NOT NULL DEFAULT 0, -- the last reply ended at its limit of tokens
    created_at      DATETIME(3) NOT NULL,
    updated_at      DATETIME(3) NOT NULL,
    UNIQUE KEY chat_name (user_id, name),
    KEY chat_by_age (user_id, created_at, conversation_id),
    CONSTRAINT chat_conversation FOREIGN KEY (conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
    CONSTRAINT chat_user FOREIGN KEY (user_id) REFERENCES user (id),
    CONSTRAINT chat_bot FOREIGN KEY (bot_id) REFERENCES bot (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
