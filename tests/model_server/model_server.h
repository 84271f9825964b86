/*
 * The parts of the scripted model server: a request as HTTP has it, what it asks for, a script (what the message wants
 * to happen), a reply (the script as bytes, piece by piece), a wire for each protocol (how those bytes look), a
 * connection (HTTP/1.1 with or without TLS) and the server that holds them. model_server.c says what it does.
 */
#ifndef TESTS_MODEL_SERVER_H
#define TESTS_MODEL_SERVER_H

#include <json-c/json_types.h>
#include <openssl/ssl.h>
#include <string.h>

#include "colloquy/base.h"

#include "http.h"

enum {
    MAX_CONNECTIONS = 1 << 16,
    MAX_REPLY_BYTES = 200 << 20, /* [[endless]] */
    MAX_TIMES = 1 << 16,         /* different messages with [[times]] */
    MAX_CUES = 1024,
    MAX_MODEL_BYTES = 256,
    MAX_MODELS = 64, /* that are counted by name */
};

struct reply;
struct server;
struct wire;

/* ---- routes.c ---- */

/* A call of a model: what the path says of it. */
struct call {
    const struct wire *wire;
    enum call_form { CALL_BODY_SAYS, CALL_WHOLE, CALL_STREAM, CALL_VECTORS } form; /* streamed or not; or embeddings */
    char model[MAX_MODEL_BYTES];                                                   /* "": the body says */
};

/* False: the path is no model's. */
bool route_find(const struct http_request *request, struct call *out);

/* ---- asked.c ---- */

/*
 * What a request asks for, whatever its protocol. Texts and schema live until asked_release(), and are borrowed from
 * the request's JSON where they are pointers.
 */
struct asked {
    char model[MAX_MODEL_BYTES];
    bool is_named; /* by the path */
    bool is_stream, include_usage, may_reason;
    struct buf message;         /* the last one of the user */
    bool is_alone;              /* nothing else was said, by anybody */
    bool has_result;            /* a tool's result is what the request ends with */
    struct buf result;          /* its text */
    const char *form;           /* a structured answer's name */
    struct json_object *schema; /* NULL: none is asked for */
    bool is_tool;               /* the answer is to come as that tool's input */
    char stop[64];              /* the first stop sequence; "": none */
};

void asked_init(struct asked *asked, const char *model); /* model: of the path, or "" */
void asked_release(struct asked *asked);

/* A protocol's words for the parts of a message. Each gets a message's block; NULL: it is none of these. */
struct blocks {
    const char *(*call_id)(struct json_object *block);          /* of a tool's call */
    const char *(*result_id)(struct json_object *block);        /* of the call that it is the result of */
    struct json_object *(*result)(struct json_object *message); /* the content of a tool's result in a message */
    bool must_alternate;                                        /* user and assistant speak in turn */
};

/* Find the last message of the user, and whether a tool's result came after it. False: there are no messages. */
bool asked_messages(struct asked *asked, struct json_object *messages, const struct blocks *blocks);

/* NULL, or what a provider that is strict about conversations has against this one. tools: those on offer, or NULL. */
const char *asked_conversation_wrong(struct json_object *messages, const struct blocks *blocks,
                                     struct json_object *tools);

void asked_model(struct asked *asked, const char *model); /* of the body; NULL: it names none */
void asked_stop(struct asked *asked, struct json_object *sequences);

/* A content's text, whether it is a string or a list of parts. */
void content_append(struct buf *out, struct json_object *content);

/* JSON of a body; NULL: it is none. Put by json_object_put(). */
struct json_object *body_parse(const char *body, size_t len);

/* ---- script.c ---- */

enum directive {
    D_TEXT,
    D_WORDS,
    D_CHUNK,
    D_FINISH,
    D_REASONING,
    D_UNASKED,
    D_TOOL,
    D_STOP_SEQUENCE,
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
    D_HOLD,
    D_BADJSON,
    D_BADUTF8,
    D_BADCRC,
    D_EMPTY,
    D_NODONE,
    D_ERROR_EVENT,
    D_ENDLESS,
    D_BIGLINE,
    D_COMMENTS,
    D_GZIP,
    D_TIMES,
    D_COVERS,
    D_ITEMS,
    D_COUNT
};

struct script {
    bool has[D_COUNT];
    uint64_t n[D_COUNT];   /* its number, where it takes one */
    char finish[32];       /* "": as the reply ends by itself */
    char covers[64];       /* the numbers of objectives */
    char tool[64];         /* the name of the tool that is called */
    char error[64];        /* the kind of [[error_event]]; "": the protocol's usual one */
    struct buf text;       /* what is said */
    struct buf reasoning;  /* what is thought before */
    struct buf tool_input; /* JSON */
};

