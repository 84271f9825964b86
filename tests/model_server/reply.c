/*
 * A reply as bytes: each call appends one piece of the answer, as its wire writes it. A piece is one chunk of the body,
 * so nothing larger than a delta is held, however long the reply.
 */
#include "model_server.h"

#include <stdio.h>

enum { DELTAS_BEFORE_ERROR = 3 }; /* of [[error_event]] */

const char *reply_finish(const struct reply *reply)
{
    if (*reply->script.finish)
        return reply->script.finish;
    return reply->last_part == PART_TOOL ? "tool_calls" : "stop";
}

uint64_t reply_tokens(const struct reply *reply)
{
    return (reply->text_bytes + 3) / 4;
}

bool reply_has_raw_input(const struct reply *reply)
{
    return reply->last_part == PART_TOOL && reply->wire->is_input_raw && !reply->asked.is_stream;
}

/* ---- pieces ---- */

/*
 * A chunk of the body is begun with its size left open, and ended by writing the size in: eight digits, which may be
 * zeros. An empty one would end the body, and is taken back.
 */
static size_t chunk_begin(struct buf *out)
{
    buf_str(out, "00000000\r\n");
    return out->len;
}

static void chunk_end(struct buf *out, size_t begun)
{
    char size[9];

    if (out->len == begun) {
        buf_truncate(out, begun - 10);
        return;
    }
    snprintf(size, sizeof(size), "%08x", (unsigned)(out->len - begun));
    memcpy(out->data + begun - 10, size, 8);
    buf_str(out, "\r\n");
}

void write_escaped(struct buf *out, const char *text, size_t len)
{
    struct buf quoted;
    struct json_out json;

    buf_init(&quoted, MAX_BODY_BYTES);
    json_out_init(&json, &quoted);
    json_text_n(&json, text, len);
    buf_append(out, quoted.data + 1, quoted.len - 2);
    buf_release(&quoted);
}

static enum reply_step stage_head(struct reply *reply, struct buf *out)
{
    bool is_gzip = reply->script.has[D_GZIP];

    buf_printf(out,
               "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sCache-Control: no-cache\r\n%s: req_%llu\r\n"
               "Transfer-Encoding: chunked\r\n\r\n",
               reply->asked.is_stream ? reply->wire->stream_type : "application/json",
               is_gzip ? "Content-Encoding: gzip\r\n" : "", reply->wire->id_header, (unsigned long long)reply->id);
    reply->stage = is_gzip ? STAGE_GZIP : reply->kind == REPLY_VECTORS ? STAGE_VECTORS : STAGE_COMMENTS;
    return REPLY_MORE;
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
            reply->wire->comment(reply, out);
        chunk_end(out, chunk);
    } else {
        reply->stage = STAGE_OPEN;
    }
    return REPLY_MORE;
}

/* ---- parts ---- */

/* Of a piece, or of what stands in its place when nothing is streamed. */
static void append_text(struct reply *reply, struct buf *out, const char *text, size_t len)
{
    buf_append(out, text, len);
    if (reply->asked.is_stream && reply->wire->passed)
        reply->wire->passed(reply, text, len);
}

static void piece_open(struct reply *reply, struct buf *out, struct piece piece)
{
    reply->piece = piece;
    if (reply->asked.is_stream)
        reply->wire->piece_open(reply, out);
}

static void piece_close(struct reply *reply, struct buf *out)
{
    if (reply->asked.is_stream)
        reply->wire->piece_close(reply, out);
    else if (reply->piece.is_bad_json)
        buf_str(out, "\": [}\n\n");
}

static void part_begin(struct reply *reply, struct buf *out)
{
    bool is_padded = reply->padding_left && reply->part == reply->last_part;

    reply->text_at = 0;
    reply->wire->part_open(reply, out);
    if (is_padded)
        piece_open(reply, out, (struct piece){.len = (size_t)reply->padding_left});
    reply->stage = is_padded ? STAGE_PADDING : STAGE_TEXT;
}

static enum reply_step stage_open(struct reply *reply, struct buf *out)
{
    size_t chunk = chunk_begin(out);

    reply->wire->open(reply, out);
    part_begin(reply, out);
    chunk_end(out, chunk);
    return REPLY_MORE;
}

