-- A user's part in a course. One user may have several roles in one course; each is a row of its own.
CREATE TABLE enrollment (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    course_id  BIGINT UNSIGNED NOT NULL,
    user_id    BIGINT UNSIGNED NOT NULL,
    role       TINYINT UNSIGNED NOT NULL, -- 0 student, 1 observer, 2 designer, 3 ta, 4 teacher
    state      VARCHAR(16) NOT NULL,      -- active, completed
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY enrollment_user (course_id, user_id, role),
    KEY enrollment_roster (course_id, role, state),
    KEY enrollment_of_user (user_id),
    CONSTRAINT enrollment_course FOREIGN KEY (course_id) REFERENCES course (id),
    CONSTRAINT enrollment_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
