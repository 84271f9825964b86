/* Amazon's event stream: its published messages and ours, fed at once, cut in two at every place, and byte by byte. */
#include <stdlib.h>

#include "frames.h"
#include "unit.h"

#include "llm/event_stream.h"

/* Bytes with their number: a text that may hold U+0000. */
#define BYTES(text) text, sizeof(text) - 1

/* Messages as text: each "type name|payload;". */
static enum cq_status record(void *user, const struct llm_event *event)
{
    struct buf *out = user;

    CU_ASSERT_EQUAL(event->data[event->len], '\0');
    buf_printf(out, "%s %s|", event->is_exception ? "exception" : "event", event->name);
    buf_append(out, event->data, event->len);
    buf_char(out, ';');
    return CQ_OK;
}

/* Feed in two pieces, or byte by byte when cut is beyond the stream; got says what came. */
static enum cq_status feed(const char *bytes, size_t len, size_t cut, struct buf *got)
{
    struct event_stream stream;
    enum cq_status st = CQ_OK;

    buf_clear(got);
    event_stream_init(&stream, record, got);
    if (cut <= len) {
        st = event_stream_feed(&stream, bytes, cut);
        if (!st)
            st = event_stream_feed(&stream, bytes + cut, len - cut);
    } else {
        for (size_t i = 0; i < len && !st; i++)
            st = event_stream_feed(&stream, bytes + i, 1);
    }
    if (st)
        CU_ASSERT_EQUAL(event_stream_feed(&stream, bytes, len), CQ_MODEL_INVALID_RESPONSE);
    event_stream_release(&stream);
    return st;
}

/* Whether the stream comes to st and want, however it is cut. */
static bool gives(const char *bytes, size_t len, enum cq_status st, const char *want)
{
    struct buf got;
    bool fine = true;

    buf_init(&got, 1 << 16);
    for (size_t cut = 0; cut <= len + 1; cut++)
        fine = fine && feed(bytes, len, cut, &got) == st && str_eq(got.data, want);
    buf_release(&got);
    return fine;
}

/* The messages that the authors of the format give to test with. */
static void test_published(void)
{
#define HEADERS                                                                                                        \
    "\x0c"                                                                                                             \
    "content-type\x07\0\x10"                                                                                           \
    "application/json"
    static const struct {
        const char *name, *bytes;
        size_t len;
        enum cq_status st;
        const char *want;
    } rows[] = {
        // clang-format off
        {"empty",               BYTES("\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\x7d\x98\xc8\xff"), CQ_OK, "event |;"},
        {"no headers",          BYTES("\0\0\0\x1d\0\0\0\0\xfd\x52\x8c\x5a{'foo':'bar'}\xc3\x65\x39\x36"), CQ_OK, "event |{'foo':'bar'};"},
        {"a number",            BYTES("\0\0\0\x2d\0\0\0\x10\x41\xc4\x24\xb8\x0a" "event-type\x04\0\0\xa0\x0c{'foo':'bar'}\x36\xf4\x80\xa0"), CQ_OK, "event |{'foo':'bar'};"},
        {"a text",              BYTES("\0\0\0\x3d\0\0\0\x20\x07\xfd\x83\x96" HEADERS "{'foo':'bar'}\x8d\x9c\x08\xb1"), CQ_OK, "event |{'foo':'bar'};"},
        {"headers corrupted",   BYTES("\0\0\0\x3d\0\0\0\x20\x07\xfd\x83\x96\x0c" "content+type\x07\0\x10" "application/json{'foo':'bar'}\x8d\x9c\x08\xb1"), CQ_MODEL_INVALID_RESPONSE, ""},
        {"their length",        BYTES("\0\0\0\x3d\0\0\x01\x20\x07\xfd\x83\x96" HEADERS "{'foo':'bar'}\x8d\x9c\x08\xb1"), CQ_MODEL_INVALID_RESPONSE, ""},
        {"length corrupted",    BYTES("\x01\0\0\x1d\0\0\0\0\xfd\x52\x8c\x5a{'foo':'bar'}\xc3\x65\x39\x36"), CQ_MODEL_INVALID_RESPONSE, ""},
        {"payload corrupted",   BYTES("\0\0\0\x1d\0\0\0\0\xfd\x52\x8c\x5a{'foo':'bar'\x8d\xc3\x65\x39\x36"), CQ_MODEL_INVALID_RESPONSE, ""},
        // clang-format on
    };
#undef HEADERS
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, gives(rows[i].bytes, rows[i].len, rows[i].st, rows[i].want));
}

