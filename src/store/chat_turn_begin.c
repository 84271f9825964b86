/*
 * Turns of chats: how a user's message comes to be stored, once, in a tree.
 *
 * One turn of a conversation runs at a time; its row is found by that. Every change locks the user's day first, then the
 * conversation. All messages are read under the lock, so that parents and keys are looked up among them, and what the model is told
 * is what stands there.
 */
#include "store/chat_word.h"
#include "store/file.h"
#include "store/turn.h"
#include "store/user_day.h"

struct begin_args {
    const struct chat_turn_request *request;
    struct user_day day;   /* locked */
    int64_t asked_mono_ms; /* of this run, on clock_mono_ms() */
    struct chat_turn_row *turn;
    struct chat_message_list *messages;
};

/* What stands there when the lock is had. */
struct locked {
    uint64_t id; /* 0: there is none */
    uint32_t last_seq, next_seq;
    bool should_continue;
    const char *instruction;
    int64_t created_at_ms, now_ms;
    struct found_turn running;
};

/* ---- finding ---- */

static const char FIND_CHAT[] = "SELECT conversation_id FROM chat WHERE user_id = ? AND name = ?";

/* Its name is found without a lock, so that the conversation's comes first, as with whoever renames or deletes it. */
static const char LOCK_CONVERSATION[] = "SELECT next_seq FROM conversation WHERE id = ? FOR UPDATE";

/* Without the bot, whose row all who use it would lock. */
static const char LOCK_CHAT[] =
    "SELECT c.conversation_id, c.last_seq, c.should_continue, c.instruction, c.created_at,"
    " UTC_TIMESTAMP(3), r.id, r.user_seq, r.state, r.reply_uuid, r.lease_until <= UTC_TIMESTAMP(3)"
    " FROM chat c LEFT JOIN turn r ON r.conversation_id = c.conversation_id AND r.is_running = 1"
    " WHERE c.conversation_id = ? FOR UPDATE";

static const char SELECT_TURN[] = "SELECT id FROM turn WHERE conversation_id = ? AND user_seq = ?";

static const char SELECT_NOW[] = "SELECT UTC_TIMESTAMP(3)";

static enum cq_status lock_chat(struct cq_ctx *ctx, struct db *db, const struct chat_turn_request *r,
                                struct locked *out)
{
    struct locked l = {0};
    const struct db_in name[] = {IN_U64(r->user_id), IN_TEXT(r->chat_name)};
    const struct db_out id[] = {OUT_U64(l.id)}, next[] = {OUT_U32(l.next_seq)};
    const struct db_out cols[] = {OUT_U64(l.id),
                                  OUT_U32(l.last_seq),
                                  OUT_BOOL(l.should_continue),
                                  OUT_TEXT(l.instruction),
                                  OUT_TIME(l.created_at_ms),
                                  OUT_TIME(l.now_ms),
                                  OUT_U64(l.running.id),
                                  OUT_U32(l.running.user_seq),
                                  OUT_TEXT(l.running.state),
                                  OUT_TEXT(l.running.reply_uuid),
                                  OUT_BOOL(l.running.is_expired)};

    enum cq_status st = db_query_one(ctx, db, FIND_CHAT, name, LEN(name), id, LEN(id));
    const struct db_in in[] = {IN_U64(l.id)};

    if (!st)
        st = db_query_one(ctx, db, LOCK_CONVERSATION, in, LEN(in), next, LEN(next));
    if (!st)
        st = db_query_one(ctx, db, LOCK_CHAT, in, LEN(in), cols, LEN(cols));
    if (!st)
        *out = l;
    return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
}

static const struct chat_message_row *find_named(const struct chat_message_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->rows[i].name, name))
            return &list->rows[i];
    return NULL;
}

static struct chat_message_row *find_at(const struct chat_message_list *list, uint32_t seq)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->rows[i].seq == seq)
            return &list->rows[i];
    return NULL;
}

static const struct chat_message_row *find_reply(const struct chat_message_list *list, uint32_t seq)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->rows[i].is_reply && list->rows[i].parent == seq)
            return &list->rows[i];
    return NULL;
}

