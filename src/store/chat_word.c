/*
 * The words of chats, by which they are found.
 *
 * The places of a word are text, a piece for each message: "~", the message's number, ":", and where the word stands in it, each
 * place as its distance from the one before, the first from -1, in digits of five bits from '0' on, the lowest first; all but the last
 * of a number are 32 more. A piece is added behind the others, or taken out, without reading the row.
 */
#include "store/chat_word.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    MESSAGES_OF_PART = 64,
    DIGIT_BITS = 5,
    MORE = 1 << DIGIT_BITS,
    FIRST_DIGIT = '0',
    BLOCK_BYTES = 16 << 10,
    SCRATCH_MAX_BYTES = 32 << 20,
    JSON_BYTES = 16 << 20,
    MARK_BYTES = 16,
};

static const char ADD_WORDS[] =
    "INSERT INTO chat_word (user_id, word, conversation_id, part, places) SELECT ?, t.word, ?, ?, CONCAT(?, t.places)"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (word VARCHAR(64) PATH '$[0]', places MEDIUMTEXT PATH '$[1]')) t"
    " ON DUPLICATE KEY UPDATE"
    " places = IF(LOCATE(?, chat_word.places), chat_word.places, CONCAT(chat_word.places, VALUES(places)))";

static const char CUT_WORDS[] = "UPDATE chat_word SET places = REGEXP_REPLACE(places, ?, '')"
                                " WHERE conversation_id = ? AND part = ? AND LOCATE(?, places)";

static const char DELETE_CUT_WORDS[] = "DELETE FROM chat_word WHERE conversation_id = ? AND part = ? AND places = ''";

static const char DELETE_WORDS_OF_CHAT[] = "DELETE FROM chat_word WHERE conversation_id = ? AND user_id = ?";

static const char DELETE_WORDS_OF_USER[] = "DELETE FROM chat_word WHERE user_id = ?";

static uint32_t part_of(uint32_t seq)
{
    return seq ? (seq - 1) / MESSAGES_OF_PART + 1 : 0;
}

/* ---- places ---- */

static void write_distance(struct buf *out, uint32_t distance)
{
    for (; distance >= MORE; distance >>= DIGIT_BITS)
        buf_char(out, (char)(FIRST_DIGIT + (distance % MORE) + MORE));
    buf_char(out, (char)(FIRST_DIGIT + distance));
}

bool chat_place_next(struct chat_place *place)
{
    uint32_t distance = 0;

    while (*place->at == '~') {
        char *end;

        place->seq = (uint32_t)strtoul(place->at + 1, &end, 10);
        place->place = UINT32_MAX;
        place->at = end + (*end == ':');
    }
    for (unsigned shift = 0; *place->at && shift < 32; shift += DIGIT_BITS) {
        uint32_t digit = (uint32_t)(*place->at++ - FIRST_DIGIT);

        distance |= digit % MORE << shift;
        if (digit < MORE) {
            place->place += distance;
            return true;
        }
    }
    return false;
}

/* ---- the words of a text ---- */

struct occurrence {
    const char *word;
    uint32_t place;
};

struct occurrences {
    struct occurrence *all;
    size_t n, max;
};

static enum cq_status too_many(struct cq_ctx *ctx)
{
    return cq_fail(ctx, CQ_INTERNAL, "the words of a text are more than memory holds");
}

/* A word of the two together. */
static enum cq_status note(struct cq_ctx *ctx, struct occurrences *o, const char *first, const char *second,
                           uint32_t place)
{
    if (o->n == o->max) {
        size_t max = o->max ? 2 * o->max : 256;
        struct occurrence *all = arena_alloc(ctx->arena, max * sizeof(*all));

        if (!all)
            return too_many(ctx);
        if (o->n)
            memcpy(all, o->all, o->n * sizeof(*all));
        o->all = all;
        o->max = max;
    }
    size_t len = strlen(first), more = strlen(second);
    char *word = arena_alloc(ctx->arena, len + more + 1);

    if (!word)
        return too_many(ctx);
    memcpy(word, first, len);
    memcpy(word + len, second, more + 1);
    o->all[o->n++] = (struct occurrence){word, place};
    return CQ_OK;
}

static enum cq_status find_words(struct cq_ctx *ctx, const char *text, struct occurrences *out)
{
    const char *end = text + strlen(text);
    struct term term = {0}, next = {0};
    bool has_next = term_next(&text, end, &next);
    enum cq_status st = CQ_OK;

    for (uint32_t place = 0; !st && has_next && place < CHAT_MAX_WORDS; place++) {
        term = next;
        has_next = term_next(&text, end, &next);
        st = note(ctx, out, term.folded, has_next && next.is_joined ? next.folded : "", place);
    }
    return st;
}

