/* Searching chats: what is asked of the database, one thing after the other. */
#include "engine/chat_search.h"

#include <stdlib.h>
#include <string.h>

struct search {
    const struct search_query *query;
    struct search_hit *hits;
    size_t n_hits, max_hits;
    struct chat_found *found;
    size_t n_found;
    const struct search_candidates *candidates; /* by conversation once they are found */
};

static enum cq_status no_memory(struct cq_ctx *ctx)
{
    return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
}

/* ---- words ---- */

static enum cq_status add_hits(struct cq_ctx *ctx, struct search *s, size_t word, size_t lookup,
                               const struct chat_word_list *list)
{
    if (s->n_hits + list->n > s->max_hits) {
        size_t max = 2 * (s->n_hits + list->n);
        struct search_hit *hits = arena_alloc(ctx->arena, max * sizeof(*hits));

        if (!hits)
            return no_memory(ctx);
        if (s->n_hits)
            memcpy(hits, s->hits, s->n_hits * sizeof(*hits));
        s->hits = hits;
        s->max_hits = max;
    }
    for (size_t i = 0; i < list->n; i++)
        s->hits[s->n_hits++] = (struct search_hit){(uint32_t)word, (uint32_t)lookup, list->rows[i]};
    return CQ_OK;
}

/* Of characters by twos that are not all there the rest is not asked for: ranking finds no match of them. */
static enum cq_status look_up(struct cq_ctx *ctx, struct db *db, uint64_t user_id, struct search *s, size_t word)
{
    size_t n = search_lookups(&s->query->words[word]);
    struct chat_word_list list = {.n = 1};
    enum cq_status st = CQ_OK;

    for (size_t i = 0; !st && i < n && list.n; i++) {
        bool is_beginning;
        const char *text = search_lookup(ctx, &s->query->words[word], i, &is_beginning);

        st = text ? store_chat_words(ctx, db, user_id, text, is_beginning, &list) : no_memory(ctx);
        if (!st)
            st = add_hits(ctx, s, word, i, &list);
    }
    return st;
}

/* ---- conversations ---- */

static int by_id(const void *a, const void *b)
{
    const struct search_candidate *x = a, *y = b;

    return (x->conversation_id > y->conversation_id) - (x->conversation_id < y->conversation_id);
}

static const struct search_candidate *candidate_of(const struct search *s, uint64_t id)
{
    const struct search_candidate key = {.conversation_id = id};

    return bsearch(&key, s->candidates->all, s->candidates->n, sizeof(key), by_id);
}

struct ordered {
    struct chat_found_row row;
    uint32_t score;
};

static int by_score(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->row.updated_at_ms != y->row.updated_at_ms)
        return x->row.updated_at_ms > y->row.updated_at_ms ? -1 : 1;
    return (x->row.id < y->row.id) - (x->row.id > y->row.id);
}

/* The best of the rows, in order. */
static enum cq_status take_best(struct cq_ctx *ctx, struct search *s, const struct chat_found_row *rows, size_t n,
                                size_t limit)
{
    struct ordered *all = arena_alloc(ctx->arena, n * sizeof(*all));

    s->n_found = n < limit ? n : limit;
    s->found = arena_zalloc(ctx->arena, s->n_found + 1, sizeof(*s->found));
    if (!all || !s->found)
        return no_memory(ctx);
    for (size_t i = 0; i < n; i++)
        all[i] = (struct ordered){rows[i], candidate_of(s, rows[i].id)->score};
    qsort(all, n, sizeof(*all), by_score);
    for (size_t i = 0; i < s->n_found; i++)
        s->found[i].row = all[i].row;
    return CQ_OK;
}

/* Of those that are as good as the last one within the limit the database says which are later. */
static enum cq_status find_best(struct cq_ctx *ctx, struct db *db, uint64_t user_id, struct search *s,
                                struct search_candidates *candidates, size_t limit)
{
    while (limit < candidates->n && candidates->all[candidates->n - 1].score < candidates->all[limit - 1].score)
        candidates->n--;
    size_t n = candidates->n, n_rows = 0;
    uint64_t *ids = arena_alloc(ctx->arena, n * sizeof(*ids));
    struct chat_found_row *rows = arena_alloc(ctx->arena, n * sizeof(*rows));

    if (!ids || !rows)
        return no_memory(ctx);
    qsort(candidates->all, n, sizeof(*candidates->all), by_id);
    s->candidates = candidates;
    for (size_t i = 0; i < n; i++)
        ids[i] = candidates->all[i].conversation_id;
    enum cq_status st = store_chat_found(ctx, db, user_id, ids, n, rows, &n_rows);

