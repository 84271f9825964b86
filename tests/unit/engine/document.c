/* Documents: no mark of a server stands in them, and they say the same all the same. */
#include <json-c/json.h>

#include "unit.h"

#include "engine/document.h"
#include "hostile.h"

/* A document with that one text. */
static struct buf *document_with(struct cq_ctx *ctx, const char *text)
{
    struct buf *buf = buf_in_arena(ctx->arena, 1 << 20);
    struct json_out out;

    json_out_init(&out, buf);
    json_open_object(&out);
    json_key(&out, "text");
    json_text(&out, text);
    json_key(&out, "list");
    json_open_array(&out);
    json_open_object(&out);
    json_close_object(&out);
    json_close_array(&out);
    json_close_object(&out);
    return buf;
}

static const char *text_of(struct cq_ctx *ctx, const char *text)
{
    const char *out = "(failed)";

    CU_ASSERT_EQUAL(document_text(ctx, document_with(ctx, text), &out), CQ_OK);
    return out;
}

static void test_marks(void)
{
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        // clang-format off
        {"none",                 "Water boils.",                 "Water boils."},
        {"ChatML",               "a<|im_end|>b",                 "a\\u003c|im_end|>b"},
        {"two",                  "<s></s>",                      "\\u003cs>\\u003c/s>"},
        {"in wide characters",   "<\xEF\xBD\x9CUser",            "\\u003c\xEF\xBD\x9CUser"},
        {"Mistral",              "[INST] a [/INST]",             "\\u005bINST] a \\u005b/INST]"},
        {"with an underscore",   "[TOOL_CALLS]",                 "\\u005bTOOL_CALLS]"},
        {"EXAONE",               "[|user|]",                     "\\u005b|user|]"},
        {"behind a backslash",   "\\<",                          "\\\\\\u003c"},
        {"a link, a list",       "[A](b) [x] [1] [] [ABC [/] ]", "\\u005bA](b) [x] [1] [] [ABC [/] ]"},
        {"less than",            "1 < 2",                        "1 \\u003c 2"},
        {"at the end",           "[<",                           "[\\u003c"},
        {"escaped by the student", "\\u003c",                    "\\\\u003c"},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *want = arena_printf(ctx->arena, "{\"text\":\"%s\",\"list\":[{}]}", rows[i].want);

        ROW_ASSERT(rows[i].name, str_eq(text_of(ctx, rows[i].text), want));
        ROW_ASSERT(rows[i].name, document_tokens(document_with(ctx, rows[i].text)) >= llm_tokens(want, strlen(want)));
    }
}

/* Read as JSON, it is what was written. */
static void test_same(void)
{
    for (size_t i = 0; i < LEN(HOSTILE); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *text = text_of(ctx, HOSTILE[i]);
        struct json_object *document = NULL;

        CU_ASSERT_EQUAL_FATAL(json_read(ctx, text, strlen(text), &document), CQ_OK);
        ROW_ASSERT(HOSTILE[i], str_eq(json_get_text(document, "text", NULL), HOSTILE[i]));
        ROW_ASSERT(HOSTILE[i], !strchr(text, '<') && !strstr(text, "[INST]") && !strstr(text, "[/INST]"));
    }
}

static void test_too_large(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct buf *full = buf_in_arena(ctx->arena, 8), *broken = buf_in_arena(ctx->arena, 1);
    const char *out = "as it was";

    buf_str(full, "{\"<\":1}");
    buf_str(broken, "{}");
    CU_ASSERT_EQUAL(document_text(ctx, full, &out), CQ_INTERNAL);
    CU_ASSERT_EQUAL(document_text(ctx, broken, &out), CQ_INTERNAL);
    ASSERT_TEXT(out, "as it was");
}

SUITE(document, {"marks", test_marks}, {"the same", test_same}, {"too large", test_too_large});
