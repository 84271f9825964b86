/* CSRF tokens, derived from sessions. */
#include "api/authenticity.h"

#include "api/route.h"

static const char LABEL[] = "colloquy authenticity token";

const char *authenticity_token_of(struct request *req, const char *session)
{
    uint8_t hash[SHA256_BYTES];
    char text[ACCESS_TOKEN_TEXT_BYTES];

    if (!hmac_sha256(session, strlen(session), LABEL, sizeof(LABEL) - 1, hash))
        return NULL;
    secret_text(hash, text);
    return arena_strdup(req->ctx.arena, text);
}

const char *authenticity_token(struct request *req)
{
    const char *credential = req->loaded ? req->loaded->credential : NULL;

    return credential ? authenticity_token_of(req, credential) : "";
}

bool authenticity_is_shown(struct request *req, const char *session)
{
    const char *token = authenticity_token_of(req, session);
    struct param field = param_text(req, NULL, "authenticity_token");

    if (!token)
        return false;
    if (req->csrf_token && secret_eq(req->csrf_token, token))
        return true;
    return field.state == PARAM_VALUE && secret_eq(field.text, token);
}
