/* Signed links: their signature, and the two parameters that every one of them has. */
#include "api/signature.h"

#include "api/route.h"

enum { MAX_FIELDS = 8, FIELDS_MAX_BYTES = 8192 };

enum cq_status signature_prepare(struct request *req)
{
    uint8_t *secret = arena_alloc(req->ctx.arena, SHA256_BYTES);

    if (!req->db) /* in a loop, and it could not be read before */
        return cq_fail(&req->ctx, CQ_BUSY, "no secret to sign links with");
    enum cq_status st = secret ? store_link_secret(&req->ctx, req->db, secret) : CQ_INTERNAL;

    if (!st)
        req->loaded->link_secret = secret;
    return st;
}

/* Each field stands behind its length: no two lists of fields are the same text. */
enum cq_status signature_make(struct request *req, const char *const *fields, size_t n,
                              char out[ACCESS_TOKEN_TEXT_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    struct buf *text = buf_in_arena(req->ctx.arena, FIELDS_MAX_BYTES);
    enum cq_status st = !text ? CQ_INTERNAL : req->loaded->link_secret ? CQ_OK : signature_prepare(req);

    if (st)
        return st;
    for (size_t i = 0; i < n; i++)
        buf_printf(text, "%zu:%s", strlen(fields[i]), fields[i]);
    if (text->failed || !hmac_sha256(req->loaded->link_secret, SHA256_BYTES, text->data, text->len, hash))
        return cq_fail(&req->ctx, CQ_INTERNAL, "no memory for a signature");
    secret_text(hash, out);
    return CQ_OK;
}

/* The fields with the time behind them. */
static enum cq_status sign_with(struct request *req, const char *const *fields, size_t n, const char *expires,
                                char out[ACCESS_TOKEN_TEXT_BYTES])
{
    const char *all[MAX_FIELDS + 1];

    if (n > MAX_FIELDS)
        return cq_fail(&req->ctx, CQ_INTERNAL, "a link of %zu fields", n);
    memcpy(all, fields, n * sizeof(*all));
    all[n] = expires;
    return signature_make(req, all, n + 1, out);
}

enum cq_status signature_check(struct request *req, const char *const *fields, size_t n)
{
    struct param expires = param_text(req, NULL, "expires"), signature = param_text(req, NULL, "signature");
    char want[ACCESS_TOKEN_TEXT_BYTES];
    uint64_t until_s = 0;

    if (expires.state != PARAM_VALUE || signature.state != PARAM_VALUE ||
        !parse_id(expires.text, expires.len, &until_s))
        return CQ_LINK_INVALID;
    enum cq_status st = sign_with(req, fields, n, expires.text, want);
    if (st)
        return st;
    if (!secret_eq(signature.text, want))
        return CQ_LINK_INVALID;
    return clock_unix_ms() / 1000 < (int64_t)until_s ? CQ_OK : CQ_LINK_EXPIRED;
}

const char *signature_link(struct request *req, const char *path, const char *query, const char *const *fields,
                           size_t n, uint32_t seconds)
{
    const char *site = req->config->server.public_url;
    size_t site_len = strlen(site);
    char signature[ACCESS_TOKEN_TEXT_BYTES];
    char *expires = arena_printf(req->ctx.arena, "%lld", (long long)(clock_unix_ms() / 1000 + seconds));

    if (!expires || sign_with(req, fields, n, expires, signature))
        return NULL;
    while (site_len && site[site_len - 1] == '/')
        site_len--;
    return arena_printf(req->ctx.arena, "%.*s%s?%s%sexpires=%s&signature=%s", (int)site_len, site, path,
                        query ? query : "", query ? "&" : "", expires, signature);
}
