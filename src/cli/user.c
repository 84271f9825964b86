/* user add: a person who can sign in; and finding one by their login. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

struct user_args {
    const char *login, *name, *email, *sortable_name, *short_name;
    bool password_stdin, admin;
};

#define FIELD(field) offsetof(struct user_args, field)

// clang-format off
static const struct cli_option rows[] = {
    /* name            value  take             field                  required repeats help */
    {"login",          "L",   cli_take_name,   FIELD(login),          true,    false,  "what they sign in as; case and accents do not tell logins apart"},
    {"name",           "N",   cli_take_name,   FIELD(name),           true,    false,  "full name"},
    {"email",          "E",   cli_take_name,   FIELD(email),          false,   false,  "e-mail address"},
    {"sortable-name",  "S",   cli_take_name,   FIELD(sortable_name),  false,   false,  "name in lists; else \"Last, First\" of the name"},
    {"short-name",     "S",   cli_take_name,   FIELD(short_name),     false,   false,  "what they are called; else the name"},
    {"password-stdin", NULL,  cli_take_switch, FIELD(password_stdin), false,   false,  "read a password, one line of at most 511 bytes; else they have none"},
    {"admin",          NULL,  cli_take_switch, FIELD(admin),          false,   false,  "may do everything in every course"},
};
// clang-format on

const struct cli_options cli_user_add_options = {rows, LEN(rows), sizeof(struct user_args)};

static int read_password(struct cli *cli, char hash[PASSWORD_HASH_BYTES])
{
    char password[PASSWORD_MAX_BYTES + 1];
    const char *fault = cli_line_read(STDIN_FILENO, password, sizeof(password));

    if (!fault && !password_hash(password, hash))
        fault = "cannot be hashed: the system's libcrypt has no yescrypt";
    explicit_bzero(password, sizeof(password));
    return fault ? cli_fail(cli, EXIT_REFUSED, "the password on standard input %s", fault) : EXIT_DONE;
}

static int print_user(struct cli *cli, uint64_t id, const char *login)
{
    struct json_out out;

    json_out_init(&out, &cli->result);
    json_open_object(&out);
    json_key(&out, "id");
    json_u64(&out, id);
    json_key(&out, "login");
    json_text(&out, login);
    json_close_object(&out);
    buf_char(&cli->result, '\n');
    return cli_print_result(cli);
}

int cli_user_add(struct cli *cli)
{
    const struct user_args *args = cli->args;
    char hash[PASSWORD_HASH_BYTES];
    struct new_user user = {.login = args->login,
                            .name = args->name,
                            .sortable_name = args->sortable_name,
                            .short_name = args->short_name ? args->short_name : args->name,
                            .email = args->email,
                            .password_hash = args->password_stdin ? hash : NULL,
                            .is_admin = args->admin};
    uint64_t id;

    if (!user.sortable_name)
        user.sortable_name = cli_sortable_name(cli->ctx.arena, args->name);
    if (!user.sortable_name)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    int code = args->password_stdin ? read_password(cli, hash) : EXIT_DONE;
    if (code)
        return code;
    enum cq_status st = store_user_add(&cli->ctx, cli->db, &user, &id);
    if (st == CQ_DUPLICATE)
        return cli_fail(cli, EXIT_REFUSED, "the login %s is taken", args->login);
    return st ? cli_fail_store(cli, st) : print_user(cli, id, args->login);
}

int cli_user_find(struct cli *cli, const char *login, uint64_t *id)
{
    enum cq_status st = store_user_by_login(&cli->ctx, cli->db, login, id);

    if (st == CQ_RESOURCE_NOT_FOUND)
        return cli_fail(cli, EXIT_REFUSED, "nobody has the login %s", login);
    return st ? cli_fail_store(cli, st) : EXIT_DONE;
}
