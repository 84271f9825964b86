-- What all workers on all machines sign with. Made when first needed; a new one takes its place when a row is deleted and the workers
-- are replaced, and what the old one signed is worth nothing then.
CREATE TABLE site_secret (
    purpose    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    secret     BINARY(32) NOT NULL,
    created_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
