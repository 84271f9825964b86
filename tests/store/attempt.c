/* Places and attempts: rows that the tests begin with, and turns step by step. */
#include "attempt.h"

enum { LEASE_S = 60 };

const char *new_uuid(struct cq_ctx *ctx)
{
    char *uuid = arena_alloc(ctx->arena, UUID_TEXT_BYTES);

    if (!uuid)
        give_up("out of memory");
    uuid_new(uuid);
    return uuid;
}

uint64_t user_new(const struct place *p)
{
    const char *login = new_uuid(p->ctx);
    const struct new_user user = {.login = login, .name = login, .sortable_name = login, .short_name = login};
    uint64_t id = 0;

    MUST(store_user_add(p->ctx, p->db, &user, &id));
    return id;
}

uint64_t user_enrolled(const struct place *p, enum role role)
{
    uint64_t user_id = user_new(p), id;

    MUST(store_enroll(p->ctx, p->db, p->course_id, user_id, role, true, &id));
    return user_id;
}

uint64_t experience_new(const struct place *p, const char *workflow_state)
{
    const struct ai_experience_change change = {.set_workflow_state = true,
                                                .title = "title",
                                                .learning_objective = "one\ntwo",
                                                .pedagogical_guidance = "guidance",
                                                .workflow_state = workflow_state};
    struct ai_experience_row row = {0};

    MUST(store_ai_experience_create(p->ctx, p->db, &(struct ai_experience_origin){.course_id = p->course_id}, &change,
                                    &row));
    return row.id;
}

struct place place_in(struct cq_ctx *ctx, struct db *db)
{
    struct place p = {.ctx = ctx, .db = db};

    MUST(store_course_add(p.ctx, p.db, "CODE", "course", &p.course_id));
    p.user_id = user_enrolled(&p, ROLE_STUDENT);
    p.ai_experience_id = experience_new(&p, "published");
    return p;
}

struct place place_new(void)
{
    return place_in(test_ctx(), shared_db());
}

/* ---- attempts ---- */

struct attempt attempt_message(const struct place *p, uint64_t conversation_id, const char *text)
{
    static const struct user_limits none = {UINT32_MAX, UINT32_MAX, UINT32_MAX, 0, UINT32_MAX, 0, 0};

    return (struct attempt){
        .request = {.limits = &none,
                    .user_id = p->user_id,
                    .course_id = p->course_id,
                    .ai_experience_id = p->ai_experience_id,
                    .conversation_id = conversation_id,
                    .text = text,
                    .message_uuid = new_uuid(p->ctx),
                    .reply_uuid = new_uuid(p->ctx),
                    .owner = "worker",
                    .lease_s = LEASE_S},
        .reply = "reply",
        .html = "<p>reply</p>",
        .met_at = ",",
        .calls = {.json = "[{\"task\":\"reply\"}]", .models = {{"model", 1, {30, 40, 5, 6, 700}}}, .n = 1}};
}

struct attempt attempt_opening(const struct place *p)
{
    struct attempt a = attempt_message(p, 0, "opening message");

    a.request.conversation_uuid = new_uuid(p->ctx);
    a.request.learning_objective = "one\ntwo";
    a.request.met_at = ",";
    return a;
}

static const uint8_t *hash_of(struct cq_ctx *ctx, const char *text)
{
    uint8_t *hash = arena_alloc(ctx->arena, SHA256_BYTES);

    if (!hash || !sha256(text, strlen(text), hash))
        give_up("out of memory");
    return hash;
}

struct request_key attempt_request_key(struct cq_ctx *ctx, const char *key, const char *body)
{
    return (struct request_key){.hash = hash_of(ctx, key), .body_hash = hash_of(ctx, body)};
}

void attempt_key(struct cq_ctx *ctx, struct attempt *a, const char *key, const char *body)
{
    a->request.key = attempt_request_key(ctx, key, body);
}

enum cq_status attempt_begin(const struct place *p, struct attempt *a)
{
    return store_turn_begin(p->ctx, p->db, &a->request, &a->turn, &a->messages);
}

static struct turn_end end_of(const struct attempt *a)
{
    return (struct turn_end){.turn = &a->turn,
                             .user_id = a->request.user_id,
                             .course_id = a->request.course_id,
                             .ai_experience_id = a->request.ai_experience_id,
                             .is_opening = a->request.conversation_id == 0,
                             .reply_uuid = a->request.reply_uuid,
                             .owner = a->request.owner,
                             .ended_ms = a->turn.begun_ms + 1000,
                             .text = a->reply,
                             .html = a->html,
                             .related = a->related,
                             .citations = a->citations,
                             .met_at = a->met_at,
                             .all_objectives_met = a->all_objectives_met,
                             .summary = a->summary,
                             .summarised = a->summarised,
                             .tries = 2,
                             .calls = &a->calls,
                             .prompt_version = 9,
                             .is_again = a->is_again};
}

enum cq_status attempt_complete(const struct place *p, struct attempt *a)
{
    const struct turn_end end = end_of(a);

    return store_turn_complete(p->ctx, p->db, &end, &a->stored, &a->has_feedback);
}

enum cq_status attempt_fail(const struct place *p, const struct attempt *a)
{
    struct turn_end end = end_of(a);

    end.text = end.html = NULL;
    return store_turn_fail(p->ctx, p->db, &end, "model_timeout");
}

enum cq_status attempt_renew(const struct place *p, const struct attempt *a)
{
    return store_turn_renew(p->ctx, p->db, a->turn.id, a->request.owner, 10 * LEASE_S);
}

struct attempt turn_done(const struct place *p, uint64_t conversation_id, const char *text)
{
    struct attempt a = attempt_message(p, conversation_id, text);

    MUST(attempt_begin(p, &a));
    MUST(attempt_complete(p, &a));
    return a;
}

uint64_t conversation_opened(const struct place *p)
{
    struct attempt a = attempt_opening(p);

    MUST(attempt_begin(p, &a));
    MUST(attempt_complete(p, &a));
    return a.turn.conversation_id;
}

/* ---- looking ---- */

void turn_expire(const struct attempt *a)
{
    sql_run("UPDATE turn SET lease_until = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE id = %ju", (uintmax_t)a->turn.id);
}

bool turn_is(const struct attempt *a, const char *state)
{
    return sql_number("SELECT COUNT(*) FROM turn WHERE id = %ju AND state = '%s'", (uintmax_t)a->turn.id, state) == 1;
}

uint64_t count_messages(uint64_t conversation_id)
{
    return sql_number("SELECT COUNT(*) FROM message WHERE conversation_id = %ju", (uintmax_t)conversation_id);
}

uint64_t count_turns(uint64_t conversation_id)
{
    return sql_number("SELECT COUNT(*) FROM turn WHERE conversation_id = %ju", (uintmax_t)conversation_id);
}
