/*
 * Chats: deleting them. The row of conversation takes all with it that refers to it; the words by which it is found and the
 * files that it holds are seen to here.
 *
 * Its lock comes first, as when a turn is begun or ended: whoever comes later finds it gone.
 */
#include "store/chat_word.h"
#include "store/user_day.h"

enum { CHATS_AT_ONCE = 200, NAMES_MAX_BYTES = 64 << 10 };

static const char LOCK_ONE_CHAT[] = "SELECT id FROM conversation WHERE id = ? AND user_id = ? FOR UPDATE";

static const char LIST_FILES_OF_CHAT[] = "SELECT hash FROM chat_file WHERE conversation_id = ?";

static const char DELETE_CHAT[] = "DELETE FROM conversation WHERE id = ?";

/* With the user's day locked before, which whoever begins another chat of the user locks first: there will be none. */
static const char LOCK_ALL_CHATS[] =
    "SELECT COUNT(*) FROM conversation WHERE user_id = ? AND ai_experience_id IS NULL FOR UPDATE";

static const char LIST_FILES_OF_ALL_CHATS[] =
    "SELECT DISTINCT f.hash FROM chat c JOIN chat_file f ON f.conversation_id = c.conversation_id WHERE c.user_id = ?";

static const char DELETE_SOME_CHATS[] =
    "DELETE FROM conversation WHERE user_id = ? AND ai_experience_id IS NULL ORDER BY id LIMIT ?";

/* One look at all of a user's names, which an index holds, instead of one for each that is asked for. */
static const char FIND_NAMED_CHATS[] =
    "SELECT conversation_id, name FROM chat WHERE user_id = ? AND FIND_IN_SET(name, ?) > 0 ORDER BY conversation_id";

/* ---- their files ---- */

struct file_rows {
    const char *hash; /* being fetched */
    struct hash_list *list;
};

static enum cq_status take_file(struct cq_ctx *ctx, void *arg)
{
    struct file_rows *rows = arg;

    return hash_list_add(ctx, rows->list, (const uint8_t *)rows->hash);
}

static enum cq_status list_files(struct cq_ctx *ctx, struct db *db, const char *sql, uint64_t id,
                                 struct hash_list *list)
{
    struct file_rows rows = {.list = list};
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out out[] = {OUT_TEXT(rows.hash)};

    return db_query(ctx, db, sql, in, LEN(in), out, LEN(out), take_file, &rows);
}

/* ---- one ---- */

static enum cq_status delete_chat(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                  struct hash_list *dropped)
{
    uint64_t id = 0;
    const struct db_in lock[] = {IN_U64(conversation_id), IN_U64(user_id)};
    const struct db_in conversation[] = {IN_U64(conversation_id)};
    const struct db_out out[] = {OUT_U64(id)};

    enum cq_status st = db_query_one(ctx, db, LOCK_ONE_CHAT, lock, LEN(lock), out, LEN(out));
    if (!st)
        st = list_files(ctx, db, LIST_FILES_OF_CHAT, conversation_id, dropped);
    if (!st)
        st = chat_words_remove(ctx, db, user_id, conversation_id);
    return st ? st : db_execute(ctx, db, DELETE_CHAT, conversation, LEN(conversation), NULL);
}

/* dropped: of a run that may have been committed after all too. */
struct delete_args {
    uint64_t user_id, conversation_id;
    struct hash_list dropped;
};

static enum cq_status delete_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct delete_args *args = arg;

    if (!is_rerun)
        args->dropped.n = 0;
    enum cq_status st = delete_chat(ctx, db, args->user_id, args->conversation_id, &args->dropped);
    return st == CQ_RESOURCE_NOT_FOUND && is_rerun ? CQ_OK : st;
}

enum cq_status store_chat_delete(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                 struct hash_list *dropped)
{
    struct delete_args args = {.user_id = user_id, .conversation_id = conversation_id};

    enum cq_status st = db_tx(ctx, db, delete_tx, &args);
    if (!st)
        *dropped = args.dropped;
    return st;
}

/* ---- all ---- */

/* Some at a time, so that no statement takes longer than is waited for. */
static enum cq_status delete_rows(struct cq_ctx *ctx, struct db *db, uint64_t user_id)
{
    const struct db_in in[] = {IN_U64(user_id), IN_U64(CHATS_AT_ONCE)};
    uint64_t n = CHATS_AT_ONCE;
    enum cq_status st = CQ_OK;

