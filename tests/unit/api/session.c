/* The cookie of a session, what it is known by, and how a browser is told to forget it. */
#include "api/session.h"

#include "http/make_request.h"

#define VALUE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM-_09"

static void test_cookie(void)
{
    static const struct {
        const char *name, *cookie, *want;
    } rows[] = {
        {"none", NULL, NULL},
        {"alone", "__Host-colloquy_session=" VALUE, VALUE},
        {"among others", "a=b; __Host-colloquy_session=" VALUE "; _csrf_token=x", VALUE},
        {"without the prefix", "colloquy_session=" VALUE, NULL},
        {"of another site's prefix", "__Secure-colloquy_session=" VALUE, NULL},
        {"too short", "__Host-colloquy_session=abc", NULL},
        {"too long", "__Host-colloquy_session=" VALUE "x", NULL},
        {"empty", "__Host-colloquy_session=", NULL},
        {"another alphabet", "__Host-colloquy_session=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM+/09", NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_request();

        req.cookie = rows[i].cookie;
        ROW_ASSERT(rows[i].name, str_eq(session_cookie(&req), rows[i].want));
    }
}

/* The hash of "session:" and the value, so that none is that of an access token. */
static void test_hash(void)
{
    struct request req = make_request();
    uint8_t hash[SHA256_BYTES], want[SHA256_BYTES], as_token[SHA256_BYTES];

    CU_ASSERT_TRUE_FATAL(session_hash(&req, VALUE, hash) && sha256("session:" VALUE, strlen("session:" VALUE), want) &&
                         sha256(VALUE, strlen(VALUE), as_token));
    CU_ASSERT_EQUAL(memcmp(hash, want, sizeof(hash)), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(hash, as_token, sizeof(hash)), 0);
}

static void test_forget(void)
{
    struct request req = make_request();

    session_forget(&req);
    CU_ASSERT_EQUAL_FATAL(req.response.n_headers, 2);
    ASSERT_TEXT(req.response.headers[0].value,
                "__Host-colloquy_session=; Path=/; Secure; SameSite=Lax; HttpOnly; Max-Age=0");
    ASSERT_TEXT(req.response.headers[1].value, "_csrf_token=; Path=/; Secure; SameSite=Lax; Max-Age=0");
}

SUITE(session, {"cookie", test_cookie}, {"hash", test_hash}, {"forget", test_forget});