/* The one long piece of [[bigline]]. */
static enum reply_step stage_padding(struct reply *reply, struct buf *out)
{
    static const char padding[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    size_t chunk = chunk_begin(out);

    for (size_t i = 0; i < 256 && reply->padding_left; i++) {
        size_t n = reply->padding_left < sizeof(padding) - 1 ? (size_t)reply->padding_left : sizeof(padding) - 1;

        append_text(reply, out, padding, n);
        reply->padding_left -= n;
        reply->text_bytes += n;
    }
    if (!reply->padding_left) {
        piece_close(reply, out);
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

static bool is_nth(const struct reply *reply, enum directive d)
{
    return reply->script.has[d] && reply->script.n[d] == reply->deltas;
}

static void write_delta(struct reply *reply, struct buf *out, const char *text, size_t len)
{
    static const char bad[] = "\xFF\xC0\xAF";
    size_t chunk = chunk_begin(out), n_bad;
    struct buf quoted;
    struct json_out json;

    reply->deltas++;
    n_bad = is_nth(reply, D_BADUTF8) ? sizeof(bad) - 1 : 0;
    buf_init(&quoted, MAX_BODY_BYTES);
    if (reply->part != PART_TOOL || !reply_has_raw_input(reply)) {
        json_out_init(&json, &quoted);
        json_text_n(&json, text, len);
        text = quoted.data + 1;
        len = quoted.len - 2;
    }
    piece_open(reply, out,
               (struct piece){
                   .len = n_bad + len, .is_bad_json = is_nth(reply, D_BADJSON), .is_bad_crc = is_nth(reply, D_BADCRC)});
    append_text(reply, out, bad, n_bad);
    append_text(reply, out, text, len);
    piece_close(reply, out);
    buf_release(&quoted);
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
    if (script->has[D_HOLD] && reply->deltas && reply->cue && !reply->cue->is_free)
        return REPLY_HANG;
    return REPLY_MORE;
}

static enum reply_step end_by_error(struct reply *reply, struct buf *out)
{
    size_t chunk = chunk_begin(out);

    reply->wire->error_event(reply, out, *reply->script.error ? reply->script.error : NULL);
    chunk_end(out, chunk);
    buf_str(out, "0\r\n\r\n");
    reply->stage = STAGE_END;
    return REPLY_END;
}

static enum reply_step next_part(struct reply *reply, struct buf *out)
{
    size_t chunk = chunk_begin(out);

    reply->wire->part_close(reply, out);
    reply->part = reply->last_part;
    reply->index++;
    part_begin(reply, out);
    chunk_end(out, chunk);
    return REPLY_MORE;
}

static const struct buf *part_text(const struct reply *reply)
{
    return reply->part == PART_REASONING ? &reply->script.reasoning : &reply->script.text;
}

static enum reply_step stage_text(struct reply *reply, struct buf *out)
{
    const struct script *script = &reply->script;
    const struct buf *all = part_text(reply);
    bool ended = reply->text_at == all->len, is_last = reply->part == reply->last_part;

    if (ended && is_last && script->has[D_ENDLESS] && all->len && reply->text_bytes < MAX_REPLY_BYTES) {
        reply->text_at = 0;
        ended = false;
    }

    enum reply_step fault = fault_due(reply, ended && is_last);

    if (fault != REPLY_MORE)
        return fault;
    if (script->has[D_ERROR_EVENT] && ((ended && is_last) || reply->deltas >= DELTAS_BEFORE_ERROR))
        return end_by_error(reply, out);
    if (ended && !is_last)
        return next_part(reply, out);
    if (ended) {
        reply->stage = STAGE_CLOSE;
        return REPLY_MORE;
    }

    const char *text = all->data + reply->text_at;
    size_t n = delta_length(text, all->len - reply->text_at, script->n[D_CHUNK]);

    write_delta(reply, out, text, n);
    reply->text_at += n;
    reply->text_bytes += n;
    return script->n[D_GAP] ? REPLY_PAUSE : REPLY_MORE;
}

static enum reply_step stage_close(struct reply *reply, struct buf *out)
{
    size_t chunk = chunk_begin(out);

    reply->wire->part_close(reply, out);
    reply->wire->close(reply, out);
    chunk_end(out, chunk);
    buf_str(out, "0\r\n\r\n");
    reply->stage = STAGE_END;
    return REPLY_END;
}

/* ---- answers in one piece ---- */

/* Cut, reset and hang leave half of it unsaid; broken JSON is broken there. */
static enum reply_step stage_vectors(struct reply *reply, struct buf *out)
{
    enum reply_step fault = fault_due(reply, true);
    bool is_broken = reply->script.has[D_BADJSON];
    size_t chunk = chunk_begin(out);

    buf_append(out, reply->vectors.data, fault || is_broken ? reply->vectors.len / 2 : reply->vectors.len);
    buf_str(out, is_broken ? "\": [}\n" : "");
    chunk_end(out, chunk);
    if (fault)
        return fault;
    buf_str(out, "0\r\n\r\n");
    reply->stage = STAGE_END;
    return REPLY_END;
}

static bool is_refused(const struct reply *reply)
{
    const bool *has = reply->script.has;

    return has[D_REFUSE] || has[D_STATUS] || has[D_HTML] || (has[D_ERROR_EVENT] && !reply->asked.is_stream);
}

static enum reply_step answer_fault(struct reply *reply, struct buf *out)
{
    static const char page[] = "<!doctype html><html><body><h1>It works!</h1></body></html>\n";
    const struct script *script = &reply->script;
    char message[64], retry_after[64] = "";
    unsigned status = script->has[D_STATUS] ? (unsigned)script->n[D_STATUS] : 500;

    reply->stage = STAGE_END;
    if (script->has[D_REFUSE])
        return REPLY_CUT;
    if (script->has[D_RETRY_AFTER])
        snprintf(retry_after, sizeof(retry_after), "Retry-After: %llu\r\n",
                 (unsigned long long)script->n[D_RETRY_AFTER]);
    if (script->has[D_HTML] && !script->has[D_STATUS]) {
        answer_write(out, 200, "text/html; charset=utf-8", retry_after, page, strlen(page));
        return REPLY_END;
    }
    snprintf(message, sizeof(message), "Scripted status %u.", status);
    reply->wire->error(out, status, NULL, message, retry_after);
    return REPLY_END;
}

enum reply_step reply_next(struct reply *reply, struct buf *out)
{
    switch (reply->stage) {
    case STAGE_HEAD:
        return is_refused(reply) ? answer_fault(reply, out) : stage_head(reply, out);
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
    case STAGE_VECTORS:
        return stage_vectors(reply, out);
    case STAGE_END:
        break;
    }
    return REPLY_END;
}
