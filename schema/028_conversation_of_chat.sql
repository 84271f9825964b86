-- NULL: a conversation of the chat API, which has a row of chat beside it.
ALTER TABLE conversation MODIFY ai_experience_id BIGINT UNSIGNED NULL
