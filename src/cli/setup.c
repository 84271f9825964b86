/* Configuration and database, for commands that need them. */
#include <unistd.h>

#include "cli/cli.h"

#define DEFAULT_CONFIG "/etc/colloquy/colloquy.conf"

enum { PROBLEMS_MAX_BYTES = 1 << 18 };

int cli_config_load(struct cli *cli)
{
    struct buf *problems = buf_in_arena(cli->ctx.arena, PROBLEMS_MAX_BYTES);

    if (!problems)
        return cli_fail(cli, EXIT_CONFIG, "out of memory");
    if (!cli->config_path && access(DEFAULT_CONFIG, F_OK) == 0)
        cli->config_path = DEFAULT_CONFIG;
    cli->config = config_load(cli->config_path, problems);
    if (!cli->config) {
        cli_say_lines("", problems->data);
        return EXIT_CONFIG;
    }
    cli->warnings = problems;
    return EXIT_DONE;
}

int cli_db_open(struct cli *cli)
{
    if (!db_library_init())
        cli->db = db_create(cli->config);
    return cli->db ? EXIT_DONE : cli_fail(cli, EXIT_DATABASE, "out of memory");
}

void cli_close(struct cli *cli)
{
    buf_release(&cli->result);
    db_destroy(cli->db);
    config_destroy(cli->config);
    arena_destroy(cli->ctx.arena);
}
