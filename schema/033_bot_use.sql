-- What a user has to do with a bot: starred it, used it. What it has replied to whom is counted here, and by nobody in the bot's own
-- row, for which everybody who talks with it would wait.
CREATE TABLE bot_use (
    user_id    BIGINT UNSIGNED NOT NULL,
    bot_id     BIGINT UNSIGNED NOT NULL,
    is_starred TINYINT NOT NULL DEFAULT 0,
    is_recent  TINYINT NOT NULL DEFAULT 0,         -- in the list of those recently used, until the user takes it out
    turns      BIGINT UNSIGNED NOT NULL DEFAULT 0, -- that it has replied in
    used_at    DATETIME(3) NULL,                   -- when it last did; of its owner also when it was made; NULL: not yet
    PRIMARY KEY (user_id, bot_id),
    KEY bot_use_recent (user_id, is_recent, used_at),
    KEY bot_use_of_bot (bot_id, used_at, turns),
    CONSTRAINT bot_use_user FOREIGN KEY (user_id) REFERENCES user (id),
    CONSTRAINT bot_use_bot FOREIGN KEY (bot_id) REFERENCES bot (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
