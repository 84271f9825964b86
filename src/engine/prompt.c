/* What the tutor is told, and what all prompts are called. */
#include <string.h>

#include "engine/prompt.h"

static void add_section(struct buf *buf, const char *heading, const char *text)
{
    if (text && *text) {
        buf_str(buf, "\n\n## ");
        buf_str(buf, heading);
        buf_char(buf, '\n');
        buf_str(buf, text);
    }
}

enum cq_status engine_prompt_tutor(struct cq_ctx *ctx, const struct ai_experience_row *experience,
                                   const struct progress *progress, const char **system)
{
    struct buf *buf = buf_in_arena(ctx->arena, 1 << 20);

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    buf_str(buf, PROMPT_TUTOR);
    add_section(buf, "Title", experience->title);
    add_section(buf, "Description", experience->description);
    add_section(buf, "Facts", experience->facts);
    add_section(buf, "Guidance", experience->pedagogical_guidance);
    if (progress->n)
        buf_str(buf, "\n\n## Learning objectives");
    for (size_t i = 0; i < progress->n; i++)
        buf_printf(buf, "\n%zu. %s", i + 1, progress->objectives[i].text);
    if (buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "the prompt is larger than %zu bytes", buf->max);
    *system = buf->data;
    return CQ_OK;
}

bool engine_prompt_at(size_t i, const char **name, const char **text)
{
    if (i >= n_prompts)
        return false;
    *name = prompts[i].name;
    *text = prompts[i].text;
    return true;
}
