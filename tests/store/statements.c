/*
 * Every statement of the store, on every database that it shall run on.
 *
 * COLLOQUY_TEST_DATABASES names databases besides our own, separated by commas, each as
 *     [user[:password]@]place[?name]
 * where place is the path of a socket or host:port, the user is root, and the name colloquy_test unless given. The
 * name must begin with colloquy_test: that database is dropped and made anew.
 */
#include <ctype.h>
#include <dirent.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>

#include "attempt.h"
#include "chat_seed.h"
#include "store/bot.h"
#include "store/chat_word.h"
#include "store/connection.h"

/*
 * Not on the connection that a program goes on with: sent as text, on the migration's second connection, after a lost
 * commit.
 */
static const char *const elsewhere[] = {"CREATE_TABLE", "LOCK_CLAIM", "FINISH", "SELECT_OPENED", "SELECT_OWN_BOT"};

static void say_nothing(const char *line)
{
    (void)line;
}

/* ---- each function, with arguments that find nothing ---- */

static void find_nothing(struct cq_ctx *ctx, struct db *db)
{
    const struct load_key key = {.scope = "none", .chat_name = "none", .bot_name = "none"};
    struct chat_row chat;
    struct chat_message_list chat_messages = {0};
    struct bot_row bot;
    const struct ai_experience_change change = {.set_title = true, .title = "x"};
    const struct ai_experience_change create = {.title = "x", .learning_objective = "x", .pedagogical_guidance = "x"};
    struct access_row access;
    struct ai_experience_row experience;
    struct conversation_row conversation;
    struct ai_experience_list list = {0};
    struct message_list messages = {0};
    const uint8_t hash[SHA256_BYTES] = {0};
    struct new_access_token token = {.user_id = 1, .purpose = "x"};
    int64_t expires_at_ms;
    uint64_t id;

    GIVES(CQ_TOKEN_UNKNOWN, store_load_course(ctx, db, &key, &access));
    GIVES(CQ_TOKEN_UNKNOWN, store_load_chat(ctx, db, &key, &access, &chat));
    GIVES(CQ_OK, store_chat_messages(ctx, db, 1, &chat_messages));
    CU_ASSERT_EQUAL(chat_messages.n, 0);
    GIVES(CQ_TOKEN_UNKNOWN, store_load_bot(ctx, db, &key, &access, &bot));
    GIVES(CQ_BOT_NOT_FOUND, store_bot_usable(ctx, db, 1, "none", &bot));
    GIVES(CQ_BOT_NOT_FOUND, store_bot_usable_by_id(ctx, db, 1, 1, &bot));
    GIVES(CQ_TOKEN_UNKNOWN, store_load_ai_experience(ctx, db, &key, &access, &experience));
    GIVES(CQ_TOKEN_UNKNOWN, store_load_conversation(ctx, db, &key, &access, &experience, &conversation));
    GIVES(CQ_TOKEN_UNKNOWN,
          store_load_active_conversation(ctx, db, &key, &access, &experience, &conversation, &messages));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_user_by_login(ctx, db, "nobody", &id));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_enroll(ctx, db, 1, 1, ROLE_STUDENT, true, &id));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_access_token_add(ctx, db, &token, &id, &expires_at_ms));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_access_token_revoke(ctx, db, 1, NULL));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_access_token_revoke(ctx, db, 0, hash));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_ai_experience_is_started(ctx, db, 1, &experience.is_started));
    GIVES(CQ_OK, store_ai_experience_list(ctx, db, 1, 1, true, NULL, 10, 0, &list));
    CU_ASSERT_EQUAL(list.n, 0);
    GIVES(CQ_OK, store_ai_experience_list(ctx, db, 1, 1, false, "published", 10, 0, &list));
    CU_ASSERT_EQUAL(list.n, 0);
    GIVES(CQ_OK, store_ai_experience_list(ctx, db, 1, 1, false, "published", 10, 10, &list));
    CU_ASSERT_EQUAL(list.n, 0);
    GIVES(CQ_RESOURCE_NOT_FOUND,
          store_ai_experience_create(ctx, db, &(struct ai_experience_origin){.course_id = 1}, &create, &experience));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_ai_experience_update(ctx, db, 1, &change, &experience));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_ai_experience_delete(ctx, db, 1, &experience));
    GIVES(CQ_OK, store_message_list(ctx, db, 1, UINT32_MAX, &messages));
    CU_ASSERT_EQUAL(messages.n, 0);
    GIVES(CQ_OK, store_conversation_complete(ctx, db, 1));
}

static enum cq_status count_one(struct cq_ctx *ctx, void *arg, const struct conversation_row *latest)
{
    size_t *n = arg;

    (void)ctx;
    *n += latest->id != 0;
    return CQ_OK;
}

static void find_no_reads(struct cq_ctx *ctx, struct db *db)
{
    const struct new_feedback feedback = {
        .conversation_id = 1, .user_id = 1, .uuid = new_uuid(ctx), .vote = "liked", .message_uuid = "none"};
    struct feedback_row row;
    struct student_row student;
    struct course_names course;
    struct message_list messages = {0};
    struct roster roster = {0};
    struct conversation_list conversations = {0};
    struct document_list documents = {0};
    struct related_list related = {0};
    uint32_t seq;
    bool is_assistant;

    GIVES(CQ_OK, store_documents_of_experience(ctx, db, 1, true, &documents));
    CU_ASSERT_EQUAL(documents.n, 0);
    GIVES(CQ_OK, store_related_list(ctx, db, 1, 1, 0, &related));
    CU_ASSERT_EQUAL(related.n, 0);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_message_list_with_student(ctx, db, 1, 1, &student, &messages));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_transcript(ctx, db, 1, 1, 1, &course, &student, &messages));
    GIVES(CQ_OK, store_conversation_list(ctx, db, 1, 1, 10, 0, &conversations));
    CU_ASSERT_EQUAL(conversations.n + conversations.total, 0);
    GIVES(CQ_OK, store_latest_each(ctx, db, 1, 1, "none", count_one, &conversations.n));
    CU_ASSERT_EQUAL(conversations.n, 0);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_message_find(ctx, db, 1, "none", &seq, &is_assistant));
    GIVES(CQ_OK, store_roster(ctx, db, 1, 1, NULL, 10, 0, &roster));
    CU_ASSERT_EQUAL(roster.n + roster.total, 0);
    GIVES(CQ_OK, store_roster(ctx, db, 1, 1, "nobody", 10, 0, &roster));
    CU_ASSERT_EQUAL(roster.n + roster.total, 0);
    GIVES(CQ_OK, store_feedback_read(ctx, db, 1, 1, &messages));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_feedback_put(ctx, db, &feedback, &row));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_feedback_remove(ctx, db, 1, 1, "none", "none"));
}