/* What [[times]] has counted, by a hash of the message. */
struct times {
    uint64_t message[MAX_TIMES];
    uint32_t requests[MAX_TIMES];
};

/*
 * What the message asks for, this time. task: NULL for a reply; "assess", "evaluate" or "summarize" for an answer about data, whose
 * directives alone count then. The script is released by script_release().
 */
void script_read(struct script *script, struct times *times, const char *task, const char *message, size_t len);
void script_release(struct script *script);

/* What the model's name alone makes happen. denied_status: the protocol's for a key that may not use it. */
void script_steer(struct script *script, const char *model, unsigned denied_status);

/* ---- cues.c ---- */

/* What POST /script has said of messages. */
struct cues {
    struct cue {
        char *message, *script;
        bool is_free; /* POST /go has said that what [[hold]] holds may go on */
    } all[MAX_CUES];
    size_t n;
};

/* {"message", "script"}: from now on that script goes with that message. Whether it says so, and there was room. */
bool cues_set(struct cues *cues, struct json_object *wish);
/* That of a message, blanks around it left out; NULL: it has none. Stays where it is. */
struct cue *cues_find(struct cues *cues, const char *message, size_t len);
void cues_forget(struct cues *cues);

/* ---- obedience.c ---- */

/* What a request about data tells the model to do beside its task; "" where it does not. */
struct orders {
    bool is_break_out; /* the data is not one document of the known form, or does not come alone */
    bool is_given;
    char covers[64]; /* numbers of objectives */
    char add[64];    /* a member's name */
    char say[256];
};

/* Hear what stands as an instruction in it. asked: what the request asks for, as its wire reads it. */
void orders_read(struct orders *orders, struct json_object *request, const struct asked *asked);

/* ---- structured.c ---- */

struct structured {
    const char *task;           /* "assess", "evaluate" or "summarize" */
    struct json_object *schema; /* NULL: a summary is asked for, of the data's messages */
    size_t n_messages;          /* in the data */
    struct buf said;            /* by the student, last */
    int64_t number;             /* of that message */
    const char *covers;         /* of the script, or ordered */
    uint64_t n_items;           /* of each list; 0: as the schema has numbers */
    const struct orders *orders;
};

/*
 * Whether an answer about data is asked for: a structured one, or a summary. Released by structured_release() in any case; the request must live until
 * structured_write() is done.
 */
bool structured_read(struct structured *s, const struct asked *asked);
void structured_release(struct structured *s);

/* An answer that follows the schema, or "Summary of N messages." */
void structured_write(const struct structured *s, struct buf *text);

/* ---- vectors.c ---- */

enum { VECTOR_DIMENSIONS = 64, VECTOR_MAX_DIMENSIONS = 4096 };

/* Texts to be embedded. */
struct inputs {
    struct json_object *texts; /* an array of strings, or one string */
    size_t n;
    size_t dimensions;
    bool by_type; /* Cohere: the vectors stand under the name of their type */
};

/* text, n and dimensions of inputs; false: they are no texts, or a text is empty, or there are more than max. */
bool inputs_read(struct inputs *inputs, struct json_object *texts, struct json_object *dimensions, size_t max);
const char *inputs_text(const struct inputs *inputs, size_t i);
size_t inputs_tokens(const struct inputs *inputs);

/*
 * A text's vector as a JSON array: a bag of its words, hashed into so many dimensions and made of length 1. Texts that
 * share words are near to each other, and the same text has the same vector always.
 */
void vector_write(struct json_out *out, const char *text, size_t dimensions);

/* ---- gzip.c ---- */

/* One byte of a gzip file without an end: the letter x again and again, 258 of them for 13 bits. */
char gzip_byte(uint64_t at);

/* ---- begin.c, reply.c ---- */

enum reply_step {
    REPLY_MORE,  /* call again */
    REPLY_PAUSE, /* call again after the script's gap */
    REPLY_END,   /* that was all of it */
    REPLY_CUT,   /* send what there is, then close */
    REPLY_RESET, /* the same, with a reset */
    REPLY_HANG,  /* send what there is, then nothing; unless it is held, and let go */
};

enum reply_stage {
    STAGE_HEAD,
    STAGE_GZIP,
    STAGE_COMMENTS,
    STAGE_OPEN,
    STAGE_PADDING,
    STAGE_TEXT,
    STAGE_CLOSE,
    STAGE_VECTORS,
    STAGE_END
};

