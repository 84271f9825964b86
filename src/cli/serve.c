/* serve, supervise and migrate: what an instance runs on. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "colloquy/llm.h"
#include "colloquy/server.h"

/* Warnings go to the log here: whoever starts a service reads its log. */
static void log_warnings(char *text)
{
    for (char *line; (line = strsep(&text, "\n"));)
        if (line[0])
            log_warn("config: %s", line);
}

static void warn_of_schema(struct cli *cli)
{
    uint64_t n_missing = 0;

    if (cli_db_open(cli))
        return;
    if (store_migrations_missing(&cli->ctx, cli->db, &n_missing))
        log_warn("%s", cli->ctx.error);
    else if (n_missing)
        log_error("the schema lacks %llu of its migrations: run `colloquy migrate`", (unsigned long long)n_missing);
}

/*
 * The database may be away just now, and the schema may be brought up to date while we run: neither keeps us from
 * starting. A process of its own looks, since the master runs no database's library.
 */
static void look_at_schema(struct cli *cli)
{
    if (fork() == 0) {
        warn_of_schema(cli);
        _exit(EXIT_DONE);
    }
}

int cli_serve(struct cli *cli)
{
    struct buf *faults = buf_in_arena(cli->ctx.arena, CLI_FAULTS_MAX_BYTES);

    if (!server_inherit())
        return EXIT_CONFIG;
    if (!faults)
        return cli_fail(cli, EXIT_CONFIG, "out of memory");
    log_set_level(cli->config->server.log_level);
    config_advise(cli->config, cli->warnings);
    log_warnings(cli->warnings->data);
    if (!llm_config_valid(cli->config, faults)) {
        cli_say_lines("", faults->data);
        return EXIT_CONFIG;
    }
    log_warnings(faults->data);
    look_at_schema(cli);
    return server_run(cli->config, cli->config_path);
}

/* As we were started, so that whoever looks for the server by its command line finds it. */
int cli_supervise(struct cli *cli)
{
    const char *with[] = {program_invocation_name, "--config", cli->config_path, "serve", NULL};
    const char *without[] = {program_invocation_name, "serve", NULL};

    return server_supervise(cli->config, (char *const *)(uintptr_t)(cli->config_path ? with : without));
}

static void said(const char *step)
{
    cli_say("migrate: applying %s", step);
}

int cli_migrate(struct cli *cli)
{
    enum cq_status st = store_migrate(&cli->ctx, cli->db, cli->config, said);

    if (st)
        return cli_fail(cli, st == CQ_INVALID_REQUEST ? EXIT_REFUSED : EXIT_DATABASE, "%s", cli->ctx.error);
    cli_say("migrate: the schema is up to date");
    return EXIT_DONE;
}
