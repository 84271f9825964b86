/* Context files: which documents an experience draws from, what that forbids, and when a document goes. */
#include <pthread.h>
#include <unistd.h>

#include "attempt.h"

static struct new_document document(struct cq_ctx *ctx, char content)
{
    struct new_document d = {.filename = arena_printf(ctx->arena, "%c.md", content),
                             .kind = "text",
                             .mime_type = "text/markdown",
                             .size = 7};

    ulid_new(d.name);
    memset(d.hash, content, sizeof(d.hash));
    return d;
}

/* Its id; 0: it was there already. */
static uint64_t add(const struct place *p, uint64_t experience_id, char content)
{
    struct new_document d = document(p->ctx, content);
    struct document_row row = {0};
    bool is_new = false;

    GIVES(CQ_OK, store_context_file_add(p->ctx, p->db, experience_id, p->user_id, &d, 20, &row, &is_new));
    return is_new ? row.id : 0;
}

static void end(uint64_t document_id, const char *state)
{
    sql_run("UPDATE document SET state = '%s' WHERE id = %ju", state, (uintmax_t)document_id);
}

/* "b.md,a.md": what the experience draws from, in its order. */
static const char *files_of(const struct place *p, uint64_t experience_id)
{
    struct document_list list = {0};
    struct buf *names = buf_in_arena(p->ctx->arena, 1000);

    GIVES(CQ_OK, store_documents_of_experience(p->ctx, p->db, experience_id, false, &list));
    for (size_t i = 0; i < list.n; i++)
        buf_printf(names, "%s%s", i ? "," : "", list.rows[i].filename);
    return names->data;
}

static struct ai_experience_row experience(const struct place *p, uint64_t id)
{
    static const struct ai_experience_change nothing = {0};
    struct ai_experience_row row = {0};

    GIVES(CQ_OK, store_ai_experience_update(p->ctx, p->db, id, &nothing, &row));
    return row;
}

static uint64_t count_documents(const struct place *p)
{
    return sql_number("SELECT COUNT(*) FROM document WHERE course_id = %ju", (uintmax_t)p->course_id);
}

static size_t clean(const struct place *p)
{
    struct hash_list dropped = {0};

    GIVES(CQ_OK, store_context_files_clean(p->ctx, p->db, p->course_id, &dropped));
    return dropped.n;
}

static void test_add(void)
{
    struct place p = place_new();
    struct new_document d = document(p.ctx, 'a');
    struct document_row row = {0}, again = {0};
    bool is_new = false;

    CU_ASSERT_PTR_NULL(experience(&p, p.ai_experience_id).context_key);
    GIVES(CQ_OK, store_context_file_add(p.ctx, p.db, p.ai_experience_id, p.user_id, &d, 2, &row, &is_new));
    CU_ASSERT_TRUE(is_new && row.id && row.course_id == p.course_id && row.state == DOCUMENT_QUEUED);
    CU_ASSERT_TRUE(row.size == 7 && memcmp(row.hash, d.hash, sizeof(d.hash)) == 0 && row.created_at_ms > 0);
    ASSERT_TEXT(row.filename, "a.md");
    ASSERT_TEXT(row.mime_type, "text/markdown");
    const char *key = experience(&p, p.ai_experience_id).context_key;
    CU_ASSERT_PTR_NOT_NULL(key);

    struct new_document same = document(p.ctx, 'a');
    same.filename = "other name.md";
    GIVES(CQ_OK, store_context_file_add(p.ctx, p.db, p.ai_experience_id, p.user_id, &same, 2, &again, &is_new));
    CU_ASSERT_TRUE(!is_new && again.id == row.id);
    ASSERT_TEXT(again.filename, "a.md");
    add(&p, p.ai_experience_id, 'b');
    CU_ASSERT_FALSE(str_eq(experience(&p, p.ai_experience_id).context_key, key));
    struct new_document third = document(p.ctx, 'c');
    GIVES(CQ_INVALID_FIELDS,
          store_context_file_add(p.ctx, p.db, p.ai_experience_id, p.user_id, &third, 2, &again, &is_new));
    GIVES(CQ_OK, store_context_file_add(p.ctx, p.db, p.ai_experience_id, p.user_id, &same, 2, &again, &is_new));
    ASSERT_TEXT(files_of(&p, p.ai_experience_id), "a.md,b.md");
    CU_ASSERT_EQUAL(count_documents(&p), 2);
    sql_run("UPDATE ai_experience SET workflow_state = 'deleted' WHERE id = %ju", (uintmax_t)p.ai_experience_id);
    GIVES(CQ_RESOURCE_NOT_FOUND,
          store_context_file_add(p.ctx, p.db, p.ai_experience_id, p.user_id, &third, 9, &again, &is_new));
}