static enum cq_status find_parent(const struct chat_turn_request *r, const struct locked *locked,
                                  const struct chat_message_list *list, uint32_t *out)
{
    const struct chat_message_row *parent;

    *out = 0;
    if (!r->parent) {
        *out = locked->last_seq;
        return CQ_OK;
    }
    if (str_eq(r->parent, "system"))
        return CQ_OK;
    if (!locked->id)
        return CQ_CONVERSATION_NOT_FOUND;
    parent = find_named(list, r->parent);
    if (!parent)
        return CQ_UNKNOWN_PARENT;
    *out = parent->seq;
    return CQ_OK;
}

/* ---- one that came before ---- */

static void note_turn(const struct begin_args *args, const struct locked *locked, uint64_t id, uint32_t user_seq)
{
    *args->turn = (struct chat_turn_row){.id = id,
                                         .conversation_id = locked->id,
                                         .user_seq = user_seq,
                                         .reply_seq = locked->next_seq,
                                         .begun_ms = locked->now_ms,
                                         .begun_mono_ms = args->asked_mono_ms,
                                         .created_at_ms = locked->created_at_ms,
                                         .instruction = locked->instruction};
}

static void note_replay(const struct begin_args *args, const struct locked *locked,
                        const struct chat_message_row *reply)
{
    note_turn(args, locked, 0, reply->parent);
    args->turn->reply_seq = reply->seq;
    args->turn->is_replay = true;
}

static bool is_same(const struct chat_message_row *row, const struct chat_turn_request *r, const struct locked *locked,
                    const struct chat_message_list *list)
{
    uint32_t parent;

    if (row->is_reply || !str_eq(row->text, r->text) || !str_eq(row->content, r->content))
        return false;
    return !r->parent || (!find_parent(r, locked, list, &parent) && parent == row->parent);
}

/* What a key of either kind has begun before. */
struct earlier {
    uint32_t user_seq; /* 0: nothing was begun */
    bool is_keyed;     /* the header's key is known already */
};

static enum cq_status find_earlier(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                   const struct locked *locked, struct earlier *out)
{
    const struct chat_turn_request *r = args->request;
    const struct chat_message_row *named = r->is_named ? find_named(args->messages, r->message_name) : NULL;
    struct found_turn keyed = {0};
    enum cq_status st = r->key.hash ? turn_by_key(ctx, db, r->user_id, &r->key, &keyed) : CQ_RESOURCE_NOT_FOUND;

    *out = (struct earlier){0};
    if (st && st != CQ_RESOURCE_NOT_FOUND)
        return st;
    if (keyed.id) {
        bool goes_on = r->is_continuing && !str_eq(keyed.state, "complete"); /* once more: it had not */

        *out = (struct earlier){goes_on ? 0 : keyed.user_seq, true};
        return keyed.is_same_body ? CQ_OK : CQ_IDEMPOTENCY_CONFLICT;
    }
    if (named && (r->is_continuing || !is_same(named, r, locked, args->messages)))
        return CQ_MESSAGE_ID_CONFLICT;
    if (named)
        out->user_seq = named->seq;
    return CQ_OK;
}

static enum cq_status read_turn_id(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t user_seq,
                                   uint64_t *id)
{
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(user_seq)};
    const struct db_out out[] = {OUT_U64(*id)};

    return db_query_one(ctx, db, SELECT_TURN, in, LEN(in), out, LEN(out));
}

/* ---- beginning ---- */

static const char INSERT_CONVERSATION[] =
    "INSERT INTO conversation (uuid, ai_experience_id, user_id, workflow_state, learning_objective, met_at, next_seq,"
    " created_at, updated_at) VALUES (?, NULL, ?, 'active', '', '', 1, ?, ?)";

static const char INSERT_CHAT[] =
    "INSERT INTO chat (conversation_id, user_id, name, title, bot_id, instruction, model, last_seq, created_at,"
    " updated_at) VALUES (?, ?, ?, 'New conversation', NULLIF(?, 0), ?, ?, 0, ?, ?)";

