/*
 * Setting values: what a row of a table of settings makes of the text that a source gives.
 *
 *   config.c        the table of sections and keys, and the sources
 *   config_model.c  sections [model NAME], which have a table of their own
 *   config_set.c    the values
 */
#ifndef BASE_CONFIG_SET_H
#define BASE_CONFIG_SET_H

#include "colloquy/base/arena.h"
#include "colloquy/base/buf.h"
#include "colloquy/base/config.h"
#include "colloquy/base/text.h"

enum config_type { TEXT, SECRET, NUMBER, SWITCH, LEVEL, KEYS, WHO };

enum {
    CONFIG_MAX_BYTES = 4 << 20,
    CONFIG_LINE_MAX_BYTES = 8192, /* of the file, and of a secret's */
    CONFIG_MAX_MODELS = 64,
};

struct config_setting {
    const char *section, *key;
    enum config_type type;
    size_t offset;        /* in what the section fills */
    const char *standard; /* NULL: not set */
    uint32_t min, max;    /* of a NUMBER */
    const char *meaning;
};

/* One reading of all sources. */
struct config_load {
    struct config *config;
    struct buf *problems;
    bool failed;
    const char *at, *end; /* what is left of the file's text */
    unsigned line;
    bool *is_given;                                /* for each setting: by the file or the environment */
    struct config_model models[CONFIG_MAX_MODELS]; /* of the sections */
    size_t n_models;
};

/* Note a fault, with which no configuration comes of it. */
void config_fault(struct config_load *load, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A copy that lives as long as the config; NULL when memory is short, which is noted. */
const char *config_keep(struct config_load *load, const char *text);

/*
 * The row among n that the key names, whatever its section; *is_file: it has "_file" behind it, and is a secret. NULL: none.
 */
const struct config_setting *config_find(const struct config_setting *rows, size_t n, const char *key, bool *is_file);

/*
 * Set the field of base that the row names. section stands for the row's own in what is said of faults, which never repeats
 * the value: it may be a secret in the wrong place.
 */
void config_set(struct config_load *load, const struct config_setting *row, const char *section, void *base,
                const char *value);

/* The same from the first line of the file that path names. suffix tells, behind the key, which way the path came. */
void config_set_from_file(struct config_load *load, const struct config_setting *row, const char *section, void *base,
                          const char *suffix, const char *path);

/* The same from the credential "<section>.<key>" in that folder, if it is there. */
void config_set_from_credential(struct config_load *load, const struct config_setting *row, const char *section,
                                void *base, const char *folder);

/* A line each: section.key, default, meaning, as columns. */
void config_print_rows(const struct config_setting *rows, size_t n, FILE *out);

/* ---- config_model.c ---- */

/* Take a pair of a section [model NAME]. False: the section is another one. */
bool config_model_pair(struct config_load *load, const char *section, const char *key, const char *value);

/* Whether such a section may have that key. */
bool config_model_has(const char *key);

/* Make config->models of the sections and of [llm]. */
void config_models_finish(struct config_load *load);

void config_model_print_defaults(FILE *out);

/* ---- config_chat.c ---- */

/* Offer the models that [chat] names, each beside the sections' or as [llm] has it, and note what [chat] says of them. */
void config_chat_models(struct config_load *load);

#endif
