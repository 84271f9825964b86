/* What becomes of documents when their owners, their process or the whole instance end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "documents.h"

enum { LONG_BYTES = 4 << 20 };

/* So much text that it is not done at once. */
static const char *long_text(const char *word)
{
    char *text = arena_alloc(test_arena(), LONG_BYTES + 64);
    size_t len = 0;

    for (unsigned i = 0; text && len < LONG_BYTES; i++)
        len += (size_t)snprintf(text + len, 64, "%s%s%x", i % 12 ? " " : ".\n", word, i * 2654435761u);
    return text ? text : "";
}

/* ---- what is left ---- */

static void remove_bot(const char *bot)
{
    expect_body("the bot goes", CALL("DELETE", bot_path(bot, ""), token_of(TEACHER)), 200, "null");
}

static void remove_chat(const char *chat)
{
    expect_body("the conversation goes", CALL("DELETE", chat_path(chat, ""), token_of(TEACHER)), 200, "null");
}

/* Others' things stay, of ours there is nothing. */
static void test_nothing_is_left(void)
{
    documents_use_instance();
    const char *others = bot_with(STUDENT, "theirs.txt", "The whimbrel whistles seven times.\n");
    const struct left before = documents_left();

    for (unsigned order = 0; order < 2; order++) {
        const char *bot = bot_with(TEACHER, "ours.md", "# Curlews\n\nThe curlew calls its name.\n"),
                   *chat = chat_new_id();
        const struct file drawing = {.name = "curlew.png", .data = PNG_BYTES, .len = PNG_LEN},
                          unnamed = {.name = "unnamed.txt", .data = "Nobody names it.\n"};
        const char *more = textf("%s%s", image(PNG_BYTES, PNG_LEN), attachment("a.txt", "Attached.\n", 10));

        expect_status("an image", upload_file(bot, TEACHER, &drawing), 201);
        expect_status("an upload", put_file(bot, TEACHER, &unnamed), 200);
        wait_for_sync(bot, TEACHER);
        ASK(.chat = chat, .bot = bot, .text = "What does the curlew call?", .more = more);
        ROW_ASSERT("drawn from",
                   count_at(related_of(chat, TEACHER), "") == 2 && rows_of("chat_word") > before.rows[LEFT_CHAT_WORD]);
        if (order)
            remove_chat(chat);
        remove_bot(bot);
        if (!order)
            remove_chat(chat);
        expect_left(order ? "conversation, bot" : "bot, conversation", &before);
    }
    expect_json("theirs", document_of(others, STUDENT, "theirs.txt"), "/sync_status", "\"SUCCEEDED\"");
    expect_status("theirs too", CALL("DELETE", bot_path(others, ""), token_of(STUDENT)), 200);
}

static bool is_idle(void *unused)
{
    (void)unused;
    return database_number("SELECT COUNT(*) FROM document WHERE state IN ('queued', 'running')") == 0;
}

/* A conversation that is deleted while what is attached to it is read. */
static void leave_attached(uint64_t n_before, const char *word, unsigned after_ms)
{
    const char *chat = chat_new_id(), *more = attachment("long.txt", long_text(word), LONG_BYTES);
    struct transfer *turn = ask_start(&(struct question){.chat = chat, .text = "What is it?", .more = more});

    for (int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
         !call_is_done(turn) && rows_of("chat_file") == n_before && clock_mono_ms() < until_ms;)
        calls_run(5);
    pause_ms(after_ms);
    remove_chat(chat);
    call_finish(turn);
}

static bool is_as_before(void *arg)
{
    const struct left *before = arg, now = documents_left();

    return memcmp(before, &now, sizeof(now)) == 0;
}

/* Whatever reads has time to write what it should not, and to take it away. */
static void expect_left_later(const char *row, struct left *before, unsigned after_ms)
{
    pause_ms(after_ms);
    wait_until(is_as_before, before, PATIENCE_MS);
    expect_left(row, before);
}

