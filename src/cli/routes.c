/* routes: the table of endpoints, for people, for scripts and for nginx. */
#include <string.h>

#include "cli/cli.h"
#include "colloquy/api.h"

struct routes_args {
    bool json, nginx;
};

static const struct cli_option rows[] = {
    {"json", NULL, cli_take_switch, offsetof(struct routes_args, json), false, false,
     "an array of objects, with the scope that an access token needs (null: none)"},
    {"nginx", NULL, cli_take_switch, offsetof(struct routes_args, nginx), false, false,
     "the map of nginx that says which pool answers"},
};

const struct cli_options cli_routes_options = {rows, LEN(rows), sizeof(struct routes_args)};

static void write_object(struct json_out *out, const struct route_info *route, const char *scope)
{
    json_open_object(out);
    json_key(out, "method");
    json_text(out, route->method);
    json_key(out, "pattern");
    json_text(out, route->pattern);
    json_key(out, "pool");
    json_text(out, pool_name(route->pool));
    json_key(out, "role");
    json_text(out, route->role);
    json_key(out, "scope");
    json_text(out, scope);
    json_close_object(out);
}

static int print_json(struct cli *cli)
{
    struct json_out out;

    json_out_init(&out, &cli->result);
    json_open_array(&out);
    for (size_t i = 0; i < api_route_count(); i++) {
        struct route_info route = api_route_info(i);

        write_object(&out, &route, api_route_scope(cli->ctx.arena, i));
    }
    json_close_array(&out);
    buf_char(&cli->result, '\n');
    return cli_print_result(cli);
}

static void write_columns(struct buf *out)
{
    size_t width = 0;

    for (size_t i = 0; i < api_route_count(); i++) {
        size_t len = strlen(api_route_info(i).pattern);

        width = len > width ? len : width;
    }
    for (size_t i = 0; i < api_route_count(); i++) {
        struct route_info route = api_route_info(i);

        buf_printf(out, "%-6s  %-*s  %s  %s\n", route.method, (int)width, route.pattern, pool_name(route.pool),
                   route.role);
    }
}

int cli_routes(struct cli *cli)
{
    const struct routes_args *args = cli->args;

    if (args->json && args->nginx)
        return cli_fail(cli, EXIT_USAGE, "--json and --nginx exclude each other");
    if (args->json)
        return print_json(cli);
    if (args->nginx)
        api_write_nginx_map(&cli->result);
    else
        write_columns(&cli->result);
    return cli_print_result(cli);
}
