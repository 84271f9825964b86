/* What calls of models used: of a turn, a conversation and a day, and what `colloquy usage` prints of it. */
#include <stdio.h>
#include <string.h>

#include "harness.h"

enum { PRINTED_MAX_BYTES = 1 << 20 };

/* In which nothing was used yet. */
static uint64_t new_course(void)
{
    main_course(); /* with it everybody is there */
    return make_course();
}

/* ---- sums ---- */

struct tokens {
    uint64_t calls, input, output;
};

/* What the model server says of an answer of so many bytes to the request that it was sent last. */
static struct tokens told(const char *last_request, size_t answer_bytes)
{
    return (struct tokens){1, strlen(text_at(model_stats(), last_request)) / 4 + 1, (answer_bytes + 3) / 4};
}

static void add(struct tokens *sum, struct tokens more)
{
    sum->calls += more.calls;
    sum->input += more.input;
    sum->output += more.output;
}

static void expect_tokens(const char *row, const char *columns, const char *from, struct tokens want)
{
    uint64_t calls = strstr(columns, "calls") ? database_number(textf("SELECT SUM(calls) FROM %s", from)) : want.calls,
             input = database_number(textf("SELECT SUM(input_tokens) FROM %s", from)),
             output = database_number(textf("SELECT SUM(output_tokens) FROM %s", from));

    ROW_ASSERT(textf("%s: %lu calls, %lu, %lu; want %lu, %lu, %lu", row, calls, input, output, want.calls, want.input,
                     want.output),
               calls == want.calls && input == want.input && output == want.output);
}

/* Of the conversation, and of the day in its course, which nothing else is in. */
static void expect_sums(const char *row, const struct talk *talk, struct tokens of_talk, struct tokens of_day)
{
    expect_tokens(textf("%s, its conversation", row), "", textf("conversation WHERE id = %lu", talk->id), of_talk);
    expect_tokens(textf("%s, the day", row), "calls",
                  textf("usage_day WHERE course_id = %lu AND day = UTC_DATE()", talk->course), of_day);
}

static struct tokens of_user(struct json_object *usage, const char *login)
{
    struct tokens sum = {0};

    for (size_t i = 0; i < count_at(usage, ""); i++)
        if (str_eq(text_at(usage, textf("/%zu/user", i)), login))
            add(&sum, (struct tokens){(uint64_t)int_at(usage, textf("/%zu/calls", i)),
                                      (uint64_t)int_at(usage, textf("/%zu/input_tokens", i)),
                                      (uint64_t)int_at(usage, textf("/%zu/output_tokens", i))});
    return sum;
}

static bool is_same(struct tokens a, struct tokens b)
{
    return a.calls == b.calls && a.input == b.input && a.output == b.output;
}

