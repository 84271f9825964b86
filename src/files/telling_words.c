/* Telling words: terms less what tells nothing, and pairs of characters. */
#include "files/telling_words.h"

#include <string.h>

/* ---- one word ---- */

static bool is_hiragana(uint32_t c)
{
    return c >= 0x3041 && c <= 0x309F;
}

static uint32_t character(const struct term *term)
{
    size_t n;

    return utf8_decode(term->folded, term->folded_len, &n);
}

static bool give(struct telling_word *out, const char *text, const char *end, const char *bytes, size_t len)
{
    *out = (struct telling_word){.text = text, .len = (size_t)(end - text), .hash = word_hash(bytes, len)};
    return true;
}

static bool give_term(const struct term *term, struct telling_word *out)
{
    return give(out, term->text, term->text + term->len, term->folded, term->folded_len);
}

static bool give_pair(const struct term *a, const struct term *b, struct telling_word *out)
{
    char both[2 * WORD_MAX_BYTES];

    memcpy(both, a->folded, a->folded_len);
    memcpy(both + a->folded_len, b->folded, b->folded_len);
    return give(out, a->text, b->text + b->len, both, a->folded_len + b->folded_len);
}

/* False: it is a stop word. */
static bool give_word(const struct telling *t, struct term *term, struct telling_word *out)
{
    bool is_doubtful;
    unsigned languages = stop_word(term->folded, &is_doubtful);

    if (languages & (is_doubtful ? t->languages : ~0u))
        return false;
    term->folded_len = stem_english(term->folded, term->folded_len);
    return give_term(term, out);
}

/* Whether a pair is but grammar: "to be" and the words of questions in Chinese, endings in Japanese. */
static bool is_grammar(const struct telling *t, const struct term *a, const struct term *b)
{
    static const char *const particles[] = {"的", "是", "吗", "呢", "么"};

    if (is_hiragana(character(a)) && is_hiragana(character(b)))
        return t->has_ideographs;
    for (size_t i = 0; i < LEN(particles); i++)
        if (str_eq(a->folded, particles[i]) || str_eq(b->folded, particles[i]))
            return !str_eq(a->folded, "目"); /* 目的 is a purpose */
    return false;
}

/* ---- one after the other ---- */

/* Whether two characters stand side by side, or with the end of a line between them. */
static bool is_pair(const struct telling *t)
{
    if (!t->has_next || !t->now.is_unspaced || !t->next.is_unspaced)
        return false;
    const char *at = t->now.text + t->now.len;

    if (at < t->next.text && *at == '\r')
        at++;
    if (at < t->next.text && *at == '\n')
        at++;
    return t->next.is_joined || at == t->next.text;
}

static void advance(struct telling *t)
{
    t->is_after_pair = is_pair(t);
    t->now = t->next;
    t->has_now = t->has_next;
    t->has_next = term_next(&t->at, t->end, &t->next);
}

/* What is said of the whole query by its words. */
static void look_through(struct telling *t)
{
    const char *at = t->at;
    struct term term = {0};
    unsigned seen = 0;

    while (term_next(&at, t->end, &term)) {
        bool is_doubtful;
        unsigned languages = stop_word(term.folded, &is_doubtful);

        if (!is_doubtful && (languages == LANGUAGE_ENGLISH || !(languages & LANGUAGE_ENGLISH)))
            seen |= languages;
        t->has_ideographs |= term.is_unspaced && !is_hiragana(character(&term));
    }
    t->languages = seen & LANGUAGE_ENGLISH ? 0 : seen;
}

void telling_init(struct telling *t, const char *text, size_t len, enum telling_use use)
{
    *t = (struct telling){.at = text, .end = text + len, .use = use};
    if (use == TELLING_QUERY)
        look_through(t);
    advance(t);
    advance(t);
}

/* Of a text each character, then the pair that it begins. */
static bool text_step(struct telling *t, struct telling_word *out)
{
    if (!t->is_pair_due) {
        t->is_pair_due = is_pair(t);
        give_term(&t->now, out);
    } else {
        t->is_pair_due = false;
        give_pair(&t->now, &t->next, out);
    }
    if (!t->is_pair_due)
        advance(t);
    return true;
}

/* Of a query pairs, and what stands alone. */
static bool query_step(struct telling *t, struct telling_word *out)
{
    bool is_given = false;

    if (is_pair(t))
        is_given = !is_grammar(t, &t->now, &t->next) && give_pair(&t->now, &t->next, out);
    else if (!t->is_after_pair)
        is_given = give_term(&t->now, out);
    advance(t);
    return is_given;
}

bool telling_next(struct telling *t, struct telling_word *out)
{
    bool is_given = false;

    while (!is_given && t->has_now) {
        if (t->now.is_unspaced) {
            is_given = t->use == TELLING_TEXT ? text_step(t, out) : query_step(t, out);
        } else {
            is_given = give_word(t, &t->now, out);
            advance(t);
        }
    }
    return is_given;
}