static int by_word(const void *a, const void *b)
{
    const struct occurrence *x = a, *y = b;
    int order = strcmp(x->word, y->word);

    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The words that come first at this place or behind it are too many; the occurrences are in the order of words. */
static enum cq_status find_limit(struct cq_ctx *ctx, const struct occurrences *o, uint32_t *limit)
{
    uint32_t *firsts = arena_alloc(ctx->arena, (o->n + 1) * sizeof(*firsts));
    size_t n = 0;

    if (!firsts)
        return too_many(ctx);
    for (size_t i = 0; i < o->n; i++)
        if (!i || strcmp(o->all[i].word, o->all[i - 1].word) != 0)
            firsts[n++] = o->all[i].place;
    *limit = UINT32_MAX;
    if (n > CHAT_MAX_DISTINCT_WORDS) {
        qsort(firsts, n, sizeof(*firsts), by_number);
        *limit = firsts[CHAT_MAX_DISTINCT_WORDS];
    }
    return CQ_OK;
}

/* [[word, places]…], in the order of words, which is that of the key. places: room for those of one word. */
static void write_words(struct json_out *out, const struct occurrences *o, uint32_t limit, struct buf *places)
{
    json_open_array(out);
    for (size_t i = 0, end; i < o->n; i = end) {
        uint32_t before = UINT32_MAX;

        buf_clear(places);
        for (end = i; end < o->n && strcmp(o->all[end].word, o->all[i].word) == 0; end++) {
            write_distance(places, o->all[end].place - before);
            before = o->all[end].place;
        }
        if (o->all[i].place >= limit)
            continue;
        json_open_array(out);
        json_text(out, o->all[i].word);
        json_text_n(out, places->data, places->len);
        json_close_array(out);
    }
    json_close_array(out);
}

/* NULL and CQ_OK: the text has no words. */
static enum cq_status words_json(struct cq_ctx *ctx, const char *text, const char **out)
{
    struct occurrences o = {0};
    struct buf *json = buf_in_arena(ctx->arena, JSON_BYTES), *places = buf_in_arena(ctx->arena, JSON_BYTES);
    struct json_out writer;
    uint32_t limit = 0;
    enum cq_status st = json && places ? find_words(ctx, text, &o) : too_many(ctx);

    *out = NULL;
    if (st || !o.n)
        return st;
    qsort(o.all, o.n, sizeof(*o.all), by_word);
    st = find_limit(ctx, &o, &limit);
    if (st)
        return st;
    json_out_init(&writer, json);
    write_words(&writer, &o, limit, places);
    *out = json->data;
    return json->failed || places->failed ? too_many(ctx) : CQ_OK;
}

/* ---- writing ---- */

static enum cq_status add_words(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                uint32_t seq, const char *text)
{
    const char *json;
    char mark[MARK_BYTES];
    enum cq_status st = words_json(ctx, text, &json);

    if (st || !json)
        return st;
    snprintf(mark, sizeof(mark), "~%u:", seq);
    const struct db_in in[] = {IN_U64(user_id), IN_U64(conversation_id), IN_U64(part_of(seq)),
                               IN_TEXT(mark),   IN_TEXT(json),           IN_TEXT(mark)};

    return db_execute(ctx, db, ADD_WORDS, in, LEN(in), NULL);
}

enum cq_status chat_words_add(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                              uint32_t seq, const char *text)
{
    struct arena *arena = ctx->arena;

    ctx->arena =
        arena_create(BLOCK_BYTES, SCRATCH_MAX_BYTES); /* nothing of a text is kept that its request may hold on to */
    enum cq_status st = ctx->arena ? add_words(ctx, db, user_id, conversation_id, seq, text)
                                   : cq_fail(ctx, CQ_INTERNAL, "out of memory");
    arena_destroy(ctx->arena);
    ctx->arena = arena;
    return st;
}

static enum cq_status cut_words(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t seq)
{
    char mark[MARK_BYTES], piece[2 * MARK_BYTES];
    const uint32_t part = part_of(seq);

    snprintf(mark, sizeof(mark), "~%u:", seq);
    snprintf(piece, sizeof(piece), "%s[^~]*", mark);
    const struct db_in cut[] = {IN_TEXT(piece), IN_U64(conversation_id), IN_U64(part), IN_TEXT(mark)};
    const struct db_in empty[] = {IN_U64(conversation_id), IN_U64(part)};
    enum cq_status st = db_execute(ctx, db, CUT_WORDS, cut, LEN(cut), NULL);

    if (!st)
        st = db_execute(ctx, db, DELETE_CUT_WORDS, empty, LEN(empty), NULL);
    return st;
}

enum cq_status chat_words_replace(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                  uint32_t seq, const char *from, const char *to)
{
    enum cq_status st = CQ_OK;

    if (strcmp(from, to) == 0)
        return CQ_OK;
    st = cut_words(ctx, db, conversation_id, seq);
    if (!st)
        st = chat_words_add(ctx, db, user_id, conversation_id, seq, to);
    return st;
}

enum cq_status chat_words_remove(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id)
{
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(user_id)};

    return db_execute(ctx, db, DELETE_WORDS_OF_CHAT, in, LEN(in), NULL);
}

enum cq_status chat_words_remove_all(struct cq_ctx *ctx, struct db *db, uint64_t user_id)
{
    const struct db_in in[] = {IN_U64(user_id)};

    return db_execute(ctx, db, DELETE_WORDS_OF_USER, in, LEN(in), NULL);
}
