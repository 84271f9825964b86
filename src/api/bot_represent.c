/* Bots as JSON. */
#include "api/bot_represent.h"

#include "api/bot_document.h"
#include "api/bot_models.h"
#include "api/bot_params.h"

/* ---- members ---- */

static void write_text(struct json_out *out, enum chat_form form, const char *key, const char *text)
{
    chat_key(out, form, key);
    json_text(out, text);
}

static void write_bool(struct json_out *out, enum chat_form form, const char *key, bool value)
{
    chat_key(out, form, key);
    json_boolean(out, value);
}

static void write_time(struct json_out *out, enum chat_form form, const char *key, int64_t unix_ms)
{
    chat_key(out, form, key);
    chat_time(out, form, unix_ms);
}

static void write_raw(struct json_out *out, enum chat_form form, const char *key, const char *json)
{
    chat_key(out, form, key);
    json_raw(out, json);
}

static void write_ids(struct json_out *out, enum chat_form form, const char *key, const uint64_t *ids, size_t n)
{
    chat_key(out, form, key);
    json_open_array(out);
    for (size_t i = 0; i < n; i++)
        json_id_text(out, ids[i]);
    json_close_array(out);
}

static void write_scope(struct json_out *out, enum chat_form form, const char *scope)
{
    write_text(out, form, "shared_scope", scope);
    write_text(out, form, "shared_status", str_eq(scope, "private") ? "unshared" : "shared");
}

static void write_quick_starters(struct json_out *out, enum chat_form form, const struct bot_row *bot)
{
    write_raw(out, form, "conversation_quick_starters", bot->quick_starters ? bot->quick_starters : "[]");
}

static enum cq_status write_models(struct request *req, struct json_out *out, enum chat_form form,
                                   const struct bot_row *bot)
{
    chat_key(out, form, "active_models");
    return bot_models_write(req, out, form, bot->active_models);
}

/* ---- documents ---- */

static const char *sync_name(enum bot_sync sync)
{
    static const enum document_state of_sync[] = {[BOT_SUCCEEDED] = DOCUMENT_SUCCEEDED,
                                                  [BOT_FAILED] = DOCUMENT_FAILED,
                                                  [BOT_QUEUED] = DOCUMENT_QUEUED,
                                                  [BOT_RUNNING] = DOCUMENT_RUNNING};

    return document_sync_status(of_sync[sync]);
}

/* What is under way is told before what has failed. */
static enum bot_sync sync_of(const struct bot_details *details)
{
    static const enum bot_sync of_state[DOCUMENT_STATE_COUNT] = {[DOCUMENT_QUEUED] = BOT_QUEUED,
                                                                 [DOCUMENT_RUNNING] = BOT_RUNNING,
                                                                 [DOCUMENT_SUCCEEDED] = BOT_SUCCEEDED,
                                                                 [DOCUMENT_FAILED] = BOT_FAILED};
    enum bot_sync sync = BOT_SUCCEEDED;

    for (size_t i = 0; i < details->n_documents; i++)
        if (of_state[details->documents[i].state] > sync)
            sync = of_state[details->documents[i].state];
    return sync;
}

/* "a.pdf: The file is encrypted. b.txt: The file holds no text." */
static const char *sync_reason(struct request *req, const struct bot_details *details)
{
    const char *reason = "";

    for (size_t i = 0; reason && i < details->n_documents; i++) {
        const struct bot_document *d = &details->documents[i];

        if (d->state == DOCUMENT_FAILED)
            reason = arena_printf(req->ctx.arena, "%s%s%s: %s", reason, *reason ? " " : "", d->filename,
                                  document_sync_reason(d->state, d->failure));
    }
    return reason;
}

static void write_sync(struct request *req, struct json_out *out, enum chat_form form,
                       const struct bot_details *details)
{
    enum bot_sync sync = sync_of(details);

    write_text(out, form, "sync_status", sync_name(sync));
    write_text(out, form, "sync_status_reason", sync == BOT_FAILED ? sync_reason(req, details) : "");
    write_text(out, form, "sync_last_exec_id", "");
}

