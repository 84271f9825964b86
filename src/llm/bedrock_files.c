/*
 * Provider bedrock: what images and documents are called.
 *
 * Source: Amazon Bedrock API reference, "ImageBlock" and "DocumentBlock".
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "llm/bedrock.h"

enum { BASE_BYTES = 180 }; /* of a name, before what makes it the only one */

struct format {
    const char *media_type, *name;
};

static const struct format image_formats[] = {
    {"image/png", "png"}, {"image/jpeg", "jpeg"}, {"image/gif", "gif"}, {"image/webp", "webp"}, {NULL, NULL},
};

static const struct format document_formats[] = {
    {"application/pdf", "pdf"},
    {"text/csv", "csv"},
    {"application/msword", "doc"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
    {"application/vnd.ms-excel", "xls"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    {"text/html", "html"},
    {"text/plain", "txt"},
    {"text/markdown", "md"},
    {NULL, NULL},
};

/* NULL: none that the API knows. */
static const char *format_of(const struct format *formats, const char *media_type)
{
    size_t len = strcspn(media_type ? media_type : "", "; ");

    for (; formats->media_type; formats++)
        if (strlen(formats->media_type) == len && strncmp(formats->media_type, media_type, len) == 0)
            return formats->name;
    return NULL;
}

const char *bedrock_format(const struct llm_part *part)
{
    return part->len ? format_of(part->kind == LLM_IMAGE ? image_formats : document_formats, part->media_type) : NULL;
}

static bool may_name(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-()[]", c));
}

/* The characters of a name that the API takes; single blanks for the others. */
static void write_neutral(const char *name, char out[BASE_BYTES])
{
    size_t len = 0;

    for (; name && *name && len + 2 < BASE_BYTES; name++)
        if (may_name(*name))
            out[len++] = *name;
        else if (len > 0 && out[len - 1] != ' ')
            out[len++] = ' ';
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
    if (!len)
        snprintf(out, BASE_BYTES, "document");
}

static bool is_used(const struct buf *names, const char *name)
{
    char line[BEDROCK_NAME_BYTES + 3];

    snprintf(line, sizeof(line), "\n%s\n", name);
    return strstr(names->data, line) != NULL;
}

void bedrock_document_name(struct buf *names, const char *name, char out[BEDROCK_NAME_BYTES + 1])
{
    char base[BASE_BYTES];

    write_neutral(name, base);
    snprintf(out, BEDROCK_NAME_BYTES + 1, "%s", base);
    for (unsigned n = 2; is_used(names, out); n++)
        snprintf(out, BEDROCK_NAME_BYTES + 1, "%s [%u]", base, n);
    buf_printf(names, "%s%s\n", names->len ? "" : "\n", out); /* a line each, behind an empty one */
}