/* Removed while it is read: what reads it leaves nothing behind either. */
static void test_removed_meanwhile(void)
{
    documents_use_instance();
    struct left before = documents_left();
    const char *bot = make_bot(TEACHER, true), *text = long_text("m");

    expect_status("long", upload_file(bot, TEACHER, &(struct file){.name = "long.txt", .data = text}), 201);
    pause_ms(60);
    remove_bot(bot);
    ROW_ASSERT("it is idle", wait_until(is_idle, NULL, PATIENCE_MS));
    expect_left_later("a document", &before, 1500);

    static const unsigned pauses_ms[] = {0, 50, 100, 200, 400};

    for (size_t i = 0; i < LEN(pauses_ms); i++)
        leave_attached(before.rows[LEFT_CHAT_FILE], textf("n%zu", i), pauses_ms[i]);
    expect_left_later("an attachment", &before, 500);
}

/* ---- one content, one file ---- */

static void test_equal_contents(void)
{
    documents_use_instance();
    const struct left before = documents_left();
    static const char text[] = "The ptarmigan turns white in winter.\n";
    const char *bot = bot_with(TEACHER, "one.txt", text), *chat = chat_new_id();
    size_t with_one = files_on_disk();
    uint64_t experience = make_experience("unpublished");
    const char *form = textf(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"two.txt\"\r\n\r\n%s\r\n--b--\r\n", text);
    const char *files = textf("%s/context_files", experience_path(main_course(), experience));
    const struct answer *added =
        CALL("POST", files, token_of(TEACHER), .body = form, .type = "multipart/form-data; boundary=b");
    const struct file drawing = {.name = "ptarmigan.png", .data = PNG_BYTES, .len = PNG_LEN};

    expect_status("a context file", added, 201);
    expect_status("an image", upload_file(bot, TEACHER, &drawing), 201);
    ASK(.chat = chat, .text = "See",
        .more = textf("%s%s", attachment("three.txt", text, strlen(text)), image(PNG_BYTES, PNG_LEN)));
    ROW_ASSERT("each is there once", files_on_disk() == with_one + 1 && rows_of("file") == before.rows[LEFT_FILE] + 2);
    remove_bot(bot);
    ROW_ASSERT("others have them", files_on_disk() == with_one + 1);
    struct json_object *shown = CALL("GET", chat_path(chat, ""), token_of(TEACHER))->json;
    const char *message = text_at(shown, "/message_map/system/children/0");
    ROW_ASSERT("and can be read", *text_at(shown, textf("/message_map/%s/content/1/body", message)));
    ASK(.chat = chat, .text = "Again");
    ROW_ASSERT("its text, too", was_told("The ptarmigan turns white"));
    remove_chat(chat);
    ROW_ASSERT("one has it", files_on_disk() == with_one && rows_of("file") == before.rows[LEFT_FILE] + 1);
    expect_status("the last one", CALL("DELETE", textf("%s/%s", files, text_at(added->json, "/id")), token_of(TEACHER)),
                  200);
    expect_left("the last one", &before);
}

/* ---- the process is killed ---- */

static pid_t documents_pid(void)
{
    pid_t pids[4];

    return instance_workers(instance_used(), "docum", pids, LEN(pids)) == 1 ? pids[0] : 0;
}

static bool has_process(void *killed)
{
    pid_t pid = documents_pid();

    return pid && pid != *(pid_t *)killed;
}

static void kill_documents(void)
{
    pid_t pid = documents_pid();

    CU_ASSERT_FATAL(pid > 0); /* 0 would be everybody */
    kill(pid, SIGKILL);
    ROW_ASSERT("there is another one", wait_until(has_process, &pid, PATIENCE_MS));
}

static bool is_running(void)
{
    return database_number("SELECT COUNT(*) FROM document WHERE state = 'running'") > 0;
}

static bool is_begun(void *unused)
{
    return is_running() || is_idle(unused);
}

