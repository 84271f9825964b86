-- A person. Names are compared as people compare them (case and accents aside), so one login is one person.
CREATE TABLE user (
    id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    login         VARCHAR(255) NOT NULL,
    name          VARCHAR(255) NOT NULL,
    sortable_name VARCHAR(255) NOT NULL,
    short_name    VARCHAR(255) NOT NULL,
    email         VARCHAR(255) NULL,
    avatar_url    VARCHAR(1024) NULL,
    password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL, -- crypt(3), yescrypt; NULL: no local password
    is_admin      TINYINT NOT NULL DEFAULT 0,
    created_at    DATETIME(3) NOT NULL,
    UNIQUE KEY user_login (login)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
