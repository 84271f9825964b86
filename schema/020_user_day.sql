-- What a user has done in a day (UTC), for the daily limits. What failed is not counted. Its row is also the lock under
-- which a user's turns begin, one after the other, so that limits are exact.
CREATE TABLE user_day (
    user_id       BIGINT UNSIGNED NOT NULL,
    day           DATE NOT NULL,
    conversations INT UNSIGNED NOT NULL DEFAULT 0, -- opened
    messages      INT UNSIGNED NOT NULL DEFAULT 0, -- replied to
    evaluations   INT UNSIGNED NOT NULL DEFAULT 0, -- made
    PRIMARY KEY (user_id, day),
    CONSTRAINT user_day_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
