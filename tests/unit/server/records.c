/* FastCGI records, and a client of the server under test. */
#include "records.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { VERSION = 1, REQUEST_ID = 1, RESPONDER = 1, HEAD_BYTES = 8, WAIT_MS = 5000 };

void put_record(struct buf *out, enum record_type type, const void *content, size_t len, size_t padding)
{
    static const char zeros[255];
    const char head[HEAD_BYTES] = {VERSION,           (char)type,    0, REQUEST_ID, (char)(len >> 8),
                                   (char)(len & 255), (char)padding, 0};

    buf_append(out, head, sizeof(head));
    buf_append(out, content, len);
    buf_append(out, zeros, padding);
}

void put_begin(struct buf *out)
{
    static const char content[8] = {0, RESPONDER};

    put_record(out, RECORD_BEGIN, content, sizeof(content), 0);
}

static void put_length(struct buf *out, size_t len)
{
    if (len > 127) {
        buf_char(out, (char)(0x80 | (len >> 24)));
        buf_char(out, (char)(len >> 16));
        buf_char(out, (char)(len >> 8));
    }
    buf_char(out, (char)len);
}

void put_pair(struct buf *out, const char *name, const char *value)
{
    put_length(out, strlen(name));
    put_length(out, strlen(value));
    buf_str(out, name);
    buf_str(out, value);
}

void put_request(struct buf *out, const struct pair *pairs, size_t n, const char *body, size_t len, size_t piece_bytes)
{
    struct buf params;

    buf_init(&params, 60000);
    for (size_t i = 0; i < n; i++)
        put_pair(&params, pairs[i].name, pairs[i].value);
    put_begin(out);
    put_record(out, RECORD_PARAMS, params.data, params.len, 5);
    put_record(out, RECORD_PARAMS, "", 0, 0);
    for (size_t at = 0; at < len; at += piece_bytes)
        put_record(out, RECORD_STDIN, body + at, len - at < piece_bytes ? len - at : piece_bytes, 0);
    put_record(out, RECORD_STDIN, "", 0, 0);
    buf_release(&params);
}

struct answer read_records(const struct buf *in)
{
    const uint8_t *at = (const uint8_t *)in->data, *end = at + in->len;
    struct answer answer = {.is_whole = true};

    buf_init(&answer.text, 16 << 20);
    while (end - at >= HEAD_BYTES && answer.is_whole) {
        size_t len = (size_t)at[4] << 8 | at[5], all = HEAD_BYTES + len + at[6];

        answer.is_whole = (size_t)(end - at) >= all && at[0] == VERSION && !answer.is_ended &&
                          (at[1] == RECORD_STDOUT || at[1] == RECORD_END);
        if (!answer.is_whole)
            break;
        if (at[1] == RECORD_STDOUT)
            buf_append(&answer.text, at + HEAD_BYTES, len);
        else
            answer.is_ended = len == 8 && memcmp(at + HEAD_BYTES, "\0\0\0\0\0", 5) == 0;
        at += all;
    }
    answer.is_whole = answer.is_whole && at == end;
    return answer;
}

int listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    /* Bound to its family alone, the kernel gives it a name that is no file. */
    if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) && !listen(fd, 8))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int connect_here(int listener)
{
    struct sockaddr_un address;
    socklen_t len = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && !getsockname(listener, (struct sockaddr *)&address, &len) &&
        !connect(fd, (struct sockaddr *)&address, len))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool send_bytes(int fd, const struct buf *bytes)
{
    size_t at = 0;

    while (at < bytes->len) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        ssize_t n =
            poll(&wait, 1, WAIT_MS) > 0 ? send(fd, bytes->data + at, bytes->len - at, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

void receive_all(int fd, struct buf *out, bool *is_closed)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    ssize_t n = 1;
    char piece[8192];

    *is_closed = false;
    while (poll(&wait, 1, WAIT_MS) > 0 && !*is_closed) {
        n = recv(fd, piece, sizeof(piece), 0);
        if (n > 0)
            buf_append(out, piece, (size_t)n);
        *is_closed = n == 0;
        if (n < 0 && errno != EINTR)
            return;
    }
}