static void write_knowledge(struct json_out *out, enum chat_form form, const struct bot_details *details)
{
    chat_key(out, form, "knowledge");
    json_open_object(out);
    write_raw(out, form, "source_urls", "[]");
    write_raw(out, form, "sitemap_urls", "[]");
    chat_key(out, form, "filenames");
    json_open_array(out);
    for (size_t i = 0; i < details->n_documents; i++)
        json_text(out, details->documents[i].filename);
    json_close_array(out);
    write_raw(out, form, "s3_urls", "[]");
    json_close_object(out);
}

/* ---- objects ---- */

static void write_sharing(struct json_out *out, enum chat_form form, const struct bot_row *bot,
                          const struct bot_details *details)
{
    write_scope(out, form, bot->scope);
    write_ids(out, form, "allowed_cognito_groups", details->course_ids, details->n_courses);
    write_ids(out, form, "allowed_cognito_users", details->user_ids, details->n_users);
    chat_key(out, form, "owner_user_id");
    json_id_text(out, bot->owner_id);
    write_bool(out, form, "is_publication", false);
}

static void write_identity(struct json_out *out, enum chat_form form, const struct bot_row *bot, int64_t used_at_ms)
{
    write_text(out, form, "id", bot->name);
    write_text(out, form, "title", bot->title);
    write_text(out, form, "description", bot->description);
    write_time(out, form, "create_time", bot->created_at_ms);
    write_time(out, form, "last_used_time", used_at_ms);
}

enum cq_status bot_write(struct request *req, struct json_out *out, enum chat_form form, const struct bot_row *bot,
                         const struct bot_details *details)
{
    struct bot_params params;
    enum cq_status st = bot_params_of(req, bot->generation_params, &params);

    if (st)
        return st;
    json_open_object(out);
    write_identity(out, form, bot, details->used_at_ms ? details->used_at_ms : bot->created_at_ms);
    write_text(out, form, "instruction", bot->instruction);
    write_sharing(out, form, bot, details);
    chat_key(out, form, "generation_params");
    bot_params_write(out, form, &params);
    write_raw(out, form, "agent", "{\"tools\":[]}");
    write_knowledge(out, form, details);
    write_bool(out, form, "prompt_caching_enabled", bot->prompt_caching_enabled);
    write_sync(req, out, form, details);
    write_bool(out, form, "display_retrieved_chunks", bot->display_retrieved_chunks);
    write_quick_starters(out, form, bot);
    write_raw(out, form, "bedrock_knowledge_base", "null");
    write_raw(out, form, "bedrock_guardrails", "null");
    st = write_models(req, out, form, bot);
    json_close_object(out);
    return st;
}

/* The members that a line of a list and a summary share, into an open object. */
static void write_item(const struct request *req, struct json_out *out, enum chat_form form,
                       const struct bot_item *item, const char *sync)
{
    write_identity(out, form, &item->bot, item->used_at_ms);
    write_bool(out, form, "is_starred", item->is_starred);
    write_bool(out, form, "owned", item->bot.owner_id == req->loaded->access.user_id);
    write_text(out, form, "sync_status", sync);
    write_scope(out, form, item->bot.scope);
}

/* Of what the caller may not use any more, its name and title are all that is told. */
void bot_write_meta(const struct request *req, struct json_out *out, enum chat_form form, const struct bot_item *item)
{
    struct bot_item known = *item;

    if (!item->bot.is_usable) {
        known.bot.description = "";
        known.bot.scope = "private";
    }
    json_open_object(out);
    write_item(req, out, form, &known, item->bot.is_usable ? sync_name(item->sync) : "ORIGINAL_NOT_FOUND");
    write_bool(out, form, "available", item->bot.is_usable);
    json_close_object(out);
}

enum cq_status bot_write_summary(struct request *req, struct json_out *out, enum chat_form form,
                                 const struct bot_row *bot, const struct bot_item *item)
{
    json_open_object(out);
    write_item(req, out, form, item, sync_name(item->sync));
    write_bool(out, form, "has_agent", false);
    write_bool(out, form, "has_knowledge", item->n_documents > 0);
    write_quick_starters(out, form, bot);
    enum cq_status st = write_models(req, out, form, bot);
    json_close_object(out);
    return st;
}
