/* The table of settings, and how the file and the environment fill struct config from it. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/config_set.h"

enum {
    FILE_MAX_BYTES = 1 << 20,
    NAME_MAX_BYTES = 64,
};

#define ENV_PREFIX     "COLLOQUY_"
#define DEFAULT_SOCKET "/run/mysqld/mysqld.sock"

static const struct config_setting settings[] = {
// clang-format off
#define ROW(section, field, type, standard, min, max, meaning) \
    {#section, #field, type, offsetof(struct config, section.field), standard, min, max, meaning}
    ROW(server,   public_url,             TEXT,   "https://localhost:8443", 0, 0, "where browsers find this site; the base of signed links"),
    ROW(server,   api_workers,            NUMBER, "8",         1, 256,        "workers that answer from the database"),
    ROW(server,   llm_workers,            NUMBER, "4",         1, 64,         "workers that wait on models"),
    ROW(server,   turns_per_worker,       NUMBER, "300",       1, 1000,       "places for turns in each llm worker"),
    ROW(server,   max_requests,           NUMBER, "100000",    0, UINT32_MAX, "a worker is replaced after so many; 0: never"),
    ROW(server,   drain_s,                NUMBER, "60",        1, 3600,       "seconds that a stop waits for running turns"),
    ROW(server,   state_dir,              TEXT,   "/var/lib/colloquy", 0, 0,  "folder of what the server keeps"),
    ROW(server,   run_dir,                TEXT,   NULL,        0, 0,          "folder of its sockets and pid file; run below state_dir"),
    ROW(server,   log_level,              LEVEL,  "info",      0, 0,          "error, warn, info or debug"),
    ROW(database, socket,                 TEXT,   NULL,        0, 0,          "unix socket; " DEFAULT_SOCKET " when no host is given"),
    ROW(database, host,                   TEXT,   NULL,        0, 0,          "name or address, used when no socket is given"),
    ROW(database, port,                   NUMBER, "3306",      1, 65535,      "port at the host"),
    ROW(database, name,                   TEXT,   "colloquy",  0, 0,          "schema"),
    ROW(database, user,                   TEXT,   "colloquy",  0, 0,          "user of the database"),
    ROW(database, password,               SECRET, "",          0, 0,          "its password, if it has one"),
    ROW(database, timeout_ms,             NUMBER, "10000",     1, 600000,     "longest wait for the database"),
    ROW(database, sync_wait,              SWITCH, "off",       0, 0,          "read one's own writes on every node of a Galera cluster"),
    ROW(llm,      provider,               TEXT,   "builtin",   0, 0,          "openai, anthropic, bedrock or builtin"),
    ROW(llm,      base_url,               TEXT,   NULL,        0, 0,          "the provider's address, unless it is the usual one"),
    ROW(llm,      api_key,                SECRET, NULL,        0, 0,          "the provider's key"),
    ROW(llm,      organization,           TEXT,   NULL,        0, 0,          "openai: whose account is charged"),
    ROW(llm,      api_version,            TEXT,   NULL,        0, 0,          "openai: Azure's api-version, which also has the key sent Azure's way"),
    ROW(llm,      region,                 TEXT,   NULL,        0, 0,          "bedrock: AWS_REGION, else us-east-1"),
    ROW(llm,      access_key_id,          TEXT,   NULL,        0, 0,          "bedrock: AWS_ACCESS_KEY_ID, else the container's or instance's own"),
    ROW(llm,      secret_access_key,      SECRET, NULL,        0, 0,          "bedrock: the secret of access_key_id"),
    ROW(llm,      session_token,          SECRET, NULL,        0, 0,          "bedrock: the token of access_key_id, if it is a temporary one"),
    ROW(llm,      model,                  TEXT,   NULL,        0, 0,          "the default model: its id at the provider, or the name of a section"),
    ROW(llm,      fallback,               TEXT,   NULL,        0, 0,          "models to turn to, in this order, when one gives no reply"),
    ROW(llm,      allow_http,             SWITCH, "off",       0, 0,          "http to a model elsewhere than on loopback"),
    ROW(llm,      connect_timeout_ms,     NUMBER, "5000",      1, 600000,     "longest wait for a connection"),
    ROW(llm,      first_byte_timeout_ms,  NUMBER, "60000",     1, 3600000,    "longest wait for the first byte of a reply"),
    ROW(llm,      idle_timeout_ms,        NUMBER, "60000",     1, 3600000,    "longest wait between bytes of a reply"),
    ROW(llm,      total_timeout_ms,       NUMBER, "300000",    1, 3600000,    "longest wait for a whole reply, over all tries"),
    ROW(llm,      tries,                  NUMBER, "3",         1, 20,         "tries before the first piece of a reply"),
    ROW(llm,      retry_ms,               NUMBER, "250",       1, 600000,     "first wait between tries; doubles, with jitter"),
    ROW(llm,      retry_wait_max_ms,      NUMBER, "10000",     0, 600000,     "a longer Retry-After is not waited for"),
    ROW(llm,      breaker_failures,       NUMBER, "5",         0, 1000000,    "failures in a row after which a model is not asked for a while; 0: never"),
    ROW(llm,      breaker_open_s,         NUMBER, "10",        1, 3600,       "seconds until it is asked again, by one call"),
    ROW(llm,      reply_max_bytes,        NUMBER, "4194304",   1, 1 << 30,    "a longer reply fails the turn"),
    ROW(llm,      context_tokens,         NUMBER, "128000",    1000, 100000000, "tokens that a model can read and write in one call"),
    ROW(llm,      max_tokens,             NUMBER, "4096",      1, 10000000,   "model tokens that a reply may take"),
    ROW(llm,      store_threads,          NUMBER, "2",         1, 64,         "database connections of each llm worker"),
    ROW(llm,      lease_s,                NUMBER, "30",        1, 3600,       "life of a turn's lease, renewed at a third"),
    ROW(roles,    tutor,                  TEXT,   NULL,        0, 0,          "models that reply, in this order; the default model, then llm.fallback"),
    ROW(roles,    assessment,             TEXT,   NULL,        0, 0,          "models that judge objectives, likewise"),
    ROW(roles,    evaluation,             TEXT,   NULL,        0, 0,          "models that evaluate conversations, likewise"),
    ROW(embeddings, model,                TEXT,   NULL,        0, 0,          "model that makes vectors of texts; none: retrieval goes by words alone"),
    ROW(limits,   conversations_per_day,  NUMBER, "100",       0, UINT32_MAX, "conversations that a user may open in a day (UTC)"),
    ROW(limits,   messages_per_day,       NUMBER, "1000",      0, UINT32_MAX, "messages that a user may send in a day"),
    ROW(limits,   evaluations_per_day,    NUMBER, "1000",      0, UINT32_MAX, "evaluations that a user may have made in a day"),
    ROW(limits,   chat_messages_per_day,  NUMBER, "0",         0, UINT32_MAX, "messages that a user may send in a day in the chat API; 0: no limit"),
    ROW(limits,   turns_at_once,          NUMBER, "32",        1, 100000,     "turns of a user that run at a time"),
    ROW(limits,   user_tokens_per_day,    NUMBER, "0",         0, UINT32_MAX, "model tokens (input and output) of a user in a day (UTC); 0: no limit"),
    ROW(limits,   course_tokens_per_day,  NUMBER, "0",         0, UINT32_MAX, "model tokens of all users of a course in a day; 0: no limit"),
    ROW(limits,   message_max_chars,      NUMBER, "4000",      1, 1000000,    "characters of a message"),
    ROW(limits,   request_body_max_bytes, NUMBER, "33554432",  1, 1 << 30,    "bytes of a request's body"),
    ROW(limits,   context_files_max,      NUMBER, "20",        0, 1000,       "context files of an AI experience"),
    ROW(limits,   context_file_max_bytes, NUMBER, "314572800", 1, 1 << 30,    "bytes of a context file"),
    ROW(limits,   sign_in_failures_per_minute, NUMBER, "10",   1, 100000,     "failed sign-ins of a name from an address, and of an address"),
    ROW(features, ai_experiences,         SWITCH, "on",        0, 0,          "AI experiences; off: 404"),
    ROW(features, evaluation,             SWITCH, "on",        0, 0,          "evaluations of conversations; off: 404"),
    ROW(features, context_files,          SWITCH, "on",        0, 0,          "context files of AI experiences; off: 404"),
    ROW(features, streaming,              SWITCH, "on",        0, 0,          "replies as they are written; off: as one JSON answer"),
    ROW(canvas,   opening_message,        TEXT,   "Hello",     0, 0,          "first message of a conversation"),
    ROW(chat,     keys,                   KEYS,   "snake",     0, 0,          "keys of the chat API's answers where a request tells nothing: snake or camel"),
    ROW(chat,     models,                 TEXT,   NULL,        0, 0,          "models that the chat API offers, name or name=id at the provider; the default model"),
    ROW(chat,     upstream_names,         SWITCH, NULL,        0, 0,          "take Bedrock Chat's own model names for the default model; on if chat.keys is camel"),
    ROW(chat,     reasoning_models,       TEXT,   NULL,        0, 0,          "those of chat.models that can think before they reply"),
    ROW(chat,     title_model,            TEXT,   NULL,        0, 0,          "model that proposes titles; the default model"),
    ROW(chat,     prices,                 TEXT,   NULL,        0, 0,          "name:input/output[/cache_read/cache_write] per thousand tokens; free"),
    ROW(bots,     create,                 WHO,    "anyone",    0, 0,          "who may make bots: anyone, teachers or admins"),
    ROW(bots,     share_all,              WHO,    "anyone",    0, 0,          "who may share bots with everybody, likewise"),
    ROW(retrieval, max_results,           NUMBER, "5",         1, 20,         "passages of documents that a model is given for a reply"),
    ROW(files,    directory,              TEXT,   NULL,        0, 0,          "folder of uploaded files; files below server.state_dir"),
    ROW(files,    link_seconds,           NUMBER, "900",       1, 86400,      "seconds that a signed link works"),
    ROW(session,  idle_s,                 NUMBER, "28800",     60, 31536000,  "seconds without a request after which a sign-in ends"),
    ROW(session,  absolute_s,             NUMBER, "86400",     60, 31536000,  "seconds after which it ends in any case"),
    ROW(session,  remote_user,            SWITCH, "off",       0, 0,          "believe the user name that nginx passes (REMOTE_USER)"),
#undef ROW
    // clang-format on
};

/* The setting of this name; *from_file: the name has "_file" behind it. NULL: none. A section's rows stand together. */
static const struct config_setting *find(const char *section, const char *key, bool *from_file)
{
    size_t first = 0, n = 0;

    while (first < LEN(settings) && strcasecmp(settings[first].section, section) != 0)
        first++;
    while (first + n < LEN(settings) && strcasecmp(settings[first + n].section, section) == 0)
        n++;
    return config_find(settings + first, n, key, from_file);
}

