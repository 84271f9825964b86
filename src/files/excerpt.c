/* Excerpts: the window over a passage that holds the most of a query. */
#include "files/excerpt.h"

#include <string.h>

#include "files/telling_words.h"

enum {
    MARKS_CHARS = 2 /* "…" at both ends */,
    WINDOW_CHARS = EXCERPT_CHARS - MARKS_CHARS,
    MAX_MATCHES = 512 /* that are looked at */
};

/* A word of the passage that the query has too. */
struct match {
    const char *begin, *end;
    size_t chars; /* of the passage before it */
    size_t word;  /* of the query */
};

/* Runs of white space as one blank. */
static char *collapse(struct cq_ctx *ctx, const char *text)
{
    size_t len = strlen(text), n;
    char *out, *put;

    utf8_trim(&text, &len);
    out = put = arena_alloc(ctx->arena, len + 1);
    for (size_t i = 0; out && i < len; i += n) {
        n = utf8_next(text + i, len - i);
        n += !n;
        if (!utf8_blank(text + i, n))
            put = (char *)memcpy(put, text + i, n) + n;
        else if (put > out && put[-1] != ' ')
            *put++ = ' ';
    }
    if (out)
        *put = '\0';
    return out;
}

static size_t find_word(const struct query_word *words, size_t n, uint64_t hash)
{
    size_t i = 0;

    while (i < n && words[i].hash != hash)
        i++;
    return i;
}

static size_t find_matches(const char *text, const struct query_word *words, size_t n_words, struct match *matches)
{
    struct telling telling;
    struct telling_word word;
    const char *counted = text;
    size_t n = 0, chars = 0;

    telling_init(&telling, text, strlen(text), TELLING_TEXT);
    while (n < MAX_MATCHES && telling_next(&telling, &word)) {
        size_t i = find_word(words, n_words, word.hash);

        if (i == n_words)
            continue;
        chars += utf8_count(counted, (size_t)(word.text - counted));
        counted = word.text;
        matches[n++] = (struct match){.begin = word.text, .end = word.text + word.len, .chars = chars, .word = i};
    }
    return n;
}

/* The last of the matches from first on that fits with it into the window; *worth: of different words until there. */
static size_t last_of(const struct match *matches, size_t n, size_t first, const struct query_word *words,
                      double *worth)
{
    size_t last = first;

    *worth = 0;
    for (size_t i = first; i < n; i++) {
        size_t end = matches[i].chars + utf8_count(matches[i].begin, (size_t)(matches[i].end - matches[i].begin));
        bool is_new = true;

        if (i > first && end - matches[first].chars > WINDOW_CHARS)
            break;
        for (size_t k = first; k < i && is_new; k++)
            is_new = matches[k].word != matches[i].word;
        *worth += is_new ? words[matches[i].word].idf : 0;
        last = i;
    }
    return last;
}

/* ---- where it is cut ---- */

static const char *step_back(const char *at)
{
    do
        at--;
    while (((unsigned char)*at & 0xC0) == 0x80);
    return at;
}

/* Back from `from` by n characters at most, to the beginning of the text or of a word; where there is no blank, to any. */
static const char *back(const char *text, const char *from, size_t n)
{
    const char *at = from;

    while (at > text && n--)
        at = step_back(at);
    if (at == text)
        return at;
    const char *blank = memchr(at, ' ', (size_t)(from - at));

    return blank ? blank + 1 : at;
}

/* Ahead from `from` by n characters at most, to the end of the text or of a word; where there is no blank, to any. */
static const char *ahead(const char *from, const char *end, size_t n)
{
    const char *at = from;

    while (at < end && n--)
        at += utf8_next(at, (size_t)(end - at));
    if (at == end || *at == ' ')
        return at;
    const char *blank = memrchr(from, ' ', (size_t)(at - from));

    return blank ? blank : at;
}

/* The window around what must be in it, with as much before as behind. */
static const char *cut_around(struct cq_ctx *ctx, const char *text, const char *begin, const char *end)
{
    const char *text_end = text + strlen(text);
    size_t used = utf8_count(begin, (size_t)(end - begin));

    if (used > WINDOW_CHARS) /* one word of very many marks */
        end = ahead(begin, end, used = WINDOW_CHARS);
    begin = back(text, begin, (WINDOW_CHARS - used) / 2);
    used = utf8_count(begin, (size_t)(end - begin));
    end = ahead(end, text_end, WINDOW_CHARS - used);
    if (end == text_end) {
        used = utf8_count(begin, (size_t)(end - begin));
        begin = back(text, begin, WINDOW_CHARS - used);
    }
    return arena_printf(ctx->arena, "%s%.*s%s", begin > text ? "…" : "", (int)(end - begin), begin,
                        end < text_end ? "…" : "");
}

const char *excerpt(struct cq_ctx *ctx, const char *passage, const struct query_word *words, size_t n_words)
{
    const char *text = collapse(ctx, passage);
    struct match matches[MAX_MATCHES];
    const char *begin = text, *end = text;
    double best = 0, worth;

    if (!text || utf8_count(text, strlen(text)) <= EXCERPT_CHARS)
        return text;
    size_t n = find_matches(text, words, n_words, matches);

    for (size_t i = 0; i < n; i++) {
        size_t last = last_of(matches, n, i, words, &worth);

        if (worth > best) {
            best = worth;
            begin = matches[i].begin;
            end = matches[last].end;
        }
    }
    return cut_around(ctx, text, begin, end);
}
