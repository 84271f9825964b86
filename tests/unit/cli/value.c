/* Values of options, and names made of names. */
#include "unit.h"

#include "cli/cli.h"

/* n times the character, in a room of its own for each of two callers at once. */
static const char *repeat(struct cq_ctx *ctx, const char *character, size_t n)
{
    size_t len = strlen(character);
    char *text = arena_zalloc(ctx->arena, n + 1, len);

    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, character, len);
    return text;
}

static void test_sortable_name(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"Ada Lovelace", "Lovelace, Ada"},
        {"Ada King Lovelace", "Lovelace, Ada King"},
        {"Plato", "Plato"},
        {"  Ada \t  Lovelace ", "Lovelace, Ada"},
        {" Plato ", "Plato"},
        {"Ada  King   Lovelace", "Lovelace, Ada King"},
        {"Jos\xC3\xA9 Ortega", "Ortega, Jos\xC3\xA9"},
        {"\xE5\xB1\xB1\xE7\x94\xB0\xE3\x80\x80\xE5\xA4\xAA\xE9\x83\x8E",
         "\xE5\xA4\xAA\xE9\x83\x8E, \xE5\xB1\xB1\xE7\x94\xB0"}, /* an ideographic space is white space */
        {"Lovelace, Ada", "Ada, Lovelace,"},                    /* nothing is guessed */
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, str_eq(cli_sortable_name(unit_ctx()->arena, rows[i].name), rows[i].want));
}

static void test_sortable_name_fits_its_column(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const char *name = arena_printf(ctx->arena, "%s %s", repeat(ctx, "\xC3\xA9", 100), repeat(ctx, "\xC3\xB8", 154));
    const char *sortable = cli_sortable_name(ctx->arena, name);

    CU_ASSERT_EQUAL(utf8_count(name, strlen(name)), 255);
    CU_ASSERT_EQUAL(utf8_count(sortable, strlen(sortable)), 255);
    CU_ASSERT_TRUE(utf8_valid(sortable, strlen(sortable)));
}

