/* Idempotency keys: the same request again gives the first one's result, and never a second turn. */
#include "attempt.h"

static struct attempt keyed(const struct place *p, uint64_t conversation_id, const char *text, const char *key)
{
    struct attempt a = conversation_id ? attempt_message(p, conversation_id, text) : attempt_opening(p);

    attempt_key(p->ctx, &a, key, text);
    return a;
}

static uint64_t turn_of_key(const struct place *p)
{
    return sql_number("SELECT turn_id FROM idempotency_key WHERE user_id = %ju", (uintmax_t)p->user_id);
}

static uint64_t count_keys(const struct place *p)
{
    return sql_number("SELECT COUNT(*) FROM idempotency_key WHERE user_id = %ju", (uintmax_t)p->user_id);
}

static void test_replay(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt first = keyed(&p, conversation_id, "text", "key");
    struct attempt again = keyed(&p, conversation_id, "text", "key");

    first.met_at = "3,";
    GIVES(CQ_OK, attempt_begin(&p, &first));
    GIVES(CQ_TURN_IN_PROGRESS, attempt_begin(&p, &again));
    GIVES(CQ_OK, attempt_complete(&p, &first));
    turn_done(&p, conversation_id, "later");
    GIVES(CQ_OK, attempt_begin(&p, &again));
    CU_ASSERT_TRUE(again.turn.is_replay);
    CU_ASSERT_EQUAL(again.turn.id, first.turn.id);
    CU_ASSERT_EQUAL(again.turn.user_seq, 2);
    CU_ASSERT_EQUAL(again.turn.reply_seq, 3);
    ASSERT_TEXT(again.turn.met_at, "3,"); /* as it was then, not as the later turn left it */
    CU_ASSERT_EQUAL_FATAL(again.messages.n, 4);
    ASSERT_TEXT(again.messages.rows[3].uuid, first.request.reply_uuid);
    CU_ASSERT_EQUAL(count_messages(conversation_id), 6);
    MUST(store_conversation_complete(p.ctx, p.db, conversation_id));
    GIVES(CQ_OK, attempt_begin(&p, &again)); /* its result is still there */
    CU_ASSERT_TRUE(again.turn.is_replay);
}

static void test_other_body(void)
{
    static const struct {
        const char *name;
        bool is_message_id;
        enum cq_status want;
    } rows[] = {{"header", false, CQ_IDEMPOTENCY_CONFLICT}, {"message id", true, CQ_MESSAGE_ID_CONFLICT}};
    struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt first = keyed(&p, conversation_id, "text", rows[i].name);
        struct attempt other = keyed(&p, conversation_id, "other", rows[i].name);

        other.request.key.is_message_id = rows[i].is_message_id;
        MUST(attempt_begin(&p, &first));
        ROW_ASSERT(rows[i].name, attempt_begin(&p, &other) == rows[i].want);
        MUST(attempt_complete(&p, &first));
        ROW_ASSERT(rows[i].name, attempt_begin(&p, &other) == rows[i].want);
        CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
    }
}

/* A key belongs to its user. */
static void test_other_user(void)
{
    struct place p = place_new(), q = p;
    struct attempt mine = keyed(&p, conversation_opened(&p), "text", "key"), theirs;

    q.user_id = user_enrolled(&p, ROLE_STUDENT);
    theirs = keyed(&q, conversation_opened(&q), "other", "key");
    GIVES(CQ_OK, attempt_begin(&p, &mine));
    GIVES(CQ_OK, attempt_begin(&q, &theirs));
}

/* What ended the first attempt does not matter: it is tried again in its place. */
static void test_again_after_failure(void)
{
    static const struct {
        const char *name;
        bool is_expired;
    } rows[] = {{"failed", false}, {"expired", true}};
    struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt first = keyed(&p, conversation_id, "text", rows[i].name);
        struct attempt again = keyed(&p, conversation_id, "text", rows[i].name);

        MUST(attempt_begin(&p, &first));
        if (rows[i].is_expired)
            turn_expire(&first);
        else
            MUST(attempt_fail(&p, &first));
        ROW_ASSERT(rows[i].name, !attempt_begin(&p, &again) && !again.turn.is_replay);
        ROW_ASSERT(rows[i].name, again.turn.id == first.turn.id);
        ROW_ASSERT(rows[i].name, count_messages(conversation_id) == 3);
        MUST(attempt_complete(&p, &again));
        ROW_ASSERT(rows[i].name, !attempt_begin(&p, &first) && first.turn.is_replay && first.turn.reply_seq == 3);
    }
}

/* Its place is no longer the last: it is said anew, and the key goes with it. */
static void test_again_after_another(void)
{
    static const struct {
        const char *name;
        bool is_other_failed;
    } rows[] = {{"after a reply", false}, {"after another failure", true}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt first = keyed(&p, conversation_id, "text", "key");
        struct attempt other = attempt_message(&p, conversation_id, "other");
        struct attempt again = keyed(&p, conversation_id, "text", "key");

        MUST(attempt_begin(&p, &first));
        MUST(attempt_fail(&p, &first));
        MUST(attempt_begin(&p, &other));
        if (rows[i].is_other_failed)
            MUST(attempt_fail(&p, &other));
        else
            MUST(attempt_complete(&p, &other));
        ROW_ASSERT(rows[i].name, !attempt_begin(&p, &again) && !again.turn.is_replay);
        ROW_ASSERT(rows[i].name, again.turn.id != first.turn.id && again.turn.user_seq > other.turn.user_seq);
        ROW_ASSERT(rows[i].name, count_keys(&p) == 1 && turn_of_key(&p) == again.turn.id);
        MUST(attempt_complete(&p, &again));
        ROW_ASSERT(rows[i].name, !attempt_begin(&p, &first) && first.turn.is_replay);
        ROW_ASSERT(rows[i].name, first.turn.reply_seq == again.stored.seq);
    }
}

