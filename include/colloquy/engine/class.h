/* Where the students of a course stand in an AI experience, as its teacher sees them. Part of engine.h. */
#ifndef COLLOQUY_ENGINE_CLASS_H
#define COLLOQUY_ENGINE_CLASS_H

#include "colloquy/engine.h"

/* As a list sorted by state has them, one after the other. */
enum student_state {
    STUDENT_NOT_STARTED,
    STUDENT_IN_PROGRESS,
    STUDENT_ENDED,     /* the conversation is over, and not all objectives are met */
    STUDENT_COMPLETED, /* they are, whether it is over or not */
    STUDENT_STATE_COUNT
};

/* By the student's latest conversation; id 0: there is none. */
enum student_state engine_student_state(const struct conversation_row *latest);
const char *engine_student_state_name(enum student_state state);

/* ---- the roster, in an order of the reader's choice (roster.c) ---- */

enum roster_sort {
    ROSTER_BY_NAME,
    ROSTER_BY_STATE,
    ROSTER_BY_PROGRESS, /* the part of objectives that are met; who has no conversation is before who has met none */
    ROSTER_BY_MESSAGES,
    ROSTER_BY_LAST_ACTIVITY, /* who has no conversation is before all others */
    ROSTER_SORT_COUNT
};

struct roster_query {
    uint64_t course_id, ai_experience_id;
    const char *search_term; /* NULL: all */
    enum roster_sort sort;   /* equal ones are by name, then id, whichever way the others go */
    bool is_descending;
    enum student_state state; /* STUDENT_STATE_COUNT: all */
    uint64_t
        around_id; /* of a student, whatever their state: the page is they, who is before them and who after; 0: limit and offset say */
    uint64_t limit, offset; /* limit INT64_MAX: all rows */
};

/*
 * One page, in one statement, as store_roster(). An order or a choice that names do not decide reads the whole class, of which a page is
 * kept. total: of those that were asked for; the other counts: of the whole class. CQ_RESOURCE_NOT_FOUND: around_id is none of them.
 */
enum cq_status engine_roster(struct cq_ctx *ctx, struct db *db, const struct roster_query *query,
                             struct roster *out) MUST_USE;

/* ---- the picture of the class (class_picture.c) ---- */

struct class_picture {
    uint64_t total_students, n_in_state[STUDENT_STATE_COUNT];
    struct picture_objective {
        const char *text;
        uint64_t n, n_met;               /* students who have it in their conversation, and who met it */
    } objectives[ENGINE_MAX_OBJECTIVES]; /* of the experience as it is now */
    size_t n_objectives;
    uint64_t n_having_met[ENGINE_MAX_OBJECTIVES + 1]; /* students with a conversation who met so many of these */
};

/*
 * Over the latest conversations of students with an active enrollment. A conversation keeps the objectives that it was opened with:
 * those of the experience are found among them by their text. Texts live in ctx->arena.
 */
enum cq_status engine_class_picture(struct cq_ctx *ctx, struct db *db, const struct ai_experience_row *experience,
                                    struct class_picture *out) MUST_USE;

#endif