static enum cq_status note_use_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const uint64_t *ids = arg;

    (void)is_rerun;
    return bot_note_use(ctx, db, ids[0], ids[1]);
}

static void find_no_bot(struct cq_ctx *ctx, struct db *db)
{
    const struct bot_change change = {.title = "x", .instruction = "x"};
    const struct bot_share share = {.scope = "partial"};
    uint64_t ids[] = {1, 1};
    struct bot_changed changed = {.missing = NULL};
    struct bot_unshareable fault;
    struct bot_details details = {.n_documents = 7};
    struct hash_list dropped = {.n = 0};
    struct bot_list list = {.n = 7};
    struct bot_item item;
    bool is_found = true;

    GIVES(CQ_RESOURCE_NOT_FOUND, store_bot_create(ctx, db, 1, "none", &change, &changed));
    GIVES(CQ_BOT_NOT_FOUND, store_bot_update(ctx, db, 1, 1, &change, &changed));
    GIVES(CQ_BOT_NOT_FOUND, store_bot_delete(ctx, db, 1, &dropped));
    GIVES(CQ_BOT_NOT_FOUND, store_bot_share(ctx, db, 1, &share, &fault));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_bot_star(ctx, db, 1, 1));
    GIVES(CQ_RESOURCE_NOT_FOUND, db_tx(ctx, db, note_use_tx, ids));
    GIVES(CQ_OK, store_bot_unstar(ctx, db, 1, "none", &is_found));
    CU_ASSERT_FALSE(is_found);
    GIVES(CQ_OK, store_bot_forget_use(ctx, db, 1, "none", &is_found));
    CU_ASSERT_FALSE(is_found);
    GIVES(CQ_BOT_NOT_FOUND, store_bot_item(ctx, db, 1, 1, &item));
    GIVES(CQ_OK, store_bot_details(ctx, db, 1, &details));
    CU_ASSERT_EQUAL(details.n_documents + details.n_users + details.n_courses, 0);
    GIVES(CQ_OK, store_bot_search(ctx, db, 1, "none", 10, &list));
    CU_ASSERT_EQUAL(list.n, 0);
    GIVES(CQ_OK, store_has_role(ctx, db, 1, UINT32_MAX, &is_found));
    CU_ASSERT_FALSE(is_found);
}

static void find_no_session(struct cq_ctx *ctx, struct db *db)
{
    struct new_session session = {.user_id = 1, .idle_s = 600, .absolute_s = 600};
    struct sign_in_subjects subjects = {.pair = {0}};
    struct sign_in_user user;
    uint32_t wait_s = 7;
    bool is_live = true;

    GIVES(CQ_RESOURCE_NOT_FOUND, store_session_begin(ctx, db, &session));
    GIVES(CQ_OK, store_session_is_live(ctx, db, session.hash, &is_live));
    CU_ASSERT_FALSE(is_live);
    GIVES(CQ_OK, store_session_touch(ctx, db, 1, 600, 600));
    GIVES(CQ_OK, store_session_end(ctx, db, session.hash));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_sign_in_user(ctx, db, "nobody", &user));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_sign_in_user_by_id(ctx, db, 1, &user));
    GIVES(CQ_OK, store_sign_in_wait(ctx, db, &subjects, 1, &wait_s));
    CU_ASSERT_EQUAL(wait_s, 0);
}

static void find_no_account(struct cq_ctx *ctx, struct db *db)
{
    const struct password_change change = {.user_id = 1, .from = "$y$a", .to = "$y$b"};
    struct session_list sessions = {.n = 7};
    struct course_list courses = {.n = 7, .total = 7};
    struct session_row session;
    struct course_row course;
    struct user_row user;
    uint64_t n_ended = 7;

    GIVES(CQ_RESOURCE_NOT_FOUND, store_user(ctx, db, 1, &user));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_password_change(ctx, db, &change, &n_ended));
    CU_ASSERT_EQUAL(n_ended, 7);
    GIVES(CQ_OK, store_session_list(ctx, db, 1, 600, &sessions));
    CU_ASSERT_EQUAL(sessions.n, 0);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_session_end_by_id(ctx, db, 1, 1, 600, &session));
    GIVES(CQ_OK, store_session_end_others(ctx, db, 1, 0, &n_ended));
    CU_ASSERT_EQUAL(n_ended, 0);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_course(ctx, db, 1, &course));
    for (int is_admin = 0; is_admin <= 1; is_admin++) {
        GIVES(CQ_OK, store_course_list(ctx, db, 1, is_admin, 10, 0, &courses));
        CU_ASSERT_TRUE(courses.n == 0 && courses.total == 0);
    }
}

