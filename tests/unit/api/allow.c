/* Who may do what: each check, and which of two failures answers. */
#include "api/authenticity.h"
#include "api/route.h"
#include "http/make_request.h"

enum { ME = 42, SOMEBODY = 43 };

enum who { STRANGER, STUDENT, OBSERVER, TA, DESIGNER, TEACHER, ADMIN };

static const struct config config = {.features = {.ai_experiences = true}};
static const struct config without_feature;

/* What the database found, for a caller of some kind. */
struct found {
    struct request req;
    struct route route;
    struct loaded loaded;
};

static void start(struct found *f, enum who who, enum may may, enum load load)
{
    static const uint32_t roles[] = {[STUDENT] = 1u << ROLE_STUDENT,
                                     [OBSERVER] = 1u << ROLE_OBSERVER,
                                     [TA] = 1u << ROLE_TA,
                                     [DESIGNER] = 1u << ROLE_DESIGNER,
                                     [TEACHER] = 1u << ROLE_TEACHER | 1u << ROLE_STUDENT,
                                     [ADMIN] = 0};

    f->req = make_request();
    f->req.config = &config;
    f->req.loaded = &f->loaded;
    f->route = (struct route){.may = may, .load = load};
    f->loaded = (struct loaded){
        .route = &f->route,
        .access = {.user_id = ME, .has_scope = true, .course_id = 7, .is_admin = who == ADMIN, .roles = roles[who]},
        .ai_experience = {.id = 3, .workflow_state = "published"},
        .conversation = {.id = 5, .user_id = ME, .workflow_state = "active"},
    };
}

static void check(const char *name, struct found *f, enum cq_status want)
{
    ROW_ASSERT(name, allow(&f->req) == want);
}

/* ---- roles ---- */

#define YES CQ_OK
#define NO  CQ_FORBIDDEN

static void test_courses(void)
{
    static const struct {
        const char *name;
        enum who who;
        enum cq_status list, create;
    } rows[] = {
        {"stranger", STRANGER, NO, NO}, {"student", STUDENT, YES, NO},    {"observer", OBSERVER, YES, NO},
        {"ta", TA, YES, YES},           {"designer", DESIGNER, YES, YES}, {"teacher", TEACHER, YES, YES},
        {"admin", ADMIN, YES, YES},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct found f;

        start(&f, rows[i].who, MAY_READ, LOAD_COURSE);
        check(rows[i].name, &f, rows[i].list);
        start(&f, rows[i].who, MAY_AUTHOR, LOAD_COURSE);
        check(rows[i].name, &f, rows[i].create);
        CU_ASSERT_EQUAL(is_manager(&f.req), rows[i].create == YES);
    }
}

static void test_experiences(void)
{
    static const struct {
        const char *name;
        enum who who;
        const char *state;
        enum cq_status read, converse, author;
    } rows[] = {
        {"stranger", STRANGER, "published", NO, NO, NO},
        {"student", STUDENT, "published", YES, YES, NO},
        {"student, unpublished", STUDENT, "unpublished", NO, NO, NO},
        {"observer", OBSERVER, "published", YES, YES, NO},
        {"observer, unpublished", OBSERVER, "unpublished", NO, NO, NO},
        {"ta, unpublished", TA, "unpublished", YES, YES, YES},
        {"designer, unpublished", DESIGNER, "unpublished", YES, YES, YES},
        {"teacher", TEACHER, "published", YES, YES, YES},
        {"admin, unpublished", ADMIN, "unpublished", YES, YES, YES},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct found f;

        start(&f, rows[i].who, MAY_READ, LOAD_AI_EXPERIENCE);
        f.loaded.ai_experience.workflow_state = rows[i].state;
        check(rows[i].name, &f, rows[i].read);
        f.route.may = MAY_CONVERSE;
        check(rows[i].name, &f, rows[i].converse);
        f.route.load = LOAD_ACTIVE_CONVERSATION;
        f.loaded.conversation.id = 0; /* none yet: that is no fault */
        check(rows[i].name, &f, rows[i].converse);
        f.route = (struct route){.may = MAY_AUTHOR, .load = LOAD_AI_EXPERIENCE};
        check(rows[i].name, &f, rows[i].author);
    }
}

