#include "files/answer.h"

#include <string.h>

#include "colloquy/extract.h"

struct reader {
    struct cq_ctx *ctx;
    char *at, *end;
    struct answer *out;
    size_t room, total; /* texts that there is room for; bytes of all */
};

struct frame {
    enum extract_frame kind;
    uint32_t page;
    char *text; /* ends in a NUL */
    size_t len;
};

const char *failure_word(const char *word)
{
    static const char *const words[] = {"encrypted", "no_text", "damaged", "too_complex"};

    for (size_t i = 0; i < LEN(words); i++)
        if (str_eq(word, words[i]))
            return words[i];
    return NULL;
}

static uint32_t take_u32(const char *at)
{
    uint32_t n = 0;

    for (int i = 3; i >= 0; i--)
        n = n << 8 | (uint8_t)at[i];
    return n;
}

static bool next_frame(struct reader *r, struct frame *out)
{
    size_t left = (size_t)(r->end - r->at);

    if (left < EXTRACT_FRAME_BYTES)
        return false;
    *out = (struct frame){(enum extract_frame)(uint8_t)r->at[0], take_u32(r->at + 1), r->at + 9, take_u32(r->at + 5)};
    if (out->len > left - EXTRACT_FRAME_BYTES || out->text[out->len] != '\0')
        return false;
    r->at += EXTRACT_FRAME_BYTES + out->len;
    return true;
}

static void take_out_nuls(struct frame *frame)
{
    size_t len = 0;

    for (size_t i = 0; i < frame->len; i++)
        if (frame->text[i])
            frame->text[len++] = frame->text[i];
    frame->text[len] = '\0';
    frame->len = len;
}

/* As hash_list_add() does: room for 2^k stands behind a length of 2^k. */
static bool add_text(struct reader *r, const struct extracted_text *text)
{
    struct extraction *x = &r->out->extraction;

    if (x->n_texts == r->room) {
        size_t room = r->room ? r->room * 2 : 1;
        struct extracted_text *more = arena_zalloc(r->ctx->arena, room, sizeof(*more));

        if (!more)
            return false;
        if (x->n_texts)
            memcpy(more, x->texts, x->n_texts * sizeof(*more));
        x->texts = more;
        r->room = room;
    }
    x->texts[x->n_texts++] = *text;
    return true;
}

/* Pages come in their order; what has none is one text. */
static bool is_next(const struct extraction *x, uint32_t page)
{
    if (!x->page_count)
        return page == 0 && x->n_texts == 0;
    return page >= 1 && page <= x->page_count && (!x->n_texts || page > x->texts[x->n_texts - 1].page);
}

static bool take_text(struct reader *r, struct frame *frame)
{
    r->total += frame->len;
    if (!is_next(&r->out->extraction, frame->page) || r->total > EXTRACT_MAX_TEXT_BYTES ||
        !utf8_valid(frame->text, frame->len))
        return false;
    take_out_nuls(frame);
    return add_text(r, &(struct extracted_text){frame->text, frame->len, frame->page});
}

static bool take_pages(struct reader *r, const struct frame *frame)
{
    struct extraction *x = &r->out->extraction;

    if (x->page_count || x->n_texts || !frame->page || frame->page > EXTRACT_MAX_PAGES)
        return false;
    x->page_count = frame->page;
    return true;
}

static bool take_failure(struct reader *r, const struct frame *frame)
{
    r->out->extraction.failure = failure_word(frame->text);
    r->out->is_unsupported = str_eq(frame->text, "unsupported");
    return r->out->extraction.failure || r->out->is_unsupported;
}

static bool take_frame(struct reader *r, struct frame *frame)
{
    switch (frame->kind) {
    case EXTRACT_TYPE:
        r->out->type = frame->text;
        return true;
    case EXTRACT_PAGES:
        return take_pages(r, frame);
    case EXTRACT_TEXT:
        return take_text(r, frame);
    case EXTRACT_FAILURE:
        return take_failure(r, frame);
    case EXTRACT_END:
        break;
    }
    return false;
}

bool answer_read(struct cq_ctx *ctx, char *data, size_t len, struct answer *out)
{
    static const size_t begin = sizeof(EXTRACT_BEGIN) - 1;
    struct reader r = {.ctx = ctx, .at = data, .end = data + len, .out = out};
    struct frame frame;

    *out = (struct answer){.type = NULL};
    if (len < begin || memcmp(data, EXTRACT_BEGIN, begin) != 0)
        return false;
    r.at += begin;
    while (next_frame(&r, &frame)) {
        if (frame.kind == EXTRACT_END)
            return r.at == r.end;
        if (!take_frame(&r, &frame))
            return false;
    }
    return false;
}
