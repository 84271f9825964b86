/* Turns of chats: a message and its reply are stored once, in their place in the tree, whatever happens in between. */
#include "attempt.h"

struct say {
    const char *chat, *name, *parent, *text;
    bool is_named, is_continuing;
    const char *key; /* NULL: none */
};

struct said {
    const struct place *p;
    struct chat_turn_request request;
    struct chat_turn_row turn;
    struct chat_message_list messages;
    uint8_t key[SHA256_BYTES], body[SHA256_BYTES];
    char names[2][ULID_TEXT_BYTES], uuids[3][UUID_TEXT_BYTES];
};

static const struct user_limits limits = {1000, 1000, 1000, 0, 1000, 0, 0};

static void prepare(const struct place *p, const struct say *say, struct said *out)
{
    *out = (struct said){.p = p};
    for (size_t i = 0; i < 2; i++)
        ulid_new(out->names[i]);
    for (size_t i = 0; i < 3; i++)
        uuid_new(out->uuids[i]);
    out->request = (struct chat_turn_request){.limits = &limits,
                                              .user_id = p->user_id,
                                              .chat_name = say->chat,
                                              .parent = say->parent,
                                              .message_name = say->is_named ? say->name : out->names[0],
                                              .is_named = say->is_named,
                                              .reply_name = out->names[1],
                                              .text = say->text ? say->text : "",
                                              .model = "m",
                                              .is_continuing = say->is_continuing,
                                              .uuids = {out->uuids[0], out->uuids[1], out->uuids[2]},
                                              .owner = "host:1:0:1:1",
                                              .lease_s = 30};
    if (!say->key)
        return;
    CU_ASSERT(sha256(say->key, strlen(say->key), out->key) && sha256(say->text, strlen(say->text), out->body));
    out->request.key.hash = out->key;
    out->request.key.body_hash = out->body;
}

static enum cq_status begin(const struct place *p, const struct say *say, struct said *out)
{
    prepare(p, say, out);
    return store_chat_turn_begin(p->ctx, p->db, &out->request, &out->turn, &out->messages);
}

static struct chat_turn_end end_of(const struct said *said, const char *text)
{
    return (struct chat_turn_end){.turn = &said->turn,
                                  .user_id = said->p->user_id,
                                  .owner = said->request.owner,
                                  .reply_uuid = said->request.uuids[2],
                                  .ended_ms = said->turn.begun_ms,
                                  .text_before = "cut",
                                  .reply = {.name = said->request.reply_name,
                                            .parent = said->turn.user_seq,
                                            .model = "m",
                                            .text = text,
                                            .stop_reason = "end_turn"}};
}

static enum cq_status reply(const struct said *said, const char *text, bool should_continue)
{
    struct chat_turn_end end = end_of(said, text);

    end.should_continue = should_continue;
    return store_chat_turn_complete(said->p->ctx, said->p->db, &end);
}

static enum cq_status fail(const struct said *said)
{
    const struct chat_turn_end end = end_of(said, NULL);

    return store_chat_turn_fail(said->p->ctx, said->p->db, &end, "model_unavailable");
}

static struct chat_row chat_of(const struct place *p, const char *name)
{
    struct chat_row chat = {0};
    const char *model;

    GIVES(CQ_OK, store_chat_find(p->ctx, p->db, p->user_id, name, &chat, &model));
    return chat;
}

/* What the conversation looks like: each message as parent>seq, with its text and, unless complete, its state. */
static void assert_tree(const struct place *p, uint64_t id, const char *want)
{
    static const char *const states[] = {[CHAT_COMPLETE] = "", [CHAT_PENDING] = "…", [CHAT_FAILED] = "!"};
    struct chat_message_list list = {0};
    struct buf *text = buf_in_arena(p->ctx->arena, 1 << 16);

    MUST(store_chat_messages(p->ctx, p->db, id, &list));
    for (size_t i = 0; i < list.n; i++)
        buf_printf(text, "%s%u>%u %s%s", i ? ", " : "", list.rows[i].parent, list.rows[i].seq, list.rows[i].text,
                   states[list.rows[i].state]);
    ROW_ASSERT(text->data, str_eq(text->data, want));
}

