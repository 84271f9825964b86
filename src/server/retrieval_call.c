/* One question to the documents' process. */
#include "server/retrieval_call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    REFUSED_MS = 1000, /* nobody listens: a master may be starting just now */
    AGAIN_MS = 20,
};

void retrieval_put_len(uint8_t head[RETRIEVAL_HEAD_BYTES], size_t len)
{
    for (size_t i = 0; i < RETRIEVAL_HEAD_BYTES; i++)
        head[i] = (uint8_t)(len >> 8 * (RETRIEVAL_HEAD_BYTES - 1 - i));
}

size_t retrieval_get_len(const uint8_t head[RETRIEVAL_HEAD_BYTES])
{
    size_t len = 0;

    for (size_t i = 0; i < RETRIEVAL_HEAD_BYTES; i++)
        len = len << 8 | head[i];
    return len;
}

static void close_call(struct retrieval_call *call)
{
    if (call->fd >= 0)
        close(call->fd);
    call->fd = -1;
}

static void end(struct retrieval_call *call, const char *failure)
{
    close_call(call);
    call->state = RETRIEVAL_ENDED;
    call->failure = failure;
    if (failure)
        call->answer = NULL;
}

void retrieval_call_drop(struct retrieval_call *call)
{
    if (call->state != RETRIEVAL_ENDED)
        end(call, "nobody wants the answer");
}

/* ---- connecting ---- */

static void wait_for_listener(struct retrieval_call *call, int64_t now_ms)
{
    close_call(call);
    call->again_ms = now_ms + AGAIN_MS;
    if (now_ms >= call->refused_ms)
        end(call, "nobody listens at documents.sock");
}

static void connect_call(struct retrieval_call *call, int64_t now_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/documents.sock", call->run_dir);

    call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (call->fd < 0 || n < 0 || (size_t)n >= sizeof(address.sun_path)) {
        end(call, "no descriptor is left");
        return;
    }
    if (connect(call->fd, (const struct sockaddr *)&address, sizeof(address))) { /* EAGAIN too: too many wait there */
        wait_for_listener(call, now_ms);
        return;
    }
    call->state = RETRIEVAL_SENDING;
    call->n_done = 0;
    retrieval_put_len(call->head, call->len);
}

/* ---- talking ---- */

static void take_break(struct retrieval_call *call, int64_t now_ms)
{
    if (call->is_again) {
        end(call, "the documents' process broke off");
        return;
    }
    close_call(call);
    call->is_again = true;
    call->state = RETRIEVAL_WAITING;
    call->again_ms = now_ms;
    call->refused_ms = now_ms + REFUSED_MS;
}

/* The bytes of head, then of text, from done on. */
static ssize_t send_some(const struct retrieval_call *call)
{
    if (call->n_done < RETRIEVAL_HEAD_BYTES)
        return send(call->fd, call->head + call->n_done, RETRIEVAL_HEAD_BYTES - call->n_done, MSG_NOSIGNAL);
    size_t sent = call->n_done - RETRIEVAL_HEAD_BYTES;

    return send(call->fd, call->ask + sent, call->len - sent, MSG_NOSIGNAL);
}

static ssize_t receive_some(struct retrieval_call *call)
{
    if (call->n_done < RETRIEVAL_HEAD_BYTES)
        return recv(call->fd, call->head + call->n_done, RETRIEVAL_HEAD_BYTES - call->n_done, 0);
    size_t got = call->n_done - RETRIEVAL_HEAD_BYTES;

    return recv(call->fd, call->answer + got, call->answer_len - got, 0);
}

/* The head of the answer is there. */
static void make_room(struct retrieval_call *call)
{
    call->answer_len = retrieval_get_len(call->head);
    if (call->answer_len < 1 || call->answer_len > RETRIEVAL_ANSWER_MAX_BYTES) {
        end(call, "an answer of impossible size");
        return;
    }
    call->answer = arena_alloc(call->arena, call->answer_len + 1);
    if (!call->answer)
        end(call, "memory is short");
    else
        call->answer[call->answer_len] = '\0';
}

static void note_sent(struct retrieval_call *call)
{
    if (call->n_done < RETRIEVAL_HEAD_BYTES + call->len)
        return;
    call->state = RETRIEVAL_RECEIVING;
    call->n_done = 0;
}

static void note_received(struct retrieval_call *call)
{
    if (call->n_done == RETRIEVAL_HEAD_BYTES)
        make_room(call);
    else if (call->n_done == RETRIEVAL_HEAD_BYTES + call->answer_len)
        end(call, NULL);
}

/* One step; false: the other side is to do something first. */
static bool step(struct retrieval_call *call, int64_t now_ms)
{
    bool is_sending = call->state == RETRIEVAL_SENDING;
    ssize_t n = is_sending ? send_some(call) : receive_some(call);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    if (n <= 0) {
        take_break(call, now_ms);
        return false; /* at once, but in the next round */
    }
    call->n_done += (size_t)n;
    if (is_sending)
        note_sent(call);
    else
        note_received(call);
    return true;
}

bool retrieval_call_tend(struct retrieval_call *call, int64_t now_ms)
{
    if (call->state == RETRIEVAL_WAITING && now_ms >= call->again_ms)
        connect_call(call, now_ms);
    while ((call->state == RETRIEVAL_SENDING || call->state == RETRIEVAL_RECEIVING) && step(call, now_ms))
        ;
    if (call->state != RETRIEVAL_ENDED && now_ms >= call->give_up_ms)
        end(call, "no answer in time");
    return call->state == RETRIEVAL_ENDED;
}

void retrieval_call_start(struct retrieval_call *call, struct arena *arena, const char *run_dir, const char *ask,
                          size_t len, int64_t max_ms, int64_t now_ms)
{
    *call = (struct retrieval_call){.state = RETRIEVAL_WAITING,
                                    .fd = -1,
                                    .arena = arena,
                                    .run_dir = run_dir,
                                    .ask = ask,
                                    .len = len,
                                    .again_ms = now_ms,
                                    .refused_ms = now_ms + REFUSED_MS,
                                    .give_up_ms = now_ms + max_ms};
    if (len < 1 || len > RETRIEVAL_ASK_MAX_BYTES)
        end(call, "the question is too large");
}

short retrieval_call_events(const struct retrieval_call *call)
{
    return call->state == RETRIEVAL_SENDING ? POLLOUT : call->state == RETRIEVAL_RECEIVING ? POLLIN : 0;
}

int64_t retrieval_call_next_ms(const struct retrieval_call *call)
{
    if (call->state == RETRIEVAL_ENDED)
        return INT64_MAX;
    return call->state == RETRIEVAL_WAITING && call->again_ms < call->give_up_ms ? call->again_ms : call->give_up_ms;
}
