/* An evaluation with what people say beside it, to the byte. */
#include "api/evaluation_override.h"

#include "http/make_request.h"

static const char *write(const char *answer, const struct evaluation_override_list *overrides, bool string_ids,
                         enum cq_status want)
{
    static struct request req;
    struct json_out out;

    req = make_request();
    struct buf *buf = buf_in_arena(req.ctx.arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    json_out_init(&out, buf);
    out.string_ids = string_ids;
    CU_ASSERT_EQUAL(write_evaluation_answer(&req, &out, answer, overrides), want);
    return buf->data;
}

static struct evaluation_override said_of(const char *objective)
{
    struct evaluation_override o = {.is_met = true,
                                    .reason = "\"So\" </p>",
                                    .user_id = 9007199254740993,
                                    .user_name = "A. Teacher",
                                    .created_at_ms = 1704067200123,
                                    .updated_at_ms = 1704153599999};

    CU_ASSERT_TRUE_FATAL(sha256(objective, strlen(objective), o.objective_hash));
    return o;
}

#define SAID(id)                                                                                                       \
    "{\"met\":true,\"reason\":\"\\\"So\\\" </p>\",\"user_id\":" id ",\"user_name\":\"A. Teacher\","                    \
    "\"created_at\":\"2024-01-01T00:00:00Z\",\"updated_at\":\"2024-01-01T23:59:59Z\"}"

/* What is stored comes out as it is stored, in its order; each verdict has one member more. */
static void test_beside_verdicts(void)
{
    static const char stored[] = "{\"summary\":\"a/b \u00e4 "
                                 "\\\"c\\\"\",\"learning_objectives_evaluation\":[{\"objective\":\"One\",\"met\":false,"
                                 "\"score\":0},{\"objective\":\"Two\",\"met\":true,\"score\":100}],\"strengths\":[]}";
    struct evaluation_override rows[] = {said_of("Two"), said_of("Three")};
    const struct evaluation_override_list none = {NULL, 0}, some = {rows, LEN(rows)};

    ASSERT_TEXT(
        write(stored, &none, false, CQ_OK),
        "{\"summary\":\"a/b \u00e4 \\\"c\\\"\",\"learning_objectives_evaluation\":[{\"objective\":\"One\",\"met\":"
        "false,\"score\":0,\"override\":null},{\"objective\":\"Two\",\"met\":true,\"score\":100,"
        "\"override\":null}],\"strengths\":[]}");
    CU_ASSERT_PTR_NOT_NULL(strstr(write(stored, &some, false, CQ_OK),
                                  "\"score\":0,\"override\":null},{\"objective\":\"Two\",\"met\":true,\"score\":100,"
                                  "\"override\":" SAID("9007199254740993") "}]"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(write(stored, &some, true, CQ_OK), "\"override\":" SAID("\"9007199254740993\"") "}]"));
}

static void test_odd_ones(void)
{
    const struct evaluation_override_list none = {NULL, 0};

    ASSERT_TEXT(write(NULL, &none, false, CQ_OK), "null");
    ASSERT_TEXT(write("{}", &none, false, CQ_OK), "{}");
    (void)write("{", &none, false, CQ_INTERNAL);
    (void)write("[]", &none, false, CQ_INTERNAL);
}

SUITE(evaluation_override, {"beside verdicts", test_beside_verdicts}, {"odd ones", test_odd_ones});
