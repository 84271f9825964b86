/* The life of one question: read, put into a vector, searched for, answered. */
#include "server/documents_worker.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 64 << 10,
    MAX_BYTES = 1 << 30, /* of mapped documents nothing is counted */
    TALK_MS = 5000,      /* to ask, and to be answered */
    EMBED_MS = 3000,     /* then words alone have to do */
    SAY_EVERY_MS = 1000,
};

/* Many fail at once: the log says it once in a while. */
static void complain(struct guest *g, const char *what)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms - g->worker->said_ms < SAY_EVERY_MS)
        return;
    g->worker->said_ms = now_ms;
    log_warn("%s: %s", what, g->ctx.error);
}

static void leave(struct guest *g)
{
    struct documents_worker *w = g->worker;

    close(g->fd);
    arena_destroy(g->ctx.arena);
    *g = (struct guest){.fd = -1};
    w->n_guests--;
    w->worker->slot->busy = (unsigned)w->n_guests;
}

static struct guest *find_free(struct documents_worker *w)
{
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (w->guests[i].state == GUEST_NONE)
            return &w->guests[i];
    return NULL;
}

bool guest_open(struct documents_worker *w, int fd)
{
    struct guest *g = find_free(w);
    struct arena *arena = g ? arena_create(BLOCK_BYTES, MAX_BYTES) : NULL;

    if (!arena)
        return false;
    *g = (struct guest){.worker = w,
                        .state = GUEST_ASKING,
                        .fd = fd,
                        .ctx = {.arena = arena, .request_id = "-"},
                        .give_up_ms = clock_mono_ms() + TALK_MS,
                        .began_us = clock_mono_us()};
    w->worker->slot->busy = (unsigned)++w->n_guests;
    return true;
}

/* ---- the answer ---- */

/* A guest that gets no answer sees the connection closed. */
static void search(struct guest *g)
{
    struct documents_worker *w = g->worker;
    struct retrieval_answer answer = {0};
    const char *json = NULL;
    size_t len = 0;

    enum cq_status st = retrieval_run(&g->ctx, w->worker->config, &g->ask, g->vector, g->n_dimensions,
                                      g->vector ? w->model : NULL, &answer);
    if (!st)
        st = retrieval_answer_write(&g->ctx, &answer, &json, &len);
    if (!st && len > RETRIEVAL_ANSWER_MAX_BYTES)
        st = cq_fail(&g->ctx, CQ_INTERNAL, "the answer has %zu bytes", len);
    if (st) {
        complain(g, "documents could not be searched");
        leave(g);
        return;
    }
    retrieval_put_len(g->head, len);
    g->text = (char *)(uintptr_t)json;
    g->len = len;
    g->n_done = 0;
    g->give_up_ms = clock_mono_ms() + TALK_MS;
    g->state = GUEST_LISTENING;
    metrics_note_search(&w->worker->board->metrics, clock_mono_us() - g->began_us);
}

/* ---- the vector of the query ---- */

/* What the call needs may not go before it has returned: the search comes later. */
static void take_vector(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct guest *g = user;
    size_t n = st ? 0 : reply->n_dimensions;

    (void)cost;
    g->state = GUEST_SEARCHING;
    if (st)
        complain(g, "documents are searched by words alone");
    g->vector = n ? arena_zalloc(g->ctx.arena, n, sizeof(float)) : NULL;
    if (!g->vector)
        return;
    memcpy(g->vector, reply->vectors, n * sizeof(float));
    g->n_dimensions = n;
}

static bool has_vectors(const struct guest *g)
{
    const struct documents_worker *w = g->worker;

    for (size_t i = 0; w->has_model && i < g->ask.n_documents; i++)
        if (vectors_are_there(w->worker->config, g->ask.documents[i].hash, w->model))
            return true;
    return false;
}

static void begin_search(struct guest *g)
{
    g->state = GUEST_SEARCHING;
    if (!has_vectors(g))
        return;
    g->state = GUEST_WAITING;
    g->embed = (struct llm_ask){
        .task = LLM_EMBED, .texts = &g->ask.query, .n_texts = 1, .is_query = true, .total_timeout_ms = EMBED_MS};
    enum cq_status st = llm_start(g->worker->loop, &g->ctx, &g->embed, NULL, take_vector, g, NULL);
    if (st)
        take_vector(g, st, NULL, NULL);
}

/* ---- what is attached ---- */

/* When as many are under way as may be, it waits for its turn. */
static void extract(struct guest *g)
{
    const struct config *config = g->worker->worker->config;

    if (g->extraction && !extraction_take(g->extraction))
        return;
    bool is_done = g->extraction || !extraction_is_needed(config, &g->ask);

    g->extraction = is_done ? NULL : extraction_start(config, &g->ask, g->worker->wake_fd);
    if (is_done)
        begin_search(g);
}

static void take_ask(struct guest *g)
{
    enum cq_status st = retrieval_ask_read(&g->ctx, g->text, g->len, &g->ask);

    if (st) {
        complain(g, "a question to documents was not understood");
        leave(g);
        return;
    }
    g->state = GUEST_EXTRACTING;
    extract(g);
}

/* ---- reading and writing ---- */

static ssize_t move_some(struct guest *g)
{
    bool is_head = g->n_done < RETRIEVAL_HEAD_BYTES;
    size_t done = is_head ? g->n_done : g->n_done - RETRIEVAL_HEAD_BYTES;
    void *at = is_head ? (void *)(g->head + done) : (void *)(g->text + done);
    size_t left = (is_head ? RETRIEVAL_HEAD_BYTES : g->len) - done;

    return g->state == GUEST_ASKING ? recv(g->fd, at, left, 0) : send(g->fd, at, left, MSG_NOSIGNAL);
}

/* How long the question is has come. */
static bool make_room(struct guest *g)
{
    g->len = retrieval_get_len(g->head);
    if (g->len >= 1 && g->len <= RETRIEVAL_ASK_MAX_BYTES)
        g->text = arena_alloc(g->ctx.arena, g->len + 1);
    if (g->text)
        g->text[g->len] = '\0';
    return g->text != NULL;
}

/* One step; false: the other side is to do something first, or it is gone. */
static bool step(struct guest *g)
{
    ssize_t n = move_some(g);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    if (n > 0)
        g->n_done += (size_t)n;
    if (n <= 0 || (g->state == GUEST_ASKING && g->n_done == RETRIEVAL_HEAD_BYTES && !make_room(g))) {
        leave(g);
        return false;
    }
    if (g->n_done < RETRIEVAL_HEAD_BYTES + g->len || g->n_done == RETRIEVAL_HEAD_BYTES)
        return true;
    if (g->state == GUEST_ASKING)
        take_ask(g);
    else
        leave(g);
    return false;
}

static void talk(struct guest *g)
{
    while (step(g))
        ;
}

static bool is_talking(const struct guest *g)
{
    return g->state == GUEST_ASKING || g->state == GUEST_LISTENING;
}

/* Who waits for a vector is left to that: its time is limited too. */
void guest_tend(struct guest *g, int64_t now_ms)
{
    if (g->state == GUEST_ASKING)
        talk(g);
    if (g->state == GUEST_EXTRACTING)
        extract(g);
    if (g->state == GUEST_SEARCHING)
        search(g);
    if (g->state == GUEST_LISTENING)
        talk(g);
    if (is_talking(g) && now_ms >= g->give_up_ms)
        leave(g);
}

short guest_events(const struct guest *g)
{
    return g->state == GUEST_ASKING ? POLLIN : g->state == GUEST_LISTENING ? POLLOUT : 0;
}
