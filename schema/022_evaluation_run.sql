-- An evaluation that is being made: counted among what a user has running, and gone when it has ended. Without a foreign key, which
-- would have beginning one wait for the conversation's lock.
CREATE TABLE evaluation_run (
    id              BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id         BIGINT UNSIGNED NOT NULL,
    conversation_id BIGINT UNSIGNED NOT NULL,
    owner           VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- as of a turn
    lease_until     DATETIME(3) NOT NULL,                                        -- longer than it can take
    KEY evaluation_run_of_user (user_id),
    KEY evaluation_run_owner (owner)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
