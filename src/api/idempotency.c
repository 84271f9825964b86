/* The key of a repeated request. */
#include <string.h>

#include "api/idempotency.h"

#include "api/route.h"

enum { MAX_KEY_BYTES = 128 };

static bool is_printable_ascii(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

bool idempotency_key_fits(const char *text)
{
    return !text || (*text && strlen(text) <= MAX_KEY_BYTES && is_printable_ascii(text));
}

enum cq_status idempotency_key_make(struct request *req, const char *name, const char *body, size_t len,
                                    struct request_key *out)
{
    uint8_t *hashes = arena_alloc(req->ctx.arena, 2 * SHA256_BYTES);

    if (!name || !hashes || !sha256(name, strlen(name), hashes) || !sha256(body, len, hashes + SHA256_BYTES))
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    *out = (struct request_key){.hash = hashes, .body_hash = hashes + SHA256_BYTES};
    return CQ_OK;
}

static const char *name_of(struct request *req, const char *kind, const char *key)
{
    return arena_printf(req->ctx.arena, "%s\n%s\n%s\n%s\n%s\n%s", kind, req->loaded->route->key.pattern,
                        path_param(req, "course_id"), path_param(req, "ai_experience_id"), path_param(req, "id"), key);
}

enum cq_status idempotency_read(struct request *req, bool takes_message_id, const char *body, size_t len,
                                struct request_key *out)
{
    struct param p = takes_message_id ? param_text(req, NULL, "message_id") : (struct param){.state = PARAM_ABSENT};
    const char *header = req->idempotency_key;
    char uuid[UUID_TEXT_BYTES];

    *out = (struct request_key){.hash = NULL};
    if (!idempotency_key_fits(header))
        return refuse(req, CQ_VALIDATION_FAILED, "Idempotency-Key must be 1 to 128 printable ASCII characters");
    if (p.state == PARAM_WRONG || (p.state == PARAM_VALUE && !uuid_parse(p.text, p.len, uuid)))
        return refuse(req, CQ_VALIDATION_FAILED, "message_id must be a UUID");
    if (header)
        return idempotency_key_make(req, name_of(req, "header", header), body, len, out);
    if (p.state != PARAM_VALUE)
        return CQ_OK;
    enum cq_status st = idempotency_key_make(req, name_of(req, "message_id", uuid), body, len, out);
    out->is_message_id = true;
    return st;
}
