/* A reply begins: its request is read, and its script made. */
#include "model_server.h"

#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

/* A tool is called once: its result is answered by a text. */
static void answer_result(struct script *script, const struct asked *asked)
{
    if (!script->has[D_TOOL] || !asked->has_result)
        return;
    script->has[D_TOOL] = false;
    if (script->has[D_TEXT] || script->has[D_WORDS])
        return;
    buf_clear(&script->text);
    buf_str(&script->text, "The tool said: ");
    buf_append(&script->text, asked->result.data, asked->result.len);
}

/* Orders come before the script, and the script before what follows from the schema. */
static void answer_data(struct reply *reply, struct structured *s, struct json_object *request)
{
    struct script *script = &reply->script;
    struct orders orders;

    orders_read(&orders, request, &reply->asked);
    reply->is_break_out = orders.is_break_out;
    reply->is_obedient = orders.is_given;
    s->orders = &orders;
    s->covers = *orders.covers ? orders.covers : script->covers;
    s->n_items = script->has[D_ITEMS] ? script->n[D_ITEMS] : 0;
    if (orders.is_given || (!script->has[D_TEXT] && !script->has[D_WORDS] && !script->has[D_EMPTY])) {
        buf_clear(&script->text);
        structured_write(s, &script->text);
    }
}

/* The script of what was said, by its words or by its cue. */
static void read_cued(struct reply *reply, struct server *server, const char *task, const struct buf *said)
{
    struct buf message;

    reply->cue = cues_find(&server->cues, said->data, said->len);

    buf_init(&message, 2 * (size_t)MAX_BODY_BYTES);
    buf_append(&message, said->data, said->len);
    buf_str(&message, reply->cue ? reply->cue->script : "");
    script_read(&reply->script, &server->times, task, message.data, message.len);
    buf_release(&message);
}

static void read_script(struct reply *reply, struct server *server, struct json_object *request)
{
    const struct asked *asked = &reply->asked;
    struct structured s;
    struct script *script = &reply->script;
    bool is_structured = structured_read(&s, asked);

    if (!is_structured) {
        read_cued(reply, server, NULL, &asked->message);
        answer_result(script, asked);
    } else {
        reply->kind = s.schema ? REPLY_STRUCTURED : REPLY_SUMMARY;
        read_cued(reply, server, s.task, &s.said);
        answer_data(reply, &s, request);
    }
    structured_release(&s);
}

/* Which parts there are. A tool's input is the last one's text. */
static void choose_parts(struct reply *reply)
{
    struct script *script = &reply->script;
    bool may_reason = script->has[D_UNASKED] || (script->has[D_REASONING] && reply->asked.may_reason);

    reply->last_part = script->has[D_TOOL] || (reply->asked.schema && reply->asked.is_tool) ? PART_TOOL : PART_TEXT;
    reply->part = may_reason ? PART_REASONING : reply->last_part;
    if (script->has[D_TOOL]) {
        buf_clear(&script->text);
        buf_append(&script->text, script->tool_input.data, script->tool_input.len);
    } else if (reply->asked.form) {
        snprintf(script->tool, sizeof(script->tool), "%s", reply->asked.form);
    }
    if (reply_has_raw_input(reply) && !script->text.len)
        buf_str(&script->text, "{}");
}

static const char *begin_text(struct reply *reply, struct server *server, const struct call *call,
                              struct json_object *request)
{
    const char *wrong = reply->wire->read(&reply->asked, request);

    if (wrong)
        return wrong;
    if (call->form != CALL_BODY_SAYS)
        reply->asked.is_stream = call->form == CALL_STREAM;
    read_script(reply, server, request);
    choose_parts(reply);
    if (reply->script.has[D_COMMENTS] && reply->asked.is_stream)
        reply->comments_left = reply->script.n[D_COMMENTS];
    reply->padding_left = reply->script.has[D_BIGLINE] ? reply->script.n[D_BIGLINE] : 0;
    return NULL;
}

/* The script of an embedding is what the first text asks for. */
static const char *begin_vectors(struct reply *reply, struct server *server, struct json_object *request)
{
    struct inputs inputs = {0};
    const char *wrong = reply->wire->read_inputs(&inputs, &reply->asked, request);

    reply->kind = REPLY_VECTORS;
    if (wrong)
        return wrong;

    const char *first = inputs_text(&inputs, 0);

    script_read(&reply->script, &server->times, NULL, first, strlen(first));
    if (reply->script.has[D_EMPTY])
        inputs.n = 0;
    buf_init(&reply->vectors, MAX_BODY_BYTES);
    reply->wire->write_vectors(&inputs, &reply->asked, &reply->vectors);
    return NULL;
}

const char *reply_begin(struct reply *reply, struct server *server, uint64_t id, const struct call *call,
                        const struct http_request *http)
{
    struct json_object *request = body_parse(http->body, http->body_bytes);

    *reply = (struct reply){.wire = call->wire,
                            .id = id,
                            .created_s = time(NULL),
                            .prompt_tokens = http->body_bytes / 4 + 1,
                            .stage = STAGE_HEAD};
    asked_init(&reply->asked, call->model);

    const char *wrong =
        call->form == CALL_VECTORS ? begin_vectors(reply, server, request) : begin_text(reply, server, call, request);

    if (!wrong)
        script_steer(&reply->script, reply->asked.model, call->wire->denied_status);
    asked_release(&reply->asked);
    json_object_put(request);
    return wrong;
}

void reply_release(struct reply *reply)
{
    script_release(&reply->script);
    if (reply->kind == REPLY_VECTORS)
        buf_release(&reply->vectors);
}