/* A connection that is lost while committing adds it once, and says that it is new. */
static void test_lost_commit(void)
{
    struct place p = place_new(), q = place_in(p.ctx, db_create(cut_config()));
    const enum cut cuts[] = {CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT};

    for (size_t i = 0; i < LEN(cuts); i++) {
        struct new_document d = document(p.ctx, (char)('a' + i));
        struct document_row row = {0};
        bool is_new = false;

        cut_next_commit(cuts[i]);
        GIVES(CQ_OK, store_context_file_add(q.ctx, q.db, q.ai_experience_id, q.user_id, &d, 9, &row, &is_new));
        CU_ASSERT_TRUE(is_new);
        cut_next_commit(cuts[i]);
        GIVES(CQ_OK, store_context_file_remove(q.ctx, q.db, q.ai_experience_id, row.id, &row));
        CU_ASSERT_TRUE(row.id > 0);
    }
    ASSERT_TEXT(files_of(&q, q.ai_experience_id), "");
    db_destroy(q.db);
}

static void test_remove(void)
{
    struct place p = place_new();
    uint64_t a = add(&p, p.ai_experience_id, 'a'), b = add(&p, p.ai_experience_id, 'b');
    const char *both = experience(&p, p.ai_experience_id).context_key;
    struct document_row row = {0};

    GIVES(CQ_OK, store_context_file_remove(p.ctx, p.db, p.ai_experience_id, a, &row));
    CU_ASSERT_EQUAL(row.id, a);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_context_file_remove(p.ctx, p.db, p.ai_experience_id, a, &row));
    ASSERT_TEXT(files_of(&p, p.ai_experience_id), "b.md");
    add(&p, p.ai_experience_id, 'a'); /* the same contents, in another order */
    ASSERT_TEXT(experience(&p, p.ai_experience_id).context_key, both);
    GIVES(CQ_OK, store_context_file_remove(p.ctx, p.db, p.ai_experience_id, b, &row));
    CU_ASSERT_EQUAL(clean(&p), 2); /* the first a, and b */
    CU_ASSERT_EQUAL(count_documents(&p), 1);
}

static void test_chosen(void)
{
    struct place p = place_new(), other = place_new();
    uint64_t second = experience_new(&p, "published");
    uint64_t a = add(&p, p.ai_experience_id, 'a'), b = add(&p, p.ai_experience_id, 'b');
    uint64_t elsewhere = add(&other, other.ai_experience_id, 'c');
    const struct {
        const char *name;
        uint64_t ids[2];
        size_t n;
        enum cq_status want;
        const char *files;
    } rows[] = {
        {"two, in their order", {b, a}, 2, CQ_OK, "b.md,a.md"},
        {"one", {a}, 1, CQ_OK, "a.md"},
        {"of another course", {a, elsewhere}, 2, CQ_SOURCE_GONE, "a.md"},
        {"not there", {b, UINT32_MAX}, 2, CQ_SOURCE_GONE, "a.md"},
        {"none", {0}, 0, CQ_OK, ""},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct ai_experience_change change = {
            .set_context_file_ids = true, .context_file_ids = rows[i].ids, .n_context_file_ids = rows[i].n};
        struct ai_experience_row row = {0};

        enum cq_status st = store_ai_experience_update(p.ctx, p.db, second, &change, &row);
        ROW_ASSERT(rows[i].name, st == rows[i].want);
        ROW_ASSERT(rows[i].name, str_eq(files_of(&p, second), rows[i].files));
        ROW_ASSERT(rows[i].name, st || row.context_files.n == rows[i].n);
        ROW_ASSERT(rows[i].name, st || (row.context_key != NULL) == (rows[i].n > 0));
    }
    const uint64_t ids[] = {b};
    const struct ai_experience_change create = {.title = "t",
                                                .learning_objective = "o",
                                                .pedagogical_guidance = "g",
                                                .set_context_file_ids = true,
                                                .context_file_ids = ids,
                                                .n_context_file_ids = 1};
    struct ai_experience_row made = {0};
    GIVES(CQ_OK, store_ai_experience_create(p.ctx, p.db, &(struct ai_experience_origin){.course_id = p.course_id},
                                            &create, &made));
    CU_ASSERT_TRUE(made.context_key && made.context_files.n == 1 && made.context_files.rows[0].id == b);
    GIVES(CQ_SOURCE_GONE,
          store_ai_experience_create(other.ctx, other.db, &(struct ai_experience_origin){.course_id = other.course_id},
                                     &create, &made));
}