/* A manager finds any conversation, anyone else their own active one; only its owner says anything in it. */
static void test_conversations(void)
{
    static const enum cq_status GONE = CQ_RESOURCE_NOT_FOUND;
    const struct {
        const char *name;
        enum who who;
        uint64_t owner;
        const char *state;
        enum cq_status say, end;
    } rows[] = {
        {"own", STUDENT, ME, "active", YES, YES},
        {"own, completed", STUDENT, ME, "completed", GONE, GONE},
        {"own, opening", STUDENT, ME, "opening", GONE, GONE},
        {"another's", STUDENT, SOMEBODY, "active", GONE, GONE},
        {"another's, observer", OBSERVER, SOMEBODY, "active", GONE, GONE},
        {"teacher's own", TEACHER, ME, "active", YES, YES},
        {"teacher's own, completed", TEACHER, ME, "completed", YES, YES}, /* saying is then 409, by the handler */
        {"teacher, another's", TEACHER, SOMEBODY, "active", NO, YES},
        {"admin, another's", ADMIN, SOMEBODY, "completed", NO, YES},
        {"stranger's own", STRANGER, ME, "active", NO, NO},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct found f;

        start(&f, rows[i].who, MAY_SAY, LOAD_CONVERSATION);
        f.loaded.conversation.user_id = rows[i].owner;
        f.loaded.conversation.workflow_state = rows[i].state;
        check(rows[i].name, &f, rows[i].say);
        f.route.may = MAY_END;
        check(rows[i].name, &f, rows[i].end);
    }
}

/* Reading what students said, and voting. */
static void test_what_was_said(void)
{
    static const enum cq_status GONE = CQ_RESOURCE_NOT_FOUND, NO_TALK = CQ_CONVERSATION_NOT_FOUND;
    const struct {
        const char *name;
        enum who who;
        uint64_t id, owner;
        const char *state;
        enum cq_status watch, review, vote;
    } rows[] = {
        {"own", STUDENT, 5, ME, "active", NO, NO, YES},
        {"own, completed", STUDENT, 5, ME, "completed", NO, GONE, GONE},
        {"another's", STUDENT, 5, SOMEBODY, "active", NO, GONE, GONE},
        {"none", STUDENT, 0, 0, NULL, NO, GONE, GONE},
        {"another's, observer", OBSERVER, 5, SOMEBODY, "active", NO, GONE, GONE},
        {"teacher's own", TEACHER, 5, ME, "active", YES, YES, YES},
        {"teacher, another's", TEACHER, 5, SOMEBODY, "active", YES, YES, YES},
        {"ta, another's, completed", TA, 5, SOMEBODY, "completed", YES, YES, YES},
        {"admin, another's", ADMIN, 5, SOMEBODY, "completed", YES, YES, YES},
        {"teacher, none", TEACHER, 0, 0, NULL, NO_TALK, GONE, GONE},
        {"stranger's own", STRANGER, 5, ME, "active", NO, NO, NO},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct found f;

        start(&f, rows[i].who, MAY_WATCH, LOAD_CONVERSATION);
        f.loaded.conversation =
            (struct conversation_row){.id = rows[i].id, .user_id = rows[i].owner, .workflow_state = rows[i].state};
        check(rows[i].name, &f, rows[i].watch);
        f.route.may = MAY_REVIEW;
        check(rows[i].name, &f, rows[i].review);
        f.route.may = MAY_VOTE;
        check(rows[i].name, &f, rows[i].vote);
        f.route = (struct route){.may = MAY_WATCH, .load = LOAD_AI_EXPERIENCE};
        check(rows[i].name, &f, rows[i].watch == NO ? NO : YES);
    }
}

