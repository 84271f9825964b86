#include "colloquy/extract.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bad_pdf.h"
#include "files/child.h"
#include "folder.h"
#include "pdf.h"
#include "unit.h"

static const struct file_type pdf_type = {DOCUMENT_PDF, "application/pdf"};

static struct arena *arena;

static void destroy_arena(void)
{
    arena_destroy(arena);
}

/* An arena in which all that may be extracted has room; with it goes the last test's folder. */
static struct cq_ctx *ctx_new(void)
{
    static struct cq_ctx ctx;

    if (!arena && ((arena = arena_create(4096, 64 << 20)) == NULL || atexit(destroy_arena)))
        abort();
    arena_reset(arena);
    ctx = (struct cq_ctx){.arena = arena, .request_id = "test"};
    return &ctx;
}

static struct extraction extract(struct cq_ctx *ctx, const struct file_type *type, const void *data, size_t len)
{
    struct config config = folder_config(ctx);
    struct extraction out = {.failure = "not extracted"};
    uint8_t hash[SHA256_BYTES];

    CU_ASSERT_EQUAL_FATAL(file_put(ctx, &config, data, len, hash), CQ_OK);
    CU_ASSERT_EQUAL(file_extract(ctx, &config, hash, type, &out), CQ_OK);
    return out;
}

static struct extraction extract_pdf(struct cq_ctx *ctx, const struct pdf *pdf)
{
    return extract(ctx, &pdf_type, pdf->out.data, pdf->out.len);
}

/* ---- texts ---- */

static void test_texts(void)
{
    static const struct {
        const char *name;
        struct file_type type;
        const char *data, *want, *failure;
    } rows[] = {
        {"plain", {DOCUMENT_TEXT, "text/plain"}, "one\ntwo", "one\ntwo", NULL},
        {"Latin-1", {DOCUMENT_TEXT, "text/plain"}, "caf\xe9 au lait", "caf\xc3\xa9 au lait", NULL},
        {"HTML", {DOCUMENT_TEXT, "text/html"}, "<style>a</style><p>b &amp; c", "b & c", NULL},
        {"CSV", {DOCUMENT_TEXT, "text/csv"}, "a,<b>\n1,2\n", "a,<b>\n1,2\n", NULL},
        {"blank", {DOCUMENT_TEXT, "text/plain"}, " \n\xc2\xa0", NULL, "no_text"},
        {"HTML without text", {DOCUMENT_TEXT, "text/html"}, "<script>evil</script>", NULL, "no_text"},
        {"no text", {DOCUMENT_TEXT, "text/plain"}, "\x01\x02", NULL, "damaged"},
        {"no PDF", {DOCUMENT_PDF, "application/pdf"}, "%PDF-1.4\nnothing", NULL, "damaged"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct extraction got = extract(ctx_new(), &rows[i].type, rows[i].data, strlen(rows[i].data));

        ROW_ASSERT(rows[i].name, str_eq(got.failure, rows[i].failure) && got.page_count == 0);
        ROW_ASSERT(rows[i].name, got.n_texts == !rows[i].failure);
        if (got.n_texts)
            ROW_ASSERT(rows[i].name, str_eq(got.texts[0].text, rows[i].want) && got.texts[0].page == 0);
    }
}

/* Of images and other files there is nothing to extract, however they look. */
static void test_no_texts(void)
{
    static const struct file_type types[] = {{DOCUMENT_IMAGE, "image/png"}, {DOCUMENT_BINARY, "application/msword"}};

    for (size_t i = 0; i < LEN(types); i++) {
        struct extraction got = extract(ctx_new(), &types[i], "text", 4);

        ROW_ASSERT(types[i].mime_type, !got.failure && !got.n_texts && !got.page_count);
    }
}

static void test_the_longest_text(void)
{
    static const struct file_type plain = {DOCUMENT_TEXT, "text/plain"};
    size_t len = EXTRACT_MAX_TEXT_BYTES;
    char *text = malloc(len + 1);

    memset(text, 'a', len + 1);
    struct extraction got = extract(ctx_new(), &plain, text, len);
    CU_ASSERT_TRUE(!got.failure && got.n_texts == 1 && got.texts[0].len == len);
    got = extract(ctx_new(), &plain, text, len + 1);
    ASSERT_TEXT(got.failure, "too_complex");
    free(text);
}

static void test_a_file_that_is_gone(void)
{
    struct cq_ctx *ctx = ctx_new();
    struct config config = folder_config(ctx);
    const uint8_t hash[SHA256_BYTES] = {7};
    struct extraction out;

    CU_ASSERT_EQUAL(file_extract(ctx, &config, hash, &pdf_type, &out), CQ_SOURCE_GONE);
}

/* ---- PDF ---- */

static void test_pages(void)
{
    static const char *const texts[] = {"The first page", "", "The third page"};
    struct cq_ctx *ctx = ctx_new();
    struct extraction got = extract_pdf(ctx, pdf_of_pages(ctx, 3, texts, LEN(texts)));

    CU_ASSERT_TRUE_FATAL(!got.failure && got.page_count == 3 && got.n_texts == 2);
    CU_ASSERT_TRUE(got.texts[0].page == 1 && strstr(got.texts[0].text, texts[0]));
    CU_ASSERT_TRUE(got.texts[1].page == 3 && strstr(got.texts[1].text, texts[2]));
}

static void test_many_pages(void)
{
    static const char *const texts[] = {"Page"};
    struct cq_ctx *ctx = ctx_new();
    struct extraction got = extract_pdf(ctx, pdf_of_pages(ctx, EXTRACT_MAX_PAGES, texts, 1));

    CU_ASSERT_TRUE(!got.failure && got.page_count == EXTRACT_MAX_PAGES && got.n_texts == EXTRACT_MAX_PAGES);
    ctx = ctx_new();
    got = extract_pdf(ctx, pdf_of_pages(ctx, EXTRACT_MAX_PAGES + 1, texts, 1));
    CU_ASSERT_TRUE(str_eq(got.failure, "too_complex") && !got.n_texts && !got.page_count);
}

/* None of these is extracted, and the process that tries is always back, long before a minute has passed. */
static void test_bad_files(void)
{
    for (size_t i = 0; i < n_bad_pdfs; i++) {
        struct cq_ctx *ctx = ctx_new();
        struct extraction got = extract_pdf(ctx, bad_pdfs[i].make(ctx));

        ROW_ASSERT(bad_pdfs[i].name, got.failure && strstr(bad_pdfs[i].failures, got.failure) && !got.n_texts);
    }
}

/* A stream's length is what somebody says; its text is there all the same. */
static void test_a_length_that_lies(void)
{
    static const char content[] = "BT /F1 12 Tf 72 720 Td (Here it is) Tj ET";
    struct cq_ctx *ctx = ctx_new();
    struct pdf *pdf = pdf_of_content(ctx, "/Length 999999999", content, sizeof(content) - 1);
    struct extraction got = extract_pdf(ctx, pdf);

    CU_ASSERT_TRUE(got.n_texts == 1 && strstr(got.texts[0].text, "Here it is"));
}

/* ---- limits ---- */

static enum child_end run(const struct pdf *pdf, uint32_t cpu_s, uint32_t wall_ms, struct buf *said)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    struct child_ask ask = {.command = "text", .argument = "application/pdf", .cpu_s = cpu_s, .wall_ms = wall_ms};
    enum child_end end = CHILD_DONE;
    uint8_t hash[SHA256_BYTES];

    CU_ASSERT_EQUAL_FATAL(file_put(ctx, &config, pdf->out.data, pdf->out.len, hash), CQ_OK);
    ask.fd = open(folder_file(ctx, &config, hash, ""), O_RDONLY | O_CLOEXEC);
    buf_init(said, 1 << 20);
    CU_ASSERT_EQUAL(child_run(ctx, &ask, said, &end), CQ_OK);
    close(ask.fd);
    return end;
}

