/*
 * A reply as bytes: the request is read, its script made, and then each call appends one piece of the answer. A piece
 * is one chunk of the body, so nothing larger than a delta is held, however long the reply.
 */
#include "model_server.h"

#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

/* ---- the request ---- */

/* A message's content, whether it is a string or a list of parts. */
static void content_append(struct buf *out, struct json_object *content)
{
    struct json_object *part;

    if (json_object_is_type(content, json_type_string))
        buf_append(out, json_object_get_string(content), (size_t)json_object_get_string_len(content));
    for (size_t i = 0; json_object_is_type(content, json_type_array) && i < json_object_array_length(content); i++)
        if (json_object_object_get_ex(json_object_array_get_idx(content, i), "text", &part))
            content_append(out, part);
}

/* The last message of the user goes to out. False: there are no messages. */
static bool read_messages(struct json_object *messages, struct buf *out)
{
    struct json_object *role, *content;

    if (!json_object_is_type(messages, json_type_array))
        return false;
    for (size_t i = json_object_array_length(messages); i-- > 0;) {
        struct json_object *message = json_object_array_get_idx(messages, i);

        if (json_object_object_get_ex(message, "role", &role) && str_eq(json_object_get_string(role), "user") &&
            json_object_object_get_ex(message, "content", &content)) {
            content_append(out, content);
            return true;
        }
    }
    return json_object_array_length(messages) > 0;
}

static bool read_request(struct reply *reply, struct json_object *request, struct buf *message)
{
    struct json_object *messages, *value;

    if (!json_object_object_get_ex(request, "messages", &messages) || !read_messages(messages, message))
        return false;
    reply->stream = json_object_object_get_ex(request, "stream", &value) && json_object_get_boolean(value);
    reply->include_usage = json_object_object_get_ex(request, "stream_options", &value) &&
                           json_object_object_get_ex(value, "include_usage", &value) && json_object_get_boolean(value);
    if (json_object_object_get_ex(request, "model", &value) && json_object_is_type(value, json_type_string))
        snprintf(reply->model, sizeof(reply->model), "%s", json_object_get_string(value));
    return true;
}

static struct json_object *parse(const char *body, size_t len)
{
    struct json_tokener *tokener = json_tokener_new_ex(64);
    struct json_object *request = tokener ? json_tokener_parse_ex(tokener, body, (int)len) : NULL;

    json_tokener_free(tokener);
    return request;
}

static void read_script(struct reply *reply, struct times *times, struct json_object *request,
                        const struct buf *message)
{
    struct structured s;
    struct script *script = &reply->script;

    reply->is_structured = structured_read(&s, request, message->data);
    if (!reply->is_structured) {
        script_read(script, times, NULL, message->data, message->len);
    } else {
        script_read(script, times, s.task, s.said.data, s.said.len);
        s.covers = script->covers;
        if (!script->has[D_TEXT] && !script->has[D_WORDS] && !script->has[D_EMPTY])
            structured_write(&s, &script->text);
    }
    structured_release(&s);
}

bool reply_begin(struct reply *reply, struct times *times, uint64_t id, const char *body, size_t len)
{
    struct json_object *request = parse(body, len);
    struct buf message;

    *reply = (struct reply){
        .model = "scripted", .id = id, .created_s = time(NULL), .prompt_tokens = len / 4 + 1, .stage = STAGE_HEAD};
    buf_init(&message, MAX_BODY_BYTES);

    bool good = read_request(reply, request, &message);

    if (good) {
        read_script(reply, times, request, &message);
        reply->comments_left = reply->script.has[D_COMMENTS] && reply->stream ? reply->script.n[D_COMMENTS] : 0;
        reply->padding_left = reply->script.has[D_BIGLINE] ? reply->script.n[D_BIGLINE] : 0;
    }
    buf_release(&message);
    json_object_put(request);
    return good;
}

void reply_release(struct reply *reply)
{
    script_release(&reply->script);
}

/* ---- pieces ---- */

/*
 * A chunk of the body is begun with its size left open, and ended by writing the size in: eight digits, which may be
 * zeros.
 */
