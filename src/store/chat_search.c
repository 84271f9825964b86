/* Finding chats by their words. */
#include "store/db.h"

/* Bytes that no word has: behind all words that begin with what is before them. */
#define BEHIND "\xFF"

static const char SELECT_WORDS[] =
    "SELECT conversation_id, part, word = ?, places FROM chat_word WHERE user_id = ? AND word BETWEEN ? AND ?";

/* The keys are looked up one by one, whatever the optimizer takes them for. */
static const char SELECT_FOUND[] =
    "SELECT STRAIGHT_JOIN c.conversation_id, c.name, c.title, b.name, c.created_at, c.updated_at"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) k"
    " JOIN chat c ON c.conversation_id = k.id AND c.user_id = ? LEFT JOIN bot b ON b.id = c.bot_id";

static const char SELECT_TEXTS[] =
    "SELECT STRAIGHT_JOIN m.conversation_id, m.seq, m.text"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$[0]', seq INT UNSIGNED PATH '$[1]')) k"
    " JOIN chat c ON c.conversation_id = k.id AND c.user_id = ?"
    " JOIN message m ON m.conversation_id = k.id AND m.seq = k.seq";

enum { KEY_BYTES = 48, TEXT_BLOCK_BYTES = 64 << 10, TEXT_MAX_BYTES = 64 << 20 };

/* ---- words ---- */

struct words_args {
    struct chat_word_row row;
    struct chat_word_list *out;
    size_t max;
};

static enum cq_status take_word(struct cq_ctx *ctx, void *arg)
{
    struct words_args *a = arg;
    struct chat_word_list *out = a->out;

    if (out->n == a->max) {
        size_t max = a->max ? 2 * a->max : 64;
        struct chat_word_row *rows = arena_alloc(ctx->arena, max * sizeof(*rows));

        if (!rows)
            return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
        if (out->n)
            memcpy(rows, out->rows, out->n * sizeof(*rows));
        out->rows = rows;
        a->max = max;
    }
    out->rows[out->n++] = a->row;
    return CQ_OK;
}

enum cq_status store_chat_words(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *word,
                                bool is_beginning, struct chat_word_list *out)
{
    struct chat_word_list list = {0};
    struct words_args a = {.out = &list};
    const char *last = arena_printf(ctx->arena, "%s%s", word, is_beginning ? BEHIND : "");

    if (!last)
        return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
    const struct db_in in[] = {IN_BYTES(word, strlen(word)), IN_U64(user_id), IN_BYTES(word, strlen(word)),
                               IN_BYTES(last, strlen(last))};
    const struct db_out to[] = {OUT_U64(a.row.conversation_id), OUT_U32(a.row.part), OUT_BOOL(a.row.is_equal),
                                OUT_TEXT(a.row.places)};
    enum cq_status st = db_query(ctx, db, SELECT_WORDS, in, LEN(in), to, LEN(to), take_word, &a);

    if (!st)
        *out = list;
    return st;
}

/* ---- what was found ---- */

struct found_args {
    struct chat_found_row row, *rows;
    size_t n, max;
};

static enum cq_status take_found(struct cq_ctx *ctx, void *arg)
{
    struct found_args *a = arg;

    if (a->n == a->max)
        return cq_fail(ctx, CQ_INTERNAL, "a search: more chats than were asked for");
    a->rows[a->n++] = a->row;
    return CQ_OK;
}

enum cq_status store_chat_found(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const uint64_t *ids, size_t n,
                                struct chat_found_row *rows, size_t *n_rows)
{
    struct found_args a = {.rows = rows, .max = n};
    struct buf *json = buf_in_arena(ctx->arena, n * KEY_BYTES + 8);
    struct json_out writer;

    if (!json)
        return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
    json_out_init(&writer, json);
    json_open_array(&writer);
    for (size_t i = 0; i < n; i++)
        json_u64(&writer, ids[i]);
    json_close_array(&writer);
    const struct db_in in[] = {IN_TEXT(json->data), IN_U64(user_id)};
    const struct db_out out[] = {
        OUT_U64(a.row.id),        OUT_TEXT(a.row.name),          OUT_TEXT(a.row.title),
        OUT_TEXT(a.row.bot_name), OUT_TIME(a.row.created_at_ms), OUT_TIME(a.row.updated_at_ms)};
    enum cq_status st = db_query(ctx, db, SELECT_FOUND, in, LEN(in), out, LEN(out), take_found, &a);

    *n_rows = a.n;
    return st;
}

struct texts_args {
    struct chat_message_key key;
    const char *text;
    struct arena *arena; /* the caller's */
    chat_text_fn *fn;
    void *arg;
};

static enum cq_status take_text(struct cq_ctx *ctx, void *arg)
{
    struct texts_args *a = arg;
    struct arena *arena = ctx->arena;

    ctx->arena = a->arena;
    enum cq_status st = a->fn(ctx, a->arg, &a->key, a->text);

    ctx->arena = arena;
    arena_reset(arena);
    return st;
}

static enum cq_status query_texts(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *json,
                                  struct texts_args *a)
{
    const struct db_in in[] = {IN_TEXT(json), IN_U64(user_id)};
    const struct db_out out[] = {OUT_U64(a->key.conversation_id), OUT_U32(a->key.seq), OUT_TEXT(a->text)};

    ctx->arena = arena_create(TEXT_BLOCK_BYTES, TEXT_MAX_BYTES); /* of one text */
    enum cq_status st = ctx->arena ? db_query(ctx, db, SELECT_TEXTS, in, LEN(in), out, LEN(out), take_text, a)
                                   : cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");

    arena_destroy(ctx->arena);
    ctx->arena = a->arena;
    return st;
}

enum cq_status store_chat_texts(struct cq_ctx *ctx, struct db *db, uint64_t user_id,
                                const struct chat_message_key *keys, size_t n, chat_text_fn *fn, void *arg)
{
    struct texts_args a = {.arena = ctx->arena, .fn = fn, .arg = arg};
    struct buf *json = buf_in_arena(ctx->arena, n * KEY_BYTES + 8);
    struct json_out writer;

    if (!json)
        return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
    json_out_init(&writer, json);
    json_open_array(&writer);
    for (size_t i = 0; i < n; i++) {
        json_open_array(&writer);
        json_u64(&writer, keys[i].conversation_id);
        json_u64(&writer, keys[i].seq);
        json_close_array(&writer);
    }
    json_close_array(&writer);
    return query_texts(ctx, db, user_id, json->data, &a);
}
