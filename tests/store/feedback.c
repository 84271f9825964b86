/* Votes: one for each user and message, and who is shown them. */
#include "attempt.h"

/* A conversation of four messages. */
struct scene {
    struct place p;
    uint64_t conversation_id;
    struct message_list messages;
};

static struct message_list messages_of(const struct place *p, uint64_t conversation_id)
{
    struct message_list list = {0};

    MUST(store_message_list(p->ctx, p->db, conversation_id, UINT32_MAX, &list));
    return list;
}

static struct scene scene_new(void)
{
    struct scene s = {.p = place_new()};

    s.conversation_id = conversation_opened(&s.p);
    turn_done(&s.p, s.conversation_id, "text");
    s.messages = messages_of(&s.p, s.conversation_id);
    CU_ASSERT_EQUAL_FATAL(s.messages.n, 4);
    return s;
}

static struct new_feedback vote_on(const struct scene *s, uint32_t seq, uint64_t user_id, const char *vote)
{
    return (struct new_feedback){.conversation_id = s->conversation_id,
                                 .user_id = user_id,
                                 .seq = seq,
                                 .message_uuid = s->messages.rows[seq].uuid,
                                 .uuid = new_uuid(s->p.ctx),
                                 .vote = vote};
}

static struct feedback_row put(const struct scene *s, const struct new_feedback *feedback)
{
    struct feedback_row row = {0};

    GIVES(CQ_OK, store_feedback_put(s->p.ctx, s->p.db, feedback, &row));
    return row;
}

/* What a user is shown, beside the messages as they are now. */
static struct message_list shown_to(const struct scene *s, uint64_t user_id)
{
    struct message_list list = messages_of(&s->p, s->conversation_id);

    GIVES(CQ_OK, store_feedback_read(s->p.ctx, s->p.db, s->conversation_id, user_id, &list));
    return list;
}

static uint64_t count_votes(const struct scene *s)
{
    return sql_number("SELECT COUNT(*) FROM feedback WHERE conversation_id = %ju", (uintmax_t)s->conversation_id);
}

static void test_put(void)
{
    struct scene s = scene_new();
    struct new_feedback first = vote_on(&s, 1, s.p.user_id, "disliked"), second = vote_on(&s, 1, s.p.user_id, "liked");

    first.feedback_message = "Why \xF0\x9F\x98\x80\n";
    struct feedback_row row = put(&s, &first);
    ASSERT_TEXT(row.uuid, first.uuid);
    ASSERT_TEXT(row.message_uuid, s.messages.rows[1].uuid);
    ASSERT_TEXT(row.vote, "disliked");
    ASSERT_TEXT(row.feedback_message, "Why \xF0\x9F\x98\x80\n");
    CU_ASSERT_TRUE(row.user_id == s.p.user_id && row.created_at_ms > 0 && row.created_at_ms == row.updated_at_ms);
    sql_run("UPDATE feedback SET created_at = '2024-01-01 00:00:00.500', updated_at = created_at WHERE uuid = '%s'",
            first.uuid);
    row = put(&s, &second);
    ASSERT_TEXT(row.uuid, first.uuid); /* the same vote, changed */
    ASSERT_TEXT(row.vote, "liked");
    CU_ASSERT_PTR_NULL(row.feedback_message);
    CU_ASSERT_EQUAL(row.created_at_ms, 1704067200500);
    CU_ASSERT_TRUE(row.updated_at_ms > row.created_at_ms);
    CU_ASSERT_EQUAL(count_votes(&s), 1);
}