static void set(struct config_load *load, const struct config_setting *setting, const char *value)
{
    config_set(load, setting, setting->section, load->config, value);
}

static void set_from_file(struct config_load *load, const struct config_setting *setting, const char *path)
{
    config_set_from_file(load, setting, setting->section, load->config, "_file", path);
}

static void unknown(struct config_load *load, const char *name)
{
    buf_printf(load->problems, "%.*s: not a known setting, ignored\n", NAME_MAX_BYTES * 2, name);
}

/* What other kinds of files would not take as it stands. */
static void doubt(struct config_load *load, const char *section, const char *key, const char *value)
{
    size_t len = strlen(value), word = strcspn(section, " ");
    const char *rest = section + word + strspn(section + word, " "), *part = NULL;

    if (len > 1 && (value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0])
        part = "the quotation marks are";
    else if (strstr(value, " #"))
        part = "what follows the # is";
    if (part)
        buf_printf(load->problems, "%.*s%s%s.%s: %s part of the value\n", (int)word, section, *rest ? "." : "", rest,
                   key, part);
}

static int on_pair(void *user, const char *section, const char *key, const char *value)
{
    struct config_load *load = user;
    bool from_file;
    const struct config_setting *setting = find(section, key, &from_file);
    char name[NAME_MAX_BYTES * 2];

    doubt(load, section, key, value);
    if (config_model_pair(load, section, key, value))
        return 1;
    if (setting)
        load->is_given[setting - settings] = true;
    if (setting && from_file) {
        set_from_file(load, setting, value);
    } else if (setting) {
        set(load, setting, value);
    } else if (strcasecmp(section, "llm") == 0 && config_model_has(key)) {
        buf_printf(load->problems, "llm.%s: ignored, it belongs into a section [model NAME]\n", key);
    } else {
        snprintf(name, sizeof(name), "%s.%s", section, key);
        unknown(load, name);
    }
    return 1;
}