static void find_no_turn(struct cq_ctx *ctx, struct db *db)
{
    const struct place p = {.ctx = ctx, .db = db, .course_id = 1, .user_id = 1, .ai_experience_id = 1};
    struct attempt message = attempt_message(&p, 1, "text"), opening = attempt_opening(&p);
    const uint8_t hash[SHA256_BYTES] = {0};
    const struct new_override verdict = {.conversation_id = 1, .user_id = 1, .objective_hash = hash, .reason = "r"};
    struct evaluation_row evaluation;
    struct evaluation_override override;
    uint64_t n_settled = 1, id;
    size_t n_stopping = 1;
    bool is_found = true;

    GIVES(CQ_RESOURCE_NOT_FOUND, attempt_begin(&p, &message));
    GIVES(CQ_RESOURCE_NOT_FOUND, attempt_begin(&p, &opening));
    GIVES(CQ_RESOURCE_NOT_FOUND, attempt_complete(&p, &message)); /* nobody to count it for */
    GIVES(CQ_RESOURCE_NOT_FOUND, attempt_complete(&p, &opening));
    GIVES(CQ_LOST, attempt_fail(&p, &message));
    GIVES(CQ_LOST, attempt_renew(&p, &message));
    GIVES(CQ_OK, store_turn_stop(ctx, db, 1, &is_found));
    CU_ASSERT_FALSE(is_found);
    GIVES(CQ_OK, store_turns_stopping(ctx, db, "nobody", &id, 1, &n_stopping));
    CU_ASSERT_EQUAL(n_stopping, 0);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_evaluation_read(ctx, db, 1, hash, &evaluation));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_override_put(ctx, db, &verdict, &override));
    GIVES(CQ_OK, store_override_remove(ctx, db, 1, hash));
    GIVES(CQ_OK, store_turns_settle(ctx, db, "nobody:%", "", &n_settled));
    CU_ASSERT_EQUAL(n_settled, 0);
}

/* ---- and with arguments that find something, by each way through it ---- */

static void walk_experiences(const struct place *p)
{
    const struct ai_experience_change change = {.set_title = true, .title = "x"};
    const struct ai_experience_change create = {.title = "x", .learning_objective = "x", .pedagogical_guidance = "x"};
    const struct ai_experience_origin origin = {
        .course_id = p->course_id, .user_id = p->user_id, .key = attempt_request_key(p->ctx, "walk", "x")};
    struct ai_experience_list list = {0};
    struct ai_experience_row row;

    GIVES(CQ_OK, store_ai_experience_create(p->ctx, p->db, &origin, &create, &row));
    uint64_t id = row.id;
    GIVES(CQ_OK, store_ai_experience_update(p->ctx, p->db, id, &change, &row));
    GIVES(CQ_OK, store_ai_experience_list(p->ctx, p->db, p->course_id, p->user_id, true, NULL, 10, 0, &list));
    CU_ASSERT_EQUAL(list.n, 2);
    GIVES(CQ_OK, store_ai_experience_list(p->ctx, p->db, p->course_id, p->user_id, false, NULL, 10, 0, &list));
    CU_ASSERT_EQUAL(list.n, 1);
    GIVES(CQ_OK, store_ai_experience_list(p->ctx, p->db, p->course_id, p->user_id, true, NULL, 10, 10, &list));
    CU_ASSERT_EQUAL(list.total, 2);
    GIVES(CQ_OK, store_ai_experience_delete(p->ctx, p->db, id, &row));
}

static void walk_context_files(const struct place *p)
{
    struct new_document d = {.filename = "f", .kind = "text", .mime_type = "text/plain", .size = 1};
    struct ai_experience_change change = {.set_context_file_ids = true, .n_context_file_ids = 1};
    struct ai_experience_row row = {.id = 0};
    struct document_list list = {0};
    struct hash_list dropped = {0};
    struct document_row document;
    bool is_new = false;
    uint64_t id = experience_new(p, "published");

    ulid_new(d.name);
    GIVES(CQ_OK, store_context_file_add(p->ctx, p->db, id, p->user_id, &d, 1, &document, &is_new));
    CU_ASSERT_TRUE(is_new);
    change.context_file_ids = &document.id;
    GIVES(CQ_OK, store_documents_chosen(p->ctx, p->db, p->course_id, &document.id, 1, &list));
    CU_ASSERT_EQUAL(list.n, 1);
    GIVES(CQ_OK, store_ai_experience_update(p->ctx, p->db, id, &change, &row));
    GIVES(CQ_OK, store_context_files_read(p->ctx, p->db, &row, 1));
    GIVES(CQ_OK, store_documents_of_experience(p->ctx, p->db, id, false, &list));
    CU_ASSERT_EQUAL(list.n, 1);
    GIVES(CQ_OK, store_context_file_remove(p->ctx, p->db, id, document.id, &document));
    GIVES(CQ_OK, store_context_files_clean(p->ctx, p->db, p->course_id, &dropped));
    CU_ASSERT_EQUAL(dropped.n, 1);
    GIVES(CQ_OK, store_ai_experience_delete(p->ctx, p->db, id, &row));
}

static void walk_access(const struct place *p, uint64_t conversation_id)
{
    static const char *const scopes[] = {"one", "two"};
    struct new_access_token token = {
        .user_id = p->user_id, .purpose = "x", .scopes = scopes, .n_scopes = 2, .expires_in_s = 60};
    struct load_key key = {.scope = "two",
                           .course_id = p->course_id,
                           .ai_experience_id = p->ai_experience_id,
                           .conversation_id = conversation_id};
    struct access_row access = {0};
    struct ai_experience_row experience = {0};
    struct conversation_row conversation = {0};
    struct message_list messages = {0};
    int64_t expires_at_ms;
    uint64_t id;

    GIVES(CQ_OK, store_access_token_add(p->ctx, p->db, &token, &id, &expires_at_ms));
    memcpy(key.token_hash, token.hash, sizeof(key.token_hash));
    GIVES(CQ_OK, store_load_course(p->ctx, p->db, &key, &access));
    CU_ASSERT_TRUE(access.has_scope && access.course_id == p->course_id && access.roles == 1u << ROLE_STUDENT);
    GIVES(CQ_OK, store_load_ai_experience(p->ctx, p->db, &key, &access, &experience));
    CU_ASSERT_EQUAL(experience.id, p->ai_experience_id);
    GIVES(CQ_OK, store_ai_experience_is_started(p->ctx, p->db, experience.id, &experience.is_started));
    GIVES(CQ_OK, store_load_conversation(p->ctx, p->db, &key, &access, &experience, &conversation));
    CU_ASSERT_EQUAL(conversation.id, conversation_id);
    GIVES(CQ_OK, store_load_active_conversation(p->ctx, p->db, &key, &access, &experience, &conversation, &messages));
    CU_ASSERT_EQUAL(conversation.id, conversation_id);
    GIVES(CQ_OK, store_course_add(p->ctx, p->db, "ELSEWHERE", "x", &key.course_id));
    GIVES(CQ_OK, store_load_course(p->ctx, p->db, &key, &access));
    CU_ASSERT_TRUE(access.course_id == key.course_id && !access.roles);
    GIVES(CQ_OK, store_access_token_revoke(p->ctx, p->db, id, NULL));
    GIVES(CQ_OK, store_access_token_revoke(p->ctx, p->db, 0, token.hash));
}