/* The owner keeps it whether it is over or its experience taken back; to others it is not there, rather than forbidden. */
static void test_what_is_kept(void)
{
    static const enum cq_status GONE = CQ_RESOURCE_NOT_FOUND;
    const struct {
        const char *name;
        enum who who;
        uint64_t id, owner;
        const char *state, *experience;
        enum cq_status want;
    } rows[] = {
        {"own", STUDENT, 5, ME, "active", "published", YES},
        {"own, completed", STUDENT, 5, ME, "completed", "published", YES},
        {"own, unpublished", STUDENT, 5, ME, "active", "unpublished", YES},
        {"own, completed, unpublished", STUDENT, 5, ME, "completed", "unpublished", YES},
        {"observer's own", OBSERVER, 5, ME, "completed", "unpublished", YES},
        {"another's", STUDENT, 5, SOMEBODY, "active", "published", GONE},
        {"another's, unpublished", STUDENT, 5, SOMEBODY, "active", "unpublished", GONE},
        {"another's, observer", OBSERVER, 5, SOMEBODY, "active", "published", GONE},
        {"none", STUDENT, 0, 0, NULL, "published", GONE},
        {"none, unpublished", STUDENT, 0, 0, NULL, "unpublished", GONE},
        {"teacher", TEACHER, 5, SOMEBODY, "active", "published", YES},
        {"ta, completed, unpublished", TA, 5, SOMEBODY, "completed", "unpublished", YES},
        {"admin", ADMIN, 5, SOMEBODY, "active", "unpublished", YES},
        {"teacher, none", TEACHER, 0, 0, NULL, "published", GONE},
        {"stranger's own", STRANGER, 5, ME, "active", "published", NO},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct found f;

        start(&f, rows[i].who, MAY_KEEP, LOAD_CONVERSATION);
        f.loaded.ai_experience.workflow_state = rows[i].experience;
        f.loaded.conversation =
            (struct conversation_row){.id = rows[i].id, .user_id = rows[i].owner, .workflow_state = rows[i].state};
        check(rows[i].name, &f, rows[i].want);
        f.loaded.ai_experience.id = 0;
        check(rows[i].name, &f, rows[i].want == NO ? NO : GONE);
    }
}

/* ---- the order ---- */

/* What is one's own asks for no course: a stranger's token, or session, is enough, and must be sound. */
static void test_one_s_own(void)
{
    struct found f;

    start(&f, STRANGER, MAY_ENTER, LOAD_CALLER);
    f.loaded.access.course_id = 0;
    f.req.config = &without_feature;
    check("a stranger", &f, CQ_OK);
    f.loaded.access.has_scope = false;
    check("without its scope", &f, CQ_SCOPE_MISSING);
    f.loaded.is_session = true;
    f.loaded.access.is_revoked = true;
    check("a session that is over", &f, CQ_UNAUTHENTICATED);
}

/* A course is there for its members without experiences, which are not there in it. */
static void test_course_without_feature(void)
{
    struct found f;

    for (int is_course = 0; is_course <= 1; is_course++) {
        start(&f, STUDENT, MAY_READ, LOAD_COURSE);
        f.req.config = &without_feature;
        f.route.handler = is_course ? course_show : ai_experience_index;
        check("a member", &f, is_course ? CQ_OK : CQ_RESOURCE_NOT_FOUND);
        f.loaded.access.roles = 0;
        check("a stranger", &f, is_course ? CQ_FORBIDDEN : CQ_RESOURCE_NOT_FOUND);
    }
}

/* One request, every fault at once: taken away from the front, the next one answers. */
static void test_order_of_faults(void)
{
    struct found f;
    struct access_row *access = &f.loaded.access;

    start(&f, STRANGER, MAY_SAY, LOAD_CONVERSATION);
    access->is_revoked = access->is_expired = true;
    access->has_scope = false;
    access->course_id = 0;
    f.req.config = &without_feature;
    f.loaded.ai_experience.id = f.loaded.conversation.id = 0;

    check("revoked", &f, CQ_TOKEN_REVOKED);
    access->is_revoked = false;
    check("expired", &f, CQ_TOKEN_EXPIRED);
    access->is_expired = false;
    check("scope", &f, CQ_SCOPE_MISSING);
    access->has_scope = true;
    check("course", &f, CQ_NOT_FOUND);
    access->course_id = 7;
    check("feature", &f, CQ_RESOURCE_NOT_FOUND);
    f.req.config = &config;
    check("role", &f, CQ_FORBIDDEN);
    access->roles = 1u << ROLE_STUDENT;
    check("experience", &f, CQ_RESOURCE_NOT_FOUND);
    f.loaded.ai_experience.id = 3;
    f.loaded.ai_experience.workflow_state = "unpublished";
    check("its state", &f, CQ_FORBIDDEN);
    access->roles |= 1u << ROLE_TEACHER;
    check("conversation", &f, CQ_RESOURCE_NOT_FOUND);
    f.loaded.conversation.id = 5;
    f.loaded.conversation.user_id = SOMEBODY;
    check("role on it", &f, CQ_FORBIDDEN);
    f.loaded.conversation.user_id = ME;
    check("none", &f, CQ_OK);
}

