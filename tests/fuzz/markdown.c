/* Markdown: whatever a model writes becomes HTML of ours, bounded, the same each time. */
#include "engine/markdown.h"

#include <string.h>

#include "fuzz.h"
#include "html.h"

enum { INPUT_MAX_BYTES = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    const char *text = input_of(data, size).at, *html = NULL, *again = NULL;

    if (size > INPUT_MAX_BYTES)
        return 0;
    enum cq_status st = markdown_html(ctx, text, size, &html);

    CHECK(st == (utf8_valid(text, size) ? CQ_OK : CQ_INVALID_ENCODING));
    CHECK((st == CQ_OK) == (html != NULL));
    if (!html)
        return 0;
    check_html(html);
    CHECK(strlen(html) <= 8 * size + (64 << 10));
    CHECK(markdown_html(ctx, text, size, &again) == CQ_OK && str_eq(html, again));
    return 0;
}
