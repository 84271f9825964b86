-- A key that a request gave may also stand for an experience that it created, not for a turn.
ALTER TABLE idempotency_key
    MODIFY turn_id BIGINT UNSIGNED NULL,
    ADD COLUMN ai_experience_id BIGINT UNSIGNED NULL AFTER turn_id,
    ADD KEY idempotency_key_ai_experience (ai_experience_id),
    ADD CONSTRAINT idempotency_key_ai_experience FOREIGN KEY (ai_experience_id) REFERENCES ai_experience (id) ON DELETE CASCADE
