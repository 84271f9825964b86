/* Making, changing and deleting bots, and with them their documents. The bot's row is locked before all that belongs to it. */
#include "store/bot.h"
#include "store/document.h"

static const char LOCK_BOT[] = "SELECT " BOT_COLUMNS " FROM bot b WHERE b.id = ? AND b.is_live = 1 FOR UPDATE";

static const char SELECT_OWN_BOT[] =
    "SELECT " BOT_COLUMNS " FROM bot b WHERE b.name = ? AND b.is_live = 1 AND b.owner_id = ?";

static const char INSERT_BOT[] =
    "INSERT INTO bot (name, is_live, owner_id, title, description, instruction, generation_params, active_models,"
    " quick_starters, display_retrieved_chunks, prompt_caching_enabled, created_at)"
    " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))";

/* Its owner has it at hand before it is used. */
static const char NOTE_MADE[] =
    "INSERT INTO bot_use (user_id, bot_id, is_recent, used_at) VALUES (?, ?, 1, UTC_TIMESTAMP(3))";

static const char UPDATE_BOT[] =
    "UPDATE bot SET title = ?, description = ?, instruction = ?, generation_params = ?, active_models = ?,"
    " quick_starters = ?, display_retrieved_chunks = ?, prompt_caching_enabled = ? WHERE id = ?";

static const char BURY_BOT[] =
    "UPDATE bot SET is_live = NULL, description = '', instruction = '', scope = 'private', generation_params = NULL,"
    " active_models = NULL, quick_starters = NULL WHERE id = ?";
static const char DELETE_USERS[] = "DELETE FROM bot_user WHERE bot_id = ?";
static const char DELETE_COURSES[] = "DELETE FROM bot_course WHERE bot_id = ?";

/* Whom it has replied to finds it in the list of those recently used, as gone. */
static const char FORGET_USES[] =
    "UPDATE bot_use SET is_starred = 0, is_recent = is_recent AND turns > 0 WHERE bot_id = ?";

static enum cq_status select_bot(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in,
                                 size_t n_in, struct bot_row *out)
{
    struct bot_row b = {0};
    const struct db_out cols[] = {BOT_OUT(b)};

    enum cq_status st = db_query_one(ctx, db, sql, in, n_in, cols, LEN(cols));
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_BOT_NOT_FOUND : st;
    b.is_usable = b.is_editable = true; /* by whoever comes here */
    *out = b;
    return CQ_OK;
}

enum cq_status bot_lock(struct cq_ctx *ctx, struct db *db, uint64_t id, struct bot_row *out)
{
    const struct db_in in[] = {IN_U64(id)};

    return select_bot(ctx, db, LOCK_BOT, in, LEN(in), out);
}

struct change_args {
    uint64_t id;      /* of a bot that is there */
    uint64_t user_id; /* who asks; of a new bot, the owner */
    const char *name;
    const struct bot_change *change;
    struct bot_changed done; /* dropped grows with each run: what one has removed, the next one may not find any more */
};

/* ---- documents ---- */

static bool is_added(const struct bot_change *c, const char *filename)
{
    for (size_t i = 0; i < c->n_added; i++)
        if (str_eq(c->added[i], filename))
            return true;
    return false;
}

/* What is added again takes the place of what is there: a second run would else remove what the first has added. */
static enum cq_status remove_documents(struct cq_ctx *ctx, struct db *db, struct change_args *args)
{
    const struct bot_change *c = args->change;
    enum cq_status st = CQ_OK;

    for (size_t i = 0; !st && i < c->n_removed; i++) {
        if (is_added(c, c->removed[i]))
            continue;
        st = document_remove_named(ctx, db, args->done.bot.id, c->removed[i], &args->done.dropped);
        if (st == CQ_RESOURCE_NOT_FOUND)
            st = CQ_OK;
    }
    return st;
}

/* What an earlier run that was committed has made a document of is no upload any more. */
static enum cq_status add_documents(struct cq_ctx *ctx, struct db *db, struct change_args *args, bool is_rerun)
{
    const struct bot_row *b = &args->done.bot;
    const struct bot_change *c = args->change;
    enum cq_status st = CQ_OK;

    for (size_t i = 0; !st && i < c->n_added; i++) {
        st =
            document_from_upload(ctx, db, b->owner_id, b->name, b->id, args->user_id, c->added[i], &args->done.dropped);
        if (st == CQ_RESOURCE_NOT_FOUND && is_rerun)
            st = CQ_OK;
        if (st == CQ_RESOURCE_NOT_FOUND) {
            args->done.missing = c->added[i];
            st = CQ_INVALID_FIELDS;
        }
    }
    return st;
}

static enum cq_status change_documents(struct cq_ctx *ctx, struct db *db, struct change_args *args, bool is_rerun)
{
    enum cq_status st = remove_documents(ctx, db, args);

    return st ? st : add_documents(ctx, db, args, is_rerun);
}

/* ---- making and changing ---- */

