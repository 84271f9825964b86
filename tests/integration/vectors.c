/* Documents put into vectors by a model of their own: which may be away, and may be followed by another. */
#include <stdio.h>
#include <string.h>

#include "harness.h"

#define FORM "multipart/form-data; boundary=b"

static struct model_server server; /* of the vectors alone */
static struct instance *instance;
static const char **model; /* of instance: which model makes them */

static void start(void)
{
    if (instance) {
        instance_use(instance);
        return;
    }
    server = model_server_start(NULL, NULL);
    const char *extra[] = {"COLLOQUY_EMBEDDINGS_MODEL=first", NULL};

    instance = instance_create("vectors", textf("http://127.0.0.1:%d", main_model().port), extra);
    for (model = instance->env; !str_starts(*model, "COLLOQUY_EMBEDDINGS_MODEL"); model++)
        ;
    instance_configure(instance, textf("[model first]\nbase_url = http://127.0.0.1:%d/v1\nid = v-1\n"
                                       "[model second]\nbase_url = http://127.0.0.1:%d/v1\nid = v-2\n",
                                       server.port, server.port));
    instance_use(instance);
}

static void upload(const struct talk *talk, const char *text)
{
    const char *body =
        textf("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n\r\n%s\r\n--b--\r\n", text);

    expect_status("a file",
                  CALL("POST", textf("%s/context_files", experience_path(talk->course, talk->experience)),
                       token_of(TEACHER), .body = body, .type = FORM),
                  201);
}

static bool is_read(void *unused)
{
    (void)unused;
    return database_number("SELECT COUNT(*) FROM document WHERE state <> 'succeeded'") == 0;
}

static uint64_t n_calls(const char *name)
{
    return database_number(textf("SELECT COALESCE(SUM(calls), 0) FROM usage_day WHERE model = '%s' AND user_id = %lu"
                                 " AND course_id = %lu AND input_tokens > 0",
                                 name, id_of(TEACHER), main_course()));
}

static uint64_t n_drawn(const struct talk *talk)
{
    return database_number(textf("SELECT COUNT(*) FROM related_document WHERE conversation_id = %lu", talk->id));
}

/* What is made of a document is paid for by who uploaded it; what is asked is put into a vector too. */
static void test_made(void)
{
    start();
    struct talk talk = open_talk(STUDENT);

    upload(&talk, "The heron waits in the shallow water of the estuary for fish.");
    ROW_ASSERT("it is read", wait_until(is_read, NULL, PATIENCE_MS));
    CU_ASSERT_EQUAL(n_calls("first"), 1);
    expect_status("asked", say(&talk, "Where does the heron wait for fish?"), 200);
    CU_ASSERT_EQUAL(n_drawn(&talk), 1);
    CU_ASSERT_PTR_NULL(strstr(read_log(), "by words alone"));
}

static void test_away(void)
{
    start();
    struct talk talk = open_talk(STUDENT);

    upload(&talk, "The kingfisher digs its tunnel into a steep bank of sand.");
    ROW_ASSERT("it is read", wait_until(is_read, NULL, PATIENCE_MS));
    model_mode(&server, true, false);
    const struct answer *answer = say(&talk, "Where does the kingfisher dig its tunnel?");

    expect_status("asked", answer, 200);
    ROW_ASSERT(textf("it took %ld ms", answer->took_us / 1000), answer->took_us < 10000000);
    CU_ASSERT_EQUAL(n_drawn(&talk), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(read_log(), "documents are searched by words alone"));
    upload(&talk, "The bittern booms in the reeds at night.");
    ROW_ASSERT("another one is read all the same", wait_until(is_read, NULL, PATIENCE_MS));
    expect_status("asked", say(&talk, "What does the bittern do in the reeds?"), 200);
    CU_ASSERT_TRUE(n_drawn(&talk) > 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(read_log(), "has no vectors yet"));
    model_mode(&server, false, false);
}

static bool has_all(void *unused)
{
    (void)unused;
    return n_calls("second") >= 3;
}

/* Whatever has no vectors of the model in force gets them, and nobody has to ask for it. */
static void test_followed(void)
{
    start();
    *model = "COLLOQUY_EMBEDDINGS_MODEL=second";
    CU_ASSERT_TRUE(instance_up(instance));
    ROW_ASSERT("all three are made anew", wait_until(has_all, NULL, PATIENCE_MS));
    pause_ms(500);
    CU_ASSERT_EQUAL(n_calls("second"), 3); /* and once each */
}

SUITE(vectors, {"made", test_made}, {"their model is away", test_away}, {"another model", test_followed});
