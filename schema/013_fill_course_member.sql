-- A row for each member of before that table was there. One that is there was made by a newer program, and is right.
INSERT INTO course_member (course_id, user_id, roles)
SELECT course_id, user_id, BIT_OR(IF(state = 'active', 1 << role, 0)) FROM enrollment GROUP BY course_id, user_id
ON DUPLICATE KEY UPDATE roles = course_member.roles
