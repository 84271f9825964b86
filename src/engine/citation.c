/* Marks in a reply, and what they refer to. */
#include "engine/citation.h"

#include <string.h>

enum { CITATIONS_MAX_BYTES = 1 << 20 };

static bool has_mark(const char *text, uint64_t number)
{
    for (const char *at = strstr(text, "[^"); at; at = strstr(at + 1, "[^")) {
        const char *digits = at + strlen("[^");
        size_t n = strspn(digits, "0123456789");
        uint64_t marked;

        if (digits[n] == ']' && parse_u64(digits, n, UINT32_MAX, &marked) && marked == number)
            return true;
    }
    return false;
}

static void write_citation(struct json_out *out, const struct related_row *row)
{
    json_open_object(out);
    json_key(out, "number");
    json_u64(out, row->number);
    json_key(out, "file_id");
    json_id_text(out, row->document_id);
    json_key(out, "display_name");
    json_text(out, row->filename);
    json_key(out, "page");
    if (row->page)
        json_u64(out, row->page);
    else
        json_null(out);
    json_key(out, "excerpt");
    json_text(out, row->excerpt);
    json_close_object(out);
}

enum cq_status citations_read(struct cq_ctx *ctx, const char *text, const struct related_list *given, const char **json)
{
    struct buf *buf = given->n ? buf_in_arena(ctx->arena, CITATIONS_MAX_BYTES) : NULL;
    struct json_out out;
    size_t n = 0;

    *json = NULL;
    if (!given->n)
        return CQ_OK;
    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, buf);
    json_open_array(&out);
    for (size_t i = 0; i < given->n; i++) {
        if (!has_mark(text, given->rows[i].number))
            continue;
        write_citation(&out, &given->rows[i]);
        n++;
    }
    json_close_array(&out);
    if (buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "citations of more than %zu bytes", buf->max);
    if (n)
        *json = buf->data;
    return CQ_OK;
}
