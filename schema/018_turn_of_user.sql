-- Whose turn it is, so that those of a user that run are counted by an index, and whether its reply is to be stopped.
ALTER TABLE turn
    ADD COLUMN user_id BIGINT UNSIGNED NULL, -- NULL: of before this column was there
    ADD COLUMN is_stopping TINYINT NOT NULL DEFAULT 0,
    ADD KEY turn_of_user (user_id, is_running)
