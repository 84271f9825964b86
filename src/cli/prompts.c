/* prompts: what models are told, for whoever wants to read it. */
#include "cli/cli.h"
#include "colloquy/engine.h"

int cli_prompts(struct cli *cli)
{
    const char *name, *text;

    buf_printf(&cli->result,
               "Version %d. A model is told these texts, and nothing else but what teachers and students have"
               " written.\n",
               PROMPT_VERSION);
    for (size_t i = 0; engine_prompt_at(i, &name, &text); i++)
        buf_printf(&cli->result, "\n---- %s ----\n%s\n", name, text);
    return cli_print_result(cli);
}
