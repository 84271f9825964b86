/*
 * Reading a request: the record that begins it, its parameters, its input; each stream ends with an empty record.
 *
 * The input is read to that end even where it is refused or there is none. Closing before nginx has written it would
 * fail its write, and it would answer 502 for an answer that it never read.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "colloquy/api.h"
#include "server/body_file.h"
#include "server/fastcgi.h"
#include "server/fastcgi_record.h"

enum {
    PIECE_BYTES = 8192,
    PARAMS_MAX_BYTES = 256 << 10, /* nginx takes headers of 32 KiB in all */
    INPUT_MAX_BYTES = 320 << 20,  /* of what is thrown away */
    READ_FOR_MS = 30000,
    DISK_BYTES_A_MS = 4096, /* that any disk takes: a large body has so much longer */
};

struct reader {
    int fd;
    uint16_t request_id;
    bool is_skimming; /* the body is not wanted, and nothing may block for longer than is left */
    int64_t give_up_ms;
    size_t at, end; /* of what has come and was not taken yet */
    uint8_t bytes[PIECE_BYTES];
};

/* Next bytes from the socket; 0: there are none, or not in time. */
static size_t receive(const struct reader *r, void *out, size_t size)
{
    struct pollfd fd = {.fd = r->fd, .events = POLLIN};
    ssize_t n;

    do {
        int64_t left_ms = r->give_up_ms - clock_mono_ms();
        bool is_late = left_ms <= 0 || (r->is_skimming && poll(&fd, 1, (int)left_ms) == 0);

        n = is_late ? 0 : recv(r->fd, out, size, 0);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

/* The next len bytes; out NULL: thrown away. What is long goes straight to its place. */
static bool take(struct reader *r, uint8_t *out, size_t len)
{
    while (len > 0) {
        bool is_direct = r->at == r->end && out && len >= PIECE_BYTES;
        size_t n = is_direct ? receive(r, out, len) : r->end - r->at;

        if (!is_direct && !n) {
            r->at = 0;
            r->end = n = receive(r, r->bytes, PIECE_BYTES);
        }
        if (!n)
            return false;
        if (n > len)
            n = len;
        if (!is_direct) {
            if (out)
                memcpy(out, r->bytes + r->at, n);
            r->at += n;
        }
        out = out ? out + n : NULL;
        len -= n;
    }
    return true;
}

/* The head of the next record, which must be of this type and request; request_id 0: of any. */
static bool next_record(struct reader *r, int type, struct record *out)
{
    uint8_t head[RECORD_HEAD_BYTES];

    if (!take(r, head, sizeof(head)))
        return false;
    *out = record_read(head);
    return out->version == RECORD_VERSION && out->type == type && out->request_id &&
           (!r->request_id || out->request_id == r->request_id);
}

static bool read_begin(struct reader *r)
{
    struct record record;
    uint8_t content[BEGIN_BYTES];

    if (!next_record(r, RECORD_BEGIN_REQUEST, &record) || record.len != sizeof(content) ||
        !take(r, content, sizeof(content)) || !take(r, NULL, record.padding))
        return false;
    r->request_id = record.request_id;
    return content[0] == 0 && content[1] == ROLE_RESPONDER;
}

/* ---- parameters ---- */

struct text {
    const uint8_t *at;
    size_t len;
};

/* A length is one byte below 128, or four with the first one's high bit set. */
static bool take_length(struct text *in, size_t *out)
{
    size_t n = in->len && in->at[0] & 0x80 ? 4 : 1;

    if (in->len < n)
        return false;
    *out = in->at[0] & 0x7F;
    for (size_t i = 1; i < n; i++)
        *out = *out << 8 | in->at[i];
    in->at += n;
    in->len -= n;
    return true;
}

static bool take_pair(struct text *in, struct text *name, struct text *value)
{
    if (!take_length(in, &name->len) || !take_length(in, &value->len) || name->len > in->len ||
        value->len > in->len - name->len)
        return false;
    name->at = in->at;
    value->at = in->at + name->len;
    in->at += name->len + value->len;
    in->len -= name->len + value->len;
    return true;
}

/* What a request says besides its strings. */
struct head {
    struct request *req;
    const char *method, *content_length;
};

static const struct {
    const char *name;
    size_t offset;
    bool is_heads; /* of struct head, else of struct request */
} params[] = {
#define REQUEST(member) offsetof(struct request, member), false
    {"REQUEST_METHOD", offsetof(struct head, method), true},
    {"CONTENT_LENGTH", offsetof(struct head, content_length), true},
    {"DOCUMENT_URI", REQUEST(path)},
    {"QUERY_STRING", REQUEST(query)},
    {"REQUEST_SCHEME", REQUEST(scheme)},
    {"HTTP_HOST", REQUEST(host)},
    {"REMOTE_ADDR", REQUEST(remote_addr)},
    {"CONTENT_TYPE", REQUEST(content_type)},
    {"HTTP_ACCEPT", REQUEST(accept)},
    {"HTTP_USER_AGENT", REQUEST(user_agent)},
    {"HTTP_AUTHORIZATION", REQUEST(authorization)},
    {"HTTP_COOKIE", REQUEST(cookie)},
    {"HTTP_X_CSRF_TOKEN", REQUEST(csrf_token)},
    {"HTTP_IDEMPOTENCY_KEY", REQUEST(idempotency_key)},
    {"HTTP_ORIGIN", REQUEST(origin)},
    {"HTTP_SEC_FETCH_SITE", REQUEST(sec_fetch_site)},
    {"REMOTE_USER", REQUEST(remote_user)},
    {"REQUEST_ID", REQUEST(ctx.request_id)},
#undef REQUEST
};

static const char **place_of(struct head *head, size_t i)
{
    char *base = params[i].is_heads ? (char *)head : (char *)head->req;

    return (const char **)(void *)(base + params[i].offset);
}

/* All that we look at, copied; of an empty value nothing is kept. False: memory. */
static bool keep_pair(struct head *head, const struct text *name, const struct text *value)
{
    size_t i = 0;

    while (i < LEN(params) &&
           !(strlen(params[i].name) == name->len && memcmp(params[i].name, name->at, name->len) == 0))
        i++;
    if (i == LEN(params) || !value->len || !value->at[0] || *place_of(head, i))
        return true;
    *place_of(head, i) = arena_strndup(head->req->ctx.arena, (const char *)value->at, value->len);
    return *place_of(head, i) != NULL;
}

static enum cq_status keep_pairs(struct head *head, struct text all)
{
    struct text name, value;

    while (all.len > 0) {
        if (!take_pair(&all, &name, &value))
            return cq_fail(&head->req->ctx, CQ_INVALID_REQUEST, "the parameters are cut short");
        /* All or nothing: a request that lost its key for want of memory would be another request. */
        if (!keep_pair(head, &name, &value))
            return cq_fail(&head->req->ctx, CQ_INTERNAL, "out of memory");
    }
    return CQ_OK;
}

/* Pairs may be cut anywhere by the ends of records: they are looked at when all have come. */
static enum cq_status read_params(struct reader *r, struct head *head)
{
    struct cq_ctx *ctx = &head->req->ctx;
    uint8_t *all = NULL;
    size_t len = 0;
    struct record record;

    for (;;) {
        if (!next_record(r, RECORD_PARAMS, &record) || record.len > PARAMS_MAX_BYTES - len)
            return cq_fail(ctx, CQ_INVALID_REQUEST, "no parameters, or too many");
        if (!record.len)
            break;
        uint8_t *more = arena_alloc(ctx->arena, len + record.len);

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "out of memory");
        if (len)
            memcpy(more, all, len);
        all = more;
        if (!take(r, all + len, record.len) || !take(r, NULL, record.padding))
            return cq_fail(ctx, CQ_INVALID_REQUEST, "the request is cut short");
        len += record.len;
    }
    if (!take(r, NULL, record.padding))
        return cq_fail(ctx, CQ_INVALID_REQUEST, "the request is cut short");
    return keep_pairs(head, (struct text){all, len});
}

/* What is absent or empty; the strings that may be absent stay NULL. */
static void fill_in(struct head *head)
{
    struct request *req = head->req;
    const char **const strings[] = {&req->path,        &req->query,        &req->host,
                                    &req->remote_addr, &req->content_type, &req->accept};

    for (size_t i = 0; i < LEN(strings); i++)
        if (!*strings[i])
            *strings[i] = "";
    if (!req->scheme)
        req->scheme = "https";
    if (!req->ctx.request_id)
        req->ctx.request_id = "-";
    req->method = http_method_parse(head->method ? head->method : "");
}

/* ---- input ---- */

/* Where the body goes: to memory, or else to a file. */
struct sink {
    uint8_t *at; /* NULL: a file */
    int fd;      /* -1: there is none, or no room: the rest is thrown away */
    size_t len;  /* to come */
};

/* A piece of the body through a buffer to the file. What the file does not take still has to be read. */
static bool take_to_file(struct reader *r, struct sink *sink, size_t len)
{
    uint8_t piece[PIECE_BYTES];

    while (len > 0) {
        size_t n = len < sizeof(piece) ? len : sizeof(piece);

        if (!take(r, piece, n))
            return false;
        if (sink->fd >= 0 && !body_file_write(sink->fd, piece, n)) {
            close(sink->fd);
            sink->fd = -1;
        }
        len -= n;
    }
    return true;
}

static bool take_to_sink(struct reader *r, struct sink *sink, size_t len)
{
    if (!sink->at)
        return take_to_file(r, sink, len);
    bool is_taken = take(r, sink->at, len);

    sink->at += len;
    return is_taken;
}

/* Reads to the empty record: the first bytes to the sink, the rest nowhere. */
static enum cq_status read_input(struct reader *r, struct cq_ctx *ctx, struct sink *sink)
{
    size_t max = INPUT_MAX_BYTES + sink->len, all = 0;
    struct record record;

    do {
        if (!next_record(r, RECORD_STDIN, &record) || (all += record.len) > max)
            return cq_fail(ctx, CQ_INVALID_REQUEST, "the request is cut short");
        size_t n = record.len < sink->len ? record.len : sink->len;

        if (!take_to_sink(r, sink, n) || !take(r, NULL, record.len - n + record.padding))
            return cq_fail(ctx, CQ_INVALID_REQUEST, "the request is cut short");
        sink->len -= n;
    } while (record.len);
    return sink->len ? cq_fail(ctx, CQ_INVALID_REQUEST, "the body is shorter than its Content-Length") : CQ_OK;
}

static enum cq_status read_to_memory(struct reader *r, struct request *req, size_t len)
{
    uint8_t *body = arena_alloc(req->ctx.arena, len + 1);

    if (!body)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    body[len] = '\0';
    req->body = (const char *)body;
    req->body_len = len;
    return read_input(r, &req->ctx, &(struct sink){.at = body, .len = len});
}

/* Without room for it the request still goes on: it is refused in the form of the API that was asked. */
static enum cq_status read_to_file(struct reader *r, struct request *req, size_t len)
{
    struct sink sink = {.fd = body_file_open(req->config), .len = len};

    r->give_up_ms += (int64_t)(len / DISK_BYTES_A_MS);
    enum cq_status st = read_input(r, &req->ctx, &sink);

    if (st && sink.fd >= 0)
        close(sink.fd);
    if (st)
        return st;
    const char *body = sink.fd >= 0 ? body_file_map(req->ctx.arena, sink.fd, len) : NULL;

    req->body_is_lost = !body;
    req->body = body ? body : "";
    req->body_len = body ? len : 0;
    return CQ_OK;
}

static enum cq_status read_body(struct reader *r, struct head *head)
{
    struct request *req = head->req;
    const char *length = head->content_length ? head->content_length : "0";
    uint64_t len = 0;

    req->body_too_large = !parse_u64(length, strlen(length), api_body_max(req), &len);
    if (req->body_too_large || r->is_skimming)
        len = 0;
    return len > BODY_IN_MEMORY_MAX_BYTES ? read_to_file(r, req, len) : read_to_memory(r, req, len);
}

static enum cq_status read_request(struct fastcgi *conn, struct reader *r, struct request *req)
{
    struct head head = {.req = req};
    enum cq_status st = CQ_OK;

    req->ctx.request_id = NULL; /* until it is known */
    *conn = (struct fastcgi){.fd = r->fd, .is_open = true};
    if (!read_begin(r))
        st = cq_fail(&req->ctx, CQ_INVALID_REQUEST, "no FastCGI request");
    conn->request_id = r->request_id;
    if (!st)
        st = read_params(r, &head);
    fill_in(&head);
    if (!st)
        st = read_body(r, &head);
    if (st)
        fastcgi_abort(conn);
    return st;
}

enum cq_status fastcgi_read(struct fastcgi *conn, int fd, struct request *req)
{
    struct reader r = {.fd = fd, .give_up_ms = clock_mono_ms() + READ_FOR_MS};

    return read_request(conn, &r, req);
}

enum cq_status fastcgi_skim(struct fastcgi *conn, int fd, struct request *req, int limit_ms)
{
    struct reader r = {.fd = fd, .is_skimming = true, .give_up_ms = clock_mono_ms() + limit_ms};

    return read_request(conn, &r, req);
}
