/* Bots: who may use them, what lists show, what changes leave behind. */
#include "attempt.h"
#include "store/bot.h"

/* ---- people and bots ---- */

/* A bot of p's user, with a name of its own. */
static struct bot_row bot_new(const struct place *p, const char *title)
{
    const struct bot_change change = {.title = title, .instruction = "Be kind."};
    struct bot_changed changed = {.missing = NULL};

    MUST(store_bot_create(p->ctx, p->db, p->user_id, new_uuid(p->ctx), &change, &changed));
    return changed.bot;
}

static void share_with(const struct place *p, uint64_t bot_id, const char *scope, uint64_t user_id, uint64_t course_id)
{
    const struct bot_share share = {.scope = scope,
                                    .user_ids = &user_id,
                                    .n_users = user_id > 0,
                                    .course_ids = &course_id,
                                    .n_courses = course_id > 0};
    struct bot_unshareable fault;

    MUST(store_bot_share(p->ctx, p->db, bot_id, &share, &fault));
}

static bool is_usable(const struct place *p, uint64_t user_id, const struct bot_row *bot)
{
    struct bot_row by_name = {0}, by_id = {0};
    enum cq_status st = store_bot_usable(p->ctx, p->db, user_id, bot->name, &by_name);

    CU_ASSERT_EQUAL(store_bot_usable_by_id(p->ctx, p->db, user_id, bot->id, &by_id), st);
    CU_ASSERT_TRUE(st == CQ_OK || st == CQ_BOT_NOT_FOUND);
    CU_ASSERT_TRUE(by_name.id == by_id.id && (st || by_name.id == bot->id));
    return !st;
}

struct using
{
    uint64_t user_id;
    struct bot_row bot;
    int n;
};

static enum cq_status use_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct using *u = arg;

    (void)is_rerun;
    return bot_note_use(ctx, db, u->user_id, u->bot.id);
}

static void use_bot(const struct place *p, uint64_t user_id, const struct bot_row *bot)
{
    struct using u = {user_id, *bot, 1};

    MUST(db_tx(p->ctx, p->db, use_tx, &u));
}

/* The place of a bot in a list, from 1; 0: it is not in it. */
static size_t place_of(const struct bot_list *list, const struct bot_row *bot)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->rows[i].bot.id == bot->id)
            return i + 1;
    return 0;
}

static struct bot_list list_of(const struct place *p, uint64_t user_id, enum bot_list_kind kind)
{
    struct bot_list list = {.n = 0};

    MUST(store_bot_list(p->ctx, p->db, user_id, kind, 1000, &list));
    return list;
}

static struct bot_list found(const struct place *p, uint64_t user_id, const char *query)
{
    struct bot_list list = {.n = 0};

    MUST(store_bot_search(p->ctx, p->db, user_id, query, 1000, &list));
    return list;
}

/* ---- who may use one ---- */

enum { OWNER, SHARED_WITH, MEMBER, FORMER, STRANGER, ADMIN, N_PEOPLE };

static void make_people(const struct place *p, uint64_t people[N_PEOPLE])
{
    uint64_t id;

    people[OWNER] = p->user_id;
    people[SHARED_WITH] = user_new(p);
    people[MEMBER] = user_enrolled(p, ROLE_OBSERVER);
    people[FORMER] = user_enrolled(p, ROLE_STUDENT);
    people[STRANGER] = user_new(p);
    people[ADMIN] = user_new(p);
    MUST(store_enroll(p->ctx, p->db, p->course_id, people[FORMER], ROLE_STUDENT, false, &id));
    sql_run("UPDATE user SET is_admin = 1 WHERE id = %ju", (uintmax_t)people[ADMIN]);
}