static size_t chunk_begin(struct buf *out)
{
    buf_str(out, "00000000\r\n");
    return out->len;
}

static void chunk_end(struct buf *out, size_t begun)
{
    char size[9];

    snprintf(size, sizeof(size), "%08zx", out->len - begun);
    memcpy(out->data + begun - 10, size, 8);
    buf_str(out, "\r\n");
}

/* As within a JSON string, without its quotation marks. */
static void write_escaped(struct buf *out, const char *text, size_t len)
{
    struct buf quoted;
    struct json_out json;

    buf_init(&quoted, MAX_BODY_BYTES);
    json_out_init(&json, &quoted);
    json_text_n(&json, text, len);
    buf_append(out, quoted.data + 1, quoted.len - 2);
    buf_release(&quoted);
}

/* {"id":…,"object":…,"created":…,"model":" and the name, up to what differs. */
static void write_object(struct buf *out, const struct reply *reply, const char *object)
{
    buf_printf(out, "{\"id\":\"chatcmpl-%llu\",\"object\":\"%s\",\"created\":%lld,\"model\":\"",
               (unsigned long long)reply->id, object, (long long)reply->created_s);
    write_escaped(out, reply->model, strlen(reply->model));
    buf_str(out, "\",\"system_fingerprint\":\"fp_scripted\",");
}

static void write_usage(struct buf *out, const struct reply *reply)
{
    uint64_t completion = (reply->text_bytes + 3) / 4;

    buf_printf(out, "\"usage\":{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu}",
               (unsigned long long)reply->prompt_tokens, (unsigned long long)completion,
               (unsigned long long)(reply->prompt_tokens + completion));
}

/* One event with one choice: up to the delta's content and from behind it. */
static void event_begin(struct buf *out, const struct reply *reply, const char *delta)
{
    buf_str(out, "data: ");
    write_object(out, reply, "chat.completion.chunk");
    buf_printf(out, "\"choices\":[{\"index\":0,\"delta\":{%s", delta);
}

static void event_end(struct buf *out, const struct reply *reply, const char *finish)
{
    buf_printf(out, "},\"logprobs\":null,\"finish_reason\":%s%s%s}]%s}\n\n", finish ? "\"" : "",
               finish ? finish : "null", finish ? "\"" : "", reply->include_usage ? ",\"usage\":null" : "");
}

static enum reply_step stage_head(struct reply *reply, struct buf *out)
{
    buf_printf(out,
               "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sCache-Control: no-cache\r\nx-request-id: req_%llu\r\n"
               "Transfer-Encoding: chunked\r\n\r\n",
               reply->stream ? "text/event-stream; charset=utf-8" : "application/json",
               reply->script.has[D_GZIP] ? "Content-Encoding: gzip\r\n" : "", (unsigned long long)reply->id);
    reply->stage = reply->script.has[D_GZIP] ? STAGE_GZIP : STAGE_COMMENTS;
    return REPLY_MORE;
}

/*
 * Compressed data that grows on and on, bit by bit: a last block of fixed codes, the letter x, and then again and again
 * the code of "258 bytes, as the one before". Source: RFC 1951 sections 3.2.3 to 3.2.6.
 */
static bool deflate_bit(uint64_t at)
{
    static const char head[] = "110" /* last, fixed */ "10101000" /* x */, copy[] = "11000101"
                                                                                    "00000";
    uint64_t n_head = sizeof(head) - 1, n_copy = sizeof(copy) - 1;

    return (at < n_head ? head[at] : copy[(at - n_head) % n_copy]) == '1';
}

static char gzip_byte(uint64_t at)
{
    static const char head[10] = "\x1f\x8b\x08\0\0\0\0\0\0\xff"; /* RFC 1952 section 2.3 */
    unsigned byte = 0;

    if (at < sizeof(head))
        return head[at];
    for (unsigned i = 0; i < 8; i++)
        byte |= (unsigned)deflate_bit((at - sizeof(head)) * 8 + i) << i;
    return (char)byte;
}

static enum reply_step stage_gzip(struct reply *reply, struct buf *out)
{
    uint64_t n_bytes = reply->script.n[D_GZIP] * 1000000 / 258 * 13 / 8;
    size_t chunk = chunk_begin(out);