static void test_replies_and_branches(void)
{
    struct place p = place_new();
    struct said said;

    GIVES(CQ_OK, begin(&p, &(struct say){.chat = "c", .text = "a", .name = "A", .is_named = true}, &said));
    CU_ASSERT_TRUE(said.turn.is_new);
    uint64_t id = said.turn.conversation_id;

    assert_tree(&p, id, "0>1 a…");
    CU_ASSERT_EQUAL(chat_of(&p, "c").last_seq, 1);
    GIVES(CQ_TURN_IN_PROGRESS, begin(&p, &(struct say){.chat = "c", .text = "b"}, &(struct said){0}));
    GIVES(CQ_OK, reply(&said, "A1", false));
    GIVES(CQ_OK, reply(&said, "A1", false)); /* again: nothing changes */
    assert_tree(&p, id, "0>1 a, 1>2 A1");
    GIVES(CQ_OK, begin(&p, &(struct say){.chat = "c", .text = "b"}, &said));
    GIVES(CQ_OK, reply(&said, "B1", false));
    GIVES(CQ_OK, begin(&p, &(struct say){.chat = "c", .text = "b2", .parent = "A"}, &said));
    GIVES(CQ_OK, fail(&said));
    assert_tree(&p, id, "0>1 a, 1>2 A1, 2>3 b, 3>4 B1, 1>5 b2!");
    CU_ASSERT_EQUAL(chat_of(&p, "c").last_seq, 5);
    GIVES(CQ_OK, begin(&p, &(struct say){.chat = "c", .text = "z", .parent = "system"}, &said));
    GIVES(CQ_OK, reply(&said, "Z1", false));
    assert_tree(&p, id, "0>1 a, 1>2 A1, 2>3 b, 3>4 B1, 1>5 b2!, 0>6 z, 6>7 Z1");
    GIVES(CQ_UNKNOWN_PARENT, begin(&p, &(struct say){.chat = "c", .text = "x", .parent = "none"}, &said));
    GIVES(CQ_CONVERSATION_NOT_FOUND, begin(&p, &(struct say){.chat = "d", .text = "x", .parent = "none"}, &said));
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM chat WHERE user_id = %ju", (uintmax_t)p.user_id), 1);
}

/* The same message again, by its name or by a key: what was begun goes on, or what was replied comes back. */
static void test_repeated(void)
{
    struct place p = place_new();
    struct said said, again;
    const struct say named = {.chat = "c", .text = "a", .name = "A", .is_named = true};
    const struct say keyed = {.chat = "c", .text = "k", .key = "key"}, other = {.chat = "c", .text = "l", .key = "key"};

    GIVES(CQ_OK, begin(&p, &named, &said));
    GIVES(CQ_TURN_IN_PROGRESS, begin(&p, &named, &again));
    GIVES(CQ_OK, fail(&said));
    GIVES(CQ_OK, begin(&p, &named, &said));
    CU_ASSERT_FALSE(said.turn.is_replay);
    CU_ASSERT_EQUAL(said.turn.user_seq, 1);
    GIVES(CQ_OK, reply(&said, "A1", false));
    GIVES(CQ_OK, begin(&p, &named, &again));
    CU_ASSERT_TRUE(again.turn.is_replay && again.turn.reply_seq == 2);
    GIVES(CQ_MESSAGE_ID_CONFLICT,
          begin(&p, &(struct say){.chat = "c", .text = "b", .name = "A", .is_named = true}, &again));
    GIVES(CQ_OK, begin(&p, &keyed, &said));
    GIVES(CQ_TURN_IN_PROGRESS, begin(&p, &keyed, &again));
    GIVES(CQ_IDEMPOTENCY_CONFLICT, begin(&p, &other, &again));
    GIVES(CQ_OK, reply(&said, "K1", false));
    GIVES(CQ_OK, begin(&p, &keyed, &again));
    CU_ASSERT_TRUE(again.turn.is_replay && again.turn.reply_seq == said.turn.reply_seq);
    assert_tree(&p, said.turn.conversation_id, "0>1 a, 1>2 A1, 2>3 k, 3>4 K1");
}

