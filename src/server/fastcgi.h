/*
 * One FastCGI connection from nginx: one request, one answer (nginx keeps no connection, see nginx/).
 *
 * The connection is accepted by us and handed to libfcgi, because on its own it would block on the listening socket
 * after a malformed record. Reading blocks, at most a second for each piece: nginx sends a request whole. Writing is
 * done in pieces that fit the socket's buffer once it is writable, so that a loop never waits for a client.
 */
#ifndef SERVER_FASTCGI_H
#define SERVER_FASTCGI_H

#include <fcgiapp.h>

#include "colloquy/http.h"

/* Not to be moved once it is read into: libfcgi keeps pointers to it. */
struct fastcgi {
    FCGX_Request fcgx;
    bool is_open;
    bool is_head_sent;
    size_t sent; /* bytes at the beginning of the body that have gone out and are still there */
};

/* Once in each process. */
enum cq_status fastcgi_init(void) MUST_USE;

/* The next connection of a non-blocking listening socket, with its time-outs set; -1 when there is none now. */
int fastcgi_accept(int listen_fd);

/* Whether the last fastcgi_accept() failed for want of descriptors or memory: the connection still waits, and would wake us again. */
bool fastcgi_is_short(void);

/*
 * Read the request that arrives on fd into req, whose ctx.arena and config are set; fd is the connection's from now on.
 * CQ_INVALID_REQUEST: no complete request came; the connection is closed.
 */
enum cq_status fastcgi_read(struct fastcgi *conn, int fd, struct request *req) MUST_USE;

/* Bytes of the answer that are ready and not sent yet. */
bool fastcgi_has_output(const struct fastcgi *conn, const struct request *req);

/*
 * Send a piece of what is ready, at most 32 KiB; sent bytes leave req->response.body. To be called when the
 * descriptor is writable. False: nginx is gone; the connection is closed.
 */
bool fastcgi_send_some(struct fastcgi *conn, struct request *req);

/* Send a few bytes that are in no body; nothing else may be waiting to go out. False as above. */
bool fastcgi_send_text(struct fastcgi *conn, const char *text);

/* Send all that is ready, waiting for the client at most timeout_ms for each piece. */
bool fastcgi_send_all(struct fastcgi *conn, struct request *req, int timeout_ms);

/* End the answer and close the connection. */
void fastcgi_finish(struct fastcgi *conn);

/* Close it without an end, so that nginx knows that the answer is not whole. */
void fastcgi_abort(struct fastcgi *conn);

int fastcgi_fd(const struct fastcgi *conn);

#endif
