-- Who answers in the chat API, and how. One that is deleted stays as a name and a title, which conversations still show.
CREATE TABLE bot (
    id                       BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name                     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- the id by which clients know it
    is_live                  TINYINT NULL,           -- 1 until it is deleted, then NULL: its name may be given again
    owner_id                 BIGINT UNSIGNED NOT NULL,
    title                    VARCHAR(100) NOT NULL,
    description              VARCHAR(500) NOT NULL,
    instruction              MEDIUMTEXT NOT NULL,
    scope                    VARCHAR(16) NOT NULL DEFAULT 'private', -- private, partial, all
    generation_params        TEXT NULL,              -- JSON; NULL: the usual ones
    active_models            TEXT NULL,              -- a JSON object of model names and booleans; NULL: all are
    quick_starters           MEDIUMTEXT NULL,        -- a JSON array of {title, example}; NULL: none
    display_retrieved_chunks TINYINT NOT NULL,
    prompt_caching_enabled   TINYINT NOT NULL,
    created_at               DATETIME(3) NOT NULL,
    UNIQUE KEY bot_name (name, is_live),
    KEY bot_of_owner (owner_id, is_live),
    KEY bot_shared (is_live, scope),
    CONSTRAINT bot_owner FOREIGN KEY (owner_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
