/* Answers that a browser keeps: what their file is called. */
#include "api/attachment.h"

#include "api/file_link.h"

enum { TITLE_MAX_CHARS = 50, DAY_CHARS = 10 }; /* file systems take names of 255 bytes */

/* What Windows refuses, which is most; a dot first would hide the file. */
static bool may_be_in_name(char c, bool is_first)
{
    return (unsigned char)c >= ' ' && c != 0x7f && !strchr("<>:\"/\\|?*", c) && !(is_first && c == '.');
}

static void write_title(struct buf *out, const char *title)
{
    const char *p = title, *end = title + strlen(title);

    for (size_t n_chars = 0; p < end && n_chars < TITLE_MAX_CHARS; n_chars++) {
        size_t n = utf8_next(p, (size_t)(end - p));

        if (n > 1)
            buf_append(out, p, n);
        else
            buf_char(out, may_be_in_name(*p, p == title) ? *p : '-');
        p += n ? n : 1;
    }
}

enum cq_status answer_attachment(struct request *req, const char *title, int64_t unix_ms, const char *extension)
{
    struct buf *name = buf_in_arena(req->ctx.arena, 1024);
    char time[CLOCK_TEXT_BYTES];

    if (!name)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    clock_text(unix_ms, time);
    write_title(name, title);
    buf_printf(name, " %.*s.%s", DAY_CHARS, time, extension);
    const char *disposition = content_disposition(req->ctx.arena, false, name->data);

    if (!disposition)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    response_header(req, "Content-Disposition", disposition);
    return CQ_OK;
}