static void test_who_may_use(void)
{
    static const struct {
        const char *name, *scope;
        bool has_user, has_course;
        bool want[N_PEOPLE]; /* owner, shared with, member, former member, stranger, admin */
    } rows[] = {
        {"private", "private", false, false, {true, false, false, false, false, true}},
        {"partial, with nobody", "partial", false, false, {true, false, false, false, false, true}},
        {"partial, with one", "partial", true, false, {true, true, false, false, false, true}},
        {"partial, with a course", "partial", false, true, {true, false, true, false, false, true}},
        {"partial, with both", "partial", true, true, {true, true, true, false, false, true}},
        {"all", "all", false, false, {true, true, true, true, true, true}},
        {"private again", "private", false, false, {true, false, false, false, false, true}},
    };
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "A bot");
    uint64_t people[N_PEOPLE];

    make_people(&p, people);
    for (size_t i = 0; i < LEN(rows); i++) {
        share_with(&p, bot.id, rows[i].scope, rows[i].has_user ? people[SHARED_WITH] : 0,
                   rows[i].has_course ? p.course_id : 0);
        for (size_t k = 0; k < N_PEOPLE; k++) {
            const struct bot_list list = found(&p, people[k], "a bot");
            bool is_shared = str_eq(rows[i].scope, "private") == false;
            const struct bot_list popular = list_of(&p, people[k], BOTS_POPULAR);

            ROW_ASSERT(rows[i].name, is_usable(&p, people[k], &bot) == rows[i].want[k]);
            ROW_ASSERT(rows[i].name, (place_of(&list, &bot) > 0) == rows[i].want[k]);
            ROW_ASSERT(rows[i].name, (place_of(&popular, &bot) > 0) == (is_shared && rows[i].want[k]));
        }
    }
}

/* Whose part in the course ends loses the bot at once, and has it again when it begins again. */
static void test_enrollments_end(void)
{
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "A bot");
    uint64_t student = user_enrolled(&p, ROLE_STUDENT), id;

    share_with(&p, bot.id, "partial", 0, p.course_id);
    for (int is_active = 0; is_active <= 1; is_active++) {
        MUST(store_enroll(p.ctx, p.db, p.course_id, student, ROLE_STUDENT, is_active, &id));
        CU_ASSERT_EQUAL(is_usable(&p, student, &bot), is_active == 1);
    }
    MUST(store_enroll(p.ctx, p.db, p.course_id, p.user_id, ROLE_STUDENT, false, &id));
    CU_ASSERT_TRUE(is_usable(&p, student, &bot)); /* the owner may leave */
}

/* ---- sharing ---- */

static void test_what_cannot_be_shared_with(void)
{
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "A bot");
    uint64_t friend = user_new(&p), users[] = {friend, UINT32_MAX, friend}, courses[] = {p.course_id, 0};
    const struct bot_share unknown = {.scope = "partial", .user_ids = users, .n_users = 3};
    const struct bot_share foreign = {.scope = "partial", .course_ids = courses, .n_courses = 2};
    const struct bot_share twice = {.scope = "partial", .user_ids = users, .n_users = 3};
    const struct bot_share left = {.scope = "partial", .course_ids = &p.course_id, .n_courses = 1};
    struct bot_unshareable fault = {0};
    uint64_t id;

    MUST(store_course_add(p.ctx, p.db, "OTHER", "other", &courses[1]));
    GIVES(CQ_INVALID_FIELDS, store_bot_share(p.ctx, p.db, bot.id, &unknown, &fault));
    CU_ASSERT_TRUE(fault.user_id == UINT32_MAX && !fault.course_id);
    GIVES(CQ_INVALID_FIELDS, store_bot_share(p.ctx, p.db, bot.id, &foreign, &fault));
    CU_ASSERT_TRUE(!fault.user_id && fault.course_id == courses[1]);
    CU_ASSERT_FALSE(is_usable(&p, friend, &bot)); /* nothing was changed */
    users[1] = friend;
    GIVES(CQ_OK, store_bot_share(p.ctx, p.db, bot.id, &twice, &fault));
    MUST(store_enroll(p.ctx, p.db, p.course_id, p.user_id, ROLE_STUDENT, false, &id));
    GIVES(CQ_INVALID_FIELDS, store_bot_share(p.ctx, p.db, bot.id, &left, &fault));
    CU_ASSERT_EQUAL(fault.course_id, p.course_id); /* the owner's part in it is over */
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM bot_user WHERE bot_id = %ju", (uintmax_t)bot.id), 1);
}

