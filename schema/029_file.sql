-- What lies in files.directory, by its content: whatever refers to it, equal content is there once. Its row is the lock
-- under which references come and the file goes with the last of them.
CREATE TABLE file (
    hash       BINARY(32) NOT NULL PRIMARY KEY, -- SHA-256
    size       BIGINT UNSIGNED NOT NULL,        -- bytes
    created_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
