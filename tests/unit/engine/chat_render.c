/* Which replies of a chat are rendered. */
#include <stdlib.h>

#include "colloquy/engine.h"
#include "unit.h"

static void test_replies_alone(void)
{
    struct chat_message_row rows[] = {{.text = "*a*"}, {.text = "*b* $c$", .is_reply = true}};
    struct chat_message_list list = {rows, LEN(rows)};

    CU_ASSERT_EQUAL(engine_chat_render(unit_ctx(), &list), CQ_OK);
    CU_ASSERT_PTR_NULL(rows[0].html);
    ASSERT_TEXT(rows[1].html, "<p><em>b</em> <span class=\"math\">c</span></p>\n");
}

/* The newest are, when all together are too long. */
static void test_too_long(void)
{
    enum { LONG_BYTES = ENGINE_CHAT_RENDER_MAX_BYTES / 2 };
    char *text = calloc(1, LONG_BYTES + 1);
    struct chat_message_row rows[4];
    struct chat_message_list list = {rows, LEN(rows)};

    memset(text, 'a', LONG_BYTES);
    for (size_t i = 0; i < LEN(rows); i++)
        rows[i] = (struct chat_message_row){.text = i == 1 ? "" : text, .is_reply = true};
    CU_ASSERT_EQUAL(engine_chat_render(unit_ctx(), &list), CQ_OK);
    CU_ASSERT(!rows[0].html && rows[1].html && rows[2].html && rows[3].html);
    free(text);
}

SUITE(chat_render, {"replies alone", test_replies_alone}, {"too long", test_too_long});