/* ---- names ---- */

static void test_names(void)
{
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "First");
    const struct bot_change change = {.title = "Second", .instruction = ""};
    struct bot_changed changed = {.missing = NULL};
    struct hash_list dropped = {.n = 0};
    uint64_t other = user_new(&p);
    const char *upper = arena_printf(p.ctx->arena, "%sX", bot.name),
               *lower = arena_printf(p.ctx->arena, "%sx", bot.name);

    GIVES(CQ_BOT_EXISTS, store_bot_create(p.ctx, p.db, other, bot.name, &change, &changed));
    GIVES(CQ_BOT_EXISTS, store_bot_create(p.ctx, p.db, p.user_id, bot.name, &change, &changed));
    GIVES(CQ_OK, store_bot_create(p.ctx, p.db, other, upper, &change, &changed));
    GIVES(CQ_OK, store_bot_create(p.ctx, p.db, other, lower, &change, &changed)); /* byte by byte */
    for (int round = 0; round < 2; round++) { /* a name may be given again, and again */
        struct bot_row now;

        MUST(store_bot_usable(p.ctx, p.db, round ? other : p.user_id, bot.name, &now));
        GIVES(CQ_OK, store_bot_delete(p.ctx, p.db, now.id, &dropped));
        GIVES(CQ_BOT_NOT_FOUND, store_bot_delete(p.ctx, p.db, now.id, &dropped));
        CU_ASSERT_FALSE(is_usable(&p, round ? other : p.user_id, &now));
        GIVES(CQ_OK, store_bot_create(p.ctx, p.db, other, bot.name, &change, &changed));
    }
}

/* ---- changing ---- */

static void test_changes(void)
{
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "Title");
    static const bool yes = true, no = false;
    const struct bot_change all = {.title = "T",
                                   .description = "D",
                                   .instruction = "I",
                                   .generation_params = "{}",
                                   .active_models = "{\"m\":false}",
                                   .quick_starters = "[]",
                                   .display_retrieved_chunks = &yes,
                                   .prompt_caching_enabled = &yes};
    const struct bot_change none = {.title = NULL}, one = {.display_retrieved_chunks = &no};
    struct bot_changed changed = {.missing = NULL};
    struct bot_row now = {0};

    CU_ASSERT_TRUE(!bot.generation_params && !bot.active_models && !bot.display_retrieved_chunks);
    ASSERT_TEXT(bot.scope, "private");
    ASSERT_TEXT(bot.description, "");
    MUST(store_bot_update(p.ctx, p.db, bot.id, p.user_id, &all, &changed));
    MUST(store_bot_update(p.ctx, p.db, bot.id, p.user_id, &none, &changed));
    MUST(store_bot_update(p.ctx, p.db, bot.id, p.user_id, &one, &changed));
    MUST(store_bot_usable(p.ctx, p.db, p.user_id, bot.name, &now));
    const struct bot_row *const both[] = {&now, &changed.bot};
    for (size_t i = 0; i < LEN(both); i++) {
        ASSERT_TEXT(both[i]->title, "T");
        ASSERT_TEXT(both[i]->description, "D");
        ASSERT_TEXT(both[i]->instruction, "I");
        ASSERT_TEXT(both[i]->generation_params, "{}");
        ASSERT_TEXT(both[i]->active_models, "{\"m\":false}");
        ASSERT_TEXT(both[i]->quick_starters, "[]");
        CU_ASSERT_TRUE(!both[i]->display_retrieved_chunks && both[i]->prompt_caching_enabled);
        CU_ASSERT_EQUAL(both[i]->created_at_ms, bot.created_at_ms);
    }
}

