-- What was said at the beginning of a conversation that has become too long for the model, as a model has summarised it.
ALTER TABLE conversation
    ADD COLUMN summary MEDIUMTEXT NULL,
    ADD COLUMN summarised INT UNSIGNED NOT NULL DEFAULT 0 -- messages that it is of, from the first
