/* The text of HTML, and of whatever else: UTF-8, no longer than what it was read from. */
#include "extract/text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum encoding encoding = encoding_tell((const char *)data, size);
    struct buf html, text;

    buf_init(&html, 1 << 20);
    buf_init(&text, 1 << 20);
    encoding_convert(encoding, (const char *)data, size, &html);
    check_text(html.data, html.len);
    CHECK(html.failed || html.len <= 3 * size);
    html_text(html.data, html.len, &text);
    check_text(text.data, text.len);
    CHECK(text.len <= html.len);
    const char *type = text_type(html.data, html.len, size % 2);
    CHECK(!type || str_starts(type, "text/") || str_eq(type, "application/json"));
    buf_release(&html);
    buf_release(&text);
    return 0;
}
