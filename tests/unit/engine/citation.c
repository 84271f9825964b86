/* Citations: the passages whose marks stand in a reply. */
#include "engine/citation.h"

#include "unit.h"

static struct related_row passages[] = {
    {.number = 1, .document_id = 7, .filename = "a \"b\".pdf", .page = 3, .excerpt = "one"},
    {.number = 2, .document_id = 9, .filename = "c.md", .excerpt = "two <b>"},
    {.number = 12, .document_id = 11, .filename = "d.md", .excerpt = "twelve"}};

#define ONE    "{\"number\":1,\"file_id\":\"7\",\"display_name\":\"a \\\"b\\\".pdf\",\"page\":3,\"excerpt\":\"one\"}"
#define TWO    "{\"number\":2,\"file_id\":\"9\",\"display_name\":\"c.md\",\"page\":null,\"excerpt\":\"two <b>\"}"
#define TWELVE "{\"number\":12,\"file_id\":\"11\",\"display_name\":\"d.md\",\"page\":null,\"excerpt\":\"twelve\"}"

static void test_marks(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", NULL},
        {"No mark.", NULL},
        {"One[^1].", "[" ONE "]"},
        {"[^1]", "[" ONE "]"},
        {"By number, each once: [^2], [^1], [^2].", "[" ONE "," TWO "]"},
        {"[^1][^2]", "[" ONE "," TWO "]"},
        {"[^12]", "[" TWELVE "]"},
        {"Behind what is none: [^ [^[^2]", "[" TWO "]"},
        {"Of numbers that were not given: [^3] [^0] [^121]", NULL},
        {"Others: [1] ^1 [^1 [^a] [^] [^-1] [^1a] [^ 1]", NULL},
        {"[^99999999999999999999999]", NULL},
        {"[^01]", "[" ONE "]"},
    };
    const struct related_list given = {passages, LEN(passages)};

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *json = "(failed)";

        CU_ASSERT_EQUAL(citations_read(unit_ctx(), rows[i].text, &given, &json), CQ_OK);
        ROW_ASSERT(rows[i].text, str_eq(json, rows[i].want));
    }
}

/* Where no passages were given, a mark is a text like any other. */
static void test_nothing_given(void)
{
    const struct related_list none = {0};
    const char *json = "(failed)";

    CU_ASSERT_EQUAL(citations_read(unit_ctx(), "[^1]", &none, &json), CQ_OK);
    CU_ASSERT_PTR_NULL(json);
}

SUITE(citation, {"marks", test_marks}, {"nothing given", test_nothing_given});
