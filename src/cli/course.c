/* course add and enroll: courses and who is in them. */
#include <inttypes.h>

#include "cli/cli.h"

static int print_id(struct cli *cli, uint64_t id)
{
    struct json_out out;

    json_out_init(&out, &cli->result);
    json_open_object(&out);
    json_key(&out, "id");
    json_u64(&out, id);
    json_close_object(&out);
    buf_char(&cli->result, '\n');
    return cli_print_result(cli);
}

/* ---- course add ---- */

struct course_args {
    const char *code, *name;
};

static const struct cli_option course_rows[] = {
    {"code", "C", cli_take_name, offsetof(struct course_args, code), true, false, "short name, such as PHYS-101"},
    {"name", "N", cli_take_name, offsetof(struct course_args, name), true, false, "full name"},
};

const struct cli_options cli_course_add_options = {course_rows, LEN(course_rows), sizeof(struct course_args)};

int cli_course_add(struct cli *cli)
{
    const struct course_args *args = cli->args;
    uint64_t id;

    enum cq_status st = store_course_add(&cli->ctx, cli->db, args->code, args->name, &id);
    return st ? cli_fail_store(cli, st) : print_id(cli, id);
}

/* ---- enroll ---- */

struct enroll_args {
    struct cli_id course;
    const char *user;
    enum role role;
    bool is_completed;
};

static const char *take_state(const char *value, void *field)
{
    bool *is_completed = field;

    *is_completed = str_eq(value, "completed");
    return *is_completed || str_eq(value, "active") ? NULL : "must be active or completed";
}

#define FIELD(field) offsetof(struct enroll_args, field)

// clang-format off
static const struct cli_option enroll_rows[] = {
    /* name    value   take           field                required repeats help */
    {"course", "ID",   cli_take_id,   FIELD(course),       true,    false,  "the id that `colloquy course add` printed"},
    {"user",   "L",    cli_take_name, FIELD(user),         true,    false,  "login"},
    {"role",   "ROLE", cli_take_role, FIELD(role),         true,    false,  "teacher, ta, designer, student or observer"},
    {"state",  "S",    take_state,    FIELD(is_completed), false,   false,  "active (unless given) or completed"},
};
// clang-format on

const struct cli_options cli_enroll_options = {enroll_rows, LEN(enroll_rows), sizeof(struct enroll_args)};

int cli_enroll(struct cli *cli)
{
    const struct enroll_args *args = cli->args;
    uint64_t user_id, id;

    int code = cli_user_find(cli, args->user, &user_id);
    if (code)
        return code;
    enum cq_status st =
        store_enroll(&cli->ctx, cli->db, args->course.id, user_id, args->role, !args->is_completed, &id);
    if (st == CQ_RESOURCE_NOT_FOUND)
        return cli_fail(cli, EXIT_REFUSED, "no course has the id %" PRIu64, args->course.id);
    return st ? cli_fail_store(cli, st) : print_id(cli, id);
}