/* Headers as they stand on the wire, before one that names an event. */
static void test_headers(void)
{
    static const struct {
        const char *name, *headers;
        size_t len;
        const char *want; /* NULL: refused */
    } rows[] = {
        // clang-format off
        {"none",                    BYTES(""),                                     "event e|p;"},
        {"true and false",          BYTES("\1t\0\1f\1"),                           "event e|p;"},
        {"8 bits",                  BYTES("\1b\2\x7f"),                            "event e|p;"},
        {"16 bits",                 BYTES("\1b\3\7\7"),                            "event e|p;"},
        {"32 bits",                 BYTES("\1b\4\7\7\7\7"),                        "event e|p;"},
        {"64 bits",                 BYTES("\1b\5\7\7\7\7\7\7\7\7"),                "event e|p;"},
        {"bytes",                   BYTES("\1b\6\0\3\7\7\7"),                      "event e|p;"},
        {"no bytes",                BYTES("\1b\6\0\0"),                            "event e|p;"},
        {"a text",                  BYTES("\1b\7\0\2hi"),                          "event e|p;"},
        {"a time",                  BYTES("\1b\x08\0\0\0\0\0\0\0\1"),              "event e|p;"},
        {"a UUID",                  BYTES("\1b\x09" "0123456789abcdef"),           "event e|p;"},
        {"a type of its own",       BYTES("\1b\x0a\0"),                            NULL},
        {"a negative type",         BYTES("\1b\xff\0"),                            NULL},
        {"without a name",          BYTES("\0\1"),                                 NULL},
        {"a name too long",         BYTES("\xff" "abc\1"),                         NULL},
        {"a value too long",        BYTES("\1b\7\xff\xff"),                        NULL},
        {"the last name wins",      BYTES("\x0b:event-type\7\0\1x"),               "event e|p;"},
        {"a name of another type",  BYTES("\x0f:exception-type\7\0\1x"),           "event e|p;"},
        {"an event",                BYTES("\x0d:message-type\7\0\5event"),         "event e|p;"},
        {"an exception, no name",   BYTES("\x0d:message-type\7\0\x09" "exception"), "exception |p;"},
        {"an exception",            BYTES("\x0d:message-type\7\0\x09" "exception\x0f:exception-type\7\0\1x"), "exception x|p;"},
        {"named before its type",   BYTES("\x0f:exception-type\7\0\1x\x0d:message-type\7\0\x09" "exception"), "exception x|p;"},
        {"an error",                BYTES("\x0d:message-type\7\0\5error\x0b:error-code\7\0\1x"), "exception x|p;"},
        {"a type unheard of",       BYTES("\x0d:message-type\7\0\4evil"),          NULL},
        {"a type that is no text",  BYTES("\x0d:message-type\1"),                  NULL},
        // clang-format on
    };
    struct buf headers, stream;

    buf_init(&headers, 4096);
    buf_init(&stream, 4096);
    for (size_t i = 0; i < LEN(rows); i++) {
        buf_clear(&headers);
        buf_clear(&stream);
        buf_append(&headers, rows[i].headers, rows[i].len);
        frame_header(&headers, ":event-type", "e");
        frame(&stream, headers.data, headers.len, "p", 1);
        ROW_ASSERT(rows[i].name, gives(stream.data, stream.len, rows[i].want ? CQ_OK : CQ_MODEL_INVALID_RESPONSE,
                                       rows[i].want ? rows[i].want : ""));
    }
    buf_release(&headers);
    buf_release(&stream);
}