/* What was put at a signed address for a bot of that name. */
static void upload(const struct place *p, const char *bot_name, const char *filename)
{
    sql_run("INSERT INTO upload (user_id, bot_name, filename, hash, size, kind, mime_type, created_at)"
            " VALUES (%ju, '%s', '%s', REPEAT('%c', 32), 1, 'text', 'text/plain', UTC_TIMESTAMP(3))",
            (uintmax_t)p->user_id, bot_name, filename, *filename);
}

static uint64_t count_documents(uint64_t bot_id)
{
    return sql_number("SELECT COUNT(*) FROM document WHERE bot_id = %ju", (uintmax_t)bot_id);
}

static void test_documents(void)
{
    const struct place p = place_new();
    const char *name = new_uuid(p.ctx);
    static const char *const two[] = {"a.txt", "b.txt"}, *const unknown[] = {"c.txt", "d.txt"};
    const struct bot_change made = {.title = "T", .instruction = "I", .added = two, .n_added = 2};
    const struct bot_change half = {.title = "Other", .added = unknown, .n_added = 2, .removed = two, .n_removed = 1};
    const struct bot_change swap = {.added = unknown, .n_added = 1, .removed = two, .n_removed = 2};
    struct bot_changed changed = {.missing = NULL};
    struct bot_details details = {0};
    struct hash_list dropped = {.n = 0};

    upload(&p, name, "a.txt");
    GIVES(CQ_INVALID_FIELDS, store_bot_create(p.ctx, p.db, p.user_id, name, &made, &changed));
    ASSERT_TEXT(changed.missing, "b.txt");
    upload(&p, name, "b.txt");
    GIVES(CQ_OK, store_bot_create(p.ctx, p.db, p.user_id, name, &made, &changed)); /* so nothing was made before */
    uint64_t id = changed.bot.id;
    CU_ASSERT_EQUAL(count_documents(id), 2);

    upload(&p, name, "c.txt");
    GIVES(CQ_INVALID_FIELDS, store_bot_update(p.ctx, p.db, id, p.user_id, &half, &changed));
    ASSERT_TEXT(changed.missing, "d.txt");
    CU_ASSERT_EQUAL(count_documents(id), 2);
    GIVES(CQ_OK, store_bot_update(p.ctx, p.db, id, p.user_id, &swap, &changed));
    CU_ASSERT_EQUAL(changed.dropped.n, 2);
    ASSERT_TEXT(changed.bot.title, "T");
    MUST(store_bot_details(p.ctx, p.db, id, &details));
    CU_ASSERT_EQUAL_FATAL(details.n_documents, 1);
    ASSERT_TEXT(details.documents[0].filename, "c.txt");
    CU_ASSERT_EQUAL(details.documents[0].state, DOCUMENT_QUEUED);
    GIVES(CQ_OK, store_bot_update(p.ctx, p.db, id, p.user_id, &(struct bot_change){.removed = two, .n_removed = 2},
                                  &changed)); /* what is not there need not be removed */
    GIVES(CQ_OK, store_bot_delete(p.ctx, p.db, id, &dropped));
    CU_ASSERT_TRUE(dropped.n == 1 && !count_documents(id));
}

