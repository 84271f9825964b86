/* Asking the ops worker of a running master, as nginx would: one FastCGI request on its socket. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "colloquy/api.h"
#include "colloquy/server.h"
#include "server/fastcgi_record.h"

enum { REQUEST_ID = 1, TIMEOUT_S = 5 };

/* ---- the request ---- */

static void put_record(struct buf *out, int type, const void *content, size_t len)
{
    uint8_t head[RECORD_HEAD_BYTES];

    record_write(head, type, REQUEST_ID, len);
    buf_append(out, head, sizeof(head));
    buf_append(out, content, len);
}

/* Both shorter than 128 bytes: longer lengths are written otherwise. */
static void put_param(struct buf *out, const char *name, const char *value)
{
    buf_char(out, (char)strlen(name));
    buf_char(out, (char)strlen(value));
    buf_str(out, name);
    buf_str(out, value);
}

static void put_request(struct buf *out, const char *path)
{
    const uint8_t begin[BEGIN_BYTES] = {0, ROLE_RESPONDER};
    struct buf params;

    buf_init(&params, 1024);
    put_param(&params, "REQUEST_METHOD", "GET");
    put_param(&params, "DOCUMENT_URI", path);
    put_record(out, RECORD_BEGIN_REQUEST, begin, sizeof(begin));
    put_record(out, RECORD_PARAMS, params.data, params.len);
    put_record(out, RECORD_PARAMS, "", 0);
    put_record(out, RECORD_STDIN, "", 0);
    buf_release(&params);
}

/* ---- the answer ---- */

static bool read_all(int fd, void *out, size_t len)
{
    char *to = out;

    while (len > 0) {
        ssize_t n = read(fd, to, len);

        if (n <= 0)
            return false;
        to += n;
        len -= (size_t)n;
    }
    return true;
}

/* Appends what the records hold until the end of the request. */
static bool read_answer(int fd, struct buf *out)
{
    static char content[RECORD_MAX_BYTES + RECORD_MAX_PADDING];
    uint8_t head[RECORD_HEAD_BYTES];

    while (read_all(fd, head, sizeof(head))) {
        struct record record = record_read(head);

        if (!read_all(fd, content, record.len + record.padding))
            return false;
        if (record.type == RECORD_STDOUT)
            buf_append(out, content, record.len);
        else if (record.type == RECORD_END_REQUEST)
            return !out->failed;
    }
    return false;
}

static int connect_to(struct cq_ctx *ctx, const char *run_dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval timeout = {.tv_sec = TIMEOUT_S};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", run_dir, pool_name(POOL_OPS));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
        cq_fail(ctx, CQ_BUSY, "server.run_dir: %s is too long for the name of a socket", run_dir);
    } else if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
               setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
               connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
        cq_fail(ctx, CQ_BUSY, "nobody answers at %s: %s", address.sun_path, strerror(errno));
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

enum cq_status server_ask_ops(struct cq_ctx *ctx, const struct config *config, const char *path, struct buf *body)
{
    struct buf *out = buf_in_arena(ctx->arena, 4096), *answer = buf_in_arena(ctx->arena, body->max);
    int fd = connect_to(ctx, config->server.run_dir);
    const char *begin = NULL;

    if (fd < 0)
        return CQ_BUSY;
    if (out && answer) {
        put_request(out, path);
        if (send(fd, out->data, out->len, MSG_NOSIGNAL) == (ssize_t)out->len && read_answer(fd, answer))
            begin = strstr(answer->data, "\r\n\r\n");
    }
    close(fd);
    if (!begin)
        return cq_fail(ctx, CQ_BUSY, "the ops worker does not answer");
    buf_str(body, begin + 4);
    return CQ_OK;
}
