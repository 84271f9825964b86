/* prompts: what models are told, for whoever wants to read it. */
#include "cli/cli.h"
#include "colloquy/engine.h"

int cli_prompts(struct cli *cli)
{
    const char *name, *text;

    buf_printf(&cli->result,
               "Version %d. A model is told these texts, the form that its answer must have, and what teachers and"
               " students have written; nothing else.\n",
               PROMPT_VERSION);
    for (size_t i = 0; engine_prompt_at(i, &name, &text); i++)
        buf_printf(&cli->result, "\n---- %s ----\n%s\n", name, text);
    return cli_print_result(cli);
}
