-- The documents of its course that an AI experience draws from, in the order that its teacher gave them.
CREATE TABLE context_file (
    ai_experience_id BIGINT UNSIGNED NOT NULL,
    document_id      BIGINT UNSIGNED NOT NULL,
    position         INT UNSIGNED NOT NULL,
    PRIMARY KEY (ai_experience_id, document_id),
    KEY context_file_of_document (document_id),
    CONSTRAINT context_file_ai_experience FOREIGN KEY (ai_experience_id) REFERENCES ai_experience (id),
    CONSTRAINT context_file_document FOREIGN KEY (document_id) REFERENCES document (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
