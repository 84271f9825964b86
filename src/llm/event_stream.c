/* The state machine of Amazon's event stream. */
#include <string.h>

#include "llm/event_stream.h"

enum {
    PRELUDE_BYTES = 12, /* length of the message, length of its headers, checksum of both */
    CHECKSUM_BYTES = 4,
};

void event_stream_init(struct event_stream *stream, llm_event_fn *on_event, void *user)
{
    *stream = (struct event_stream){.state = EVENT_STREAM_PRELUDE, .on_event = on_event, .user = user};
    buf_init(&stream->message, EVENT_STREAM_MAX_BYTES);
}

void event_stream_release(struct event_stream *stream)
{
    buf_release(&stream->message);
}

/* ---- numbers ---- */

static uint32_t read_u16(const char *at)
{
    return (uint32_t)(uint8_t)at[0] << 8 | (uint8_t)at[1];
}

static uint32_t read_u32(const char *at)
{
    return read_u16(at) << 16 | read_u16(at + 2);
}

/* CRC-32 of IEEE 802.3, half a byte at a time: a table that is short enough to stand here. */
static uint32_t checksum(const char *bytes, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* ---- headers ---- */

struct text {
    const char *at;
    size_t len;
};

static bool text_is(struct text text, const char *want)
{
    return text.len == strlen(want) && memcmp(text.at, want, text.len) == 0;
}

/* What is left of the headers. */
struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *in, size_t len, struct text *out)
{
    if (len > (size_t)(in->end - in->at))
        return false;
    *out = (struct text){in->at, len};
    in->at += len;
    return true;
}

/* A value behind its type. One that is no text is passed over and read as empty. */
static bool take_value(struct cursor *in, char type, struct text *out)
{
    enum { BYTES = 6, STRING = 7 };
    /* By type: true, false, 8, 16, 32 and 64 bits, bytes and string (both with their length before them), time, UUID */
    static const uint8_t bytes[] = {0, 0, 1, 2, 4, 8, 2, 2, 8, 16};
    struct text value;

    if ((uint8_t)type >= LEN(bytes) || !take(in, bytes[(uint8_t)type], &value))
        return false;
    if ((type == BYTES || type == STRING) && !take(in, read_u16(value.at), &value))
        return false;
    *out = type == STRING ? value : (struct text){"", 0};
    return true;
}

static bool take_header(struct cursor *in, struct text *name, struct text *value)
{
    struct text byte;

    return take(in, 1, &byte) && take(in, (uint8_t)byte.at[0], name) && name->len > 0 && take(in, 1, &byte) &&
           take_value(in, byte.at[0], value);
}

enum message_type { MESSAGE_EVENT, MESSAGE_EXCEPTION, MESSAGE_ERROR };

static bool type_parse(struct text text, enum message_type *out)
{
    static const char *const types[] = {
        [MESSAGE_EVENT] = "event",
        [MESSAGE_EXCEPTION] = "exception",
        [MESSAGE_ERROR] = "error",
    };

    for (size_t i = 0; i < LEN(types); i++)
        if (text_is(text, types[i])) {
            *out = (enum message_type)i;
            return true;
        }
    return false;
}

static void copy_name(struct text text, char name[EVENT_STREAM_NAME_BYTES])
{
    size_t len = text.len < EVENT_STREAM_NAME_BYTES ? text.len : EVENT_STREAM_NAME_BYTES - 1;

    memcpy(name, text.at, len);
    name[len] = '\0';
}

/* Of headers that come twice the last one counts. False: malformed, or a type of message that we do not know. */
static bool read_headers(struct cursor in, enum message_type *type, char name[EVENT_STREAM_NAME_BYTES])
{
    enum { MESSAGE_TYPE = MESSAGE_ERROR + 1, N_KNOWN };
    static const char *const known[N_KNOWN] = {
        [MESSAGE_EVENT] = ":event-type",
        [MESSAGE_EXCEPTION] = ":exception-type",
        [MESSAGE_ERROR] = ":error-code",
        [MESSAGE_TYPE] = ":message-type",
    };
    struct text values[N_KNOWN] = {{"", 0}, {"", 0}, {"", 0}, [MESSAGE_TYPE] = {"event", 5}};
    struct text header, value;

    while (in.at < in.end) {
        if (!take_header(&in, &header, &value))
            return false;
        for (size_t i = 0; i < N_KNOWN; i++)
            if (text_is(header, known[i]))
                values[i] = value;
    }
    if (!type_parse(values[MESSAGE_TYPE], type))
        return false;
    copy_name(values[*type], name);
    return true;
}

/* ---- messages ---- */

static enum cq_status end_prelude(struct event_stream *stream)
{
    const char *prelude = stream->message.data;

    stream->total_bytes = read_u32(prelude);
    stream->headers_bytes = read_u32(prelude + 4);
    if (checksum(prelude, PRELUDE_BYTES - CHECKSUM_BYTES) != read_u32(prelude + PRELUDE_BYTES - CHECKSUM_BYTES) ||
        stream->total_bytes > EVENT_STREAM_MAX_BYTES || stream->total_bytes < PRELUDE_BYTES + CHECKSUM_BYTES ||
        stream->headers_bytes > stream->total_bytes - PRELUDE_BYTES - CHECKSUM_BYTES)
        return CQ_MODEL_INVALID_RESPONSE;
    stream->state = EVENT_STREAM_REST;
    return CQ_OK;
}

static enum cq_status end_message(struct event_stream *stream)
{
    char *bytes = stream->message.data;
    size_t data_bytes = stream->total_bytes - CHECKSUM_BYTES;
    char *payload = bytes + PRELUDE_BYTES + stream->headers_bytes;
    const struct cursor headers = {bytes + PRELUDE_BYTES, payload};
    size_t len = (size_t)(bytes + data_bytes - payload);
    char name[EVENT_STREAM_NAME_BYTES];
    enum message_type type;

    if (checksum(bytes, data_bytes) != read_u32(bytes + data_bytes) || !read_headers(headers, &type, name))
        return CQ_MODEL_INVALID_RESPONSE;
    payload[len] = '\0'; /* where the checksum began */
    enum cq_status st = stream->on_event(
        stream->user,
        &(struct llm_event){.name = name, .data = payload, .len = len, .is_exception = type != MESSAGE_EVENT});

    buf_clear(&stream->message);
    stream->state = EVENT_STREAM_PRELUDE;
    return st;
}

/* Take what is left of the prelude, or of the message. Returns the number of bytes taken. */
static size_t feed_some(struct event_stream *stream, const char *bytes, size_t len, enum cq_status *st)
{
    bool is_prelude = stream->state == EVENT_STREAM_PRELUDE;
    size_t left = (is_prelude ? PRELUDE_BYTES : stream->total_bytes) - stream->message.len;

    if (len > left)
        len = left;
    buf_append(&stream->message, bytes, len);
    if (stream->message.failed)
        *st = CQ_MODEL_INVALID_RESPONSE;
    else if (len == left)
        *st = is_prelude ? end_prelude(stream) : end_message(stream);
    return len;
}

enum cq_status event_stream_feed(struct event_stream *stream, const char *bytes, size_t len)
{
    enum cq_status st = CQ_OK;

    if (stream->state == EVENT_STREAM_FAILED)
        return CQ_MODEL_INVALID_RESPONSE;
    for (size_t at = 0; at < len && !st;)
        at += feed_some(stream, bytes + at, len - at, &st);
    if (st)
        stream->state = EVENT_STREAM_FAILED;
    return st;
}
