/* Files for bots: both ways of giving them, what they may be, and the signed links by which they are had back. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"

#define MULTIPART "multipart/form-data; boundary=b"

/* ---- bots and files ---- */

static const char *make_bot(enum person owner)
{
    static unsigned n;
    const char *id = textf("uploads-%u", n++);
    const char *body =
        textf("{\"id\":\"%s\",\"title\":\"t\",\"instruction\":\"i\",\"display_retrieved_chunks\":true}", id);

    expect_status("a bot", CALL("POST", "/api/chat/bot", token_of(owner), .body = body), 200);
    return id;
}

static const char *documents_path(const char *bot)
{
    return textf("/api/chat/bot/%s/documents", bot);
}

struct part {
    const char *disposition; /* what follows "form-data; " */
    const char *data;
    size_t len; /* 0: strlen */
};

static const struct answer *post_parts(const char *bot, enum person who, const struct part *parts, size_t n)
{
    size_t max = 4096;

    for (size_t i = 0; i < n; i++)
        max += strlen(parts[i].disposition) + (parts[i].len ? parts[i].len : strlen(parts[i].data)) + 100;
    struct buf *body = buf_in_arena(test_arena(), max);

    if (!body)
        harness_die("out of memory");
    for (size_t i = 0; i < n; i++) {
        buf_printf(body, "--b\r\nContent-Disposition: form-data; %s\r\n\r\n", parts[i].disposition);
        buf_append(body, parts[i].data, parts[i].len ? parts[i].len : strlen(parts[i].data));
        buf_str(body, "\r\n");
    }
    buf_str(body, "--b--\r\n");
    return CALL("POST", documents_path(bot), token_of(who), .body = body->data, .len = body->len, .type = MULTIPART);
}

static const struct answer *post_file(const char *bot, const char *filename, const char *data, size_t len)
{
    const struct part part = {textf("name=\"file\"; filename=\"%s\"", filename), data, len};

    return post_parts(bot, STUDENT, &part, 1);
}

static struct json_object *documents_of(const char *bot)
{
    return CALL("GET", documents_path(bot), token_of(STUDENT))->json;
}

/* Text that fills so many bytes: no two lines are alike, so that it is no compressed nothing. */
static char *text_of(size_t len, const char *salt)
{
    char *text = arena_alloc(test_arena(), len + 64);
    size_t at = 0;

    if (!text)
        harness_die("out of memory");
    for (unsigned i = 0; at < len; i++)
        at += (size_t)snprintf(text + at, 64, "%s line %u\n", salt, i);
    text[len] = '\0';
    return text;
}

static uint64_t count_of(const char *table)
{
    return database_number(textf("SELECT COUNT(*) FROM %s", table));
}

static size_t files_on_disk(void)
{
    struct buf *out = buf_in_arena(test_arena(), 1 << 20);
    const char *const argv[] = {
        "/usr/bin/find", textf("%s/files", instance_used()->dir), "-type", "f", "-printf", "x", NULL};

    if (!out || run_program(argv, NULL, out, 5000))
        harness_die("files cannot be counted");
    return out->len;
}

/* A signed address as the client goes on with it. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;

    return path ? path : "/none";
}

/* ---- our way ---- */

