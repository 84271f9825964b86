/*
 * The documents' process: what computes or takes long, so that no other worker ever does.
 *
 * Its main thread searches. Each question comes over a connection of its own (retrieval_call.h is the other side); its
 * words are put into a vector by a model first, if one is configured and any of the documents asked has vectors. A
 * second thread, which has the connection to the database, extracts what waits in the queue and puts it into vectors.
 *
 * documents_worker.c is the loop, guest.c the life of one question, document_queue.c the second thread, embedding.c the
 * vectors of one document.
 */
#ifndef SERVER_DOCUMENTS_WORKER_H
#define SERVER_DOCUMENTS_WORKER_H

#include <poll.h>

#include "colloquy/files.h"
#include "server/extraction.h"
#include "server/retrieval_call.h"
#include "server/worker.h"

enum { GUESTS_MAX = 128, MODEL_NAME_BYTES = 256 };

/* What tells the vectors of one model from those of another: its provider and its id there. False: none is configured. */
bool embedding_model_name(const struct config *config, char out[MODEL_NAME_BYTES]);

/* ---- guests (guest.c) ---- */

struct guest {
    /*
     * ASKING: it sends its question; EXTRACTING: files that it names are being read; WAITING: for the vector of the
     * question; LISTENING: it is sent the answer.
     */
    enum { GUEST_NONE, GUEST_ASKING, GUEST_EXTRACTING, GUEST_WAITING, GUEST_SEARCHING, GUEST_LISTENING } state;
    struct documents_worker *worker;
    int fd;
    struct cq_ctx ctx; /* on an arena of its own */
    uint8_t head[RETRIEVAL_HEAD_BYTES];
    char *text; /* what it asks, then what it is told; of len bytes behind the head */
    size_t len, n_done;
    struct retrieval_ask ask;
    struct extraction_job *extraction; /* NULL: none is under way */
    struct llm_ask embed;
    float *vector; /* of n_dimensions; NULL: words alone */
    size_t n_dimensions;
    int64_t give_up_ms, began_us;
};

struct documents_worker {
    struct worker *worker;
    struct llm_loop *loop;
    struct document_queue *queue;
    int wake_fd;    /* an extraction has ended */
    bool has_model; /* for embeddings, of that name: */
    char model[MODEL_NAME_BYTES];
    size_t n_guests;
    struct guest guests[GUESTS_MAX];
    bool is_stopping;
    int64_t accept_ms; /* not before */
    int64_t said_ms;
};

/* Take in who was accepted as fd. False: no memory; fd is still the caller's. */
bool guest_open(struct documents_worker *worker, int fd) MUST_USE;

/* Move on; in each round of the loop. */
void guest_tend(struct guest *guest, int64_t now_ms);

/* What poll(2) is to wait for at its descriptor; 0: nothing. */
short guest_events(const struct guest *guest);

/* ---- the queue (document_queue.c) ---- */

struct document_queue;

/* In a thread of its own, whose signals are blocked as the caller's are. NULL: logged why. */
struct document_queue *document_queue_start(struct worker *worker);

/* Something waits, maybe. */
void document_queue_tell(struct document_queue *queue);

/* Take nothing more; what has been begun is finished or put back soon. Any thread may call it at any time. */
void document_queue_leave(struct document_queue *queue);

/* Wait for that. */
void document_queue_destroy(struct document_queue *queue);

/* ---- the vectors of a document (embedding.c) ---- */

struct embedding {
    struct cq_ctx ctx; /* on an arena of its own, which has the passages; NULL: no embedding is under way */
    uint64_t document_id;
    uint8_t hash[SHA256_BYTES];
    const char *const *texts;
    size_t n, n_done, n_dimensions;
    float *vectors;
    struct llm_ask ask; /* for the batch that is under way */
    struct llm_call *call;
    enum cq_status st;         /* of the batch */
    struct model_calls *calls; /* of all of them; their names are the loop's */
};

/* Begin. CQ_SOURCE_GONE: there are no passages. Whatever comes of it, embedding_release() follows. */
enum cq_status embedding_begin(struct embedding *e, const struct config *config, uint64_t document_id,
                               const uint8_t hash[SHA256_BYTES]) MUST_USE;

/*
 * Have the next few passages put into vectors, waiting for it; is_leaving may become true meanwhile, and then it is waited for
 * no longer. With the last of them the vectors are written, as the model's of that name; then n_done is n.
 */
enum cq_status embedding_step(struct embedding *e, struct llm_loop *loop, const struct config *config, size_t max_texts,
                              const char *model, const _Atomic bool *is_leaving) MUST_USE;

bool embedding_is_under_way(const struct embedding *e);
void embedding_release(struct embedding *e);

#endif
