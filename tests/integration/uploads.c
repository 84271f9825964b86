/* Files for bots: both ways of giving them, what they may be, and the signed links by which they are had back. */
#include <stdio.h>
#include <string.h>
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

static uint64_t count_holds(void)
{
    return database_number("SELECT COUNT(*) FROM file_hold");
}

/* What waits for being named by the bot. */
static uint64_t count_uploads(const char *bot)
{
    return database_number(textf("SELECT COUNT(*) FROM upload WHERE bot_name = '%s'", bot));
}

/* Without what is kept beside them. */
static size_t files_on_disk(void)
{
    struct buf *out = buf_in_arena(test_arena(), 1 << 20);
    const char *const argv[] = {"/usr/bin/find",
                                textf("%s/files", instance_used()->dir),
                                "-type",
                                "f",
                                "-regex",
                                ".*/[0-9a-f]*",
                                "-printf",
                                "x",
                                NULL};

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
    CU_ASSERT_EQUAL(count_holds(), 0);
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
    CU_ASSERT_EQUAL(count_uploads(bot), 1);

    const char *body = textf("{\"id\":\"%s\",\"title\":\"t\",\"instruction\":\"i\",\"display_retrieved_chunks\":true,"
                             "\"knowledge\":{\"filenames\":[\"a+b &.txt\"]}}",
                             bot);
    expect_status("another's bot", CALL("POST", "/api/chat/bot", token_of(OTHER_STUDENT), .body = body), 400);
    expect_status("the bot", CALL("POST", "/api/chat/bot", token_of(STUDENT), .body = body), 200);
    struct json_object *list = documents_of(bot);

    expect_json("its document", list, "/0/filename", "\"a+b &.txt\"");
    expect_json("its document", list, "/0/file_size", "6");
    CU_ASSERT_EQUAL(count_uploads(bot), 0);

    /* One that no bot has named is taken back; one that is not there is, too. */
    const char *uploaded = textf("/api/chat/bot/%s/uploaded-file?filename=b.txt", bot);
    size_t on_disk = files_on_disk();

    expect_body("put for it", put(address_of(bot, STUDENT, "b.txt"), "three\n"), 200, "null");
    CU_ASSERT_EQUAL(files_on_disk(), on_disk + 1);
    expect_body("taken back", CALL("DELETE", uploaded, token_of(STUDENT)), 200, "null");
    expect_body("twice", CALL("DELETE", uploaded, token_of(STUDENT)), 200, "null");
    CU_ASSERT_EQUAL(files_on_disk(), on_disk);
    CU_ASSERT_EQUAL(count_uploads(bot), 0);
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
    CU_ASSERT_EQUAL(count_uploads(bot) + count_holds(), 0);
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

        bool is_escape = address[i] == '%' || address[i - 1] == '%' || address[i - 2] == '%';

        ROW_ASSERT(altered, answer->status == 403 || (is_escape && answer->status == 400)); /* no escape at all */
    }
    CU_ASSERT_EQUAL(count_uploads(bot), 0);
}

/* ---- signed links ---- */