/* Each is shown their own; a vote is none of the message's that it is not on. */
static void test_read(void)
{
    struct scene s = scene_new();
    uint64_t teacher = user_enrolled(&s.p, ROLE_TEACHER), reader = user_enrolled(&s.p, ROLE_TA);
    const struct new_feedback mine = vote_on(&s, 1, s.p.user_id, "liked"), last = vote_on(&s, 3, s.p.user_id, "liked"),
                              theirs = vote_on(&s, 3, teacher, "disliked");

    put(&s, &mine);
    put(&s, &last);
    put(&s, &theirs);
    const struct {
        const char *name;
        uint64_t user_id;
        const char *votes[4];
    } rows[] = {
        {"student", s.p.user_id, {NULL, mine.uuid, NULL, last.uuid}},
        {"teacher", teacher, {NULL, NULL, NULL, theirs.uuid}},
        {"reader", reader, {NULL, NULL, NULL, NULL}},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct message_list list = shown_to(&s, rows[i].user_id);

        for (size_t k = 0; k < list.n; k++) {
            const struct feedback_row *f = list.rows[k].feedback;

            ROW_ASSERT(rows[i].name, str_eq(f ? f->uuid : NULL, rows[i].votes[k]));
            ROW_ASSERT(rows[i].name,
                       !f || (str_eq(f->message_uuid, list.rows[k].uuid) && f->user_id == rows[i].user_id));
        }
    }
    struct message_list one = {s.messages.rows, 1};
    GIVES(CQ_OK,
          store_feedback_read(s.p.ctx, s.p.db, s.conversation_id, s.p.user_id, &one)); /* less than was voted on */
}

static void test_remove(void)
{
    struct scene s = scene_new();
    struct place other = place_in(s.p.ctx, s.p.db);
    uint64_t other_conversation = conversation_opened(&other);
    const struct new_feedback vote = vote_on(&s, 1, s.p.user_id, "liked");
    const char *message = s.messages.rows[1].uuid;

    put(&s, &vote);
    const struct {
        const char *name;
        uint64_t conversation_id, user_id;
        const char *message_uuid, *uuid;
    } rows[] = {
        {"unknown", s.conversation_id, s.p.user_id, message, new_uuid(s.p.ctx)},
        {"another's", s.conversation_id, other.user_id, message, vote.uuid},
        {"another message", s.conversation_id, s.p.user_id, s.messages.rows[3].uuid, vote.uuid},
        {"another conversation", other_conversation, s.p.user_id, message, vote.uuid},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, store_feedback_remove(s.p.ctx, s.p.db, rows[i].conversation_id, rows[i].user_id,
                                                       rows[i].message_uuid, rows[i].uuid) == CQ_RESOURCE_NOT_FOUND);
    CU_ASSERT_EQUAL(count_votes(&s), 1);
    GIVES(CQ_OK, store_feedback_remove(s.p.ctx, s.p.db, s.conversation_id, s.p.user_id, message, vote.uuid));
    GIVES(CQ_RESOURCE_NOT_FOUND,
          store_feedback_remove(s.p.ctx, s.p.db, s.conversation_id, s.p.user_id, message, vote.uuid));
    CU_ASSERT_EQUAL(count_votes(&s), 0);
}

static void test_a_message_that_is_not_there(void)
{
    struct scene s = scene_new();
    struct new_feedback vote = vote_on(&s, 1, s.p.user_id, "liked");
    struct feedback_row row;
    uint32_t seq = 0;
    bool is_assistant = true;

    vote.seq = 99;
    GIVES(CQ_RESOURCE_NOT_FOUND, store_feedback_put(s.p.ctx, s.p.db, &vote, &row));
    CU_ASSERT_EQUAL(sql_number("SELECT has_feedback FROM conversation WHERE id = %ju", (uintmax_t)s.conversation_id),
                    0);
    GIVES(CQ_OK, store_message_find(s.p.ctx, s.p.db, s.conversation_id, s.messages.rows[2].uuid, &seq, &is_assistant));
    CU_ASSERT_TRUE(seq == 2 && !is_assistant);
    GIVES(CQ_RESOURCE_NOT_FOUND,
          store_message_find(s.p.ctx, s.p.db, conversation_opened(&s.p), s.messages.rows[2].uuid, &seq, &is_assistant));
}