/*
 * What inih reads lines with. One that is too long is reported here and read as empty, since inih would take it as
 * two.
 */
static char *next_line(char *out, int size, void *user)
{
    struct config_load *load = user;

    if (load->at < load->end) {
        const char *start = load->at;
        const char *newline = memchr(start, '\n', (size_t)(load->end - start));
        size_t len = (size_t)((newline ? newline : load->end) - start);

        load->at = newline ? newline + 1 : load->end;
        load->line++;
        if (len >= (size_t)size || memchr(start, '\0', len)) {
            config_fault(load, "line %u of the file: longer than %d bytes, or no text", load->line, size - 1);
            len = 0;
        }
        memcpy(out, start, len);
        out[len] = '\0';
        return out;
    }
    return NULL;
}

static void parse_file(struct config_load *load, const char *text, size_t len)
{
    /* As Debian builds inih these are variables; its own line of 200 bytes is too short for keys. */
    ini_use_stack = false;
    ini_max_line = ini_initial_alloc = CONFIG_LINE_MAX_BYTES;
    ini_allow_multiline = false;

    load->at = text;
    load->end = text + len;
    int line = ini_parse_stream(next_line, load, on_pair, load);
    if (line > 0)
        config_fault(load, "line %d of the file: neither a [section] nor key = value", line);
    else if (line < 0)
        config_fault(load, "the file: memory is short");
}

