-- Which browser a session is of, so that its user may know it again and end it. Both are those of the sign-in.
ALTER TABLE access_token
    ADD COLUMN user_agent VARCHAR(255) NULL, -- as it names itself, cut; NULL: it does not, or not in UTF-8
    ADD COLUMN address    VARCHAR(45) NULL   -- of IPv4 or IPv6; NULL: not known