    while (!st && n == CHATS_AT_ONCE)
        st = db_execute(ctx, db, DELETE_SOME_CHATS, in, LEN(in), &n);
    return st;
}

static enum cq_status delete_all_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct delete_args *args = arg;
    uint64_t n = 0;
    const struct db_in user[] = {IN_U64(args->user_id)};
    const struct db_out out[] = {OUT_U64(n)};

    if (!is_rerun)
        args->dropped.n = 0;
    struct user_day day;
    enum cq_status st = user_day_lock(ctx, db, args->user_id, &day);
    if (!st)
        st = db_query_one(ctx, db, LOCK_ALL_CHATS, user, LEN(user), out, LEN(out));
    if (!st && n)
        st = list_files(ctx, db, LIST_FILES_OF_ALL_CHATS, args->user_id, &args->dropped);
    if (!st && n)
        st = chat_words_remove_all(ctx, db, args->user_id);
    return st || !n ? st : delete_rows(ctx, db, args->user_id);
}

enum cq_status store_chat_delete_all(struct cq_ctx *ctx, struct db *db, uint64_t user_id, struct hash_list *dropped)
{
    struct delete_args args = {.user_id = user_id};

    enum cq_status st = db_tx(ctx, db, delete_all_tx, &args);
    if (!st)
        *dropped = args.dropped;
    return st;
}

/* ---- some ---- */

struct named_args {
    uint64_t user_id;
    const char *const *names;
    size_t n;
    const char *list; /* the names, with commas between */
    bool *is_deleted; /* in the order of the names */
    struct hash_list dropped;
};

struct named_rows {
    uint64_t id; /* being fetched */
    const char *name;
    const struct named_args *args;
    uint64_t *ids; /* in the order of their locks */
    size_t *places;
    size_t n;
};

/* How names are compared is not left to a function's idea of a collation. */
static enum cq_status take_named(struct cq_ctx *ctx, void *arg)
{
    struct named_rows *rows = arg;

    (void)ctx;
    for (size_t i = 0; i < rows->args->n; i++)
        if (str_eq(rows->args->names[i], rows->name) && rows->n < rows->args->n) {
            rows->ids[rows->n] = rows->id;
            rows->places[rows->n++] = i;
        }
    return CQ_OK;
}

static enum cq_status find_named(struct cq_ctx *ctx, struct db *db, struct named_rows *rows)
{
    const struct named_args *args = rows->args;
    const struct db_in in[] = {IN_U64(args->user_id), IN_TEXT(args->list)};
    const struct db_out out[] = {OUT_U64(rows->id), OUT_TEXT(rows->name)};

    rows->ids = arena_zalloc(ctx->arena, args->n, sizeof(*rows->ids));
    rows->places = arena_zalloc(ctx->arena, args->n, sizeof(*rows->places));
    if (!rows->ids || !rows->places)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    return db_query(ctx, db, FIND_NAMED_CHATS, in, LEN(in), out, LEN(out), take_named, rows);
}

/* What a run found whose commit was not answered, and is gone now, was deleted by it: that stays noted. */
static enum cq_status delete_named_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct named_args *args = arg;
    struct named_rows rows = {.args = args};

    if (!is_rerun) {
        args->dropped.n = 0;
        memset(args->is_deleted, 0, args->n * sizeof(*args->is_deleted));
    }
    enum cq_status st = find_named(ctx, db, &rows);
    for (size_t i = 0; !st && i < rows.n; i++) {
        st = delete_chat(ctx, db, args->user_id, rows.ids[i], &args->dropped);
        args->is_deleted[rows.places[i]] |= !st;
        st = st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
    }
    return st;
}

static const char *join(struct cq_ctx *ctx, const char *const *names, size_t n)
{
    struct buf *out = buf_in_arena(ctx->arena, NAMES_MAX_BYTES);

    for (size_t i = 0; out && i < n; i++) {
        buf_append(out, ",", i > 0);
        buf_str(out, names[i]);
    }
    return out && !out->failed ? out->data : NULL;
}

enum cq_status store_chat_delete_named(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *const *names,
                                       size_t n, bool *is_deleted, struct hash_list *dropped)
{
    struct named_args args = {
        .user_id = user_id, .names = names, .n = n, .list = join(ctx, names, n), .is_deleted = is_deleted};

    if (!args.list)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = db_tx(ctx, db, delete_named_tx, &args);
    if (!st)
        *dropped = args.dropped;
    return st;
}