static void walk_reads(const struct place *p, uint64_t conversation_id)
{
    struct student_row student = {0};
    struct course_names course = {0};
    struct message_list messages = {0};
    struct roster roster = {0};
    struct conversation_list conversations = {0};
    struct feedback_row row = {0};
    uint32_t seq = 0;
    bool is_assistant = false;

    GIVES(CQ_OK, store_message_list_with_student(p->ctx, p->db, conversation_id, p->user_id, &student, &messages));
    CU_ASSERT_TRUE(student.id == p->user_id && messages.n == 2);
    GIVES(CQ_OK, store_roster(p->ctx, p->db, p->course_id, p->ai_experience_id, NULL, 10, 0, &roster));
    CU_ASSERT_TRUE(roster.n == 1 && roster.rows[0].conversation.id == conversation_id);
    GIVES(CQ_OK, store_roster(p->ctx, p->db, p->course_id, p->ai_experience_id, student.name, 10, 0, &roster));
    CU_ASSERT_TRUE(roster.n == 1 && roster.total == 1);
    GIVES(CQ_OK, store_conversation_list(p->ctx, p->db, p->ai_experience_id, p->user_id, 10, 0, &conversations));
    CU_ASSERT_TRUE(conversations.n == 1 && conversations.total == 1 && conversations.rows[0].id == conversation_id);
    conversations.n = 0;
    GIVES(CQ_OK,
          store_latest_each(p->ctx, p->db, p->course_id, p->ai_experience_id, "none", count_one, &conversations.n));
    CU_ASSERT_EQUAL(conversations.n, 1);
    GIVES(CQ_OK,
          store_transcript(p->ctx, p->db, p->course_id, conversation_id, p->user_id, &course, &student, &messages));
    CU_ASSERT_TRUE(student.id == p->user_id && messages.n == 2 && course.name && course.code);
    const char *uuid = messages.n ? messages.rows[1].uuid : "";
    GIVES(CQ_OK, store_message_find(p->ctx, p->db, conversation_id, uuid, &seq, &is_assistant));
    CU_ASSERT_TRUE(seq == 1 && is_assistant);
    const struct new_feedback feedback = {.conversation_id = conversation_id,
                                          .user_id = p->user_id,
                                          .seq = seq,
                                          .message_uuid = uuid,
                                          .uuid = new_uuid(p->ctx),
                                          .vote = "liked"};
    GIVES(CQ_OK, store_feedback_put(p->ctx, p->db, &feedback, &row));
    GIVES(CQ_OK, store_feedback_read(p->ctx, p->db, conversation_id, p->user_id, &messages));
    CU_ASSERT_TRUE(messages.n && messages.rows[1].feedback && str_eq(messages.rows[1].feedback->uuid, feedback.uuid));
    GIVES(CQ_OK, store_feedback_remove(p->ctx, p->db, conversation_id, p->user_id, uuid, feedback.uuid));
}

static void walk_bots(const struct place *p)
{
    const struct bot_change change = {.title = "x", .instruction = "x"};
    const struct bot_share share = {
        .scope = "partial", .user_ids = &p->user_id, .n_users = 1, .course_ids = &p->course_id, .n_courses = 1};
    struct bot_changed changed = {.missing = NULL};
    struct bot_unshareable fault;
    struct bot_details details = {.n_documents = 7};
    struct hash_list dropped = {.n = 0};
    struct bot_list list = {.n = 0};
    bool is_found = false;

    GIVES(CQ_OK, store_bot_create(p->ctx, p->db, p->user_id, "bot", &change, &changed));
    uint64_t ids[] = {p->user_id, changed.bot.id};
    GIVES(CQ_OK, store_bot_update(p->ctx, p->db, changed.bot.id, p->user_id, &change, &changed));
    GIVES(CQ_OK, store_bot_share(p->ctx, p->db, changed.bot.id, &share, &fault));
    GIVES(CQ_OK, store_bot_star(p->ctx, p->db, p->user_id, changed.bot.id));
    GIVES(CQ_OK, db_tx(p->ctx, p->db, note_use_tx, ids));
    for (enum bot_list_kind kind = BOTS_OWN; kind <= BOTS_POPULAR; kind++) {
        GIVES(CQ_OK, store_bot_list(p->ctx, p->db, p->user_id, kind, 10, &list));
        CU_ASSERT_EQUAL(list.n, 1);
    }
    GIVES(CQ_OK, store_bot_search(p->ctx, p->db, p->user_id, "x", 10, &list));
    CU_ASSERT_EQUAL(list.n, 1);
    GIVES(CQ_OK, store_bot_details(p->ctx, p->db, changed.bot.id, &details));
    CU_ASSERT_TRUE(details.n_users == 1 && details.n_courses == 1 && !details.n_documents);
    GIVES(CQ_OK, store_has_role(p->ctx, p->db, p->user_id, 1u << ROLE_STUDENT, &is_found));
    CU_ASSERT_TRUE(is_found);
    GIVES(CQ_OK, store_bot_delete(p->ctx, p->db, changed.bot.id, &dropped));
}

