/* Lists of bots, and what only those see who edit one. */
#include "store/bot.h"
#include "store/like.h"

enum { SEARCH_WORDS = 5, SEARCHED_MAX_CHARS = 601 }; /* of a title and a description, with the space between them */

/* ---- items ---- */

#define ITEM_COLUMNS                                                                                                   \
    "b.id, b.name, b.owner_id, b.is_live, b.title, b.description, b.scope, b.created_at, b.is_live = 1 AND " USABLE    \
    ", w.is_starred, " LAST_USED ", (SELECT COUNT(*) FROM document d WHERE d.bot_id = b.id), " SYNC
#define USABLE    BOT_IS_USABLE("u.id", "u.is_admin")
#define LAST_USED "COALESCE(w.used_at, b.created_at)"

/* As enum bot_sync has them: what is under way is told before what has failed. */
#define SYNC "(SELECT MAX(FIELD(d.state, 'failed', 'queued', 'running')) FROM document d WHERE d.bot_id = b.id)"

/* A bot that the user has nothing to do with yet has no row of bot_use. */
#define SELECT_ITEMS       "SELECT " ITEM_COLUMNS " FROM user u JOIN "
#define BOTS_WHERE(bots)   SELECT_ITEMS "bot b ON b.is_live = 1 AND " bots " LEFT JOIN " USE " WHERE u.id = ?"
#define USES_WHERE(uses)   SELECT_ITEMS USE_OF_USER " AND " uses " JOIN bot b ON b.id = w.bot_id WHERE u.id = ?"
#define USE                "bot_use w ON w.user_id = u.id AND w.bot_id = b.id"
#define USE_OF_USER        "bot_use w ON w.user_id = u.id"
#define LATEST_FIRST       " ORDER BY " LAST_USED " DESC, b.id DESC LIMIT ?"
#define TURNS_OF_ALL_USERS "(SELECT SUM(t.turns) FROM bot_use t WHERE t.bot_id = b.id)"

static const char SELECT_ITEM[] = BOTS_WHERE("b.id = ?");
static const char LIST_OWN[] = BOTS_WHERE("b.owner_id = u.id") LATEST_FIRST;
static const char LIST_OWN_STARRED[] = BOTS_WHERE("b.owner_id = u.id") " AND w.is_starred = 1" LATEST_FIRST;
static const char LIST_STARRED[] = USES_WHERE("w.is_starred = 1") LATEST_FIRST;
static const char LIST_RECENT[] = USES_WHERE("w.is_recent = 1") LATEST_FIRST;
static const char LIST_POPULAR[] =
    BOTS_WHERE("b.scope IN ('partial', 'all')") " AND " USABLE " ORDER BY " TURNS_OF_ALL_USERS
                                                " DESC, b.id DESC LIMIT ?";

#define HAS_WORD(text) text " COLLATE utf8mb4_unicode_520_ci LIKE ? ESCAPE '|'"
#define HAS_WORDS(text)                                                                                                \
    HAS_WORD(text) " AND " HAS_WORD(text) " AND " HAS_WORD(text) " AND " HAS_WORD(text) " AND " HAS_WORD(text)

static const char SEARCH_BOTS[] = BOTS_WHERE("TRUE") " AND " USABLE " AND " HAS_WORDS(
    "CONCAT(b.title, ' ', b.description)") " ORDER BY " HAS_WORDS("b.title") " DESC, b.id DESC LIMIT ?";

#define ITEM_OUT(i)                                                                                                    \
    OUT_U64((i).bot.id), OUT_TEXT((i).bot.name), OUT_U64((i).bot.owner_id), OUT_BOOL((i).bot.is_live),                 \
        OUT_TEXT((i).bot.title), OUT_TEXT((i).bot.description), OUT_TEXT((i).bot.scope),                               \
        OUT_TIME((i).bot.created_at_ms), OUT_BOOL((i).bot.is_usable), OUT_BOOL((i).is_starred),                        \
        OUT_TIME((i).used_at_ms), OUT_U64((i).n_documents)

struct item_rows {
    struct bot_item row; /* being fetched */
    uint32_t sync;
    struct bot_list list;
};

/* Room for one more behind n, which were made by this: twice as much whenever they have filled what there is. */
static void *room_for_one(struct cq_ctx *ctx, void *items, size_t n, size_t size)
{
    if (n & (n - 1) || (n && n < 8))
        return items;
    void *more = arena_zalloc(ctx->arena, n ? 2 * n : 8, size);

    if (more && n)
        memcpy(more, items, n * size);
    return more;
}

static enum cq_status take_item(struct cq_ctx *ctx, void *arg)
{
    struct item_rows *rows = arg;
    struct bot_item *items = room_for_one(ctx, rows->list.rows, rows->list.n, sizeof(*items));

    if (!items)
        return cq_fail(ctx, CQ_INTERNAL, "a list of bots is larger than the request's memory");
    rows->list.rows = items;
    rows->row.sync = (enum bot_sync)rows->sync;
    items[rows->list.n++] = rows->row;
    return CQ_OK;
}

static enum cq_status list_items(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in,
                                 size_t n_in, struct bot_list *list)
{
    struct item_rows rows = {0};
    const struct db_out out[] = {ITEM_OUT(rows.row), OUT_U32(rows.sync)};

    enum cq_status st = db_query(ctx, db, sql, in, n_in, out, LEN(out), take_item, &rows);
    if (!st)
        *list = rows.list;
    return st;
}

