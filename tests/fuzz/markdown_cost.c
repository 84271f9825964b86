/*
 * What Markdown costs: a pattern, repeated as far as a text may go, is rendered in a moment.
 *
 * Three pieces, with a U+0001 behind each of the first two: a head, what is repeated, and what closes it as often.
 * What costs more than its share at 256 KiB would stop a worker for seconds; here it stops the target.
 */
#include <string.h>
#include <time.h>

#include "engine/markdown.h"
#include "fuzz.h"
#include "html.h"

enum { INPUT_MAX_BYTES = 8 << 10, COST_MAX_MS = 400 };

static int64_t cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void repeat(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n && *text; i++)
        buf_str(out, text);
}

/* A text of about max bytes. */
static void write_text(struct buf *out, const char *head, const char *body, const char *tail, size_t max)
{
    size_t unit = strlen(body) + strlen(tail);
    size_t n = unit ? (max - strlen(head)) / unit : 0;

    buf_str(out, head);
    repeat(out, body, n);
    repeat(out, tail, n);
    CHECK(!out->failed && out->len <= max);
}

static void check_cost(struct cq_ctx *ctx, const struct buf *text)
{
    const char *html = NULL;
    int64_t start_ms = cpu_ms();

    if (markdown_html(ctx, text->data, text->len, &html))
        return; /* not UTF-8 */
    CHECK(cpu_ms() - start_ms < COST_MAX_MS);
    CHECK(strlen(html) <= 8 * text->len + (64 << 10));
    check_html(html);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    struct buf text;

    if (size > INPUT_MAX_BYTES)
        return 0;
    const char *head = input_until(&in, ctx, '\1'), *body = input_until(&in, ctx, '\1');
    const char *tail = input_until(&in, ctx, '\1');

    buf_init(&text, MARKDOWN_MAX_BYTES);
    write_text(&text, head, body, tail, MARKDOWN_MAX_BYTES);
    check_cost(ctx, &text);
    buf_release(&text);
    return 0;
}
