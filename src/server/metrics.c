/* Counting. */
#include "server/metrics.h"

/* From what a read takes to what a model may take. */
const uint32_t metrics_bounds_us[METRICS_BOUNDS] = {500,     1000,     2500,     5000,     10000,    25000,
                                                    50000,   100000,   250000,   500000,   1000000,  2500000,
                                                    5000000, 10000000, 30000000, 60000000, 300000000};

static const uint16_t statuses[] = {200, 201, 202, 204, 206, 302, 303, 304, 400, 401, 403, 404, 405, 406, 408, 409,
                                    410, 412, 413, 415, 416, 422, 423, 429, 431, 500, 501, 502, 503, 504, 507};

_Static_assert(LEN(statuses) < METRICS_MAX_STATUSES, "one column is for the others");

unsigned metrics_status(size_t column)
{
    return column < LEN(statuses) ? statuses[column] : 0;
}

size_t metrics_status_count(void)
{
    return LEN(statuses) + 1;
}

static size_t column_of(int status)
{
    size_t i = 0;

    while (i < LEN(statuses) && statuses[i] != status)
        i++;
    return i;
}

/* No order is needed between numbers, which keeps them cheap. */
static void add(_Atomic uint64_t *number, uint64_t n)
{
    atomic_fetch_add_explicit(number, n, memory_order_relaxed);
}

static void observe(struct histogram *histogram, int64_t us)
{
    size_t i = 0;

    if (us < 0)
        us = 0;
    while (i < METRICS_BOUNDS && us > metrics_bounds_us[i])
        i++;
    add(&histogram->buckets[i], 1);
    add(&histogram->sum_us, (uint64_t)us);
}

void metrics_note_request(struct metrics *metrics, enum pool pool, const struct request *req, int64_t took_us)
{
    size_t route = api_route_index(req);

    /* One row more than there are routes: requests for none. */
    if (route > METRICS_MAX_ROUTES)
        route = METRICS_MAX_ROUTES;
    add(&metrics->requests[route][column_of(req->response.status)], 1);
    observe(&metrics->request_time[pool], took_us);
}

void metrics_note_retrieval(struct metrics *metrics, bool is_answered)
{
    add(&metrics->retrievals[is_answered], 1);
}

void metrics_note_search(struct metrics *metrics, int64_t took_us)
{
    observe(&metrics->request_time[POOL_DOCUMENTS], took_us);
}

void metrics_note_document(struct metrics *metrics, bool is_searchable)
{
    add(&metrics->documents[is_searchable], 1);
}

void metrics_note_model(struct metrics *metrics, const struct llm_effort *effort)
{
    const struct llm_spent spent = llm_cost_sum(effort->cost);

    add(&metrics->model_calls[effort->st], 1);
    add(&metrics->model_retries, spent.tries > 1 ? spent.tries - 1 : 0);
    add(&metrics->input_tokens, spent.usage.input);
    add(&metrics->output_tokens, spent.usage.output);
    add(&metrics->cache_read_tokens, spent.usage.cache_read);
    add(&metrics->cache_write_tokens, spent.usage.cache_write);
    add(&metrics->price_nano, spent.price_nano);
    observe(&metrics->model_time, (int64_t)effort->ms * 1000);
    if (effort->first_text_ms)
        observe(&metrics->first_text_time, (int64_t)effort->first_text_ms * 1000);
}

void metrics_note_db(struct metrics *metrics, struct db *db)
{
    struct db_effort effort = db_take_effort(db);

    add(&metrics->round_trips, effort.round_trips);
    add(&metrics->database_wait_us, effort.wait_us);
    add(&metrics->database_connects, effort.connects);
    add(&metrics->database_reruns, effort.reruns);
}
