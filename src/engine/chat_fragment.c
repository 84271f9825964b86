/*
 * What is shown of a text that was found: its parts of some 150 characters that hold most of what was asked for, cut at words, the
 * matched words marked.
 */
#include <string.h>

#include "engine/chat_search.h"

enum {
    FRAGMENT_CHARS = 150,
    MAX_MATCHES = 4096, /* of a text; fragments are of its beginning if it has more */
    WORD_SCORE = 2000,
    PHRASE_SCORE = 5000,
};

static enum cq_status no_memory(struct cq_ctx *ctx)
{
    return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
}

/* ---- where the words of the query stand ---- */

struct scan {
    const struct search_query *query;
    const char *text, *end;
    const char *at;   /* behind the present term */
    struct term term; /* the present one */
    uint32_t place;
    size_t counted, chars; /* characters up to a byte */
    struct search_match *matches;
    size_t n, max;
};

/* Whether the characters of a script without spaces begin at the present one; *to is behind them. */
static bool is_run(const struct scan *s, const struct search_word *word, const char **to)
{
    struct term term = s->term;
    const char *at = s->at;

    for (size_t i = 0; i < word->n_terms; i++) {
        if (i && (!term_next(&at, s->end, &term) || !term.is_joined))
            return false;
        if (strcmp(term.folded, word->terms[i]) != 0)
            return false;
    }
    *to = term.text + term.len;
    return true;
}

static enum search_grade match_term(const struct scan *s, const struct search_word *word, const char **to)
{
    const char *folded = word->terms[0];

    *to = s->term.text + s->term.len;
    if (word->is_unspaced)
        return is_run(s, word, to) ? SEARCH_EQUAL : SEARCH_NONE;
    if (strcmp(s->term.folded, folded) == 0)
        return SEARCH_EQUAL;
    return word->may_begin && str_starts(s->term.folded, folded) ? SEARCH_BEGINNING : SEARCH_NONE;
}

static uint32_t chars_before(struct scan *s, size_t byte)
{
    if (byte < s->counted) { /* of a run's end, that the next match begins before */
        s->chars -= utf8_count(s->text + byte, s->counted - byte);
        s->counted = byte;
    }
    s->chars += utf8_count(s->text + s->counted, byte - s->counted);
    s->counted = byte;
    return (uint32_t)s->chars;
}

static bool note_match(struct cq_ctx *ctx, struct scan *s, size_t word, enum search_grade grade, const char *to)
{
    if (s->n == s->max) {
        size_t max = s->max ? 4 * s->max : 16;
        struct search_match *matches = arena_alloc(ctx->arena, max * sizeof(*matches));

        if (!matches)
            return false;
        if (s->n)
            memcpy(matches, s->matches, s->n * sizeof(*matches));
        s->matches = matches;
        s->max = max;
    }
    uint32_t begin = (uint32_t)(s->term.text - s->text), end = (uint32_t)(to - s->text);

    s->matches[s->n] = (struct search_match){.word = (uint32_t)word,
                                             .grade = grade,
                                             .place = s->place,
                                             .begin = begin,
                                             .end = end,
                                             .chars = chars_before(s, begin)};
    s->matches[s->n++].chars_after = chars_before(s, end);
    return true;
}

static enum cq_status find_matches(struct cq_ctx *ctx, struct scan *s)
{
    for (; s->n < MAX_MATCHES && term_next(&s->at, s->end, &s->term); s->place++) {
        for (size_t i = 0; i < s->query->n; i++) {
            const char *to;
            enum search_grade grade = match_term(s, &s->query->words[i], &to);

            if (grade && !note_match(ctx, s, i, grade, to))
                return no_memory(ctx);
        }
    }
    return CQ_OK;
}

/* ---- the best part ---- */

struct part {
    size_t first, n; /* of the matches */
    size_t begin, end;
    uint32_t score;
};

static bool is_shown(const struct search_match *match, const struct part *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (match->begin < parts[i].end && match->end > parts[i].begin)
            return true;
    return false;
}

/* From match i on as many as a fragment holds, up to one that is shown already. */
static struct part part_from(const struct scan *s, size_t i, const struct part *shown, size_t n_shown,
                             struct search_field *field)
{
    const struct search_match *first = &s->matches[i];
    struct part part = {.first = i, .begin = first->begin, .end = first->end};

