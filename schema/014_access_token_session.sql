-- A browser's session is an access token that a cookie carries, so that every request finds its caller in the same way. Its limit
-- moves with its use, but not at each request: touch_at says when next.
ALTER TABLE access_token
    ADD COLUMN is_session TINYINT NOT NULL DEFAULT 0, -- token_hash is of "session:" and the cookie's value
    ADD COLUMN touch_at   DATETIME(3) NULL            -- from then on a request moves expires_at; NULL: none does