static void test_documents(void)
{
    const char *bot = make_bot(STUDENT);
    const struct part parts[] = {{"name=file; filename=\"syllabus.md\"", "# Syllabus\n\nWeek one.\n", 0},
                                 {"name=description", "What is taught", 0},
                                 {"name=file; filename*=UTF-8''%c3%a9t%c3%a9.txt", "\xc3\xa9t\xc3\xa9\n", 0}};
    const struct answer *answer = post_parts(bot, STUDENT, parts, LEN(parts));

    expect_status("two files", answer, 201);
    expect_api_headers("two files", answer);
    CU_ASSERT_EQUAL(count_at(answer->json, ""), 2);
    const struct expected fields[] = {{"/0/filename", "\"syllabus.md\""}, {"/0/description", "\"What is taught\""},
                                      {"/0/content_type", "\"text\""},    {"/0/file_size", "22"},
                                      {"/0/page_count", "null"},          {"/0/sync_status", "\"QUEUED\""},
                                      {"/0/sync_status_reason", "\"\""},  {"/1/filename", "\"\xc3\xa9t\xc3\xa9.txt\""},
                                      {"/1/mime_type", "\"text/plain\""}};
    expect_fields("two files", answer->json, fields, LEN(fields));
    CU_ASSERT_EQUAL(strlen(text_at(answer->json, "/0/id")), 26);

    /* The same name again takes its place, and keeps its id. */
    const char *id = text_at(answer->json, "/0/id");
    const struct answer *again = post_file(bot, "syllabus.md", "Week two.\n", 0);

    expect_status("again", again, 201);
    CU_ASSERT_STRING_EQUAL(text_at(again->json, "/0/id"), id);
    struct json_object *list = documents_of(bot);

    CU_ASSERT_EQUAL(count_at(list, ""), 2);
    expect_json("the list", list, "/0/filename", "\"\xc3\xa9t\xc3\xa9.txt\""); /* by upload */
    expect_json("the list", list, "/1/file_size", "10");
    expect_json("the list", list, "/1/description", "\"\"");

    const struct answer *camel =
        CALL("GET", documents_path(bot), token_of(STUDENT), .accept = "application/json; keys=camel");
    CU_ASSERT_STRING_EQUAL(text_at(camel->json, "/0/mimeType"), "text/plain");

    const char *path = textf("%s/%s", documents_path(bot), id);

    expect_body("removed", CALL("DELETE", path, token_of(STUDENT)), 200, "null");
    expect_status("removed before", CALL("DELETE", path, token_of(STUDENT)), 404);
    CU_ASSERT_EQUAL(count_at(documents_of(bot), ""), 1);
}

/* Each refusal names what is wrong, and nothing of it stays. */
static void test_refused(void)
{
    const char *bot = make_bot(STUDENT);
    const char *megabytes = text_of((20 << 20) + 1, "large");
    const char *description = textf("%s", repeated("x", 501));
    static const struct part good = {"name=file; filename=a.txt", "text\n", 0};
    const struct {
        const char *name;
        struct part part;
        long status;
        const char *code;
    } rows[] = {
        // clang-format off
        {"no file",          {"name=other", "x", 0},                                         400, "invalid_request"},
        {"an empty file",    {"name=file; filename=b.txt", "", 0},                           400, "invalid_request"},
        {"a path",           {"name=file; filename=\"../b.txt\"", "x", 0},                   400, "bad_filename"},
        {"a Windows path",   {"name=file; filename=\"C:\\b.txt\"", "x", 0},                  400, "bad_filename"},
        {"an escaped path",  {"name=file; filename*=UTF-8''..%2f..%2fb", "x", 0},            400, "bad_filename"},
        {"a NUL",            {"name=file; filename*=UTF-8''b%00.txt", "x", 0},               400, "bad_filename"},
        {"a line end",       {"name=file; filename*=UTF-8''b%0d%0aX:y", "x", 0},             400, "bad_filename"},
        {"ESC",              {"name=file; filename=\"b\x1b[31m\"", "x", 0},                  400, "bad_filename"},
        {"a C1 control",     {"name=file; filename=\"b\xc2\x85\"", "x", 0},                  400, "bad_filename"},
        {"no UTF-8",         {"name=file; filename=\"b\xff\"", "x", 0},                      400, "bad_filename"},
        {"a dot",            {"name=file; filename=\".\"", "x", 0},                          400, "bad_filename"},
        {"two dots",         {"name=file; filename=\"..\"", "x", 0},                         400, "bad_filename"},
        {"no name",          {"name=file; filename=\"\"", "x", 0},                           400, "bad_filename"},
        {"256 bytes",        {textf("name=file; filename=%s", repeated("n", 256)), "x", 0},  400, "bad_filename"},
        {"the same name",    {"name=file; filename=a.txt", "x", 0},                          400, "invalid_request"},
        {"a long description", {"name=description", description, 0},                         400, "invalid_request"},
        {"a program",        {"name=file; filename=b.txt", "\x7f""ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0", 24}, 415, "unsupported_type"},
        {"an archive",       {"name=file; filename=b.txt", "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0x", 31}, 415, "unsupported_type"},
        {"a drawing",        {"name=file; filename=b.png", "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>x</script></svg>", 0}, 415, "unsupported_type"},
        {"more than 20 MiB", {"name=file; filename=b.txt", megabytes, (20 << 20) + 1},       413, "too_large"},
        // clang-format on
    };
    size_t on_disk = files_on_disk();

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct part parts[] = {good, rows[i].part};
        bool is_alone = str_eq(rows[i].name, "no file");
        const struct answer *answer =
            post_parts(bot, STUDENT, is_alone ? &rows[i].part : parts, is_alone ? 1 : LEN(parts));

        expect_status(rows[i].name, answer, rows[i].status);
        ROW_ASSERT(rows[i].name, str_eq(text_at(answer->json, "/code"), rows[i].code));
    }
    const struct answer *json = CALL("POST", documents_path(bot), token_of(STUDENT), .body = "{}");

    expect_status("JSON", json, 415);
    CU_ASSERT_EQUAL(count_at(documents_of(bot), ""), 0);
    CU_ASSERT_EQUAL(files_on_disk(), on_disk);
    CU_ASSERT_EQUAL(count_of("file_hold"), 0);
}

