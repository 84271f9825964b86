/* The loop of the documents' process: accepting, waiting, and taking its guests round by round. */
#include "server/documents_worker.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/fastcgi.h"

enum { WAIT_MS = 1000, SHORT_PAUSE_MS = 50, ACCEPTS_A_ROUND = 32, TEND_MS = 200 };

static void note_model(void *board, const struct llm_effort *effort)
{
    metrics_note_model(&((struct scoreboard *)board)->metrics, effort);
}

static void accept_guests(struct documents_worker *w)
{
    for (int i = 0; i < ACCEPTS_A_ROUND && w->n_guests < GUESTS_MAX && !w->is_stopping; i++) {
        int fd = fastcgi_accept(w->worker->listen_fd);

        if (fd < 0 || !guest_open(w, fd)) {
            w->accept_ms = fd >= 0 || fastcgi_is_short() ? clock_mono_ms() + SHORT_PAUSE_MS : 0;
            if (fd >= 0)
                close(fd);
            return;
        }
        w->is_stopping |= worker_count_request(w->worker);
    }
}

enum { FD_SIGNAL, FD_WAKE, FD_LISTEN, FD_FIRST_GUEST };

static size_t list_fds(struct documents_worker *w, struct pollfd *fds)
{
    size_t n = FD_FIRST_GUEST;

    fds[FD_SIGNAL] = (struct pollfd){.fd = w->worker->signal_fd, .events = POLLIN};
    fds[FD_WAKE] = (struct pollfd){.fd = w->wake_fd, .events = POLLIN};
    fds[FD_LISTEN] = (struct pollfd){.fd = -1};
    if (!w->is_stopping && w->n_guests < GUESTS_MAX && clock_mono_ms() >= w->accept_ms)
        fds[FD_LISTEN] = (struct pollfd){.fd = w->worker->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (guest_events(&w->guests[i]))
            fds[n++] = (struct pollfd){.fd = w->guests[i].fd, .events = guest_events(&w->guests[i])};
    return n;
}

static int wait_ms(const struct documents_worker *w)
{
    return w->accept_ms > clock_mono_ms() ? SHORT_PAUSE_MS : w->n_guests ? TEND_MS : WAIT_MS;
}

static void take_signals(struct documents_worker *w)
{
    unsigned told = worker_told(w->worker);

    w->is_stopping |= (told & TOLD_TO_LEAVE) != 0;
    if (told & TOLD_TO_LOOK)
        document_queue_tell(w->queue);
    if (!w->is_stopping)
        return;
    worker_is_leaving(w->worker);
    document_queue_leave(w->queue);
}

static void run_round(struct documents_worker *w)
{
    struct pollfd fds[FD_FIRST_GUEST + GUESTS_MAX];
    uint64_t n_ended; /* extractions; each guest looks for its own */

    llm_loop_wait(w->loop, fds, list_fds(w, fds), wait_ms(w));
    take_signals(w);
    if (fds[FD_WAKE].revents)
        (void)!read(w->wake_fd, &n_ended, sizeof(n_ended));
    if (fds[FD_LISTEN].revents)
        accept_guests(w);
    llm_loop_run(w->loop);

    int64_t now_ms = clock_mono_ms();

    for (size_t i = 0; i < GUESTS_MAX; i++)
        guest_tend(&w->guests[i], now_ms);
}

static bool start(struct documents_worker *w)
{
    const struct config *config = w->worker->config;

    /* One heap for both threads, so that what one gives back the other can take. */
    mallopt(M_ARENA_MAX, 1);
    if (db_library_init() || llm_global_init())
        return false;
    w->has_model = embedding_model_name(config, w->model);
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->loop = llm_loop_create(config, &w->worker->board->breakers);
    if (!w->loop || w->wake_fd < 0)
        return false;
    llm_loop_watch(w->loop, note_model, w->worker->board);
    w->queue = document_queue_start(w->worker);
    return w->queue != NULL;
}

int documents_worker_run(struct worker *worker)
{
    static struct documents_worker w; /* large, and there is only one */

    w = (struct documents_worker){.worker = worker};
    if (!start(&w))
        return 1;
    worker_is_ready(worker, GUESTS_MAX);
    while (!w.is_stopping || w.n_guests)
        run_round(&w);
    document_queue_destroy(w.queue);
    llm_loop_destroy(w.loop);
    return 0;
}
