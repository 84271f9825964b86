#include <stdio.h>

#include "unit.h"

static void test_every_row(void)
{
    for (int st = 0; st < CQ_STATUS_COUNT; st++) {
        const struct cq_status_info *info = cq_status_info((enum cq_status)st);
        char row[32];

        snprintf(row, sizeof(row), "status %d", st);
        ROW_ASSERT(row, info->name && info->name[0] && info->text && info->text[0]);
        ROW_ASSERT(row, st == CQ_OK ? info->http == 200 : info->http >= 400 && info->http <= 503);
        ROW_ASSERT(row, info->retryable == (info->retry_after_s > 0));
        ROW_ASSERT(row, info->retryable ? info->http == 503 || info->http == 429 || st == CQ_TURN_IN_PROGRESS : true);
        ROW_ASSERT(row, info->http == 429 ? info->retryable : true);
        ROW_ASSERT(row, info->http == 503 ? info->code != NULL : true);
    }
}

static void test_names_differ(void)
{
    for (int a = 0; a < CQ_STATUS_COUNT; a++)
        for (int b = 0; b < a; b++)
            ROW_ASSERT(cq_status_info((enum cq_status)a)->name,
                       !str_eq(cq_status_info((enum cq_status)a)->name, cq_status_info((enum cq_status)b)->name));
}

/* The vocabulary of the API page, section "Errors". */
static void test_vocabulary(void)
{
    static const struct {
        enum cq_status st;
        const char *code;
        int http;
        bool retryable;
    } rows[] = {
        {CQ_INVALID_JSON, "invalid_json", 400, false},
        {CQ_INVALID_ENCODING, "invalid_encoding", 400, false},
        {CQ_VALIDATION_FAILED, "validation_failed", 400, false},
        {CQ_MESSAGE_REQUIRED, NULL, 400, false},
        {CQ_MESSAGE_TOO_LONG, "payload_too_large", 422, false},
        {CQ_PAYLOAD_TOO_LARGE, "payload_too_large", 413, false},
        {CQ_TOKEN_EXPIRED, NULL, 401, false},
        {CQ_FORBIDDEN, NULL, 403, false},
        {CQ_CONVERSATION_NOT_FOUND, NULL, 404, false},
        {CQ_IDEMPOTENCY_CONFLICT, "idempotency_conflict", 409, false},
        {CQ_MESSAGE_ID_CONFLICT, "message_id_conflict", 409, false},
        {CQ_TURN_IN_PROGRESS, "turn_in_progress", 409, true},
        {CQ_CONVERSATION_COMPLETED, "conversation_completed", 409, false},
        {CQ_AUTHENTICITY_TOKEN, "invalid_authenticity_token", 403, false},
        {CQ_EVALUATION_NO_MESSAGES, "evaluation_no_messages", 409, false},
        {CQ_EVALUATION_PARSE_FAILED, "evaluation_parse_failed", 503, true},
        {CQ_RATE_LIMITED, "rate_limited", 429, true},
        {CQ_MODEL_RATE_LIMITED, "rate_limited", 503, true},
        {CQ_MODEL_UNAVAILABLE, "service_unavailable", 503, true},
        {CQ_MODEL_TIMEOUT, "service_unavailable", 503, true},
        {CQ_MODEL_NO_RESPONSE, "llm_no_response", 503, true},
        {CQ_MODEL_INVALID_RESPONSE, "llm_invalid_response", 503, true},
        {CQ_MODEL_TOO_LONG, "llm_invalid_response", 503, true},
        {CQ_MODEL_REFUSED, "llm_upstream_error", 503, false},
        {CQ_CONTENT_FILTERED, "content_filtered", 503, false},
        {CQ_BUSY, "service_unavailable", 503, true},
        {CQ_LOST, "service_unavailable", 503, true},
        {CQ_INTERNAL, "internal_error", 500, false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct cq_status_info *info = cq_status_info(rows[i].st);

        ROW_ASSERT(info->name, str_eq(info->code, rows[i].code));
        ROW_ASSERT(info->name, info->http == rows[i].http);
        ROW_ASSERT(info->name, info->retryable == rows[i].retryable);
    }
    ASSERT_TEXT(cq_status_info(CQ_BUSY)->text, "The AI service is temporarily unavailable.");
    ASSERT_TEXT(cq_status_info(CQ_TOKEN_REVOKED)->text, "Revoked access token.");
}

static void test_out_of_range(void)
{
    CU_ASSERT_PTR_EQUAL(cq_status_info(CQ_STATUS_COUNT), cq_status_info(CQ_INTERNAL));
    CU_ASSERT_PTR_EQUAL(cq_status_info((enum cq_status)9999), cq_status_info(CQ_INTERNAL));
}

static void test_fail(void)
{
    struct cq_ctx *ctx = unit_ctx();
    char longer[600];

    CU_ASSERT_EQUAL(cq_fail(ctx, CQ_BUSY, "%s is away", "db"), CQ_BUSY);
    ASSERT_TEXT(ctx->error, "db is away");
    memset(longer, 'x', sizeof(longer));
    CU_ASSERT_EQUAL(cq_fail(ctx, CQ_LOST, "%.*s", (int)sizeof(longer), longer), CQ_LOST);
    CU_ASSERT_EQUAL(strlen(ctx->error), sizeof(ctx->error) - 1);
}

SUITE(status, {"every row is whole", test_every_row}, {"names differ", test_names_differ},
      {"says what the API page says", test_vocabulary}, {"out of range is internal", test_out_of_range},
      {"keeps the text of a failure", test_fail});
