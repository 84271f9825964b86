/* Server-sent events: the same events wherever the stream is cut, and those that the lines themselves say. */
#include "llm/sse.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { ALL_CUTS_BYTES = 80, SOME_CUTS = 16, EVENTS_MAX_BYTES = 8 << 20 };

static enum cq_status record(void *user, const struct llm_event *event)
{
    struct buf *events = user;

    CHECK(event->data[event->len] == '\0' && !memchr(event->data, '\r', event->len));
    CHECK(strlen(event->name) < SSE_NAME_BYTES && !strpbrk(event->name, "\r\n"));
    buf_printf(events, "%zu %s\n", event->len, event->name);
    buf_append(events, event->data, event->len);
    buf_char(events, '\n');
    return CQ_OK;
}

/* What comes of the stream when it arrives in pieces of these lengths. Each piece ends where its memory ends. */
static enum cq_status feed(const char *stream, size_t len, size_t first, size_t step, struct buf *events)
{
    struct sse sse;
    enum cq_status st = CQ_OK;

    buf_clear(events);
    sse_init(&sse, record, events);
    for (size_t at = 0, n = first; at < len && !st; at += n, n = step) {
        if (n > len - at)
            n = len - at;
        char *piece = malloc(n ? n : 1);

        CHECK(piece);
        memcpy(piece, stream + at, n);
        st = sse_feed(&sse, piece, n);
        free(piece);
    }
    CHECK(st == CQ_OK || sse_feed(&sse, "\n\n", 2) == st);
    sse_release(&sse);
    return st;
}

/* ---- the lines themselves, of a stream that is there as a whole ---- */

struct event {
    struct buf data;
    char name[SSE_NAME_BYTES];
};

static void end_event(struct event *event, struct buf *events)
{
    if (event->data.len) {
        size_t len = event->data.len - 1;

        event->data.data[len] = '\0';
        record(events, &(struct llm_event){.name = event->name, .data = event->data.data, .len = len});
    }
    buf_clear(&event->data);
    event->name[0] = '\0';
}

static void take_line(struct event *event, const char *line, size_t len, struct buf *events)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : len;
    const char *value = colon ? colon + 1 + (colon + 1 < line + len && colon[1] == ' ') : line + len;
    size_t value_len = (size_t)(line + len - value);

    if (len == 0) {
        end_event(event, events);
    } else if (name_len == 4 && memcmp(line, "data", 4) == 0) {
        buf_append(&event->data, value, value_len);
        buf_char(&event->data, '\n');
    } else if (name_len == 5 && memcmp(line, "event", 5) == 0) {
        value_len = value_len < SSE_NAME_BYTES ? value_len : SSE_NAME_BYTES - 1;
        memcpy(event->name, value, value_len);
        event->name[value_len] = '\0';
    }
}

static void read_lines(const char *at, const char *end, struct buf *events)
{
    struct event event = {.name = ""};

    buf_init(&event.data, SSE_MAX_BYTES);
    buf_clear(events);
    if (end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
        at += 3;
    for (const char *stop; at < end; at = stop + 1) {
        for (stop = at; stop < end && *stop != '\n' && *stop != '\r';)
            stop++;
        if (stop == end)
            break;
        take_line(&event, at, (size_t)(stop - at), events);
        if (*stop == '\r' && end - stop > 1 && stop[1] == '\n')
            stop++;
    }
    buf_release(&event.data);
}

static void check_cuts(const char *stream, size_t len, enum cq_status st, const struct buf *want)
{
    size_t step = len <= ALL_CUTS_BYTES ? 1 : len / SOME_CUTS;
    struct buf got;

    buf_init(&got, EVENTS_MAX_BYTES);
    for (size_t cut = 0; cut <= len; cut += step) {
        CHECK(feed(stream, len, cut, len, &got) == st);
        CHECK(got.len == want->len && memcmp(got.data, want->data, got.len) == 0);
    }
    CHECK(feed(stream, len, 1, 1, &got) == st);
    CHECK(got.len == want->len && memcmp(got.data, want->data, got.len) == 0);
    buf_release(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct buf events, want;

    if (size > 64 << 10)
        return 0;
    buf_init(&events, EVENTS_MAX_BYTES);
    buf_init(&want, EVENTS_MAX_BYTES);
    enum cq_status st = feed(in.at, size, size, size, &events);

    CHECK(st == CQ_OK && !events.failed); /* no line or event of so few bytes is too long */
    read_lines(in.at, in.end, &want);
    CHECK(events.len == want.len && memcmp(events.data, want.data, want.len) == 0);
    check_cuts(in.at, size, st, &events);
    buf_release(&events);
    buf_release(&want);
    return 0;
}
