/*
 * How good what was found is: 3 for a word in the title and 2 for one in the messages, half if it is only a beginning; and 3 and 5 more
 * if all words stand there as they were asked for. What comes again adds less than any of these, however often it does.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/chat_search.h"

enum { TITLE = 3000, BODY = 2000, PHRASE_IN_TITLE = 3000, PHRASE_IN_BODY = 5000 };

/* The most that repetitions add, and how many of them add half of it. */
enum { REPEATED = 400, HALF_REPEATED = 10 };

/* More than the texts of 64 messages bring, but for those that are one word again and again. */
enum { MAX_MATCHES_OF_PART = 500000 };

/* ---- one field ---- */

static uint32_t graded(uint32_t weight, enum search_grade grade)
{
    return weight * (uint32_t)grade / SEARCH_EQUAL;
}

static uint32_t repeated(size_t times)
{
    return (uint32_t)(REPEATED * times / (times + HALF_REPEATED));
}

uint32_t search_field_score(const struct search_query *query, const struct search_field *field, uint32_t weight,
                            uint32_t phrase)
{
    uint32_t score = graded(phrase, field->phrase);

    for (size_t i = 0; i < query->n; i++)
        score += graded(weight, (enum search_grade)field->grades[i]);
    return score;
}

static size_t count_words(const struct search_query *query, const struct search_field *field)
{
    size_t n = 0;

    for (size_t i = 0; i < query->n; i++)
        n += field->grades[i] != SEARCH_NONE;
    return n;
}

static void raise_grade(unsigned char *grade, enum search_grade to)
{
    if (*grade < to)
        *grade = (unsigned char)to;
}

/* What is in one message is in its conversation. */
static void add_field(const struct search_query *query, struct search_field *to, const struct search_field *from)
{
    for (size_t i = 0; i < query->n; i++)
        raise_grade(&to->grades[i], (enum search_grade)from->grades[i]);
    if (from->phrase > to->phrase)
        to->phrase = from->phrase;
    to->n_hits += from->n_hits;
}

static void clear_field(const struct search_query *query, struct search_field *field)
{
    memset(field->grades, SEARCH_NONE, query->n);
    field->phrase = SEARCH_NONE;
    field->n_hits = 0;
}

/* ---- words one after the other ---- */

/* The match of a word at the place, from match i on; n: none. */
static size_t find_match(const struct search_match *matches, size_t n, size_t i, const struct search_match *first,
                         uint32_t place, size_t word)
{
    for (; i < n && matches[i].seq == first->seq && matches[i].place <= place; i++)
        if (matches[i].place == place && matches[i].word == word)
            return i;
    return n;
}

enum search_grade search_phrase_at(const struct search_query *query, const struct search_match *matches, size_t n,
                                   size_t i)
{
    const struct search_match *first = &matches[i];
    enum search_grade grade = first->grade;
    uint32_t place = first->place;

    if (query->n_order < 2 || first->word != query->order[0])
        return SEARCH_NONE;
    for (size_t k = 0; k + 1 < query->n_order; k++) {
        place += (uint32_t)query->words[query->order[k]].n_terms;
        i = find_match(matches, n, i, first, place, query->order[k + 1]);
        if (i == n)
            return SEARCH_NONE;
        if (matches[i].grade < grade)
            grade = matches[i].grade;
    }
    return grade;
}

/* The best there is among the matches of one message. */
static enum search_grade best_phrase(const struct search_query *query, const struct search_match *matches, size_t n)
{
    enum search_grade best = SEARCH_NONE;

    for (size_t i = 0; i < n && best < SEARCH_EQUAL; i++) {
        enum search_grade grade = search_phrase_at(query, matches, n, i);

        if (grade > best)
            best = grade;
    }
    return best;
}

/* ---- matches of one part of a conversation ---- */

struct ranking {
    const struct search_query *query;
    struct search_match *matches; /* of one part */
    size_t n_matches, max_matches;
    struct chat_place *others; /* room for match_run() */
    struct search_field title, body, message;
    struct search_candidate candidate;
};