    for (size_t i = 0; i < 4096; i++)
        buf_char(out, gzip_byte(reply->gzip_at++));
    chunk_end(out, chunk);
    return reply->gzip_at < n_bytes ? REPLY_MORE : REPLY_CUT;
}

static enum reply_step stage_comments(struct reply *reply, struct buf *out)
{
    if (reply->comments_left) {
        size_t chunk = chunk_begin(out);

        for (size_t i = 0; i < 256 && reply->comments_left; i++, reply->comments_left--)
            buf_str(out, ": waiting\n\n");
        chunk_end(out, chunk);
    } else {
        reply->stage = STAGE_OPEN;
    }
    return REPLY_MORE;
}

static enum reply_step stage_open(struct reply *reply, struct buf *out)
{
    size_t chunk = chunk_begin(out);

    if (reply->stream) {
        event_begin(out, reply, "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null");
        event_end(out, reply, NULL);
    } else {
        write_object(out, reply, "chat.completion");
        buf_str(out, "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
    }
    if (reply->padding_left && reply->stream)
        event_begin(out, reply, "\"content\":\"");
    chunk_end(out, chunk);
    reply->stage = reply->padding_left ? STAGE_PADDING : STAGE_TEXT;
    return REPLY_MORE;
}

/* The one long line of [[bigline]]. */
static enum reply_step stage_padding(struct reply *reply, struct buf *out)
{
    static const char padding[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    size_t chunk = chunk_begin(out);

    for (size_t i = 0; i < 256 && reply->padding_left; i++) {
        size_t n = reply->padding_left < sizeof(padding) - 1 ? (size_t)reply->padding_left : sizeof(padding) - 1;

        buf_append(out, padding, n);
        reply->padding_left -= n;
        reply->text_bytes += n;
    }
    if (!reply->padding_left) {
        if (reply->stream) {
            buf_str(out, "\"");
            event_end(out, reply, NULL);
        }
        reply->stage = STAGE_TEXT;
    }
    chunk_end(out, chunk);
    return REPLY_MORE;
}

/* Bytes of the next delta: the script's number, less what would cut a character, but at least one character. */
static size_t delta_length(const char *text, size_t left, size_t want)
{
    size_t n = want ? want : 1;

    if (n >= left)
        return left;
    while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    if (!n)
        for (n = 1; n < left && ((unsigned char)text[n] & 0xC0) == 0x80;)
            n++;
    return n;
}

static void write_delta(struct reply *reply, struct buf *out, const char *text, size_t len)
{
    const struct script *script = &reply->script;
    size_t chunk = chunk_begin(out);

    reply->deltas++;
    if (reply->stream)
        event_begin(out, reply, "\"content\":\"");
    if (script->has[D_BADUTF8] && script->n[D_BADUTF8] == reply->deltas)
        buf_str(out, "\xFF\xC0\xAF");
    write_escaped(out, text, len);
    if (script->has[D_BADJSON] && script->n[D_BADJSON] == reply->deltas)
        buf_str(out, "\": [}\n\n");
    else if (reply->stream) {
        buf_str(out, "\"");
        event_end(out, reply, NULL);
    }
    chunk_end(out, chunk);
}

/* Whether a scripted fault ends the reply here. */
static enum reply_step fault_due(const struct reply *reply, bool text_ended)
{
    const struct script *script = &reply->script;

    if (script->has[D_CUT] && (text_ended || reply->deltas >= script->n[D_CUT]))
        return REPLY_CUT;
    if (script->has[D_RESET] && (text_ended || reply->deltas >= script->n[D_RESET]))
        return REPLY_RESET;
    if (script->has[D_HANG] && (text_ended || reply->deltas >= script->n[D_HANG]))
        return REPLY_HANG;
    return REPLY_MORE;
}

static enum reply_step stage_text(struct reply *reply, struct buf *out)
{
    const struct script *script = &reply->script;
    bool ended = reply->text_at == script->text.len;

    if (ended && script->has[D_ENDLESS] && script->text.len && reply->text_bytes < MAX_REPLY_BYTES) {
        reply->text_at = 0;
        ended = false;
    }