/* The client gave up on a request of its own and sent the same words without a key, or under another. */
static void test_another_key_takes_the_place(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt first = keyed(&p, conversation_id, "text", "first key");
    struct attempt second = keyed(&p, conversation_id, "text", "second key");

    MUST(attempt_begin(&p, &first));
    MUST(attempt_fail(&p, &first));
    GIVES(CQ_OK, attempt_begin(&p, &second));
    CU_ASSERT_EQUAL(second.turn.id, first.turn.id);
    GIVES(CQ_TURN_IN_PROGRESS, attempt_begin(&p, &first));
    GIVES(CQ_OK, attempt_complete(&p, &second));
    GIVES(CQ_OK, attempt_begin(&p, &first));
    CU_ASSERT_TRUE(first.turn.is_replay);
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
}

static void test_opening(void)
{
    struct place p = place_new();
    struct attempt first = keyed(&p, 0, "opening", "key"), again = keyed(&p, 0, "opening", "key");
    struct attempt other = keyed(&p, 0, "other", "key");

    GIVES(CQ_OK, attempt_begin(&p, &first));
    GIVES(CQ_TURN_IN_PROGRESS, attempt_begin(&p, &again));
    GIVES(CQ_IDEMPOTENCY_CONFLICT, attempt_begin(&p, &other));
    GIVES(CQ_OK, attempt_complete(&p, &first));
    GIVES(CQ_OK, attempt_begin(&p, &again));
    CU_ASSERT_TRUE(again.turn.is_replay);
    CU_ASSERT_EQUAL(again.turn.conversation_id, first.turn.conversation_id);
    CU_ASSERT_EQUAL(again.turn.reply_seq, 1);
    CU_ASSERT_EQUAL(again.messages.n, 2);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM conversation WHERE user_id = %ju", (uintmax_t)p.user_id), 1);
}

/* An opening that failed leaves nothing, not even its key. */
static void test_opening_again(void)
{
    struct place p = place_new();
    struct attempt failed = keyed(&p, 0, "opening", "key"), dead = keyed(&p, 0, "opening", "key");
    struct attempt again = keyed(&p, 0, "opening", "key");

    MUST(attempt_begin(&p, &failed));
    MUST(attempt_fail(&p, &failed));
    CU_ASSERT_EQUAL(count_keys(&p), 0);
    GIVES(CQ_OK, attempt_begin(&p, &dead));
    turn_expire(&dead);
    GIVES(CQ_OK, attempt_begin(&p, &again));
    CU_ASSERT_NOT_EQUAL(again.turn.conversation_id, dead.turn.conversation_id);
    CU_ASSERT_EQUAL(turn_of_key(&p), again.turn.id);
    GIVES(CQ_OK, attempt_complete(&p, &again));
    GIVES(CQ_OK, attempt_begin(&p, &failed));
    CU_ASSERT_TRUE(failed.turn.is_replay);
    CU_ASSERT_EQUAL(failed.turn.conversation_id, again.turn.conversation_id);
}

struct racing {
    struct place p;
    struct attempt a;
    enum cq_status st;
};

static void begin_racing(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct racing *r = arg;

    r->p.ctx = ctx;
    r->p.db = db;
    r->st = attempt_begin(&r->p, &r->a);
}

static void test_two_at_once(void)
{
    static const struct {
        const char *name;
        bool is_opening;
    } rows[] = {{"message", false}, {"opening", true}};

    for (int round = 0; round < 16; round++) {
        size_t i = (size_t)round % LEN(rows);
        struct place p = place_new();
        uint64_t conversation_id = rows[i].is_opening ? 0 : conversation_opened(&p);
        struct racing one = {p, keyed(&p, conversation_id, "text", "key"), CQ_INTERNAL};
        struct racing two = {p, keyed(&p, conversation_id, "text", "key"), CQ_INTERNAL};

        race(begin_racing, &one, &two);
        GIVES(CQ_OK, one.st ? two.st : one.st);
        GIVES(CQ_TURN_IN_PROGRESS, one.st ? one.st : two.st);
        ROW_ASSERT(rows[i].name, count_keys(&p) == 1);
        ROW_ASSERT(rows[i].name,
                   sql_number("SELECT COUNT(*) FROM turn t JOIN conversation v ON v.id = t.conversation_id"
                              " WHERE v.user_id = %ju AND t.state = 'pending'",
                              (uintmax_t)p.user_id) == 1);
    }
}

SUITE(keys, {"replay", test_replay}, {"another body", test_other_body}, {"another user", test_other_user},
      {"again after a failure", test_again_after_failure}, {"again after another message", test_again_after_another},
      {"another key takes the place", test_another_key_takes_the_place}, {"opening", test_opening},
      {"opening again", test_opening_again}, {"two at once", test_two_at_once});