static void test_name(void)
{
    static const struct {
        const char *name, *text;
        bool is_taken;
    } rows[] = {
        {"a name", "Ada Lovelace", true},
        {"spaces within and around", " a  b ", true},
        {"no-break space within",
         "a\xC2\xA0"
         "b",
         true},
        {"an emoji", "\xF0\x9F\xA6\x89", true},
        {"empty", "", false},
        {"blank", " \xE3\x80\x80 ", false},
        {"line feed", "a\nb", false},
        {"delete", "a\x7F", false},
        {"next line, U+0085", "a\xC2\x85", false},
        {"not UTF-8", "caf\xE9", false},
        {"overlong", "\xC0\xAF", false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *got = NULL;
        bool is_taken = !cli_take_name(rows[i].text, &got);

        ROW_ASSERT(rows[i].name, is_taken == rows[i].is_taken && got == (is_taken ? rows[i].text : NULL));
    }
}

static void test_name_length(void)
{
    const char *got;

    CU_ASSERT_PTR_NULL(cli_take_name(repeat(unit_ctx(), "\xF0\x9F\xA6\x89", 255), &got));
    CU_ASSERT_PTR_NOT_NULL(cli_take_name(repeat(unit_ctx(), "a", 256), &got));
}

static void test_scope(void)
{
    static const struct {
        const char *text;
        bool is_taken;
    } rows[] = {
        {"url:GET|/api/v1/courses/:course_id/ai_experiences", true},
        {"url:POST|/", true},
        {"url:PROPFIND|/x", true},
        {"", false},
        {"url:", false},
        {"url:|/", false},
        {"url:GET", false},
        {"url:GET|", false},
        {"url:GET|api", false},
        {"url:get|/api", false},
        {"URL:GET|/api", false},
        {" url:GET|/api", false},
        {"url:GET|/a b", false},
        {"url:GET|/a\n", false},
        {"url:GET|/caf\xC3\xA9", false},
        {"/auth/userinfo", false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cli_scopes scopes = {.n = 0};
        bool is_taken = !cli_take_scope(rows[i].text, &scopes);

        ROW_ASSERT(rows[i].text, is_taken == rows[i].is_taken && scopes.n == is_taken);
    }
}

static void test_scope_bounds(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct cli_scopes scopes = {.n = 0};

    CU_ASSERT_PTR_NULL(cli_take_scope(arena_printf(ctx->arena, "url:GET|/%s", repeat(ctx, "a", 246)), &scopes));
    CU_ASSERT_PTR_NOT_NULL(cli_take_scope(arena_printf(ctx->arena, "url:GET|/%s", repeat(ctx, "a", 247)), &scopes));
    while (scopes.n < CLI_MAX_SCOPES)
        CU_ASSERT_PTR_NULL_FATAL(cli_take_scope("url:GET|/", &scopes));
    CU_ASSERT_PTR_NOT_NULL(cli_take_scope("url:GET|/", &scopes));
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        bool is_id, is_seconds;
    } rows[] = {
        {"1", true, true},           {"3153600000", true, true},
        {"3153600001", true, false}, {"9223372036854775807", true, false},
        {"0", true, false},          {"9223372036854775808", false, false},
        {"-1", false, false},        {"1s", false, false},
        {" 1", false, false},        {"", false, false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cli_id id = {.id = 0};
        uint64_t seconds = 0;

        ROW_ASSERT(rows[i].text, !cli_take_id(rows[i].text, &id) == rows[i].is_id && id.is_given == rows[i].is_id);
        ROW_ASSERT(rows[i].text, !cli_take_seconds(rows[i].text, &seconds) == rows[i].is_seconds);
    }
}

static void test_role(void)
{
    static const struct {
        const char *text;
        enum role want; /* ROLE_COUNT: refused */
    } rows[] = {
        {"student", ROLE_STUDENT}, {"observer", ROLE_OBSERVER}, {"designer", ROLE_DESIGNER}, {"ta", ROLE_TA},
        {"teacher", ROLE_TEACHER}, {"Teacher", ROLE_COUNT},     {"admin", ROLE_COUNT},       {"", ROLE_COUNT},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        enum role got = ROLE_COUNT;
        const char *fault = cli_take_role(rows[i].text, &got);

        ROW_ASSERT(rows[i].text, got == rows[i].want && !fault == (got != ROLE_COUNT));
    }
}

/* Lists of models are split at commas. */
static void test_model(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const char *longest = repeat(ctx, "m", 63), *too_long = repeat(ctx, "m", 64), *got = NULL;

    CU_ASSERT(!cli_take_model("openai/gpt-9:free", &got) && str_eq(got, "openai/gpt-9:free"));
    CU_ASSERT(!cli_take_model(longest, &got) && got == longest);
    CU_ASSERT(cli_take_model(too_long, &got) && cli_take_model("a,b", &got) && cli_take_model(" ", &got));
    CU_ASSERT(cli_take_model("a\n", &got) && got == longest);
}

static void test_date(void)
{
    static const struct {
        const char *text;
        bool is_taken;
    } rows[] = {
        {"2024-02-29", true},   {"1970-01-01", true},   {"9999-12-31", true},  {"2025-02-29", false},
        {"2024-04-31", false},  {"2024-00-10", false},  {"2024-13-01", false}, {"2024-01-00", false},
        {"2024-1-1", false},    {"24-01-01", false},    {"", false},           {"2024/01/01", false},
        {"2024-01-01 ", false}, {" 2024-01-1", false},  {"2024-01-+1", false}, {"1969-12-31", false},
        {"0000-01-01", false},  {"2024-01-011", false}, {"today", false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *got = "unchanged";
        const char *fault = cli_take_date(rows[i].text, &got);

        ROW_ASSERT(rows[i].text,
                   rows[i].is_taken ? !fault && str_eq(got, rows[i].text) : fault && str_eq(got, "unchanged"));
    }
}

static void test_price(void)
{
    static const struct {
        uint64_t nano;
        const char *exact, *of_money;
    } rows[] = {
        {0, "0", "0.00"},
        {1, "0.000000001", "0.000000001"},
        {1000, "0.000001", "0.000001"},
        {500000000, "0.5", "0.50"},
        {1000000000, "1", "1.00"},
        {1230000000, "1.23", "1.23"},
        {120000000000, "120", "120.00"},
        {120000000010, "120.00000001", "120.00000001"},
        {UINT64_MAX, "18446744073.709551615", "18446744073.709551615"},
    };
    char text[CLI_PRICE_BYTES];

    for (size_t i = 0; i < LEN(rows); i++) {
        cli_price(text, rows[i].nano, 0);
        ASSERT_TEXT(text, rows[i].exact);
        cli_price(text, rows[i].nano, 2);
        ASSERT_TEXT(text, rows[i].of_money);
    }
}

SUITE(value, {"a sortable name is the last word, a comma, the rest", test_sortable_name},
      {"a sortable name is no longer than a name may be", test_sortable_name_fits_its_column},
      {"what a name may hold", test_name}, {"how long a name may be", test_name_length},
      {"the form of a scope", test_scope}, {"how long a scope, and how many", test_scope_bounds},
      {"ids and seconds", test_numbers}, {"names of models", test_model}, {"roles", test_role}, {"days", test_date},
      {"prices", test_price});
