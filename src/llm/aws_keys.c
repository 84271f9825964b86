/* Keys: whether they are any, and where they stand in an answer. */
#include <string.h>

#include "llm/aws_keys.h"

/* ---- keys ---- */

static bool text_valid(const char *text, size_t max)
{
    size_t len = 0;

    while (len <= max && text[len] > ' ' && text[len] < 0x7f)
        len++;
    return len > 0 && len <= max && !text[len];
}

bool aws_keys_valid(const struct aws_keys *keys)
{
    return keys->access_key_id && text_valid(keys->access_key_id, AWS_KEY_MAX_BYTES) && keys->secret_access_key &&
           text_valid(keys->secret_access_key, AWS_KEY_MAX_BYTES) &&
           (!keys->session_token || text_valid(keys->session_token, AWS_SESSION_TOKEN_MAX_BYTES));
}

/* ---- times ---- */

/* The form of a time: '0' stands for a digit. */
static bool has_form(const char *text, const char *form)
{
    for (; *form; text++, form++)
        if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    return true;
}

static unsigned two_digits(const char *at)
{
    return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

bool aws_time_parse(const char *text, int64_t *out_ms)
{
    static const char form[] = "0000-00-00T00:00:00";

    if (!has_form(text, form))
        return false;
    const char *rest = text + sizeof(form) - 1;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    unsigned year = two_digits(text) * 100 + two_digits(text + 2), month = two_digits(text + 5),
             day = two_digits(text + 8), hour = two_digits(text + 11), minute = two_digits(text + 14),
             second = two_digits(text + 17);
    if (!str_eq(rest, "Z") || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    *out_ms = (((clock_days((int)year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000;
    return true;
}

/* ---- answers ---- */

/* NULL also for a text that a NUL cuts. */
static const char *member(struct json_object *answer, const char *key)
{
    size_t len;
    const char *text = json_get_text(answer, key, &len);

    return text && strlen(text) == len ? text : NULL;
}

enum cq_status aws_keys_read(struct cq_ctx *ctx, const char *text, size_t len, struct aws_keys *keys,
                             int64_t *expires_at_ms)
{
    struct json_object *answer = NULL;
    int64_t at_ms = INT64_MIN;

    if (json_read(ctx, text, len, &answer))
        return CQ_MODEL_INVALID_RESPONSE;
    const struct aws_keys found = {
        .access_key_id = member(answer, "AccessKeyId"),
        .secret_access_key = member(answer, "SecretAccessKey"),
        .session_token = member(answer, "Token"),
    };
    const char *code = member(answer, "Code"), *expiration = member(answer, "Expiration");
    if ((code && !str_eq(code, "Success")) || !aws_keys_valid(&found) ||
        (expiration && !aws_time_parse(expiration, &at_ms)))
        return CQ_MODEL_INVALID_RESPONSE;
    *keys = found;
    *expires_at_ms = at_ms;
    return CQ_OK;
}
