/* A turn of the chat API: what it is begun with, what the model is asked, and what is stored of its end. */
#include <json-c/json.h>
#include <string.h>

#include "engine/chat_ask.h"
#include "engine/chat_content.h"
#include "engine/chat_render.h"
#include "engine/chat_thinking.h"
#include "engine/prompt.h"
#include "engine/retrieval.h"

/* ---- what it is begun with ---- */

/* What the conversation is like before it is locked: enough to choose a bot and a model by. */
struct before {
    struct chat_row chat;   /* id 0: there is none yet */
    const char *last_model; /* NULL: none */
};

static enum cq_status read_before(struct cq_ctx *ctx, struct db *db, const struct chat_turn_params *params,
                                  struct before *out)
{
    *out = (struct before){.last_model = NULL};
    enum cq_status st = store_chat_find(ctx, db, params->user_id, params->say->chat_name, &out->chat, &out->last_model);

    return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
}

/* The one that is asked for must be usable; the conversation's own may be gone, and is done without. */
static enum cq_status choose_bot(struct cq_ctx *ctx, struct db *db, const struct chat_turn_params *params,
                                 const struct before *before, struct bot_row *bot)
{
    *bot = (struct bot_row){.id = 0};
    if (params->say->bot_name)
        return store_bot_usable(ctx, db, params->user_id, params->say->bot_name, bot);
    if (!before->chat.bot_id)
        return CQ_OK;
    enum cq_status st = store_bot_usable_by_id(ctx, db, params->user_id, before->chat.bot_id, bot);

    return st == CQ_BOT_NOT_FOUND ? CQ_OK : st;
}

static bool is_active(struct json_object *active, const char *name)
{
    if (!json_object_is_type(active, json_type_object))
        return true;
    json_object_object_foreach(active, key, value)
    {
        if (engine_chat_model_has_key(name, key))
            return json_object_get_boolean(value);
    }
    return true;
}

enum cq_status engine_chat_models_active(struct cq_ctx *ctx, const struct config *config, const struct bot_row *bot,
                                         const char *const **out, size_t *n)
{
    struct json_object *active = NULL;
    size_t n_all = 0;

    while (engine_chat_model_at(config, n_all))
        n_all++;
    const char **names = arena_zalloc(ctx->arena, n_all + 1, sizeof(*names));
    if (!names)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    if (bot->id && bot->active_models) {
        enum cq_status st = json_read(ctx, bot->active_models, strlen(bot->active_models), &active);

        if (st)
            return st;
    }
    *n = 0;
    for (size_t i = 0; i < n_all; i++)
        if (is_active(active, engine_chat_model_at(config, i)))
            names[(*n)++] = engine_chat_model_at(config, i);
    *out = names;
    return CQ_OK;
}

