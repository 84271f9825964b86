#include "signature.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SKEW_S = 300, MAX_SIGNED_BYTES = 1024, MAX_CANONICAL_BYTES = 1 << 20 };

const char ACCESS_KEY_ID[] = "AKIDEXAMPLE", SECRET_ACCESS_KEY[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct claim {
    char key_id[128], day[9], region[64], service[64];
    char names[MAX_SIGNED_BYTES]; /* of signed headers, between semicolons */
    char signature[65];
    char date[17]; /* x-amz-date */
};

/* ---- reading ---- */

static bool read_claim(struct claim *claim, const struct http_request *request)
{
    char authorization[MAX_HEADER_BYTES];
    int end = 0;

    http_header(request->head, "Authorization", authorization, sizeof(authorization));
    http_header(request->head, "x-amz-date", claim->date, sizeof(claim->date));
    int n =
        sscanf(authorization,
               "AWS4-HMAC-SHA256 Credential=%127[^/]/%8[0-9]/%63[^/]/%63[^/]/aws4_request, SignedHeaders=%1023[^,], "
               "Signature=%64[0-9a-f]%n",
               claim->key_id, claim->day, claim->region, claim->service, claim->names, claim->signature, &end);

    return n == 6 && !authorization[end] && strlen(claim->signature) == 64;
}

static bool is_signed(const struct claim *claim, const char *name, size_t len)
{
    const char *at = claim->names;

    while (*at) {
        size_t n = strcspn(at, ";");

        if (n == len && strncasecmp(at, name, len) == 0)
            return true;
        at += n + (at[n] == ';');
    }
    return false;
}

/* What has to be signed is. */
static bool is_covered(const struct claim *claim, const struct http_request *request)
{
    for (const char *line = request->head; (line = strstr(line, "\r\n")) && line[2] != '\r';) {
        line += 2;
        size_t len = strcspn(line, ":\r");

        if (strncasecmp(line, "x-amz-", 6) == 0 && !is_signed(claim, line, len))
            return false;
    }
    return is_signed(claim, "host", 4) && is_signed(claim, "x-amz-date", 10);
}

/* YYYYMMDDTHHMMSSZ as seconds since 1970; -1: it is no such time. */
static int64_t read_date(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);

    return end && !*end && strlen(text) == 16 ? (int64_t)timegm(&tm) : -1;
}

/* ---- the canonical request ---- */

/*
 * The path as it was sent, encoded once more: a colon that is %3A on the wire is %253A here. Its slashes stay.
 */
static void put_path(struct buf *out, const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_plain = (path[i] >= 'a' && path[i] <= 'z') || (path[i] >= 'A' && path[i] <= 'Z') ||
                        (path[i] >= '0' && path[i] <= '9') || (path[i] && strchr("-._~/", path[i]));

        if (is_plain)
            buf_char(out, path[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)path[i]);
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of its parameters, which are encoded already. */
static void put_query(struct buf *out, const char *query)
{
    char copy[MAX_TARGET_BYTES], *parameters[64], *rest = copy;
    size_t n = 0;

    snprintf(copy, sizeof(copy), "%s", query);
    for (char *one; n < LEN(parameters) && (one = strsep(&rest, "&"));)
        if (*one)
            parameters[n++] = one;
    qsort(parameters, n, sizeof(parameters[0]), compare);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%s%s", i ? "&" : "", parameters[i], strchr(parameters[i], '=') ? "" : "=");
}

/* Without white space at its ends, and with one blank for any within. */
static void put_value(struct buf *out, const char *value)
{
    for (const char *at = value; *at; at++) {
        bool is_blank = *at == ' ' || *at == '\t';

        if (!is_blank)
            buf_char(out, *at);
        else if (at != value && at[1 + strspn(at + 1, " \t")] && at[-1] != ' ' && at[-1] != '\t')
            buf_char(out, ' ');
    }
}

static void put_headers(struct buf *out, const struct claim *claim, const char *head)
{
    char names[MAX_SIGNED_BYTES], value[MAX_HEADER_BYTES], *rest = names;

    snprintf(names, sizeof(names), "%s", claim->names);
    for (char *name; (name = strsep(&rest, ";"));) {
        http_header(head, name, value, sizeof(value));
        buf_printf(out, "%s:", name);
        put_value(out, value);
        buf_str(out, "\n");
    }
}

static void put_hash(struct buf *out, const char *data, size_t len)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char text[2 * SHA256_DIGEST_LENGTH + 1];

    SHA256((const unsigned char *)data, len, hash);
    hex_encode(hash, sizeof(hash), text);
    buf_str(out, text);
}