static void test_sums(void)
{
    static const char none[] = "{\"objectives\":[{\"number\":1,\"status\":\"\"},{\"number\":2,\"status\":\"\"}]}";
    uint64_t course = new_course();
    struct talk talk = open_talk_on(course, make_experience_in(course, "published", "Counted"), token_of(STUDENT));
    struct tokens sum = told("/last_body", strlen("You said: Hello")), turn = {0}, teachers;

    expect_sums("an opening", &talk, sum, sum);
    expect_status("a turn", say(&talk, textf("[[text A reply of 24 letters.]][[assess:text %s]]hi", none)), 200);
    add(&turn, told("/last_body", strlen("A reply of 24 letters.")));
    add(&turn, told("/last_structured", strlen(none)));
    add(&sum, turn);
    expect_tokens("a turn", "", textf("turn WHERE conversation_id = %lu AND user_seq = 2", talk.id), turn);
    expect_sums("a turn", &talk, sum, sum);
    expect_status("a key", say_with_key(&talk, "again", "cost"), 200);
    sum.calls = database_number(textf("SELECT SUM(calls) FROM usage_day WHERE course_id = %lu", course));
    sum.input = database_number(textf("SELECT input_tokens FROM conversation WHERE id = %lu", talk.id));
    sum.output = database_number(textf("SELECT output_tokens FROM conversation WHERE id = %lu", talk.id));
    expect_status("a replay", say_with_key(&talk, "again", "cost"), 200);
    expect_sums("a replay uses nothing", &talk, sum, sum);

    const struct answer *evaluation = CALL("POST", textf("%s/evaluation", talk.path), token_of(TEACHER));
    expect_status("an evaluation", evaluation, 200);
    teachers = told("/last_structured", 0);
    teachers.output =
        database_number(textf("SELECT output_tokens FROM conversation WHERE id = %lu", talk.id)) - sum.output;
    ROW_ASSERT("an evaluation is not for nothing", teachers.output > 0);
    add(&sum, teachers);
    expect_sums("an evaluation", &talk, sum, sum);

    struct json_object *usage = COMMAND("usage", "--course", textf("%lu", course), "--by", "user", "--format", "json");
    ROW_ASSERT("the teacher's", is_same(of_user(usage, login_of(TEACHER)), teachers));
    struct tokens students = of_user(usage, login_of(STUDENT));
    add(&students, teachers);
    ROW_ASSERT("the student's", is_same(students, sum));
}

/* One that fails has used something too, and one without a conversation. */
static void test_sums_of_failures(void)
{
    uint64_t course = new_course();
    struct talk talk = open_talk_on(course, make_experience_in(course, "published", "Counted"), token_of(STUDENT));
    const char *of_course = textf("SELECT SUM(calls) FROM usage_day WHERE course_id = %lu", course);
    uint64_t calls = database_number(of_course);

    ROW_ASSERT("an opening", calls == 1);
    expect_status("a turn that fails", say(&talk, "[[status 400]]x"), 503);
    ROW_ASSERT("it is counted", database_number(of_course) > calls);
}

/* ---- what is printed ---- */

static void used_on(uint64_t course, const char *day, enum person who, const char *model, const char *numbers)
{
    CU_ASSERT_TRUE_FATAL(database_try(
        textf("INSERT INTO usage_day VALUES (%lu, %s, %lu, '%s', %s)", course, day, id_of(who), model, numbers)));
}

static uint64_t make_used_course(void)
{
    uint64_t course = new_course();

    used_on(course, "'2024-02-28'", STUDENT, "large", "1, 2, 3, 4, 5, 6");
    used_on(course, "'2024-02-29'", STUDENT, "large, \"new\"", "2, 1000, 200, 30, 4, 1234567890");
    used_on(course, "'2024-02-29'", STUDENT, "small", "10, 20000, 3000, 0, 0, 500000000");
    used_on(course, "'2024-02-29'", TEACHER, "small", "1, 1, 1, 0, 0, 0");
    used_on(course, "'2024-03-01'", STUDENT, "small", "1, 7, 7, 0, 0, 1");
    return course;
}

/* The exit code, and all that it printed. */
static const char *run(const char *const *argv, int *code)
{
    struct buf *out = buf_in_arena(test_arena(), PRINTED_MAX_BYTES);

    CU_ASSERT_FATAL(out != NULL);
    *code = command_run(argv, out);
    return out->data;
}