static bool is_among(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

/*
 * The model that the client names; else that of the last message, as long as there is it, the bot's first one, the default. A name that stands for another one
 * is as active as that.
 */
static enum cq_status choose_model(struct cq_ctx *ctx, const struct chat_turn_params *params,
                                   const struct before *before, const struct bot_row *bot, const char **out)
{
    const char *named = params->say->model, *const *active = NULL;
    size_t n = 0;
    enum cq_status st = engine_chat_models_active(ctx, params->config, bot, &active, &n);

    if (st)
        return st;
    if (named && !engine_chat_model(params->config, named))
        return cq_fail(ctx, CQ_UNKNOWN_MODEL, "%s", named);
    if (!named && before->last_model && engine_chat_model(params->config, before->last_model))
        named = before->last_model;
    bool is_offered =
        named && (is_among(active, n, named) || is_among(active, n, engine_chat_model(params->config, named)));

    if (named && !is_offered && params->say->model)
        return cq_fail(ctx, CQ_MODEL_NOT_ACTIVE, "%s", named);
    if (!is_offered)
        named = n ? active[0] : engine_chat_default_model(params->config);
    *out = named;
    return CQ_OK;
}

static char *new_name(struct cq_ctx *ctx)
{
    char *name = arena_alloc(ctx->arena, ULID_TEXT_BYTES);

    if (name)
        ulid_new(name);
    return name;
}

static char *new_uuid(struct cq_ctx *ctx)
{
    char *uuid = arena_alloc(ctx->arena, UUID_TEXT_BYTES);

    if (uuid)
        uuid_new(uuid);
    return uuid;
}

static enum cq_status name_things(struct cq_ctx *ctx, struct chat_turn *turn, const struct chat_say *say)
{
    struct chat_turn_request *r = &turn->request;

    r->is_named = say->message_name != NULL;
    r->message_name = r->is_named ? say->message_name : new_name(ctx);
    r->reply_name = new_name(ctx);
    turn->tool_use_id = new_name(ctx);
    for (size_t i = 0; i < LEN(r->uuids); i++)
        r->uuids[i] = new_uuid(ctx);
    bool is_named = r->message_name && r->reply_name && turn->tool_use_id && r->uuids[0] && r->uuids[1] && r->uuids[2];

    return is_named ? CQ_OK : cq_fail(ctx, CQ_INTERNAL, "out of memory");
}

static enum cq_status prepare(struct cq_ctx *ctx, struct chat_turn *turn, const struct chat_turn_params *params,
                              const struct before *before)
{
    const struct chat_say *say = params->say;
    bool is_new = !before->chat.id;

    turn->config = params->config;
    turn->limits = engine_user_limits(params->config);
    turn->lease_s = params->config->llm.lease_s;
    turn->chat_name = say->chat_name;
    turn->bot_name = is_new ? turn->bot.name : before->chat.bot_name;
    turn->hides_chunks = turn->bot.id && !turn->bot.display_retrieved_chunks;
    turn->wants_reasoning = say->wants_reasoning && engine_chat_model_reasons(params->config, turn->model);
    turn->request = (struct chat_turn_request){.limits = &turn->limits,
                                               .user_id = params->user_id,
                                               .chat_name = say->chat_name,
                                               .parent = say->parent,
                                               .text = chat_content_text(ctx, say->contents, say->n_contents),
                                               .model = turn->model,
                                               .is_continuing = say->is_continuing,
                                               .bot_id = is_new ? turn->bot.id : 0,
                                               .instruction = turn->bot.id ? turn->bot.instruction : NULL,
                                               .owner = params->owner,
                                               .lease_s = turn->lease_s,
                                               .key = params->key};
    if (!turn->request.text)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    return name_things(ctx, turn, say);
}

/* ---- its files ---- */

static bool is_file(const struct chat_content *c)
{
    return c->kind != CHAT_TEXT;
}

static void forget_files(struct cq_ctx *ctx, struct db *db, const struct chat_turn_params *params, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_file(&params->say->contents[i]))
            engine_file_forget(ctx, db, params->config, &params->say->contents[i].file);
}

/* On disk before anything refers to them. */
static enum cq_status keep_files(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn,
                                 const struct chat_turn_params *params)
{
    struct chat_say *say = params->say;
    struct chat_file *files = arena_zalloc(ctx->arena, say->n_contents + 1, sizeof(*files));
    enum cq_status st = files ? CQ_OK : cq_fail(ctx, CQ_INTERNAL, "out of memory");
    size_t n = 0;

    for (size_t i = 0; i < say->n_contents && !st; i++) {
        struct chat_content *c = &say->contents[i];

        if (!is_file(c))
            continue;
        st = engine_file_keep(ctx, db, params->config, c->data, c->len, &c->file);
        if (st) {
            forget_files(ctx, db, params, i);
            break;
        }
        memcpy(files[n].hash, c->file.hash, SHA256_BYTES);
        files[n++].hold_id = c->file.hold_id;
    }
    if (!st)
        st = chat_content_json(ctx, say->contents, say->n_contents, &turn->request.content);
    turn->request.files = files;
    turn->request.n_files = n;
    return st;
}

/* ---- what the model is asked ---- */

/* Where the branch of the turn ends that the model is told: at the message, or at the reply that is to go on. */
static uint32_t end_of_branch(const struct chat_turn *turn)
{
    return turn->row.is_continuing ? turn->row.reply_seq : turn->row.user_seq;
}

