/* What a newcomer reads and pastes: the README's first conversation, and the one that quickstart prints. */
#include <stdio.h>
#include <string.h>

#include "harness.h"

enum { TEXT_MAX_BYTES = 1 << 20, RUN_LIMIT_MS = 30000 };

static const char PASTE[] = "to paste into a shell:\n";
static const char BROWSER[] = "In a browser, with a user name and its password: ";

/* With the built-in tutor, as a newcomer has it; made when first asked for. */
static struct instance *newcomers(void)
{
    static const char *const settings[] = {"COLLOQUY_LLM_PROVIDER=builtin", NULL};
    static struct instance *instance;

    if (!instance)
        instance = instance_create("newcomer", "http://127.0.0.1:1", settings);
    return instance;
}

/* Paste it into that shell, in a folder that has var/ as a clone has: what came of it, failures too. */
static const char *paste(const char *shell, const char *commands)
{
    const char *folder = textf("%s/clone", run_folder());
    const char *script = textf("mkdir -p '%s' && cd '%s' && ln -sfn '%s' var && exec 2>&1 && eval \"$1\"", folder,
                               folder, newcomers()->dir);
    const char *const argv[] = {shell, "-c", script, "paste", commands, NULL};
    struct buf *out = buf_in_arena(test_arena(), TEXT_MAX_BYTES);

    CU_ASSERT_FATAL(out && run_program(argv, NULL, out, RUN_LIMIT_MS) == 0);
    buf_str(out, "");
    return out->data;
}

static void expect_in(const char *text, const char *const *pieces, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ROW_ASSERT(pieces[i], strstr(text, pieces[i]) != NULL);
    ROW_ASSERT(text, !strstr(text, "\"errors\":") && !strstr(text, "event: error") && !strstr(text, "curl: "));
}

/* From behind that heading on, to be taken to pieces. */
static char *readme_behind(const char *heading)
{
    static char readme[1 << 16];
    FILE *in = fopen(TEST_README, "re");
    size_t len = in ? fread(readme, 1, sizeof(readme) - 1, in) : 0;

    if (in)
        fclose(in);
    readme[len] = '\0';
    char *at = strstr(readme, heading);

    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return at + strlen(heading);
}

/* The commands of the section up to those that start again with a model of one's own. */
static const char *commands_of_readme(void)
{
    struct buf *out = buf_in_arena(test_arena(), TEXT_MAX_BYTES);
    char *rest = readme_behind("\n## A first conversation\n"), *line;

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while ((line = strsep(&rest, "\n")) && !str_starts(line, "## ") && !str_starts(line, "    COLLOQUY_"))
        if (str_starts(line, "    "))
            buf_printf(out, "%s\n", line + 4);
    return out->data;
}

static void test_readme(void)
{
    static const char *const shells[] = {"sh", "bash"};
    static const char *const pieces[] = {
        "event: message.done",
        "how a rise in the cost of making coffee changes supply, price and quantity\",\"status\":\"covered\"",
        "what a substitute does to the demand for coffee\",\"status\":\"covered\"",
        "\"in_progress\":2,\"not_started\":0",
        "\"overall_assessment\":\"No language model is configured.",
        "\"met\":true",
        "\"vote\":\"liked\"",
        "handed in by Friday of week 9", /* the bot's reply */
        "[^1]",
        "\"source_name\":\"syllabus.pdf\"",
        "\"page_number\":2",
        "\"content_type\":\"pdf\",\"presigned_url\":\"https://localhost:",
        "\"filename\":\"excursion.txt\"",
        "\"sync_status\":\"SUCCEEDED\"",
    };

    for (size_t i = 0; i < LEN(shells); i++)
        expect_in(paste(shells[i], commands_of_readme()), pieces, LEN(pieces));
}

static const char *said_by_quickstart(void)
{
    struct buf *said = buf_in_arena(test_arena(), TEXT_MAX_BYTES);

    CU_ASSERT_FATAL(said && instance_up_saying(newcomers(), said));
    return said->data;
}

static void test_quickstart(void)
{
    static const char *const shells[] = {"sh", "bash"};
    static const char *const pieces[] = {"event: message.done",
                                         "\"status\":\"covered\"",
                                         "\"workflow_state\":\"active\"",
                                         "[^1]",
                                         "room 2.17 of the old observatory",
                                         "\"source_name\":\"questions-of-students.txt\""};
    const char *commands = strstr(said_by_quickstart(), PASTE);

    CU_ASSERT_PTR_NOT_NULL_FATAL(commands);
    for (size_t i = 0; i < LEN(shells); i++)
        expect_in(paste(shells[i], commands + strlen(PASTE)), pieces, LEN(pieces));
}

