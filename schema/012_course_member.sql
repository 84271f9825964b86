-- The roles of a user in a course, all in one row, so that every request finds them by key. It follows the enrollments,
-- and is written with them.
CREATE TABLE course_member (
    course_id BIGINT UNSIGNED NOT NULL,
    user_id   BIGINT UNSIGNED NOT NULL,
    roles     TINYINT UNSIGNED NOT NULL, -- bit 1 << role for each active enrollment
    PRIMARY KEY (course_id, user_id),
    KEY course_member_of_user (user_id),
    CONSTRAINT course_member_course FOREIGN KEY (course_id) REFERENCES course (id),
    CONSTRAINT course_member_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
