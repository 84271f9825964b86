/*
 * The second thread of the documents' process: what is extracted, put into vectors and cleared away.
 *
 * Whatever waits in the queue goes first. When nothing does, it goes round all documents, slowly: what is kept beside one
 * may have been lost, or made by an older program, and vectors may be missing, because their model was away or is
 * another one now.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "colloquy/engine.h"
#include "server/documents_worker.h"

enum {
    LEASE_S = 180, /* longer than an extraction may take, or a batch of vectors */
    RENEW_MS = LEASE_S * 1000 / 3,
    LOOK_EVERY_MS = 1500, /* nobody may have told us: another host has the same queue */
    PAUSE_MS = 10000,     /* after what is no document's fault */
    END_FOR_MS = 60000,   /* how long an end waits for a database that is away */
    END_AGAIN_MS = 500,
    EMBED_FOR_MS = 60000, /* of a document that somebody waits for; the rest is done on a round */
    ROUND_EVERY_MS = 3600 * 1000,
    ROUND_AGAIN_MS = 10 * 60 * 1000, /* after one on which vectors could not be had */
    ROUND_FIRST_MS = 1000,
    ROUND_PAUSE_MS = 100, /* between two batches that nobody waits for */
    MODEL_AWAY_MS = 60000,
    LOOKED_AT_ONCE = 64,
    CLEAR_EVERY_MS = 3600 * 1000,
    STACK_BYTES = 1 << 20,
    BLOCK_BYTES = 64 << 10,
    MAX_BYTES = 1 << 28, /* the largest text, and what is made of it */
};

struct document_queue {
    struct worker *worker;
    pthread_t thread;
    int fd; /* an eventfd: told of something */
    _Atomic bool is_leaving;
    /* The thread's own: */
    struct cq_ctx ctx; /* its arena is emptied after each piece of work */
    struct db *db;
    struct llm_loop *loop;
    size_t max_texts; /* in a batch for the model for embeddings; 0: there is none */
    char model[MODEL_NAME_BYTES];
    struct embedding embedding; /* that nobody waits for */
    uint64_t looked_id;         /* the last document of the round that was looked at */
    bool has_failed;            /* on this round */
    int64_t round_ms, clear_ms; /* when it goes on, and when to clear away next, on clock_mono_ms() */
};

static const struct config *config_of(const struct document_queue *q)
{
    return q->worker->config;
}

/* What a document has taken is given back: the next one may come in a month. */
static void forget_work(struct document_queue *q)
{
    bool was_much = arena_bytes(q->ctx.arena) > BLOCK_BYTES;

    arena_reset(q->ctx.arena);
    q->ctx.error[0] = '\0';
    scoreboard_note_db(q->worker->board, q->db);
    if (was_much)
        malloc_trim(0);
}

/* Until somebody tells, or the time is over. */
static void wait_for_news(struct document_queue *q, int64_t wait_ms)
{
    struct pollfd fd = {.fd = q->fd, .events = POLLIN};
    eventfd_t n;

    if (wait_ms > 0 && !q->is_leaving)
        poll(&fd, 1, (int)wait_ms);
    (void)!eventfd_read(q->fd, &n);
}

/* ---- vectors ---- */

static void end_embedding(struct document_queue *q, struct embedding *e, enum cq_status st)
{
    if (st && !q->is_leaving)
        log_warn("document %llu has no vectors yet: %s", (unsigned long long)e->document_id, e->ctx.error);
    if (e->calls && e->calls->n && store_document_count(&q->ctx, q->db, e->document_id, e->calls))
        log_warn("document %llu: what its vectors have cost is not counted: %s", (unsigned long long)e->document_id,
                 q->ctx.error);
    q->has_failed |= st != CQ_OK;
    embedding_release(e);
}

static enum cq_status embed_some(struct document_queue *q, struct embedding *e)
{
    return embedding_step(e, q->loop, config_of(q), q->max_texts, q->model, &q->is_leaving);
}

/*
 * Vectors of a document that somebody waits for: for a while. Without them it is found by its words; a round comes by again. CQ_LOST: it is
 * no longer ours.
 */
static enum cq_status embed_now(struct document_queue *q, const struct document_row *row)
{
    struct embedding e = {.n = 0};
    int64_t until_ms = clock_mono_ms() + EMBED_FOR_MS;

    enum cq_status lease = CQ_OK, st = embedding_begin(&e, config_of(q), row->id, row->hash);
    while (!st && !lease && e.n_done < e.n && clock_mono_ms() < until_ms && !q->is_leaving) {
        st = embed_some(q, &e);
        lease = store_document_renew(&q->ctx, q->db, row->id, q->worker->owner, LEASE_S);
    }
    if ((st || e.n_done < e.n) && q->round_ms > clock_mono_ms() + MODEL_AWAY_MS)
        q->round_ms = clock_mono_ms() + MODEL_AWAY_MS;
    end_embedding(q, &e, st);
    return lease == CQ_LOST ? CQ_LOST : CQ_OK;
}