/* A feature that is off takes its own rows away, and no others. */
static void test_context_files_off(void)
{
    static const struct config on = {.features = {.ai_experiences = true, .context_files = true}};
    enum cq_status (*const handlers[])(struct request *) = {context_file_create, context_file_index,
                                                            context_file_delete};
    struct found f;

    for (size_t i = 0; i < LEN(handlers); i++) {
        start(&f, TEACHER, MAY_AUTHOR, LOAD_AI_EXPERIENCE);
        f.route.handler = handlers[i];
        check("off", &f, CQ_RESOURCE_NOT_FOUND);
        f.req.config = &on;
        check("on", &f, CQ_OK);
    }
    start(&f, TEACHER, MAY_AUTHOR, LOAD_AI_EXPERIENCE);
    f.route.handler = ai_experience_update;
    check("another row", &f, CQ_OK);
}

static void test_evaluation_off(void)
{
    static const struct config on = {.features = {.ai_experiences = true, .evaluation = true}};
    static const struct route rows[] = {
        {.reply = evaluation_reply}, {.handler = evaluation_override_update}, {.handler = evaluation_override_delete}};
    struct found f;

    for (size_t i = 0; i < LEN(rows); i++) {
        start(&f, TEACHER, MAY_REVIEW, LOAD_CONVERSATION);
        f.route.reply = rows[i].reply;
        f.route.handler = rows[i].handler;
        check("off", &f, CQ_RESOURCE_NOT_FOUND);
        f.req.config = &on;
        check("on", &f, CQ_OK);
    }
}

/* A deleted experience looks to managers as it does to all: not there. */
static void test_what_is_not_there(void)
{
    static const enum who all[] = {STUDENT, TEACHER, ADMIN};

    for (size_t i = 0; i < LEN(all); i++) {
        struct found f;

        start(&f, all[i], MAY_READ, LOAD_AI_EXPERIENCE);
        f.loaded.ai_experience.id = 0;
        CU_ASSERT_EQUAL(allow(&f.req), CQ_RESOURCE_NOT_FOUND);
        start(&f, all[i], MAY_END, LOAD_CONVERSATION);
        f.loaded.conversation.id = 0;
        CU_ASSERT_EQUAL(allow(&f.req), CQ_RESOURCE_NOT_FOUND);
    }
}

/* ---- browsers ---- */

enum { READS, ASKS_A_MODEL, CHANGES };

static void start_browser(struct found *f, int kind, const char *origin, const char *sec_fetch_site)
{
    start(f, STUDENT, MAY_READ, LOAD_COURSE);
    f->loaded.is_session = true;
    f->loaded.credential = "session";
    f->route.pool = kind == ASKS_A_MODEL ? POOL_LLM : POOL_API;
    f->req.method = kind == CHANGES ? HTTP_DELETE : HTTP_GET;
    f->req.origin = origin;
    f->req.sec_fetch_site = sec_fetch_site;
}

