/* What nginx answers from files: pages at their addresses, scripts, styles and KaTeX, how they are kept and compressed. */
#include <stdio.h>

#include "harness.h"

enum { FILE_MAX_BYTES = 4 << 20 };

#define COURSE "/courses/1/ai_experiences"

/* A file of nginx/www, "" when there is none. */
static const char *file_of_site(const char *name)
{
    struct buf *text = buf_in_arena(test_arena(), FILE_MAX_BYTES);
    FILE *in = fopen(textf("%s/%s", TEST_WWW, name), "re");
    char piece[8192];

    if (!text)
        harness_die("out of memory");
    buf_str(text, "");
    for (size_t n; in && (n = fread(piece, 1, sizeof(piece), in)) > 0;)
        buf_append(text, piece, n);
    if (in)
        fclose(in);
    return text->data;
}

static const struct answer *get(const char *path)
{
    return CALL("GET", path, NULL, .is_plain = true);
}

static const struct answer *get_gzip(const char *path)
{
    return CALL("GET", path, NULL, .is_plain = true, .headers = {"Accept-Encoding: gzip"});
}

/* nginx's own answer, not a worker's. */
static bool is_nothing_there(const struct answer *answer)
{
    return answer->status == 404 && strstr(answer->body, "There is nothing at this address.");
}

static void expect_nothing_there(const char *row, const struct answer *answer)
{
    ROW_ASSERT(textf("%s: %ld", row, answer->status), is_nothing_there(answer));
}

/* ---- addresses ---- */