static const char PNG[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"
                          "\0\0\0\rIDATx\x9c"
                          "c\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xae"
                          "B`\x82";

/* A reply that was given a passage of a document: its source id, and where it is looked at. */
static const char *make_source(const char *bot, const char *document)
{
    static unsigned n;
    const char *chat = textf("chat-of-uploads-%u", n++);
    const char *body = textf("{\"conversation_id\":\"%s\",\"bot_id\":\"%s\",\"message\":{\"content\":"
                             "[{\"content_type\":\"text\",\"body\":\"x\"}]}}",
                             chat, bot);
    const struct answer *said = CALL("POST", "/api/chat/conversation", token_of(STUDENT), .body = body);
    const char *reply = text_at(said->json, "/message_id");

    expect_status("a reply", said, 200);
    CU_ASSERT_TRUE(database_try(textf(
        "INSERT INTO related_document SELECT c.conversation_id, m.seq, 7, d.id, d.filename, d.kind, NULL, 'passage',"
        " 'excerpt', 0.5, d.created_at FROM chat c JOIN chat_message m ON m.conversation_id = c.conversation_id"
        " AND m.name = '%s' JOIN document d ON d.name = '%s' WHERE c.name = '%s'",
        reply, document, chat)));
    return textf("/api/chat/conversation/%s/related-documents/%s%%40%d", chat, reply, 7);
}

static const struct answer *preview_of(const char *source)
{
    return CALL("GET", textf("%s/preview", source), token_of(STUDENT));
}

/* A document as its bot's owner is shown it. */
struct shown {
    const char *bot, *id; /* the document's */
    const char *source, *link;
};

static struct shown show(const char *filename, const char *data, size_t len, const char *mime_type)
{
    struct shown s = {.bot = make_bot(STUDENT)};
    const struct answer *answer = post_file(s.bot, filename, data, len);

    expect_status(filename, answer, 201);
    s.id = text_at(answer->json, "/0/id");
    if (mime_type)
        CU_ASSERT_TRUE(database_try(
            textf("UPDATE document SET kind = 'binary', mime_type = '%s' WHERE name = '%s'", mime_type, s.id)));
    s.source = make_source(s.bot, s.id);
    const struct answer *preview = preview_of(s.source);

    expect_status(filename, preview, 200);
    s.link = path_of(text_at(preview->json, "/presigned_url"));
    return s;
}

static const struct answer *get(const char *link, const char *range)
{
    return CALL("GET", link, NULL, .is_plain = true, .headers = {range ? textf("Range: %s", range) : NULL});
}

static size_t count_headers(const struct answer *answer, const char *name)
{
    size_t n = 0;

    for (const char *at = answer->header_lines; (at = strcasestr(at, textf("\n%s:", name))); at++)
        n++;
    return n;
}

/* What a browser is told of every file: to run nothing in it, and to guess nothing of it. Each is said once. */
static void expect_file_headers(const char *row, const struct answer *answer, const char *type, const char *disposition)
{
    static const char *const once[] = {"Content-Type",    "Content-Disposition", "Content-Security-Policy",
                                       "Cache-Control",   "X-Request-Id",        "X-Content-Type-Options",
                                       "X-Frame-Options", "Content-Length",      "Strict-Transport-Security"};

    ROW_ASSERT(row, str_eq(header(answer, "Content-Type"), type));
    ROW_ASSERT(row, str_eq(header(answer, "Content-Disposition"), disposition));
    ROW_ASSERT(row, str_eq(header(answer, "X-Content-Type-Options"), "nosniff"));
    ROW_ASSERT(row, str_starts(header(answer, "Content-Security-Policy"), "sandbox; default-src 'none';"));
    ROW_ASSERT(row, str_eq(header(answer, "Cache-Control"), "no-store"));
    ROW_ASSERT(row, !*header(answer, "X-Accel-Redirect"));
    for (size_t i = 0; i < LEN(once); i++)
        ROW_ASSERT(textf("%s: %s once", row, once[i]), count_headers(answer, once[i]) == 1);
}

static void test_links(void)
{
    const size_t len = sizeof(PNG) - 1;
    struct shown s = show("\xc3\xa9 \\\"1\\\".png", PNG, len, NULL);
    const struct expected fields[] = {{"/source_name", "\"\xc3\xa9 \\\"1\\\".png\""},
                                      {"/content_type", "\"image\""},
                                      {"/text_content", "null"},
                                      {"/page_count", "null"},
                                      {"/file_size", "69"}};
    static const char DISPOSITION[] = "inline; filename=\"_ _1_.png\"; filename*=UTF-8''%C3%A9%20%221%22.png";

    expect_fields("the preview", preview_of(s.source)->json, fields, LEN(fields));
    CU_ASSERT_TRUE(str_starts(text_at(preview_of(s.source)->json, "/presigned_url"), "https://localhost:"));
    const struct answer *whole = get(s.link, NULL);

    expect_status("whole", whole, 200);
    CU_ASSERT_TRUE(whole->len == len && memcmp(whole->body, PNG, len) == 0);
    expect_file_headers("whole", whole, "image/png", DISPOSITION);

    const struct answer *head = CALL("HEAD", s.link, NULL);

    expect_status("HEAD", head, 200);
    expect_file_headers("HEAD", head, "image/png", DISPOSITION);
    CU_ASSERT_STRING_EQUAL(header(head, "Content-Length"), textf("%zu", len));
    CU_ASSERT_EQUAL(head->len, 0);

    const struct answer *range = get(s.link, "bytes=1-3");

    expect_status("a range", range, 206);
    CU_ASSERT_TRUE(range->len == 3 && memcmp(range->body, "PNG", 3) == 0);
    CU_ASSERT_STRING_EQUAL(header(range, "Content-Range"), textf("bytes 1-3/%zu", len));
    expect_file_headers("a range", range, "image/png", DISPOSITION);
    expect_status("beyond the end", get(s.link, "bytes=1000-"), 416);
    expect_status("POST", CALL("POST", s.link, NULL, .body = "{}"), 405);
}

/* Only what a browser shows without running anything is shown; what the file was called is no type. */
static void test_link_types(void)
{
    const struct {
        const char *filename, *mime_type, *want;
        bool is_inline;
    } rows[] = {
        {"a.pdf", "application/pdf", "application/pdf", true},
        {"a.html", "text/html", "application/octet-stream", false},
        {"a.svg", "image/svg+xml", "application/octet-stream", false},
        {"a.png", "text/plain", "application/octet-stream", false},
        {"a.webp", "image/webp", "image/webp", true},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct shown s = show(rows[i].filename, textf("<script>%zu</script>", i), 0, rows[i].mime_type);
        const char *type = rows[i].is_inline ? "inline" : "attachment";
        const struct answer *answer = get(s.link, NULL);

        expect_status(rows[i].filename, answer, 200);
        expect_file_headers(
            rows[i].filename, answer, rows[i].want,
            textf("%s; filename=\"%s\"; filename*=UTF-8''%s", type, rows[i].filename, rows[i].filename));
    }
}

/* What the installation signs with, to sign as it does. */
static const char *sign(const char *const *fields, size_t n)
{
    uint8_t secret[SHA256_BYTES], hash[SHA256_BYTES];
    char *out = textf("%*s", ACCESS_TOKEN_TEXT_BYTES, "");
    struct buf *text = buf_in_arena(test_arena(), 4096);

    for (int i = 0; i < SHA256_BYTES; i++)
        secret[i] = (uint8_t)database_number(textf("SELECT ORD(SUBSTRING(secret, %d, 1)) FROM site_secret", i + 1));
    for (size_t i = 0; text && i < n; i++)
        buf_printf(text, "%zu:%s", strlen(fields[i]), fields[i]);
    if (!text || !hmac_sha256(secret, sizeof(secret), text->data, text->len, hash))
        harness_die("out of memory");
    secret_text(hash, out);
    return out;
}

static const char *signed_link(const char *purpose, const char *path, int64_t expires)
{
    const char *until = textf("%lld", (long long)expires);
    const char *const fields[] = {purpose, path, until};

    return textf("%s?expires=%s&signature=%s", path, until, sign(fields, LEN(fields)));
}

static void expect_code(const char *row, const struct answer *answer, long status, const char *code)
{
    expect_status(row, answer, status);
    expect_api_headers(row, answer);
    ROW_ASSERT(row, str_eq(text_at(answer->json, "/code"), code) && *text_at(answer->json, "/detail"));
}

static void test_altered_links(void)
{
    struct shown s = show("a.png", PNG, sizeof(PNG) - 1, NULL), other = show("b.png", PNG, sizeof(PNG) - 1, NULL);
    const char *path = textf("%.*s", (int)strcspn(s.link, "?"), s.link), *query = strchr(s.link, '?');
    const char *other_path = textf("%.*s", (int)strcspn(other.link, "?"), other.link);
    int64_t now = clock_unix_ms() / 1000;

    expect_status("as we sign it", get(signed_link("document", path, now + 60), NULL), 200);
    for (size_t i = strlen("/api/chat/files/"); s.link[i]; i++) {
        char *altered = textf("%s", s.link);

        altered[i] = altered[i] == '7' ? '8' : '7';
        ROW_ASSERT(altered, get(altered, NULL)->status == 403);
    }
    const struct {
        const char *name, *link;
        long status;
        const char *code;
    } rows[] = {
        {"nothing signed", path, 403, "forbidden"},
        {"another document", textf("%s%s", other_path, query), 403, "forbidden"},
        {"a suffix", textf("%s.json%s", path, query), 403, "forbidden"},
        {"more digits", textf("/api/chat/files/0%s%s", path + strlen("/api/chat/files/"), query), 403, "forbidden"},
        {"another purpose", signed_link("upload", path, now + 60), 403, "forbidden"},
        {"expired", signed_link("document", path, now - 1), 410, "gone"},
        {"expired, altered", textf("%sx", signed_link("document", path, now - 1)), 403, "forbidden"},
        {"no such document", signed_link("document", "/api/chat/files/999999999", now + 60), 404, "source_gone"},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        expect_code(rows[i].name, CALL("GET", rows[i].link, NULL), rows[i].status, rows[i].code);

    /* It goes with the document, and what is nginx's alone is no address. */
    expect_status("the other one", get(other.link, NULL), 200);
    CALL("DELETE", textf("%s/%s", documents_path(other.bot), other.id), token_of(STUDENT));
    expect_code("gone", CALL("GET", other.link, NULL), 404, "source_gone");
    expect_code("its preview", preview_of(other.source), 404, "source_gone");
    expect_status("the folder", CALL("GET", "/.files/", NULL), 404);
    CU_ASSERT_PTR_NULL(strstr(read_log(), "signature="));
}

static void test_expired_addresses(void)
{
    const char *fields[] = {"upload", textf("%lu", id_of(STUDENT)), "b", "f", "t", NULL};
    const int64_t now = clock_unix_ms() / 1000, times[] = {now - 1, now + 3500};

    for (size_t i = 0; i < LEN(times); i++) {
        fields[5] = textf("%lld", (long long)times[i]);
        const char *address =
            textf("/api/chat/upload?user_id=%s&bot_id=b&filename=f&content_type=t&expires=%s&signature=%s", fields[1],
                  fields[5], sign(fields, LEN(fields)));

        expect_status(i ? "still good" : "expired", put(address, "text"), i ? 200 : 410);
    }
    CALL("DELETE", "/api/chat/bot/b/uploaded-file?filename=f", token_of(STUDENT));
}

static void test_preview(void)
{
    struct shown s = show("a.png", PNG, sizeof(PNG) - 1, NULL);
    const char *path = textf("%s/preview", s.source);

    expect_status("another's", CALL("GET", path, token_of(OTHER_STUDENT)), 404);
    expect_status("an administrator", CALL("GET", path, token_of(ADMIN)), 404);
    expect_status("nobody", CALL("GET", path, NULL), 401);
    expect_code("another number", preview_of(textf("%s7", s.source)), 404, "not_found");
    expect_code("no source id", preview_of(textf("%.*s", (int)(strrchr(s.source, '%') - s.source), s.source)), 404,
                "not_found");
}

/* ---- one content, one file ---- */

static void test_equal_bytes(void)
{
    struct shown one = {.bot = make_bot(STUDENT)}, two = {.bot = make_bot(STUDENT)};
    size_t before = files_on_disk();

    one.id = text_at(post_file(one.bot, "one.txt", "equal bytes\n", 0)->json, "/0/id");
    two.id = text_at(post_file(two.bot, "two.txt", "equal bytes\n", 0)->json, "/0/id");
    CU_ASSERT_EQUAL(files_on_disk(), before + 1);
    CALL("DELETE", textf("%s/%s", documents_path(one.bot), one.id), token_of(STUDENT));
    CU_ASSERT_EQUAL(files_on_disk(), before + 1);
    post_file(two.bot, "two.txt", "other bytes\n", 0); /* in its place */
    CU_ASSERT_EQUAL(files_on_disk(), before + 1);
    CALL("DELETE", textf("%s/%s", documents_path(two.bot), two.id), token_of(STUDENT));
    CU_ASSERT_EQUAL(files_on_disk(), before);
    post_file(two.bot, "two.txt", "equal bytes\n", 0);
    expect_status("the bot goes", CALL("DELETE", textf("/api/chat/bot/%s", two.bot), token_of(STUDENT)), 200);
    CU_ASSERT_EQUAL(files_on_disk(), before);
}

/* ---- what is large ---- */

/* The most that any of the api workers has had in memory since the last call; is_reset: from now on. */
static uint64_t peak_kib(bool is_reset)
{
    pid_t pids[64];
    size_t n = instance_workers(instance_used(), "api", pids, LEN(pids));
    uint64_t most = 0;

    for (size_t i = 0; i < n; i++) {
        char line[256];
        unsigned long kib = 0;
        FILE *reset = is_reset ? fopen(textf("/proc/%d/clear_refs", (int)pids[i]), "we") : NULL;

        if (is_reset && (!reset || fputs("5", reset) < 0 || fclose(reset)))
            harness_die("a worker's peak cannot be forgotten");
        FILE *in = fopen(textf("/proc/%d/status", (int)pids[i]), "re");

        while (in && fgets(line, sizeof(line), in) && sscanf(line, "VmHWM: %lu", &kib) != 1)
            ;
        if (in)
            fclose(in);
        most = kib > most ? kib : most;
    }
    return most;
}

static void test_large_bodies(void)
{
    enum { MIB = 1 << 20, FILE_BYTES = 20 << 20 };
    const char *bot = make_bot(STUDENT), *address = address_of(bot, STUDENT, "large.txt");
    const char *large = text_of((64 << 20) + 1, "large");
    const struct part parts[] = {{"name=file; filename=1", large, FILE_BYTES},
                                 {"name=file; filename=2", large + 1, FILE_BYTES},
                                 {"name=file; filename=3", large + 2, FILE_BYTES}};
    uint64_t before_kib = peak_kib(true);
    const struct answer *fits = CALL("PUT", address, NULL, .body = large, .len = 64 * MIB, .type = "text/plain");
    expect_code("64 MiB", fits, 413, "too_large");
    CU_ASSERT_STRING_EQUAL(text_at(fits->json, "/detail"), "A file may have at most 20 MiB.");
    uint64_t kib = peak_kib(false);

    ROW_ASSERT(textf("a worker had %lu KiB, then %lu KiB", before_kib, kib), kib <= before_kib + 2048);
    expect_code("a byte more", CALL("PUT", address, NULL, .body = large, .len = 64 * MIB + 1), 413, "too_large");
    expect_status("20 MiB", CALL("PUT", address, NULL, .body = large, .len = FILE_BYTES), 200);
    expect_status("60 MiB of files", post_parts(bot, STUDENT, parts, LEN(parts)), 201);
    expect_status("the bot goes", CALL("DELETE", textf("/api/chat/bot/%s", bot), token_of(STUDENT)), 200);
    CALL("DELETE", textf("/api/chat/bot/%s/uploaded-file?filename=large.txt", bot), token_of(STUDENT));
}

/* Whoever judges it, nginx by the length or a worker once the body is there: the answer has one form. */
static void test_bounds(void)
{
    const char *blanks = repeated(" ", (256 << 10) + 1);
    const struct {
        const char *name, *path;
        size_t len;
        bool is_chunked;
        long status;
    } rows[] = {
        {"256 KiB", "/api/chat/bot", 256 << 10, false, 400},
        {"256 KiB, chunked", "/api/chat/bot", 256 << 10, true, 400},
        {"a byte more", "/api/chat/bot", (256 << 10) + 1, false, 413},
        {"a byte more, chunked", "/api/chat/bot", (256 << 10) + 1, true, 413},
        {"a message", "/api/chat/conversation", (256 << 10) + 1, false, 400},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *header = rows[i].is_chunked ? "Transfer-Encoding: chunked" : NULL;
        const struct answer *answer =
            CALL("POST", rows[i].path, token_of(STUDENT), .body = blanks, .len = rows[i].len, .headers = {header});

        expect_code(rows[i].name, answer, rows[i].status, rows[i].status == 413 ? "too_large" : "invalid_request");
    }
}

static void limit_files(rlim_t bytes)
{
    pid_t pids[64];
    size_t n = instance_workers(instance_used(), "api", pids, LEN(pids));
    const struct rlimit limit = {bytes, RLIM_INFINITY};

    CU_ASSERT_TRUE(n > 0);
    for (size_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(prlimit(pids[i], RLIMIT_FSIZE, &limit, NULL), 0);
}

/* As a full disk does it: at some byte no more is taken. */
static void test_no_room(void)
{
    const char *bot = make_bot(STUDENT), *large = text_of(12 << 20, "room"), *small = text_of(900 << 10, "room");
    size_t before = files_on_disk();

    limit_files(8 << 20);
    const struct answer *answer = post_file(bot, "large.txt", large, 12 << 20);

    expect_code("no room", answer, 503, "busy");
    CU_ASSERT_TRUE(*header(answer, "Retry-After") != '\0');
    limit_files(100 << 10);
    expect_code("no room for the file", post_file(bot, "small.txt", small, 900 << 10), 503, "busy");
    limit_files(RLIM_INFINITY);
    CU_ASSERT_EQUAL(files_on_disk(), before);
    CU_ASSERT_EQUAL(count_holds() + count_at(documents_of(bot), ""), 0);
    expect_status("room again", post_file(bot, "large.txt", large, 12 << 20), 201);
    CALL("DELETE", textf("/api/chat/bot/%s", bot), token_of(STUDENT));
}

SUITE(uploads, {"documents", test_documents}, {"refused", test_refused}, {"odd names", test_odd_names},
      {"limits", test_limits}, {"presigned", test_presigned}, {"presigned, refused", test_presigned_refused},
      {"altered addresses", test_altered_addresses}, {"expired addresses", test_expired_addresses},
      {"links", test_links}, {"link types", test_link_types}, {"altered links", test_altered_links},
      {"preview", test_preview}, {"equal bytes", test_equal_bytes}, {"large bodies", test_large_bodies},
      {"bounds", test_bounds}, {"no room", test_no_room});
