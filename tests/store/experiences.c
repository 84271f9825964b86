/* AI experiences: what an update changes, when one can be unpublished, what the lists hold and count. */
#include "attempt.h"

enum { DAY_S = 86400 };

static const struct ai_experience_change full = {.set_workflow_state = true,
                                                 .title = "title",
                                                 .description = "description",
                                                 .facts = "facts",
                                                 .learning_objective = "one\ntwo",
                                                 .pedagogical_guidance = "guidance",
                                                 .evaluation_metrics = "[]",
                                                 .workflow_state = "published"};

static void test_create(void)
{
    struct place p = place_new();
    const struct ai_experience_change least = {
        .title = "title", .learning_objective = "one", .pedagogical_guidance = ""};
    struct ai_experience_row row = {0};

    GIVES(CQ_OK, store_ai_experience_create(p.ctx, p.db, &(struct ai_experience_origin){.course_id = p.course_id},
                                            &least, &row));
    ASSERT_TEXT(row.workflow_state, "unpublished");
    ASSERT_TEXT(row.pedagogical_guidance, "");
    CU_ASSERT_PTR_NULL(row.description);
    CU_ASSERT_PTR_NULL(row.facts);
    CU_ASSERT_PTR_NULL(row.evaluation_metrics);
    CU_ASSERT_EQUAL(row.course_id, p.course_id);
    CU_ASSERT_FALSE(row.is_started);
    CU_ASSERT_EQUAL(row.created_at_ms, row.updated_at_ms);
    CU_ASSERT_TRUE(row.created_at_ms > clock_unix_ms() - DAY_S * 1000LL && row.created_at_ms <= clock_unix_ms() + 1000);
    GIVES(
        CQ_RESOURCE_NOT_FOUND,
        store_ai_experience_create(p.ctx, p.db, &(struct ai_experience_origin){.course_id = UINT32_MAX}, &least, &row));
}

/* The same request again makes none: also at the same time, and whatever has become of the first. */
static void test_create_again(void)
{
    struct place p = place_new(), other = place_new();
    const struct ai_experience_change first = {.title = "1", .learning_objective = "one", .pedagogical_guidance = ""};
    const struct ai_experience_change second = {.set_title = true, .title = "2"};
    struct ai_experience_origin origin = {.course_id = p.course_id, .user_id = p.user_id};
    struct ai_experience_row made = {0}, again = {0};

    origin.key = attempt_request_key(p.ctx, "create again", "1");
    GIVES(CQ_OK, store_ai_experience_create(p.ctx, p.db, &origin, &first, &made));
    GIVES(CQ_OK, store_ai_experience_update(p.ctx, p.db, made.id, &second, &made));
    GIVES(CQ_OK, store_ai_experience_create(p.ctx, p.db, &origin, &first, &again));
    CU_ASSERT_TRUE(!made.is_replay && again.is_replay && again.id == made.id);
    ASSERT_TEXT(again.title, "2");
    GIVES(CQ_OK, store_ai_experience_delete(p.ctx, p.db, made.id, &made));
    GIVES(CQ_OK, store_ai_experience_create(p.ctx, p.db, &origin, &first, &again));
    ASSERT_TEXT(again.workflow_state, "deleted");
    origin.key = attempt_request_key(p.ctx, "create again", "2");
    GIVES(CQ_IDEMPOTENCY_CONFLICT, store_ai_experience_create(p.ctx, p.db, &origin, &first, &again));
    origin.user_id = other.user_id;
    GIVES(CQ_OK, store_ai_experience_create(p.ctx, p.db, &origin, &first, &again));
    CU_ASSERT_TRUE(!again.is_replay && again.id != made.id);
}

/* The columns that differ, a letter each. */
static const char *difference(struct cq_ctx *ctx, const struct ai_experience_row *a, const struct ai_experience_row *b)
{
    return arena_printf(ctx->arena, "%s%s%s%s%s%s%s", str_eq(a->title, b->title) ? "" : "t",
                        str_eq(a->description, b->description) ? "" : "d", str_eq(a->facts, b->facts) ? "" : "f",
                        str_eq(a->learning_objective, b->learning_objective) ? "" : "o",
                        str_eq(a->pedagogical_guidance, b->pedagogical_guidance) ? "" : "g",
                        str_eq(a->workflow_state, b->workflow_state) ? "" : "w",
                        str_eq(a->evaluation_metrics, b->evaluation_metrics) ? "" : "m");
}

static void test_update(void)
{
    // clang-format off
    static const struct {
        const char *name, *want;
        struct ai_experience_change change;
    } rows[] = {
        {"nothing", "", {.title = "x", .facts = "x"}},
        {"title", "t", {.set_title = true, .title = "x"}},
        {"description", "d", {.set_description = true, .description = "x"}},
        {"no description", "d", {.set_description = true}},
        {"facts", "f", {.set_facts = true, .facts = "x"}},
        {"no facts", "f", {.set_facts = true}},
        {"objectives", "o", {.set_learning_objective = true, .learning_objective = "x"}},
        {"guidance", "g", {.set_pedagogical_guidance = true, .pedagogical_guidance = "x"}},
        {"state", "w", {.set_workflow_state = true, .workflow_state = "unpublished"}},
        {"metrics", "m", {.set_evaluation_metrics = true, .evaluation_metrics = "[1]"}},
        {"no metrics", "m", {.set_evaluation_metrics = true}},
        {"several", "tfw", {.set_title = true, .set_facts = true, .set_workflow_state = true, .title = "x", .facts = "x",
                            .workflow_state = "unpublished"}},
        {"to what it is", "", {.set_title = true, .title = "title", .set_workflow_state = true, .workflow_state = "published"}},
    };
    // clang-format on
    struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        struct ai_experience_row before = {0}, after = {0};

        MUST(store_ai_experience_create(p.ctx, p.db, &(struct ai_experience_origin){.course_id = p.course_id}, &full,
                                        &before));
        sql_run("UPDATE ai_experience SET updated_at = updated_at - INTERVAL 1 DAY WHERE id = %ju",
                (uintmax_t)before.id);
        MUST(store_ai_experience_update(p.ctx, p.db, before.id, &rows[i].change, &after));
        ROW_ASSERT(rows[i].name, str_eq(difference(p.ctx, &before, &after), rows[i].want));
        ROW_ASSERT(rows[i].name, after.created_at_ms == before.created_at_ms);
        ROW_ASSERT(rows[i].name, after.updated_at_ms >= before.updated_at_ms);
    }
}

static void test_delete(void)
{
    struct place p = place_new();
    const struct ai_experience_change change = {.set_title = true, .title = "x"};
    struct ai_experience_row row = {0};

    GIVES(CQ_OK, store_ai_experience_delete(p.ctx, p.db, p.ai_experience_id, &row));
    ASSERT_TEXT(row.workflow_state, "deleted");
    GIVES(CQ_RESOURCE_NOT_FOUND, store_ai_experience_delete(p.ctx, p.db, p.ai_experience_id, &row));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_ai_experience_update(p.ctx, p.db, p.ai_experience_id, &change, &row));
}

/* ---- unpublishing ---- */

enum start { NOT_AT_ALL, BEGUN_ONLY, FAILED, STARTED, COMPLETED };

static void start(const struct place *p, enum start how)
{
    struct attempt a = attempt_opening(p);

    if (how == NOT_AT_ALL)
        return;
    MUST(attempt_begin(p, &a));
    if (how == FAILED)
        MUST(attempt_fail(p, &a));
    if (how == STARTED || how == COMPLETED)
        MUST(attempt_complete(p, &a));
    if (how == COMPLETED)
        MUST(store_conversation_complete(p->ctx, p->db, a.turn.conversation_id));
}

static void test_unpublish(void)
{
    // clang-format off
    static const struct {
        const char *name;
        enum role role;
        bool is_enrolled; /* still */
        enum start how;
        enum cq_status want;
    } rows[] = {
        {"nobody has started", ROLE_STUDENT, true, NOT_AT_ALL, CQ_OK},
        {"a student's first reply is not there yet", ROLE_STUDENT, true, BEGUN_ONLY, CQ_OK},
        {"a student's opening failed", ROLE_STUDENT, true, FAILED, CQ_OK},
        {"a student has started", ROLE_STUDENT, true, STARTED, CQ_INVALID_FIELDS},
        {"a student has completed", ROLE_STUDENT, true, COMPLETED, CQ_INVALID_FIELDS},
        {"a student who has left", ROLE_STUDENT, false, STARTED, CQ_OK},
        {"a teacher has tried it", ROLE_TEACHER, true, STARTED, CQ_OK},
        {"an assistant has tried it", ROLE_TA, true, STARTED, CQ_OK},
        {"an observer has tried it", ROLE_OBSERVER, true, STARTED, CQ_OK},
    };
    // clang-format on
    const struct ai_experience_change unpublish = {.set_workflow_state = true, .workflow_state = "unpublished"};
    const struct ai_experience_change with_title = {
        .set_workflow_state = true, .workflow_state = "unpublished", .set_title = true, .title = "changed"};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        struct ai_experience_row row = {0};
        uint64_t id;

        p.user_id = user_enrolled(&p, rows[i].role);
        start(&p, rows[i].how);
        MUST(store_enroll(p.ctx, p.db, p.course_id, p.user_id, rows[i].role, rows[i].is_enrolled, &id));
        ROW_ASSERT(rows[i].name, store_ai_experience_update(p.ctx, p.db, p.ai_experience_id,
                                                            i % 2 ? &unpublish : &with_title, &row) == rows[i].want);
        ROW_ASSERT(rows[i].name,
                   sql_number("SELECT workflow_state = '%s' AND (title = 'changed') = %d FROM ai_experience"
                              " WHERE id = %ju",
                              rows[i].want ? "published" : "unpublished", !rows[i].want && i % 2 == 0,
                              (uintmax_t)p.ai_experience_id) == 1);
    }
}

/* What has started can still be changed otherwise, published once more, or deleted. */
static void test_started_can_change(void)
{
    struct place p = place_new();
    const struct ai_experience_change title = {.set_title = true, .title = "x"};
    const struct ai_experience_change publish = {.set_workflow_state = true, .workflow_state = "published"};
    struct ai_experience_row row = {0};

    start(&p, STARTED);
    GIVES(CQ_OK, store_ai_experience_update(p.ctx, p.db, p.ai_experience_id, &title, &row));
    CU_ASSERT_TRUE(row.is_started);
    GIVES(CQ_OK, store_ai_experience_update(p.ctx, p.db, p.ai_experience_id, &publish, &row));
    GIVES(CQ_OK, store_ai_experience_delete(p.ctx, p.db, p.ai_experience_id, &row));
}

/* ---- lists ---- */

enum { MANAGER = true, MEMBER = false };

static struct ai_experience_list list_of(const struct place *p, bool is_manager, const char *workflow_state,
                                         uint64_t limit, uint64_t offset)
{
    struct ai_experience_list list = {0};

    MUST(store_ai_experience_list(p->ctx, p->db, p->course_id, p->user_id, is_manager, workflow_state, limit, offset,
                                  &list));
    return list;
}

static void test_list_pages(void)
{
    static const struct {
        const char *name;
        bool is_manager;
        const char *workflow_state;
        uint64_t limit, offset, n, total;
        size_t first; /* which of all in the course */
    } rows[] = {
        /* of 0..6, the odd ones are unpublished and 6 is deleted */
        {"all", MANAGER, NULL, 10, 0, 6, 6, 0},
        {"first page", MANAGER, NULL, 4, 0, 4, 6, 0},
        {"second page", MANAGER, NULL, 4, 4, 2, 6, 4},
        {"past the end", MANAGER, NULL, 4, 8, 0, 6, 0},
        {"far past the end", MANAGER, NULL, 4, 1ULL << 40, 0, 6, 0},
        {"unpublished", MANAGER, "unpublished", 10, 0, 3, 3, 1},
        {"published", MANAGER, "published", 10, 1, 2, 3, 2},
        {"member", MEMBER, NULL, 10, 0, 3, 3, 0},
        {"member, second page", MEMBER, NULL, 2, 2, 1, 3, 4},
        {"member, past the end", MEMBER, NULL, 2, 4, 0, 3, 0},
        {"member, published", MEMBER, "published", 10, 0, 3, 3, 0},
    };
    struct place p = place_new();
    uint64_t ids[7] = {p.ai_experience_id};
    struct ai_experience_row gone;

    for (size_t i = 1; i < LEN(ids); i++)
        ids[i] = experience_new(&p, i % 2 ? "unpublished" : "published");
    MUST(store_ai_experience_delete(p.ctx, p.db, ids[6], &gone));
    for (size_t i = 0; i < LEN(rows); i++) {
        struct ai_experience_list list =
            list_of(&p, rows[i].is_manager, rows[i].workflow_state, rows[i].limit, rows[i].offset);

        ROW_ASSERT(rows[i].name, list.total == rows[i].total && list.n == rows[i].n);
        ROW_ASSERT(rows[i].name, list.n == 0 || list.rows[0].id == ids[rows[i].first]);
        for (size_t k = 1; k < list.n; k++)
            ROW_ASSERT(rows[i].name, list.rows[k].id > list.rows[k - 1].id);
        for (size_t k = 0; k < list.n; k++)
            ROW_ASSERT(rows[i].name, str_eq(list.rows[k].title, "title") && list.rows[k].course_id == p.course_id);
    }
}

static void test_list_of_empty_course(void)
{
    struct place p = place_new();

    MUST(store_course_add(p.ctx, p.db, "EMPTY", "empty", &p.course_id));
    CU_ASSERT_EQUAL(list_of(&p, MANAGER, NULL, 10, 0).n + list_of(&p, MANAGER, NULL, 10, 0).total, 0);
    CU_ASSERT_EQUAL(list_of(&p, MEMBER, NULL, 10, 0).n + list_of(&p, MEMBER, NULL, 10, 0).total, 0);
}

/* Someone with a role who has met all objectives, or has not. */
static struct place someone(const struct place *p, enum role role, bool has_met)
{
    struct place q = *p;
    struct attempt a;

    q.user_id = user_enrolled(p, role);
    a = attempt_opening(&q);
    a.all_objectives_met = has_met;
    MUST(attempt_begin(&q, &a));
    MUST(attempt_complete(&q, &a));
    return q;
}

static void test_counts(void)
{
    struct place p = place_new(); /* with one student, who does nothing */
    struct place both = someone(&p, ROLE_STUDENT, true), left = someone(&p, ROLE_STUDENT, true);
    struct place again = someone(&p, ROLE_STUDENT, true);
    uint64_t id, quiet = experience_new(&p, "published");

    someone(&p, ROLE_STUDENT, false);
    someone(&p, ROLE_TEACHER, true);
    MUST(store_enroll(p.ctx, p.db, p.course_id, both.user_id, ROLE_TA, true, &id)); /* counts once */
    MUST(store_enroll(p.ctx, p.db, p.course_id, left.user_id, ROLE_STUDENT, false, &id));
    conversation_opened(&again); /* whose latest has met nothing yet */
    struct ai_experience_list list = list_of(&p, MANAGER, NULL, 10, 0);
    CU_ASSERT_EQUAL(list.total_students, 4);
    CU_ASSERT_EQUAL_FATAL(list.n, 2);
    CU_ASSERT_EQUAL(list.rows[0].completed_count, 1);
    CU_ASSERT_TRUE(list.rows[0].is_started);
    CU_ASSERT_EQUAL(list.rows[1].id, quiet);
    CU_ASSERT_EQUAL(list.rows[1].completed_count, 0);
    CU_ASSERT_FALSE(list.rows[1].is_started);
}

static void test_members_progress(void)
{
    struct place p = place_new();
    struct place met = someone(&p, ROLE_STUDENT, true);

    CU_ASSERT_PTR_NULL(list_of(&p, MEMBER, NULL, 10, 0).rows[0].latest_state);
    struct ai_experience_list list = list_of(&met, MEMBER, NULL, 10, 0);
    ASSERT_TEXT(list.rows[0].latest_state, "active");
    CU_ASSERT_TRUE(list.rows[0].latest_met);
    conversation_opened(&p);
    list = list_of(&p, MEMBER, NULL, 10, 0);
    ASSERT_TEXT(list.rows[0].latest_state, "active");
    CU_ASSERT_FALSE(list.rows[0].latest_met);
}

SUITE(experiences, {"create", test_create}, {"create again", test_create_again}, {"update", test_update},
      {"delete", test_delete}, {"unpublish", test_unpublish}, {"what has started can change", test_started_can_change},
      {"pages of a list", test_list_pages}, {"the list of an empty course", test_list_of_empty_course},
      {"counts", test_counts}, {"a member's progress", test_members_progress});
