/*
 * Asking the ops worker of a running master, as nginx would: one FastCGI request on its socket (FastCGI 1.0, sections
 * 3.3 and 5). libfcgi has the server's side only.
 */
#include <errno.h>
#include <fastcgi.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "colloquy/api.h"
#include "colloquy/server.h"

enum { REQUEST_ID = 1, TIMEOUT_S = 5, RECORD_MAX_BYTES = 65535 };

/* ---- the request ---- */

static void put_header(struct buf *out, int type, size_t len)
{
    const FCGI_Header header = {.version = FCGI_VERSION_1,
                                .type = (unsigned char)type,
                                .requestIdB0 = REQUEST_ID,
                                .contentLengthB1 = (unsigned char)(len >> 8),
                                .contentLengthB0 = (unsigned char)len};

    buf_append(out, &header, sizeof(header));
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
    const FCGI_BeginRequestBody begin = {.roleB0 = FCGI_RESPONDER};
    struct buf params;

    buf_init(&params, 1024);
    put_param(&params, "REQUEST_METHOD", "GET");
    put_param(&params, "DOCUMENT_URI", path);
    put_header(out, FCGI_BEGIN_REQUEST, sizeof(begin));
    buf_append(out, &begin, sizeof(begin));
    put_header(out, FCGI_PARAMS, params.len);
    buf_append(out, params.data, params.len);
    put_header(out, FCGI_PARAMS, 0);
    put_header(out, FCGI_STDIN, 0);
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
    static char content[RECORD_MAX_BYTES + 255];
    FCGI_Header header;

    while (read_all(fd, &header, sizeof(header))) {
        size_t len = (size_t)header.contentLengthB1 << 8 | header.contentLengthB0;

        if (!read_all(fd, content, len + header.paddingLength))
            return false;
        if (header.type == FCGI_STDOUT)
            buf_append(out, content, len);
        else if (header.type == FCGI_END_REQUEST)
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

    if (fd < 0 || n < 0 || (size_t)n >= sizeof(address.sun_path)) {
        cq_fail(ctx, CQ_INTERNAL, "server.run_dir: %s is too long for the name of a socket", run_dir);
    } else if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
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
