/* Text within HTML. */
#include "colloquy/base/html.h"

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\0': /* the answer is a C string */
        return "\xEF\xBF\xBD";
    default:
        return NULL;
    }
}

void html_escape(struct buf *out, const char *text, size_t len)
{
    size_t done = 0;

    for (size_t i = 0; i < len; i++) {
        const char *escaped = escape_of(text[i]);

        if (escaped) {
            buf_append(out, text + done, i - done);
            buf_str(out, escaped);
            done = i + 1;
        }
    }
    buf_append(out, text + done, len - done);
}
