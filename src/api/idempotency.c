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

static bool is_key(const char *text)
{
    return *text && strlen(text) <= MAX_KEY_BYTES && is_printable_ascii(text);
}

/* What names the request: user is the other half of the table's key. */
static enum cq_status hash_key(struct request *req, const char *kind, const char *key, const uint8_t **out)
{
    const char *name =
        arena_printf(req->ctx.arena, "%s\n%s\n%s\n%s\n%s\n%s", kind, req->loaded->route->key.pattern,
                     path_param(req, "course_id"), path_param(req, "ai_experience_id"), path_param(req, "id"), key);
    uint8_t *hash = arena_alloc(req->ctx.arena, SHA256_BYTES);

    if (!name || !hash || !sha256(name, strlen(name), hash))
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    *out = hash;
    return CQ_OK;
}

enum cq_status idempotency_read(struct request *req, bool takes_message_id, const char *body,
                                struct turn_params *params)
{
    struct param p = takes_message_id ? param_text(req, NULL, "message_id") : (struct param){.state = PARAM_ABSENT};
    char uuid[UUID_TEXT_BYTES];
    uint8_t *body_hash = arena_alloc(req->ctx.arena, SHA256_BYTES);

    if (!body_hash)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    if (req->idempotency_key && !is_key(req->idempotency_key))
        return refuse(req, CQ_VALIDATION_FAILED, "Idempotency-Key must be 1 to 128 printable ASCII characters");
    if (p.state == PARAM_WRONG || (p.state == PARAM_VALUE && !uuid_parse(p.text, p.len, uuid)))
        return refuse(req, CQ_VALIDATION_FAILED, "message_id must be a UUID");
    if (!req->idempotency_key && p.state != PARAM_VALUE)
        return CQ_OK;
    if (!sha256(body, strlen(body), body_hash))
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    params->body_hash = body_hash;
    params->key_is_message_id = !req->idempotency_key;
    return req->idempotency_key ? hash_key(req, "header", req->idempotency_key, &params->key_hash)
                                : hash_key(req, "message_id", uuid, &params->key_hash);
}
