/*
 * Replies of chats as HTML.
 *
 * They are rendered when somebody asks for it, and not stored: a reply that goes on would have to be rendered and
 * written again, those stored so far have no HTML, and who does not ask would fetch it all the same. An ordinary reply
 * takes microseconds.
 */
#include "engine/chat_render.h"

#include <string.h>

#include "engine/markdown.h"

enum cq_status chat_render(struct cq_ctx *ctx, struct chat_message_row *reply)
{
    return markdown_html(ctx, reply->text, strlen(reply->text), &reply->html);
}

enum cq_status engine_chat_render(struct cq_ctx *ctx, struct chat_message_list *list)
{
    size_t rendered = 0;

    for (size_t i = list->n; i-- > 0;) {
        struct chat_message_row *row = &list->rows[i];

        if (!row->is_reply)
            continue;
        rendered += strlen(row->text);
        if (rendered > ENGINE_CHAT_RENDER_MAX_BYTES)
            break;
        enum cq_status st = chat_render(ctx, row);
        if (st)
            return st;
    }
    return CQ_OK;
}