/* Whoever reads the conversation, or answers about it, learns that votes are worth asking for. */
static void test_the_note(void)
{
    struct scene s = scene_new();
    struct attempt before = attempt_message(&s.p, s.conversation_id, "before"),
                   during = attempt_message(&s.p, s.conversation_id, "during"), again;
    const struct new_feedback vote = vote_on(&s, 1, s.p.user_id, "liked");

    attempt_key(s.p.ctx, &before, "key", "before");
    again = before;
    MUST(attempt_begin(&s.p, &before));
    MUST(attempt_complete(&s.p, &before));
    CU_ASSERT_FALSE(before.has_feedback);
    MUST(attempt_begin(&s.p, &again));
    CU_ASSERT_TRUE(again.turn.is_replay && !again.turn.has_feedback);
    MUST(attempt_begin(&s.p, &during));
    put(&s, &vote);
    MUST(attempt_complete(&s.p, &during));
    CU_ASSERT_TRUE(during.has_feedback);
    during.has_feedback = false;
    MUST(attempt_complete(&s.p, &during)); /* it was stored already */
    CU_ASSERT_TRUE(during.has_feedback);
    MUST(attempt_begin(&s.p, &again));
    CU_ASSERT_TRUE(again.turn.is_replay && again.turn.has_feedback);
}

static void test_a_vote_is_no_change_of_the_conversation(void)
{
    struct scene s = scene_new();
    const struct new_feedback vote = vote_on(&s, 1, s.p.user_id, "liked");

    sql_run("UPDATE conversation SET updated_at = '2024-01-01' WHERE id = %ju", (uintmax_t)s.conversation_id);
    put(&s, &vote);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM conversation WHERE id = %ju AND updated_at = '2024-01-01'",
                               (uintmax_t)s.conversation_id),
                    1);
}

/* ---- races ---- */

struct racing {
    struct new_feedback feedback;
    enum cq_status st;
};

static void put_racing(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct racing *r = arg;
    struct feedback_row row;

    r->st = store_feedback_put(ctx, db, &r->feedback, &row);
}

static void test_two_at_once(void)
{
    for (int round = 0; round < 16; round++) {
        struct scene s = scene_new();
        uint64_t other = round % 2 ? user_enrolled(&s.p, ROLE_TEACHER) : s.p.user_id;
        struct racing one = {.feedback = vote_on(&s, 1, s.p.user_id, "liked"), .st = CQ_INTERNAL};
        struct racing two = {.feedback = vote_on(&s, 1, other, "disliked"), .st = CQ_INTERNAL};

        race(put_racing, &one, &two);
        GIVES(CQ_OK, one.st);
        GIVES(CQ_OK, two.st);
        CU_ASSERT_EQUAL(count_votes(&s), round % 2 ? 2u : 1u);
    }
}

/* One of the two: a vote, or a reply that is being stored. */
struct either {
    struct racing *vote;
    struct place p;
    struct attempt a;
    enum cq_status st;
};

static void do_either(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct either *e = arg;

    e->p.ctx = ctx;
    e->p.db = db;
    if (e->vote)
        put_racing(ctx, db, e->vote);
    else
        e->st = attempt_complete(&e->p, &e->a);
}

static void test_beside_a_reply(void)
{
    for (int round = 0; round < 16; round++) {
        struct scene s = scene_new();
        struct racing vote = {.feedback = vote_on(&s, 1, s.p.user_id, "liked"), .st = CQ_INTERNAL};
        struct either voting = {.vote = &vote}, replying = {.p = s.p, .st = CQ_INTERNAL};

        replying.a = attempt_message(&s.p, s.conversation_id, "next");
        MUST(attempt_begin(&s.p, &replying.a));
        race(do_either, &voting, &replying);
        GIVES(CQ_OK, vote.st);
        GIVES(CQ_OK, replying.st);
        CU_ASSERT_TRUE(count_votes(&s) == 1 && count_messages(s.conversation_id) == 6);
    }
}

SUITE(feedback, {"put", test_put}, {"read", test_read}, {"remove", test_remove},
      {"a message that is not there", test_a_message_that_is_not_there}, {"the note", test_the_note},
      {"a vote is no change of the conversation", test_a_vote_is_no_change_of_the_conversation},
      {"two at once", test_two_at_once}, {"beside a reply", test_beside_a_reply});
