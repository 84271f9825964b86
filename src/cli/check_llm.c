/* check --llm: every model that the config names is asked for a word, all at the same time, and none stands in for another. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum {
    TOTAL_MS = 30000,
    MAX_TOKENS = 1024, /* what is asked for takes two, but a model may have to think first */
    REPLY_MAX_BYTES = 64 << 10,
    LINE_MAX_BYTES = 1024,
    PREFIX_BYTES = 128,
};

static const char SYSTEM[] = "Answer with the word ok.", SYSTEM_STRUCTURED[] = "Answer with {\"ok\":true}.";
static const char SCHEMA[] =
    "{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":\"boolean\"}},\"required\":[\"ok\"],"
    "\"additionalProperties\":false}";
static const struct llm_message QUESTION[] = {{.role = LLM_USER, .text = "Are you there?"}};
static const char *const EMBEDDED[] = {"ok"};

/* One model and what has become of it so far. */
struct trial {
    struct llm_loop *loop;
    struct cq_ctx ctx;
    struct llm_model_info model;
    struct llm_ask ask;
    int64_t started_at;
    struct buf *line; /* what is said of it */
    bool is_done, is_good;
};

static void end(struct trial *trial, bool is_good)
{
    trial->is_done = true;
    trial->is_good = is_good;
}

/* Why the last ask failed, without the model's name, which the line begins with. */
static const char *cause(const struct trial *trial)
{
    char prefix[PREFIX_BYTES];

    snprintf(prefix, sizeof(prefix), "%s (%s): ", trial->model.name, trial->model.provider);
    return trial->ctx.error + (str_starts(trial->ctx.error, prefix) ? strlen(prefix) : 0);
}

static void start(struct trial *trial, llm_done_fn *on_done)
{
    int64_t left_ms = trial->started_at + TOTAL_MS - clock_mono_ms();

    trial->ask.total_timeout_ms = left_ms > 0 ? (uint32_t)left_ms : 1;
    if (llm_start(trial->loop, &trial->ctx, &trial->ask, NULL, on_done, trial, NULL)) {
        buf_str(trial->line, cause(trial));
        end(trial, false);
    }
}

/* ---- structured answers ---- */

static bool is_of_form(struct trial *trial, const struct llm_reply *reply)
{
    struct json_object *answer = NULL;

    return !json_read(&trial->ctx, reply->text, reply->len, &answer) &&
           json_object_is_type(json_get(answer, "ok"), json_type_boolean);
}

static void on_structured(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct trial *trial = user;
    bool is_good = !st && is_of_form(trial, reply);

    (void)cost;
    if (!is_good)
        buf_printf(trial->line, "; no structured answers: %s",
                   st ? cause(trial) : "what came has not the form asked for");
    end(trial, is_good);
}

/* ---- a reply, or a vector ---- */

static void on_reply(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct trial *trial = user;

    if (st) {
        buf_str(trial->line, cause(trial));
        end(trial, false);
        return;
    }
    const struct llm_spent spent = llm_cost_sum(cost);

    buf_printf(trial->line, "%u ms, ", cost->ms);
    cli_spent_write(trial->line, &spent);
    if (reply->vectors)
        buf_printf(trial->line, ", vectors of %zu numbers", reply->n_dimensions);
    if (reply->vectors || !trial->model.can_follow) {
        end(trial, true);
        return;
    }
    trial->ask.schema = SCHEMA;
    trial->ask.system = SYSTEM_STRUCTURED;
    start(trial, on_structured);
}

static void begin(struct cli *cli, struct llm_loop *loop, struct trial *trial)
{
    bool is_embedding = str_eq(trial->model.name, cli->config->embeddings.model);

    trial->loop = loop;
    trial->ctx = (struct cq_ctx){.arena = cli->ctx.arena, .request_id = "-"};
    trial->started_at = clock_mono_ms();
    trial->ask = (struct llm_ask){.task = is_embedding ? LLM_EMBED : LLM_REPLY,
                                  .model = trial->model.name,
                                  .is_alone = true,
                                  .system = SYSTEM,
                                  .messages = QUESTION,
                                  .n_messages = LEN(QUESTION),
                                  .max_tokens = MAX_TOKENS,
                                  .reply_max_bytes = REPLY_MAX_BYTES,
                                  .texts = EMBEDDED,
                                  .n_texts = LEN(EMBEDDED)};
    if (is_embedding && !llm_embed_max(cli->config)) {
        buf_str(trial->line, "its provider makes no vectors");
        end(trial, false);
        return;
    }
    start(trial, on_reply);
}

/* ---- all of them ---- */

static size_t count_models(const struct llm_loop *loop)
{
    struct llm_model_info info;
    size_t n = 0;

    while (llm_loop_model(loop, n, &info))
        n++;
    return n;
}

/* NULL: memory. */
static struct trial *begin_all(struct cli *cli, struct llm_loop *loop, size_t n)
{
    struct trial *trials = arena_zalloc(cli->ctx.arena, n, sizeof(*trials));

    for (size_t i = 0; trials && i < n; i++) {
        llm_loop_model(loop, i, &trials[i].model);
        trials[i].line = buf_in_arena(cli->ctx.arena, LINE_MAX_BYTES);
        if (!trials[i].line)
            return NULL;
        begin(cli, loop, &trials[i]);
    }
    return trials;
}

/* In the config's order, each as soon as those before it are printed. */
static int print_line(struct cli *cli, const struct trial *trial)
{
    const char *line = arena_printf(cli->ctx.arena, "%-8s %s (%s)  %s\n", trial->is_good ? "ok" : "failed",
                                    trial->model.name, trial->model.provider, trial->line->data);

    if (!line)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    if (!cli_print_text(line, strlen(line)))
        return cli_fail(cli, EXIT_REFUSED, "standard output: %s", strerror(errno));
    return EXIT_DONE;
}

static int run(struct cli *cli, struct llm_loop *loop)
{
    size_t n = count_models(loop), n_printed = 0;
    struct trial *trials = begin_all(cli, loop, n);
    int code = trials ? EXIT_DONE : cli_fail(cli, EXIT_REFUSED, "out of memory");
    bool is_good = true;

    while (!code && n_printed < n) {
        if (trials[n_printed].is_done) {
            is_good = is_good && trials[n_printed].is_good;
            code = print_line(cli, &trials[n_printed++]);
        } else {
            llm_loop_wait(loop, NULL, 0, -1);
            llm_loop_run(loop);
        }
    }
    return code || is_good ? code : EXIT_REFUSED;
}

int cli_check_llm(struct cli *cli)
{
    struct llm_loop *loop = NULL;

    log_set_level(LOG_SILENT); /* each fault has its line */
    cli->config->llm.tries = 1;
    int code = cli_loop_create(cli, &loop);

    if (!code)
        code = run(cli, loop);
    llm_loop_destroy(loop);
    return code;
}
