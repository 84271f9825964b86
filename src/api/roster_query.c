/* What is asked of the roster: who, and in which order. */
#include "api/roster_query.h"

#include "api/route.h"

enum { MIN_SEARCH_CHARS = 2 };

/* NULL when none is to be looked for. */
static const char *read_search_term(struct request *req, struct field_errors *errors)
{
    struct param p = param_text(req, NULL, "search_term");

    if (p.state == PARAM_WRONG)
        field_error(errors, "search_term", "is invalid");
    return p.state == PARAM_VALUE && utf8_count(p.text, p.len) >= MIN_SEARCH_CHARS ? p.text : NULL;
}

/* The place of a parameter's value among names[0..n); absent when it is not there, or empty. */
static unsigned read_choice(struct request *req, const char *parameter, const char *const *names, unsigned n,
                            unsigned absent, struct field_errors *errors)
{
    struct param p = param_text(req, NULL, parameter);

    if (p.state == PARAM_ABSENT || p.state == PARAM_NULL ||
        (p.state == PARAM_VALUE && !p.len)) /* a form's empty field */
        return absent;
    for (unsigned i = 0; p.state == PARAM_VALUE && i < n; i++)
        if (str_eq(p.text, names[i]))
            return i;
    field_error(errors, parameter, p.state == PARAM_WRONG ? "is invalid" : "is not included in the list");
    return absent;
}

/* 0 when nobody in particular is asked for; what can be nobody's id is an id that nobody has. */
static uint64_t read_around(struct request *req)
{
    struct param p = param_text(req, NULL, "around");
    uint64_t id;

    if (p.state == PARAM_ABSENT || p.state == PARAM_NULL)
        return 0;
    return p.state == PARAM_VALUE && parse_id(p.text, p.len, &id) && id ? id : UINT64_MAX;
}

void read_roster_query(struct request *req, struct roster_query *query, struct field_errors *errors)
{
    static const char *const orders[] = {"asc", "desc"};
    static const char *const sorts[ROSTER_SORT_COUNT] = {[ROSTER_BY_NAME] = "name",
                                                         [ROSTER_BY_STATE] = "state",
                                                         [ROSTER_BY_PROGRESS] = "progress",
                                                         [ROSTER_BY_MESSAGES] = "messages",
                                                         [ROSTER_BY_LAST_ACTIVITY] = "last_activity"};
    const struct ai_experience_row *x = &req->loaded->ai_experience;
    const char *states[STUDENT_STATE_COUNT];

    for (unsigned i = 0; i < STUDENT_STATE_COUNT; i++)
        states[i] = engine_student_state_name(i);
    *query = (struct roster_query){
        .course_id = x->course_id,
        .ai_experience_id = x->id,
        .search_term = read_search_term(req, errors),
        .sort = read_choice(req, "sort", sorts, ROSTER_SORT_COUNT, ROSTER_BY_NAME, errors),
        .is_descending = read_choice(req, "order", orders, LEN(orders), 0, errors) == 1,
        .state = read_choice(req, "state", states, STUDENT_STATE_COUNT, STUDENT_STATE_COUNT, errors),
        .around_id = read_around(req),
        .limit = INT64_MAX,
    };
}