/* Documents come and go both by themselves and by changes of their bot. */
static void walk_documents(const struct place *p)
{
    const char *const names[] = {"named"};
    const struct bot_change make = {.title = "x", .instruction = "x"}, take = {.added = names, .n_added = 1},
                            leave = {.removed = names, .n_removed = 1};
    const struct upload_key key = {p->user_id, "documented", "named"};
    struct new_document d = {.filename = "f", .description = "", .kind = "text", .mime_type = "text/plain", .size = 1};
    struct bot_changed bot = {.missing = NULL};
    struct document_list list = {0};
    struct document_row row;
    struct hash_list dropped = {0};
    uint8_t secret[SHA256_BYTES];

    ulid_new(d.name);
    GIVES(CQ_OK, store_bot_create(p->ctx, p->db, p->user_id, "documented", &make, &bot));
    uint64_t id = bot.bot.id;
    GIVES(CQ_OK, store_documents_add(p->ctx, p->db, id, p->user_id, &d, 1, &list, &dropped));
    GIVES(CQ_OK, store_documents_add(p->ctx, p->db, id, p->user_id, &d, 1, &list, &dropped));
    GIVES(CQ_OK, store_document_find(p->ctx, p->db, list.rows[0].id, &row));
    GIVES(CQ_OK, store_document_remove(p->ctx, p->db, id, row.name, &dropped));
    GIVES(CQ_OK, store_documents_of_bot(p->ctx, p->db, id, true, &list));
    CU_ASSERT_EQUAL(list.n, 0);
    GIVES(CQ_OK, store_upload_put(p->ctx, p->db, &key, &d, &dropped));
    GIVES(CQ_OK, store_upload_remove(p->ctx, p->db, &key, &dropped));
    GIVES(CQ_OK, store_upload_put(p->ctx, p->db, &key, &d, &dropped));
    GIVES(CQ_OK, store_bot_update(p->ctx, p->db, id, p->user_id, &take, &bot));
    GIVES(CQ_OK, store_bot_update(p->ctx, p->db, id, p->user_id, &leave, &bot));
    GIVES(CQ_OK, store_bot_delete(p->ctx, p->db, id, &dropped));
    GIVES(CQ_OK, store_link_secret(p->ctx, p->db, secret));
}

static void walk_sessions(const struct place *p)
{
    struct new_session first = {.user_id = p->user_id, .idle_s = 600, .absolute_s = 600}, second = first;
    struct sign_in_subjects subjects = {.pair = {1}};
    uint32_t wait_s = 0;
    bool is_live = false;

    random_bytes(first.hash, sizeof(first.hash));
    random_bytes(second.hash, sizeof(second.hash));
    second.ended_hash = first.hash;
    GIVES(CQ_OK, store_session_begin(p->ctx, p->db, &first));
    GIVES(CQ_OK, store_session_begin(p->ctx, p->db, &second));
    GIVES(CQ_OK, store_session_is_live(p->ctx, p->db, second.hash, &is_live));
    CU_ASSERT_TRUE(is_live);
    GIVES(CQ_OK, store_sign_in_failed(p->ctx, p->db, &subjects));
    GIVES(CQ_OK, store_sign_in_wait(p->ctx, p->db, &subjects, 1, &wait_s));
    CU_ASSERT_TRUE(wait_s > 0 && wait_s <= 60);
}

/* The second session of walk_sessions() is all that there is. */
static void walk_account(const struct place *p)
{
    const struct password_change change = {.user_id = p->user_id, .from = "$y$a", .to = "$y$b"};
    struct session_list sessions = {0};
    struct session_row session = {0};
    uint64_t n_ended = 7;

    GIVES(CQ_OK, store_session_list(p->ctx, p->db, p->user_id, 600, &sessions));
    CU_ASSERT_EQUAL_FATAL(sessions.n, 1);
    GIVES(CQ_OK, store_session_end_by_id(p->ctx, p->db, p->user_id, sessions.rows[0].id, 600, &session));
    CU_ASSERT_EQUAL(session.id, sessions.rows[0].id);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_password_change(p->ctx, p->db, &change, &n_ended)); /* there is none */
}

/* Written by another connection, whose statements are none of the store's. */
static void walk_chats(const struct config *config, const struct place *p)
{
    static const struct seed_message first = {1, 0, "first", "Hello"};
    static const struct chat_feedback feedback = {.is_thumbs_up = true};
    static const char *const names[] = {"two"};
    struct db *other = db_create(config);
    struct chat_list list = {0};
    struct hash_list dropped = {0};
    bool is_deleted = false;

    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    uint64_t id = chat_seed(p->ctx, other, p->user_id, "one", "01-01 00:00:00");
    chat_seed_turn(p->ctx, other, id, &first);
    chat_seed_file(p->ctx, other, id, 1);
    GIVES(CQ_OK, store_chat_list(p->ctx, p->db, p->user_id, 0, 0, 10, &list));
    CU_ASSERT_EQUAL(list.n, 1);
    GIVES(CQ_OK, store_chat_rename(p->ctx, p->db, id, "Title"));
    GIVES(CQ_OK, store_chat_feedback(p->ctx, p->db, id, "first-reply", &feedback));
    GIVES(CQ_OK, store_chat_delete(p->ctx, p->db, p->user_id, id, &dropped));
    CU_ASSERT_EQUAL(dropped.n, 1);
    chat_seed(p->ctx, other, p->user_id, "two", "01-01 00:00:00");
    chat_seed(p->ctx, other, p->user_id, "three", "01-01 00:00:00");
    GIVES(CQ_OK, store_chat_delete_named(p->ctx, p->db, p->user_id, names, LEN(names), &is_deleted, &dropped));
    CU_ASSERT_TRUE(is_deleted);
    GIVES(CQ_OK, store_chat_delete_all(p->ctx, p->db, p->user_id, &dropped));
    db_destroy(other);
}