/* ---- a document of the queue ---- */

/* Whether what is kept beside the content will do: extracted before, for another document of the same. */
static bool is_extracted(struct document_queue *q, const struct document_row *row, enum document_kind kind,
                         uint32_t *page_count)
{
    *page_count = 0;
    if (!passages_are_there(config_of(q), row->hash))
        return false;
    return kind != DOCUMENT_PDF || (!store_document_pages(&q->ctx, q->db, row->hash, page_count) && *page_count > 0);
}

/* What cannot be kept in memory is no document for us. */
static const char *failure_of(struct document_queue *q, const struct document_row *row, enum cq_status st)
{
    log_error("document %llu: %s: %s", (unsigned long long)row->id, cq_status_info(st)->name, q->ctx.error);
    return st == CQ_SOURCE_GONE ? "damaged" : "too_complex";
}

/* CQ_OK: it is, or *failure says why it cannot be. CQ_BUSY: another time. */
static enum cq_status extract(struct document_queue *q, const struct document_row *row, uint32_t *page_count,
                              const char **failure)
{
    struct file_type type = {.mime_type = row->mime_type};
    struct extraction extraction = {.failure = NULL};

    if (!document_kind_parse(row->kind, &type.kind))
        return cq_fail(&q->ctx, CQ_BUSY, "a document of kind %s is for a newer program", row->kind);
    if ((type.kind != DOCUMENT_TEXT && type.kind != DOCUMENT_PDF) || is_extracted(q, row, type.kind, page_count))
        return CQ_OK;
    enum cq_status st = file_extract(&q->ctx, config_of(q), row->hash, &type, &extraction);
    if (!st && !extraction.failure)
        st = passages_write(&q->ctx, config_of(q), row->hash, &extraction);
    if (st == CQ_BUSY)
        return st;
    *failure = st ? failure_of(q, row, st) : extraction.failure;
    *page_count = extraction.page_count;
    return CQ_OK;
}

/* The lease is long enough to wait for a database that is away; what is lost is done again, and is soon done. */
static void end_document(struct document_queue *q, const struct document_row *row, uint32_t page_count,
                         const char *failure)
{
    int64_t until_ms = clock_mono_ms() + END_FOR_MS;
    enum cq_status st;

    while ((st = store_document_end(&q->ctx, q->db, row->id, q->worker->owner, page_count, failure)) == CQ_BUSY &&
           clock_mono_ms() < until_ms && !q->is_leaving)
        usleep(END_AGAIN_MS * 1000);
    if (!st)
        metrics_note_document(&q->worker->board->metrics, !failure);
    if (st)
        log_info("document %llu: %s", (unsigned long long)row->id, q->ctx.error);
    else if (failure)
        log_info("document %llu cannot be retrieved from: %s", (unsigned long long)row->id, failure);
}

static void put_back(struct document_queue *q, const struct document_row *row)
{
    log_warn("document %llu could not be extracted, and waits: %s", (unsigned long long)row->id, q->ctx.error);
    if (store_document_put_back(&q->ctx, q->db, row->id, q->worker->owner))
        log_warn("document %llu waits for its lease: %s", (unsigned long long)row->id, q->ctx.error);
}

static bool is_to_embed(const struct document_queue *q, const struct document_row *row)
{
    return q->max_texts && passages_are_there(config_of(q), row->hash) &&
           !vectors_are_there(config_of(q), row->hash, q->model);
}

/* Gives how long to wait before the next one. */
static int64_t run_document(struct document_queue *q, const struct document_row *row)
{
    uint32_t page_count = 0;
    const char *failure = NULL;

    q->worker->slot->requests++;
    enum cq_status st = extract(q, row, &page_count, &failure);
    if (st) {
        put_back(q, row);
        return PAUSE_MS;
    }
    if (!failure && is_to_embed(q, row))
        st = embed_now(q, row);
    if (!st)
        end_document(q, row, page_count, failure);
    return 0;
}

/* ---- a round ---- */

static void end_round(struct document_queue *q)
{
    q->looked_id = 0;
    q->round_ms = clock_mono_ms() + (q->has_failed ? ROUND_AGAIN_MS : ROUND_EVERY_MS);
    q->has_failed = false;
}

/* Whether something is to be done about it, which has been begun then. */
static bool look_at(struct document_queue *q, const struct document_row *row)
{
    if (!file_is_there(config_of(q), row->hash))
        return false;
    if (!passages_are_there(config_of(q), row->hash)) {
        log_info("document %llu is extracted again: its text is not there", (unsigned long long)row->id);
        if (store_document_requeue(&q->ctx, q->db, row->hash))
            log_warn("document %llu: %s", (unsigned long long)row->id, q->ctx.error);
        return true;
    }
    if (!is_to_embed(q, row))
        return false;
    enum cq_status st = embedding_begin(&q->embedding, config_of(q), row->id, row->hash);
    if (st)
        end_embedding(q, &q->embedding, st);
    return true;
}

