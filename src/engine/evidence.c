/*
 * Quotations: approximate search for the words of a part in those of a message.
 *
 * Sellers' algorithm: a column of edit distances between each beginning of the part and the best end of what has been
 * read of the message, moved on by one word of the message at a time. Only the cells up to the last one within the
 * tolerance are kept (Ukkonen's cut-off), so that an honest quotation costs little more than reading. Source: G. Navarro,
 * "A guided tour to approximate string matching", ACM Computing Surveys 33(1), 2001, section 5.1.
 */
#include "engine/evidence.h"

enum { MAX_STEPS = 2 << 20 };

struct evidence_word {
    uint64_t hash;
    bool negates;
};

struct search {
    const struct evidence_word *words; /* of the part */
    size_t n;
    unsigned tolerance;
    unsigned *distance; /* [n + 1]; of the first i words, capped at tolerance + 1 */
    size_t last;        /* the last i within the tolerance; what lies behind is not up to date */
    size_t steps_left;  /* of all parts together */
};

/* Without one of these a sentence says the opposite. */
static bool negates(const struct word *word)
{
    static const char *const words[] = {
        "not",    "no",    "never", "none",   "nor",  "without", "cannot", "cant",  "dont", "doesnt", "didnt",
        "isnt",   "arent", "wasnt", "werent", "wont", "nicht",   "kein",   "keine", "nie",  "ohne",   "pas",
        "jamais", "sans",  "nunca", "sin",    "не",   "нет",     "不",     "没",    "沒",   "無",     "无",
    };

    for (size_t i = 0; i < LEN(words); i++)
        if (str_eq(word->folded, words[i]))
            return true;
    return false;
}

/* ---- one part ---- */

static void search_init(struct search *s, const struct evidence_word *words, size_t n)
{
    s->words = words;
    s->n = n;
    s->tolerance = (unsigned)(n / EVIDENCE_WORDS_PER_FAULT);
    s->last = 0;
    s->distance[0] = 0;
    for (size_t i = 1; i <= n; i++) {
        unsigned d = s->distance[i - 1] + (words[i - 1].negates ? s->tolerance + 1 : 1);

        s->distance[i] = d > s->tolerance ? s->tolerance + 1 : d;
        if (s->distance[i] <= s->tolerance)
            s->last = i;
    }
}

static unsigned cost(const struct search *s, bool is_negation)
{
    return is_negation ? s->tolerance + 1 : 1;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Move on by one word of the message; whether the part ends with it. */
static bool search_step(struct search *s, uint64_t hash, bool is_negation)
{
    unsigned beyond = s->tolerance + 1, diagonal = 0;
    size_t i, last = 0;

    for (i = 1; i <= s->n && (i <= s->last + 1 || last == i - 1); i++) {
        const struct evidence_word *word = &s->words[i - 1];
        unsigned left = i <= s->last ? s->distance[i] : beyond;
        unsigned d = word->hash == hash ? diagonal : diagonal + cost(s, word->negates || is_negation);

        d = least(d, left + cost(s, is_negation));                 /* the message has a word more */
        d = least(d, s->distance[i - 1] + cost(s, word->negates)); /* the quotation has */
        diagonal = left;
        s->distance[i] = least(d, beyond);
        if (d <= s->tolerance)
            last = i;
    }
    s->last = last;
    s->steps_left -= least((unsigned)i, (unsigned)s->steps_left);
    return last == s->n;
}

/* Find the part in what is left of the message, moving *at behind it. */
static bool find_part(struct search *s, const char **at, const char *end)
{
    struct word word;

    while (s->steps_left && word_next(at, end, &word))
        if (search_step(s, word.hash, negates(&word)))
            return true;
    return false;
}

/* ---- all of them ---- */

/* The length of the ellipsis at text, 0 when there is none. */
static size_t ellipsis(const char *text)
{
    if (str_starts(text, "…"))
        return strlen("…");
    return str_starts(text, "...") ? strspn(text, ".") : 0;
}

static const char *part_end(const char *text)
{
    while (*text && !ellipsis(text))
        text++;
    return text;
}

static size_t read_words(const char *at, const char *end, struct evidence_word *words)
{
    struct word word;
    size_t n = 0;

    while (word_next(&at, end, &word))
        words[n++] = (struct evidence_word){word.hash, negates(&word)};
    return n;
}

bool evidence_is_quote(struct cq_ctx *ctx, const char *evidence, const char *message)
{
    const char *end = message + strnlen(message, EVIDENCE_MESSAGE_MAX_BYTES);
    size_t len = strnlen(evidence, 4 * EVIDENCE_MAX_CHARS + 1), n_found = 0;
    size_t n_chars = utf8_count(evidence, len); /* no fewer than words */

    if (n_chars > EVIDENCE_MAX_CHARS)
        return false;
    struct evidence_word *words = arena_zalloc(ctx->arena, n_chars + 1, sizeof(*words));
    struct search s = {.distance = arena_zalloc(ctx->arena, n_chars + 1, sizeof(*s.distance)), .steps_left = MAX_STEPS};

    if (!words || !s.distance)
        return false;
    for (const char *stop; *evidence; evidence = stop + ellipsis(stop)) {
        stop = part_end(evidence);
        size_t n = read_words(evidence, stop, words);

        if (!n)
            continue;
        search_init(&s, words, n);
        if (!find_part(&s, &message, end))
            return false;
        n_found++;
    }
    return n_found > 0;
}