/* A reply's text or tool call, before which there may be reasoning. */
enum part { PART_REASONING, PART_TEXT, PART_TOOL };

/* One delta of a part, in a stream. */
struct piece {
    size_t len; /* of its text, within quotation marks */
    bool is_bad_json, is_bad_crc;
};

struct reply {
    struct script script;
    const struct wire *wire;
    enum reply_kind { REPLY_TEXT, REPLY_STRUCTURED, REPLY_SUMMARY, REPLY_VECTORS } kind;
    struct asked asked;    /* its texts and its schema are gone once the script is read */
    const struct cue *cue; /* whose script it is; NULL: the message's own */
    uint64_t id;
    int64_t created_s;
    uint64_t prompt_tokens;
    bool is_break_out, is_obedient; /* of orders_read() */
    enum reply_stage stage;
    enum part part, last_part;
    unsigned index; /* of the part: 1 after reasoning */
    struct piece piece;
    uint32_t crc; /* of the message that is being written (bedrock) */
    uint64_t comments_left, padding_left;
    uint64_t deltas;
    uint64_t text_bytes; /* sent so far */
    uint64_t gzip_at;    /* bytes of [[gzip]] sent so far */
    size_t text_at;      /* what of the part's text is next */
    struct buf vectors;  /* the whole answer to a request for embeddings */
};

/*
 * Begin a reply to a request. NULL, or what is wrong with the request: then nothing has begun, and the caller says so.
 * Else reply_release() is due.
 */
const char *reply_begin(struct reply *reply, struct server *server, uint64_t id, const struct call *call,
                        const struct http_request *request);
void reply_release(struct reply *reply);

/* Append the next piece of the answer, HTTP head included, to out. */
enum reply_step reply_next(struct reply *reply, struct buf *out);

/* Why it ends, in OpenAI's words, which the other wires translate. */
const char *reply_finish(const struct reply *reply);
uint64_t reply_tokens(const struct reply *reply);    /* of its text so far */
bool reply_has_raw_input(const struct reply *reply); /* a tool's: JSON within JSON, and no string */

/* As within a JSON string, without its quotation marks. */
void write_escaped(struct buf *out, const char *text, size_t len);

/* ---- the wires: openai.c, anthropic.c, bedrock.c ---- */

enum protocol { OPENAI, ANTHROPIC, BEDROCK, N_PROTOCOLS };

/*
 * How a protocol reads and writes. What writes appends to out, within a chunk of the body. A reply is open(), then for
 * each part part_open(), its text and part_close(), then close(). In a stream a part's text comes in pieces, each
 * between piece_open() and piece_close(); else all of it stands between part_open() and part_close().
 */
struct wire {
    enum protocol protocol;
    const char *stream_type; /* Content-Type of a stream */
    const char *id_header;   /* that names the request */
    bool is_input_raw;       /* not streamed, a tool's input is JSON within JSON, and no string */
    unsigned denied_status;  /* for a model that the caller may not use */
    const char *bad_request; /* the type of a 400; NULL: what the status means */

    /* Whether the caller may ask; if not, out gets the whole answer. */
    bool (*allow)(const struct http_request *request, struct buf *out);
    /* NULL, or what is wrong with the request. */
    const char *(*read)(struct asked *asked, struct json_object *request);

    void (*open)(const struct reply *reply, struct buf *out);
    void (*part_open)(const struct reply *reply, struct buf *out);
    void (*piece_open)(struct reply *reply, struct buf *out);
    void (*passed)(struct reply *reply, const char *text,
                   size_t len); /* of the piece, just appended; NULL: no matter */
    void (*piece_close)(struct reply *reply, struct buf *out);
    void (*part_close)(const struct reply *reply, struct buf *out);
    void (*close)(const struct reply *reply, struct buf *out); /* minds [[nodone]] itself */

    void (*comment)(const struct reply *reply, struct buf *out); /* what says nothing, before a stream opens */
    void (*error_event)(const struct reply *reply, struct buf *out, const char *type); /* type: NULL: the usual one */
    /* A whole answer. type: NULL: what the status means. headers: "" or lines that end in CR LF. */
    void (*error)(struct buf *out, unsigned status, const char *type, const char *message, const char *headers);

    /* Embeddings; NULL where the protocol has none. model: which decides the form. */
    const char *(*read_inputs)(struct inputs *inputs, struct asked *asked, struct json_object *request);
    void (*write_vectors)(const struct inputs *inputs, const struct asked *asked, struct buf *out);
};

extern const struct wire wire_openai, wire_azure, wire_anthropic, wire_bedrock;

/* ---- frame.c: messages of an event stream ---- */

