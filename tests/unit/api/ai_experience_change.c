/* The parameters of an AI experience: what is stored, and what is said of those that are wrong. */
#include "api/ai_experience_change.h"

#include "http/make_request.h"

static const char JSON[] = "application/json";
static const char FORM[] = "application/x-www-form-urlencoded";

#define BOTH(message) "{\"learning_objective\":[\"" message "\"],\"learning_objectives\":[\"" message "\"]}"

/* What was read: "" or the answer's body, and what is to be stored as "name=value;". */
struct outcome {
    enum cq_status st;
    const char *errors, *change;
};

static const char *change_text(struct request *req, const struct ai_experience_change *change)
{
    const struct {
        const char *name;
        bool is_set;
        const char *value;
    } fields[] = {
#define FIELD(name) {#name, change->set_##name, change->name}
        FIELD(title),
        FIELD(description),
        FIELD(facts),
        FIELD(learning_objective),
        FIELD(pedagogical_guidance),
        FIELD(workflow_state),
        FIELD(evaluation_metrics),
#undef FIELD
    };
    struct buf *out = buf_in_arena(req->ctx.arena, 8 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (size_t i = 0; i < LEN(fields); i++)
        if (fields[i].is_set) {
            buf_str(out, fields[i].name);
            buf_char(out, '=');
            buf_str(out, fields[i].value ? fields[i].value : "NULL");
            buf_char(out, ';');
        }
    return out->data;
}

/* What is to change, where something is. */
static const struct ai_experience_row stored = {
    .title = "stored", .facts = "a\nb\r\nc\n", .pedagogical_guidance = "one\ntwo"};

static struct outcome read_request(struct request *req, bool is_create)
{
    struct ai_experience_change change;
    struct field_errors errors = {.n = 0};
    struct outcome outcome = {.errors = "", .change = ""};

    CU_ASSERT_EQUAL_FATAL(params_read(req), CQ_OK);
    outcome.st = ai_experience_change_read(req, is_create ? NULL : &stored, &change, &errors);
    if (outcome.st)
        return outcome;
    outcome.change = change_text(req, &change);
    if (errors.n) {
        answer_field_errors(req, &errors);
        CU_ASSERT_EQUAL(req->response.status, 400);
        outcome.errors = req->response.body->data;
    }
    return outcome;
}

static struct outcome read_body(const char *type, const char *body, bool is_create)
{
    struct request req = make_post("", type, body);

    return read_request(&req, is_create);
}

/* ---- what a form sends back as it was ---- */

static void test_untouched(void)
{
    static const char form[] = "application/x-www-form-urlencoded", json[] = "application/json";
    static const struct {
        const char *name, *type, *body, *want;
    } rows[] = {
        {"line ends of a browser", form, "facts=a%0D%0Ab%0D%0Ac%0D%0A&title=new", "title=new;"},
        {"nothing where nothing was", form, "description=&title=new", "title=new;"},
        {"a line more", form, "facts=a%0D%0Ab%0D%0Ac%0D%0A%0D%0A", "facts=a\r\nb\r\nc\r\n\r\n;"},
        {"a line less", form, "facts=a%0D%0Ab%0D%0Ac", "facts=a\r\nb\r\nc;"},
        {"another letter", form, "facts=a%0D%0Ab%0D%0Ad%0D%0A", "facts=a\r\nb\r\nd\r\n;"},
        {"by a program, which means it", json, "{\"facts\":\"a\\r\\nb\\r\\nc\\r\\n\"}", "facts=a\r\nb\r\nc\r\n;"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct outcome got = read_body(rows[i].type, rows[i].body, false);

        ROW_ASSERT(rows[i].name, !got.st && str_eq(got.errors, "") && str_eq(got.change, rows[i].want));
    }
}

/* ---- good ones ---- */

struct good {
    const char *type, *body, *change;
};

static void check_good(const struct good *rows, size_t n, bool is_create)
{
    for (size_t i = 0; i < n; i++) {
        struct outcome got = read_body(rows[i].type, rows[i].body, is_create);

        ROW_ASSERT(rows[i].body, got.st == CQ_OK && str_eq(got.errors, ""));
        ROW_ASSERT(rows[i].body, str_eq(got.change, rows[i].change));
    }
}

static void test_create(void)
{
    static const struct good rows[] = {
        {JSON, "{\"title\":\"t\",\"learning_objective\":\"o\",\"pedagogical_guidance\":\"g\"}",
         "title=t;learning_objective=o;pedagogical_guidance=g;"},
        {JSON, "{\"ai_experience\":{\"title\":\"t\",\"learning_objectives\":[\"o\"],\"pedagogical_guidance\":\"g\"}}",
         "title=t;learning_objective=o;pedagogical_guidance=g;"},
        {FORM, "title=t&learning_objective=o&pedagogical_guidance=g&description=&facts=f",
         "title=t;description=;facts=f;learning_objective=o;pedagogical_guidance=g;"},
        {FORM,
         "ai_experience[title]=t&ai_experience[learning_objectives][]=o&ai_experience[learning_objectives][]=p"
         "&ai_experience[pedagogical_guidance]=g&ai_experience[workflow_state]=published",
         "title=t;learning_objective=o\np;pedagogical_guidance=g;workflow_state=published;"},
        /* nested wins, the rest is still read */
        {JSON,
         "{\"title\":\"flat\",\"ai_experience\":{\"title\":\"t\"},\"learning_objective\":\"o\",\"pedagogical_"
         "guidance\":\"g\"}",
         "title=t;learning_objective=o;pedagogical_guidance=g;"},
        /* what is not theirs to set is ignored */
        {JSON,
         "{\"title\":\"t\",\"learning_objective\":\"o\",\"pedagogical_guidance\":\"g\",\"id\":9,\"course_id\":1,"
         "\"completed_count\":3}",
         "title=t;learning_objective=o;pedagogical_guidance=g;"},
    };

    check_good(rows, LEN(rows), true);
}

static void test_update(void)
{
    static const struct good rows[] = {
        {JSON, "{\"title\":\"t\"}", "title=t;"},
        {JSON, "{\"title\":\" as \\t typed\\n \"}", "title= as \t typed\n ;"},
        {JSON, "{\"description\":null,\"facts\":null}", "description=NULL;facts=NULL;"},
        {JSON, "{\"description\":\"\"}", "description=;"},
        {JSON, "{\"workflow_state\":\"unpublished\"}", "workflow_state=unpublished;"},
        {JSON, "{\"evaluation_metrics\":null}", "evaluation_metrics=NULL;"},
        {JSON, "{\"evaluation_metrics\":[]}", "evaluation_metrics=NULL;"},
        {JSON, "{\"ai_experience\":{\"title\":\"t\"},\"title\":5}", "title=t;"},
        {FORM, "title=%20t%20&facts=a%26b", "title= t ;facts=a&b;"},
    };

    check_good(rows, LEN(rows), false);
}

/* ---- objectives ---- */

static void test_objectives(void)
{
    static const struct good rows[] = {
        {JSON, "{\"learning_objective\":\"a\\nb\"}", "learning_objective=a\nb;"},
        {JSON, "{\"learning_objective\":\"a\\r\\nb\\rc\"}", "learning_objective=a\nb\nc;"},
        {JSON, "{\"learning_objective\":\" a \\n\\n \\t \\r\\n\\u00a0b\\u3000\\n\"}", "learning_objective=a\nb;"},
        {JSON, "{\"learning_objective\":\"a b\\tc\"}", "learning_objective=a b\tc;"},
        {JSON, "{\"learning_objectives\":[\"a\",\"b\"]}", "learning_objective=a\nb;"},
        {JSON, "{\"learning_objectives\":[\" a \",\"\",\" \\n \",\"b\\n\"]}", "learning_objective=a\nb;"},
        {JSON, "{\"learning_objectives\":[\"a\\nb\",\"c\\rd\"]}", "learning_objective=a b\nc d;"},
        {JSON, "{\"learning_objectives\":[\"a\"],\"learning_objective\":\"b\"}", "learning_objective=a;"},
        {JSON, "{\"learning_objectives\":[\"a\"],\"learning_objective\":5}", "learning_objective=a;"},
        {JSON, "{\"learning_objective\":\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\\n\\n\"}",
         "learning_objective=1\n2\n3\n4\n5\n6\n7\n8\n9\n10;"},
        {JSON, "{\"learning_objectives\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\" \"]}",
         "learning_objective=1\n2\n3\n4\n5\n6\n7\n8\n9\n10;"},
        {FORM, "learning_objective=a%0D%0Ab%0D%0A", "learning_objective=a\nb;"},
        {FORM, "learning_objectives[]=a&learning_objectives[]=+b+", "learning_objective=a\nb;"},
    };

    check_good(rows, LEN(rows), false);
}

/* One line end is one blank, whichever it is. */
static void test_a_line_end_in_an_objective_is_one_blank(void)
{
    static const struct good rows[] = {
        {JSON, "{\"learning_objectives\":[\"a\\r\\nb\"]}", "learning_objective=a b;"},
        {FORM, "learning_objectives[]=a%0D%0Ab", "learning_objective=a b;"},
    };

    check_good(rows, LEN(rows), false);
}

/* ---- metrics ---- */

static void test_metrics(void)
{
    static const struct good rows[] = {
        {JSON, "{\"evaluation_metrics\":[{\"name\":\"Tone\"}]}",
         "evaluation_metrics=[{\"name\":\"Tone\",\"description\":null,\"enabled\":true,\"visible_to_learners\":false}]"
         ";"},
        {JSON,
         "{\"evaluation_metrics\":[{\"name\":\" T \",\"description\":\"a "
         "\\\"b\\\"\\n\",\"enabled\":false,\"visible_to_learners\":true,\"id\":1}]}",
         "evaluation_metrics=[{\"name\":\" T \",\"description\":\"a "
         "\\\"b\\\"\\n\",\"enabled\":false,\"visible_to_learners\":true}];"},
        {JSON,
         "{\"evaluation_metrics\":[{\"name\":\"T\",\"description\":null,\"enabled\":null,\"visible_to_learners\":null}]"
         "}",
         "evaluation_metrics=[{\"name\":\"T\",\"description\":null,\"enabled\":true,\"visible_to_learners\":false}];"},
        {JSON, "{\"evaluation_metrics\":[{\"name\":\"A\",\"enabled\":0,\"visible_to_learners\":\"on\"}]}",
         "evaluation_metrics=[{\"name\":\"A\",\"description\":null,\"enabled\":false,\"visible_to_learners\":true}];"},
        {FORM,
         "evaluation_metrics[][name]=A&evaluation_metrics[][enabled]=no&evaluation_metrics[][name]=B&evaluation_"
         "metrics[][visible_to_learners]=1",
         "evaluation_metrics=[{\"name\":\"A\",\"description\":null,\"enabled\":false,\"visible_to_learners\":false},"
         "{\"name\":\"B\",\"description\":null,\"enabled\":true,\"visible_to_learners\":true}];"},
        {FORM, "ai_experience[evaluation_metrics][][name]=A&ai_experience[evaluation_metrics][][enabled]=OFF",
         "evaluation_metrics=[{\"name\":\"A\",\"description\":null,\"enabled\":false,\"visible_to_learners\":false}];"},
    };

    check_good(rows, LEN(rows), false);
}

/* ---- what is wrong ---- */

struct bad {
    const char *type, *body, *errors;
};

static void check_bad(const struct bad *rows, size_t n, bool is_create)
{
    for (size_t i = 0; i < n; i++) {
        struct outcome got = read_body(rows[i].type, rows[i].body, is_create);

        ROW_ASSERT(rows[i].body, got.st == CQ_OK);
        ROW_ASSERT(rows[i].body, str_eq(got.errors, rows[i].errors));
    }
}

static void test_all_faults_at_once(void)
{
    static const struct bad rows[] = {
        {JSON, "{\"facts\":\"f\"}",
         "{\"title\":[\"can't be blank\"],\"pedagogical_guidance\":[\"can't be blank\"],"
         "\"learning_objective\":[\"can't be blank\"],\"learning_objectives\":[\"can't be blank\"]}"},
        {FORM, "title=+&pedagogical_guidance=%C2%A0&learning_objective=%0A&workflow_state=",
         "{\"title\":[\"can't be blank\"],\"pedagogical_guidance\":[\"can't be blank\"],"
         "\"workflow_state\":[\"is not included in the list\"],"
         "\"learning_objective\":[\"can't be blank\"],\"learning_objectives\":[\"can't be blank\"]}"},
        {JSON,
         "{\"title\":1,\"description\":{},\"facts\":[],\"pedagogical_guidance\":true,\"workflow_state\":0,"
         "\"learning_objective\":1.5,\"evaluation_metrics\":\"x\"}",
         "{\"title\":[\"is invalid\"],\"description\":[\"is invalid\"],\"facts\":[\"is invalid\"],"
         "\"pedagogical_guidance\":[\"is invalid\"],\"workflow_state\":[\"is invalid\"],"
         "\"learning_objective\":[\"is invalid\"],\"learning_objectives\":[\"is invalid\"],"
         "\"evaluation_metrics\":[\"is invalid\"]}"},
    };

    check_bad(rows, LEN(rows), true);
}

static void test_texts(void)
{
    static const struct bad rows[] = {
        {JSON, "{\"title\":null}", "{\"title\":[\"can't be blank\"]}"},
        {JSON, "{\"title\":\"\"}", "{\"title\":[\"can't be blank\"]}"},
        {JSON, "{\"title\":\" \\u2003\\t\"}", "{\"title\":[\"can't be blank\"]}"},
        {JSON, "{\"title\":\"a\\u0000b\"}", "{\"title\":[\"is invalid\"]}"},
        {FORM, "title=a%00b", "{\"title\":[\"is invalid\"]}"},
        {FORM, "title[]=a", "{\"title\":[\"is invalid\"]}"},
        {JSON, "{\"description\":\"\\u0000\"}", "{\"description\":[\"is invalid\"]}"},
        {JSON, "{\"pedagogical_guidance\":null}", "{\"pedagogical_guidance\":[\"can't be blank\"]}"},
        {JSON, "{\"ai_experience\":{\"title\":null},\"title\":\"t\"}", "{\"title\":[\"can't be blank\"]}"},
        {JSON, "{\"workflow_state\":\"deleted\"}", "{\"workflow_state\":[\"is not included in the list\"]}"},
        {JSON, "{\"workflow_state\":\"Published\"}", "{\"workflow_state\":[\"is not included in the list\"]}"},
        {JSON, "{\"workflow_state\":null}", "{\"workflow_state\":[\"is not included in the list\"]}"},
        {JSON, "{\"workflow_state\":\"published\\u0000\"}", "{\"workflow_state\":[\"is invalid\"]}"},
    };

    check_bad(rows, LEN(rows), false);
}

static void test_wrong_objectives(void)
{
    static const struct bad rows[] = {
        {JSON, "{\"learning_objective\":null}", BOTH("can't be blank")},
        {JSON, "{\"learning_objective\":\" \\r\\n \"}", BOTH("can't be blank")},
        {JSON, "{\"learning_objectives\":[]}", BOTH("can't be blank")},
        {JSON, "{\"learning_objectives\":[\" \"]}", BOTH("can't be blank")},
        {JSON, "{\"learning_objectives\":null}", BOTH("can't be blank")},
        {JSON, "{\"learning_objectives\":\"a\"}", BOTH("is invalid")},
        {JSON, "{\"learning_objectives\":[\"a\",5]}", BOTH("is invalid")},
        {JSON, "{\"learning_objectives\":[\"a\",null]}", BOTH("is invalid")},
        {JSON, "{\"learning_objectives\":[\"a\",[\"b\"]]}", BOTH("is invalid")},
        {JSON, "{\"learning_objectives\":[\"a\\u0000\"]}", BOTH("is invalid")},
        {JSON, "{\"learning_objective\":\"a\\u0000\"}", BOTH("is invalid")},
        {JSON, "{\"learning_objective\":[\"a\"]}", BOTH("is invalid")},
        {JSON, "{\"learning_objective\":\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\\n11\"}",
         BOTH("cannot exceed 10 items")},
        {JSON, "{\"learning_objectives\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\"]}",
         BOTH("cannot exceed 10 items")},
    };

    check_bad(rows, LEN(rows), false);
}

#define METRICS(list)    "{\"evaluation_metrics\":" list "}"
#define FAULT(message)   "{\"evaluation_metrics\":[\"" message "\"]}"
#define NAMED(n)         "{\"name\":\"" n "\"}"
#define BOOLEANS_MESSAGE "enabled and visible_to_learners must be booleans"

static void test_wrong_metrics(void)
{
    static const struct bad rows[] = {
        {JSON, METRICS("[" NAMED("1") "," NAMED("2") "," NAMED("3") "," NAMED("4") "," NAMED("5") "," NAMED("6") "]"),
         FAULT("cannot exceed 5")},
        {JSON, METRICS("[{}]"), FAULT("name can't be blank")},
        {JSON, METRICS("[null]"), FAULT("name can't be blank")},
        {JSON, METRICS("[5]"), FAULT("name can't be blank")},
        {JSON, METRICS("[" NAMED("a") "," NAMED(" ") "]"), FAULT("name can't be blank")},
        {JSON, METRICS("[{\"name\":null}]"), FAULT("name can't be blank")},
        {JSON, METRICS("[{\"name\":5}]"), FAULT("name is invalid")},
        {JSON, METRICS("[" NAMED("a\\u0000") "]"), FAULT("name is invalid")},
        {JSON, METRICS("[" NAMED("a\\tb") "]"), FAULT("name can't hold a line end or a tab")},
        {JSON, METRICS("[" NAMED("a\\nb") "]"), FAULT("name can't hold a line end or a tab")},
        {JSON, METRICS("[" NAMED("a\\r") "]"), FAULT("name can't hold a line end or a tab")},
        {JSON, METRICS("[" NAMED("a") "," NAMED("b") "," NAMED("a") "]"), FAULT("name must be unique")},
        {JSON, METRICS("[{\"name\":\"a\",\"description\":5}]"), FAULT("description is invalid")},
        {JSON, METRICS("[{\"name\":\"a\",\"enabled\":\"maybe\"}]"), FAULT(BOOLEANS_MESSAGE)},
        {JSON, METRICS("[{\"name\":\"a\",\"visible_to_learners\":2}]"), FAULT(BOOLEANS_MESSAGE)},
        {JSON, METRICS("{}"), FAULT("is invalid")},
        {JSON, METRICS("true"), FAULT("is invalid")},
        {FORM, "evaluation_metrics[][name]=a&evaluation_metrics[][enabled]=maybe", FAULT(BOOLEANS_MESSAGE)},
        {FORM, "evaluation_metrics=a", FAULT("is invalid")},
    };

    check_bad(rows, LEN(rows), false);
}

static void test_a_metric_that_is_no_object(void)
{
    struct outcome got = read_body(FORM, "evaluation_metrics[]=a&evaluation_metrics[]=b", false);

    ASSERT_TEXT(got.errors, FAULT("name can't be blank"));
}

/* ---- lengths: characters, not bytes ---- */

/* A JSON body: before, n times the character, after. */
static struct outcome read_long(const char *before, const char *character, size_t n, const char *after)
{
    struct buf body;
    struct outcome outcome;

    buf_init(&body, 4 << 20);
    buf_str(&body, before);
    for (size_t i = 0; i < n; i++)
        buf_str(&body, character);
    buf_str(&body, after);
    struct request req = make_post("", JSON, body.data);

    outcome = read_request(&req, false);
    buf_release(&body);
    return outcome;
}

static void test_lengths(void)
{
    static const struct {
        const char *before, *after;
        size_t max;
        const char *errors;
    } rows[] = {
        {"{\"title\":\"", "\"}", 255, "{\"title\":[\"is too long (maximum is 255 characters)\"]}"},
        {"{\"description\":\"", "\"}", 10000, "{\"description\":[\"is too long (maximum is 10000 characters)\"]}"},
        {"{\"facts\":\"", "\"}", 10000, "{\"facts\":[\"is too long (maximum is 10000 characters)\"]}"},
        {"{\"pedagogical_guidance\":\"", "\"}", 10000,
         "{\"pedagogical_guidance\":[\"is too long (maximum is 10000 characters)\"]}"},
        {"{\"learning_objective\":\"a\\n", "\\nb\"}", 10000, BOTH("each item must be 10000 characters or less")},
        {"{\"learning_objectives\":[\"a\",\" ", " \"]}", 10000, BOTH("each item must be 10000 characters or less")},
        {"{\"evaluation_metrics\":[{\"name\":\"", "\"}]}", 255, FAULT("name is too long (maximum is 255 characters)")},
        {"{\"evaluation_metrics\":[{\"name\":\"a\",\"description\":\"", "\"}]}", 1000,
         FAULT("description is too long (maximum is 1000 characters)")},
    };
    static const char *const characters[] = {"a", "ä", "日", "🙂"};

    for (size_t i = 0; i < LEN(rows); i++)
        for (size_t k = 0; k < LEN(characters); k++) {
            struct outcome fits = read_long(rows[i].before, characters[k], rows[i].max, rows[i].after);

            ROW_ASSERT(rows[i].before, fits.st == CQ_OK && str_eq(fits.errors, ""));
            ROW_ASSERT(rows[i].before, strlen(fits.change) > rows[i].max * strlen(characters[k]));
            struct outcome too_long = read_long(rows[i].before, characters[k], rows[i].max + 1, rows[i].after);

            ROW_ASSERT(rows[i].before, too_long.st == CQ_OK && str_eq(too_long.errors, rows[i].errors));
        }
}

/* ---- none at all ---- */

static void test_nothing_usable(void)
{
    static const struct {
        const char *type, *body;
        bool is_create;
    } rows[] = {
        {"", "", true},
        {"", "", false},
        {JSON, "{}", true},
        {JSON, "{\"ai_experience\":{}}", false},
        {JSON, "{\"ai_experience\":null}", true},
        {JSON, "{\"ai_experience\":\"a\"}", false},
        {JSON, "{\"id\":5,\"Title\":\"t\",\"ai_experience\":{\"name\":\"t\"}}", false},
        {FORM, "ai_experience[name]=t", true},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].body, read_body(rows[i].type, rows[i].body, rows[i].is_create).st == CQ_PARAMETERS_MISSING);
}

/* ---- files ---- */

/* "7,9" as they are to be stored, with "!" behind them if one of them cannot be a file. */
static const char *files_text(struct request *req, const struct ai_experience_change *change,
                              const struct field_errors *errors)
{
    struct buf *out = buf_in_arena(req->ctx.arena, 1000);

    if (!change->set_context_file_ids)
        return "as they are";
    for (size_t i = 0; i < change->n_context_file_ids; i++)
        buf_printf(out, "%s%llu", i ? "," : "", (unsigned long long)change->context_file_ids[i]);
    if (errors->has_unusable_files)
        buf_char(out, '!');
    return out->data;
}

static void test_files(void)
{
    static const struct config config = {.limits = {.context_files_max = 3}};
    static const struct {
        const char *name, *type, *body, *want;
        bool is_too_many;
    } rows[] = {
        {"absent", JSON, "{\"title\":\"t\"}", "as they are", false},
        {"none", JSON, "{\"context_file_ids\":[]}", "", false},
        {"null", JSON, "{\"context_file_ids\":null}", "", false},
        {"a form's empty list", FORM, "context_file_ids[]=", "", false},
        {"numbers and strings", JSON, "{\"context_file_ids\":[9,\"7\"]}", "9,7", false},
        {"a form's", FORM, "ai_experience[context_file_ids][]=9&ai_experience[context_file_ids][]=7", "9,7", false},
        {"one of them twice", JSON, "{\"context_file_ids\":[9,7,\"9\"]}", "9,7", false},
        {"words", JSON, "{\"context_file_ids\":[\"x\",7]}", "7!", false},
        {"zero", JSON, "{\"context_file_ids\":[0]}", "!", false},
        {"negative", JSON, "{\"context_file_ids\":[-1]}", "!", false},
        {"a fraction", JSON, "{\"context_file_ids\":[1.5]}", "!", false},
        {"larger than any id", JSON, "{\"context_file_ids\":[\"9999999999999999999\"]}", "!", false},
        {"objects", JSON, "{\"context_file_ids\":[{}]}", "!", false},
        {"no list", JSON, "{\"context_file_ids\":{\"a\":1}}", "!", false},
        {"as many as may be", JSON, "{\"context_file_ids\":[1,2,3,3]}", "1,2,3", false},
        {"one more", JSON, "{\"context_file_ids\":[1,2,3,4]}", "1,2,3,4", true},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_post("", rows[i].type, rows[i].body);
        struct ai_experience_change change;
        struct field_errors errors = {.n = 0};

        req.config = &config;
        CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
        ROW_ASSERT(rows[i].name, ai_experience_change_read(&req, &stored, &change, &errors) == CQ_OK);
        ROW_ASSERT(rows[i].name, str_eq(files_text(&req, &change, &errors), rows[i].want));
        ROW_ASSERT(rows[i].name, errors.n == rows[i].is_too_many);
        ROW_ASSERT(rows[i].name, !errors.n || str_eq(errors.list[0].message, "cannot exceed 3 files"));
    }
}

SUITE(ai_experience_change, {"untouched", test_untouched}, {"create", test_create}, {"update", test_update},
      {"objectives", test_objectives},
      {"a line end in an objective is one blank", test_a_line_end_in_an_objective_is_one_blank},
      {"metrics", test_metrics}, {"all faults at once", test_all_faults_at_once}, {"texts", test_texts},
      {"wrong objectives", test_wrong_objectives}, {"wrong metrics", test_wrong_metrics},
      {"a metric that is no object", test_a_metric_that_is_no_object}, {"lengths", test_lengths},
      {"nothing usable", test_nothing_usable}, {"files", test_files});