    return st ? st : take_best(ctx, s, rows, n_rows, limit);
}

/* ---- fragments ---- */

struct shown {
    struct search *search;
    struct fragments {
        struct search_fragment best[ENGINE_MAX_FRAGMENTS];
        size_t n;
    } * of; /* each conversation that was found */
};

/* Behind those that are as good; the same words again, as a reply may repeat them, are not shown again. */
static void add_fragment(struct fragments *f, struct search_fragment fragment)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->best[i].html, fragment.html) == 0)
            return;
    size_t i = f->n < LEN(f->best) ? f->n++ : LEN(f->best);

    for (; i > 0 && f->best[i - 1].score < fragment.score; i--)
        if (i < LEN(f->best))
            f->best[i] = f->best[i - 1];
    if (i < LEN(f->best))
        f->best[i] = fragment;
}

static enum cq_status take_text(struct cq_ctx *ctx, void *arg, const struct chat_message_key *key, const char *text)
{
    struct shown *shown = arg;
    const struct search *s = shown->search;
    struct search_fragment fragments[ENGINE_MAX_FRAGMENTS];
    size_t i = 0, n = 0;

    while (i < s->n_found && s->found[i].row.id != key->conversation_id)
        i++;
    if (i == s->n_found)
        return CQ_OK;
    enum cq_status st = search_fragments(ctx, s->query, text, ENGINE_MAX_FRAGMENTS, fragments, &n);

    for (size_t k = 0; !st && k < n; k++)
        add_fragment(&shown->of[i], fragments[k]);
    return st;
}

static enum cq_status show_bodies(struct cq_ctx *ctx, struct db *db, uint64_t user_id, struct search *s)
{
    struct shown shown = {s, arena_zalloc(ctx->arena, s->n_found + 1, sizeof(*shown.of))};
    struct chat_message_key *keys = arena_alloc(ctx->arena, (s->n_found * ENGINE_MAX_FRAGMENTS + 1) * sizeof(*keys));
    size_t n = 0;

    if (!shown.of || !keys)
        return no_memory(ctx);
    for (size_t i = 0; i < s->n_found; i++) {
        const struct search_candidate *c = candidate_of(s, s->found[i].row.id);

        for (size_t k = 0; k < c->n_best; k++)
            keys[n++] = (struct chat_message_key){c->conversation_id, c->best[k].seq};
    }
    enum cq_status st = n ? store_chat_texts(ctx, db, user_id, keys, n, take_text, &shown) : CQ_OK;

    for (size_t i = 0; i < s->n_found; i++)
        for (size_t k = 0; k < shown.of[i].n; k++)
            s->found[i].bodies[s->found[i].n_bodies++] = shown.of[i].best[k].html;
    return st;
}

static enum cq_status show_titles(struct cq_ctx *ctx, struct search *s)
{
    enum cq_status st = CQ_OK;

    for (size_t i = 0; !st && i < s->n_found; i++) {
        struct search_fragment fragment;
        size_t n = 0;

        st = search_fragments(ctx, s->query, s->found[i].row.title, 1, &fragment, &n);
        if (n)
            s->found[i].title = fragment.html;
    }
    return st;
}

/* What changed meanwhile, and does not hold the words any more, is not found. */
static void keep_shown(const struct search *s, struct chat_found_list *out)
{
    *out = (struct chat_found_list){.all = s->found};
    for (size_t i = 0; i < s->n_found; i++)
        if (s->found[i].title || s->found[i].n_bodies)
            out->all[out->n++] = s->found[i];
}

enum cq_status engine_chat_search(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *query, size_t len,
                                  size_t limit, struct chat_found_list *out)
{
    struct search_query words;
    struct search s = {.query = &words};
    struct search_candidates candidates = {0};
    enum cq_status st = search_query_read(ctx, query, len, &words);

    for (size_t i = 0; !st && i < words.n; i++)
        st = look_up(ctx, db, user_id, &s, i);
    if (!st && s.n_hits)
        st = search_rank(ctx, &words, s.hits, s.n_hits, &candidates);
    if (!st && candidates.n)
        st = find_best(ctx, db, user_id, &s, &candidates, limit);
    if (!st)
        st = show_titles(ctx, &s);
    if (!st)
        st = show_bodies(ctx, db, user_id, &s);
    if (!st)
        keep_shown(&s, out);
    return st;
}
