/* A thousand turns at once on the default configuration. */
#include <stdio.h>

#include "harness.h"

enum { N_STUDENTS = 40, N_EXPERIENCES = 25, N_TURNS = N_STUDENTS * N_EXPERIENCES };

struct thousand {
    uint64_t course, experiences[N_EXPERIENCES];
    const char *tokens[N_STUDENTS];
    struct talk talks[N_TURNS];
};

static void make_class(struct thousand *all)
{
    main_course(); /* so that everybody is there, who has a part in the next one too */
    all->course = make_course();
    for (size_t i = 0; i < N_EXPERIENCES; i++)
        all->experiences[i] = make_experience_in(all->course, "published", textf("E%zu", i));
    for (size_t i = 0; i < N_STUDENTS; i++) {
        const char *login = textf("it-crowd-%zu", i);

        make_user(login);
        enroll(all->course, login, "student", "active");
        all->tokens[i] = make_token(login, NULL);
    }
}

/* All at once would be another test: a student at a time. */
static void open_all(struct thousand *all)
{
    struct transfer *opens[N_EXPERIENCES];

    for (size_t i = 0; i < N_STUDENTS; i++) {
        for (size_t k = 0; k < N_EXPERIENCES; k++)
            opens[k] = START("POST", textf("%s/conversations", experience_path(all->course, all->experiences[k])),
                             all->tokens[i]);
        for (size_t k = 0; k < N_EXPERIENCES; k++) {
            struct talk *talk = &all->talks[i * N_EXPERIENCES + k];
            const struct answer *answer = call_finish(opens[k]);

            if (answer->status != 201)
                harness_die("cannot open a conversation: %ld %s", answer->status, answer->body);
            *talk = (struct talk){.course = all->course,
                                  .experience = all->experiences[k],
                                  .token = all->tokens[i],
                                  .id = json_get_u64(answer->json, "id")};
            talk->messages_path =
                textf("%s/conversations/%lu/messages", experience_path(all->course, talk->experience), talk->id);
        }
    }
}

static bool are_all_asked(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++)
        calls_run(1);
    return int_at(model_stats(), "/in_flight") == N_TURNS;
}

/*
 * The model waits with its replies until it is asked for the last one: each turn comes on a connection of its own, as from
 * a thousand browsers.
 */
static void test_a_thousand_turns_at_once(void)
{
    struct thousand *all = arena_zalloc(test_arena(), 1, sizeof(*all));
    struct transfer **turns = arena_zalloc(test_arena(), N_TURNS, sizeof(*turns));
    size_t n_good = 0, n_shown = 0;

    CU_ASSERT_FATAL(all && turns);
    make_class(all);
    open_all(all);
    int64_t began_ms = clock_mono_ms();
    for (size_t i = 0; i < N_TURNS; i++)
        turns[i] = START("POST", all->talks[i].messages_path, all->talks[i].token,
                         .body = message_body(textf("[[delay 55000]]turn %zu", i)), .limit_ms = 60000);
    ROW_ASSERT("all run", wait_until(are_all_asked, NULL, 40000));
    model_hurry(true);
    for (size_t i = 0; i < N_TURNS; i++) {
        const struct answer *answer = call_finish(turns[i]);
        bool is_good =
            answer->status == 200 && str_eq(text_at(answer->json, "/messages/3/text"), textf("You said: turn %zu", i));

        n_good += is_good;
        if (!is_good && n_shown++ < 3)
            fprintf(stderr, "\n    turn %zu: %ld %s %.300s", i, answer->status, header(answer, "X-Client-Error"),
                    answer->body ? answer->body : "");
    }
    model_hurry(false);
    int64_t took_ms = clock_mono_ms() - began_ms;
    int64_t most = int_at(model_stats(), "/max_in_flight");

    ROW_ASSERT(textf("%zu of %d turns", n_good, N_TURNS), n_good == N_TURNS);
    ROW_ASSERT(textf("%ld at the model at once", most), most == N_TURNS);
    ROW_ASSERT(textf("%ld ms", took_ms), took_ms < 20000);
    printf("(%ld ms, %ld at once) ", took_ms, most);
}

SUITE(thousand, {"a thousand turns at once", test_a_thousand_turns_at_once});