static void load_file(struct config_load *load, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(FILE_MAX_BYTES);

    if (!file || !text) {
        config_fault(load, "%s: %s", path, strerror(errno));
    } else {
        size_t len = fread(text, 1, FILE_MAX_BYTES, file);

        if (ferror(file))
            config_fault(load, "%s: %s", path, strerror(errno));
        else if (len == FILE_MAX_BYTES)
            config_fault(load, "%s: larger than %d bytes", path, FILE_MAX_BYTES - 1);
        else
            parse_file(load, text, len);
        explicit_bzero(text, len);
    }
    free(text);
    if (file)
        fclose(file);
}

static const char *environment(const struct config_setting *setting, const char *suffix)
{
    char name[NAME_MAX_BYTES];

    snprintf(name, sizeof(name), ENV_PREFIX "%s_%s%s", setting->section, setting->key, suffix);
    for (char *c = name; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return getenv(name);
}

static void load_environment(struct config_load *load)
{
    for (size_t i = 0; i < LEN(settings); i++) {
        const char *value = environment(&settings[i], "");
        const char *path = settings[i].type == SECRET ? environment(&settings[i], "_FILE") : NULL;

        load->is_given[i] |= value || path;
        if (value)
            set(load, &settings[i], value);
        else if (path)
            set_from_file(load, &settings[i], path);
    }
}

/* Secrets that are given nowhere else: what a service manager passes as files (systemd.exec(5), LoadCredential=). */
static void load_credentials(struct config_load *load)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    for (size_t i = 0; folder && i < LEN(settings); i++)
        if (settings[i].type == SECRET && !load->is_given[i])
            config_set_from_credential(load, &settings[i], settings[i].section, load->config, folder);
}

/* A name in the environment that begins as a setting of ours does and is none is most likely a slip. */
static void warn_environment(struct config_load *load)
{
    for (char **entry = environ; *entry; entry++) {
        const char *name = *entry + strlen(ENV_PREFIX);
        bool from_file, ours = false;
        char pair[NAME_MAX_BYTES * 2];

        if (!str_starts(*entry, ENV_PREFIX))
            continue;
        snprintf(pair, sizeof(pair), "%.*s", (int)strcspn(name, "="), name);
        char *key = strchr(pair, '_');
        if (!key)
            continue;
        *key++ = '\0';
        for (size_t i = 0; i < LEN(settings) && !ours; i++)
            ours = strcasecmp(settings[i].section, pair) == 0;
        if (ours && !find(pair, key, &from_file))
            buf_printf(load->problems, ENV_PREFIX "%s_%s: not a known setting, ignored\n", pair, key);
    }
}

