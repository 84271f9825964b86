-- The rows of the route table that a scoped token may call, e.g. url:GET|/api/v1/courses/:course_id/ai_experiences
CREATE TABLE access_token_scope (
    access_token_id BIGINT UNSIGNED NOT NULL,
    scope           VARCHAR(255) NOT NULL,
    PRIMARY KEY (access_token_id, scope),
    CONSTRAINT access_token_scope_token FOREIGN KEY (access_token_id) REFERENCES access_token (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
