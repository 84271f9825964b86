/*
 * FastCGI as nginx speaks it, written and read by hand: records, and a client on a unix socket. Source: the FastCGI
 * specification 1.0.
 */
#ifndef TESTS_SERVER_RECORDS_H
#define TESTS_SERVER_RECORDS_H

#include "colloquy/base.h"

enum record_type { RECORD_BEGIN = 1, RECORD_END = 3, RECORD_PARAMS = 4, RECORD_STDIN = 5, RECORD_STDOUT = 6 };

/* One record of at most 65,535 bytes; padding: bytes behind the content, which mean nothing. */
void put_record(struct buf *out, enum record_type type, const void *content, size_t len, size_t padding);

/* The record that begins a request, in the role of a responder. */
void put_begin(struct buf *out);

/* A name and a value, as the content of a params record. */
void put_pair(struct buf *out, const char *name, const char *value);

/* A whole request: n pairs of name and value, then the body in records of at most piece_bytes. */
struct pair {
    const char *name, *value;
};
void put_request(struct buf *out, const struct pair *pairs, size_t n, const char *body, size_t len, size_t piece_bytes);

/* What the client was sent: the joined content of the STDOUT records, and whether the request was ended. */
struct answer {
    struct buf text;
    bool is_ended; /* an END_REQUEST of status 0 was the last record */
    bool is_whole; /* nothing is cut, and nothing but STDOUT and END_REQUEST came */
};

/* Take the records apart; text is to be released. */
struct answer read_records(const struct buf *in);

/* A listening socket that does not block, and a connection to it. */
int listen_here(void);
int connect_here(int listener);

/* Send all of it, not waiting for who does not read. */
bool send_bytes(int fd, const struct buf *bytes);

/* Whatever comes until the other side closes. *is_closed is false when it resets, or nothing comes for five seconds. */
void receive_all(int fd, struct buf *out, bool *is_closed);

#endif