static bool is_before(const struct chat_place *a, const struct chat_place *b, uint32_t shift)
{
    return a->seq < b->seq || (a->seq == b->seq && a->place < b->place + shift);
}

static void add_match(struct ranking *r, uint32_t word, enum search_grade grade, const struct chat_place *at)
{
    if (r->n_matches < r->max_matches)
        r->matches[r->n_matches++] =
            (struct search_match){.word = word, .grade = grade, .seq = at->seq, .place = at->place};
}

/* A word that is looked up once: wherever it is, it is found. */
static void match_word(struct ranking *r, const struct search_hit *hit)
{
    bool is_equal = hit->row.is_equal || r->query->words[hit->word].is_unspaced;
    struct chat_place at = {.at = hit->row.places};

    while (chat_place_next(&at))
        add_match(r, hit->word, is_equal ? SEARCH_EQUAL : SEARCH_BEGINNING, &at);
}

/* Characters by twos: there, if each two stand one place behind the two before. others: the place of each. */
static void match_run(struct ranking *r, const struct search_hit *hits, size_t n, struct chat_place *others)
{
    struct chat_place first = {.at = hits[0].row.places};
    bool is_left = true;

    for (size_t k = 1; k < n; k++) {
        others[k] = (struct chat_place){.at = hits[k].row.places};
        is_left = is_left && chat_place_next(&others[k]);
    }
    while (is_left && chat_place_next(&first)) {
        bool is_there = true;

        for (uint32_t k = 1; k < n && is_there; k++) {
            while (is_left && is_before(&others[k], &first, k))
                is_left = chat_place_next(&others[k]);
            is_there = is_left && others[k].seq == first.seq && others[k].place == first.place + k;
        }
        if (is_there)
            add_match(r, hits[0].word, SEARCH_EQUAL, &first);
    }
}

/* The hits of one part of a conversation, by words and lookups. */
static void match_part(struct ranking *r, const struct search_hit *hits, size_t n)
{
    r->n_matches = 0;
    for (size_t i = 0, next; i < n; i = next) {
        size_t n_lookups = search_lookups(&r->query->words[hits[i].word]);

        for (next = i + 1; next < n && hits[next].word == hits[i].word; next++)
            ;
        for (size_t k = i; n_lookups == 1 && k < next; k++)
            match_word(r, &hits[k]);
        if (n_lookups > 1 && next - i == n_lookups)
            match_run(r, hits + i, n_lookups, r->others);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct search_match *x = a, *y = b;

    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* What one word brought is in order already. */
static void sort_matches(struct ranking *r)
{
    for (size_t i = 1; i < r->n_matches; i++) {
        if (by_place(&r->matches[i - 1], &r->matches[i]) > 0) {
            qsort(r->matches, r->n_matches, sizeof(*r->matches), by_place);
            return;
        }
    }
}

/* ---- conversations ---- */

/* Note the message among the best, the earlier one first of those that are as good. */
static void note_message(struct search_candidate *c, uint32_t seq, uint32_t score)
{
    size_t i = c->n_best < LEN(c->best) ? c->n_best++ : LEN(c->best);

    for (; i > 0 && c->best[i - 1].score < score; i--)
        if (i < LEN(c->best))
            c->best[i] = c->best[i - 1];
    if (i < LEN(c->best)) {
        c->best[i].seq = seq;
        c->best[i].score = score;
    }
}

static void rank_message(struct ranking *r, const struct search_match *matches, size_t n)
{
    struct search_field *field = &r->message;

    clear_field(r->query, field);
    for (size_t i = 0; i < n; i++)
        raise_grade(&field->grades[matches[i].word], matches[i].grade);
    field->n_hits = n;
    if (count_words(r->query, field) == r->query->n)
        field->phrase = best_phrase(r->query, matches, n);
    if (!matches->seq) {
        add_field(r->query, &r->title, field);
        return;
    }
    add_field(r->query, &r->body, field);
    note_message(&r->candidate, matches->seq,
                 search_field_score(r->query, field, BODY, PHRASE_IN_BODY) +
                     repeated(n - count_words(r->query, field)));
}

static void rank_part(struct ranking *r, const struct search_hit *hits, size_t n)
{
    match_part(r, hits, n);
    sort_matches(r);
    for (size_t i = 0, next; i < r->n_matches; i = next) {
        for (next = i + 1; next < r->n_matches && r->matches[next].seq == r->matches[i].seq; next++)
            ;
        rank_message(r, r->matches + i, next - i);
    }
}

/* The hits of one conversation, by parts. */
static void rank_conversation(struct ranking *r, const struct search_hit *hits, size_t n)
{
    r->candidate = (struct search_candidate){.conversation_id = hits->row.conversation_id};
    clear_field(r->query, &r->title);
    clear_field(r->query, &r->body);
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && hits[next].row.part == hits[i].row.part; next++)
            ;
        rank_part(r, hits + i, next - i);
    }
    size_t n_hits = r->title.n_hits + r->body.n_hits;

    if (n_hits)
        r->candidate.score = search_field_score(r->query, &r->title, TITLE, PHRASE_IN_TITLE) +
                             search_field_score(r->query, &r->body, BODY, PHRASE_IN_BODY) +
                             repeated(n_hits - count_words(r->query, &r->title) - count_words(r->query, &r->body));
}

