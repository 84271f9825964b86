/* What calls of models used: summed up for a conversation, and for a day, course, user and model. */
#include "store/usage.h"

static const char ADD_TO_CONVERSATION[] = "UPDATE conversation SET " USAGE_ADD " WHERE id = ?";

static const char ADD_TO_DAY[] =
    "INSERT INTO usage_day (course_id, day, user_id, model, calls, input_tokens, output_tokens, cache_read_tokens,"
    " cache_write_tokens, price_nano) VALUES (?, UTC_DATE(), ?, LEFT(?, 255), ?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE calls = calls + ?, " USAGE_ADD;

static const char SELECT_TODAY[] =
    "SELECT (SELECT CAST(SUM(u.input_tokens + u.output_tokens) AS UNSIGNED) FROM usage_day u"
    " WHERE u.user_id = ? AND u.day = UTC_DATE()),"
    " (SELECT CAST(SUM(c.input_tokens + c.output_tokens) AS UNSIGNED) FROM usage_day c"
    " WHERE c.course_id = ? AND c.day = UTC_DATE())";

static void add(struct usage *sum, const struct usage *usage)
{
    sum->input_tokens += usage->input_tokens;
    sum->output_tokens += usage->output_tokens;
    sum->cache_read_tokens += usage->cache_read_tokens;
    sum->cache_write_tokens += usage->cache_write_tokens;
    sum->price_nano += usage->price_nano;
}

void store_calls_add(struct model_calls *calls, const char *model, const struct usage *usage)
{
    struct model_usage *models = calls->models;
    size_t i = 0;

    while (i < calls->n && strcmp(models[i].model, model) < 0)
        i++;
    bool is_new = i == calls->n || !str_eq(models[i].model, model);

    if (is_new && calls->n == USAGE_MAX_MODELS) {
        i = i == calls->n ? i - 1 : i; /* the sum of all stays right */
    } else if (is_new) {
        memmove(&models[i + 1], &models[i], (calls->n - i) * sizeof(*models));
        models[i] = (struct model_usage){.model = model};
        calls->n++;
    }
    models[i].calls++;
    add(&models[i].sum, usage);
}

struct usage usage_sum(const struct model_calls *calls)
{
    struct usage sum = {0};

    for (size_t i = 0; calls && i < calls->n; i++)
        add(&sum, &calls->models[i].sum);
    return sum;
}

enum cq_status usage_count_conversation(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                        const struct model_calls *calls)
{
    const struct usage sum = usage_sum(calls);
    const struct db_in in[] = {USAGE_IN(sum), IN_U64(conversation_id)};

    return calls && calls->n ? db_execute(ctx, db, ADD_TO_CONVERSATION, in, LEN(in), NULL) : CQ_OK;
}

enum cq_status usage_count(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t user_id,
                           const struct model_calls *calls)
{
    enum cq_status st = CQ_OK;

    for (size_t i = 0; !st && calls && i < calls->n; i++) {
        const struct model_usage *used = &calls->models[i];
        const struct db_in in[] = {IN_U64(course_id),   IN_U64(user_id),     IN_TEXT(used->model), IN_U64(used->calls),
                                   USAGE_IN(used->sum), IN_U64(used->calls), USAGE_IN(used->sum)};

        st = db_execute(ctx, db, ADD_TO_DAY, in, LEN(in), NULL);
    }
    return st;
}

enum cq_status usage_today(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t course_id, uint64_t *of_user,
                           uint64_t *of_course)
{
    const struct db_in in[] = {IN_U64(user_id), IN_U64(course_id)};
    const struct db_out out[] = {OUT_U64(*of_user), OUT_U64(*of_course)};

    return db_query_one(ctx, db, SELECT_TODAY, in, LEN(in), out, LEN(out));
}