static const char INSERT_MESSAGE[] =
    "INSERT INTO message (conversation_id, seq, uuid, role, text, created_at) VALUES (?, ?, ?, 0, ?, ?)";

static const char INSERT_CHAT_MESSAGE[] =
    "INSERT INTO chat_message (conversation_id, seq, name, parent, model, content) VALUES (?, ?, ?, ?, ?, ?)";

static const char INSERT_TURN[] =
    "INSERT INTO turn (conversation_id, user_id, user_seq, reply_uuid, state, is_running, owner, lease_until,"
    " created_at, is_chat) VALUES (?, ?, ?, ?, 'pending', 1, ?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND,"
    " UTC_TIMESTAMP(3), 1)";

static const char ADVANCE_CONVERSATION[] =
    "UPDATE conversation SET next_seq = ?, updated_at = UTC_TIMESTAMP(3) WHERE id = ?";

static const char ADVANCE_CHAT[] = "UPDATE chat SET last_seq = ?, should_continue = 0, updated_at = UTC_TIMESTAMP(3)"
                                   " WHERE conversation_id = ?";

static const char INSERT_CHAT_FILE[] = "INSERT INTO chat_file (conversation_id, hash) VALUES (?, ?)"
                                       " ON DUPLICATE KEY UPDATE conversation_id = chat_file.conversation_id";

static enum cq_status read_now(struct cq_ctx *ctx, struct db *db, int64_t *now_ms)
{
    const struct db_out out[] = {OUT_TIME(*now_ms)};

    return db_query_one(ctx, db, SELECT_NOW, NULL, 0, out, LEN(out));
}

static enum cq_status create_chat(struct cq_ctx *ctx, struct db *db, const struct chat_turn_request *r,
                                  struct locked *locked)
{
    int64_t now_ms = 0;
    enum cq_status st = read_now(ctx, db, &now_ms);
    const struct db_in conversation[] = {IN_TEXT(r->uuids[0]), IN_U64(r->user_id), IN_TIME(now_ms), IN_TIME(now_ms)};

    if (!st)
        st = db_execute(ctx, db, INSERT_CONVERSATION, conversation, LEN(conversation), NULL);
    if (st)
        return st;
    *locked = (struct locked){.id = db_insert_id(db),
                              .next_seq = 1,
                              .instruction = r->instruction,
                              .created_at_ms = now_ms,
                              .now_ms = now_ms};
    const struct db_in chat[] = {IN_U64(locked->id),      IN_U64(r->user_id), IN_TEXT(r->chat_name), IN_U64(r->bot_id),
                                 IN_TEXT(r->instruction), IN_TEXT(r->model),  IN_TIME(now_ms),       IN_TIME(now_ms)};

    st = db_execute(ctx, db, INSERT_CHAT, chat, LEN(chat), NULL);
    if (!st)
        st = chat_words_add(ctx, db, r->user_id, locked->id, 0, "New conversation");
    return st == CQ_DUPLICATE ? CQ_AGAIN : st; /* the first run is being committed just now */
}

static enum cq_status append_message(struct cq_ctx *ctx, const struct begin_args *args, uint32_t parent)
{
    const struct chat_turn_request *r = args->request;
    struct chat_message_list *list = args->messages;
    struct chat_message_row *rows = arena_zalloc(ctx->arena, list->n + 1, sizeof(*rows));

    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "a conversation is larger than the request's memory");
    if (list->n)
        memcpy(rows, list->rows, list->n * sizeof(*rows));
    rows[list->n] = (struct chat_message_row){.seq = args->turn->user_seq,
                                              .parent = parent,
                                              .name = r->message_name,
                                              .state = CHAT_PENDING,
                                              .model = r->model,
                                              .text = r->text,
                                              .content = r->content,
                                              .created_at_ms = args->turn->begun_ms};
    *list = (struct chat_message_list){rows, list->n + 1};
    return CQ_OK;
}

static enum cq_status insert_files(struct cq_ctx *ctx, struct db *db, const struct chat_turn_request *r, uint64_t id)
{
    enum cq_status st = CQ_OK;

