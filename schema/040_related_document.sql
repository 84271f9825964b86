-- A passage that a model was given for a reply, of either API: it stays as it was, whatever becomes of its document.
CREATE TABLE related_document (
    conversation_id BIGINT UNSIGNED NOT NULL,
    seq             INT UNSIGNED NOT NULL,       -- the reply
    number          INT UNSIGNED NOT NULL,       -- by rank, from 1: what the model cites it by
    document_id     BIGINT UNSIGNED NOT NULL,    -- may be gone
    filename        VARCHAR(255) NOT NULL,
    kind            VARCHAR(8) NOT NULL,
    page            INT UNSIGNED NULL,           -- from 1; NULL: the document has none
    passage         MEDIUMTEXT NOT NULL,
    excerpt         VARCHAR(1000) NOT NULL,
    relevance       DOUBLE NOT NULL,             -- 0 to 1
    uploaded_at     DATETIME(3) NOT NULL,
    PRIMARY KEY (conversation_id, seq, number),
    CONSTRAINT related_document_message FOREIGN KEY (conversation_id, seq) REFERENCES message (conversation_id, seq) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