static struct config *create(void)
{
    struct arena *arena = arena_create(4096, CONFIG_MAX_BYTES);
    struct config *config = arena ? arena_zalloc(arena, 1, sizeof(*config)) : NULL;

    if (config)
        config->arena = arena;
    else
        arena_destroy(arena);
    return config;
}

static bool is_given_upstream_names(const struct config_load *load)
{
    bool from_file;

    return load->is_given[find("chat", "upstream_names", &from_file) - settings];
}

struct config *config_load(const char *path, struct buf *problems)
{
    bool is_given[LEN(settings)] = {false};
    struct config_load load = {.config = create(), .problems = problems, .is_given = is_given};

    if (!load.config) {
        config_fault(&load, "memory is short");
        return NULL;
    }
    for (size_t i = 0; i < LEN(settings); i++)
        set(&load, &settings[i], settings[i].standard ? settings[i].standard : "");
    if (path)
        load_file(&load, path);
    load_environment(&load);
    load_credentials(&load);
    warn_environment(&load);
    if (!load.config->server.run_dir)
        load.config->server.run_dir = arena_printf(load.config->arena, "%s/run", load.config->server.state_dir);
    if (!load.config->files.directory)
        load.config->files.directory = arena_printf(load.config->arena, "%s/files", load.config->server.state_dir);
    if (!is_given_upstream_names(&load))
        load.config->chat.upstream_names = load.config->chat.keys == CONFIG_CAMEL;
    if (!load.config->database.socket && !load.config->database.host)
        load.config->database.socket = DEFAULT_SOCKET;
    config_models_finish(&load);
    if (load.failed) {
        config_destroy(load.config);
        return NULL;
    }
    return load.config;
}

void config_destroy(struct config *config)
{
    if (config)
        arena_destroy(config->arena);
}

void config_print_rows(const struct config_setting *rows, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        bool none = !rows[i].standard || !rows[i].standard[0];
        char name[NAME_MAX_BYTES];

        snprintf(name, sizeof(name), "%s.%s", rows[i].section, rows[i].key);
        fprintf(out, "%-31s  %-22s  %s\n", name, none ? "-" : rows[i].standard, rows[i].meaning);
    }
}

void config_print_defaults(FILE *out)
{
    config_print_rows(settings, LEN(settings), out);
    config_model_print_defaults(out);
}

/* Whether an http URL names this machine by a name or address that cannot be another's. */
static bool on_loopback(const char *url)
{
    char host[256];
    struct in_addr v4;
    const char *start = url + strlen("http://");
    size_t len = strcspn(start, "/?#");
    const char *at = memrchr(start, '@', len);

    if (at) {
        len -= (size_t)(at + 1 - start);
        start = at + 1;
    }
    len = start[0] == '[' ? strcspn(start, "]") + 1 : strcspn(start, ":/?#");
    if (len >= sizeof(host) || len > strlen(start) || !strchr(":/?#", start[len]))
        return false;
    snprintf(host, sizeof(host), "%.*s", (int)len, start);
    if (strcasecmp(host, "localhost") == 0 || str_eq(host, "[::1]"))
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool is_unencrypted(const struct config *config, const char *url)
{
    return config->llm.allow_http && url && strncasecmp(url, "http://", 7) == 0 && !on_loopback(url);
}

static void advise_https(const struct config *config, struct buf *problems)
{
    static const char advice[] = "base_url: http to another machine sends keys and conversations unencrypted";

    if (is_unencrypted(config, config->llm.base_url))
        buf_printf(problems, "llm.%s\n", advice);
    for (size_t i = 0; i < config->n_models; i++) {
        const struct config_model *model = &config->models[i];

        if (model->base_url != config->llm.base_url && is_unencrypted(config, model->base_url))
            buf_printf(problems, "model.%s.%s\n", model->name, advice);
    }
}

void config_advise(const struct config *config, struct buf *problems)
{
    const struct config_database *database = &config->database;

    advise_https(config, problems);
    if (database->host && database->socket)
        buf_str(problems, "database.host: not used, since database.socket is given\n");
    else if (database->host && !database->password[0])
        buf_str(problems, "database.password: empty, though the database is reached over the network\n");
}
