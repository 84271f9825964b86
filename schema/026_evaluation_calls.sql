-- The calls of models that made the evaluation, as those of a turn. Of evaluations that came to nothing only the conversation's sums tell.
ALTER TABLE evaluation ADD COLUMN calls MEDIUMTEXT NULL