static void test_killed_while_it_extracts(void)
{
    documents_use_instance();
    const char *bot = make_bot(TEACHER, true);
    bool is_caught = false;

    for (int i = 0; i < 5 && !is_caught; i++) { /* it may be done before it is looked at */
        const char *text = textf("The dotterel is tame.\n\n%s", long_text(textf("k%d", i)));

        expect_status("long", upload_file(bot, TEACHER, &(struct file){.name = "long.txt", .data = text}), 201);
        ROW_ASSERT("it is begun", wait_until(is_begun, NULL, PATIENCE_MS));
        is_caught = is_running();
    }
    ROW_ASSERT("it runs", is_caught);
    kill_documents();
    expect_json("done all the same", wait_for_sync(bot, TEACHER), "/sync_status", "\"SUCCEEDED\"");
    struct json_object *said = ASK(.chat = chat_new_id(), .bot = bot, .text = "Is the dotterel tame?")->json;
    ROW_ASSERT("and drawn from", strstr(text_at(said, "/message/used_chunks/0/content"), "dotterel") != NULL);
    remove_bot(bot);
}

/* Killed again and again: turns with attachments go on with their texts or without, and none fails. */
static void test_killed_while_turns_wait(void)
{
    enum { TURNS = 4, KILLS = 4 };
    documents_use_instance();
    const char *bot = bot_with(TEACHER, "avocet.txt", "The avocet sweeps its bill.\n");
    struct transfer *turns[TURNS];

    for (size_t i = 0; i < TURNS; i++) {
        const char *text = long_text(textf("t%zu", i));

        turns[i] = ask_start(&(struct question){.chat = chat_new_id(),
                                                .bot = bot,
                                                .text = "What does the avocet do?",
                                                .more = attachment("a.txt", text, LONG_BYTES),
                                                .is_streaming = i % 2});
    }
    for (size_t i = 0; i < KILLS; i++) {
        for (int64_t until_ms = clock_mono_ms() + 250; clock_mono_ms() < until_ms;)
            calls_run(10);
        kill_documents();
    }
    for (size_t i = 0; i < TURNS; i++) {
        const struct answer *answer = call_finish(turns[i]);

        expect_status("answered", answer, 200);
        ROW_ASSERT(textf("%ld ms", answer->took_us / 1000), answer->took_us < 60000000);
        ROW_ASSERT("to its end", !answer->n_events || event_at(answer, "STREAMING_END"));
    }
    struct json_object *said = ASK(.chat = chat_new_id(), .bot = bot, .text = "What does the avocet do?")->json;
    ROW_ASSERT("all is well afterwards", count_at(said, "/message/used_chunks") == 1);
    remove_bot(bot);
    expect_status("forgotten", CALL("DELETE", CHAT "/conversations", token_of(TEACHER)), 200);
}

/* What waits in the queue waits for the next instance. */
static void test_restarted(void)
{
    enum { FILES = 12 };
    documents_use_instance();
    const char *bot = make_bot(TEACHER, true);
    pid_t pid = documents_pid();

    CU_ASSERT_FATAL(pid > 0);
    kill(pid, SIGSTOP); /* until all of them wait */
    for (size_t i = 0; i < FILES; i++) {
        const char *text = textf("The garganey, file %zu.\n\n%s", i, long_text(textf("r%zu", i)));

        expect_status("long", upload_file(bot, TEACHER, &(struct file){.name = textf("%zu.txt", i), .data = text}),
                      201);
    }
    uint64_t n_waiting = database_number("SELECT COUNT(*) FROM document WHERE state IN ('queued', 'running')");
    ROW_ASSERT(textf("%lu wait", n_waiting), n_waiting == FILES);
    kill(pid, SIGCONT);
    CU_ASSERT_TRUE(instance_down(instance_used()));
    CU_ASSERT_TRUE(instance_up(instance_used()));
    expect_json("done", wait_for_sync(bot, TEACHER), "/sync_status", "\"SUCCEEDED\"");
    struct json_object *said = ASK(.chat = chat_new_id(), .bot = bot, .text = "What of the garganey?")->json;
    ROW_ASSERT("drawn from", count_at(said, "/message/used_chunks") == 5);
    remove_bot(bot);
    expect_status("forgotten", CALL("DELETE", CHAT "/conversations", token_of(TEACHER)), 200);
    ROW_ASSERT(check_said(), !*check_said());
}

SUITE(document_ends, {"nothing is left", test_nothing_is_left}, {"removed meanwhile", test_removed_meanwhile},
      {"equal contents", test_equal_contents}, {"killed while it extracts", test_killed_while_it_extracts},
      {"killed while turns wait", test_killed_while_turns_wait}, {"restarted", test_restarted});
