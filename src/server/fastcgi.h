/*
 * One FastCGI connection from nginx: one request, one answer (nginx keeps no connection, see nginx/).
 *
 * Reading blocks, at most a second for each piece: nginx sends a request whole. What is no request closes its
 * connection and nothing else. Writing is done in pieces that fit the socket's buffer once it is writable, so that a
 * loop never waits for a client. Source: the FastCGI specification 1.0.
 */
#ifndef SERVER_FASTCGI_H
#define SERVER_FASTCGI_H

#include "colloquy/http.h"

struct fastcgi {
    int fd;
    uint16_t request_id;
    bool is_open;
    bool is_head_sent;
    size_t sent; /* bytes at the beginning of the body that have gone out and are still there */
};

/* ---- fastcgi.c ---- */

/* The next connection of a non-blocking listening socket, with its time-outs set; -1 when there is none now. */
int fastcgi_accept(int listen_fd);

/* Whether the last fastcgi_accept() failed for want of descriptors or memory: the connection still waits, and would wake us again. */
bool fastcgi_is_short(void);

/* Close it without an end, so that nginx knows that the answer is not whole. */
void fastcgi_abort(struct fastcgi *conn);

/* ---- fastcgi_read.c ---- */

/*
 * Read the request that arrives on fd into req, whose ctx.arena and config are set; fd is the connection's from now on.
 * Of parameters that come twice the first that is not empty counts. CQ_INVALID_REQUEST: no complete request came; CQ_INTERNAL: memory. The
 * connection is closed then.
 */
enum cq_status fastcgi_read(struct fastcgi *conn, int fd, struct request *req) MUST_USE;

/* The same for a request that is to be refused anyway: its body is thrown away, and it is waited for limit_ms in all. */
enum cq_status fastcgi_skim(struct fastcgi *conn, int fd, struct request *req, int limit_ms) MUST_USE;

/* ---- fastcgi_send.c ---- */

/* Bytes of the answer that are ready and not sent yet. */
bool fastcgi_has_output(const struct fastcgi *conn, const struct request *req);

/*
 * Send a piece of what is ready, at most 32 KiB; sent bytes leave req->response.body sooner or later. To be called when the
 * descriptor is writable. False: nginx is gone; the connection is closed.
 */
bool fastcgi_send_some(struct fastcgi *conn, struct request *req);

/* Send a few bytes that are in no body; nothing else may be waiting to go out. False as above. */
bool fastcgi_send_text(struct fastcgi *conn, const char *text);

/* End the answer and close the connection. */
void fastcgi_finish(struct fastcgi *conn);

/*
 * The whole answer and its end, waiting for the client at most timeout_ms at a time. False: it did not get all. The
 * connection is closed.
 */
bool fastcgi_answer(struct fastcgi *conn, struct request *req, int timeout_ms);

#endif
