/*
 * Amazon's event stream: the same messages wherever the stream is cut, and those that the bytes themselves say.
 *
 * The first byte says whether the rest is a stream as it comes, or one whose checksums are put right first: without
 * that nothing but a seed would ever get past them.
 */
#include "llm/event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "fuzz.h"

enum { ALL_CUTS_BYTES = 80, SOME_CUTS = 16, TEXT_MAX_BYTES = 8 << 20, OVERHEAD_BYTES = 16 };

static enum cq_status record(void *user, const struct llm_event *event)
{
    struct buf *messages = user;

    CHECK(event->data[event->len] == '\0');
    CHECK(strlen(event->name) < EVENT_STREAM_NAME_BYTES);
    buf_printf(messages, "%d %s %zu ", event->is_exception, event->name, event->len);
    buf_append(messages, event->data, event->len);
    buf_char(messages, '\n');
    return CQ_OK;
}

/* What comes of the stream when it arrives in pieces of these lengths. Each piece ends where its memory ends. */
static enum cq_status feed(const char *bytes, size_t len, size_t first, size_t step, struct buf *messages)
{
    struct event_stream stream;
    enum cq_status st = CQ_OK;

    buf_clear(messages);
    event_stream_init(&stream, record, messages);
    for (size_t at = 0, n = first; at < len && !st; at += n, n = step) {
        if (n > len - at)
            n = len - at;
        char *piece = malloc(n ? n : 1);

        CHECK(piece);
        memcpy(piece, bytes + at, n);
        st = event_stream_feed(&stream, piece, n);
        free(piece);
    }
    CHECK(st == CQ_OK || event_stream_feed(&stream, "", 1) == st);
    CHECK(stream.message.cap <= EVENT_STREAM_MAX_BYTES + 1);
    event_stream_release(&stream);
    return st;
}

/* ---- the bytes themselves, of a stream that is there as a whole ---- */

static uint32_t number(const char *at, size_t bytes)
{
    uint32_t n = 0;

    while (bytes-- > 0)
        n = n << 8 | (uint8_t)*at++;
    return n;
}

static bool is_named(const char *name, size_t len, const char *want)
{
    return len == strlen(want) && memcmp(name, want, len) == 0;
}

/* The value's bytes behind its type, with the length that may stand before them; -1: no such type, or not there. */
static long value_bytes(char type, const char *at, const char *end)
{
    static const int sizes[] = {0, 0, 1, 2, 4, 8, -1, -1, 8, 16};
    size_t kind = (uint8_t)type;

    if (kind >= LEN(sizes) || (sizes[kind] < 0 && end - at < 2))
        return -1;
    long bytes = sizes[kind] < 0 ? 2 + (long)number(at, 2) : sizes[kind];
    return bytes <= end - at ? bytes : -1;
}

/* The last text of a header, "" without one, cut as a name is; false: the headers are malformed. */
static bool last_text(const char *at, const char *end, const char *header, char out[EVENT_STREAM_NAME_BYTES], bool *has)
{
    *has = false;
    out[0] = '\0';
    while (at < end) {
        size_t name_len = (uint8_t)*at;
        const char *name = at + 1, *type = name + name_len;
        long bytes = name_len > 0 && type < end ? value_bytes(*type, type + 1, end) : -1;

        if (bytes < 0)
            return false;
        if (is_named(name, name_len, header)) {
            size_t len = *type == 7 ? (size_t)bytes - 2 : 0;

            *has = true;
            len = len < EVENT_STREAM_NAME_BYTES ? len : EVENT_STREAM_NAME_BYTES - 1;
            memcpy(out, type + 3, len);
            out[len] = '\0';
        }
        at = type + 1 + bytes;
    }
    return true;
}

/* What one message says; false: nothing that we take. */
static bool read_message(const char *message, size_t total, size_t headers, struct buf *messages)
{
    static const char *const types[] = {"event", "exception", "error"};
    static const char *const names[] = {":event-type", ":exception-type", ":error-code"};
    const char *at = message + 12, *end = at + headers;
    char text[EVENT_STREAM_NAME_BYTES];
    size_t type = 0;
    bool has;

    if (!last_text(at, end, ":message-type", text, &has))
        return false;
    while (has && type < LEN(types) && !str_eq(types[type], text))
        type++;
    if (type == LEN(types) || !last_text(at, end, names[type], text, &has))
        return false;
    buf_printf(messages, "%d %s %zu ", type > 0, text, total - OVERHEAD_BYTES - headers);
    buf_append(messages, end, total - OVERHEAD_BYTES - headers);
    buf_char(messages, '\n');
    return true;
}

/* The next message's lengths; false: it is not whole, or they contradict each other. */
static bool next_message(const char *at, const char *end, size_t *total, size_t *headers)
{
    if (end - at < OVERHEAD_BYTES)
        return false;
    *total = number(at, 4);
    *headers = number(at + 4, 4);
    return *total >= OVERHEAD_BYTES && *total <= (size_t)(end - at) && *headers <= *total - OVERHEAD_BYTES;
}

static void put_sums_right(char *at, const char *end)
{
    for (size_t total, headers; next_message(at, end, &total, &headers); at += total)
        frame_sum(at, total);
}

static void read_stream(const char *at, const char *end, struct buf *messages)
{
    for (size_t total, headers; next_message(at, end, &total, &headers); at += total)
        if (!read_message(at, total, headers, messages))
            return;
}

/* ---- checks ---- */

static void check_cuts(const char *bytes, size_t len, enum cq_status st, const struct buf *want)
{
    size_t step = len <= ALL_CUTS_BYTES ? 1 : len / SOME_CUTS;
    struct buf got;

    buf_init(&got, TEXT_MAX_BYTES);
    for (size_t cut = 0; cut <= len; cut += step) {
        CHECK(feed(bytes, len, cut, len, &got) == st);
        CHECK(got.len == want->len && memcmp(got.data, want->data, got.len) == 0);
    }
    CHECK(feed(bytes, len, 1, 1, &got) == st);
    CHECK(got.len == want->len && memcmp(got.data, want->data, got.len) == 0);
    buf_release(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf messages, want;

    if (size < 1 || size > 64 << 10)
        return 0;
    size_t len = size - 1;
    char *bytes = malloc(len ? len : 1);

    CHECK(bytes);
    memcpy(bytes, data + 1, len);
    if (data[0] != 'r')
        put_sums_right(bytes, bytes + len);
    buf_init(&messages, TEXT_MAX_BYTES);
    buf_init(&want, TEXT_MAX_BYTES);
    enum cq_status st = feed(bytes, len, len, len, &messages);

    CHECK(st == CQ_OK || st == CQ_MODEL_INVALID_RESPONSE);
    if (data[0] != 'r') {
        read_stream(bytes, bytes + len, &want);
        CHECK(messages.len == want.len && memcmp(messages.data, want.data, want.len) == 0);
    }
    check_cuts(bytes, len, st, &messages);
    buf_release(&messages);
    buf_release(&want);
    free(bytes);
    return 0;
}
