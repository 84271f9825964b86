/* The picture of a class: who is counted where, above all when objectives have changed. */
#include "engine/class_picture.h"

#include "unit.h"

static const struct conversation_row none;

static struct conversation_row talk(const char *objectives, const char *met_at)
{
    return (struct conversation_row){
        .id = 1, .workflow_state = "active", .learning_objective = objectives, .met_at = met_at};
}

static void test_nobody(void)
{
    struct class_picture picture;

    CU_ASSERT_EQUAL_FATAL(class_picture_begin(unit_ctx(), "a\nb", &picture), CQ_OK);
    CU_ASSERT_TRUE(picture.n_objectives == 2 && picture.total_students == 0);
    ASSERT_TEXT(picture.objectives[0].text, "a");
    ASSERT_TEXT(picture.objectives[1].text, "b");
}

static void test_states(void)
{
    static const struct {
        const char *state;
        bool is_completed;
        enum student_state want;
    } rows[] = {
        {"active", false, STUDENT_IN_PROGRESS},
        {"active", true, STUDENT_COMPLETED},
        {"completed", false, STUDENT_ENDED},
        {"completed", true, STUDENT_COMPLETED},
    };
    struct cq_ctx *ctx = unit_ctx();
    struct class_picture picture;

    CU_ASSERT_EQUAL_FATAL(class_picture_begin(ctx, "a", &picture), CQ_OK);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct conversation_row v = talk("a", "");

        v.workflow_state = rows[i].state;
        v.all_objectives_met = rows[i].is_completed;
        CU_ASSERT_EQUAL(engine_student_state(&v), rows[i].want);
        CU_ASSERT_EQUAL(class_picture_count(ctx, &picture, &v), CQ_OK);
    }
    CU_ASSERT_EQUAL(engine_student_state(&none), STUDENT_NOT_STARTED);
    CU_ASSERT_EQUAL(class_picture_count(ctx, &picture, &none), CQ_OK);
    CU_ASSERT_EQUAL(picture.total_students, 5);
    CU_ASSERT_EQUAL(picture.n_in_state[STUDENT_NOT_STARTED], 1);
    CU_ASSERT_EQUAL(picture.n_in_state[STUDENT_IN_PROGRESS], 1);
    CU_ASSERT_EQUAL(picture.n_in_state[STUDENT_ENDED], 1);
    CU_ASSERT_EQUAL(picture.n_in_state[STUDENT_COMPLETED], 2);
    CU_ASSERT_EQUAL(picture.n_having_met[0], 4); /* none of them was without a conversation */
}

/* One conversation in an experience of the objectives a, b and c: n and n_met of each, and how many of these it met. */
static void test_objectives(void)
{
    static const struct {
        const char *name, *objectives, *met_at;
        uint64_t n[3], n_met[3];
        size_t met;
    } rows[] = {
        {"as they are", "a\nb\nc", "2,,4", {1, 1, 1}, {1, 0, 1}, 2},
        {"all", "a\nb\nc", "2,2,2", {1, 1, 1}, {1, 1, 1}, 3},
        {"none", "a\nb\nc", ",,", {1, 1, 1}, {0, 0, 0}, 0},
        {"in another order", "c\na\nb", "2,,", {1, 1, 1}, {0, 0, 1}, 1},
        {"one was added", "a\nb", "2,2", {1, 1, 0}, {1, 1, 0}, 2},
        {"one was taken away", "a\nb\nc\nd", ",,,2", {1, 1, 1}, {0, 0, 0}, 0},
        {"one was changed", "a\nB\nc", "2,2,", {1, 0, 1}, {1, 0, 0}, 1},
        {"a part of the text is another text", "aa\nb b\n", "2,2", {0, 0, 0}, {0, 0, 0}, 0},
        {"all were changed", "x\ny\nz", "2,2,2", {0, 0, 0}, {0, 0, 0}, 0},
        {"twice in the conversation", "a\na\nb", ",2,2", {1, 1, 0}, {0, 1, 0}, 1},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct conversation_row v = talk(rows[i].objectives, rows[i].met_at);
        struct class_picture picture;

        CU_ASSERT_EQUAL_FATAL(class_picture_begin(ctx, "a\nb\nc", &picture), CQ_OK);
        ROW_ASSERT(rows[i].name, class_picture_count(ctx, &picture, &v) == CQ_OK);
        for (size_t k = 0; k < LEN(rows[i].n); k++)
            ROW_ASSERT(rows[i].name,
                       picture.objectives[k].n == rows[i].n[k] && picture.objectives[k].n_met == rows[i].n_met[k]);
        for (size_t k = 0; k <= picture.n_objectives; k++)
            ROW_ASSERT(rows[i].name, picture.n_having_met[k] == (k == rows[i].met));
    }
}

static void test_an_objective_twice(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const struct conversation_row v = talk("a\na", ",2");
    struct class_picture picture;

    CU_ASSERT_EQUAL_FATAL(class_picture_begin(ctx, "a\na", &picture), CQ_OK);
    CU_ASSERT_EQUAL(class_picture_count(ctx, &picture, &v), CQ_OK);
    CU_ASSERT_TRUE(picture.objectives[0].n == 1 && picture.objectives[0].n_met == 0);
    CU_ASSERT_TRUE(picture.objectives[1].n == 1 && picture.objectives[1].n_met == 1);
    CU_ASSERT_EQUAL(picture.n_having_met[1], 1);
}

SUITE(class_picture, {"nobody", test_nobody}, {"states", test_states}, {"objectives", test_objectives},
      {"an objective twice", test_an_objective_twice});