static int64_t look_further(struct document_queue *q)
{
    struct document_list list = {.n = 0};

    if (store_documents_of_text(&q->ctx, q->db, q->looked_id, LOOKED_AT_ONCE, &list))
        return PAUSE_MS;
    if (!list.n)
        end_round(q);
    for (size_t i = 0; i < list.n; i++) {
        q->looked_id = list.rows[i].id;
        if (look_at(q, &list.rows[i]))
            break;
    }
    return 0;
}

static int64_t go_round(struct document_queue *q)
{
    if (!embedding_is_under_way(&q->embedding))
        return look_further(q);
    enum cq_status st = embed_some(q, &q->embedding);
    if (!st && q->embedding.n_done < q->embedding.n)
        return ROUND_PAUSE_MS;
    end_embedding(q, &q->embedding, st);
    if (st)
        q->round_ms = clock_mono_ms() + MODEL_AWAY_MS; /* and then with the next document */
    return ROUND_PAUSE_MS;
}

/* ---- clearing away ---- */

static void clear_away(struct document_queue *q)
{
    struct hash_list dropped = {.n = 0};
    bool has_more = false;

    q->clear_ms = clock_mono_ms() + CLEAR_EVERY_MS;
    if (store_files_forget(&q->ctx, q->db, &dropped, &has_more))
        log_warn("what nobody came for stays for now: %s", q->ctx.error);
    else
        engine_files_drop(&q->ctx, q->db, config_of(q), &dropped);
    if (has_more)
        q->clear_ms = clock_mono_ms() + PAUSE_MS;
}

/* ---- the thread ---- */

/* One piece of work. Gives how long to wait for the next. */
static int64_t work(struct document_queue *q)
{
    struct document_row row;
    int64_t now_ms = clock_mono_ms();

    enum cq_status st = store_document_take(&q->ctx, q->db, q->worker->owner, LEASE_S, &row);
    if (!st)
        return run_document(q, &row);
    if (st != CQ_RESOURCE_NOT_FOUND)
        return PAUSE_MS; /* the database is away, as others have said */
    if (now_ms >= q->clear_ms)
        clear_away(q);
    return now_ms >= q->round_ms ? go_round(q) : LOOK_EVERY_MS;
}

static void *thread_main(void *arg)
{
    struct document_queue *q = arg;

    while (!q->is_leaving) {
        int64_t pause_ms = work(q);

        forget_work(q);
        wait_for_news(q, pause_ms);
    }
    embedding_release(&q->embedding);
    db_thread_end();
    return NULL;
}

static void note_model(void *board, const struct llm_effort *effort)
{
    metrics_note_model(&((struct scoreboard *)board)->metrics, effort);
}

static bool make_tools(struct document_queue *q)
{
    const struct config *config = config_of(q);

    q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    q->ctx = (struct cq_ctx){.arena = arena_create(BLOCK_BYTES, MAX_BYTES), .request_id = "-"};
    q->db = db_create(config);
    if (q->fd < 0 || !q->ctx.arena || !q->db)
        return false;
    if (!embedding_model_name(config, q->model))
        return true;
    q->max_texts = llm_embed_max(config);
    q->loop = llm_loop_create(config, &q->worker->board->breakers);
    if (q->loop)
        llm_loop_watch(q->loop, note_model, q->worker->board);
    return q->loop != NULL;
}

static bool start_thread(struct document_queue *q)
{
    pthread_attr_t attr;

    if (pthread_attr_init(&attr))
        return false;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    bool is_started = !pthread_create(&q->thread, &attr, thread_main, q);

    pthread_attr_destroy(&attr);
    return is_started;
}

struct document_queue *document_queue_start(struct worker *worker)
{
    struct document_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    q->worker = worker;
    q->round_ms = clock_mono_ms() + ROUND_FIRST_MS;
    q->clear_ms = q->round_ms;
    if (make_tools(q) && start_thread(q))
        return q;
    log_error("documents cannot be extracted: memory or descriptors are short");
    return NULL; /* the process ends */
}

void document_queue_tell(struct document_queue *q)
{
    eventfd_write(q->fd, 1);
}

void document_queue_leave(struct document_queue *q)
{
    q->is_leaving = true;
    document_queue_tell(q);
}

void document_queue_destroy(struct document_queue *q)
{
    document_queue_leave(q);
    pthread_join(q->thread, NULL);
    llm_loop_destroy(q->loop);
    db_destroy(q->db);
    arena_destroy(q->ctx.arena);
    close(q->fd);
    free(q);
}
