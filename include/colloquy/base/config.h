/*
 * The configuration: one INI file, overridden by COLLOQUY_<SECTION>_<KEY> in the environment.
 *
 * One table in config.c names each key with its type, default and bounds; config_print_defaults() prints it. A key that
 * is not known is a warning; a value that does not fit is an error that names the key. Every secret (password,
 * api_key) may be given as <key>_file instead: the file's first line. One that neither file nor environment gives is
 * looked for as $CREDENTIALS_DIRECTORY/<section>.<key> (of a model: model.<name>.<key>), where systemd puts what
 * LoadCredential= names; a file that is absent, or whose first line is empty, gives nothing. Models other than the default
 * one have a section [model NAME] each, in the file only. The strings belong to the config.
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
    const char *run_dir; /* holds {api,llm,ops,documents}.sock and colloquy.pid; state_dir/run unless given */
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
    const char *organization, *api_version, *region;
    const char *access_key_id, *secret_access_key, *session_token;
    const char *model;
    const char *fallback; /* names, comma-separated */
    bool allow_http;
    uint32_t connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms, total_timeout_ms;
    uint32_t tries, retry_ms, retry_wait_max_ms;
    uint32_t breaker_failures, breaker_open_s;
    uint32_t reply_max_bytes;
    uint32_t context_tokens, max_tokens; /* of a model without a section of its own */
    uint32_t store_threads;              /* in each llm worker */
    uint32_t lease_s;
};

/*
 * A model: how it is reached and what it can do. Made of a section [model NAME] or of [chat], and of [llm] where they say nothing: the
 * address and what signs for it only if the section names neither another provider nor another address, since a key is
 * not to be sent to somebody else.
 */
struct config_model {
    const char *name;
    bool has_section;     /* false: it is what [llm] says, and [chat] */
    bool has_own_address; /* base_url is the section's: keys that are not the section's too do not go there */
    const char *provider, *base_url, *api_key;
    const char *organization, *api_version, *region;
    const char *access_key_id, *secret_access_key, *session_token;
    const char *id; /* at the provider */
    bool allow_http;
    uint32_t context_tokens; /* that it can read and write in one call */
    uint32_t max_tokens;     /* of a reply */
    const char *prices;      /* "input/output[/cache_read/cache_write]" per million tokens; NULL: free */
    const char *abilities;   /* comma-separated words; NULL: what the provider's models can usually do */
    bool is_reasoning;       /* chat.reasoning_models has it; abilities, where they are given, count more */
};

/* Which models a task is given to: names, comma-separated, in the order in which they are tried. NULL: the default model. */
struct config_roles {
    const char *tutor, *assessment, *evaluation;
};

struct config_embeddings {
    const char *model; /* NULL: no retrieval by vectors */
};

struct config_limits {
    uint32_t conversations_per_day, messages_per_day, evaluations_per_day; /* of a user, by UTC */
    uint32_t chat_messages_per_day;                                        /* the same of the chat API; 0: no limit */
    uint32_t turns_at_once;                                                /* of a user */
    uint32_t user_tokens_per_day, course_tokens_per_day;                   /* model tokens, by UTC; 0: no limit */
    uint32_t message_max_chars;
    uint32_t request_body_max_bytes;
    uint32_t context_files_max, context_file_max_bytes; /* of an AI experience; of a file */
    uint32_t sign_in_failures_per_minute;               /* of a pair of name and address, and of an address */
};

struct config_features {
    bool ai_experiences;
    bool evaluation;
    bool context_files;
    bool streaming;
};

struct config_canvas {
    const char *opening_message;
};

enum config_keys { CONFIG_SNAKE, CONFIG_CAMEL };

struct config_chat {
    enum config_keys keys; /* their form, where a request tells nothing */
    const char *models;    /* name or name=id, comma-separated; NULL: the default model */
    const char **names;    /* that it offers, the first of them when a client names none */
    size_t n_names;        /* at least 1 */
    bool upstream_names;
    const char *reasoning_models, *title_model;
    const char *prices; /* name:input/output[/cache_read/cache_write] per thousand tokens, comma-separated */
};

enum config_who { CONFIG_ANYONE, CONFIG_TEACHERS, CONFIG_ADMINS };

struct config_bots {
    enum config_who create, share_all;
};

struct config_retrieval {
    uint32_t max_results;
};

struct config_files {
    const char *directory; /* state_dir/files unless given */
    uint32_t link_seconds;
};

struct config_session {
    uint32_t idle_s, absolute_s;
    bool remote_user; /* believe the user name that nginx passes from the campus's own sign-on */
};

struct config {
    struct config_server server;
    struct config_database database;
    struct config_llm llm;
    struct config_roles roles;
    struct config_embeddings embeddings;
    struct config_limits limits;
    struct config_features features;
    struct config_canvas canvas;
    struct config_chat chat;
    struct config_bots bots;
    struct config_retrieval retrieval;
    struct config_files files;
    struct config_session session;
    struct config_model *models; /* the default one first, then the sections as they stand, then those of [chat] */
    size_t n_models;
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

/*
 * The model of that name: of a section or of [chat], or NULL. The default model's name is llm.model; without one, its provider's.
 */
const struct config_model *config_model(const struct config *config, const char *name);

/* The model of that id which is as [llm] has it. Its texts are id and those of llm. */
struct config_model config_model_of_llm(const struct config_llm *llm, const char *id);

/* A line a key: section.key, default, meaning, as columns. */
void config_print_defaults(FILE *out);

/* Settings that work but are unwise, one line each, e.g. http to a model elsewhere; appended to problems. */
void config_advise(const struct config *config, struct buf *problems);

#endif