    enum reply_step fault = fault_due(reply, ended);

    if (fault != REPLY_MORE)
        return fault;
    if (ended) {
        reply->stage = STAGE_CLOSE;
        return REPLY_MORE;
    }

    const char *text = script->text.data + reply->text_at;
    size_t n = delta_length(text, script->text.len - reply->text_at, script->n[D_CHUNK]);

    write_delta(reply, out, text, n);
    reply->text_at += n;
    reply->text_bytes += n;
    return script->n[D_GAP] ? REPLY_PAUSE : REPLY_MORE;
}

static void close_stream(struct reply *reply, struct buf *out)
{
    if (reply->script.has[D_NODONE])
        return;

    size_t chunk = chunk_begin(out);

    event_begin(out, reply, "");
    event_end(out, reply, reply->script.finish);
    if (reply->include_usage) {
        buf_str(out, "data: ");
        write_object(out, reply, "chat.completion.chunk");
        buf_str(out, "\"choices\":[],");
        write_usage(out, reply);
        buf_str(out, "}\n\n");
    }
    buf_str(out, "data: [DONE]\n\n");
    chunk_end(out, chunk);
}

static void close_object(struct reply *reply, struct buf *out)
{
    const char *finish = reply->script.has[D_NODONE] ? NULL : reply->script.finish;
    size_t chunk = chunk_begin(out);

    buf_printf(out, "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":%s%s%s}],", finish ? "\"" : "",
               finish ? finish : "null", finish ? "\"" : "");
    write_usage(out, reply);
    buf_str(out, "}\n");
    chunk_end(out, chunk);
}

static enum reply_step stage_close(struct reply *reply, struct buf *out)
{
    if (reply->stream)
        close_stream(reply, out);
    else
        close_object(reply, out);
    buf_str(out, "0\r\n\r\n");
    reply->stage = STAGE_END;
    return REPLY_END;
}

/* ---- answers in one piece ---- */

void answer_write(struct buf *out, unsigned status, const char *type, const char *headers, const char *body, size_t len)
{
    buf_printf(out, "HTTP/1.1 %u Scripted\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n", status, type, headers,
               len);
    buf_append(out, body, len);
}

static enum reply_step answer_fault(struct reply *reply, struct buf *out)
{
    static const char page[] = "<!doctype html><html><body><h1>It works!</h1></body></html>\n";
    const struct script *script = &reply->script;
    char body[256], retry_after[64] = "";

    reply->stage = STAGE_END;
    if (script->has[D_REFUSE])
        return REPLY_CUT;
    if (script->has[D_RETRY_AFTER])
        snprintf(retry_after, sizeof(retry_after), "Retry-After: %llu\r\n",
                 (unsigned long long)script->n[D_RETRY_AFTER]);
    if (script->has[D_STATUS]) {
        snprintf(body, sizeof(body),
                 "{\"error\":{\"message\":\"Scripted status "
                 "%u.\",\"type\":\"scripted_error\",\"param\":null,\"code\":null}}\n",
                 (unsigned)script->n[D_STATUS]);
        answer_write(out, (unsigned)script->n[D_STATUS], "application/json", retry_after, body, strlen(body));
    } else {
        answer_write(out, 200, "text/html; charset=utf-8", retry_after, page, strlen(page));
    }
    return REPLY_END;
}

enum reply_step reply_next(struct reply *reply, struct buf *out)
{
    const bool *has = reply->script.has;

    switch (reply->stage) {
    case STAGE_HEAD:
        return has[D_REFUSE] || has[D_STATUS] || has[D_HTML] ? answer_fault(reply, out) : stage_head(reply, out);
    case STAGE_GZIP:
        return stage_gzip(reply, out);
    case STAGE_COMMENTS:
        return stage_comments(reply, out);
    case STAGE_OPEN:
        return stage_open(reply, out);
    case STAGE_PADDING:
        return stage_padding(reply, out);
    case STAGE_TEXT:
        return stage_text(reply, out);
    case STAGE_CLOSE:
        return stage_close(reply, out);
    case STAGE_END:
        break;
    }
    return REPLY_END;
}
