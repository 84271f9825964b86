-- What a user has to do with a bot: starred it, used it.
CREATE TABLE bot_use (
    user_id    BIGINT UNSIGNED NOT NULL,
    bot_id     BIGINT UNSIGNED NOT NULL,
    is_starred TINYINT NOT NULL DEFAULT 0,
    used_at    DATETIME(3) NULL, -- NULL: not used, or taken out of the list of those recently used
    PRIMARY KEY (user_id, bot_id),
    KEY bot_use_recent (user_id, used_at),
    KEY bot_use_of_bot (bot_id),
    CONSTRAINT bot_use_user FOREIGN KEY (user_id) REFERENCES user (id),
    CONSTRAINT bot_use_bot FOREIGN KEY (bot_id) REFERENCES bot (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
