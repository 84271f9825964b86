/* status: the scoreboard of the running server, in a terminal. */
#include <json-c/json.h>
#include <string.h>

#include "cli/cli.h"
#include "colloquy/server.h"

enum { STATUS_MAX_BYTES = 1 << 19 };

struct status_args {
    bool json;
};

static const struct cli_option rows[] = {
    {"json", NULL, cli_take_switch, offsetof(struct status_args, json), false, false,
     "one object, as the server gives it"},
};

const struct cli_options cli_status_options = {rows, LEN(rows), sizeof(struct status_args)};

static unsigned long long number(struct json_object *object, const char *key)
{
    return (unsigned long long)json_get_u64(object, key);
}

static const char *text(struct json_object *object, const char *key)
{
    const char *value = json_get_text(object, key, NULL);

    return value ? value : "-";
}

/* The two largest units of a time: "3 d 4 h", "12 min 5 s". */
static const char *duration(struct arena *arena, uint64_t s)
{
    static const struct {
        const char *name;
        uint64_t s;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    size_t i = 0;

    while (i < LEN(units) - 1 && s < units[i].s)
        i++;
    const char *out = i == LEN(units) - 1
                          ? arena_printf(arena, "%llu s", (unsigned long long)s)
                          : arena_printf(arena, "%llu %s %llu %s", (unsigned long long)(s / units[i].s), units[i].name,
                                         (unsigned long long)(s % units[i].s / units[i + 1].s), units[i + 1].name);
    return out ? out : "-";
}

static void write_pools(struct buf *out, struct json_object *pools)
{
    buf_printf(out, "\n%-9s %8s %6s %7s %6s\n", "pool", "workers", "ready", "places", "busy");
    json_object_object_foreach(pools, name, pool)
    {
        buf_printf(out, "%-9s %8llu %6llu %7llu %6llu\n", name, number(pool, "workers"), number(pool, "ready"),
                   number(pool, "places"), number(pool, "busy"));
    }
}

static void write_workers(struct cli *cli, struct buf *out, struct json_object *workers)
{
    buf_printf(out, "\n%8s %-9s %-9s %10s %6s %7s %10s  %s\n", "process", "pool", "state", "generation", "busy",
               "places", "requests", "age");
    for (size_t i = 0; i < json_object_array_length(workers); i++) {
        struct json_object *worker = json_object_array_get_idx(workers, i);

        buf_printf(out, "%8llu %-9s %-9s %10llu %6llu %7llu %10llu  %s\n", number(worker, "pid"), text(worker, "pool"),
                   text(worker, "state"), number(worker, "generation"), number(worker, "busy"),
                   number(worker, "places"), number(worker, "requests"),
                   duration(cli->ctx.arena, json_get_u64(worker, "age_s")));
    }
}

/* Nothing without a language model. */
static void write_models(struct buf *out, struct json_object *models)
{
    size_t n = json_object_is_type(models, json_type_array) ? json_object_array_length(models) : 0;

    if (n)
        buf_printf(out, "\n%-8s %8s %8s  %s\n", "state", "failures", "opened", "model");
    for (size_t i = 0; i < n; i++) {
        struct json_object *model = json_object_array_get_idx(models, i);

        buf_printf(out, "%-8s %8llu %8llu  %s\n", text(model, "state"), number(model, "failures_in_a_row"),
                   number(model, "breaker_opened"), text(model, "name"));
    }
}

static void write_status(struct cli *cli, struct buf *out, struct json_object *status)
{
    struct json_object *totals = json_get(status, "totals");

    buf_printf(out, "colloquy %s, process %llu, generation %llu, up %s; database %s\n", text(status, "version"),
               number(status, "pid"), number(status, "generation"),
               duration(cli->ctx.arena, json_get_u64(status, "uptime_s")), text(status, "database"));
    write_pools(out, json_get(status, "pools"));
    write_workers(cli, out, json_get(status, "workers"));
    write_models(out, json_get(status, "models"));
    buf_printf(out, "\n%llu requests, %llu of them answered with a server's error; %llu database round trips\n",
               number(totals, "requests"), number(totals, "server_errors"), number(totals, "round_trips"));
    buf_printf(out, "%llu turns complete, %llu failed; %llu calls of the model repeated\n",
               number(totals, "turns_complete"), number(totals, "turns_failed"), number(totals, "model_retries"));
    buf_printf(out, "%llu workers died; %llu reloads\n", number(totals, "workers_died"), number(totals, "reloads"));
}

int cli_status(struct cli *cli)
{
    const struct status_args *args = cli->args;
    struct buf *answer = buf_in_arena(cli->ctx.arena, STATUS_MAX_BYTES);
    struct json_object *status = NULL;

    if (!answer)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    if (server_ask_ops(&cli->ctx, cli->config, "/status", answer))
        return cli_fail(cli, EXIT_REFUSED, "%s", cli->ctx.error);
    if (json_read(&cli->ctx, answer->data, answer->len, &status) ||
        !json_object_is_type(json_get(status, "workers"), json_type_array) ||
        !json_object_is_type(json_get(status, "pools"), json_type_object))
        return cli_fail(cli, EXIT_REFUSED, "the server's answer is not understood: is it of another version?");
    if (args->json)
        buf_printf(&cli->result, "%s\n", answer->data);
    else
        write_status(cli, &cli->result, status);
    return cli_print_result(cli);
}