static void walk_chat_turns(const struct place *p)
{
    static const struct user_limits limits = {10, 10, 10, 10, 10, 0, 0};
    struct related_row passage = {
        .number = 1, .document_id = 1, .filename = "f", .kind = "text", .passage = "p", .excerpt = "e"};
    const struct related_list related = {&passage, 1};
    const struct chat_file file = {.hash = {1}};
    struct chat_turn_request request = {.limits = &limits,
                                        .user_id = p->user_id,
                                        .chat_name = "walked",
                                        .message_name = "m",
                                        .reply_name = "r",
                                        .text = "text",
                                        .model = "m",
                                        .uuids = {new_uuid(p->ctx), new_uuid(p->ctx), new_uuid(p->ctx)},
                                        .files = &file,
                                        .n_files = 1,
                                        .owner = "worker",
                                        .lease_s = 0};
    struct chat_turn_row turn;
    struct chat_message_list messages;
    struct chat_row chat;
    const char *model;
    struct chat_turn_end end = {.turn = &turn,
                                .user_id = p->user_id,
                                .owner = "worker",
                                .reply_uuid = request.uuids[2],
                                .text_before = "reply",
                                .reply = {.name = "r", .model = "m", .text = "reply", .parent = 1},
                                .should_continue = true,
                                .related = &related};

    GIVES(CQ_OK, store_chat_turn_begin(p->ctx, p->db, &request, &turn, &messages));
    request.is_named = true; /* the worker is gone: begun again in its place */
    request.lease_s = 30;
    GIVES(CQ_OK, store_chat_turn_begin(p->ctx, p->db, &request, &turn, &messages));
    GIVES(CQ_OK, store_chat_turn_complete(p->ctx, p->db, &end));
    request.is_named = false;
    request.is_continuing = true;
    GIVES(CQ_OK, store_chat_turn_begin(p->ctx, p->db, &request, &turn, &messages));
    GIVES(CQ_OK, store_chat_turn_complete(p->ctx, p->db, &end));
    GIVES(CQ_OK, store_chat_turn_begin(p->ctx, p->db, &request, &turn, &messages));
    GIVES(CQ_OK, store_chat_turn_fail(p->ctx, p->db, &end, "model_timeout"));
    GIVES(CQ_OK, store_chat_find(p->ctx, p->db, p->user_id, "walked", &chat, &model));
    GIVES(CQ_CONVERSATION_NOT_FOUND,
          store_chat_turn_fail(
              p->ctx, p->db,
              &(struct chat_turn_end){
                  .turn = &(struct chat_turn_row){.id = 1}, .owner = "x", .reply_uuid = "x", .is_again = true},
              "x"));
}

static void walk_turns(const struct place *p, uint64_t conversation_id)
{
    struct attempt expired = attempt_message(p, conversation_id, "text");
    struct attempt failed = attempt_message(p, conversation_id, "other text"), again = failed, opening;
    struct attempt retried = attempt_message(p, conversation_id, "text");
    struct related_row passage = {
        .number = 1, .document_id = 1, .filename = "f", .kind = "text", .passage = "p", .excerpt = "e"};
    const struct related_list related = {&passage, 1};
    bool is_found = false;

    expired.request.lease_s = 0;
    attempt_key(p->ctx, &expired, "key", "text");
    GIVES(CQ_OK, attempt_begin(p, &expired));
    GIVES(CQ_OK, attempt_begin(p, &failed)); /* and expires the one before */
    GIVES(CQ_OK, attempt_renew(p, &failed));
    GIVES(CQ_OK, store_turn_stop(p->ctx, p->db, conversation_id, &is_found));
    CU_ASSERT_TRUE(is_found);
    GIVES(CQ_OK, attempt_fail(p, &failed));
    again.all_objectives_met = true;
    again.related = &related;
    again.summary = "before";
    again.summarised = 2;
    GIVES(CQ_OK, attempt_begin(p, &again)); /* in its place */
    GIVES(CQ_OK, attempt_complete(p, &again));
    attempt_key(p->ctx, &retried, "key", "text");
    GIVES(CQ_OK, attempt_begin(p, &retried)); /* and the key follows */
    CU_ASSERT_EQUAL(retried.turn.user_seq, 5);
    GIVES(CQ_OK, attempt_complete(p, &retried));
    GIVES(CQ_OK, attempt_begin(p, &expired));
    CU_ASSERT_TRUE(expired.turn.is_replay && expired.turn.reply_seq == 6);
    opening = attempt_opening(p);
    GIVES(CQ_OK, attempt_begin(p, &opening));
    GIVES(CQ_OK, attempt_fail(p, &opening));
    GIVES(CQ_OK, store_conversation_complete(p->ctx, p->db, conversation_id));
}

static void walk_evaluations(const struct place *p, uint64_t conversation_id)
{
    static const struct user_limits limits = {10, 10, 10, 0, 10, 1000, 1000};
    const uint8_t hash[SHA256_BYTES] = {0};
    struct evaluation_run run = {.user_id = p->user_id,
                                 .course_id = p->course_id,
                                 .conversation_id = conversation_id,
                                 .limits = &limits,
                                 .owner = "worker",
                                 .lease_s = 60};
    const struct new_override verdict = {
        .conversation_id = conversation_id, .user_id = p->user_id, .objective_hash = hash, .reason = "r"};
    struct evaluation_row row = {0};
    struct evaluation_override override;

    GIVES(CQ_OK, store_evaluation_begin(p->ctx, p->db, &run));
    GIVES(CQ_OK, store_evaluation_end(p->ctx, p->db, &run, hash, "{}", 2, &row));
    CU_ASSERT_TRUE(row.is_same_basis && row.covers == 2);
    GIVES(CQ_OK, store_evaluation_fail(p->ctx, p->db, &run));
    GIVES(CQ_OK, store_override_put(p->ctx, p->db, &verdict, &override));
    GIVES(CQ_OK, store_evaluation_read(p->ctx, p->db, conversation_id, hash, &row));
    CU_ASSERT_EQUAL(row.overrides.n, 1);
    GIVES(CQ_OK, store_override_remove(p->ctx, p->db, conversation_id, hash));
}

