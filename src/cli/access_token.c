/* token issue and token revoke: what API clients sign in with. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

enum { LINE_BYTES = 1025 }; /* a token of ours has 43; one that is longer is not found */

/* ---- token issue ---- */

struct issue_args {
    const char *user, *purpose;
    struct cli_scopes scopes;
    uint64_t expires_in_s;
};

#define ISSUE(field) offsetof(struct issue_args, field)

// clang-format off
static const struct cli_option issue_rows[] = {
    /* name        value      take              field                required repeats help */
    {"user",       "L",       cli_take_name,    ISSUE(user),         true,    false,  "login of the person it acts for"},
    {"purpose",    "P",       cli_take_name,    ISSUE(purpose),      false,   false,  "what it is for, in words"},
    {"scope",      "S",       cli_take_scope,   ISSUE(scopes),       false,   true,   "may call this route; none given: every route its person may"},
    {"expires-in", "SECONDS", cli_take_seconds, ISSUE(expires_in_s), false,   false,  "its life; else it never expires"},
};
// clang-format on

const struct cli_options cli_token_issue_options = {issue_rows, LEN(issue_rows), sizeof(struct issue_args)};

static int print_token(struct cli *cli, uint64_t id, const char *text, int64_t expires_at_ms)
{
    struct json_out out;

    json_out_init(&out, &cli->result);
    json_open_object(&out);
    json_key(&out, "id");
    json_u64(&out, id);
    json_key(&out, "token");
    json_text(&out, text);
    json_key(&out, "expires_at");
    if (expires_at_ms)
        json_time(&out, expires_at_ms);
    else
        json_null(&out);
    json_close_object(&out);
    buf_char(&cli->result, '\n');
    return cli_print_result(cli);
}

int cli_token_issue(struct cli *cli)
{
    const struct issue_args *args = cli->args;
    struct new_access_token access_token = {.purpose = args->purpose ? args->purpose : "",
                                            .scopes = args->scopes.texts,
                                            .n_scopes = args->scopes.n,
                                            .expires_in_s = args->expires_in_s};
    char text[ACCESS_TOKEN_TEXT_BYTES];
    int64_t expires_at_ms;
    uint64_t id;

    int code = cli_user_find(cli, args->user, &access_token.user_id);
    if (code)
        return code;
    access_token_new(text);
    if (!sha256(text, strlen(text), access_token.hash))
        return cli_fail_store(cli, CQ_INTERNAL);
    enum cq_status st = store_access_token_add(&cli->ctx, cli->db, &access_token, &id, &expires_at_ms);
    return st ? cli_fail_store(cli, st) : print_token(cli, id, text, expires_at_ms);
}

/* ---- token revoke ---- */

struct revoke_args {
    struct cli_id id;
    const char *token;
    bool token_stdin;
};

#define REVOKE(field) offsetof(struct revoke_args, field)

// clang-format off
static const struct cli_option revoke_rows[] = {
    /* name         value take             field                required repeats help */
    {"id",          "N",  cli_take_id,     REVOKE(id),          false,   false,  "the id that `colloquy token issue` printed"},
    {"token",       "T",  cli_take_text,   REVOKE(token),       false,   false,  "the token itself, which other users of this machine may see in ps"},
    {"token-stdin", NULL, cli_take_switch, REVOKE(token_stdin), false,   false,  "read the token, one line"},
};
// clang-format on

const struct cli_options cli_token_revoke_options = {revoke_rows, LEN(revoke_rows), sizeof(struct revoke_args)};

int cli_token_revoke(struct cli *cli)
{
    const struct revoke_args *args = cli->args;
    char line[LINE_BYTES];
    uint8_t hash[SHA256_BYTES] = {0};
    const char *text = args->token;

    if (args->id.is_given + (args->token != NULL) + args->token_stdin != 1)
        return cli_fail(cli, EXIT_USAGE, "one of --id, --token and --token-stdin must be given");
    if (args->token_stdin) {
        const char *fault = cli_line_read(STDIN_FILENO, line, sizeof(line));

        if (fault)
            return cli_fail(cli, EXIT_REFUSED, "the token on standard input %s", fault);
        text = line;
    }
    if (text && !sha256(text, strlen(text), hash))
        return cli_fail_store(cli, CQ_INTERNAL);
    enum cq_status st = args->id.is_given && !args->id.id
                            ? CQ_RESOURCE_NOT_FOUND /* an id of 0 would mean the hash */
                            : store_access_token_revoke(&cli->ctx, cli->db, args->id.id, hash);
    if (st == CQ_RESOURCE_NOT_FOUND)
        return cli_fail(cli, EXIT_REFUSED, "there is no such access token");
    return st ? cli_fail_store(cli, st) : EXIT_DONE;
}
