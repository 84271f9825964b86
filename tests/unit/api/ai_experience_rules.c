/* The rules of an AI experience's fields, as clients are told them. */
#include "api/ai_experience_rules.h"

#include "unit.h"

static void test_constraints(void)
{
    const struct config_limits limits = {
        .context_files_max = 3, .context_file_max_bytes = 1000, .message_max_chars = 40};
    struct buf *buf = buf_in_arena(unit_ctx()->arena, 1 << 20);
    struct json_out out;

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    json_out_init(&out, buf);
    write_constraints(&out, &limits);
    ASSERT_TEXT(
        buf->data,
        "{\"title\":{\"required\":true,\"max_length\":255},"
        "\"description\":{\"required\":false,\"max_length\":10000},"
        "\"facts\":{\"required\":false,\"max_length\":10000},"
        "\"learning_objective\":{\"required\":true,\"min_items\":1,\"max_items\":10,\"item_max_length\":10000},"
        "\"learning_objectives\":{\"required\":true,\"min_items\":1,\"max_items\":10,\"item_max_length\":10000},"
        "\"pedagogical_guidance\":{\"required\":true,\"max_length\":10000},"
        "\"workflow_state\":{\"required\":false,\"values\":[\"unpublished\",\"published\"]},"
        "\"evaluation_metrics\":{\"required\":false,\"max_items\":5,\"name\":{\"required\":true,\"max_length\":255},"
        "\"description\":{\"required\":false,\"max_length\":1000}},"
        "\"context_file_ids\":{\"required\":false,\"max_items\":3},"
        "\"context_files\":{\"max_files\":3,\"max_bytes\":1000,\"content_types\":"
        "[\"application/pdf\",\"text/plain\",\"text/markdown\",\"text/csv\"]},"
        "\"message\":{\"required\":true,\"max_length\":40}}");
}

static void test_values(void)
{
    const struct field_rule *state = &ai_experience_rules[FIELD_WORKFLOW_STATE];

    CU_ASSERT_TRUE(rule_has_value(state, "published"));
    CU_ASSERT_TRUE(rule_has_value(state, "unpublished"));
    CU_ASSERT_FALSE(rule_has_value(state, "deleted"));
    CU_ASSERT_FALSE(rule_has_value(state, ""));
    CU_ASSERT_FALSE(rule_has_value(state, NULL));
    CU_ASSERT_FALSE(rule_has_value(&ai_experience_rules[FIELD_TITLE], "published"));
}

SUITE(ai_experience_rules, {"constraints", test_constraints}, {"values", test_values});