/* One that failed and is tried again after others were said keeps its place; its reply comes behind them. */
static void test_retried_later(void)
{
    struct place p = place_new();
    struct said first, said;
    const struct say named = {.chat = "c", .text = "a", .name = "A", .is_named = true};

    MUST(begin(&p, &named, &first));
    MUST(fail(&first));
    MUST(begin(&p, &(struct say){.chat = "c", .text = "b", .parent = "system"}, &said));
    MUST(reply(&said, "B1", false));
    GIVES(CQ_OK, begin(&p, &named, &first));
    GIVES(CQ_OK, reply(&first, "A1", false));
    assert_tree(&p, said.turn.conversation_id, "0>1 a, 0>2 b, 2>3 B1, 1>4 A1");
    CU_ASSERT_EQUAL(chat_of(&p, "c").last_seq, 4);
}

static void test_continued(void)
{
    struct place p = place_new();
    struct said said;
    const struct say go_on = {.chat = "c", .is_continuing = true};

    GIVES(CQ_CONVERSATION_NOT_FOUND, begin(&p, &go_on, &said));
    MUST(begin(&p, &(struct say){.chat = "c", .text = "a"}, &said));
    MUST(reply(&said, "cut", true));
    GIVES(CQ_INVALID_REQUEST, begin(&p, &(struct say){.chat = "c", .is_continuing = true, .parent = "system"}, &said));
    GIVES(CQ_OK, begin(&p, &go_on, &said));
    CU_ASSERT_TRUE(said.turn.is_continuing && said.turn.reply_seq == 2);
    GIVES(CQ_OK, fail(&said));
    assert_tree(&p, said.turn.conversation_id, "0>1 a, 1>2 cut");
    CU_ASSERT_TRUE(chat_of(&p, "c").should_continue);
    GIVES(CQ_OK, begin(&p, &go_on, &said));
    GIVES(CQ_OK, reply(&said, "cut and more", false));
    assert_tree(&p, said.turn.conversation_id, "0>1 a, 1>2 cut and more");
    GIVES(CQ_NOTHING_TO_CONTINUE, begin(&p, &go_on, &said));
}

/* A worker that died, and one that finds its turn taken. */
static void test_lease_run_out(void)
{
    struct place p = place_new();
    struct said lost, said;

    MUST(begin(&p, &(struct say){.chat = "c", .text = "a"}, &lost));
    sql_run("UPDATE turn SET lease_until = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE id = %ju",
            (uintmax_t)lost.turn.id);
    assert_tree(&p, lost.turn.conversation_id, "0>1 a!");
    GIVES(CQ_OK, begin(&p, &(struct say){.chat = "c", .text = "b", .parent = "system"}, &said));
    GIVES(CQ_LOST, reply(&lost, "too late", false));
    GIVES(CQ_OK, reply(&said, "B1", false));
    assert_tree(&p, said.turn.conversation_id, "0>1 a!, 0>2 b, 2>3 B1");
}

static void test_deleted_meanwhile(void)
{
    struct place p = place_new();
    struct said said;
    struct hash_list dropped = {0};

    MUST(begin(&p, &(struct say){.chat = "c", .text = "a"}, &said));
    MUST(store_chat_delete(p.ctx, p.db, p.user_id, said.turn.conversation_id, &dropped));
    GIVES(CQ_CONVERSATION_NOT_FOUND, reply(&said, "for nobody", false));
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM chat_word WHERE user_id = %ju", (uintmax_t)p.user_id), 0);
}

