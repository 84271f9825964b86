/* What an option's value may be, and what is made of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define SECONDS_MAX UINT64_C(3153600000) /* a hundred years */

const char *cli_take_switch(const char *value, void *field)
{
    (void)value;
    *(bool *)field = true;
    return NULL;
}

const char *cli_take_text(const char *value, void *field)
{
    *(const char **)field = value;
    return NULL;
}

/* Unicode's category Cc: below U+0020, and U+007F to U+009F, which begin with C2 in UTF-8. */
static bool has_control(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 0x7f || (*c == 0xC2 && c[1] < 0xA0))
            return true;
    return false;
}

const char *cli_take_name(const char *value, void *field)
{
    size_t len = strlen(value);

    if (!utf8_valid(value, len))
        return "must be UTF-8";
    if (has_control(value))
        return "must not hold control characters";
    if (utf8_blank(value, len))
        return "must not be blank";
    if (utf8_count(value, len) > CLI_NAME_MAX_CHARS)
        return "must have at most 255 characters";
    *(const char **)field = value;
    return NULL;
}

const char *cli_take_said(const char *value, void *field)
{
    size_t len = strlen(value);

    if (!utf8_valid(value, len))
        return "must be UTF-8";
    if (utf8_blank(value, len))
        return "must not be blank";
    *(const char **)field = value;
    return NULL;
}

const char *cli_take_model(const char *value, void *field)
{
    if (strlen(value) > CLI_MODEL_MAX_BYTES || strchr(value, ','))
        return "must have at most 63 bytes and no comma";
    return cli_take_name(value, field);
}

const char *cli_take_id(const char *value, void *field)
{
    struct cli_id *id = field;

    id->is_given = parse_id(value, strlen(value), &id->id);
    return id->is_given ? NULL : "must be a number";
}

const char *cli_take_seconds(const char *value, void *field)
{
    uint64_t seconds;

    if (!parse_u64(value, strlen(value), SECONDS_MAX, &seconds) || seconds == 0)
        return "must be a number of seconds from 1 to 3153600000";
    *(uint64_t *)field = seconds;
    return NULL;
}

static bool is_scope(const char *text)
{
    size_t len = strlen(text);

    if (len > CLI_SCOPE_MAX_BYTES || !str_starts(text, "url:"))
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    const char *method = text + strlen("url:");
    size_t n = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return n > 0 && str_starts(method + n, "|/");
}

const char *cli_take_scope(const char *value, void *field)
{
    struct cli_scopes *scopes = field;

    if (!is_scope(value))
        return "must be url:METHOD|/path as `colloquy routes --json` prints it, in at most 255 ASCII characters";
    if (scopes->n == CLI_MAX_SCOPES)
        return "must not be given more than 100 times";
    scopes->texts[scopes->n++] = value;
    return NULL;
}

const char *cli_take_role(const char *value, void *field)
{
    static const char *const names[ROLE_COUNT] = {
        [ROLE_STUDENT] = "student", [ROLE_OBSERVER] = "observer", [ROLE_DESIGNER] = "designer",
        [ROLE_TA] = "ta",           [ROLE_TEACHER] = "teacher",
    };

    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        if (str_eq(value, names[i])) {
            *(enum role *)field = (enum role)i;
            return NULL;
        }
    }
    return "must be teacher, ta, designer, student or observer";
}

const char *cli_take_date(const char *value, void *field)
{
    static const char fault[] = "must be a day as YYYY-MM-DD";
    static const char form[] = "0000-00-00";
    char text[CLOCK_TEXT_BYTES];

    if (strlen(value) != strlen(form))
        return fault;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == '0' ? value[i] < '0' || value[i] > '9' : value[i] != '-')
            return fault;
    long year = strtol(value, NULL, 10), month = strtol(value + 5, NULL, 10), day = strtol(value + 8, NULL, 10);

    if (month < 1 || month > 12 || day < 1)
        return fault;
    clock_text(clock_days((int)year, (unsigned)month, (unsigned)day) * 86400000, text);
    if (!str_starts(text, value)) /* it has become another day, as the 30th of February does */
        return fault;
    *(const char **)field = value;
    return NULL;
}

void cli_price(char out[CLI_PRICE_BYTES], uint64_t nano, unsigned min_places)
{
    const uint64_t one = UINT64_C(1000000000);
    int len = snprintf(out, CLI_PRICE_BYTES, "%" PRIu64 ".%09" PRIu64, nano / one, nano % one);
    char *end = out + len, *least = end - 9 + min_places;

    while (end > least && end[-1] == '0')
        end--;
    if (end[-1] == '.')
        end--;
    *end = '\0';
}

/* ---- names ---- */

/* Bytes of the word at the start of text, of len bytes that begin with no white space. */
static size_t word_length(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len) {
        size_t n = utf8_next(text + i, len - i);

        if (n == 0 || utf8_blank(text + i, n))
            break;
        i += n;
    }
    return i;
}

/* The next word of what is left, *len 0 when there is none more. */
static const char *next_word(const char **text, size_t *left, size_t *len)
{
    utf8_trim(text, left);
    const char *word = *text;

    *len = word_length(word, *left);
    *text += *len;
    *left -= *len;
    return word;
}

/* The comma makes a name of two words longer by one. */
static const char *cut(char *text)
{
    size_t at = 0;

    for (size_t n = 0; n < CLI_NAME_MAX_CHARS && text[at]; n++)
        at += utf8_next(text + at, strlen(text + at));
    text[at] = '\0';
    return text;
}

const char *cli_sortable_name(struct arena *arena, const char *name)
{
    size_t left = strlen(name), len, last_len = 0, rest_len = 0;
    const char *last = name, *word;
    char *rest = arena_zalloc(arena, 1, left + 1);

    if (!rest)
        return NULL;
    while (word = next_word(&name, &left, &len), len) {
        if (last_len) {
            if (rest_len)
                rest[rest_len++] = ' ';
            memcpy(rest + rest_len, last, last_len);
            rest_len += last_len;
        }
        last = word;
        last_len = len;
    }
    char *sortable = arena_printf(arena, "%.*s%s%s", (int)last_len, last, rest_len ? ", " : "", rest);

    return sortable ? cut(sortable) : NULL;
}