/* A hostile name that is a good one is kept as it was typed, shown so, and never a path. */
static void test_odd_names(void)
{
    static const char *const names[] = {
        "\xe2\x80\xaetxt.exe", "a b;c=d,e%2Ff",      "...", "-rf", "con", "'\"; DROP TABLE",
        "<img src=x>",         "\xf0\x9f\x94\xa5.md"};
    const char *bot = make_bot(STUDENT), *longest = repeated("n", 255);

    for (size_t i = 0; i <= LEN(names); i++) {
        const char *name = i < LEN(names) ? names[i] : longest;
        struct buf *escaped = buf_in_arena(test_arena(), 4096);

        for (const char *c = name; escaped && *c; c++)
            buf_printf(escaped, "%s%c", strchr("\"\\", *c) ? "\\" : "", *c);
        const struct answer *answer = post_file(bot, escaped->data, textf("text %zu\n", i), 0);

        expect_status(name, answer, 201);
        ROW_ASSERT(name, str_eq(text_at(answer->json, "/0/filename"), name));
    }
    CU_ASSERT_EQUAL(count_at(documents_of(bot), ""), LEN(names) + 1);
}

static void test_limits(void)
{
    const char *bot = make_bot(STUDENT);
    struct part parts[11];

    for (size_t i = 0; i < LEN(parts); i++)
        parts[i] = (struct part){textf("name=file; filename=f%zu", i), textf("text %zu", i), 0};
    expect_status("11 at once", post_parts(bot, STUDENT, parts, 11), 400);
    for (size_t round = 0; round < 10; round++) {
        for (size_t i = 0; i < 10; i++)
            parts[i].disposition = textf("name=file; filename=f%zu-%zu", round, i);
        expect_status("10 at once", post_parts(bot, STUDENT, parts, 10), 201);
    }
    expect_status("one more than 100", post_file(bot, "one more", "text", 0), 400);
    expect_status("in the place of one", post_file(bot, "f9-9", "other text", 0), 201);
    CU_ASSERT_EQUAL(count_at(documents_of(bot), ""), 100);
}

/* ---- upstream's way ---- */

static const char *address_of(const char *bot, enum person who, const char *filename)
{
    const char *path = textf("/api/chat/bot/%s/presigned-url?filename=%s&contentType=text%%2Fplain", bot, filename);
    const struct answer *answer = CALL("GET", path, token_of(who));

    expect_status("an address", answer, 200);
    return path_of(text_at(answer->json, "/url"));
}

static const struct answer *put(const char *address, const char *data)
{
    return CALL("PUT", address, NULL, .body = data, .type = "application/x-www-form-urlencoded");
}

