/* The documents' process: killed, or hanging, while it extracts and while turns wait for it. */
#include <signal.h>
#include <stdio.h>

#include "faults.h"

enum {
    N_KILLS = 2, /* the third one would be blamed on the document */
    WORDS = 400000,
    ANSWER_MS = 2000,
    WAIT_MS = 5000, /* how long a turn waits for what documents say */
};

static pid_t killed; /* which may be there for a moment yet */

static pid_t documents_pid(void)
{
    pid_t pids[MAX_PIDS];

    return workers("docum", pids) == 1 && pids[0] != killed ? pids[0] : 0;
}

static bool has_process(void *unused)
{
    (void)unused;
    return documents_pid() != 0;
}

static void kill_documents(pid_t pid)
{
    watch_killed(pid);
    killed = pid;
    kill(pid, SIGKILL);
}

/* Give the experience of a talk a file. */
static void give_file(const struct talk *talk, const char *text, size_t len)
{
    struct buf *body = buf_in_arena(test_arena(), len + 1024);

    if (!body)
        harness_die("out of memory");
    buf_str(body, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"notes.txt\"\r\n\r\n");
    buf_append(body, text, len);
    buf_str(body, "\r\n--b--\r\n");
    const char *path = textf("%s/context_files", experience_path(talk->course, talk->experience));

    expect_status("a file",
                  CALL("POST", path, token_of(TEACHER), .body = body->data, .len = body->len,
                       .type = "multipart/form-data; boundary=b"),
                  201);
}

static uint64_t count_documents(const char *condition)
{
    return admin_number(textf("SELECT COUNT(*) FROM document WHERE %s", condition), UINT64_MAX);
}

/* By the process that there is now: owners end in it. */
static bool is_running(void *unused)
{
    (void)unused;
    return count_documents(textf("state = 'running' AND owner LIKE '%%:%d'", (int)documents_pid())) == 1;
}

static bool is_none_waiting(void *unused)
{
    (void)unused;
    return count_documents("state IN ('queued', 'running')") == 0;
}

/* ---- while it extracts ---- */

/* So much text that it is not done at once. */
static void give_long_file(const struct talk *talk)
{
    struct buf *text = buf_in_arena(test_arena(), (size_t)WORDS * 16);

    for (unsigned i = 0; text && i < WORDS; i++)
        buf_printf(text, "%sw%x", i % 12 ? " " : ".\n", i * 2654435761u);
    if (!text)
        harness_die("out of memory");
    give_file(talk, text->data, text->len);
}

/* Stopped, looked at, killed: it has the document for sure. */
static void kill_at_work(void)
{
    int64_t began_ms = clock_mono_ms();

    bool is_taken = wait_under_load(is_running, NULL, PATIENCE_MS);

    ROW_ASSERT("it is taken", is_taken);
    if (!is_taken)
        return;
    int64_t took_ms = clock_mono_ms() - began_ms;
    pid_t pid = documents_pid();

    CU_ASSERT_FATAL(pid > 0); /* 0 would be everybody */
    kill(pid, SIGSTOP);
    ROW_ASSERT("it has it", is_running(NULL));
    kill_documents(pid);
    figure("taken after %ld ms", took_ms);
    ROW_ASSERT("there is another one", wait_under_load(has_process, NULL, PATIENCE_MS));
}

static void run_extracting(const struct fault *fault, int64_t for_ms)
{
    struct talk talk = open_talk(STUDENT);

    admin("DELETE FROM context_file");
    admin("DELETE FROM document");
    load_start(&fault->load);
    load_for(300, 0, NULL);
    give_long_file(&talk);
    for (int i = 0; i < N_KILLS; i++)
        kill_at_work();
    ROW_ASSERT("it is extracted all the same", wait_under_load(is_none_waiting, NULL, PATIENCE_MS));
    ROW_ASSERT("and can be retrieved from", count_documents("state = 'succeeded' AND tries = 0") == 1);
    load_for(for_ms, 0, NULL);
    load_finish();
    load_check(fault->may);
}

/* ---- while a turn waits ---- */

static uint64_t n_drawn(const struct talk *talk)
{
    return admin_number(textf("SELECT COUNT(*) FROM related_document WHERE conversation_id = %lu", talk->id),
                        UINT64_MAX);
}

static struct talk talk_with_file(void)
{
    static const char text[] = "The heron stands in the shallow water of the estuary and waits for fish.";
    struct talk talk = open_talk(STUDENT);

    admin("DELETE FROM context_file");
    admin("DELETE FROM document");
    give_file(&talk, text, sizeof(text) - 1);
    ROW_ASSERT("it is extracted", wait_until(is_none_waiting, NULL, PATIENCE_MS));
    return talk;
}

static void run_waiting(const struct fault *fault, int64_t for_ms)
{
    struct talk talk = talk_with_file();
    pid_t pid = documents_pid();

    (void)fault, (void)for_ms;
    CU_ASSERT_FATAL(pid > 0);
    kill(pid, SIGSTOP);
    struct transfer *turn = say_start(&talk, "Where does the heron wait for fish?", NULL, false);

    for (int64_t until_ms = clock_mono_ms() + 300; clock_mono_ms() < until_ms;)
        calls_run(10);
    ROW_ASSERT("it waits", !call_is_done(turn));
    kill_documents(pid);
    int64_t began_ms = clock_mono_ms();

    expect_status("answered", call_finish(turn), 200);
    int64_t took_ms = clock_mono_ms() - began_ms;

    figure("answered %ld ms later", took_ms);
    ROW_ASSERT("soon", took_ms <= ANSWER_MS + SLACK_MS);
    ROW_ASSERT("and it draws from the document: the next process was asked", n_drawn(&talk) > 0);
}

/* It hangs: the turn waits as long as it may, and does without. */
static void run_hanging(const struct fault *fault, int64_t for_ms)
{
    struct talk talk = talk_with_file();
    pid_t pid = documents_pid();

    (void)fault, (void)for_ms;
    CU_ASSERT_FATAL(pid > 0);
    kill(pid, SIGSTOP);
    const struct answer *answer = say(&talk, "Where does the heron wait for fish?");

    kill(pid, SIGCONT);
    expect_status("answered", answer, 200);
    figure("answered after %ld ms", answer->took_us / 1000);
    ROW_ASSERT("in time", answer->took_us / 1000 <= WAIT_MS + ANSWER_MS + SLACK_MS);
    ROW_ASSERT("from no document", n_drawn(&talk) == 0);
    ROW_ASSERT("it is said in the log", log_has("nothing from documents: no answer in time", PATIENCE_MS));
    expect_status("the next one", say(&talk, "And where does the heron wait?"), 200);
    ROW_ASSERT("draws from it again", n_drawn(&talk) > 0);
}

static const struct fault rows[] = {
    // clang-format off
    {.name = "documents-killed-extracting",
     .promise = "documents' process SIGKILL at work, twice: another goes on, and nobody notices",
     .full_s = 5, .suite_ms = 300, .may = MAY_GROW, .is_whole = true, .run = run_extracting},
    {.name = "documents-killed-waiting",
     .promise = "the same while a turn waits for it: the next one is asked, and the reply draws from the document",
     .full_s = 1, .suite_ms = 1, .may = MAY_GROW, .is_whole = true, .run = run_waiting},
    {.name = "documents-hang",
     .promise = "the process hangs: turns go on without after 5 s",
     .full_s = 1, .may = MAY_GROW, .is_whole = true, .run = run_hanging},
    // clang-format on
};

const struct fault_table document_faults = {rows, LEN(rows)};