    memset(field->grades, SEARCH_NONE, s->query->n);
    field->phrase = SEARCH_NONE;
    for (; i < s->n; i++) {
        const struct search_match *match = &s->matches[i];
        bool is_too_far = match != first && match->chars_after - first->chars > FRAGMENT_CHARS;

        if (is_too_far || match->begin < first->begin || is_shown(match, shown, n_shown))
            break;
        enum search_grade phrase = search_phrase_at(s->query, s->matches, s->n, i);

        if (field->grades[match->word] < match->grade)
            field->grades[match->word] = (unsigned char)match->grade;
        if (phrase > field->phrase)
            field->phrase = phrase;
        part.end = match->end > part.end ? match->end : part.end;
        part.n++;
    }
    part.score = search_field_score(s->query, field, WORD_SCORE, PHRASE_SCORE);
    return part;
}

/* score 0: all is shown. */
static struct part best_part(const struct scan *s, const struct part *shown, size_t n_shown, struct search_field *field)
{
    struct part best = {.score = 0};

    for (size_t i = 0; i < s->n; i++) {
        if (is_shown(&s->matches[i], shown, n_shown))
            continue;
        struct part part = part_from(s, i, shown, n_shown, field);

        if (part.score > best.score)
            best = part;
    }
    return best;
}

/* ---- what stands around it ---- */