static void test_header_ends_with_headers(void)
{
    static const char half[] = "\1b\4\7\7"; /* the payload would go on with it */
    struct buf stream;

    buf_init(&stream, 4096);
    frame(&stream, half, sizeof(half) - 1, "\7\7\7\7", 4);
    CU_ASSERT(gives(stream.data, stream.len, CQ_MODEL_INVALID_RESPONSE, ""));
    buf_release(&stream);
}

static void test_several(void)
{
    struct buf stream;

    buf_init(&stream, 4096);
    frame_message(&stream, "event", "messageStart", "{\"role\":\"assistant\"}");
    frame_message(&stream, "event", "contentBlockDelta", "{\"delta\":{\"text\":\"\xC3\xA4\"}}");
    frame_message(&stream, "event", "nothing", "");
    frame_message(&stream, "exception", "throttlingException", "{\"message\":\"Slow down\"}");
    CU_ASSERT(gives(stream.data, stream.len, CQ_OK,
                    "event messageStart|{\"role\":\"assistant\"};"
                    "event contentBlockDelta|{\"delta\":{\"text\":\"\xC3\xA4\"}};event nothing|;"
                    "exception throttlingException|{\"message\":\"Slow down\"};"));
    buf_release(&stream);
}

/* Whatever is missing or changed, no message but those before it is given out. */
static void test_truncated_and_changed(void)
{
    struct buf stream, got;

    buf_init(&stream, 4096);
    buf_init(&got, 4096);
    frame_message(&stream, "event", "a", "1");
    size_t first = stream.len;

    frame_message(&stream, "event", "b", "2");
    for (size_t len = 0; len < stream.len; len++) {
        CU_ASSERT_EQUAL(feed(stream.data, len, 0, &got), CQ_OK);
        CU_ASSERT_STRING_EQUAL(got.data, len < first ? "" : "event a|1;");
    }
    for (size_t i = first; i < stream.len; i++) {
        stream.data[i] ^= 1;
        CU_ASSERT_EQUAL(feed(stream.data, stream.len, 0, &got), CQ_MODEL_INVALID_RESPONSE);
        CU_ASSERT_STRING_EQUAL(got.data, "event a|1;");
        stream.data[i] ^= 1;
    }
    buf_release(&stream);
    buf_release(&got);
}

static enum cq_status take_name(void *user, const struct llm_event *event)
{
    memcpy(user, event->name, strlen(event->name) + 1);
    return CQ_OK;
}

static void test_long_name_is_cut(void)
{
    char name[200] = "", got[EVENT_STREAM_NAME_BYTES] = "";
    struct event_stream stream;
    struct buf bytes;

    memset(name, 'n', sizeof(name) - 1);
    buf_init(&bytes, 4096);
    frame_message(&bytes, "event", name, "");
    event_stream_init(&stream, take_name, got);
    CU_ASSERT_EQUAL(event_stream_feed(&stream, bytes.data, bytes.len), CQ_OK);
    CU_ASSERT_EQUAL(strlen(got), EVENT_STREAM_NAME_BYTES - 1);
    event_stream_release(&stream);
    buf_release(&bytes);
}

/* ---- bounds ---- */

static enum cq_status count_bytes(void *user, const struct llm_event *event)
{
    *(size_t *)user += event->len;
    return CQ_OK;
}

