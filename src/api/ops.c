/* What operators and their tools ask: whether it works, how it has worked, and what it does just now. */
#include "api/route.h"

void api_write_pool(struct json_out *out, const struct health *health, enum pool pool)
{
    json_key(out, pool_name(pool));
    json_open_object(out);
    json_key(out, "workers");
    json_u64(out, health->pools[pool].workers);
    json_key(out, "ready");
    json_u64(out, health->pools[pool].ready);
    json_key(out, "places");
    json_u64(out, health->pools[pool].places);
    json_key(out, "busy");
    json_u64(out, health->pools[pool].busy);
    json_close_object(out);
}

/* Without documents turns go on, drawing from none: it is shown, and no reason to send nobody here. */
enum cq_status health_show(struct request *req)
{
    static const enum pool shown[] = {POOL_API, POOL_LLM, POOL_DOCUMENTS};
    struct health health;

    req->loaded->ops->health(req->loaded->ops->arg, &health);
    const char *state = health.is_database_up ? "ok" : "unavailable";
    struct json_out out = response_json(req, health.is_database_up ? 200 : 503);

    json_open_object(&out);
    json_key(&out, "status");
    json_text(&out, state);
    json_key(&out, "version");
    json_text(&out, COLLOQUY_VERSION);
    json_key(&out, "database");
    json_text(&out, state);
    json_key(&out, "pools");
    json_open_object(&out);
    for (size_t i = 0; i < LEN(shown); i++)
        api_write_pool(&out, &health, shown[i]);
    json_close_object(&out);
    json_close_object(&out);
    if (!health.is_database_up)
        response_header(req, "Retry-After", "1");
    return CQ_OK;
}

enum cq_status metrics_show(struct request *req)
{
    (void)response_json(req, 200);
    req->response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    req->loaded->ops->metrics(req->loaded->ops->arg, req->response.body);
    return CQ_OK;
}

enum cq_status status_show(struct request *req)
{
    struct json_out out = response_json(req, 200);

    req->loaded->ops->status(req->loaded->ops->arg, &out);
    return CQ_OK;
}