static enum cq_status ask_reply(struct cq_ctx *ctx, struct chat_turn *turn)
{
    struct llm_ask *ask = &turn->asking.asks[0].ask;
    const char *name = engine_chat_model(turn->config, turn->model), *system = turn->row.instruction;
    uint32_t room = llm_context_tokens_of(turn->config, name);
    enum cq_status st = CQ_OK;

    *ask = (struct llm_ask){.task = LLM_REPLY, .model = name, .is_chat = true};
    if (turn->retrieval.query)
        st = retrieval_tell(ctx, system ? system : "", &turn->retrieval, !turn->hides_chunks, &system);
    if (!st)
        st = chat_ask_params(ctx, turn->bot.id ? turn->bot.generation_params : NULL, turn->wants_reasoning, ask);
    if (st)
        return st;
    ask->system = system && *system ? system : NULL;
    uint32_t used = ask->system ? llm_tokens(system, strlen(system)) : 0;

    if (room != UINT32_MAX)
        room = room > used ? room - used : 0;
    st = chat_ask_messages(ctx, turn->config, &turn->messages, end_of_branch(turn), room, ask);
    if (!st && turn->row.is_continuing)
        st = chat_ask_continue(ctx, ask);
    return st ? st : retrieval_passages(ctx, &turn->retrieval, ask);
}

/* What the bot's documents say to it, and what is attached, is looked up first. */
static enum cq_status look_up(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn)
{
    struct document_list documents = {0};
    const struct chat_message_row *said = chat_message_at(&turn->messages, turn->row.user_seq);
    struct hash_list unread = {0};
    enum cq_status st = CQ_OK;

    if (turn->bot.id && !turn->row.is_continuing)
        st = store_documents_of_bot(ctx, db, turn->bot.id, true, &documents);
    if (!st)
        st = chat_ask_unread(ctx, turn->config, &turn->messages, end_of_branch(turn), &unread);
    if (!st)
        st = retrieval_begin(ctx, turn->config, &documents, said ? said->text : "",
                             chat_previous_text(&turn->messages, turn->row.user_seq), &turn->retrieval, &turn->asking);
    if (!st && unread.n)
        st = retrieval_extract(ctx, &unread, &turn->retrieval, &turn->asking);
    return st;
}

/* What the reply was given, which is there already. */
static enum cq_status read_related(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn)
{
    return store_related_list(ctx, db, turn->request.user_id, turn->row.conversation_id, turn->row.reply_seq,
                              &turn->related);
}

/* The ask is there before what it says is known: until then it is the client's that waits for it. */
static enum cq_status begin_asking(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn)
{
    engine_ask_add(ctx, &turn->asking);
    enum cq_status st = turn->row.is_continuing ? read_related(ctx, db, turn) : CQ_OK;
    if (!st)
        st = look_up(ctx, db, turn);

    return st || turn->asking.retrieval ? st : ask_reply(ctx, turn);
}

enum cq_status engine_chat_retrieved(struct cq_ctx *ctx, struct chat_turn *turn, const char *answer, size_t len)
{
    retrieval_take(ctx, &turn->retrieval, answer, len);
    return ask_reply(ctx, turn);
}

enum cq_status engine_chat_related(struct cq_ctx *ctx, const struct chat_turn *turn, struct related_list *out)
{
    return retrieval_related(ctx, &turn->retrieval, out);
}

/* ---- beginning ---- */

static enum cq_status store_begin(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn,
                                  const struct chat_turn_params *params)
{
    enum cq_status st = keep_files(ctx, db, turn, params);
    if (st)
        return st;
    st = store_chat_turn_begin(ctx, db, &turn->request, &turn->row, &turn->messages);
    if (st || turn->row.is_replay)
        forget_files(ctx, db, params, params->say->n_contents);
    return st;
}

static enum cq_status take_replay(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn)
{
    struct chat_message_row *reply = chat_message_at(&turn->messages, turn->row.reply_seq);