static void test_sync(void)
{
    static const struct {
        const char *states;
        enum bot_sync want;
    } rows[] = {{"", BOT_SUCCEEDED},
                {"succeeded", BOT_SUCCEEDED},
                {"succeeded failed", BOT_FAILED},
                {"failed queued succeeded", BOT_QUEUED},
                {"queued running failed", BOT_RUNNING}};
    const struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct bot_row bot = bot_new(&p, "A bot");
        struct bot_item item = {0};
        struct bot_details details = {0};
        uint64_t n = 0;

        for (const char *at = rows[i].states; *at; at += strspn(at, " "), n++) {
            int len = (int)strcspn(at, " ");

            sql_run(
                "INSERT INTO document (name, bot_id, user_id, hash, filename, kind, mime_type, size, state, failure,"
                " created_at) VALUES ('%.26s', %ju, %ju, REPEAT('x', 32), '%ju', 'text', 'text/plain', 1, '%.*s',"
                " 'no_text', UTC_TIMESTAMP(3))",
                new_uuid(p.ctx) + 10, (uintmax_t)bot.id, (uintmax_t)p.user_id, (uintmax_t)n, len, at);
            at += len;
        }
        MUST(store_bot_item(p.ctx, p.db, p.user_id, bot.id, &item));
        ROW_ASSERT(rows[i].states, item.sync == rows[i].want && item.n_documents == n);
        MUST(store_bot_details(p.ctx, p.db, bot.id, &details));
        ROW_ASSERT(rows[i].states, details.n_documents == n);
        for (size_t k = 0; k < details.n_documents; k++)
            ROW_ASSERT(rows[i].states, str_eq(details.documents[k].failure, "no_text"));
    }
}

/* ---- what a user keeps ---- */

static void use_at(uint64_t user_id, const struct bot_row *bot, const char *time)
{
    sql_run("UPDATE bot_use SET used_at = '%s' WHERE user_id = %ju AND bot_id = %ju", time, (uintmax_t)user_id,
            (uintmax_t)bot->id);
}

static void test_recent(void)
{
    const struct place p = place_new();
    const struct bot_row first = bot_new(&p, "First"), second = bot_new(&p, "Second");
    uint64_t friend = user_new(&p);
    struct hash_list dropped = {.n = 0};
    bool is_found = false;

    share_with(&p, first.id, "partial", friend, 0);
    share_with(&p, second.id, "all", 0, 0);
    CU_ASSERT_EQUAL(list_of(&p, friend, BOTS_RECENT).n, 0);    /* shared is not used, */
    CU_ASSERT_EQUAL(list_of(&p, p.user_id, BOTS_RECENT).n, 2); /* but made is */
    use_bot(&p, friend, &first);
    use_bot(&p, friend, &second);
    use_at(friend, &first, "2030-01-01 00:00:00");
    struct bot_list recent = list_of(&p, friend, BOTS_RECENT);
    CU_ASSERT_EQUAL_FATAL(recent.n, 2);
    CU_ASSERT_EQUAL(place_of(&recent, &first), 1);
    CU_ASSERT_EQUAL(recent.rows[0].used_at_ms, 1893456000000);
    CU_ASSERT_EQUAL(list_of(&p, friend, BOTS_OWN).n, 0);

    MUST(store_bot_forget_use(p.ctx, p.db, friend, first.name, &is_found));
    CU_ASSERT_TRUE(is_found && list_of(&p, friend, BOTS_RECENT).n == 1);
    use_bot(&p, friend, &first);
    CU_ASSERT_EQUAL(list_of(&p, friend, BOTS_RECENT).n, 2);
    share_with(&p, first.id, "private", 0, 0);
    MUST(store_bot_delete(p.ctx, p.db, second.id, &dropped));
    recent = list_of(&p, friend, BOTS_RECENT);
    CU_ASSERT_TRUE(recent.n == 2 && !recent.rows[0].bot.is_usable && !recent.rows[1].bot.is_usable);
    CU_ASSERT_EQUAL(list_of(&p, p.user_id, BOTS_RECENT).n, 1); /* never used by its owner: nothing is left of it */
    MUST(store_bot_forget_use(p.ctx, p.db, friend, second.name, &is_found));
    CU_ASSERT_TRUE(is_found && list_of(&p, friend, BOTS_RECENT).n == 1);
    MUST(store_bot_forget_use(p.ctx, p.db, user_new(&p), second.name, &is_found));
    CU_ASSERT_FALSE(is_found);
}

