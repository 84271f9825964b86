/* Related documents: a passage that a reply was given, and how good a source it is (doc/api-chat.md 3). */
#include <stdio.h>
#include <string.h>

#include "api/chat_represent.h"
#include "api/file_link.h"

enum {
    IMAGE_MAX_BYTES = 1 << 20,
    ANSWER_IMAGES_BYTES = 32 << 20, /* an answer that has as much shows no more images: half of what it may have */
};

static const double DAY_MS = 24.0 * 60 * 60 * 1000;
static const double NEW_DAYS = 30, OLD_DAYS = 1095;

/* ---- scores ---- */

/* 1 while it is new, then falling evenly to 0. */
static double recency(int64_t uploaded_at_ms, int64_t now_ms)
{
    double days = (double)(now_ms - uploaded_at_ms) / DAY_MS;

    if (days <= NEW_DAYS)
        return 1;
    return days >= OLD_DAYS ? 0 : (OLD_DAYS - days) / (OLD_DAYS - NEW_DAYS);
}

/* At least one decimal and at most four: a client's type for it is a float. */
static void write_score(struct json_out *out, double score)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%.4f", score < 0 ? 0 : score > 1 ? 1 : score);

    while (text[len - 1] == '0' && text[len - 2] != '.')
        text[--len] = '\0';
    json_raw(out, text);
}

/* ---- the content ---- */

/* As the name that clients know the format by; NULL: none of those that are shown. */
static const char *image_format(const char *data, size_t len)
{
    static const struct {
        const char *format, *magic;
        size_t at, len;
    } formats[] = {
        {"png", "\x89PNG", 0, 4}, {"jpeg", "\xff\xd8\xff", 0, 3}, {"gif", "GIF8", 0, 4}, {"webp", "WEBP", 8, 4}};

    for (size_t i = 0; i < LEN(formats); i++)
        if (len >= formats[i].at + formats[i].len &&
            memcmp(data + formats[i].at, formats[i].magic, formats[i].len) == 0)
            return formats[i].format;
    return NULL;
}

static bool write_image(struct request *req, struct json_out *out, const struct related_row *row, enum cq_status *st)
{
    const void *data = NULL;
    size_t len = 0;

    if (!row->is_available || !str_eq(row->kind, "image"))
        return false;
    *st = file_map(&req->ctx, req->config, row->hash, &data, &len);
    bool is_small = len <= IMAGE_MAX_BYTES && out->buf->len <= ANSWER_IMAGES_BYTES;
    const char *format = *st || !is_small ? NULL : image_format(data, len);

    if (*st == CQ_SOURCE_GONE)
        *st = CQ_OK;
    if (!format)
        return false;
    json_key(out, "format");
    json_text(out, format);
    json_key(out, "image");
    json_base64(out, data, len);
    return true;
}

static enum cq_status write_content(struct request *req, struct json_out *out, const struct related_row *row)
{
    enum cq_status st = CQ_OK;

    json_key(out, "content");
    json_open_object(out);
    if (!write_image(req, out, row, &st)) {
        json_key(out, "text");
        json_text(out, row->passage);
    }
    json_close_object(out);
    return st;
}

/* ---- the whole of it ---- */

static void write_source(struct request *req, struct json_out *out, enum chat_form form, const struct related_row *row,
                         const char *message_name)
{
    uint32_t page = str_eq(row->kind, "pdf") ? row->page : 0;

    chat_key(out, form, "source_id");
    json_text(out, arena_printf(req->ctx.arena, "%s@%u", message_name, row->number));
    chat_key(out, form, "source_name");
    json_text(out, row->filename);
    chat_key(out, form, "source_link");
    json_text(out, row->is_available ? file_link(req, row->document_id, page) : NULL);
    chat_key(out, form, "page_number");
    if (row->page)
        json_u64(out, row->page);
    else
        json_null(out);
}

static void write_day(struct json_out *out, int64_t unix_ms)
{
    char text[CLOCK_TEXT_BYTES];

    clock_text(unix_ms, text);
    json_text_n(out, text, strlen("YYYY-MM-DD"));
}

enum cq_status chat_write_related(struct request *req, struct json_out *out, enum chat_form form,
                                  const struct related_row *row, const char *message_name)
{
    json_open_object(out);
    enum cq_status st = write_content(req, out, row);
    if (st)
        return st;
    write_source(req, out, form, row, message_name);
    chat_key(out, form, "citation_number");
    json_u64(out, row->number);
    json_key(out, "excerpt");
    json_text(out, row->excerpt);
    chat_key(out, form, "relevance_score");
    write_score(out, row->relevance);
    chat_key(out, form, "last_updated");
    write_day(out, row->uploaded_at_ms);
    chat_key(out, form, "quality_score");
    write_score(out, 0.8 * row->relevance + 0.2 * recency(row->uploaded_at_ms, clock_unix_ms()));
    json_close_object(out);
    return CQ_OK;
}