/* What nobody draws from goes; what another experience draws from stays. */
static void test_deleted_experience(void)
{
    struct place p = place_new();
    uint64_t second = experience_new(&p, "published");
    uint64_t a = add(&p, p.ai_experience_id, 'a');
    const struct ai_experience_change change = {
        .set_context_file_ids = true, .context_file_ids = &a, .n_context_file_ids = 1};
    struct ai_experience_row row = {0};

    add(&p, p.ai_experience_id, 'b');
    GIVES(CQ_OK, store_ai_experience_update(p.ctx, p.db, second, &change, &row));
    GIVES(CQ_OK, store_ai_experience_delete(p.ctx, p.db, p.ai_experience_id, &row));
    CU_ASSERT_EQUAL(row.context_files.n, 0);
    ASSERT_TEXT(files_of(&p, p.ai_experience_id), "");
    CU_ASSERT_EQUAL(clean(&p), 1);
    ASSERT_TEXT(files_of(&p, second), "a.md");
    GIVES(CQ_OK, store_ai_experience_delete(p.ctx, p.db, second, &row));
    CU_ASSERT_EQUAL(clean(&p), 1);
    CU_ASSERT_EQUAL(count_documents(&p), 0);
}

struct cleaning {
    uint64_t course_id;
    enum cq_status st;
};

static void *run_cleaning(void *arg)
{
    struct cleaning *cleaning = arg;
    struct cq_ctx *ctx = thread_ctx();
    struct db *db = db_create(shared_config());
    struct hash_list dropped = {0};

    cleaning->st = db ? store_context_files_clean(ctx, db, cleaning->course_id, &dropped) : CQ_INTERNAL;
    db_destroy(db);
    ctx_destroy(ctx);
    db_thread_end();
    return NULL;
}

/* Somebody has just chosen it, which is not to be seen yet: it stays. */
static void test_chosen_while_cleaned(void)
{
    struct place p = place_new();
    uint64_t second = experience_new(&p, "published"), a = add(&p, p.ai_experience_id, 'a');
    struct cleaning cleaning = {.course_id = p.course_id, .st = CQ_INTERNAL};
    struct document_row row;
    pthread_t thread;

    MUST(store_context_file_remove(p.ctx, p.db, p.ai_experience_id, a, &row));
    sql_run("START TRANSACTION");
    sql_run("INSERT INTO context_file (ai_experience_id, document_id, position) VALUES (%ju, %ju, 1)",
            (uintmax_t)second, (uintmax_t)a);
    if (pthread_create(&thread, NULL, run_cleaning, &cleaning))
        give_up("no thread");
    usleep(200000);
    sql_run("COMMIT");
    pthread_join(thread, NULL);
    GIVES(CQ_OK, cleaning.st);
    ASSERT_TEXT(files_of(&p, second), "a.md");
    MUST(store_context_file_remove(p.ctx, p.db, second, a, &row));
    CU_ASSERT_EQUAL(clean(&p), 1); /* and goes with the last */
}

static void test_states(void)
{
    static const struct {
        const char *name, *first, *second, *from, *to;
        enum cq_status want;
    } rows[] = {
        {"published, one queued", "succeeded", "queued", "unpublished", "published", CQ_INVALID_FIELDS},
        {"published, one running", "running", "succeeded", "unpublished", "published", CQ_INVALID_FIELDS},
        {"published, one failed", "succeeded", "failed", "unpublished", "published", CQ_INVALID_FIELDS},
        {"unpublished, one queued", "succeeded", "queued", "published", "unpublished", CQ_INVALID_FIELDS},
        {"published, all done", "succeeded", "succeeded", "unpublished", "published", CQ_OK},
        {"unpublished, all done", "succeeded", "succeeded", "published", "unpublished", CQ_OK},
        {"as it is", "queued", "failed", "published", "published", CQ_OK},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t id = experience_new(&p, rows[i].from);
        const struct ai_experience_change change = {
            .set_title = true, .title = "new", .set_workflow_state = true, .workflow_state = rows[i].to};
        struct ai_experience_row row = {0};

        end(add(&p, id, 'a'), rows[i].first);
        end(add(&p, id, 'b'), rows[i].second);
        ROW_ASSERT(rows[i].name, store_ai_experience_update(p.ctx, p.db, id, &change, &row) == rows[i].want);
        ROW_ASSERT(rows[i].name, row.context_files.n == 2);
        ROW_ASSERT(rows[i].name,
                   store_state_fault(&row, rows[i].to) == (rows[i].want ? STATE_FILES_PROCESSING : STATE_IS_FINE));
        ROW_ASSERT(rows[i].name, sql_number("SELECT title = 'new' FROM ai_experience WHERE id = %ju", (uintmax_t)id) ==
                                     (rows[i].want == CQ_OK));
    }
}

