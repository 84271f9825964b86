/* The document that assessments and evaluations are made from. */
#include <string.h>

#include "engine/document.h"
#include "engine/material.h"

enum {
    DOCUMENT_MAX_BYTES = 32 << 20,
    FRAME_TOKENS = 16,             /* the key of the messages, their brackets, and the document's last one */
    TRANSCRIPT_MAX_TOKENS = 20000, /* of what builtin, which works in the loop, reads again each time */
};

static void write_member(struct json_out *out, const char *key, const char *text)
{
    if (!text || !*text)
        return;
    json_key(out, key);
    json_text(out, text);
}

static void write_objectives(struct json_out *out, const struct material *m)
{
    json_key(out, "objectives");
    json_open_array(out);
    for (size_t i = 0; i < m->n_objectives; i++) {
        json_open_object(out);
        json_key(out, "number");
        json_u64(out, i + 1);
        json_key(out, "objective");
        json_text(out, m->objectives[i].text);
        json_key(out, "already_covered");
        json_boolean(out, m->objectives[i].is_met);
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_metrics(struct json_out *out, const struct material *m)
{
    if (!m->n_metrics)
        return;
    json_key(out, "metrics");
    json_open_array(out);
    for (size_t i = 0; i < m->n_metrics; i++) {
        json_open_object(out);
        json_key(out, "number");
        json_u64(out, i + 1);
        json_key(out, "name");
        json_text(out, m->metrics[i].name);
        write_member(out, "description", m->metrics[i].description);
        json_close_object(out);
    }
    json_close_array(out);
}

/* ---- messages ---- */

/* The place of the student's last message; the list's length when there is none. */
static size_t last_of_student(const struct message_list *list)
{
    for (size_t i = list->n; i > 0; i--)
        if (!list->rows[i - 1].is_assistant && !list->rows[i - 1].is_initial)
            return i - 1;
    return list->n;
}

static void write_message(struct json_out *out, const struct message_list *list, size_t i)
{
    const struct message_row *row = &list->rows[i];

    document_message(out, row, i + 1, strlen(row->text));
}

/* As it will be written, with the comma behind it. */
static uint64_t message_tokens(struct buf *scratch, const struct message_list *list, size_t i)
{
    struct json_out out;

    buf_clear(scratch);
    json_out_init(&out, scratch);
    write_message(&out, list, i);
    return (uint64_t)document_tokens(scratch) + 1;
}

/* The newest that fit. What is too long on its own and behind the student's last message is passed over. */
static void choose(const struct message_list *list, uint64_t max_tokens, struct buf *scratch, bool *is_chosen)
{
    size_t last = last_of_student(list);
    uint64_t used = last < list->n ? message_tokens(scratch, list, last) : 0;

    memset(is_chosen, 0, list->n * sizeof(*is_chosen));
    for (size_t i = list->n; i > 0; i--) {
        uint64_t tokens = i - 1 == last ? 0 : message_tokens(scratch, list, i - 1);
        bool fits = used + tokens <= max_tokens;

        if (fits || i - 1 == last) {
            is_chosen[i - 1] = true;
            used += tokens;
        } else if (i - 1 < last) {
            return;
        }
    }
}

static void write_messages(struct json_out *out, const struct message_list *list, const bool *is_chosen)
{
    json_key(out, "messages");
    json_open_array(out);
    for (size_t i = 0; i < list->n; i++)
        if (is_chosen[i] && !list->rows[i].is_initial)
            write_message(out, list, i);
    json_close_array(out);
}

/* What is left of the room beside the prompt, the schema and what stands in the document already. */
static uint64_t room_for_messages(const struct material *m, const struct llm_ask *ask, const struct buf *document)
{
    uint64_t used = (uint64_t)llm_tokens(ask->system, strlen(ask->system)) +
                    llm_tokens(ask->schema, strlen(ask->schema)) + document_tokens(document) + FRAME_TOKENS;

    return m->room > used ? m->room - used : 0;
}

static uint64_t summary_tokens(struct buf *scratch, const char *summary)
{
    struct json_out out;

    buf_clear(scratch);
    json_out_init(&out, scratch);
    json_open_object(&out);
    write_member(&out, "summary", summary);
    json_close_object(&out);
    return document_tokens(scratch);
}

/* The opening message of the server is no loss. */
static bool is_any_left_out(const struct message_list *list, const bool *is_chosen)
{
    for (size_t i = 0; i < list->n; i++)
        if (!is_chosen[i] && !list->rows[i].is_initial)
            return true;
    return false;
}

/* The summary, which takes room of its own, and the messages beside it; or all of them. */
static void write_conversation(struct json_out *out, const struct material *m, uint64_t room, struct buf *scratch,
                               bool *is_chosen)
{
    uint64_t most = m->text_max_tokens;

    choose(m->messages, room < most ? room : most, scratch, is_chosen);
    if (is_any_left_out(m->messages, is_chosen) && m->summary && *m->summary) {
        uint64_t used = summary_tokens(scratch, m->summary), rest = room > used ? room - used : 0;

        write_member(out, "summary", m->summary);
        choose(m->messages, rest < most ? rest : most, scratch, is_chosen);
    }
    write_messages(out, m->messages, is_chosen);
}

static enum cq_status write_document(struct cq_ctx *ctx, const struct material *m, const struct llm_ask *ask,
                                     const char **json)
{
    struct buf *buf = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);
    struct buf *scratch = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);
    bool *is_chosen = arena_zalloc(ctx->arena, m->messages->n + 1, sizeof(*is_chosen));
    struct json_out out;

    if (!buf || !scratch || !is_chosen)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, buf);
    json_open_object(&out);
    write_member(&out, "title", m->experience->title);
    write_member(&out, "description", m->experience->description);
    write_member(&out, "facts", m->experience->facts);
    if (m->has_guidance)
        write_member(&out, "guidance", m->experience->pedagogical_guidance);
    write_objectives(&out, m);
    write_metrics(&out, m);
    write_conversation(&out, m, room_for_messages(m, ask, buf), scratch, is_chosen);
    json_close_object(&out);
    buf->failed |= scratch->failed;
    return document_text(ctx, buf, json);
}