static enum cq_status sum_calls(void *arg, const struct usage_row *row)
{
    *(uint64_t *)arg += row->used.calls;
    return CQ_OK;
}

/* What the turns above used. */
static void walk_usage(const struct place *p)
{
    struct usage_query query = {.since = "2020-01-01", .until = "9999-12-31"};

    for (query.by = USAGE_BY_DAY; query.by <= USAGE_BY_MODEL; query.by++) {
        uint64_t n_calls = 0, of_course = 0;

        query.course_id = 0;
        GIVES(CQ_OK, store_usage_list(p->ctx, p->db, &query, sum_calls, &n_calls));
        query.course_id = p->course_id;
        GIVES(CQ_OK, store_usage_list(p->ctx, p->db, &query, sum_calls, &of_course));
        CU_ASSERT_TRUE(n_calls > 0 && n_calls == of_course);
    }
    GIVES(CQ_OK, store_course_find(p->ctx, p->db, p->course_id));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_course_find(p->ctx, p->db, UINT32_MAX));
}

static enum cq_status remove_nothing(struct cq_ctx *ctx, void *arg, const uint8_t hash[SHA256_BYTES])
{
    (void)ctx;
    (void)hash;
    ++*(int *)arg;
    return CQ_OK;
}

static void walk_files(const struct place *p)
{
    const uint8_t hash[SHA256_BYTES] = {7};
    static struct file_row rows[FILE_ROWS];
    uint64_t hold_id = 0;
    int n_removed = 0;
    bool is_known = true;
    size_t n = 1;

    GIVES(CQ_OK, store_file_hold(p->ctx, p->db, hash, 7, &hold_id));
    GIVES(CQ_OK, store_file_release(p->ctx, p->db, hold_id));
    GIVES(CQ_OK, store_file_drop(p->ctx, p->db, hash, remove_nothing, &n_removed));
    CU_ASSERT_EQUAL(n_removed, 1);
    GIVES(CQ_OK, store_files_after(p->ctx, p->db, hash, rows, &n));
    CU_ASSERT_EQUAL(n, 0);
    for (unsigned use = 0; use < FILE_USE_COUNT; use++) {
        GIVES(CQ_OK, store_files_lost(p->ctx, p->db, (enum file_use)use, hash, rows, &n));
        CU_ASSERT_EQUAL(n, 0);
    }
    GIVES(CQ_OK, store_file_is_known(p->ctx, p->db, hash, &is_known));
    CU_ASSERT_FALSE(is_known);
}

static enum cq_status write_words(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    enum cq_status st = chat_words_add(ctx, db, 1, 1, 1, arg);

    (void)is_rerun;
    if (!st)
        st = chat_words_replace(ctx, db, 1, 1, 1, arg, "other");
    if (!st)
        st = chat_words_remove(ctx, db, 1, 1);
    return st ? st : chat_words_remove_all(ctx, db, 1);
}

static void walk_search(const struct place *p)
{
    struct chat_word_list words = {0};
    struct chat_found_row row;
    const struct chat_message_key key = {1, 1};
    const uint64_t id = 1;
    size_t n = 1;

    GIVES(CQ_OK, store_chat_found(p->ctx, p->db, 1, &id, 1, &row, &n));
    CU_ASSERT_EQUAL(n, 0);
    GIVES(CQ_OK, store_chat_texts(p->ctx, p->db, 1, &key, 1, NULL, NULL));
    GIVES(CQ_OK, db_tx(p->ctx, p->db, write_words, (char[]){"some words"}));
    GIVES(CQ_OK, store_chat_words(p->ctx, p->db, 1, "some", true, &words));
    CU_ASSERT_EQUAL(words.n, 0);
}

/* As the documents' process does, with a document of which each dies who takes it. */
static void walk_queue(const struct place *p)
{
    struct new_document d = {.filename = "queued", .kind = "text", .mime_type = "text/plain", .size = 1};
    struct document_row row = {.id = 0};
    struct document_list list = {0};
    struct hash_list dropped = {0};
    struct model_calls calls = {.n = 0};
    uint32_t n_pages = 0;
    bool is_new = false, has_more = true;

    ulid_new(d.name);
    GIVES(CQ_OK, store_context_file_add(p->ctx, p->db, p->ai_experience_id, p->user_id, &d, 1, &row, &is_new));
    for (int i = 0; i < 3; i++)
        GIVES(CQ_OK, store_document_take(p->ctx, p->db, "worker", 0, &row));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_document_take(p->ctx, p->db, "worker", 0, &row));
    GIVES(CQ_LOST, store_document_renew(p->ctx, p->db, row.id, "worker", 60));
    GIVES(CQ_LOST, store_document_end(p->ctx, p->db, row.id, "worker", 1, NULL));
    GIVES(CQ_LOST, store_document_put_back(p->ctx, p->db, row.id, "worker"));
    GIVES(CQ_OK, store_document_pages(p->ctx, p->db, d.hash, &n_pages));
    GIVES(CQ_OK, store_document_requeue(p->ctx, p->db, d.hash));
    GIVES(CQ_OK, store_documents_of_text(p->ctx, p->db, 0, 10, &list));
    GIVES(CQ_OK, store_document_count(p->ctx, p->db, row.id, &calls));
    GIVES(CQ_OK, store_files_forget(p->ctx, p->db, &dropped, &has_more));
    CU_ASSERT_TRUE(!list.n && !dropped.n && !has_more);
}

/* ---- counting ---- */

static bool is_elsewhere(const char *name, size_t len)
{
    for (size_t i = 0; i < LEN(elsewhere); i++)
        if (strlen(elsewhere[i]) == len && memcmp(elsewhere[i], name, len) == 0)
            return true;
    return false;
}

/* Lines such as: static const char SELECT_THIS[] = … */
static size_t count_in_file(const char *path)
{
    static const char begin[] = "static const char ";
    FILE *in = fopen(path, "re");
    char line[1024];
    size_t n = 0;

    if (!in)
        give_up("cannot read %s", path);
    while (fgets(line, sizeof(line), in)) {
        const char *name = line + strlen(begin);

        if (!str_starts(line, begin))
            continue;
        size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        n += len && str_starts(name + len, "[] =") && !is_elsewhere(name, len);
    }
    fclose(in);
    return n;
}

