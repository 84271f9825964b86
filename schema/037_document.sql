-- A file that somebody has uploaded for answers to be drawn from: of a bot, or of a course, whose AI experiences may use it. It
-- is also the queue of those whose text is yet to be extracted: a running one whose lease has run out is taken again.
CREATE TABLE document (
    id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name        CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- a ULID: the id by which the chat API knows it
    bot_id      BIGINT UNSIGNED NULL,
    course_id   BIGINT UNSIGNED NULL,
    user_id     BIGINT UNSIGNED NOT NULL,        -- who uploaded it
    hash        BINARY(32) NOT NULL,             -- of its content: see file
    filename    VARCHAR(255) NOT NULL,           -- a label, or the display name of a context file
    description VARCHAR(500) NOT NULL DEFAULT '',
    kind        VARCHAR(8) NOT NULL,             -- text, pdf, image, binary
    mime_type   VARCHAR(127) NOT NULL,
    size        BIGINT UNSIGNED NOT NULL,        -- bytes
    page_count  INT UNSIGNED NULL,               -- NULL: it has none, or they are not known yet
    state       VARCHAR(16) NOT NULL,            -- queued, running, succeeded, failed
    failure     VARCHAR(32) NULL,                -- encrypted, no_text, damaged, too_complex
    owner       VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL, -- who extracts it now
    lease_until DATETIME(3) NULL,
    tries       INT UNSIGNED NOT NULL DEFAULT 0,
    created_at  DATETIME(3) NOT NULL,            -- when its present content was uploaded
    UNIQUE KEY document_name (name),
    UNIQUE KEY document_of_bot (bot_id, filename),
    KEY document_of_course (course_id),
    KEY document_queue (state, lease_until),
    KEY document_hash (hash),
    CONSTRAINT document_bot FOREIGN KEY (bot_id) REFERENCES bot (id),
    CONSTRAINT document_course FOREIGN KEY (course_id) REFERENCES course (id),
    CONSTRAINT document_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