static void test_stars(void)
{
    const struct place p = place_new();
    const struct bot_row first = bot_new(&p, "First"), second = bot_new(&p, "Second");
    uint64_t friend = user_new(&p);
    struct hash_list dropped = {.n = 0};
    bool is_found = false;

    share_with(&p, first.id, "all", 0, 0);
    for (int round = 0; round < 2; round++) {
        MUST(store_bot_star(p.ctx, p.db, friend, first.id));
        CU_ASSERT_EQUAL(list_of(&p, friend, BOTS_STARRED).n, 1);
    }
    CU_ASSERT_EQUAL(list_of(&p, friend, BOTS_RECENT).n, 0); /* a star is no use */
    MUST(store_bot_star(p.ctx, p.db, p.user_id, second.id));
    CU_ASSERT_EQUAL(list_of(&p, p.user_id, BOTS_OWN).n, 2);
    struct bot_list own = list_of(&p, p.user_id, BOTS_OWN_STARRED);
    CU_ASSERT_TRUE(own.n == 1 && place_of(&own, &second) == 1 && own.rows[0].is_starred);
    MUST(store_bot_unstar(p.ctx, p.db, p.user_id, second.name, &is_found));
    CU_ASSERT_TRUE(is_found && list_of(&p, p.user_id, BOTS_STARRED).n == 0);

    share_with(&p, first.id, "private", 0, 0);
    struct bot_list starred = list_of(&p, friend, BOTS_STARRED);
    CU_ASSERT_TRUE(starred.n == 1 && !starred.rows[0].bot.is_usable); /* told that it is gone */
    MUST(store_bot_delete(p.ctx, p.db, first.id, &dropped));
    CU_ASSERT_EQUAL(list_of(&p, friend, BOTS_STARRED).n, 0);
}

/* By all that they have replied to anybody. */
static void test_popular(void)
{
    const struct place p = place_new();
    const struct bot_row rare = bot_new(&p, "Rare"), often = bot_new(&p, "Often"), never = bot_new(&p, "Never");
    const struct bot_row *const all[] = {&rare, &often, &never};
    uint64_t friend = user_new(&p), other = user_new(&p);
    struct bot_details details = {0};

    for (size_t i = 0; i < LEN(all); i++)
        share_with(&p, all[i]->id, "all", 0, 0);
    for (int i = 0; i < 3; i++)
        use_bot(&p, friend, &rare);
    for (int i = 0; i < 2; i++) {
        use_bot(&p, friend, &often);
        use_bot(&p, other, &often);
    }
    use_at(friend, &often, "2030-01-01 00:00:00");
    const struct bot_list popular = list_of(&p, user_new(&p), BOTS_POPULAR);
    CU_ASSERT_TRUE(place_of(&popular, &often) < place_of(&popular, &rare));
    CU_ASSERT_TRUE(place_of(&popular, &rare) < place_of(&popular, &never));
    MUST(store_bot_details(p.ctx, p.db, often.id, &details));
    CU_ASSERT_EQUAL(details.used_at_ms, 1893456000000); /* by whomever */
}

static void use_often(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct using *u = arg;

    for (int i = 0; i < 50 && u->n == i; i++)
        u->n += db_tx(ctx, db, use_tx, u) == CQ_OK;
}

/* Two who talk with one bot at once: none of their turns is lost. */
static void test_use_at_once(void)
{
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "A bot");
    struct using one = {user_new(&p), bot, 0}, other = {user_new(&p), bot, 0};

    race(use_often, &one, &other);
    CU_ASSERT_TRUE(one.n == 50 && other.n == 50);
    CU_ASSERT_EQUAL(sql_number("SELECT SUM(turns) FROM bot_use WHERE bot_id = %ju", (uintmax_t)bot.id), 100);
}

struct waiting {
    struct using first, second;
    struct db *other_db;
    int64_t waited_ms;
};

