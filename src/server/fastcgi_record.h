/* Records of FastCGI 1.0, sections 3.3 and 5, as far as a responder and its client need them. */
#ifndef SERVER_FASTCGI_RECORD_H
#define SERVER_FASTCGI_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_BEGIN_REQUEST = 1,
    RECORD_END_REQUEST = 3,
    RECORD_PARAMS = 4,
    RECORD_STDIN = 5,
    RECORD_STDOUT = 6,
};

enum {
    RECORD_VERSION = 1,
    RECORD_HEAD_BYTES = 8,
    RECORD_MAX_BYTES = 65535, /* of content */
    RECORD_MAX_PADDING = 255,
    BEGIN_BYTES = 8, /* content of BEGIN_REQUEST: role, flags, reserved */
    END_BYTES = 8,   /* content of END_REQUEST: two kinds of status, reserved; all 0 for an ordinary end */
    ROLE_RESPONDER = 1,
};

struct record {
    uint8_t version, type;
    uint16_t request_id;
    size_t len; /* of the content */
    uint8_t padding;
};

static inline void record_write(uint8_t out[RECORD_HEAD_BYTES], int type, uint16_t request_id, size_t len)
{
    out[0] = RECORD_VERSION;
    out[1] = (uint8_t)type;
    out[2] = (uint8_t)(request_id >> 8);
    out[3] = (uint8_t)request_id;
    out[4] = (uint8_t)(len >> 8);
    out[5] = (uint8_t)len;
    out[6] = out[7] = 0;
}

static inline struct record record_read(const uint8_t in[RECORD_HEAD_BYTES])
{
    return (struct record){.version = in[0],
                           .type = in[1],
                           .request_id = (uint16_t)(in[2] << 8 | in[3]),
                           .len = (size_t)in[4] << 8 | in[5],
                           .padding = in[6]};
}

#endif
