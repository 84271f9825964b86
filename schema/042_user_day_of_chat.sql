-- Messages of the chat API that were replied to.
ALTER TABLE user_day ADD COLUMN chat_messages INT UNSIGNED NOT NULL DEFAULT 0