/* While the first one's turn is still being stored, the second one's is stored. */
static enum cq_status use_meanwhile(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct waiting *w = arg;
    enum cq_status st = use_tx(ctx, db, &w->first, is_rerun);
    int64_t began_ms = clock_mono_ms();

    if (!st)
        st = db_tx(ctx, w->other_db, use_tx, &w->second);
    w->waited_ms = clock_mono_ms() - began_ms;
    return st;
}

/* Nobody waits for anybody else's turn with the same bot, the first time or any other. */
static void test_nobody_waits(void)
{
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "A bot");
    struct waiting w = {{user_new(&p), bot, 0}, {user_new(&p), bot, 0}, db_create(shared_config()), 0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(w.other_db);
    for (int round = 0; round < 2; round++) {
        GIVES(CQ_OK, db_tx(p.ctx, p.db, use_meanwhile, &w));
        CU_ASSERT_TRUE(w.waited_ms < 4500); /* who waits for a lock does so for 5 s */
    }
    db_destroy(w.other_db);
}

/* ---- searching ---- */

static void test_search(void)
{
    static const struct {
        const char *query;
        bool want;
    } rows[] = {
        {"caf\xC3\xA9", true},
        {"CAFE", true},
        {"physics", true},
        {"  cafe   physics ", true},
        {"physics cafe", true},
        {"physics chemistry", false},
        {"af", true},
        {"100%", true},
        {"100_", false},
        {"%", true},
        {"_", false},
        {"|", false},
        {"\\", false},
        {"' OR 1=1 -- ", false},
        {"a b c d e f g", false},
        {"the caf\xC3\xA9 100% physics is open", true},
        {"\xE2\x98\x83", false},
    };
    const struct place p = place_new();
    const struct bot_row bot = bot_new(&p, "The Caf\xC3\xA9 100%");
    struct bot_changed changed = {.missing = NULL};

    MUST(store_bot_update(p.ctx, p.db, bot.id, p.user_id, &(struct bot_change){.description = "Physics is open"},
                          &changed));
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct bot_list list = found(&p, p.user_id, rows[i].query);

        ROW_ASSERT(rows[i].query, (place_of(&list, &bot) == 1) == rows[i].want);
    }
    const struct bot_row titled = bot_new(&p, "Physics"), later = bot_new(&p, "Later");
    MUST(store_bot_update(p.ctx, p.db, later.id, p.user_id, &(struct bot_change){.description = "physics"}, &changed));
    const struct bot_list list = found(&p, p.user_id, "physics");
    CU_ASSERT_TRUE(list.n == 3 && place_of(&list, &titled) == 1); /* titles first */
}

/* ---- roles ---- */

static void test_has_role(void)
{
    const struct place p = place_new();
    uint64_t id;
    bool has = true;

    MUST(store_has_role(p.ctx, p.db, p.user_id, 1u << ROLE_TEACHER | 1u << ROLE_TA, &has));
    CU_ASSERT_FALSE(has);
    for (int is_active = 1; is_active >= 0; is_active--) {
        MUST(store_enroll(p.ctx, p.db, p.course_id, p.user_id, ROLE_TA, is_active, &id));
        MUST(store_has_role(p.ctx, p.db, p.user_id, 1u << ROLE_TEACHER | 1u << ROLE_TA, &has));
        CU_ASSERT_EQUAL(has, is_active == 1);
    }
}

SUITE(bots, {"who may use one", test_who_may_use}, {"enrollments end", test_enrollments_end},
      {"what cannot be shared with", test_what_cannot_be_shared_with}, {"names", test_names}, {"changes", test_changes},
      {"documents", test_documents}, {"sync", test_sync}, {"recent", test_recent}, {"stars", test_stars},
      {"popular", test_popular}, {"use at once", test_use_at_once}, {"nobody waits", test_nobody_waits},
      {"search", test_search}, {"roles", test_has_role});