static void put_request(struct buf *out, const struct claim *claim, const struct http_request *request)
{
    size_t path_len = http_path_length(request);
    const char *query = request->target + path_len;

    buf_printf(out, "%s\n", request->method);
    put_path(out, request->target, path_len);
    buf_str(out, "\n");
    put_query(out, *query ? query + 1 : "");
    buf_str(out, "\n");
    put_headers(out, claim, request->head);
    buf_printf(out, "\n%s\n", claim->names);
    put_hash(out, request->body, request->body_bytes);
}

/* ---- the signature ---- */

static void sign(const uint8_t *key, size_t key_len, const char *text, uint8_t out[SHA256_DIGEST_LENGTH])
{
    HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out, NULL);
}

static void sign_claim(const struct claim *claim, const struct buf *canonical, char out[65])
{
    struct buf text;
    uint8_t key[SHA256_DIGEST_LENGTH];
    char secret[128];

    buf_init(&text, MAX_CANONICAL_BYTES);
    buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n", claim->date, claim->day, claim->region,
               claim->service);
    put_hash(&text, canonical->data, canonical->len);
    int len = snprintf(secret, sizeof(secret), "AWS4%s", SECRET_ACCESS_KEY);
    sign((const uint8_t *)secret, (size_t)len, claim->day, key);
    sign(key, sizeof(key), claim->region, key);
    sign(key, sizeof(key), claim->service, key);
    sign(key, sizeof(key), "aws4_request", key);
    sign(key, sizeof(key), text.data, key);
    hex_encode(key, sizeof(key), out);
    buf_release(&text);
}

static bool is_matching(const struct claim *claim, const struct http_request *request)
{
    struct buf canonical;
    char signature[65];

    buf_init(&canonical, MAX_CANONICAL_BYTES);
    put_request(&canonical, claim, request);
    sign_claim(claim, &canonical, signature);
    buf_release(&canonical);
    return strcmp(signature, claim->signature) == 0;
}

bool signature_check(const struct http_request *request, const char *service, int64_t now_s, struct refusal *why)
{
    static const struct refusal
        incomplete = {"IncompleteSignatureException", "The Authorization header is incomplete."},
        unknown = {"UnrecognizedClientException", "The security token included in the request is invalid."},
        late = {"InvalidSignatureException", "Signature expired: x-amz-date is more than 5 minutes away from now."},
        scope = {"InvalidSignatureException", "Credential should be scoped to the correct service and day."},
        unsigned_header = {"InvalidSignatureException", "'Host', 'X-Amz-Date' and every other 'X-Amz-' header must be "
                                                        "signed."},
        other = {"InvalidSignatureException", "The request signature we calculated does not match the signature you "
                                              "provided. Check your AWS Secret Access Key and signing method."};
    struct claim claim = {0};

    *why = incomplete;
    if (!read_claim(&claim, request))
        return false;
    *why = unknown;
    if (!str_eq(claim.key_id, ACCESS_KEY_ID))
        return false;
    *why = late;
    if (llabs(read_date(claim.date) - now_s) > MAX_SKEW_S)
        return false;
    *why = scope;
    if (!str_eq(claim.service, service) || strncmp(claim.day, claim.date, 8) != 0)
        return false;
    *why = unsigned_header;
    if (!is_covered(&claim, request))
        return false;
    *why = other;
    return is_matching(&claim, request);
}