/* A page that is not written yet has its address all the same. */
static void test_addresses(void)
{
    static const struct {
        const char *path, *file;
    } rows[] = {
        {"/", "index.html"},
        {"/account", "account.html"},
        {COURSE "/new", "editor.html"},
        {COURSE "/12/edit", "editor.html"},
        {COURSE "/12/students", "class.html"},
        {COURSE "/12/students/345", "transcript.html"},
        {COURSE "/12/conversations/6", "reading.html"},
        {"/chat", "chat.html"},
        {"/chat/01_Az-9", "chat.html"},
        {"/bots", "bots.html"},
        {"/bots/new", "bots.html"},
        {"/bots/reading-list", "bots.html"},
        {"/style.css", "style.css"},
        {"/favicon.svg", "favicon.svg"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *text = file_of_site(rows[i].file);
        const struct answer *answer = get(textf("%s?lang=de", rows[i].path));

        if (*text && expect_status(rows[i].path, answer, 200))
            ROW_ASSERT(rows[i].path, str_eq(answer->body, text));
        if (!*text)
            expect_nothing_there(rows[i].path, answer);
        const struct answer *post = CALL("POST", rows[i].path, NULL, .body = "{}", .is_plain = true);
        if (*text && expect_status(rows[i].path, post, 405))
            ROW_ASSERT(rows[i].path, str_eq(header(post, "Allow"), "GET, HEAD"));
    }
}

static void test_other_addresses(void)
{
    const char *const workers[] = {COURSE,
                                   COURSE "/12",
                                   COURSE "/x/edit",
                                   COURSE "/12/students/",
                                   COURSE "/12/students/me",
                                   COURSE "/12/conversations",
                                   "/courses/one/ai_experiences/new",
                                   COURSE "/new/"};
    const char *const none[] = {"/index.html",
                                "/chat.html",
                                "/chat/",
                                "/chat/a.b",
                                "/chat/a/b",
                                textf("/chat/%s", repeated("a", 65)),
                                "/bots/%C3%A9",
                                "/bots/a/edit",
                                "/account/",
                                "/js/",
                                "/katex/",
                                "/katex/none.js",
                                "/katex/../www/index.html"};

    for (size_t i = 0; i < LEN(workers); i++) {
        const struct answer *answer = get(workers[i]);

        ROW_ASSERT(textf("%s: %ld", workers[i], answer->status), answer->status >= 300 && !is_nothing_there(answer));
    }
    for (size_t i = 0; i < LEN(none); i++)
        expect_nothing_there(none[i], get(none[i]));
}

/* ---- how they are sent ---- */

static void expect_page_headers(const char *row, const struct answer *answer)
{
    const char *csp = header(answer, "Content-Security-Policy");

    ROW_ASSERT(row, strstr(csp, "default-src 'none'; script-src 'self'; style-src 'self';") != NULL);
    ROW_ASSERT(row, strstr(csp, "require-trusted-types-for 'script'; trusted-types colloquy") != NULL);
    ROW_ASSERT(row, !strstr(csp, "unsafe"));
    ROW_ASSERT(row, str_eq(header(answer, "X-Content-Type-Options"), "nosniff"));
    ROW_ASSERT(row, *header(answer, "Strict-Transport-Security"));
}

#define KATEX "public, max-age=2592000"

static void test_types(void)
{
    static const struct {
        const char *path, *type, *cache;
    } rows[] = {
        {"/", "text/html; charset=utf-8", "no-cache"},
        {"/style.css", "text/css; charset=utf-8", "no-cache"},
        {"/favicon.svg", "image/svg+xml; charset=utf-8", "no-cache"},
        {"/lang/de.json", "application/json; charset=utf-8", "no-cache"},
        {"/none", "text/html; charset=utf-8", "no-cache"},
        {"/katex/katex.min.js", "application/javascript; charset=utf-8", KATEX},
        {"/katex/katex.min.css", "text/css; charset=utf-8", KATEX},
        {"/katex/fonts/KaTeX_Main-Regular.woff2", "font/woff2", KATEX},
        {"/katex/fonts/KaTeX_Main-Regular.woff", "font/woff", KATEX},
        {"/katex/none.js", "text/html; charset=utf-8", "no-cache"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = get(rows[i].path);

        if (answer->status == 404 && !strstr(rows[i].path, "none") && !*file_of_site(rows[i].path + 1))
            continue; /* not written yet */
        expect_status(rows[i].path, answer, strstr(rows[i].path, "none") ? 404 : 200);
        ROW_ASSERT(rows[i].path, str_eq(header(answer, "Content-Type"), rows[i].type));
        ROW_ASSERT(rows[i].path, str_eq(header(answer, "Cache-Control"), rows[i].cache));
        expect_page_headers(rows[i].path, answer);
    }
}

/* What is asked for again costs no bytes, compressed or not; a change would be seen by its tag. */
static void test_asked_again(void)
{
    static const char *const paths[] = {"/", "/style.css", "/favicon.svg", "/katex/katex.min.js"};

    for (size_t i = 0; i < LEN(paths); i++) {
        const char *plain = header(get(paths[i]), "ETag"), *weak = header(get_gzip(paths[i]), "ETag");
        const char *const tags[] = {plain, weak};

        ROW_ASSERT(paths[i], *plain && *weak);
        for (size_t k = 0; k < LEN(tags); k++) {
            const struct answer *again =
                CALL("GET", paths[i], NULL, .is_plain = true,
                     .headers = {textf("If-None-Match: %s", tags[k]), "Accept-Encoding: gzip"});

            expect_status(paths[i], again, 304);
            ROW_ASSERT(paths[i], again->len == 0);
            ROW_ASSERT(paths[i],
                       str_eq(header(again, "Cache-Control"), strstr(paths[i], "katex") ? KATEX : "no-cache"));
        }
        expect_status(paths[i], CALL("GET", paths[i], NULL, .is_plain = true, .headers = {"If-None-Match: \"0-0\""}),
                      200);
    }
}

static void test_compressed(void)
{
    static const char *const paths[] = {"/", "/style.css", "/katex/katex.min.js", "/katex/katex.min.css"};
    static const char *const never[] = {"/katex/fonts/KaTeX_Main-Regular.woff2", "/none"};

    for (size_t i = 0; i < LEN(paths); i++) {
        const struct answer *plain = get(paths[i]), *gzip = get_gzip(paths[i]);

        ROW_ASSERT(paths[i], str_eq(header(gzip, "Content-Encoding"), "gzip") && !*header(plain, "Content-Encoding"));
        ROW_ASSERT(paths[i], gzip->len < plain->len * 2 / 3);
        ROW_ASSERT(paths[i], str_starts(header(gzip, "ETag"), "W/\"") && str_starts(header(plain, "ETag"), "\""));
        ROW_ASSERT(paths[i], str_eq(header(gzip, "Vary"), "Accept-Encoding"));
        ROW_ASSERT(paths[i], str_eq(header(plain, "Vary"), "Accept-Encoding"));
    }
    for (size_t i = 0; i < LEN(never); i++)
        ROW_ASSERT(never[i], !*header(get_gzip(never[i]), "Content-Encoding"));
}

/* What repeats what was asked beside a secret would tell it by its length. */
static void test_workers_are_not_compressed(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *const paths[] = {talk.path,
                                 talk.list_path,
                                 experiences_path(main_course()),
                                 experience_path(main_course(), talk.experience),
                                 textf("/courses/%lu/ai_experiences", main_course()),
                                 "/api/chat/conversations",
                                 "/login",
                                 "/health",
                                 "/metrics",
                                 "/api/v1/nowhere"};

    say(&talk, "[[words 400]]");
    for (size_t i = 0; i < LEN(paths); i++) {
        const struct answer *answer = CALL("GET", paths[i], token_of(TEACHER), .is_plain = true,
                                           .headers = {"Accept-Encoding: gzip, deflate, br"});

        ROW_ASSERT(textf("%s: %ld", paths[i], answer->status), answer->status == 200 || answer->status == 404);
        ROW_ASSERT(paths[i], !*header(answer, "Content-Encoding") && !*header(answer, "Vary"));
    }
}

SUITE(static_files, {"addresses", test_addresses}, {"other addresses", test_other_addresses}, {"types", test_types},
      {"asked again", test_asked_again}, {"compressed", test_compressed},
      {"workers' answers are not compressed", test_workers_are_not_compressed});
