-- Failed sign-ins of late, so that all workers of all hosts count them together. A row whose minute is over counts nothing.
CREATE TABLE sign_in_failure (
    subject  BINARY(32) NOT NULL, -- SHA-256 of an address, or of a login and an address
    began_at DATETIME(3) NOT NULL, -- of the minute that n is of
    n        INT UNSIGNED NOT NULL,
    PRIMARY KEY (subject),
    KEY sign_in_failure_age (began_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
