/* Server-sent events: tables of streams, each fed at once, cut in two at every place, and byte by byte. */
#include <stdlib.h>

#include "unit.h"

#include "llm/sse.h"

/* Events as text: each "name|data;". */
static enum cq_status record(void *user, const struct llm_event *event)
{
    struct buf *out = user;

    CU_ASSERT_EQUAL(event->data[event->len], '\0');
    buf_printf(out, "%s|", event->name);
    buf_append(out, event->data, event->len);
    buf_char(out, ';');
    return CQ_OK;
}

/* Feed the stream in two pieces, or byte by byte when cut is beyond it, and compare. */
static bool gives(const char *stream, size_t len, size_t cut, const char *want)
{
    struct sse sse;
    struct buf got;
    bool fine = true;

    buf_init(&got, 4096);
    sse_init(&sse, record, &got);
    if (cut <= len) {
        fine = !sse_feed(&sse, stream, cut) && !sse_feed(&sse, stream + cut, len - cut);
    } else {
        for (size_t i = 0; i < len; i++)
            fine = fine && !sse_feed(&sse, stream + i, 1);
    }
    fine = fine && str_eq(got.data, want);
    sse_release(&sse);
    buf_release(&got);
    return fine;
}

static void test_streams(void)
{
    static const struct {
        const char *name, *stream, *want;
    } rows[] = {
        // clang-format off
        {"nothing",                  "",                                  ""},
        {"one event",                "data: a\n\n",                       "|a;"},
        {"CRLF",                     "data: a\r\n\r\ndata: b\r\n\r\n",    "|a;|b;"},
        {"CR",                       "data: a\r\rdata: b\r\r",            "|a;|b;"},
        {"ends mixed",               "data: a\r\n\ndata: b\n\r\n",        "|a;|b;"},
        {"CR then LF is one end",    "data: a\r\ndata: b\r\n\r\n",        "|a\nb;"},
        {"no blank behind the colon", "data:a\n\n",                       "|a;"},
        {"one blank is dropped",     "data:  a\n\n",                      "| a;"},
        {"several data lines",       "data: a\ndata:\ndata: b\n\n",       "|a\n\nb;"},
        {"an empty data line",       "data\n\n",                          "|;"},
        {"two of them",              "data\ndata\n\n",                    "|\n;"},
        {"a name",                   "event: ping\ndata: a\n\ndata: b\n\n", "ping|a;|b;"},
        {"the last name wins",       "event: a\nevent: b\ndata: c\n\n",   "b|c;"},
        {"a name without data",      "event: ping\n\ndata: a\n\n",        "|a;"},
        {"comments",                 ": hello\n:\ndata: a\n: b\n\n",      "|a;"},
        {"other fields",             "id: 1\nretry: 5\nx: y\ndata: a\n\n", "|a;"},
        {"a field of another case",  "Data: a\n\n",                       ""},
        {"a blank before the colon", "data : a\n\n",                      ""},
        {"colons in the data",       "data: a: b:c\n\n",                  "|a: b:c;"},
        {"only blank lines",         "\n\r\n\r\n",                        ""},
        {"a mark",                   "\xEF\xBB\xBF" "data: a\n\n",        "|a;"},
        {"a mark and nothing",       "\xEF\xBB\xBF",                      ""},
        {"a mark that is none",      "\xEF\xBB" "data: a\n\ndata: b\n\n", "|b;"},
        {"a second mark",            "\xEF\xBB\xBF\xEF\xBB\xBF" "data: a\n\n", ""},
        {"a mark in the middle",     "data: \xEF\xBB\xBF\n\n",            "|\xEF\xBB\xBF;"},
        {"no blank line at the end", "data: a\n\ndata: b\n",              "|a;"},
        {"no end of line",           "data: a\n\ndata: b",                "|a;"},
        {"more than ASCII",          "data: \xC3\xA4\xF0\x9F\x98\x80\n\n", "|\xC3\xA4\xF0\x9F\x98\x80;"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        size_t len = strlen(rows[i].stream);

        for (size_t cut = 0; cut <= len + 1; cut++)
            ROW_ASSERT(rows[i].name, gives(rows[i].stream, len, cut, rows[i].want));
    }
}

static void test_long_name_is_cut(void)
{
    char stream[200], want[200];

    memset(stream, 'n', sizeof(stream));
    memcpy(stream, "event: ", 7);
    memcpy(stream + 107, "\ndata: a\n\n", 11);
    memset(want, 'n', sizeof(want));
    memcpy(want + SSE_NAME_BYTES - 1, "|a;", 4);
    CU_ASSERT(gives(stream, strlen(stream), 0, want));
}

/* Feed prefix, then n bytes of fill in pieces, then suffix. */
static enum cq_status feed_large(struct sse *sse, const char *prefix, char fill, size_t n, const char *suffix)
{
    char piece[1 << 12];
    enum cq_status st = sse_feed(sse, prefix, strlen(prefix));

    memset(piece, fill, sizeof(piece));
    for (size_t step; !st && n > 0; n -= step) {
        step = n < sizeof(piece) ? n : sizeof(piece);
        st = sse_feed(sse, piece, step);
    }
    return st ? st : sse_feed(sse, suffix, strlen(suffix));
}

static enum cq_status count_bytes(void *user, const struct llm_event *event)
{
    *(size_t *)user += event->len;
    return CQ_OK;
}

static void test_bounds(void)
{
    static const struct {
        const char *name, *prefix;
        size_t n;
        enum cq_status want;
        size_t want_bytes;
    } rows[] = {
        // clang-format off
        {"a line that just fits",   "data: ",         SSE_MAX_BYTES - 6,  CQ_OK,                     SSE_MAX_BYTES - 6},
        {"a line too long",         "data: ",         SSE_MAX_BYTES - 5,  CQ_MODEL_INVALID_RESPONSE, 0},
        {"a comment too long",      ":",              SSE_MAX_BYTES,      CQ_MODEL_INVALID_RESPONSE, 0},
        {"an event too long",       "data: more\ndata:", SSE_MAX_BYTES - 5, CQ_MODEL_INVALID_RESPONSE, 0},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct sse sse;
        size_t bytes = 0;

        sse_init(&sse, count_bytes, &bytes);
        ROW_ASSERT(rows[i].name, feed_large(&sse, rows[i].prefix, 'x', rows[i].n, "\n\n") == rows[i].want);
        ROW_ASSERT(rows[i].name, bytes == rows[i].want_bytes);
        if (rows[i].want)
            ROW_ASSERT(rows[i].name, sse_feed(&sse, "\n\ndata: a\n\n", 11) == CQ_MODEL_INVALID_RESPONSE && bytes == 0);
        sse_release(&sse);
    }
}

/* Many small events must not add up. */
static void test_events_do_not_add_up(void)
{
    struct sse sse;
    size_t bytes = 0;

    sse_init(&sse, count_bytes, &bytes);
    for (int i = 0; i < 20000; i++)
        CU_ASSERT_EQUAL(
            sse_feed(&sse, "data: 0123456789012345678901234567890123456789012345678901234567890123456789\n\n", 78),
            CQ_OK);
    CU_ASSERT_EQUAL(bytes, 20000 * 70);
    CU_ASSERT(sse.data.cap < 4096 && sse.line.cap < 4096);
    sse_release(&sse);
}

static enum cq_status refuse_second(void *user, const struct llm_event *event)
{
    int *n = user;

    (void)event;
    return ++*n == 2 ? CQ_CONTENT_FILTERED : CQ_OK;
}

static void test_refused_event(void)
{
    static const char stream[] = "data: a\n\ndata: b\n\ndata: c\n\n";
    struct sse sse;
    int n = 0;

    sse_init(&sse, refuse_second, &n);
    CU_ASSERT_EQUAL(sse_feed(&sse, stream, sizeof(stream) - 1), CQ_CONTENT_FILTERED);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(sse_feed(&sse, stream, sizeof(stream) - 1), CQ_MODEL_INVALID_RESPONSE);
    CU_ASSERT_EQUAL(n, 2);
    sse_release(&sse);
}

SUITE(sse, {"streams, cut at every place", test_streams}, {"a long name is cut", test_long_name_is_cut},
      {"bounds", test_bounds}, {"events do not add up", test_events_do_not_add_up},
      {"a refused event stops it", test_refused_event});