static size_t count_in_source(void)
{
    DIR *dir = opendir(TEST_SOURCE_DIR "/src/store");
    struct dirent *entry;
    size_t n = 0;

    if (!dir)
        give_up("no %s/src/store", TEST_SOURCE_DIR);
    while ((entry = readdir(dir))) {
        char path[1024];
        size_t len = strlen(entry->d_name);

        if (len < 3 || !str_eq(entry->d_name + len - 2, ".c"))
            continue;
        snprintf(path, sizeof(path), "%s/src/store/%s", TEST_SOURCE_DIR, entry->d_name);
        n += count_in_file(path);
    }
    closedir(dir);
    return n;
}

static size_t count_prepared(const struct db *db)
{
    size_t n = 0;

    for (size_t i = 0; i < DB_CACHE_SLOTS; i++)
        n += db->cache[i].sql != NULL;
    return n;
}

static void run_every_statement(const struct config *config)
{
    struct cq_ctx *ctx = test_ctx();
    struct db *db = db_create(config);

    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    uint64_t n_missing = 0;

    MUST(store_migrations_missing(ctx, db, &n_missing));
    CU_ASSERT(n_missing > 0);
    MUST(store_migrate(ctx, db, config, say_nothing));
    MUST(store_migrations_missing(ctx, db, &n_missing));
    CU_ASSERT_EQUAL(n_missing, 0);
    find_nothing(ctx, db);
    find_no_bot(ctx, db);
    find_no_session(ctx, db);
    find_no_account(ctx, db);
    find_no_turn(ctx, db);
    find_no_reads(ctx, db);
    struct place p = place_in(ctx, db);
    uint64_t conversation_id = conversation_opened(&p), user_id;
    walk_experiences(&p);
    walk_context_files(&p);
    walk_access(&p, conversation_id);
    walk_reads(&p, conversation_id);
    walk_bots(&p);
    walk_documents(&p);
    walk_sessions(&p);
    walk_account(&p);
    walk_chats(config, &p);
    walk_chat_turns(&p);
    walk_turns(&p, conversation_id);
    walk_evaluations(&p, conversation_id);
    walk_usage(&p);
    walk_files(&p);
    walk_search(&p);
    walk_queue(&p);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_user_by_login(ctx, db, "nobody", &user_id));
    CU_ASSERT_EQUAL(count_prepared(db), count_in_source()); /* else a statement has no step above */
    db_destroy(db);
}

static void test_own_database(void)
{
    run_every_statement(empty_database());
}

/* ---- other databases ---- */

/* The parts of "[user[:password]@]place[?name]"; the text is cut up. */
static struct config_database parse_database(char *text)
{
    struct config_database d = {.user = "root", .name = "colloquy_test", .timeout_ms = 20000};
    char *place = strrchr(text, '@'), *name, *part;

    if (place) {
        *place++ = '\0';
        d.user = text;
        part = strchr(text, ':');
        if (part) {
            *part++ = '\0';
            d.password = part;
        }
    } else {
        place = text;
    }
    name = strchr(place, '?');
    if (name) {
        *name++ = '\0';
        d.name = name;
    }
    part = *place == '/' ? NULL : strrchr(place, ':');
    if (*place == '/')
        d.socket = place;
    else
        d.host = place;
    if (part) {
        *part++ = '\0';
        d.port = (uint32_t)strtoul(part, NULL, 10);
    }
    return d;
}

static bool is_ours_to_drop(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            return false;
    return str_starts(name, "colloquy_test");
}

static void make_anew(const struct config_database *d)
{
    MYSQL *mysql = mysql_init(NULL);
    char drop[256], create[256];

    if (!is_ours_to_drop(d->name))
        give_up("COLLOQUY_TEST_DATABASES: the name of a database must begin with colloquy_test");
    snprintf(drop, sizeof(drop), "DROP DATABASE IF EXISTS %.100s", d->name);
    snprintf(create, sizeof(create), "CREATE DATABASE %.100s CHARACTER SET utf8mb4", d->name);
    if (!mysql || !mysql_real_connect(mysql, d->host, d->user, d->password, NULL, d->port, d->socket, 0) ||
        mysql_query(mysql, drop) || mysql_query(mysql, create))
        give_up("COLLOQUY_TEST_DATABASES: %s", mysql ? mysql_error(mysql) : "out of memory");
    mysql_close(mysql);
}

static void test_named_databases(void)
{
    const char *list = getenv("COLLOQUY_TEST_DATABASES");
    char text[4096], *rest = text, *one;

    if (!list || !*list)
        return;
    if (strlen(list) >= sizeof(text) || db_library_init())
        give_up("COLLOQUY_TEST_DATABASES is too long");
    memcpy(text, list, strlen(list) + 1);
    while ((one = strsep(&rest, ","))) {
        struct config config = {.database = parse_database(one)};

        make_anew(&config.database);
        run_every_statement(&config);
    }
}

/* The store finds a wrong count before the server does, and says which statement it is. */
static void test_counts_are_checked(void)
{
    static const char sql[] = "SELECT id, name FROM course WHERE id = ?";
    struct cq_ctx *ctx = test_ctx();
    uint64_t id = 0;
    const struct db_in in[] = {IN_U64(1), IN_U64(2)};
    const struct db_out out[] = {OUT_U64(id)};

    GIVES(CQ_INTERNAL, db_query_one(ctx, shared_db(), sql, in, 1, out, 1));
    CU_ASSERT_PTR_NOT_NULL(strstr(ctx->error, "FROM course"));
    GIVES(CQ_INTERNAL, db_query_one(ctx, shared_db(), sql, in, 2, out, 1));
}

SUITE(statements, {"our own database", test_own_database}, {"named databases", test_named_databases},
      {"counts are checked", test_counts_are_checked});
