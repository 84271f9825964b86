-- The calls of models that a turn made, those of its earlier tries before: input_tokens and output_tokens are their sums.
ALTER TABLE turn
    ADD COLUMN calls MEDIUMTEXT NULL, -- a JSON array of {task, model, input, output, cache_read, cache_write, price_nano, ms, …}; NULL: none
    ADD COLUMN prompt_version INT UNSIGNED NOT NULL DEFAULT 0 -- of what the model was told; 0: not noted