static void test_browsers(void)
{
    static const struct {
        const char *name, *origin, *sec_fetch_site;
        bool has_token;
        enum cq_status read, ask, change;
    } rows[] = {
        // clang-format off
        {"nothing said",           NULL,                         NULL,          false, YES, YES, CQ_AUTHENTICITY_TOKEN},
        {"its token",              NULL,                         NULL,          true,  YES, YES, YES},
        {"its token, from here",   "https://canvas.example.edu", "same-origin", true,  YES, YES, YES},
        {"from here",              "https://canvas.example.edu", "same-origin", false, YES, YES, CQ_AUTHENTICITY_TOKEN},
        {"its token, from there",  "https://evil.example",       NULL,          true,  YES, CQ_AUTHENTICITY_TOKEN, CQ_AUTHENTICITY_TOKEN},
        {"its token, from nobody", "null",                       NULL,          true,  YES, CQ_AUTHENTICITY_TOKEN, CQ_AUTHENTICITY_TOKEN},
        {"its token, cross-site",  NULL,                         "cross-site",  true,  YES, CQ_AUTHENTICITY_TOKEN, CQ_AUTHENTICITY_TOKEN},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const enum cq_status want[] = {
            [READS] = rows[i].read, [ASKS_A_MODEL] = rows[i].ask, [CHANGES] = rows[i].change};

        for (int kind = READS; kind <= CHANGES; kind++) {
            struct found f;

            start_browser(&f, kind, rows[i].origin, rows[i].sec_fetch_site);
            f.req.csrf_token = rows[i].has_token ? authenticity_token(&f.req) : NULL;
            check(rows[i].name, &f, want[kind]);
            f.req.method = kind == CHANGES ? HTTP_PATCH : HTTP_HEAD;
            check(rows[i].name, &f, want[kind]);
            f.loaded.is_session = false; /* an access token is sent by nobody but its owner */
            check(rows[i].name, &f, YES);
        }
    }
}

/* The session first, then where the request comes from, then the rest. */
static void test_browsers_order(void)
{
    struct found f;

    start_browser(&f, CHANGES, NULL, NULL);
    f.loaded.access.course_id = 0;
    check("no token, no such course", &f, CQ_AUTHENTICITY_TOKEN);
    f.loaded.access.is_expired = true;
    check("expired", &f, CQ_UNAUTHENTICATED);
    f.loaded.access.is_expired = false;
    f.loaded.access.is_revoked = true;
    check("ended", &f, CQ_UNAUTHENTICATED);
}

static void test_anyone(void)
{
    struct found f;

    start_browser(&f, CHANGES, "https://evil.example", NULL);
    CU_ASSERT_EQUAL(allow_anyone(&f.req), CQ_AUTHENTICITY_TOKEN);
    f.req.method = HTTP_GET;
    CU_ASSERT_EQUAL(allow_anyone(&f.req), CQ_OK);
    f.req.method = HTTP_POST;
    f.req.origin = NULL;
    CU_ASSERT_EQUAL(allow_anyone(&f.req), CQ_OK);
}

/* What a setting gives to some: teachers are looked for in the database, which no test here has. */
static void test_who(void)
{
    static const struct {
        const char *name;
        enum who who;
        enum config_who setting;
        enum cq_status want;
    } rows[] = {
        {"anyone", STRANGER, CONFIG_ANYONE, YES},
        {"admins, a teacher", TEACHER, CONFIG_ADMINS, NO},
        {"admins, an admin", ADMIN, CONFIG_ADMINS, YES},
        {"teachers, an admin", ADMIN, CONFIG_TEACHERS, YES},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct found f;

        start(&f, rows[i].who, MAY_CHAT, LOAD_CALLER);
        ROW_ASSERT(rows[i].name, allow_who(&f.req, rows[i].setting) == rows[i].want);
    }
}

SUITE(allow, {"courses", test_courses}, {"experiences", test_experiences}, {"conversations", test_conversations},
      {"what was said", test_what_was_said}, {"what is kept", test_what_is_kept},
      {"order of faults", test_order_of_faults}, {"one's own", test_one_s_own},
      {"course without feature", test_course_without_feature}, {"what is not there", test_what_is_not_there},
      {"browsers", test_browsers}, {"browsers, in which order", test_browsers_order}, {"anyone", test_anyone},
      {"who", test_who}, {"context files off", test_context_files_off}, {"evaluation off", test_evaluation_off});
