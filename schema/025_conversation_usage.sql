-- What all calls of models for a conversation used: of its turns, also of those that failed, and of its evaluations.
ALTER TABLE conversation
    ADD COLUMN input_tokens       BIGINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN output_tokens      BIGINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN cache_read_tokens  BIGINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN cache_write_tokens BIGINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN price_nano         BIGINT UNSIGNED NOT NULL DEFAULT 0 -- in units of 10^-9 of the currency
