/* What the values of settings are: texts, secrets, numbers, switches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/config_set.h"

void config_fault(struct config_load *load, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    buf_printf(load->problems, "%s\n", text);
    load->failed = true;
}

const char *config_keep(struct config_load *load, const char *text)
{
    const char *copy = arena_strdup(load->config->arena, text);

    if (!copy)
        config_fault(load, "the settings are larger than %d bytes, or memory is short", CONFIG_MAX_BYTES);
    return copy;
}

const struct config_setting *config_find(const struct config_setting *rows, size_t n, const char *key, bool *is_file)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(rows[i].key);

        if (strncasecmp(rows[i].key, key, len) != 0)
            continue;
        *is_file = rows[i].type == SECRET && strcasecmp(key + len, "_file") == 0;
        if (*is_file || key[len] == '\0')
            return &rows[i];
    }
    return NULL;
}

static void set_text(struct config_load *load, const struct config_setting *row, const char *section, const char **out,
                     const char *value)
{
    if (value[0])
        *out = config_keep(load, value);
    else if (!row->standard || !row->standard[0])
        *out = row->standard;
    else
        config_fault(load, "%s.%s: must not be empty", section, row->key);
}

static void set_number(struct config_load *load, const struct config_setting *row, const char *section, uint32_t *out,
                       const char *value)
{
    uint64_t n;

    if (parse_u64(value, strlen(value), row->max, &n) && n >= row->min)
        *out = (uint32_t)n;
    else
        config_fault(load, "%s.%s: must be a number from %u to %u", section, row->key, row->min, row->max);
}

/* One of n words, whose place is the value. */
static void set_word(struct config_load *load, const struct config_setting *row, const char *section, unsigned *out,
                     const char *value, const char *const *words, size_t n, const char *rule)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcasecmp(value, words[i]) == 0) {
            *out = i;
            return;
        }
    }
    config_fault(load, "%s.%s: must be %s", section, row->key, rule);
}

void config_set(struct config_load *load, const struct config_setting *row, const char *section, void *base,
                const char *value)
{
    static const char *const keys[] = {[CONFIG_SNAKE] = "snake", [CONFIG_CAMEL] = "camel"};
    static const char *const who[] = {
        [CONFIG_ANYONE] = "anyone", [CONFIG_TEACHERS] = "teachers", [CONFIG_ADMINS] = "admins"};
    void *out = (char *)base + row->offset;

    if (!utf8_valid(value, strlen(value))) {
        config_fault(load, "%s.%s: must be UTF-8", section, row->key);
        return;
    }
    switch (row->type) {
    case TEXT:
    case SECRET:
        set_text(load, row, section, out, value);
        break;
    case NUMBER:
        set_number(load, row, section, out, value);
        break;
    case SWITCH:
        if (!value[0] && !row->standard) /* what it is then, depends on others */
            break;
        if (!parse_bool(value, strlen(value), out))
            config_fault(load, "%s.%s: must be on or off", section, row->key);
        break;
    case LEVEL:
        if (!log_level_parse(value, out))
            config_fault(load, "%s.%s: must be error, warn, info or debug", section, row->key);
        break;
    case KEYS:
        set_word(load, row, section, out, value, keys, LEN(keys), "snake or camel");
        break;
    case WHO:
        set_word(load, row, section, out, value, who, LEN(who), "anyone, teachers or admins");
        break;
    }
}

void config_set_from_file(struct config_load *load, const struct config_setting *row, const char *section, void *base,
                          const char *suffix, const char *path)
{
    char line[CONFIG_LINE_MAX_BYTES];
    FILE *file = fopen(path, "re");

    if (!file) {
        config_fault(load, "%s.%s%s: %s", section, row->key, suffix, strerror(errno));
        return;
    }
    size_t n = fread(line, 1, sizeof(line), file);
    bool bad = ferror(file);
    const char *end = memchr(line, '\n', n);

    fclose(file);
    size_t len = end ? (size_t)(end - line) : n;
    if (len && line[len - 1] == '\r')
        len--;
    if (bad)
        config_fault(load, "%s.%s%s: cannot be read", section, row->key, suffix);
    else if (len == sizeof(line) || memchr(line, '\0', len))
        config_fault(load, "%s.%s%s: the first line is too long, or is no text", section, row->key, suffix);
    else {
        line[len] = '\0';
        config_set(load, row, section, base, line);
    }
    explicit_bzero(line, sizeof(line));
}

void config_set_from_credential(struct config_load *load, const struct config_setting *row, const char *section,
                                void *base, const char *folder)
{
    char *path = arena_printf(load->config->arena, "%s/%s.%s", folder, section, row->key);

    if (path && (access(path, F_OK) == 0 || errno != ENOENT))
        config_set_from_file(load, row, section, base, " (credential)", path);
}