/*
 * Begin a message with a payload of len bytes, which the caller appends; kind: "event", "exception" or "error". Returns
 * the CRC of what was written, to be carried on by frame_crc() over the payload.
 * Source: Smithy, "Amazon Event Stream Specification".
 */
uint32_t frame_open(struct buf *out, const char *kind, const char *type, size_t len);
uint32_t frame_crc(uint32_t crc, const char *bytes, size_t len);
void frame_close(struct buf *out, uint32_t crc);
void frame_write(struct buf *out, const char *kind, const char *type, const struct buf *payload);

/* ---- metadata.c ---- */

/* What an EC2 instance is told of its role (IMDSv2). False: the path is none of its. */
bool metadata_answer(struct server *server, const struct http_request *request, struct buf *out);

/* Whether a session token is one that has expired: "expired", or one of ours whose time is over. */
bool metadata_token_expired(const char *token);

/* ---- admin.c ---- */

/* Count a call of a model and keep what was sent. */
void admin_remember(struct server *server, const struct http_request *request, const struct reply *reply);

/* Release what was kept. */
void admin_forget(struct server *server);

/* Figures, and what is done to the server. False: the path is none of its. */
bool admin_answer(struct server *server, const struct http_request *request, bool is_control, struct buf *out);

/* ---- connection.c ---- */

enum connection_state {
    HANDSHAKE, /* TLS is being agreed on */
    READING,   /* the next request comes in */
    PAUSED,    /* a reply waits for the timer */
    REPLYING,  /* a reply goes out */
    HUNG,      /* it never will, or not before it is let go */
    FINISHING, /* what is in out, then the next request */
    CLOSING,   /* what is in out, then the end */
};

struct connection {
    struct server *server;
    struct connection *prev, *next; /* in server->connections */
    int fd;
    SSL *ssl;
    bool is_control;
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

/* is_control: it came by the control port, which is never TLS and always served. */
void connection_create(struct server *server, int fd, bool is_control);
void connection_destroy(struct connection *c);
void connection_reset(struct connection *c);                /* destroyed in a way that the client sees at once */
void connection_mute(struct connection *c, bool is_silent); /* neither read nor written until it is false again */

/* epoll saw these events on it. May destroy it, as may the next. */
void connection_ready(struct connection *c, uint32_t events);

/* Its timer ran out. */
void connection_wake(struct connection *c);

/* The replies that this cue holds go on. */
void connections_let_go(struct server *server, const struct cue *cue);

/* ---- loop.c ---- */

struct server {
    int epoll, listener, control, signals; /* control: -1: none */
    uint16_t port;
    bool is_refusing, is_silent, is_hurried;
    SSL_CTX *tls; /* NULL: plain */
    struct connection *connections;
    struct connection *heap[MAX_CONNECTIONS]; /* from 1 */
    size_t n_heap;
    struct times times;
    struct cues cues;
    uint64_t next_id;
    uint64_t credentials_s; /* how long those of metadata.c are good */
    struct figures {
        uint64_t summaries;          /* the same, for summaries */
        uint64_t structured;         /* requests for structured answers, which the others of these figures leave out */
        uint64_t break_outs, obeyed; /* of both */
        uint64_t requests, completed, aborted, max_in_flight, accepted;
        uint64_t embeddings;            /* requests for them, which requests leaves out */
        uint64_t metadata;              /* requests for credentials */
        uint64_t protocol[N_PROTOCOLS]; /* all calls of a model */
        struct {
            char name[MAX_MODEL_BYTES];
            uint64_t calls;
        } models[MAX_MODELS];
        size_t n_models;
    } figures;
    uint64_t in_flight;
    struct kept {
        char *data; /* NULL: there was none */
        size_t len;
    } last_head, last_body, last_structured, last_summary, last_embeddings; /* last_head: of any call of a model */
};

/* Serve until a signal says to end. */
void server_run(struct server *server);

int server_listen(uint16_t port); /* on loopback; 0: a free one. Ends the program when it cannot */
void server_watch(struct server *server, int *fd);
_Noreturn void die(const char *what);

int64_t now_ms(void); /* monotonic */

/* Wake the connection in so many milliseconds, instead of when it would have been; who is hurried, at once. */
void timer_start(struct server *server, struct connection *c, uint64_t wait_ms);
void timer_stop(struct server *server, struct connection *c);

/*
 * is_refusing: new connections are refused and established ones reset. is_silent: none is accepted, and nothing is
 * answered on established ones. Control connections are left alone. Not for use while events of other connections wait.
 */
void server_mode(struct server *server, bool is_refusing, bool is_silent);

#endif