/* Files and state in one change: what is judged are the files that it leaves. */
static void test_state_with_files(void)
{
    struct place p = place_new();
    uint64_t a = add(&p, p.ai_experience_id, 'a'), b = add(&p, p.ai_experience_id, 'b');
    uint64_t id = experience_new(&p, "unpublished");
    struct ai_experience_change change = {.set_workflow_state = true,
                                          .workflow_state = "published",
                                          .set_context_file_ids = true,
                                          .context_file_ids = &a,
                                          .n_context_file_ids = 1};
    struct ai_experience_change create = change;
    struct ai_experience_row row = {0};

    create.title = create.learning_objective = create.pedagogical_guidance = "x";
    end(b, "succeeded");
    GIVES(CQ_INVALID_FIELDS, store_ai_experience_update(p.ctx, p.db, id, &change, &row));
    GIVES(CQ_INVALID_FIELDS, store_ai_experience_create(
                                 p.ctx, p.db, &(struct ai_experience_origin){.course_id = p.course_id}, &create, &row));
    ASSERT_TEXT(files_of(&p, id), ""); /* nothing was changed */
    change.context_file_ids = create.context_file_ids = &b;
    GIVES(CQ_OK, store_ai_experience_update(p.ctx, p.db, id, &change, &row));
    GIVES(CQ_OK, store_ai_experience_create(p.ctx, p.db, &(struct ai_experience_origin){.course_id = p.course_id},
                                            &create, &row));
}

/* Of a list, beside the rows that they belong to. */
static void test_list(void)
{
    struct place p = place_new();
    uint64_t ids[3] = {p.ai_experience_id, experience_new(&p, "published"), experience_new(&p, "published")};
    struct ai_experience_list list = {0};

    MUST(store_ai_experience_list(p.ctx, p.db, p.course_id, p.user_id, false, NULL, 10, 0, &list));
    CU_ASSERT_EQUAL_FATAL(list.n, 3);
    uint64_t before = p.ctx->statements;
    GIVES(CQ_OK, store_context_files_read(p.ctx, p.db, list.rows, list.n));
    CU_ASSERT_EQUAL(p.ctx->statements, before); /* there are none to be asked for */
    add(&p, ids[2], 'a');
    add(&p, ids[0], 'b');
    add(&p, ids[0], 'c');
    for (int is_manager = 0; is_manager < 2; is_manager++) {
        MUST(store_ai_experience_list(p.ctx, p.db, p.course_id, p.user_id, is_manager, NULL, 10, 0, &list));
        GIVES(CQ_OK, store_context_files_read(p.ctx, p.db, list.rows, list.n));
        CU_ASSERT_TRUE(list.rows[0].context_files.n == 2 && list.rows[1].context_files.n == 0 &&
                       list.rows[2].context_files.n == 1);
        ASSERT_TEXT(list.rows[0].context_files.rows[1].filename, "c.md");
        ASSERT_TEXT(list.rows[2].context_files.rows[0].filename, "a.md");
    }
    MUST(store_ai_experience_list(p.ctx, p.db, p.course_id, p.user_id, false, NULL, 1, 2, &list));
    GIVES(CQ_OK, store_context_files_read(p.ctx, p.db, list.rows, list.n));
    CU_ASSERT_TRUE(list.n == 1 && list.rows[0].context_files.n == 1);
}

static void test_ready_only(void)
{
    struct place p = place_new();
    struct document_list list = {0};

    end(add(&p, p.ai_experience_id, 'a'), "succeeded");
    end(add(&p, p.ai_experience_id, 'b'), "failed");
    add(&p, p.ai_experience_id, 'c');
    GIVES(CQ_OK, store_documents_of_experience(p.ctx, p.db, p.ai_experience_id, true, &list));
    CU_ASSERT_TRUE_FATAL(list.n == 1);
    ASSERT_TEXT(list.rows[0].filename, "a.md");
}

SUITE(context_files, {"added", test_add}, {"a lost commit", test_lost_commit}, {"removed", test_remove},
      {"chosen", test_chosen}, {"of a deleted experience", test_deleted_experience},
      {"chosen while unused ones are removed", test_chosen_while_cleaned}, {"states", test_states},
      {"a state with files", test_state_with_files}, {"beside a list", test_list},
      {"those that are ready", test_ready_only});
