/*
 * The parts of a search: what is looked for, how good what is found is, and what of it is shown. They know no database.
 */
#ifndef ENGINE_CHAT_SEARCH_H
#define ENGINE_CHAT_SEARCH_H

#include "colloquy/engine/chat_search.h"

/* ---- what is looked for (chat_query.c) ---- */

struct search_word {
    const char **terms; /* folded: one, or the characters of a script that is written without spaces */
    size_t n_terms;
    bool is_unspaced;
    bool may_begin; /* words that begin with it are found too */
};

struct search_query {
    struct search_word *words; /* different ones */
    size_t n;
    size_t *order; /* which of them was asked for, one after the other */
    size_t n_order;
};

enum cq_status search_query_read(struct cq_ctx *ctx, const char *text, size_t len, struct search_query *out) MUST_USE;

/* How often a word is looked up: characters of a script without spaces by twos, all of which have to be found. */
size_t search_lookups(const struct search_word *word);

/* What is looked up the i-th time. In ctx->arena; NULL: it is full. */
const char *search_lookup(struct cq_ctx *ctx, const struct search_word *word, size_t i, bool *is_beginning);

/* ---- where it stands ---- */

enum search_grade { SEARCH_NONE, SEARCH_BEGINNING, SEARCH_EQUAL };

struct search_match {
    uint32_t word;               /* of the query */
    enum search_grade grade;     /* not SEARCH_NONE */
    uint32_t seq, place;         /* the message, 0: the title; the word's place in it */
    uint32_t begin, end;         /* when a text is looked at: bytes of it, */
    uint32_t chars, chars_after; /* and characters before each of the two */
};

/*
 * Whether all words of the query follow each other from match i on, SEARCH_EQUAL if each equals what was asked for. Matches
 * are in the order of messages and places. Of one word, never.
 */
enum search_grade search_phrase_at(const struct search_query *query, const struct search_match *matches, size_t n,
                                   size_t i);

/* Thousandths of the score that what is found in one field gives; weight, phrase: of the contract, a word's and all words'. */
struct search_field {
    unsigned char *grades; /* enum search_grade, a word of the query each */
    enum search_grade phrase;
    size_t n_hits;
};
uint32_t search_field_score(const struct search_query *query, const struct search_field *field, uint32_t weight,
                            uint32_t phrase);

/* ---- how good it is (chat_rank.c) ---- */

/* What one lookup of a word brought. */
struct search_hit {
    uint32_t word, lookup;
    struct chat_word_row row;
};

struct search_candidate {
    uint64_t conversation_id;
    uint32_t score; /* in thousandths */
    size_t n_best;
    struct {
        uint32_t seq, score;
    } best[ENGINE_MAX_FRAGMENTS]; /* messages, best first */
};

struct search_candidates {
    struct search_candidate *all;
    size_t n;
};

/* Conversations that have a word of the query, best first. Sorts the hits. */
enum cq_status search_rank(struct cq_ctx *ctx, const struct search_query *query, struct search_hit *hits, size_t n,
                           struct search_candidates *out) MUST_USE;

/* ---- what is shown (chat_fragment.c) ---- */

struct search_fragment {
    const char *html;
    uint32_t score;
};

/* The best parts of a text, best first, at most max, which is at most ENGINE_MAX_FRAGMENTS; *n may be 0. */
enum cq_status search_fragments(struct cq_ctx *ctx, const struct search_query *query, const char *text, size_t max,
                                struct search_fragment *out, size_t *n) MUST_USE;

#endif