/* The lengths that a message says of itself, behind a right checksum. */
static void test_lengths(void)
{
    enum { OVERHEAD = 16 };
    static const struct {
        const char *name;
        size_t total, headers;
        bool is_taken;
    } rows[] = {
        // clang-format off
        {"the largest",             EVENT_STREAM_MAX_BYTES,     0,                                 true},
        {"too large",               EVENT_STREAM_MAX_BYTES + 1, 0,                                 false},
        {"as large as can be said", UINT32_MAX,                 0,                                 false},
        {"too small",               OVERHEAD - 1,               0,                                 false},
        {"nothing",                 0,                          0,                                 false},
        {"headers beyond the end",  OVERHEAD,                   1,                                 false},
        {"more of them",            100,                        UINT32_MAX,                        false},
        // clang-format on
    };
    char prelude[12 + 4] = "";

    for (size_t i = 0; i < LEN(rows); i++) {
        struct event_stream stream;
        size_t bytes = 0;

        for (unsigned k = 0; k < 4; k++) {
            prelude[k] = (char)(rows[i].total >> (24 - 8 * k));
            prelude[4 + k] = (char)(rows[i].headers >> (24 - 8 * k));
        }
        frame_sum(prelude, sizeof(prelude));
        event_stream_init(&stream, count_bytes, &bytes);
        ROW_ASSERT(rows[i].name,
                   event_stream_feed(&stream, prelude, 12) == (rows[i].is_taken ? CQ_OK : CQ_MODEL_INVALID_RESPONSE));
        event_stream_release(&stream);
    }
}

static void test_largest(void)
{
    size_t len = EVENT_STREAM_MAX_BYTES - 16, bytes = 0;
    char *payload = calloc(1, len);
    struct event_stream stream;
    struct buf message;

    CU_ASSERT_PTR_NOT_NULL_FATAL(payload);
    buf_init(&message, EVENT_STREAM_MAX_BYTES);
    frame(&message, NULL, 0, payload, len);
    CU_ASSERT(!message.failed);
    event_stream_init(&stream, count_bytes, &bytes);
    CU_ASSERT_EQUAL(event_stream_feed(&stream, message.data, message.len), CQ_OK);
    CU_ASSERT_EQUAL(bytes, len);
    event_stream_release(&stream);
    buf_release(&message);
    free(payload);
}

/* Many small messages must not add up. */
static void test_messages_do_not_add_up(void)
{
    struct event_stream stream;
    struct buf message;
    size_t bytes = 0;

    buf_init(&message, 4096);
    frame_message(&message, "event", "a", "0123456789");
    event_stream_init(&stream, count_bytes, &bytes);
    for (int i = 0; i < 20000; i++)
        CU_ASSERT_EQUAL(event_stream_feed(&stream, message.data, message.len), CQ_OK);
    CU_ASSERT_EQUAL(bytes, 20000 * 10);
    CU_ASSERT(stream.message.cap < 4096);
    event_stream_release(&stream);
    buf_release(&message);
}

static enum cq_status refuse_second(void *user, const struct llm_event *event)
{
    int *n = user;

    (void)event;
    return ++*n == 2 ? CQ_CONTENT_FILTERED : CQ_OK;
}

static void test_refused_message(void)
{
    struct event_stream stream;
    struct buf bytes;
    int n = 0;

    buf_init(&bytes, 4096);
    for (int i = 0; i < 3; i++)
        frame_message(&bytes, "event", "a", "b");
    event_stream_init(&stream, refuse_second, &n);
    CU_ASSERT_EQUAL(event_stream_feed(&stream, bytes.data, bytes.len), CQ_CONTENT_FILTERED);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(event_stream_feed(&stream, bytes.data, bytes.len), CQ_MODEL_INVALID_RESPONSE);
    CU_ASSERT_EQUAL(n, 2);
    event_stream_release(&stream);
    buf_release(&bytes);
}

SUITE(event_stream, {"published messages, cut at every place", test_published}, {"headers of every type", test_headers},
      {"a header ends with the headers", test_header_ends_with_headers}, {"several messages", test_several},
      {"truncated and changed", test_truncated_and_changed}, {"a long name is cut", test_long_name_is_cut},
      {"lengths", test_lengths}, {"the largest message", test_largest},
      {"messages do not add up", test_messages_do_not_add_up}, {"a refused message stops it", test_refused_message});
