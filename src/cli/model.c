/* Models, for commands that ask them: the loop, and what is said of a call. */
#include "cli/cli.h"

/* What fails here is no news for others, and nobody else's failures are for us: there is no breaker. */
int cli_loop_create(struct cli *cli, struct llm_loop **out)
{
    struct buf *faults = buf_in_arena(cli->ctx.arena, CLI_FAULTS_MAX_BYTES);

    if (!faults)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    if (!llm_config_valid(cli->config, faults)) {
        cli_say_lines("", faults->data);
        return EXIT_CONFIG;
    }
    cli->config->llm.breaker_failures = 0;
    struct llm_loop *loop = llm_global_init() ? NULL : llm_loop_create(cli->config, NULL);

    if (!loop)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    *out = loop;
    return EXIT_DONE;
}

const char *cli_provider_of(const struct llm_loop *loop, const char *name)
{
    struct llm_model_info info;

    for (size_t i = 0; llm_loop_model(loop, i, &info); i++)
        if (str_eq(info.name, name))
            return info.provider;
    return "-";
}

void cli_spent_write(struct buf *out, const struct llm_spent *spent)
{
    const struct llm_usage *usage = &spent->usage;
    char price[CLI_PRICE_BYTES];

    cli_price(price, spent->price_nano, 0);
    buf_printf(out, "%u + %u tokens", usage->input, usage->output);
    if (usage->cache_read || usage->cache_write)
        buf_printf(out, ", %u read from the cache, %u written to it", usage->cache_read, usage->cache_write);
    if (spent->price_nano)
        buf_printf(out, ", price %s", price);
    if (spent->tries > 1)
        buf_printf(out, ", %u tries", spent->tries);
}
