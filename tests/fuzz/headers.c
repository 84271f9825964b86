/*
 * Header values: parameters that fit or do not, lists of types, dates, and the tokens that sign in.
 *
 * Six lines: a value with parameters, the name of one, Accept, Authorization, Retry-After, Cookie.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "colloquy/http.h"
#include "fuzz.h"
#include "http/header_value.h"
#include "llm/retry.h"

enum { LARGE_BYTES = 1 << 16, UNTOUCHED = 4321 };

/* Into memory of exactly that size, so that the sanitizer sees one byte too many. */
static bool fits(const char *value, const char *name, size_t bytes, const char *want)
{
    char *out = malloc(bytes ? bytes : 1);
    size_t len = 0;

    CHECK(out);
    bool good = header_parameter(value, name, out, bytes, &len);

    CHECK(!good || (len == strlen(want) && memcmp(out, want, len + 1) == 0));
    free(out);
    return good;
}

static void check_parameter(const char *value, const char *name)
{
    static char all[LARGE_BYTES];
    size_t len = 0;

    if (!header_parameter(value, name, all, sizeof(all), &len))
        return;
    CHECK(len == strlen(all) && len <= strlen(value));
    CHECK(!*name || strcasestr(value, name));
    CHECK(fits(value, name, strlen(value) + 1, all)); /* its escapes are counted too */
    CHECK(!fits(value, name, len, all));
}

static void check_type(const char *value)
{
    static const char type[] = "multipart/form-data";
    bool is = header_type_is(value, type);

    CHECK(!is || strncasecmp(value + strspn(value, " \t"), type, strlen(type)) == 0);
}

/* An element that is put behind a list is found, unless a quotation mark may hold it. */
static void check_list(struct cq_ctx *ctx, const char *list)
{
    static const char type[] = "text/event-stream";
    struct request req = {.ctx = *ctx, .accept = list};
    bool accepts = request_accepts(&req, type), has = header_list_has(list, type);

    CHECK(!accepts || strcasestr(list, type));
    CHECK(!has || strcasestr(list, type));
    CHECK(!accepts || has || strchr(list, '"'));
    if (strchr(list, '"'))
        return;
    req.accept = arena_printf(ctx->arena, "%s , Text/Event-Stream;x=1", list);
    CHECK(req.accept && request_accepts(&req, type) && header_list_has(req.accept, type));
}

static void check_token(struct cq_ctx *ctx, const char *authorization)
{
    const struct request req = {.ctx = *ctx, .authorization = authorization};
    const char *token = request_access_token(&req);
    bool is_bearer = strncasecmp(authorization, "Bearer ", 7) == 0;

    CHECK((token != NULL) == (is_bearer && authorization[7 + strspn(authorization + 7, " ")]));
    if (token)
        CHECK(*token != ' ' && token + strlen(token) == authorization + strlen(authorization));
}

/* At several times: years of two digits depend on it. */
static void check_retry_after(const char *text)
{
    static const int64_t now_s[] = {0, 784111717, 1792000000, 4102444800, 253402300799};

    for (size_t i = 0; i < LEN(now_s); i++) {
        uint32_t wait_s = UNTOUCHED;
        bool good = retry_after_parse(text, now_s[i], &wait_s);

        CHECK(good ? wait_s <= RETRY_AFTER_MAX_S : wait_s == UNTOUCHED);
    }
}

static bool cookie_fits(const struct request *req, size_t bytes, const char *want)
{
    char *out = malloc(bytes ? bytes : 1);

    CHECK(out);
    bool good = request_cookie(req, "a", out, bytes);

    CHECK(!good || str_eq(out, want));
    free(out);
    return good;
}

static void check_cookie(struct cq_ctx *ctx, const char *cookie)
{
    static char all[LARGE_BYTES];
    struct request req = {.ctx = *ctx, .cookie = cookie};

    if (request_cookie(&req, "a", all, sizeof(all))) {
        CHECK(strlen(all) < strlen(cookie) && !strchr(all, ';') && strstr(cookie, all));
        CHECK(cookie_fits(&req, strlen(all) + 1, all) && !cookie_fits(&req, strlen(all), all));
    } else {
        req.cookie = arena_printf(ctx->arena, "%s; a=b", cookie);
        CHECK(req.cookie && request_cookie(&req, "a", all, sizeof(all)) && str_eq(all, "b"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);

    if (size >= LARGE_BYTES)
        return 0;
    const char *value = input_line(&in, ctx), *name = input_line(&in, ctx);

    check_type(value);
    check_parameter(value, name);
    check_parameter(value, "boundary");
    check_list(ctx, input_line(&in, ctx));
    check_token(ctx, input_line(&in, ctx));
    check_retry_after(input_line(&in, ctx));
    check_cookie(ctx, input_line(&in, ctx));
    return 0;
}