/* Of another user's conversation of the same name nothing is seen. */
static void test_names_are_a_users_own(void)
{
    struct place p = place_new(), other = place_new();
    struct said mine, theirs;

    MUST(begin(&p, &(struct say){.chat = "c", .text = "a"}, &mine));
    GIVES(CQ_OK, begin(&other, &(struct say){.chat = "c", .text = "b"}, &theirs));
    CU_ASSERT_NOT_EQUAL(mine.turn.conversation_id, theirs.turn.conversation_id);
    CU_ASSERT_EQUAL(theirs.messages.n, 1);
}

static void test_limit_of_the_day(void)
{
    static const struct user_limits two = {1000, 1000, 1000, 2, 1000, 0, 0};
    struct place p = place_new();
    struct said said;

    for (int i = 0; i < 2; i++) {
        MUST(begin(&p, &(struct say){.chat = "c", .text = "a"}, &said));
        MUST(reply(&said, "A", false));
    }
    prepare(&p, &(struct say){.chat = "c", .text = "b"}, &said);
    said.request.limits = &two;
    GIVES(CQ_RATE_LIMITED, store_chat_turn_begin(p.ctx, p.db, &said.request, &said.turn, &said.messages));
    CU_ASSERT_TRUE(p.ctx->retry_after_s > 0);
}

struct race_say {
    const struct place *p;
    enum cq_status st;
};

static void say_at_once(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct race_say *r = arg;
    const struct place mine = {.ctx = ctx, .db = db, .user_id = r->p->user_id};
    struct said said;

    r->st = begin(&mine, &(struct say){.chat = "c", .text = "a", .name = "A", .is_named = true}, &said);
}

/* Two of the same request at once: one turn, one conversation. */
static void test_at_once(void)
{
    struct place p = place_new();

    for (int i = 0; i < 20; i++) {
        struct race_say a = {.p = &p}, b = {.p = &p};
        struct hash_list dropped = {0};

        race(say_at_once, &a, &b);
        CU_ASSERT_TRUE((a.st == CQ_OK && b.st == CQ_TURN_IN_PROGRESS) ||
                       (b.st == CQ_OK && a.st == CQ_TURN_IN_PROGRESS));
        MUST(store_chat_delete_all(p.ctx, p.db, p.user_id, &dropped));
    }
}

struct busy {
    const struct place *p;
    uint64_t id;
    bool is_talker;
    int n_failed;
};

static void keep_busy(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct busy *b = arg;
    const struct place mine = {.ctx = ctx, .db = db, .user_id = b->p->user_id};
    struct said said;

    for (int i = 0; i < 40; i++) {
        enum cq_status st = b->is_talker ? begin(&mine, &(struct say){.chat = "c", .text = "more"}, &said)
                                         : store_chat_rename(ctx, db, b->id, i % 2 ? "One title" : "Another title");

        if (!st && b->is_talker)
            st = reply(&said, "Reply", false);
        b->n_failed += st != CQ_OK;
    }
}

/* They take their locks in one order: nobody is told of a deadlock. */
static void test_renamed_while_talking(void)
{
    struct place p = place_new();
    struct said said;

    MUST(begin(&p, &(struct say){.chat = "c", .text = "a"}, &said));
    MUST(reply(&said, "A1", false));
    struct busy talker = {.p = &p, .id = said.turn.conversation_id, .is_talker = true}, renamer = talker;

    renamer.is_talker = false;
    race(keep_busy, &talker, &renamer);
    CU_ASSERT_EQUAL(talker.n_failed, 0);
    CU_ASSERT_EQUAL(renamer.n_failed, 0);
}

SUITE(chat_turns, {"replies and branches", test_replies_and_branches}, {"repeated", test_repeated},
      {"retried later", test_retried_later}, {"continued", test_continued}, {"lease run out", test_lease_run_out},
      {"deleted meanwhile", test_deleted_meanwhile}, {"names are a user's own", test_names_are_a_users_own},
      {"limit of the day", test_limit_of_the_day}, {"at once", test_at_once},
      {"renamed while talking", test_renamed_while_talking});