/* 1 GB of blanks: it takes seconds to skip them. */
static void test_time(void)
{
    struct pdf *pdf = pdf_bomb(ctx_new(), ' ', ' ', 1000000000);
    struct buf said;
    int64_t began_ms = clock_mono_ms();

    CU_ASSERT_EQUAL(run(pdf, 1, 60000, &said), CHILD_LIMITED);
    buf_release(&said);
    CU_ASSERT_TRUE(clock_mono_ms() - began_ms < 20000);
    began_ms = clock_mono_ms();
    CU_ASSERT_EQUAL(run(pdf, 10, 100, &said), CHILD_LIMITED);
    buf_release(&said);
    CU_ASSERT_TRUE(clock_mono_ms() - began_ms < 5000);
}

/* 1 GB as one string. With AddressSanitizer, memory has no limit. */
static void test_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
    struct pdf *pdf = pdf_bomb(ctx_new(), '(', 'a', 1000000000);
    struct buf said;

    CU_ASSERT_EQUAL(run(pdf, 10, 60000, &said), CHILD_LIMITED);
    buf_release(&said);
#endif
}

/* More than there is room for. */
static void test_how_much_is_said(void)
{
    static const char *const texts[] = {"A page, of which there are so many that they are too many for this buffer."};
    struct cq_ctx *ctx = ctx_new();
    struct pdf *pdf = pdf_of_pages(ctx, EXTRACT_MAX_PAGES, texts, 1);
    struct config config = folder_config(ctx);
    struct child_ask ask = {.command = "text", .argument = "application/pdf", .cpu_s = 10, .wall_ms = 60000};
    enum child_end end = CHILD_DONE;
    uint8_t hash[SHA256_BYTES];
    struct buf said;

    CU_ASSERT_EQUAL_FATAL(file_put(ctx, &config, pdf->out.data, pdf->out.len, hash), CQ_OK);
    ask.fd = open(folder_file(ctx, &config, hash, ""), O_RDONLY | O_CLOEXEC);
    buf_init(&said, 100000);
    CU_ASSERT_EQUAL(child_run(ctx, &ask, &said, &end), CQ_OK);
    CU_ASSERT_EQUAL(end, CHILD_LIMITED);
    CU_ASSERT_TRUE(said.len <= 100000);
    close(ask.fd);
    buf_release(&said);
}

static void test_a_command_that_is_none(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct child_ask ask = {.command = "dance", .argument = "", .cpu_s = 1, .wall_ms = 5000};
    enum child_end end;
    struct buf said;

    ask.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    buf_init(&said, 1 << 20);
    CU_ASSERT_EQUAL(child_run(ctx, &ask, &said, &end), CQ_BUSY);
    CU_ASSERT_EQUAL(said.len, 0);
    close(ask.fd);
    buf_release(&said);
}

SUITE(extract, {"texts", test_texts}, {"no texts", test_no_texts}, {"the longest text", test_the_longest_text},
      {"a file that is gone", test_a_file_that_is_gone}, {"pages", test_pages}, {"many pages", test_many_pages},
      {"bad files", test_bad_files}, {"a length that lies", test_a_length_that_lies}, {"time", test_time},
      {"memory", test_memory}, {"how much is said", test_how_much_is_said},
      {"a command that is none", test_a_command_that_is_none});
