/*
 * Credentials of an EC2 instance's role, in the second version of its metadata service: a token first, by PUT, and then
 * nothing without it. The session token tells until when it is good, so that nothing has to be remembered.
 *
 * Source: Amazon EC2 User Guide, "Use the Instance Metadata Service" and "Retrieve security credentials".
 */
#include "model_server.h"

#include <stdio.h>
#include <time.h>

#include "signature.h"

static const char TOKEN[] = "AQAEALScriptedMetadataToken==";
static const char LIST[] = "/latest/meta-data/iam/security-credentials/", ROLE[] = "role";
static const char SESSION[] = "IQoJb3JpZ2luX2Vj//scripted+"; /* then the second it ends with, and "==" */
enum { MAX_TTL_S = 21600 };

static void answer_text(struct buf *out, unsigned status, const char *text)
{
    answer_write(out, status, "text/plain", "", text, strlen(text));
}

static void answer_token(const struct http_request *request, struct buf *out)
{
    char ttl[16];
    uint64_t seconds = 0;

    http_header(request->head, "X-aws-ec2-metadata-token-ttl-seconds", ttl, sizeof(ttl));
    if (parse_u64(ttl, strlen(ttl), MAX_TTL_S, &seconds) && seconds)
        answer_text(out, 200, TOKEN);
    else
        answer_text(out, 400, "");
}

static void put_time(struct json_out *json, const char *key, int64_t at_s)
{
    json_key(json, key);
    json_time(json, at_s * 1000);
}

static void put_text(struct json_out *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

static void answer_credentials(const struct server *server, struct buf *out)
{
    struct buf body;
    struct json_out json;
    int64_t now_s = time(NULL), end_s = now_s + (int64_t)server->credentials_s;
    char session[128];

    snprintf(session, sizeof(session), "%s%lld==", SESSION, (long long)end_s);
    buf_init(&body, MAX_HEAD_BYTES);
    json_out_init(&json, &body);
    json_open_object(&json);
    put_text(&json, "Code", "Success");
    put_time(&json, "LastUpdated", now_s);
    put_text(&json, "Type", "AWS-HMAC");
    put_text(&json, "AccessKeyId", ACCESS_KEY_ID);
    put_text(&json, "SecretAccessKey", SECRET_ACCESS_KEY);
    put_text(&json, "Token", session);
    put_time(&json, "Expiration", end_s);
    json_close_object(&json);
    answer_json(out, 200, "", &body);
    buf_release(&body);
}

bool metadata_token_expired(const char *token)
{
    long long end_s;

    if (str_eq(token, "expired"))
        return true;
    return str_starts(token, SESSION) && (sscanf(token + strlen(SESSION), "%lld", &end_s) != 1 || end_s <= time(NULL));
}

bool metadata_answer(struct server *server, const struct http_request *request, struct buf *out)
{
    char token[64], role_path[128];
    bool is_get = str_eq(request->method, "GET");

    if (http_is(request, "PUT", "/latest/api/token")) {
        answer_token(request, out);
        return true;
    }
    if (!is_get || !str_starts(request->target, "/latest/meta-data/"))
        return false;
    http_header(request->head, "X-aws-ec2-metadata-token", token, sizeof(token));
    snprintf(role_path, sizeof(role_path), "%s%s", LIST, ROLE);
    if (!str_eq(token, TOKEN)) {
        answer_text(out, 401, "");
    } else if (http_is(request, "GET", LIST)) {
        answer_text(out, 200, ROLE);
    } else if (http_is(request, "GET", role_path)) {
        server->figures.metadata++;
        answer_credentials(server, out);
    } else {
        answer_text(out, 404, "");
    }
    return true;
}
