/* `colloquy bot add`: what it makes is a bot as clients have them, and the same again changes it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

enum { MAX_ARGUMENTS = 16 };

static const char *file_of(const char *name, const char *data, size_t len)
{
    const char *path = file_in_run(name);
    FILE *file = fopen(path, "we");

    if (!file || fwrite(data, 1, len, file) != len || fclose(file))
        harness_die("cannot write %s", path);
    return path;
}

static const char *text_file(const char *name, const char *text)
{
    return file_of(name, text, strlen(text));
}

static const char *instruction(void)
{
    return text_file("instruction.txt", "Be kind.");
}

static struct json_object *bot_of(const char *id)
{
    return CALL("GET", textf("/api/chat/bot/private/%s", id), token_of(TEACHER))->json;
}

static struct json_object *documents_of(const char *id)
{
    return CALL("GET", textf("/api/chat/bot/%s/documents", id), token_of(TEACHER))->json;
}

static bool is_read(void *arg)
{
    return str_eq(text_at(bot_of(arg), "/sync_status"), "SUCCEEDED");
}

/* ---- what it makes ---- */

static void test_made(void)
{
    static char id[] = "by-command";
    const char *topic = text_file("isotopes.md", "# Isotopes\nCarbon-14 decays with a half-life of 5,730 years.\n");
    const char *course = textf("%lu", main_course());
    struct json_object *said =
        COMMAND("bot", "add", "--owner", login_of(TEACHER), "--id", id, "--title", "By command", "--description",
                "What for", "--instruction-file", instruction(), "--course", course, "--document", topic, "--document",
                text_file("rules.txt", "Gloves are worn in the laboratory."));

    expect_json("what it prints", said, "", "{\"id\":\"by-command\",\"documents\":2}");
    CU_ASSERT_FATAL(wait_until(is_read, id, PATIENCE_MS));
    const struct expected want[] = {
        {"/title", "\"By command\""},
        {"/description", "\"What for\""},
        {"/instruction", "\"Be kind.\""},
        {"/owner_user_id", textf("\"%lu\"", id_of(TEACHER))},
        {"/shared_scope", "\"partial\""},
        {"/allowed_cognito_groups", textf("[\"%s\"]", course)},
        {"/knowledge/filenames", "[\"isotopes.md\",\"rules.txt\"]"},
        {"/display_retrieved_chunks", "true"},
    };

    expect_fields("as its owner has it", bot_of(id), want, LEN(want));
    const struct answer *summary = CALL("GET", textf("/api/chat/bot/summary/%s", id), token_of(STUDENT));
    expect_status("a member of the course may use it", summary, 200);
    expect_status("others may not", CALL("GET", textf("/api/chat/bot/summary/%s", id), token_of(STRANGER)), 404);
}

/* A member asks, and is told from what. */
static void test_asked(void)
{
    const struct answer *said =
        CALL("POST", "/api/chat/conversation", token_of(STUDENT),
             .body = "{\"conversation_id\":\"of-command\",\"bot_id\":\"by-command\",\"message\":"
                     "{\"content\":[{\"content_type\":\"text\",\"body\":\"half-life of "
                     "carbon?\"}]}}");
    const struct answer *related =
        CALL("GET", "/api/chat/conversation/of-command/related-documents", token_of(STUDENT));

    expect_status("asked", said, 200);
    expect_json("from what", related->json, "/0/source_name", "\"isotopes.md\"");
}

/* What has not changed is not read again; what is not named stays. */
static void test_the_same_again(void)
{
    static char id[] = "by-command";
    struct json_object *before = documents_of(id);
    struct json_object *said = COMMAND("bot", "add", "--owner", login_of(TEACHER), "--id", id, "--title", "Renamed",
                                       "--instruction-file", instruction(), "--document", file_in_run("isotopes.md"),
                                       "--document", text_file("rules.txt", "Goggles too."));

    expect_json("what it prints", said, "", "{\"id\":\"by-command\",\"documents\":2}");
    CU_ASSERT_FATAL(wait_until(is_read, id, PATIENCE_MS));
    struct json_object *after = documents_of(id), *bot = bot_of(id);

    expect_json("unchanged", after, "/0", json_object_to_json_string(json_at(before, "/0")));
    expect_json("changed", after, "/1/file_size", "12");
    expect_json("the same document", after, "/1/id", json_object_to_json_string(json_at(before, "/1/id")));
    expect_json("renamed", bot, "/title", "\"Renamed\"");
    expect_json("what is not said stays", bot, "/description", "\"What for\"");
    expect_json("and with whom it is shared", bot, "/shared_scope", "\"partial\"");
}

