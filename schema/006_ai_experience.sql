-- What a teacher writes. Text is kept as typed, so it is compared byte by byte.
CREATE TABLE ai_experience (
    id                   BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    course_id            BIGINT UNSIGNED NOT NULL,
    workflow_state       VARCHAR(16) NOT NULL DEFAULT 'unpublished', -- unpublished, published, deleted
    title                VARCHAR(255) NOT NULL,
    description          TEXT NULL,
    facts                TEXT NULL,
    learning_objective   MEDIUMTEXT NOT NULL, -- the objectives joined by line feeds; no objective holds one
    pedagogical_guidance TEXT NOT NULL,
    evaluation_metrics   TEXT NULL,           -- a JSON array of {name, description, enabled, visible_to_learners}; NULL: none
    created_at           DATETIME(3) NOT NULL,
    updated_at           DATETIME(3) NOT NULL,
    KEY ai_experience_of_course (course_id, workflow_state, id),
    CONSTRAINT ai_experience_course FOREIGN KEY (course_id) REFERENCES course (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