/* What the change says, and where it says nothing what is there. */
static void apply(const struct bot_change *c, struct bot_row *b)
{
    const struct {
        const char *from, **to;
    } texts[] = {{c->title, &b->title},
                 {c->description, &b->description},
                 {c->instruction, &b->instruction},
                 {c->generation_params, &b->generation_params},
                 {c->active_models, &b->active_models},
                 {c->quick_starters, &b->quick_starters}};

    for (size_t i = 0; i < LEN(texts); i++)
        if (texts[i].from)
            *texts[i].to = texts[i].from;
    if (c->display_retrieved_chunks)
        b->display_retrieved_chunks = *c->display_retrieved_chunks;
    if (c->prompt_caching_enabled)
        b->prompt_caching_enabled = *c->prompt_caching_enabled;
}

static enum cq_status insert_bot(struct cq_ctx *ctx, struct db *db, struct change_args *args)
{
    struct bot_row b = {.description = ""};

    apply(args->change, &b);
    const struct db_in bot[] = {IN_TEXT(args->name),
                                IN_U64(args->user_id),
                                IN_TEXT(b.title),
                                IN_TEXT(b.description),
                                IN_TEXT(b.instruction),
                                IN_TEXT(b.generation_params),
                                IN_TEXT(b.active_models),
                                IN_TEXT(b.quick_starters),
                                IN_U64(b.display_retrieved_chunks),
                                IN_U64(b.prompt_caching_enabled)};
    enum cq_status st = db_execute(ctx, db, INSERT_BOT, bot, LEN(bot), NULL);

    if (st)
        return st == CQ_DUPLICATE ? CQ_BOT_EXISTS : st;
    uint64_t id = db_insert_id(db);
    const struct db_in made[] = {IN_U64(args->user_id), IN_U64(id)};

    st = db_execute(ctx, db, NOTE_MADE, made, LEN(made), NULL);
    return st ? st : bot_lock(ctx, db, id, &args->done.bot);
}

/* On a rerun, a bot of that name and owner can only be what an earlier run has made: it found the name free. */
static enum cq_status create_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct change_args *args = arg;
    const struct db_in own[] = {IN_TEXT(args->name), IN_U64(args->user_id)};

    enum cq_status st = insert_bot(ctx, db, args);
    if (!st)
        return change_documents(ctx, db, args, is_rerun);
    if (st == CQ_BOT_EXISTS && is_rerun) {
        st = select_bot(ctx, db, SELECT_OWN_BOT, own, LEN(own), &args->done.bot);
        return st == CQ_BOT_NOT_FOUND ? CQ_BOT_EXISTS : st;
    }
    return st;
}

static enum cq_status update_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct change_args *args = arg;
    struct bot_row *b = &args->done.bot;

    enum cq_status st = bot_lock(ctx, db, args->id, b);
    if (st)
        return st;
    apply(args->change, b);
    const struct db_in in[] = {IN_TEXT(b->title),
                               IN_TEXT(b->description),
                               IN_TEXT(b->instruction),
                               IN_TEXT(b->generation_params),
                               IN_TEXT(b->active_models),
                               IN_TEXT(b->quick_starters),
                               IN_U64(b->display_retrieved_chunks),
                               IN_U64(b->prompt_caching_enabled),
                               IN_U64(b->id)};

    st = db_execute(ctx, db, UPDATE_BOT, in, LEN(in), NULL);
    return st ? st : change_documents(ctx, db, args, is_rerun);
}

static enum cq_status change_bot(struct cq_ctx *ctx, struct db *db, db_tx_fn *fn, struct change_args *args,
                                 struct bot_changed *out)
{
    enum cq_status st = db_tx(ctx, db, fn, args);

    if (!st)
        *out = args->done;
    if (st == CQ_INVALID_FIELDS)
        out->missing = args->done.missing;
    return st;
}

enum cq_status store_bot_create(struct cq_ctx *ctx, struct db *db, uint64_t owner_id, const char *name,
                                const struct bot_change *change, struct bot_changed *out)
{
    struct change_args args = {.user_id = owner_id, .name = name, .change = change};

    return change_bot(ctx, db, create_tx, &args, out);
}

enum cq_status store_bot_update(struct cq_ctx *ctx, struct db *db, uint64_t id, uint64_t user_id,
                                const struct bot_change *change, struct bot_changed *out)
{
    struct change_args args = {.id = id, .user_id = user_id, .change = change};

    return change_bot(ctx, db, update_tx, &args, out);
}

/* ---- deleting ---- */

static enum cq_status delete_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    static const char *const statements[] = {DELETE_USERS, DELETE_COURSES, FORGET_USES, BURY_BOT};
    struct change_args *args = arg;
    const struct db_in in[] = {IN_U64(args->id)};

    enum cq_status st = bot_lock(ctx, db, args->id, &args->done.bot);
    if (st)
        return st == CQ_BOT_NOT_FOUND && is_rerun ? CQ_OK : st;
    st = document_remove_all(ctx, db, args->id, &args->done.dropped);
    for (size_t i = 0; !st && i < LEN(statements); i++) {
        const char *sql = statements[i];

        st = db_execute(ctx, db, sql, in, LEN(in), NULL);
    }
    return st;
}

enum cq_status store_bot_delete(struct cq_ctx *ctx, struct db *db, uint64_t id, struct hash_list *dropped)
{
    struct change_args args = {.id = id};

    enum cq_status st = db_tx(ctx, db, delete_tx, &args);
    if (!st)
        *dropped = args.done.dropped;
    return st;
}