enum cq_status store_bot_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, enum bot_list_kind kind,
                              uint64_t limit, struct bot_list *out)
{
    static const char *const statements[] = {[BOTS_OWN] = LIST_OWN,
                                             [BOTS_OWN_STARRED] = LIST_OWN_STARRED,
                                             [BOTS_STARRED] = LIST_STARRED,
                                             [BOTS_RECENT] = LIST_RECENT,
                                             [BOTS_POPULAR] = LIST_POPULAR};
    const struct db_in in[] = {IN_U64(user_id), IN_U64(limit)};

    return list_items(ctx, db, statements[kind], in, LEN(in), out);
}

enum cq_status store_bot_item(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id, struct bot_item *out)
{
    struct bot_list list = {0};
    const struct db_in in[] = {IN_U64(id), IN_U64(user_id)};

    enum cq_status st = list_items(ctx, db, SELECT_ITEM, in, LEN(in), &list);
    if (st || !list.n)
        return st ? st : CQ_BOT_NOT_FOUND;
    *out = list.rows[0];
    return CQ_OK;
}

/* ---- searching ---- */

/* The next of at most SEARCH_WORDS words, the last of which is all that is left; *query moves behind it. */
static size_t next_word(const char **query, size_t *len, size_t i, const char **word)
{
    size_t n = 0, bytes;

    utf8_trim(query, len);
    *word = *query;
    while (n < *len && (i + 1 == SEARCH_WORDS || !utf8_blank(*query + n, utf8_next(*query + n, *len - n)))) {
        bytes = utf8_next(*query + n, *len - n);
        n += bytes ? bytes : 1;
    }
    *query += n;
    *len -= n;
    return n;
}

enum cq_status store_bot_search(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *query, uint64_t limit,
                                struct bot_list *out)
{
    struct db_in in[2 + 2 * SEARCH_WORDS] = {IN_U64(user_id)};
    size_t len = strlen(query);

    for (size_t i = 0; i < SEARCH_WORDS; i++) {
        const char *word, *pattern;
        size_t n = next_word(&query, &len, i, &word);

        pattern = like_containing(ctx, word, n, SEARCHED_MAX_CHARS);
        if (!pattern)
            return cq_fail(ctx, CQ_INTERNAL, "out of memory");
        in[1 + i] = in[1 + SEARCH_WORDS + i] = IN_TEXT(pattern);
    }
    in[LEN(in) - 1] = IN_U64(limit);
    return list_items(ctx, db, SEARCH_BOTS, in, LEN(in), out);
}

/* ---- details ---- */

/* One statement for all: what a row is about, its first column says. */
enum about { ABOUT_USE = 1, ABOUT_USER, ABOUT_COURSE, ABOUT_DOCUMENT };

static const char SELECT_DETAILS[] =
    "SELECT 1 AS about, 0 AS id, MAX(w.used_at) AS at, '', 0, '' FROM bot_use w WHERE w.bot_id = ?"
    " UNION ALL SELECT 2, s.user_id, NULL, '', 0, '' FROM bot_user s WHERE s.bot_id = ?"
    " UNION ALL SELECT 3, c.course_id, NULL, '', 0, '' FROM bot_course c WHERE c.bot_id = ?"
    " UNION ALL SELECT 4, d.id, d.created_at, d.filename, FIELD(d.state, 'running', 'succeeded', 'failed'), d.failure"
    " FROM document d WHERE d.bot_id = ? ORDER BY about, at, id";

struct detail_rows {
    uint32_t about, state; /* being fetched, as the next three */
    uint64_t id;
    int64_t at_ms;
    struct bot_document document;
    struct bot_details details;
};

static bool add_id(struct cq_ctx *ctx, uint64_t **ids, size_t *n, uint64_t id)
{
    uint64_t *more = room_for_one(ctx, *ids, *n, sizeof(*more));

    if (more) {
        *ids = more;
        more[(*n)++] = id;
    }
    return more != NULL;
}

static bool add_document(struct cq_ctx *ctx, struct bot_details *d, const struct bot_document *document)
{
    struct bot_document *more = room_for_one(ctx, d->documents, d->n_documents, sizeof(*more));

    if (more) {
        d->documents = more;
        more[d->n_documents++] = *document;
    }
    return more != NULL;
}

static enum cq_status take_detail(struct cq_ctx *ctx, void *arg)
{
    struct detail_rows *rows = arg;
    struct bot_details *d = &rows->details;
    bool is_taken = true;

    switch ((enum about)rows->about) {
    case ABOUT_USE:
        d->used_at_ms = rows->at_ms;
        break;
    case ABOUT_USER:
        is_taken = add_id(ctx, &d->user_ids, &d->n_users, rows->id);
        break;
    case ABOUT_COURSE:
        is_taken = add_id(ctx, &d->course_ids, &d->n_courses, rows->id);
        break;
    case ABOUT_DOCUMENT:
        rows->document.state = (enum document_state)rows->state;
        is_taken = add_document(ctx, d, &rows->document);
        break;
    }
    return is_taken ? CQ_OK : cq_fail(ctx, CQ_INTERNAL, "a bot is larger than the request's memory");
}

enum cq_status store_bot_details(struct cq_ctx *ctx, struct db *db, uint64_t id, struct bot_details *out)
{
    struct detail_rows rows = {0};
    const struct db_in in[] = {IN_U64(id), IN_U64(id), IN_U64(id), IN_U64(id)};
    const struct db_out cols[] = {OUT_U32(rows.about),  OUT_U64(rows.id),
                                  OUT_TIME(rows.at_ms), OUT_TEXT(rows.document.filename),
                                  OUT_U32(rows.state),  OUT_TEXT(rows.document.failure)};

    enum cq_status st = db_query(ctx, db, SELECT_DETAILS, in, LEN(in), cols, LEN(cols), take_detail, &rows);
    if (!st)
        *out = rows.details;
    return st;
}
