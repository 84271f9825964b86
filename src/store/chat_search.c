/* Finding chats by their words. */
#include "store/db.h"

/* Bytes that no word has: behind all words that begin with what is before them. */
#define BEHIND "\xFF"

static const char SELECT_WORDS[] =
    "SELECT conversation_id, part, word = ?, places FROM chat_word WHERE user_id = ? AND word BETWEEN ? AND ?";

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