/* ---- for builtin ---- */

static enum cq_status set_lists(struct cq_ctx *ctx, const struct material *m, struct llm_ask *ask)
{
    const char **objectives = arena_zalloc(ctx->arena, m->n_objectives + 1, sizeof(*objectives));
    const char **metrics = arena_zalloc(ctx->arena, m->n_metrics + 1, sizeof(*metrics));
    struct llm_message *transcript = arena_zalloc(ctx->arena, m->messages->n + 1, sizeof(*transcript));
    bool *is_chosen = arena_zalloc(ctx->arena, m->messages->n + 1, sizeof(*is_chosen));
    struct buf *scratch = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);

    if (!objectives || !metrics || !transcript || !is_chosen || !scratch)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    choose(m->messages, TRANSCRIPT_MAX_TOKENS, scratch, is_chosen);
    for (size_t i = 0; i < m->n_objectives; i++)
        objectives[i] = m->objectives[i].text;
    for (size_t i = 0; i < m->n_metrics; i++)
        metrics[i] = *m->metrics[i].description ? m->metrics[i].description : m->metrics[i].name;
    for (size_t i = 0; i < m->messages->n; i++) {
        const struct message_row *row = &m->messages->rows[i];

        transcript[i] = (struct llm_message){.role = row->is_assistant ? LLM_ASSISTANT : LLM_USER,
                                             .text = is_chosen[i] ? row->text : ""};
    }
    ask->objectives = objectives;
    ask->n_objectives = m->n_objectives;
    ask->metrics = metrics;
    ask->n_metrics = m->n_metrics;
    ask->transcript = transcript;
    ask->n_transcript = m->messages->n;
    return CQ_OK;
}

enum cq_status material_ask(struct cq_ctx *ctx, const struct material *material, struct llm_ask *ask)
{
    struct llm_message *message = arena_zalloc(ctx->arena, 1, sizeof(*message));

    if (!message)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    message->role = LLM_USER;
    enum cq_status st = write_document(ctx, material, ask, &message->text);
    if (!st)
        st = set_lists(ctx, material, ask);
    if (st)
        return st;
    ask->messages = message;
    ask->n_messages = 1;
    return CQ_OK;
}