static void test_presigned(void)
{
    const char *bot = "not-made-yet", *address = address_of(bot, STUDENT, "a%2Bb%20%26.txt");

    CU_ASSERT_TRUE(str_starts(address, "/api/chat/upload?"));
    expect_body("put", put(address, "%=&one\n"), 200, "null");
    expect_body("put again", put(address, "a=two\n"), 200, "null");
    CU_ASSERT_EQUAL(count_of("upload"), 1);

    const char *body = textf("{\"id\":\"%s\",\"title\":\"t\",\"instruction\":\"i\",\"display_retrieved_chunks\":true,"
                             "\"knowledge\":{\"filenames\":[\"a+b &.txt\"]}}",
                             bot);
    expect_status("another's bot", CALL("POST", "/api/chat/bot", token_of(OTHER_STUDENT), .body = body), 400);
    expect_status("the bot", CALL("POST", "/api/chat/bot", token_of(STUDENT), .body = body), 200);
    struct json_object *list = documents_of(bot);

    expect_json("its document", list, "/0/filename", "\"a+b &.txt\"");
    expect_json("its document", list, "/0/file_size", "6");
    CU_ASSERT_EQUAL(count_of("upload"), 0);

    /* One that no bot has named is taken back; one that is not there is, too. */
    const char *uploaded = textf("/api/chat/bot/%s/uploaded-file?filename=b.txt", bot);
    size_t on_disk = files_on_disk();

    expect_body("put for it", put(address_of(bot, STUDENT, "b.txt"), "three\n"), 200, "null");
    CU_ASSERT_EQUAL(files_on_disk(), on_disk + 1);
    expect_body("taken back", CALL("DELETE", uploaded, token_of(STUDENT)), 200, "null");
    expect_body("twice", CALL("DELETE", uploaded, token_of(STUDENT)), 200, "null");
    CU_ASSERT_EQUAL(files_on_disk(), on_disk);
    CU_ASSERT_EQUAL(count_of("upload"), 0);
}

static void test_presigned_refused(void)
{
    const char *bot = make_bot(STUDENT);
    const char *base = textf("/api/chat/bot/%s/presigned-url", bot);
    const struct {
        const char *name, *path;
        enum person who;
        long status;
    } rows[] = {{"no name", base, STUDENT, 400},
                {"a path", textf("%s?filename=a%%2Fb", base), STUDENT, 400},
                {"a NUL", textf("%s?filename=a%%00b", base), STUDENT, 400},
                {"another's bot", textf("%s?filename=a", base), OTHER_STUDENT, 404},
                {"an administrator", textf("%s?filename=a", base), ADMIN, 200},
                {"no bot's id", "/api/chat/bot/a.b/presigned-url?filename=a", STUDENT, 400}};

    for (size_t i = 0; i < LEN(rows); i++)
        expect_status(rows[i].name, CALL("GET", rows[i].path, token_of(rows[i].who)), rows[i].status);

    const char *address = address_of(bot, STUDENT, "a.txt");

    expect_status("an empty file", put(address, ""), 400);
    expect_status("a program",
                  CALL("PUT", address, NULL,
                       .body = "\x7f"
                               "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0",
                       .len = 18),
                  415);
    expect_status("without a signature", put("/api/chat/upload", "x"), 403);
    CU_ASSERT_EQUAL(count_of("upload") + count_of("file_hold"), 0);
}

/* No byte of an address can be another one. Of the escapes' digits the case means nothing. */
static void test_altered_addresses(void)
{
    const char *bot = make_bot(STUDENT), *address = address_of(bot, STUDENT, "name.txt");
    size_t from = strlen("/api/chat/upload?");

    for (size_t i = from; address[i]; i++) {
        char *altered = textf("%s", address);

        altered[i] = altered[i] == 'x' ? 'y' : 'x';
        const struct answer *answer = put(altered, "text");

        ROW_ASSERT(altered, answer->status == 403 || (strchr("%&", address[i]) && answer->status == 400));
    }
    CU_ASSERT_EQUAL(count_of("upload"), 0);
}

SUITE(uploads, {"documents", test_documents}, {"refused", test_refused}, {"odd names", test_odd_names},
      {"limits", test_limits}, {"presigned", test_presigned}, {"presigned, refused", test_presigned_refused},
      {"altered addresses", test_altered_addresses});
