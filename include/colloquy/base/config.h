/*
 * The configuration: one INI file, overridden by COLLOQUY_<SECTION>_<KEY> in the environment.
 *
 * One table in config.c names each key with its type, default and bounds; config_print_defaults() prints it. A key that
 * is not known is a warning; a value that does not fit is an error that names the key. Every secret (password,
 * api_key) may be given as <key>_file instead: the file's first line. One that neither file nor environment gives is
 * looked for as $CREDENTIALS_DIRECTORY/<section>.<key>, where systemd puts what LoadCredential= names; a file that is
 * absent, or whose first line is empty, gives nothing. The strings belong to the config.
 */
#ifndef COLLOQUY_BASE_CONFIG_H
#define COLLOQUY_BASE_CONFIG_H

#include <stdio.h>

#include "colloquy/base/log.h"

struct config_server {
    const char *public_url;
    uint32_t api_workers, llm_workers;
    uint32_t turns_per_worker; /* places for turns in each llm worker */
    uint32_t max_requests;     /* a worker is replaced after so many; 0: never */
    uint32_t drain_s;
    const char *state_dir;
    const char *run_dir; /* holds {api,llm,ops}.sock and colloquy.pid; state_dir/run unless given */
    enum log_level log_level;
};

struct config_database {
    const char *socket; /* NULL: host and port */
    const char *host;
    uint32_t port;
    const char *name, *user, *password;
    uint32_t timeout_ms;
    bool sync_wait;
};

struct config_llm {
    const char *provider;
    const char *base_url; /* NULL: the provider's own */
    const char *api_key;  /* NULL: none is sent */
    const char *model;
    bool allow_http;
    uint32_t connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms, total_timeout_ms;
    uint32_t tries, retry_ms, retry_wait_max_ms;
    uint32_t reply_max_bytes;
    uint32_t max_tokens;
    uint32_t store_threads; /* in each llm worker */
    uint32_t lease_s;
};

struct config_limits {
    uint32_t conversations_per_day, messages_per_day, evaluations_per_day; /* of a user, by UTC */
    uint32_t turns_at_once;                                                /* of a user */
    uint32_t message_max_chars;
    uint32_t request_body_max_bytes;
    uint32_t context_files_max, context_file_max_bytes; /* of an AI experience; of a file */
    uint32_t sign_in_failures_per_minute;               /* of a pair of name and address, and of an address */
};

struct config_features {
    bool ai_experiences;
    bool evaluation;
    bool streaming;
};

struct config_canvas {
    const char *opening_message;
};

struct config_session {
    uint32_t idle_s, absolute_s;
    bool remote_user; /* believe the user name that nginx passes from the campus's own sign-on */
};

struct config {
    struct config_server server;
    struct config_database database;
    struct config_llm llm;
    struct config_limits limits;
    struct config_features features;
    struct config_canvas canvas;
    struct config_session session;
    struct arena *arena; /* owns the strings */
};

/*
 * Read path (NULL: defaults and environment only) into a new config, to be destroyed by config_destroy(). NULL on
 * failure, with every fault as a line of *problems ("database.port: must be a number from 1 to 65535\n…"); on success
 * *problems holds the warnings, maybe none. problems: an initialised buffer of the caller's.
 */
struct buf;
struct config *config_load(const char *path, struct buf *problems) MUST_USE;
void config_destroy(struct config *config);

/* A line a key: section.key, default, meaning, as columns. */
void config_print_defaults(FILE *out);

/* Settings that work but are unwise, one line each, e.g. http to a model elsewhere; appended to problems. */
void config_advise(const struct config *config, struct buf *problems);

#endif