    if (!reply)
        return cq_fail(ctx, CQ_INTERNAL, "the reply at %u is missing", turn->row.reply_seq);
    turn->model = reply->model;
    turn->hides_chunks = reply->hides_chunks;
    enum cq_status st = chat_render(ctx, reply);
    return st ? st : read_related(ctx, db, turn);
}

enum cq_status engine_chat_begin(struct cq_ctx *ctx, struct db *db, const struct chat_turn_params *params,
                                 struct bot_row *bot, struct chat_turn **out)
{
    struct chat_turn *turn = arena_zalloc(ctx->arena, 1, sizeof(*turn));
    struct before before;

    if (!turn)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = read_before(ctx, db, params, &before);
    if (!st)
        st = choose_bot(ctx, db, params, &before, &turn->bot);
    *bot = turn->bot;
    if (!st)
        st = choose_model(ctx, params, &before, &turn->bot, &turn->model);
    if (!st)
        st = prepare(ctx, turn, params, &before);
    if (!st)
        st = store_begin(ctx, db, turn, params);
    if (st)
        return st;
    *out = turn;
    if (turn->row.is_replay)
        return take_replay(ctx, db, turn);
    st = begin_asking(ctx, db, turn);
    if (!st)
        return CQ_OK;
    turn->is_ended = true; /* it was begun, and nobody would end it */
    turn->failure = st;
    return engine_chat_end(ctx, db, turn);
}

/* ---- the end ---- */

const char *engine_chat_stop_reason(enum llm_stop stop)
{
    switch (stop) {
    case LLM_STOP_LENGTH:
        return "max_tokens";
    case LLM_STOP_SEQUENCE:
        return "stop_sequence";
    case LLM_STOP_FILTERED:
        return "content_filtered";
    case LLM_STOP_ASKED:
        return "stopped";
    default:
        return "end_turn";
    }
}

const struct chat_message_row *engine_chat_reply(const struct chat_turn *turn)
{
    return chat_message_at(&turn->messages, turn->row.reply_seq);
}

/* Without white space at its end. */
static const char *trimmed(struct cq_ctx *ctx, const char *text)
{
    size_t len = strlen(text), trimmed_len = len;
    const char *at = text;

    utf8_trim(&at, &trimmed_len);
    return arena_strndup(ctx->arena, text, (size_t)(at - text) + trimmed_len);
}

static void count_used(struct chat_message_row *reply, const struct model_calls *calls)
{
    for (size_t i = 0; i < calls->n; i++) {
        const struct usage *used = &calls->models[i].sum;

        reply->input_tokens += used->input_tokens;
        reply->output_tokens += used->output_tokens;
        reply->cache_read_tokens += used->cache_read_tokens;
        reply->cache_write_tokens += used->cache_write_tokens;
        reply->price_nano += used->price_nano;
    }
}

static enum cq_status make_new_reply(struct cq_ctx *ctx, struct chat_turn *turn, const struct llm_reply *said)
{
    struct chat_message_row *reply = &turn->reply;

    reply->name = turn->request.reply_name;
    reply->parent = turn->row.user_seq;
    reply->model = turn->model;
    reply->text = trimmed(ctx, said->text);
    reply->hides_chunks = turn->hides_chunks;
    reply->created_at_ms = turn->ended_ms;
    if (!reply->text)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = chat_content_reply(ctx, said->reasoning, said->signature, reply->text, &reply->content);

    if (!st && turn->retrieval.query)
        st = chat_thinking_log(ctx, &turn->retrieval, turn->tool_use_id, reply->name, &reply->thinking_log);
    if (!st && !turn->hides_chunks)
        st = retrieval_related(ctx, &turn->retrieval, &turn->related);
    for (size_t i = 0; i < turn->related.n; i++)
        turn->related.rows[i].seq = turn->row.reply_seq;
    return st;
}

static enum cq_status make_longer_reply(struct cq_ctx *ctx, struct chat_turn *turn, const struct llm_reply *said)
{
    const struct chat_message_row *before = engine_chat_reply(turn);
    struct chat_message_row *reply = &turn->reply;

