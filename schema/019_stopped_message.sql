-- A reply that its reader stopped: the text is what had come until then.
ALTER TABLE message ADD COLUMN is_stopped TINYINT NOT NULL DEFAULT 0
