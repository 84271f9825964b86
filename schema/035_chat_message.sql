-- A message of the chat API: what message does not say of it. Of a user's what stands below content is as it is made.
CREATE TABLE chat_message (
    conversation_id    BIGINT UNSIGNED NOT NULL,
    seq                INT UNSIGNED NOT NULL,
    name               VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- the id by which its user knows it
    parent             INT UNSIGNED NOT NULL,   -- the place of the message that it follows; 0: the root
    model              VARCHAR(255) NOT NULL,   -- as the client named it
    content            MEDIUMTEXT NULL,         -- a JSON array of its contents, files by their hash; NULL: one text, the message's
    thinking_log       MEDIUMTEXT NULL,         -- JSON, as clients get it; NULL: none
    stop_reason        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
    hides_chunks       TINYINT NOT NULL DEFAULT 0, -- the bot that replied did not show what it was given
    input_tokens       BIGINT UNSIGNED NOT NULL DEFAULT 0, -- of the calls that made it
    output_tokens      BIGINT UNSIGNED NOT NULL DEFAULT 0,
    cache_read_tokens  BIGINT UNSIGNED NOT NULL DEFAULT 0,
    cache_write_tokens BIGINT UNSIGNED NOT NULL DEFAULT 0,
    price_nano         BIGINT UNSIGNED NOT NULL DEFAULT 0, -- in units of 10^-9 of the currency
    thumbs_up          TINYINT NULL,            -- the feedback; NULL: none
    category           VARCHAR(100) NULL,
    comment            VARCHAR(2000) NULL,
    PRIMARY KEY (conversation_id, seq),
    UNIQUE KEY chat_message_name (conversation_id, name),
    CONSTRAINT chat_message_message FOREIGN KEY (conversation_id, seq) REFERENCES message (conversation_id, seq) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