    for (size_t i = 0; i < r->n_files && !st; i++) {
        const struct db_in in[] = {IN_U64(id), IN_BYTES(r->files[i].hash, SHA256_BYTES)};

        st = db_execute(ctx, db, INSERT_CHAT_FILE, in, LEN(in), NULL);
        if (!st)
            st = file_release(ctx, db, r->files[i].hold_id);
    }
    return st;
}

static enum cq_status insert_message(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                     const struct locked *locked, uint32_t parent)
{
    const struct chat_turn_request *r = args->request;
    uint32_t seq = locked->next_seq;
    const struct db_in message[] = {IN_U64(locked->id), IN_U64(seq), IN_TEXT(r->uuids[1]), IN_TEXT(r->text),
                                    IN_TIME(locked->now_ms)};
    const struct db_in of_chat[] = {IN_U64(locked->id), IN_U64(seq),       IN_TEXT(r->message_name),
                                    IN_U64(parent),     IN_TEXT(r->model), IN_TEXT(r->content)};
    const struct db_in turn[] = {IN_U64(locked->id),   IN_U64(r->user_id), IN_U64(seq),
                                 IN_TEXT(r->uuids[2]), IN_TEXT(r->owner),  IN_U64(r->lease_s)};
    enum cq_status st = db_execute(ctx, db, INSERT_MESSAGE, message, LEN(message), NULL);

    if (!st)
        st = db_execute(ctx, db, INSERT_CHAT_MESSAGE, of_chat, LEN(of_chat), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_TURN, turn, LEN(turn), NULL);
    if (st)
        return st;
    note_turn(args, locked, db_insert_id(db), seq);
    args->turn->reply_seq = seq + 1;
    st = chat_words_add(ctx, db, r->user_id, locked->id, seq, r->text);
    if (!st)
        st = insert_files(ctx, db, r, locked->id);
    return st ? st : append_message(ctx, args, parent);
}

static enum cq_status advance(struct cq_ctx *ctx, struct db *db, uint64_t id, uint32_t next_seq, uint32_t last_seq)
{
    const struct db_in conversation[] = {IN_U64(next_seq), IN_U64(id)};
    const struct db_in chat[] = {IN_U64(last_seq), IN_U64(id)};
    enum cq_status st = db_execute(ctx, db, ADVANCE_CONVERSATION, conversation, LEN(conversation), NULL);

    return st ? st : db_execute(ctx, db, ADVANCE_CHAT, chat, LEN(chat), NULL);
}

static enum cq_status begin_new(struct cq_ctx *ctx, struct db *db, const struct begin_args *args, struct locked *locked)
{
    bool is_new = !locked->id;
    uint32_t parent;
    enum cq_status st = find_parent(args->request, locked, args->messages, &parent);

    if (!st && is_new)
        st = create_chat(ctx, db, args->request, locked);
    if (!st)
        st = insert_message(ctx, db, args, locked, parent);
    if (st)
        return st;
    args->turn->is_new = is_new;
    return advance(ctx, db, locked->id, locked->next_seq + 1, locked->next_seq);
}

/* In the place of the one that failed: the same message, with the same parent and the same files, which are held no longer. */
static enum cq_status begin_again(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                  const struct locked *locked, uint32_t user_seq)
{
    const struct chat_turn_request *r = args->request;
    uint64_t id = 0;
    enum cq_status st = read_turn_id(ctx, db, locked->id, user_seq, &id);

    if (!st)
        st = turn_begin_again(ctx, db, id, r->uuids[2], r->owner, r->lease_s, false);
    if (!st)
        st = insert_files(ctx, db, r, locked->id);
    if (st)
        return st;
    note_turn(args, locked, id, user_seq);
    find_at(args->messages, user_seq)->state = CHAT_PENDING;
    return advance(ctx, db, locked->id, locked->next_seq, user_seq);
}

static enum cq_status begin_continuing(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                       const struct locked *locked)
{
    const struct chat_turn_request *r = args->request;
    const struct chat_message_row *reply = find_at(args->messages, locked->last_seq);
    uint64_t id = 0;

