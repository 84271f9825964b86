-- What changes when the contents of its context files do: SHA-256 of their hashes. NULL: it has no files, and nothing is asked about them.
ALTER TABLE ai_experience ADD COLUMN context_key CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL
