/* The roster: who is on it, in which order, what is counted, and who is found. */
#include <stdio.h>

#include "attempt.h"

static uint64_t student_named(const struct place *p, const char *name, const char *sortable_name)
{
    const struct new_user user = {
        .login = new_uuid(p->ctx), .name = name, .sortable_name = sortable_name, .short_name = name};
    uint64_t id = 0, enrollment_id;

    MUST(store_user_add(p->ctx, p->db, &user, &id));
    MUST(store_enroll(p->ctx, p->db, p->course_id, id, ROLE_STUDENT, true, &enrollment_id));
    return id;
}

/* A place whose only student, who comes with it, has left. */
static struct place empty_place(void)
{
    struct place p = place_new();
    uint64_t id;

    MUST(store_enroll(p.ctx, p.db, p.course_id, p.user_id, ROLE_STUDENT, false, &id));
    return p;
}

static struct roster roster_of(const struct place *p, const char *search_term, uint64_t limit, uint64_t offset)
{
    struct roster roster = {0};

    GIVES(CQ_OK, store_roster(p->ctx, p->db, p->course_id, p->ai_experience_id, search_term, limit, offset, &roster));
    return roster;
}

static uint64_t talk_of(const struct place *p, uint64_t user_id)
{
    struct place q = *p;

    q.user_id = user_id;
    return conversation_opened(&q);
}

/* ---- who ---- */

static void test_who(void)
{
    struct place p = empty_place();
    static const struct {
        const char *name;
        enum role role;
        bool is_active, is_listed;
    } rows[] = {
        {"student", ROLE_STUDENT, true, true},
        {"former student", ROLE_STUDENT, false, false},
        {"observer", ROLE_OBSERVER, true, false},
        {"designer", ROLE_DESIGNER, true, false},
        {"ta", ROLE_TA, true, false},
        {"teacher", ROLE_TEACHER, true, false},
    };
    uint64_t listed = 0, id;

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t user_id = user_new(&p);

        MUST(store_enroll(p.ctx, p.db, p.course_id, user_id, rows[i].role, rows[i].is_active, &id));
        listed = rows[i].is_listed ? user_id : listed;
        talk_of(&p, user_id);
    }
    struct roster roster = roster_of(&p, NULL, 10, 0);
    CU_ASSERT_TRUE_FATAL(roster.n == 1 && roster.total == 1);
    CU_ASSERT_EQUAL(roster.rows[0].student.id, listed);
    CU_ASSERT_EQUAL(roster.n_in_progress, 1);
    MUST(store_enroll(p.ctx, p.db, p.course_id, listed, ROLE_TA, true, &id));
    CU_ASSERT_EQUAL(roster_of(&p, NULL, 10, 0).n, 1); /* still a student too */
    MUST(store_enroll(p.ctx, p.db, p.course_id, listed, ROLE_STUDENT, false, &id));
    CU_ASSERT_EQUAL(roster_of(&p, NULL, 10, 0).n, 0);
}

static void test_fields(void)
{
    struct place p = empty_place();
    uint64_t with = student_named(&p, "Ada Lovelace", "Lovelace, Ada"), without = student_named(&p, "Bo", "Z");
    uint64_t other_experience = experience_new(&p, "published"), mine = p.ai_experience_id;

    p.ai_experience_id = other_experience;
    talk_of(&p, without);
    p.ai_experience_id = mine;
    uint64_t first = talk_of(&p, with), second = talk_of(&p, with);
    turn_done(&p, second, "hi");
    sql_run("UPDATE user SET avatar_url = 'https://example.org/a.png' WHERE id = %ju", (uintmax_t)with);
    struct roster roster = roster_of(&p, NULL, 10, 0);
    CU_ASSERT_EQUAL_FATAL(roster.n, 2);
    const struct roster_row *row = &roster.rows[0];

    CU_ASSERT_NOT_EQUAL(first, second);
    CU_ASSERT_TRUE(row->student.id == with && row->student.created_at_ms > 0);
    ASSERT_TEXT(row->student.name, "Ada Lovelace");
    ASSERT_TEXT(row->student.sortable_name, "Lovelace, Ada");
    ASSERT_TEXT(row->student.short_name, "Ada Lovelace");
    ASSERT_TEXT(row->student.avatar_url, "https://example.org/a.png");
    CU_ASSERT_TRUE(row->conversation.id == second && row->conversation.user_id == with);
    CU_ASSERT_EQUAL(row->conversation.ai_experience_id, mine);
    ASSERT_TEXT(row->conversation.workflow_state, "active");
    CU_ASSERT_TRUE(strlen(row->conversation.uuid) == 36 && !row->conversation.all_objectives_met);
    CU_ASSERT_TRUE(row->conversation.created_at_ms && row->conversation.updated_at_ms);
    CU_ASSERT_TRUE(row->conversation.n_messages == 3 && row->conversation.met_at);
    CU_ASSERT_TRUE(roster.rows[1].student.id == without && !roster.rows[1].conversation.id);
    CU_ASSERT_PTR_NULL(roster.rows[1].student.avatar_url);
}

/* ---- order and pages ---- */

static void test_order_and_pages(void)
{
    struct place p = empty_place();
    static const struct {
        const char *sortable_name;
        size_t at; /* its place */
    } rows[] = {{"Zhu, Li", 5},    {"\xC3\x84rger, Ann", 1}, {"adams, zed", 0},
                {"Miller, Bo", 3}, {"Miller, Bo", 4},        {"miller, al", 2}};
    uint64_t ids[LEN(rows)];

    for (size_t i = 0; i < LEN(rows); i++)
        ids[rows[i].at] = student_named(&p, "Name", rows[i].sortable_name);
    for (uint64_t limit = 1; limit <= LEN(rows) + 1; limit++)
        for (uint64_t offset = 0; offset <= LEN(rows) + 1; offset += limit) {
            struct roster roster = roster_of(&p, NULL, limit, offset);
            size_t left = offset < LEN(rows) ? LEN(rows) - offset : 0;

            CU_ASSERT_EQUAL(roster.total, LEN(rows));
            CU_ASSERT_EQUAL(roster.n_not_started, LEN(rows));
            CU_ASSERT_EQUAL_FATAL(roster.n, left < limit ? left : limit);
            for (size_t i = 0; i < roster.n; i++)
                CU_ASSERT_EQUAL(roster.rows[i].student.id, ids[offset + i]);
        }
    CU_ASSERT_EQUAL(roster_of(&p, "name", 10, INT64_MAX).total, LEN(rows));
    CU_ASSERT_EQUAL(roster_of(&p, NULL, INT64_MAX, 0).n, LEN(rows));
    CU_ASSERT_EQUAL(roster_of(&p, "name", INT64_MAX, 0).n, LEN(rows));
}

/* ---- the snapshot ---- */

/* What is counted is the latest, whatever came before it. */
static void test_snapshot(void)
{
    static const struct {
        const char *name, *state;
        bool has_met;
        uint64_t completed, in_progress, ended, not_started;
    } rows[] = {
        {"none", NULL, false, 0, 0, 0, 1},
        {"active", "active", false, 0, 1, 0, 0},
        {"active and met", "active", true, 1, 0, 0, 0},
        {"completed and met", "completed", true, 1, 0, 0, 0},
        {"completed and not met", "completed", false, 0, 0, 1, 0},
        {"deleted", "deleted", false, 0, 0, 0, 1},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();

        if (rows[i].state) {
            uint64_t id = (conversation_opened(&p), conversation_opened(&p));

            sql_run("UPDATE conversation v JOIN latest_conversation l ON l.conversation_id = v.id"
                    " SET v.workflow_state = '%s', v.is_active = IF('%s' = 'active', 1, NULL), l.workflow_state = '%s',"
                    " v.all_objectives_met = %d, l.all_objectives_met = %d WHERE v.id = %ju",
                    rows[i].state, rows[i].state, rows[i].state, rows[i].has_met, rows[i].has_met, (uintmax_t)id);
        }
        struct roster roster = roster_of(&p, NULL, 10, 0);
        bool is_shown = rows[i].state && !str_eq(rows[i].state, "deleted");

        ROW_ASSERT(rows[i].name, roster.total == 1 && roster.n_completed == rows[i].completed);
        ROW_ASSERT(rows[i].name, roster.n_in_progress == rows[i].in_progress);
        ROW_ASSERT(rows[i].name, roster.n_ended == rows[i].ended && roster.n_not_started == rows[i].not_started);
        ROW_ASSERT(rows[i].name, roster.n == 1 && (roster.rows[0].conversation.id != 0) == is_shown);
    }
}

static void test_an_opening_is_nobodys_to_see(void)
{
    struct place p = place_new();
    struct attempt a = attempt_opening(&p);

    MUST(attempt_begin(&p, &a));
    struct roster roster = roster_of(&p, NULL, 10, 0);
    CU_ASSERT_TRUE(roster.n == 1 && roster.rows[0].conversation.id == 0 && roster.n_not_started == 1);
}

/* ---- searching ---- */

static void test_search(void)
{
    static const char *const names[] = {"Jos\xC3\xA9 \xC3\x81lvarez",
                                        "ANNA Alvarez",
                                        "Percy 50% Off",
                                        "Under_score",
                                        "Back\\slash",
                                        "Pipe|line",
                                        "\xE7\x8E\x8B\xE5\xB0\x8F\xE6\x98\x8E",
                                        "O'Neil"};
    static const struct {
        const char *term;
        uint64_t n;
        const char *first;
    } rows[] = {
        {"alvarez", 2, NULL},
        {"\xC3\x81LVAREZ", 2, NULL},
        {"jose", 1, "Jos\xC3\xA9 \xC3\x81lvarez"},
        {"JOS\xC3\x89 A", 1, "Jos\xC3\xA9 \xC3\x81lvarez"},
        {"\xC3\xA0nn\xC3\xA2", 1, "ANNA Alvarez"},
        {"50%", 1, "Percy 50% Off"},
        {"%%", 0, NULL},
        {"0% o", 1, "Percy 50% Off"},
        {"r_s", 1, "Under_score"},
        {"a_a", 0, NULL},
        {"k\\s", 1, "Back\\slash"},
        {"\\\\", 0, NULL},
        {"e|l", 1, "Pipe|line"},
        {"||", 0, NULL},
        {"\xE5\xB0\x8F\xE6\x98\x8E", 1, "\xE7\x8E\x8B\xE5\xB0\x8F\xE6\x98\x8E"},
        {"\xE6\x98\x8E\xE5\xB0\x8F", 0, NULL},
        {"o'n", 1, "O'Neil"},
        {"' OR 1=1 -- ", 0, NULL},
        {"nobody", 0, NULL},
    };
    struct place p = empty_place();

    for (size_t i = 0; i < LEN(names); i++)
        student_named(&p, names[i], names[i]);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct roster roster = roster_of(&p, rows[i].term, 1, 0);

        ROW_ASSERT(rows[i].term, roster.total == rows[i].n && roster.n == (rows[i].n > 0));
        if (rows[i].first && roster.n)
            ROW_ASSERT(rows[i].term, str_eq(roster.rows[0].student.name, rows[i].first));
    }
}

/* As long as a name can be, and longer than any is. */
static void test_search_for_a_long_name(void)
{
    struct place p = empty_place();
    struct buf *name = buf_in_arena(p.ctx->arena, 4096);

    CU_ASSERT_PTR_NOT_NULL_FATAL(name);
    for (int i = 0; i < 255; i++)
        buf_str(name, "\xF0\x9F\x98\x80");
    student_named(&p, name->data, "x");
    CU_ASSERT_EQUAL(roster_of(&p, name->data, 10, 0).total, 1);
    for (int i = 0; i < 500; i++)
        buf_str(name, "\xF0\x9F\x98\x80");
    CU_ASSERT_EQUAL(roster_of(&p, name->data, 10, 0).total, 0);
}

/* ---- the latest of each, to be counted ---- */

struct latest {
    size_t n, n_none, n_shared, n_own; /* the last two: whose objectives are the experience's, and others */
    const char *objectives;
    enum cq_status gives;
};

static enum cq_status note_latest(struct cq_ctx *ctx, void *arg, const struct conversation_row *v)
{
    struct latest *latest = arg;

    latest->n++;
    latest->n_none += !v->id;
    latest->n_shared += v->id && v->learning_objective == latest->objectives;
    latest->n_own += v->id && v->learning_objective != latest->objectives && str_eq(v->learning_objective, "Another");
    memset(arena_alloc(ctx->arena, 1 << 20), 0, 1 << 20); /* there is room again for each */
    return latest->gives;
}

static void test_latest(void)
{
    struct place p = empty_place();
    struct latest all = {.objectives = "Name it\nExplain it"}, stopped = {.objectives = "x", .gives = CQ_LOST};
    struct arena *arena = p.ctx->arena;

    for (size_t i = 0; i < 9; i++) {
        uint64_t user_id = user_enrolled(&p, ROLE_STUDENT), id = i % 3 ? talk_of(&p, user_id) : 0;

        if (id)
            sql_run("UPDATE conversation SET learning_objective = '%s' WHERE id = %ju",
                    i % 3 == 1 ? "Name it\\nExplain it" : "Another", (uintmax_t)id);
    }
    talk_of(&p, user_enrolled(&p, ROLE_TEACHER));
    MUST(store_latest_each(p.ctx, p.db, p.course_id, p.ai_experience_id, all.objectives, note_latest, &all));
    CU_ASSERT_TRUE(all.n == 9 && all.n_none == 3 && all.n_shared == 3 && all.n_own == 3);
    GIVES(CQ_LOST,
          store_latest_each(p.ctx, p.db, p.course_id, p.ai_experience_id, stopped.objectives, note_latest, &stopped));
    CU_ASSERT_EQUAL(stopped.n, 1);
    CU_ASSERT_PTR_EQUAL(p.ctx->arena, arena);
}

/* ---- one's own ---- */

static void test_own(void)
{
    struct place p = place_new(), other = p;
    uint64_t ids[4], left = 0;
    struct conversation_list list;

    for (size_t i = 0; i < LEN(ids); i++)
        ids[i] = conversation_opened(&p);
    turn_done(&p, ids[3], "hi");
    other.user_id = user_enrolled(&p, ROLE_STUDENT);
    conversation_opened(&other);
    other = p;
    other.ai_experience_id = experience_new(&p, "published");
    conversation_opened(&other);
    struct attempt opening = attempt_opening(&p);
    MUST(attempt_begin(&p, &opening));
    sql_run("UPDATE conversation SET workflow_state = 'deleted' WHERE id = %ju", (uintmax_t)ids[1]);

    static const size_t newest_first[] = {3, 2, 0};
    for (uint64_t limit = 1; limit <= 4; limit++)
        for (uint64_t offset = 0; offset <= 4; offset++) {
            MUST(store_conversation_list(p.ctx, p.db, p.ai_experience_id, p.user_id, limit, offset, &list));
            left = offset < LEN(newest_first) ? LEN(newest_first) - offset : 0;
            CU_ASSERT_TRUE_FATAL(list.total == LEN(newest_first) && list.n == (left < limit ? left : limit));
            for (size_t i = 0; i < list.n; i++)
                CU_ASSERT_EQUAL(list.rows[i].id, ids[newest_first[offset + i]]);
        }
    MUST(store_conversation_list(p.ctx, p.db, p.ai_experience_id, p.user_id, 10, 0, &list));
    CU_ASSERT_TRUE(list.rows[0].n_messages == 3 && list.rows[1].n_messages == 1 && list.rows[0].met_at);
    ASSERT_TEXT(list.rows[0].workflow_state, "active");
    ASSERT_TEXT(list.rows[1].workflow_state, "completed");
}

SUITE(roster, {"who is on it", test_who}, {"fields", test_fields}, {"order and pages", test_order_and_pages},
      {"snapshot", test_snapshot}, {"an opening is nobody's to see", test_an_opening_is_nobodys_to_see},
      {"search", test_search}, {"search for a long name", test_search_for_a_long_name},
      {"the latest of each", test_latest}, {"one's own", test_own});
