-- The courses with whose members a bot of scope partial is shared.
CREATE TABLE bot_course (
    bot_id    BIGINT UNSIGNED NOT NULL,
    course_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (bot_id, course_id),
    KEY bot_course_of_course (course_id),
    CONSTRAINT bot_course_bot FOREIGN KEY (bot_id) REFERENCES bot (id) ON DELETE CASCADE,
    CONSTRAINT bot_course_course FOREIGN KEY (course_id) REFERENCES course (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