/* Marks and vowels that are shown with the character before them. */
static bool is_dependent(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0xE31, 0xE31}, {0xE33, 0xE3A},   {0xE47, 0xE4E},   {0xEB1, 0xEB1},   {0xEB3, 0xEBC},
                  {0xEC8, 0xECE}, {0x102B, 0x103E}, {0x17B4, 0x17D3}, {0x3099, 0x309A}, {0xFF9E, 0xFF9F}};

    for (size_t i = 0; i < LEN(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static bool is_unspaced(const char *character, size_t len)
{
    const char *at = character;
    struct word word;

    return word_next(&at, character + len, &word) && word.is_alone;
}

static size_t step_back(const char *text, size_t at)
{
    do
        at--;
    while (at && ((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

/* Whether the text may be cut there: beside white space, or between characters of a script without spaces. */
static bool may_cut(const struct scan *s, size_t at)
{
    size_t len = (size_t)(s->end - s->text), before = at ? step_back(s->text, at) : 0, n;

    if (!at || at == len)
        return true;
    uint32_t c = utf8_decode(s->text + at, len - at, &n);

    if (utf8_blank(s->text + at, n) || utf8_blank(s->text + before, at - before))
        return true;
    return !is_dependent(c) && (is_unspaced(s->text + at, n) || is_unspaced(s->text + before, at - before));
}

/* Up to n characters back from at, not before low; *n gets those that were there. */
static size_t go_back(const struct scan *s, size_t at, size_t low, size_t *n)
{
    size_t i = 0;

    for (; i < *n && at > low; i++)
        at = step_back(s->text, at);
    *n = i;
    return at;
}

static size_t go_on(const struct scan *s, size_t at, size_t high, size_t *n)
{
    size_t i = 0;

    for (; i < *n && at < high; i++) {
        size_t bytes;

        utf8_decode(s->text + at, (size_t)(s->end - s->text) - at, &bytes);
        at += bytes;
    }
    *n = i;
    return at;
}

/* What there is of the text between what is shown before and behind the part. */
static void find_bounds(const struct scan *s, const struct part *part, const struct part *shown, size_t n_shown,
                        size_t *low, size_t *high)
{
    *low = 0;
    *high = (size_t)(s->end - s->text);
    for (size_t i = 0; i < n_shown; i++) {
        if (shown[i].end <= part->begin && shown[i].end > *low)
            *low = shown[i].end;
        if (shown[i].begin >= part->end && shown[i].begin < *high)
            *high = shown[i].begin;
    }
}

/* Fill the part up to the length of a fragment, as much on the one side as on the other where there is as much. */
static void widen(const struct scan *s, struct part *part, const struct part *shown, size_t n_shown)
{
    size_t n = utf8_count(s->text + part->begin, part->end - part->begin), low, high, n_next;
    size_t room = n < FRAGMENT_CHARS ? FRAGMENT_CHARS - n : 0, before = room, after = room, begin, end;

    find_bounds(s, part, shown, n_shown, &low, &high);
    (void)go_back(s, part->begin, low, &before);
    (void)go_on(s, part->end, high, &after);
    if (before + after > room) {
        size_t half = room / 2;

        before = after < half ? room - after : before < half ? before : half;
        after = room - before < after ? room - before : after;
    }
    begin = go_back(s, part->begin, low, &before);
    end = go_on(s, part->end, high, &after);
    for (n_next = 1; begin < part->begin && !may_cut(s, begin); n_next = 1)
        begin = go_on(s, begin, part->begin, &n_next);
    for (n_next = 1; end > part->end && !may_cut(s, end); n_next = 1)
        end = go_back(s, end, part->end, &n_next);
    part->begin = begin;
    part->end = end;
}

/* ---- as HTML ---- */

static void write_character(struct buf *out, const char *character, size_t n)
{
    switch (*character) {
    case '&':
        buf_str(out, "&amp;");
        break;
    case '<':
        buf_str(out, "&lt;");
        break;
    case '>':
        buf_str(out, "&gt;");
        break;
    default:
        buf_append(out, character, n);
    }
}

/* White space, however much, as one space. */
static void write_text(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        (void)utf8_decode(text + i, len - i, &n);
        if (!utf8_blank(text + i, n))
            write_character(out, text + i, n);
        else if (!out->len || out->data[out->len - 1] != ' ')
            buf_char(out, ' ');
    }
}

static bool is_within(const struct search_match *match, const struct part *part)
{
    return match->begin >= part->begin && match->end <= part->end;
}

/* Matches that overlap are marked as one; those that the part has cut are not marked. */
static void write_part(struct buf *out, const struct scan *s, const struct part *part)
{
    size_t at = part->begin;

    for (size_t i = 0, next; i < s->n; i = next) {
        size_t begin = s->matches[i].begin, end = s->matches[i].end;

        next = i + 1;
        if (!is_within(&s->matches[i], part))
            continue;
        for (; next < s->n && s->matches[next].begin < end; next++)
            if (is_within(&s->matches[next], part) && s->matches[next].end > end)
                end = s->matches[next].end;
        write_text(out, s->text + at, begin - at);
        buf_str(out, "<em>");
        write_text(out, s->text + begin, end - begin);
        buf_str(out, "</em>");
        at = end;
    }
    write_text(out, s->text + at, part->end - at);
}

static const char *part_html(struct cq_ctx *ctx, const struct scan *s, const struct part *part)
{
    const char *text = s->text + part->begin;
    size_t len = part->end - part->begin, all = (size_t)(s->end - s->text);
    struct part trimmed = *part;
    struct buf *out = buf_in_arena(ctx->arena, 16 * len + 64);

    if (!out)
        return NULL;
    utf8_trim(&text, &len);
    trimmed.begin = (size_t)(text - s->text);
    trimmed.end = trimmed.begin + len;
    buf_str(out, utf8_blank(s->text, trimmed.begin) ? "" : "… ");
    write_part(out, s, &trimmed);
    buf_str(out, utf8_blank(s->text + trimmed.end, all - trimmed.end) ? "" : " …");
    return out->failed ? NULL : out->data;
}

enum cq_status search_fragments(struct cq_ctx *ctx, const struct search_query *query, const char *text, size_t max,
                                struct search_fragment *out, size_t *n)
{
    struct scan s = {.query = query, .text = text, .end = text + strlen(text), .at = text};
    struct search_field field = {.grades = arena_alloc(ctx->arena, query->n + 1)};
    struct part shown[ENGINE_MAX_FRAGMENTS];
    enum cq_status st = field.grades ? find_matches(ctx, &s) : no_memory(ctx);

    *n = 0;
    while (!st && *n < max) {
        struct part part = best_part(&s, shown, *n, &field);

        if (!part.score)
            break;
        widen(&s, &part, shown, *n);
        shown[*n] = part;
        out[*n] = (struct search_fragment){part_html(ctx, &s, &part), part.score};
        if (!out[(*n)++].html)
            st = no_memory(ctx);
    }
    return st;
}