static int by_conversation(const void *a, const void *b)
{
    const struct search_hit *x = a, *y = b;

    if (x->row.conversation_id != y->row.conversation_id)
        return x->row.conversation_id < y->row.conversation_id ? -1 : 1;
    if (x->row.part != y->row.part)
        return x->row.part < y->row.part ? -1 : 1;
    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return (x->lookup > y->lookup) - (x->lookup < y->lookup);
}

static int by_score(const void *a, const void *b)
{
    const struct search_candidate *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->conversation_id < y->conversation_id) - (x->conversation_id > y->conversation_id);
}

/* Room for what one part can bring: a place has a digit at least. */
static bool make_room(struct cq_ctx *ctx, struct ranking *r, const struct search_hit *hits, size_t n)
{
    const size_t n_words = r->query->n;
    size_t most = 0, of_part = 0, n_lookups = 1;

    for (size_t i = 0; i < n; i++) {
        bool is_same = i && hits[i].row.conversation_id == hits[i - 1].row.conversation_id &&
                       hits[i].row.part == hits[i - 1].row.part;

        of_part = (is_same ? of_part : 0) + strlen(hits[i].row.places);
        most = of_part > most ? of_part : most;
        n_lookups = hits[i].lookup + 1 > n_lookups ? hits[i].lookup + 1 : n_lookups;
    }
    r->max_matches = most < MAX_MATCHES_OF_PART ? most : MAX_MATCHES_OF_PART;
    r->matches = arena_alloc(ctx->arena, r->max_matches * sizeof(*r->matches));
    r->others = arena_alloc(ctx->arena, n_lookups * sizeof(*r->others));
    r->title.grades = arena_alloc(ctx->arena, 3 * n_words);
    if (!r->title.grades)
        return false;
    r->body.grades = r->title.grades + n_words;
    r->message.grades = r->body.grades + n_words;
    return r->matches && r->others;
}

enum cq_status search_rank(struct cq_ctx *ctx, const struct search_query *query, struct search_hit *hits, size_t n,
                           struct search_candidates *out)
{
    struct ranking r = {.query = query};
    struct search_candidates candidates = {.all = arena_alloc(ctx->arena, n * sizeof(*candidates.all))};

    qsort(hits, n, sizeof(*hits), by_conversation);
    if (!candidates.all || !make_room(ctx, &r, hits, n))
        return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && hits[next].row.conversation_id == hits[i].row.conversation_id; next++)
            ;
        rank_conversation(&r, hits + i, next - i);
        if (r.candidate.score)
            candidates.all[candidates.n++] = r.candidate;
    }
    qsort(candidates.all, candidates.n, sizeof(*candidates.all), by_score);
    *out = candidates;
    return CQ_OK;
}
