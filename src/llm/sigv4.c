/* The four steps of a signature: canonical request, string to sign, signing key, authorization. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "llm/sigv4.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum {
    CANONICAL_MAX_BYTES = 256 << 10,
    ADDED_HEADERS = 2, /* x-amz-date, x-amz-security-token */
    DAY_BYTES = 8,     /* of the date */
    HEX_BYTES = 2 * SHA256_BYTES + 1,
    SCOPE_BYTES = 256,
    NAMES_BYTES = 512,
};

/* What all steps need. */
struct signing {
    const struct sigv4_request *request;
    const char *date;
    char scope[SCOPE_BYTES];                                        /* day/region/service/aws4_request */
    char signed_names[NAMES_BYTES];                                 /* host;x-amz-date */
    struct sigv4_header headers[SIGV4_MAX_HEADERS + ADDED_HEADERS]; /* sorted by name */
    size_t n_headers;
};

static bool fits(int written, size_t room)
{
    return written >= 0 && (size_t)written < room;
}

/* The time as we write it, without what separates its parts. */
static void write_date(int64_t unix_ms, char out[SIGV4_DATE_BYTES])
{
    char text[CLOCK_TEXT_BYTES];

    clock_text(unix_ms, text);
    for (const char *c = text; *c; c++)
        if (*c != '-' && *c != ':')
            *out++ = *c;
    *out = '\0';
}

/* ---- the canonical request ---- */

static void add_header(struct signing *s, const char *name, const char *value)
{
    size_t at = s->n_headers++;

    for (; at > 0 && strcmp(s->headers[at - 1].name, name) > 0; at--)
        s->headers[at] = s->headers[at - 1];
    s->headers[at] = (struct sigv4_header){name, value};
}

static bool gather_headers(struct signing *s, const char *session_token)
{
    size_t len = 0;

    if (s->request->n_headers > SIGV4_MAX_HEADERS)
        return false;
    for (size_t i = 0; i < s->request->n_headers; i++)
        add_header(s, s->request->headers[i].name, s->request->headers[i].value);
    add_header(s, "x-amz-date", s->date);
    if (session_token)
        add_header(s, "x-amz-security-token", session_token);
    for (size_t i = 0; i < s->n_headers; i++) {
        int n = snprintf(s->signed_names + len, NAMES_BYTES - len, "%s%s", i ? ";" : "", s->headers[i].name);

        if (!fits(n, NAMES_BYTES - len))
            return false;
        len += (size_t)n;
    }
    return true;
}

/* Everything but the unreserved characters and '/': so also the '%' of what is encoded already. */
static void write_path(struct buf *out, const char *path)
{
    for (; *path; path++)
        if (isalnum((unsigned char)*path) || strchr("/-._~", *path))
            buf_char(out, *path);
        else
            buf_printf(out, "%%%02X", (unsigned char)*path);
}

static bool write_hash(struct buf *out, const char *data, size_t len)
{
    uint8_t hash[SHA256_BYTES];
    char hex[HEX_BYTES];

    if (!sha256(data, len, hash))
        return false;
    hex_encode(hash, sizeof(hash), hex);
    buf_str(out, hex);
    return !out->failed;
}

static bool write_canonical(const struct signing *s, struct buf *out)
{
    const struct sigv4_request *request = s->request;

    buf_printf(out, "%s\n", request->method);
    write_path(out, request->path);
    buf_printf(out, "\n%s\n", request->query);
    for (size_t i = 0; i < s->n_headers; i++)
        buf_printf(out, "%s:%s\n", s->headers[i].name, s->headers[i].value);
    buf_printf(out, "\n%s\n", s->signed_names);
    return write_hash(out, request->body, request->body_len);
}

/* ---- the string to sign, and its key ---- */

static bool write_string_to_sign(const struct signing *s, struct buf *out)
{
    struct buf canonical;

    buf_init(&canonical, CANONICAL_MAX_BYTES);
    buf_printf(out, ALGORITHM "\n%s\n%s\n", s->date, s->scope);
    bool done = write_canonical(s, &canonical) && write_hash(out, canonical.data, canonical.len);
    explicit_bzero(canonical.data, canonical.len); /* it may hold a session token */
    buf_release(&canonical);
    return done;
}

/* The key is good for a day, a region and a service. */
static bool derive_key(const struct signing *s, const char *secret, uint8_t key[SHA256_BYTES])
{
    char first[sizeof("AWS4") + AWS_KEY_MAX_BYTES];
    int len = snprintf(first, sizeof(first), "AWS4%s", secret);
    const char *region = s->request->region, *service = s->request->service;

    bool done = fits(len, sizeof(first)) && hmac_sha256(first, (size_t)len, s->date, DAY_BYTES, key) &&
                hmac_sha256(key, SHA256_BYTES, region, strlen(region), key) &&
                hmac_sha256(key, SHA256_BYTES, service, strlen(service), key) &&
                hmac_sha256(key, SHA256_BYTES, "aws4_request", strlen("aws4_request"), key);
    explicit_bzero(first, sizeof(first));
    return done;
}

static bool write_signature(const struct signing *s, const char *secret, char hex[HEX_BYTES])
{
    uint8_t key[SHA256_BYTES], signature[SHA256_BYTES];
    struct buf text;

    buf_init(&text, 4096);
    bool done = write_string_to_sign(s, &text) && derive_key(s, secret, key) &&
                hmac_sha256(key, sizeof(key), text.data, text.len, signature);
    if (done)
        hex_encode(signature, sizeof(signature), hex);
    explicit_bzero(key, sizeof(key));
    buf_release(&text);
    return done;
}

bool sigv4_sign(const struct sigv4_request *request, const struct aws_keys *keys, int64_t unix_ms,
                struct sigv4_signed *out)
{
    struct sigv4_signed result;
    struct signing s = {.request = request, .date = result.date};
    char signature[HEX_BYTES];

    write_date(unix_ms, result.date);
    if (!gather_headers(&s, keys->session_token))
        return false;
    int n = snprintf(s.scope, sizeof(s.scope), "%.*s/%s/%s/aws4_request", DAY_BYTES, s.date, request->region,
                     request->service);
    if (!fits(n, sizeof(s.scope)) || !write_signature(&s, keys->secret_access_key, signature))
        return false;
    n = snprintf(result.authorization, sizeof(result.authorization),
                 ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s", keys->access_key_id, s.scope,
                 s.signed_names, signature);
    if (!fits(n, sizeof(result.authorization)))
        return false;
    *out = result;
    return true;
}
