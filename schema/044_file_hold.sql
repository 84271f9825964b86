-- Content that is just being written to disk and that nothing refers to yet: it must not be taken for content that nothing refers to
-- any more. One whose writer died is ignored after an hour.
CREATE TABLE file_hold (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    hash       BINARY(32) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    KEY file_hold_hash (hash)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