static void test_formats(void)
{
    const char *course = textf("%lu", make_used_course());
    const struct {
        const char *by, *format, *want;
    } rows[] = {
        {"day", "table",
         "day         model         calls  input_tokens  output_tokens  cache_read_tokens  cache_write_tokens"
         "        price\n"
         "2024-02-29  large, \"new\"      2          1000            200                 30                   4"
         "   1.23456789\n"
         "2024-02-29  small            11         20001           3001                  0                   0"
         "         0.50\n"
         "2024-03-01  small             1             7              7                  0                   0"
         "  0.000000001\n"
         "total                        14         21008           3208                 30                   4"
         "  1.734567891\n"},
        {"user", "csv",
         "user,model,calls,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,price\r\n"
         "it-student,\"large, \"\"new\"\"\",2,1000,200,30,4,1.23456789\r\n"
         "it-student,small,11,20007,3007,0,0,0.500000001\r\n"
         "it-teacher,small,1,1,1,0,0,0\r\n"},
        {"model", "json",
         "[{\"model\":\"large, \\\"new\\\"\",\"calls\":2,\"input_tokens\":1000,\"output_tokens\":200,"
         "\"cache_read_tokens\":30,\"cache_write_tokens\":4,\"price\":1.23456789},"
         "{\"model\":\"small\",\"calls\":12,\"input_tokens\":20008,\"output_tokens\":3008,"
         "\"cache_read_tokens\":0,\"cache_write_tokens\":0,\"price\":0.500000001}]\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *argv[] = {"usage",      "--course", course,     "--since",  "2024-02-29",   "--until",
                              "2024-03-01", "--by",     rows[i].by, "--format", rows[i].format, NULL};
        int code;
        const char *got = run(argv, &code);

        ROW_ASSERT(textf("%s: %d\n%s", rows[i].format, code, got), code == 0 && str_eq(got, rows[i].want));
    }
}

static void test_every_course(void)
{
    uint64_t one = make_used_course(), two = make_used_course();
    const char *const argv[] = {"usage", "--since", "2024-02-28", "--until", "2024-02-28", "--format", "csv", NULL};
    const char *row = "2024-02-28,large,1,2,3,4,5,0.000000006\r\n";
    int code;
    const char *got = run(argv, &code);

    ROW_ASSERT(got, code == 0 && str_starts(got, "course_id,day,model,calls,"));
    const char *first = strstr(got, textf("\r\n%lu,%s", one, row)),
               *second = strstr(got, textf("\r\n%lu,%s", two, row));
    ROW_ASSERT(got, first && second && first < second);
}

/* Unless said otherwise: of this month, by day, as a table. */
static void test_defaults(void)
{
    uint64_t course = new_course();

    used_on(course, "UTC_DATE()", STUDENT, "small", "3, 0, 0, 0, 0, 0");
    used_on(course, "DATE_FORMAT(UTC_DATE(), '%Y-%m-01') - INTERVAL 1 DAY", STUDENT, "before", "1, 0, 0, 0, 0, 0");
    const char *const argv[] = {"usage", "--course", textf("%lu", course), NULL};
    int code;
    const char *got = run(argv, &code);

    ROW_ASSERT(got, code == 0 && str_starts(got, "day  ") && strstr(got, "small") && !strstr(got, "before"));
    ROW_ASSERT(got, strstr(got, "\ntotal ") != NULL);
}

static void test_refusals(void)
{
    const char *course = textf("%lu", new_course());
    const struct {
        const char *name;
        const char *argv[6];
        int code;
    } rows[] = {
        {"nothing was used", {"--course", course, "--format", "csv"}, 0},
        {"no such course", {"--course", "999999999"}, 1},
        {"course 0", {"--course", "0"}, 1},
        {"no number", {"--course", "x"}, 2},
        {"no day", {"--since", "2024-02-30"}, 2},
        {"the wrong way round", {"--since", "2024-02-02", "--until", "2024-02-01"}, 2},
        {"by what", {"--by", "hour"}, 2},
        {"format", {"--format", "xml"}, 2},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *argv[8] = {"usage"};
        int code;

        memcpy(argv + 1, rows[i].argv, sizeof(rows[i].argv));
        const char *got = run(argv, &code);

        ROW_ASSERT(textf("%s: %d", rows[i].name, code), code == rows[i].code);
        ROW_ASSERT(got, code == 0 || !*got);
    }
}

SUITE(cost, {"sums", test_sums}, {"sums of failures", test_sums_of_failures}, {"formats", test_formats},
      {"every course", test_every_course}, {"defaults", test_defaults}, {"refusals", test_refusals});
