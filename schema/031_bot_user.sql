-- With whom a bot of scope partial is shared.
CREATE TABLE bot_user (
    bot_id  BIGINT UNSIGNED NOT NULL,
    user_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (bot_id, user_id),
    KEY bot_user_of_user (user_id),
    CONSTRAINT bot_user_bot FOREIGN KEY (bot_id) REFERENCES bot (id) ON DELETE CASCADE,
    CONSTRAINT bot_user_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