    *reply = *before;
    const char *text = arena_printf(ctx->arena, "%s%s", before->text, said->text);
    reply->text = text ? trimmed(ctx, text) : NULL;
    if (!reply->text)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    return chat_content_extend(ctx, before->content, reply->text, &reply->content);
}

static enum cq_status make_reply(struct cq_ctx *ctx, struct chat_turn *turn)
{
    const struct llm_reply *said = &turn->asking.asks[0].reply;
    enum cq_status st = turn->row.is_continuing ? make_longer_reply(ctx, turn, said) : make_new_reply(ctx, turn, said);

    turn->reply.seq = turn->row.reply_seq;
    turn->reply.is_reply = true;
    turn->reply.stop_reason = engine_chat_stop_reason(said->stop);
    return st ? st : chat_render(ctx, &turn->reply);
}

bool engine_chat_read(struct cq_ctx *ctx, struct chat_turn *turn)
{
    if (turn->is_ended)
        return true;
    turn->is_ended = true;
    turn->ended_ms = turn->row.begun_ms + clock_mono_ms() - turn->row.begun_mono_ms;
    turn->failure = turn->asking.asks[0].st;
    if (!turn->failure)
        turn->failure = make_reply(ctx, turn);
    return true;
}

/* The tree as it is now: with the reply, or with a longer one. */
static enum cq_status show_reply(struct cq_ctx *ctx, struct chat_turn *turn, const struct model_calls *calls)
{
    struct chat_message_list *list = &turn->messages;
    struct chat_message_row *rows = arena_zalloc(ctx->arena, list->n + 1, sizeof(*rows)), *there;

    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    memcpy(rows, list->rows, list->n * sizeof(*rows));
    *list = (struct chat_message_list){rows, list->n};
    count_used(&turn->reply, calls);
    there = chat_message_at(list, turn->reply.seq);
    if (there)
        *there = turn->reply;
    else
        rows[list->n++] = turn->reply;
    chat_message_at(list, turn->row.user_seq)->state = CHAT_COMPLETE;
    return CQ_OK;
}

/* Nothing more is to be stored of it: later, or never. */
static bool is_left(enum cq_status st)
{
    return st == CQ_BUSY || st == CQ_LOST || st == CQ_CONVERSATION_NOT_FOUND;
}

static enum cq_status store_failure(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end,
                                    enum cq_status why)
{
    char error[sizeof(ctx->error)];

    memcpy(error, ctx->error, sizeof(error)); /* the cause is worth more than what follows from it */
    enum cq_status st = store_chat_turn_fail(ctx, db, end, cq_status_info(why)->name);
    if (is_left(st))
        return st;
    memcpy(ctx->error, error, sizeof(error));
    return why;
}

enum cq_status engine_chat_end(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn)
{
    const struct model_calls *calls = engine_ask_calls(ctx, &turn->asking);
    const struct chat_message_row *before = turn->row.is_continuing ? engine_chat_reply(turn) : NULL;
    struct chat_turn_end end = {.turn = &turn->row,
                                .user_id = turn->request.user_id,
                                .bot_id = turn->bot.id,
                                .owner = turn->request.owner,
                                .reply_uuid = turn->request.uuids[2],
                                .ended_ms = turn->ended_ms,
                                .reply = turn->reply,
                                .text_before = before ? before->text : NULL,
                                .should_continue = str_eq(turn->reply.stop_reason, "max_tokens"),
                                .related = turn->related.n && !before ? &turn->related : NULL,
                                .tries = turn->asking.asks[0].tries,
                                .calls = calls,
                                .prompt_version = PROMPT_VERSION,
                                .is_again = turn->is_again};

    turn->is_again = true;
    if (turn->failure)
        return store_failure(ctx, db, &end, turn->failure);
    enum cq_status st = store_chat_turn_complete(ctx, db, &end);
    if (!st)
        return show_reply(ctx, turn, calls);
    return is_left(st) ? st : store_failure(ctx, db, &end, st);
}

enum cq_status engine_chat_renew(struct cq_ctx *ctx, struct db *db, const struct chat_turn *turn)
{
    return store_turn_renew(ctx, db, turn->row.id, turn->request.owner, turn->lease_s);
}