static void test_shared_with_all(void)
{
    struct json_object *said = COMMAND("bot", "add", "--owner", login_of(TEACHER), "--title", "For all",
                                       "--instruction-file", instruction(), "--share", "all");
    const char *id = text_at(said, "/id");

    ROW_ASSERT("a new id", strlen(id) == ULID_TEXT_BYTES - 1);
    expect_status("everybody", CALL("GET", textf("/api/chat/bot/summary/%s", id), token_of(STRANGER)), 200);
}

/* ---- refusals ---- */

struct refusal {
    const char *name, *owner, *id, *more[5];
    int code;
};

static int run(const struct refusal *row)
{
    const char *argv[MAX_ARGUMENTS] = {"bot",   "add",     "--owner", row->owner,           "--id",
                                       row->id, "--title", "T",       "--instruction-file", instruction()};
    struct buf *out = buf_in_arena(test_arena(), 1 << 16);

    for (size_t i = 0; row->more[i]; i++)
        argv[10 + i] = row->more[i];
    return out ? command_run(argv, out) : -1;
}

static uint64_t count_kept(void)
{
    return database_number("SELECT (SELECT COUNT(*) FROM file) + (SELECT COUNT(*) FROM file_hold)"
                           " + (SELECT COUNT(*) FROM document)");
}

/* Nothing is left of what is refused: no bot, and no file, also of those that were good. */
static void test_refusals(void)
{
    const char *owner = login_of(TEACHER);
    const char *good = text_file("good.txt", "Nobody has had this text before."), *empty = text_file("empty.txt", "");
    const char *program = file_of("program.txt",
                                  "\x7f"
                                  "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0",
                                  20);
    const struct refusal rows[] = {
        {"nobody's", "it-nobody", "refused", {NULL}, 1},
        {"an id with a blank", owner, "re fused", {NULL}, 2},
        {"somebody else's", login_of(STUDENT), "by-command", {"--document", good}, 1},
        {"no such file", owner, "refused", {"--document", good, "--document", "/nowhere/a.txt"}, 1},
        {"a folder", owner, "refused", {"--document", good, "--document", run_folder()}, 1},
        {"nothing in it", owner, "refused", {"--document", good, "--document", empty}, 1},
        {"a program", owner, "refused", {"--document", good, "--document", program}, 1},
        {"the same name twice", owner, "refused", {"--document", good, "--document", "/elsewhere/good.txt"}, 2},
        {"shared with some and all", owner, "refused", {"--share", "all", "--course", "1"}, 2},
        {"shared with whom", owner, "refused", {"--share", "some"}, 2},
        {"two instructions", owner, "refused", {"--instruction-file", empty}, 2},
    };
    uint64_t before = count_kept();

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, run(&rows[i]) == rows[i].code);
    CU_ASSERT_EQUAL(count_kept(), before);
    CU_ASSERT_EQUAL(database_number("SELECT COUNT(*) FROM bot WHERE name = 'refused'"), 0);
    expect_json("nothing has happened to it", bot_of("by-command"), "/title", "\"Renamed\"");
}

/* The bot is there by then, and stays its owner's alone: the same again with a right course goes on. */
static void test_a_course_of_others(void)
{
    const struct refusal row = {"its course",
                                login_of(TEACHER),
                                "not-theirs",
                                {"--course", textf("%lu", other_course()), "--document", file_in_run("good.txt")},
                                1};
    uint64_t before = count_kept();

    CU_ASSERT_EQUAL(run(&row), 1);
    CU_ASSERT_EQUAL(count_kept(), before);
    expect_json("private", bot_of("not-theirs"), "/shared_scope", "\"private\"");
}

/* The server, which is not root, could not read what root writes. */
static void test_root_in_anothers_folder(void)
{
    const char *folder = textf("%s/files", instance_used()->dir);
    const struct refusal row = {"root's", login_of(TEACHER), "refused", {"--document", file_in_run("good.txt")}, 1};

    if (geteuid() != 0)
        return;
    if (chown(folder, 1, (gid_t)-1))
        harness_die("%s keeps its owner", folder);
    CU_ASSERT_EQUAL(run(&row), 1);
    if (chown(folder, 0, (gid_t)-1))
        harness_die("%s does not get its owner back", folder);
    CU_ASSERT_EQUAL(database_number("SELECT COUNT(*) FROM bot WHERE name = 'refused'"), 0);
}

SUITE(bot_add, {"a bot and its documents", test_made}, {"is asked", test_asked},
      {"the same again", test_the_same_again}, {"shared with all", test_shared_with_all}, {"refusals", test_refusals},
      {"a course that its owner is not in", test_a_course_of_others},
      {"root in the server's folder", test_root_in_anothers_folder});
