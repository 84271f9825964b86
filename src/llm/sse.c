/* The state machine of server-sent events. */
#include <string.h>

#include "llm/sse.h"

static const char MARK[] = "\xEF\xBB\xBF"; /* the byte order mark that may begin a stream */
enum { MARK_BYTES = 3 };

void sse_init(struct sse *sse, llm_event_fn *on_event, void *user)
{
    *sse = (struct sse){.state = SSE_START, .on_event = on_event, .user = user};
    buf_init(&sse->line, SSE_MAX_BYTES);
    buf_init(&sse->data, SSE_MAX_BYTES);
}

void sse_release(struct sse *sse)
{
    buf_release(&sse->line);
    buf_release(&sse->data);
}

static enum cq_status dispatch(struct sse *sse)
{
    enum cq_status st = CQ_OK;

    if (sse->data.len > 0) {
        size_t len = sse->data.len - 1;

        sse->data.data[len] = '\0';
        st = sse->on_event(sse->user, &(struct llm_event){.name = sse->name, .data = sse->data.data, .len = len});
    }
    buf_clear(&sse->data);
    sse->name[0] = '\0';
    return st;
}

static void take_name(struct sse *sse, const char *value, size_t len)
{
    if (len >= SSE_NAME_BYTES)
        len = SSE_NAME_BYTES - 1;
    memcpy(sse->name, value, len);
    sse->name[len] = '\0';
}

/* "field: value"; a line that begins with a colon is a comment. Other fields than data and event mean nothing to us. */
static enum cq_status take_field(struct sse *sse)
{
    const char *line = sse->line.data;
    const char *colon = memchr(line, ':', sse->line.len);
    size_t name_len = colon ? (size_t)(colon - line) : sse->line.len;
    size_t skip = colon ? name_len + 1 : name_len;

    if (colon && skip < sse->line.len && line[skip] == ' ')
        skip++;
    if (name_len == 4 && memcmp(line, "data", 4) == 0) {
        buf_append(&sse->data, line + skip, sse->line.len - skip);
        buf_char(&sse->data, '\n');
    } else if (name_len == 5 && memcmp(line, "event", 5) == 0) {
        take_name(sse, line + skip, sse->line.len - skip);
    }
    return sse->data.failed ? CQ_MODEL_INVALID_RESPONSE : CQ_OK;
}

static enum cq_status end_line(struct sse *sse)
{
    enum cq_status st = sse->line.len > 0 ? take_field(sse) : dispatch(sse);

    buf_clear(&sse->line);
    return st;
}

/* Take what is left of the line, and its end when it is there. Returns the number of bytes taken. */
static size_t feed_line(struct sse *sse, const char *bytes, size_t len, enum cq_status *st)
{
    size_t n = 0;

    while (n < len && bytes[n] != '\n' && bytes[n] != '\r')
        n++;
    buf_append(&sse->line, bytes, n);
    if (sse->line.failed) {
        *st = CQ_MODEL_INVALID_RESPONSE;
        return n;
    }
    if (n == len)
        return n;
    sse->state = bytes[n] == '\r' ? SSE_AFTER_CR : SSE_LINE;
    *st = end_line(sse);
    return n + 1;
}

/*
 * Take one byte of what may be the mark. It is dropped when whole; what turns out to be something else begins the
 * first line.
 */
static size_t feed_start(struct sse *sse, char byte)
{
    if (byte != MARK[sse->line.len]) {
        sse->state = SSE_LINE;
        return 0;
    }
    buf_char(&sse->line, byte);
    if (sse->line.len == MARK_BYTES) {
        buf_clear(&sse->line);
        sse->state = SSE_LINE;
    }
    return 1;
}

enum cq_status sse_feed(struct sse *sse, const char *bytes, size_t len)
{
    enum cq_status st = CQ_OK;

    for (size_t at = 0; at < len && !st;) {
        switch (sse->state) {
        case SSE_START:
            at += feed_start(sse, bytes[at]);
            break;
        case SSE_AFTER_CR:
            at += bytes[at] == '\n';
            sse->state = SSE_LINE;
            break;
        case SSE_LINE:
            at += feed_line(sse, bytes + at, len - at, &st);
            break;
        case SSE_FAILED:
            return CQ_MODEL_INVALID_RESPONSE;
        }
    }
    if (st)
        sse->state = SSE_FAILED;
    return st;
}
