#include "colloquy/files.h"

#include <stdlib.h>

#include "unit.h"

static void test_kinds(void)
{
    static const struct {
        const char *data;
        enum cq_status st;
        enum document_kind kind;
        const char *mime_type;
    } rows[] = {
        {"# Title\n\nText", CQ_OK, DOCUMENT_TEXT, "text/markdown"},
        {"%PDF-1.4\n", CQ_OK, DOCUMENT_PDF, "application/pdf"},
        {"GIF89a\1\1\1\1\1\1\1;", CQ_OK, DOCUMENT_IMAGE, "image/gif"},
        {"<svg/>", CQ_UNSUPPORTED_FILE, DOCUMENT_TEXT, NULL},
        {"", CQ_UNSUPPORTED_FILE, DOCUMENT_TEXT, NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct file_type got = {.mime_type = NULL};
        enum cq_status st = file_type_of(unit_ctx(), rows[i].data, strlen(rows[i].data), &got);

        ROW_ASSERT(rows[i].data,
                   st == rows[i].st && got.kind == rows[i].kind && str_eq(got.mime_type, rows[i].mime_type));
    }
}

/* What is said of a large text is said of its beginning. */
static void test_a_large_text(void)
{
    size_t len = 40 << 20;
    char *data = malloc(len);
    struct file_type got = {.mime_type = NULL};

    for (size_t i = 0; i < len; i++)
        data[i] = i % 64 == 63 ? '\n' : i % 8 == 7 ? ',' : 'a';
    CU_ASSERT_EQUAL(file_type_of(unit_ctx(), data, len, &got), CQ_OK);
    ASSERT_TEXT(got.mime_type, "text/csv");
    free(data);
}

SUITE(file_type, {"kinds", test_kinds}, {"a large text", test_a_large_text});
