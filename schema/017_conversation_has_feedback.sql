-- Whether anybody has ever voted on a message of it, so that reading a conversation without votes asks for none.
ALTER TABLE conversation ADD COLUMN has_feedback TINYINT NOT NULL DEFAULT 0
