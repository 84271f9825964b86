/* Sending a message in a chat, getting the reply, and having a title proposed (doc/api-chat.md 2.4, 2.9). */
#include "api/chat_represent.h"
#include "api/chat_say.h"
#include "api/chat_stream.h"
#include "api/idempotency.h"
#include "api/signature.h"

/* The key of the header, and the body as it came. */
static enum cq_status read_key(struct request *req, struct request_key *out)
{
    const char *key = req->idempotency_key;

    if (!key)
        return CQ_OK;
    if (!idempotency_key_fits(key)) {
        chat_problem(req, "Idempotency-Key must be 1 to 128 printable ASCII characters");
        return CQ_INVALID_REQUEST;
    }
    const char *name = arena_printf(req->ctx.arena, "header\n%s\n%s", req->loaded->route->key.pattern, key);

    return idempotency_key_make(req, name, req->body, req->body_len, out);
}

/* ---- POST /conversation: starts the turn ---- */

/* Beside the error the names that would work. */
static enum cq_status refuse_model(struct request *req, enum cq_status st, const struct bot_row *bot)
{
    struct loaded *l = req->loaded;
    const struct bot_row any = {.id = 0};
    const char *model = arena_strdup(req->ctx.arena, req->ctx.error);
    enum cq_status listed = engine_chat_models_active(&req->ctx, req->config, st == CQ_MODEL_NOT_ACTIVE ? bot : &any,
                                                      &l->models_offered, &l->n_models_offered);

    if (listed)
        return listed;
    return refuse(req, st,
                  arena_printf(req->ctx.arena,
                               st == CQ_MODEL_NOT_ACTIVE ? "The model %s is not active in the bot."
                                                         : "There is no model of the name %s.",
                               model ? model : ""));
}

enum cq_status chat_message_create(struct request *req)
{
    struct loaded *l = req->loaded;
    struct chat_say *say = arena_zalloc(req->ctx.arena, 1, sizeof(*say));
    struct chat_turn_params params = {
        .config = req->config, .owner = l->owner, .user_id = l->access.user_id, .say = say};

    if (!say)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    l->work = &chat_work;
    (void)chat_form(req); /* found here, where nobody else waits */
    enum cq_status st = chat_needs_json(req);
    if (!st)
        st = chat_say_read(req, say);
    if (!st)
        st = read_key(req, &params.key);
    if (!st)
        st = engine_chat_begin(&req->ctx, req->db, &params, &l->bot, &l->chat_turn);
    if (!st && l->chat_turn->asking.retrieval) /* links to what will be found are made in the loop */
        (void)!signature_prepare(req);
    if (st == CQ_UNKNOWN_MODEL || st == CQ_MODEL_NOT_ACTIVE)
        return refuse_model(req, st, &l->bot);
    if (st == CQ_INVALID_REQUEST && !l->n_problems)
        chat_problem(req, "parent_message_id must be null or last_message_id, to continue");
    return st;
}

/* Every key of the JSON answer, into an open object. */
enum cq_status chat_write_turn(struct request *req, struct json_out *out, enum chat_form form)
{
    const struct chat_turn *turn = req->loaded->chat_turn;
    const struct chat_message_row *reply = engine_chat_reply(turn);
    const struct chat_tree tree = {&turn->messages, &turn->related, true};

    chat_key(out, form, "conversation_id");
    json_text(out, turn->chat_name);
    chat_key(out, form, "message");
    enum cq_status st = chat_write_message(req, out, form, &tree, reply);
    chat_key(out, form, "bot_id");
    json_text(out, turn->bot_name);
    chat_key(out, form, "create_time");
    chat_time(out, form, turn->row.created_at_ms);
    chat_key(out, form, "message_id");
    json_text(out, reply->name);
    chat_key(out, form, "stop_reason");
    json_text(out, reply->stop_reason ? reply->stop_reason : "end_turn");
    chat_key(out, form, "token_count");
    chat_write_token_count(out, form, reply->input_tokens, reply->output_tokens, reply->cache_read_tokens,
                           reply->cache_write_tokens);
    chat_key(out, form, "price");
    chat_write_price(out, reply->price_nano);
    return st;
}

void chat_message_create_reply(struct request *req)
{
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    enum cq_status st = chat_write_turn(req, &out, chat_form(req));
    json_close_object(&out);
    if (st)
        answer_error(req, st);
}

/* ---- GET …/proposed-title ---- */

enum cq_status chat_title_propose(struct request *req)
{
    struct loaded *l = req->loaded;

    l->work = &chat_title_work;
    return engine_chat_title_begin(&req->ctx, req->db, req->config, l->owner, &l->chat, &l->chat_title);
}

void chat_title_reply(struct request *req)
{
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "title");
    json_text(&out, req->loaded->chat_title->title);
    json_close_object(&out);
}
