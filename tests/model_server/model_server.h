/*
 * The parts of the scripted model server: a script (what the message asks for), a reply (the script as bytes, piece by
 * piece), a connection (HTTP/1.1 with or without TLS) and the server that holds them. model_server.c says what it does.
 */
#ifndef TESTS_MODEL_SERVER_H
#define TESTS_MODEL_SERVER_H

#include <openssl/ssl.h>
#include <string.h>

#include "colloquy/base.h"

enum {
    MAX_CONNECTIONS = 1 << 16,
    MAX_BODY_BYTES = 32 << 20,
    MAX_REPLY_BYTES = 200 << 20, /* [[endless]] */
    MAX_TIMES = 1 << 16,         /* different messages with [[times]] */
};

struct json_object;
struct server;

/* ---- script.c ---- */

enum directive {
    D_TEXT,
    D_WORDS,
    D_CHUNK,
    D_FINISH,
    D_DELAY,
    D_GAP,
    D_BYTEWISE,
    D_STATUS,
    D_RETRY_AFTER,
    D_REFUSE,
    D_HTML,
    D_CUT,
    D_RESET,
    D_HANG,
    D_BADJSON,
    D_BADUTF8,
    D_EMPTY,
    D_NODONE,
    D_ENDLESS,
    D_BIGLINE,
    D_COMMENTS,
    D_GZIP,
    D_TIMES,
    D_COVERS,
    D_COUNT
};

struct script {
    bool has[D_COUNT];
    uint64_t n[D_COUNT]; /* its number, where it takes one */
    char finish[32];
    char covers[64]; /* the numbers of objectives */
    struct buf text; /* what is said */
};

/* What [[times]] has counted, by a hash of the message. */
struct times {
    uint64_t message[MAX_TIMES];
    uint32_t requests[MAX_TIMES];
};

/*
 * What the message asks for, this time. task: NULL for a reply; "assess" or "evaluate" for a structured answer, whose
 * directives alone count then. The script is released by script_release().
 */
void script_read(struct script *script, struct times *times, const char *task, const char *message, size_t len);
void script_release(struct script *script);

/* ---- structured.c ---- */

struct structured {
    const char *task; /* "assess" or "evaluate" */
    struct json_object *schema;
    struct buf said;    /* by the student, last */
    int64_t number;     /* of that message */
    const char *covers; /* of the script */
};

/*
 * Whether the request asks for a structured answer; message: its last message of the user. Released by
 * structured_release() in any case; the request must live until structured_write() is done.
 */
bool structured_read(struct structured *s, struct json_object *request, const char *message);
void structured_release(struct structured *s);

/* An answer that follows the schema. */
void structured_write(const struct structured *s, struct buf *text);

/* ---- reply.c ---- */

enum reply_step {
    REPLY_MORE,  /* call again */
    REPLY_PAUSE, /* call again after the script's gap */
    REPLY_END,   /* that was all of it */
    REPLY_CUT,   /* send what there is, then close */
    REPLY_RESET, /* the same, with a reset */
    REPLY_HANG,  /* send what there is, then nothing */
};

enum reply_stage {
    STAGE_HEAD,
    STAGE_GZIP,
    STAGE_COMMENTS,
    STAGE_OPEN,
    STAGE_PADDING,
    STAGE_TEXT,
    STAGE_CLOSE,
    STAGE_END
};

struct reply {
    struct script script;
    bool stream, include_usage;
    bool is_structured;
    char model[64];
    uint64_t id;
    int64_t created_s;
    uint64_t prompt_tokens;
    enum reply_stage stage;
    uint64_t comments_left, padding_left;
    uint64_t deltas;
    uint64_t text_bytes; /* sent so far */
    uint64_t gzip_at;    /* bytes of [[gzip]] sent so far */
    size_t text_at;      /* what of the script's text is next */
};

/*
 * Begin a reply to a request's body. False: it is no chat completion request, and the caller says so. After true,
 * reply_release() is due.
 */
bool reply_begin(struct reply *reply, struct times *times, uint64_t id, const char *body, size_t len);
void reply_release(struct reply *reply);

/* Append the next piece of the answer, HTTP head included, to out. */
enum reply_step reply_next(struct reply *reply, struct buf *out);

/* Append a whole answer with Content-Length. headers: "" or lines that end in CR LF. */
void answer_write(struct buf *out, unsigned status, const char *type, const char *headers, const char *body,
                  size_t len);

/* ---- connection.c ---- */

enum connection_state {
    HANDSHAKE, /* TLS is being agreed on */
    READING,   /* the next request comes in */
    PAUSED,    /* a reply waits for the timer */
    REPLYING,  /* a reply goes out */
    HUNG,      /* it never will */
    FINISHING, /* what is in out, then the next request */
    CLOSING,   /* what is in out, then the end */
};

struct connection {
    struct server *server;
    struct connection *prev, *next; /* in server->connections */
    int fd;
    SSL *ssl;
    enum connection_state state;
    uint32_t watched; /* epoll's events */
    struct buf in, out;
    size_t out_done; /* of out, written already */
    bool keep_alive, continued;
    bool replying; /* reply is there, and is counted as in flight */
    struct reply reply;
    int64_t wake_at_ms;
    size_t heap_at; /* 0: no timer */
};

void connection_create(struct server *server, int fd);
void connection_destroy(struct connection *c);

/* epoll saw these events on it. May destroy it, as may the next. */
void connection_ready(struct connection *c, uint32_t events);

/* Its timer ran out. */
void connection_wake(struct connection *c);

/* ---- model_server.c ---- */

struct server {
    int epoll, listener, signals;
    SSL_CTX *tls; /* NULL: plain */
    struct connection *connections;
    struct connection *heap[MAX_CONNECTIONS]; /* from 1 */
    size_t n_heap;
    struct times times;
    uint64_t next_id;
    uint64_t structured; /* requests for structured answers, which the others of these figures leave out */
    uint64_t requests, completed, aborted, in_flight, max_in_flight, accepted;
    char last_authorization[256]; /* "": none */
    struct kept {
        char *data; /* NULL: there was none */
        size_t len;
    } last_body, last_structured;
};

int64_t now_ms(void); /* monotonic */

/* Wake the connection in so many milliseconds, instead of when it would have been. */
void timer_start(struct server *server, struct connection *c, uint64_t wait_ms);
void timer_stop(struct server *server, struct connection *c);

#endif
