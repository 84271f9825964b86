-- Whether it is of the chat API, whose turns have a limit of their own, and whether it goes on with a reply that is there.
ALTER TABLE turn
    ADD COLUMN is_chat TINYINT NOT NULL DEFAULT 0,
    ADD COLUMN is_continuing TINYINT NOT NULL DEFAULT 0
