-- The context files that a reply cites: a JSON array, as clients get it. It stays as it was, whatever becomes of the files.
ALTER TABLE message ADD COLUMN citations MEDIUMTEXT NULL
