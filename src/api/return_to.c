/* Paths of this site, and what only looks like one. */
#include "api/return_to.h"

enum { MAX_BYTES = 2048 };

/* Browsers drop tabs and line ends from an address, and take a backslash for a slash: "/\t/x" and "/\x" are hosts. */
static bool looks_local(const char *text)
{
    if (text[0] != '/' || text[1] == '/' || text[1] == '\\')
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

/* Decode it once, in place. False: there was nothing to decode. is_cut: a NUL came of it. */
static bool decode(char *text, bool *is_cut)
{
    char *out = text;
    bool is_changed = false;

    for (const char *at = text; *at; at++) {
        int high = at[0] == '%' ? hex_digit(at[1]) : -1, low = high < 0 ? -1 : hex_digit(at[2]);

        *out = *at;
        if (low >= 0) {
            *out = (char)(high << 4 | low);
            is_changed = true;
            at += 2;
        }
        *is_cut |= *out++ == '\0';
    }
    *out = '\0';
    return is_changed;
}

/* Each decoding shortens the text, so that it comes to an end. */
static bool is_local(const char *text)
{
    char copy[MAX_BYTES + 1];
    size_t len = strlen(text);
    bool is_cut = false;

    if (len > MAX_BYTES)
        return false;
    memcpy(copy, text, len + 1);
    do {
        if (is_cut || !looks_local(copy))
            return false;
    } while (decode(copy, &is_cut));
    return true;
}

const char *return_to(const struct request *req)
{
    struct param param = param_text(req, NULL, "return_to");

    return param.state == PARAM_VALUE && is_local(param.text) ? param.text : "/";
}

const char *return_to_location(struct request *req)
{
    const char *path = return_to(req);
    struct buf *out = buf_in_arena(req->ctx.arena, 3 * MAX_BYTES + 1);

    if (!out)
        return NULL;
    for (; *path; path++)
        if (*path > ' ' && *path < 0x7f)
            buf_char(out, *path);
        else
            buf_printf(out, "%%%02X", (unsigned char)*path);
    return out->failed ? NULL : out->data;
}
