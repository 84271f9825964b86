-- What a user's calls of a model used in a day (UTC) for a course: for budgets and for `colloquy usage`. A row is its user's own, so that no
-- two users' turns wait for each other, and the sum of a course's day stands in one piece of the primary key. Without foreign keys, which
-- would have a turn wait for the locks of what they name. What failed is counted too: it is paid for.
CREATE TABLE usage_day (
    course_id          BIGINT UNSIGNED NOT NULL,
    day                DATE NOT NULL,
    user_id            BIGINT UNSIGNED NOT NULL, -- who had the model called: of an evaluation, whoever asked for it
    model              VARCHAR(255) NOT NULL,    -- as the configuration names it
    calls              INT UNSIGNED NOT NULL,
    input_tokens       BIGINT UNSIGNED NOT NULL,
    output_tokens      BIGINT UNSIGNED NOT NULL,
    cache_read_tokens  BIGINT UNSIGNED NOT NULL,
    cache_write_tokens BIGINT UNSIGNED NOT NULL,
    price_nano         BIGINT UNSIGNED NOT NULL, -- in units of 10^-9 of the currency
    PRIMARY KEY (course_id, day, user_id, model),
    KEY usage_day_of_user (user_id, day)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