/* However often it is run; and a bot that has been deleted comes back. */
static void test_bot_of_the_demo(void)
{
    static const char bots[] = "SELECT COUNT(*) FROM bot WHERE is_live = 1";
    static const char documents[] = "SELECT COUNT(*) FROM document WHERE filename <> 'excursion.txt'";
    static const char remove[] = ". var/demo.env\ncurl -sS --cacert \"$COLLOQUY_CACERT\" -X DELETE -H \"Authorization: "
                                 "Bearer $TEACHER_TOKEN\" \"$COLLOQUY_URL/api/chat/bot/$BOT_ID\"";

    instance_use(newcomers());
    said_by_quickstart();
    CU_ASSERT(database_number(bots) == 1 && database_number(documents) == 3);
    CU_ASSERT_STRING_EQUAL(paste("sh", remove), "null");
    CU_ASSERT(database_number(bots) == 0 && database_number(documents) == 0);
    said_by_quickstart();
    CU_ASSERT(database_number(bots) == 1 && database_number(documents) == 3);
}

/* As a browser goes: asked to sign in, signed in, sent on to the page that was asked for, and from there to the form. */
static const char browse[] =
    ". var/demo.env\n"
    "path=${page#\"$COLLOQUY_URL\"}\n"
    "go() { curl -sSL --cacert \"$COLLOQUY_CACERT\" -c jar -b jar -H 'Accept: text/html' \"$@\"; }\n"
    "go \"$page\"\n"
    "go -d \"login=$TEACHER_LOGIN&password=$TEACHER_PASSWORD&return_to=$path\" \"$COLLOQUY_URL/login\"\n"
    "go \"$COLLOQUY_URL/api/v1$path/new\"\n";

static void test_browser(void)
{
    static const char *const pieces[] = {"action=\"/login\"", "<h2>AI experiences</h2>", "The price of a cup of coffee",
                                         "<h1>New experience</h1>"};
    const char *page = strstr(said_by_quickstart(), BROWSER);

    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    page += strlen(BROWSER);
    expect_in(paste("sh", textf("page=%.*s\n%s", (int)strcspn(page, "\n"), page, browse)), pieces, LEN(pieces));
}

/* ---- configuration ---- */

/* What check says of it, and its exit code; the database is nowhere. */
static const char *check(const char *config)
{
    static const char script[] =
        "exec 2>&1; printf '%s' \"$3\" >\"$2\"; \"$1\" --config \"$2\" check; echo \"exit $?\"";
    const char *const argv[] = {"sh", "-c", script, "check", test_program(), file_in_run("readme.conf"), config, NULL};
    const char *const env[] = {"COLLOQUY_DATABASE_SOCKET=/nowhere", NULL};
    struct buf *out = buf_in_arena(test_arena(), TEXT_MAX_BYTES);

    CU_ASSERT_FATAL(out && run_program(argv, env, out, RUN_LIMIT_MS) == 0);
    buf_str(out, "");
    return out->data;
}

static void expect_known(const char *section)
{
    const char *said = check(section);

    ROW_ASSERT(textf("%s%s", section, said),
               strstr(said, "exit 4") && !strstr(said, "ignored") && !strstr(said, "part of the value"));
}

/* Each section that the README configures by itself: some are there more than once. Files of keys are nowhere. */
static void test_configuration(void)
{
    char *rest = readme_behind("\n## Configuration\n"), *line;
    struct buf *section = buf_in_arena(test_arena(), TEXT_MAX_BYTES);
    size_t n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(section);
    while ((line = strsep(&rest, "\n")) && !str_starts(line, "## ")) {
        if (section->len && !str_starts(line, "    ")) {
            expect_known(section->data);
            buf_clear(section);
            n++;
        }
        if (str_starts(line, "    [") || (section->len && !strstr(line, "_file = ")))
            buf_printf(section, "%s\n", line + 4);
    }
    CU_ASSERT(n >= 10);
}

SUITE(readme, {"the README's first conversation", test_readme},
      {"the conversation that quickstart prints", test_quickstart}, {"the demo's bot", test_bot_of_the_demo},
      {"the page that quickstart names, in a browser", test_browser}, {"what it configures", test_configuration});