    if (r->parent && (!reply || !str_eq(r->parent, reply->name)))
        return CQ_INVALID_REQUEST;
    if (!locked->should_continue || !reply || !reply->is_reply)
        return CQ_NOTHING_TO_CONTINUE;
    enum cq_status st = read_turn_id(ctx, db, locked->id, reply->parent, &id);
    if (!st)
        st = turn_begin_again(ctx, db, id, r->uuids[2], r->owner, r->lease_s, true);
    if (st)
        return st;
    note_turn(args, locked, id, reply->parent);
    args->turn->reply_seq = reply->seq;
    args->turn->is_continuing = true;
    return CQ_OK;
}

/* A commit whose answer was lost had been made after all. */
static void take_running(const struct begin_args *args, const struct locked *locked)
{
    note_turn(args, locked, locked->running.id, locked->running.user_seq);
    args->turn->is_continuing = args->request->is_continuing;
    if (args->turn->is_continuing)
        args->turn->reply_seq = locked->last_seq;
}

/* What came before under the same key decides; without one, that no other turn runs and no limit is reached. */
static enum cq_status begin(struct cq_ctx *ctx, struct db *db, struct begin_args *args, struct locked *locked)
{
    const struct chat_turn_request *r = args->request;
    struct earlier earlier;
    bool is_running = locked->running.id && turn_is_running(&locked->running);
    enum cq_status st = find_earlier(ctx, db, args, locked, &earlier);
    const struct chat_message_row *reply = earlier.user_seq ? find_reply(args->messages, earlier.user_seq) : NULL;

    if (st)
        return st;
    if (is_running)
        return reply && locked->running.user_seq != earlier.user_seq ? (note_replay(args, locked, reply), CQ_OK)
                                                                     : CQ_TURN_IN_PROGRESS;
    if (reply) {
        note_replay(args, locked, reply);
        return CQ_OK;
    }
    if (r->is_continuing && !locked->id)
        return CQ_CONVERSATION_NOT_FOUND;
    st = user_day_admit(ctx, db, &args->day, DAY_CHAT_MESSAGE, 0, r->limits);
    if (!st && locked->running.id)
        st = turn_give_up(ctx, db, locked->running.id);
    if (st)
        return st;
    if (earlier.user_seq)
        st = begin_again(ctx, db, args, locked, earlier.user_seq);
    else if (r->is_continuing)
        st = begin_continuing(ctx, db, args, locked);
    else
        st = begin_new(ctx, db, args, locked);
    return st ? st : turn_remember_key(ctx, db, r->user_id, &r->key, args->turn->id, !earlier.is_keyed);
}

static enum cq_status begin_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct begin_args *args = arg;
    struct locked locked = {0};

    *args->messages = (struct chat_message_list){NULL, 0}; /* what an earlier run had found */
    enum cq_status st = user_day_lock(ctx, db, args->request->user_id, &args->day);
    if (st)
        return st;
    args->asked_mono_ms = clock_mono_ms();
    st = lock_chat(ctx, db, args->request, &locked);
    if (!st && locked.id)
        st = store_chat_messages(ctx, db, locked.id, args->messages);
    if (st)
        return st;
    if (args->messages->n && locked.now_ms < args->messages->rows[args->messages->n - 1].created_at_ms)
        locked.now_ms = args->messages->rows[args->messages->n - 1].created_at_ms;
    if (is_rerun && str_eq(locked.running.reply_uuid, args->request->uuids[2])) {
        take_running(args, &locked);
        return CQ_OK;
    }
    return begin(ctx, db, args, &locked);
}

enum cq_status store_chat_turn_begin(struct cq_ctx *ctx, struct db *db, const struct chat_turn_request *request,
                                     struct chat_turn_row *turn, struct chat_message_list *messages)
{
    struct chat_turn_row row = {0};
    struct chat_message_list list = {0};
    struct begin_args args = {.request = request, .turn = &row, .messages = &list};

    enum cq_status st = db_tx(ctx, db, begin_tx, &args);
    if (st)
        return st;
    *turn = row;
    *messages = list;
    return CQ_OK;
}
