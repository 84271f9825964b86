/* Models: the sections [model NAME], and what they take from [llm]. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/config_set.h"

enum {
    NAME_MAX_BYTES = 40,
    SECTION_MAX_BYTES = 64,
};

static const char PREFIX[] = "model ";

static const struct config_setting rows[] = {
// clang-format off
#define ROW(field, type, min, max, meaning) {"model.NAME", #field, type, offsetof(struct config_model, field), NULL, min, max, meaning}
    ROW(provider,          TEXT,   0, 0,        "as llm.provider"),
    ROW(base_url,          TEXT,   0, 0,        "as llm.base_url; one of its own has keys of its own"),
    ROW(api_key,           SECRET, 0, 0,        "as llm.api_key"),
    ROW(organization,      TEXT,   0, 0,        "as llm.organization"),
    ROW(api_version,       TEXT,   0, 0,        "as llm.api_version"),
    ROW(region,            TEXT,   0, 0,        "as llm.region"),
    ROW(access_key_id,     TEXT,   0, 0,        "as llm.access_key_id"),
    ROW(secret_access_key, SECRET, 0, 0,        "as llm.secret_access_key"),
    ROW(session_token,     SECRET, 0, 0,        "as llm.session_token"),
    ROW(id,                TEXT,   0, 0,        "the model's id at the provider; its name"),
    ROW(context_tokens,    NUMBER, 1000, 100000000, "as llm.context_tokens"),
    ROW(max_tokens,        NUMBER, 1, 10000000, "as llm.max_tokens"),
    ROW(prices,            TEXT,   0, 0,        "input/output[/cache_read/cache_write] per million tokens; free"),
    ROW(abilities,         TEXT,   0, 0,        "some of images, documents, tools, schema, reasoning, sampling"),
#undef ROW
    // clang-format on
};

static struct config_model *find_or_add(struct config_load *load, const char *name)
{
    for (size_t i = 0; i < load->n_models; i++)
        if (str_eq(load->models[i].name, name))
            return &load->models[i];
    if (!*name || strlen(name) > NAME_MAX_BYTES || strchr(name, ',')) {
        config_fault(load, "[model NAME]: the name has 1 to %d bytes and no comma", NAME_MAX_BYTES);
        return NULL;
    }
    if (load->n_models == CONFIG_MAX_MODELS) {
        config_fault(load, "[model %s]: there are more than %d models", name, CONFIG_MAX_MODELS);
        return NULL;
    }
    struct config_model *model = &load->models[load->n_models++];

    model->name = config_keep(load, name);
    model->has_section = true;
    return model;
}

bool config_model_pair(struct config_load *load, const char *section, const char *key, const char *value)
{
    size_t prefix_len = strlen(PREFIX);

    if (strncasecmp(section, PREFIX, prefix_len) != 0)
        return false;
    const char *name = section + prefix_len + strspn(section + prefix_len, " ");
    struct config_model *model = find_or_add(load, name);
    bool is_file;
    const struct config_setting *row = config_find(rows, LEN(rows), key, &is_file);

    if (!row)
        buf_printf(load->problems, "model.%s.%s: not a known setting, ignored\n", name, key);
    else if (model && is_file)
        config_set_from_file(load, row, section, model, "_file", value);
    else if (model)
        config_set(load, row, section, model, value);
    return true;
}

bool config_model_has(const char *key)
{
    bool is_file;

    return config_find(rows, LEN(rows), key, &is_file) != NULL;
}

/* ---- what a section leaves open ---- */

/* Its secrets as files that a service manager passes. */
static void find_credentials(struct config_load *load, struct config_model *model)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char section[SECTION_MAX_BYTES];

    snprintf(section, sizeof(section), "model.%s", model->name);
    for (size_t i = 0; folder && !strchr(section, '/') && i < LEN(rows); i++)
        if (rows[i].type == SECRET && !*(const char **)((char *)model + rows[i].offset))
            config_set_from_credential(load, &rows[i], section, model, folder);
}

static void fill_text(const char **out, const char *text)
{
    if (!*out)
        *out = text;
}

/* Keys go where [llm] sends them, and nowhere else. */
static void fill_access(struct config_model *model, const struct config_llm *llm)
{
    bool has_keys = model->api_key || model->access_key_id;

    model->base_url = llm->base_url;
    fill_text(&model->organization, llm->organization);
    fill_text(&model->api_version, llm->api_version);
    if (has_keys)
        return;
    model->api_key = llm->api_key;
    model->access_key_id = llm->access_key_id;
    model->secret_access_key = llm->secret_access_key;
    model->session_token = llm->session_token;
}

static void fill(struct config_model *model, const struct config_llm *llm)
{
    fill_text(&model->provider, llm->provider);
    fill_text(&model->id, model->name);
    fill_text(&model->region, llm->region);
    model->allow_http = llm->allow_http;
    model->has_own_address = model->base_url && *model->base_url;
    if (!model->base_url && str_eq(model->provider, llm->provider))
        fill_access(model, llm);
    if (!model->context_tokens)
        model->context_tokens = llm->context_tokens;
    if (!model->max_tokens)
        model->max_tokens = llm->max_tokens;
}

struct config_model config_model_of_llm(const struct config_llm *llm, const char *id)
{
    struct config_model model = {.name = id, .id = id};

    fill(&model, llm);
    return model;
}

/* A section of the name that llm.model has is the default model's; without one, the default model is what [llm] says. */
static struct config_model *find_default(struct config_load *load, struct config_model *of_llm)
{
    const struct config_llm *llm = &load->config->llm;

    for (size_t i = 0; i < load->n_models; i++)
        if (str_eq(load->models[i].name, llm->model ? llm->model : llm->provider))
            return &load->models[i];
    *of_llm = config_model_of_llm(llm, llm->model);
    if (!llm->model)
        of_llm->name = llm->provider;
    return of_llm;
}

void config_models_finish(struct config_load *load)
{
    struct config *config = load->config;
    struct config_model of_llm;

    config_chat_models(load);
    for (size_t i = 0; i < load->n_models; i++) {
        find_credentials(load, &load->models[i]);
        fill(&load->models[i], &config->llm);
    }
    const struct config_model *standard = find_default(load, &of_llm);

    config->models = arena_zalloc(config->arena, load->n_models + 1, sizeof(*config->models));
    if (!config->models) {
        config_fault(load, "memory is short");
        return;
    }
    config->models[config->n_models++] = *standard;
    for (size_t i = 0; i < load->n_models; i++)
        if (&load->models[i] != standard)
            config->models[config->n_models++] = load->models[i];
}

const struct config_model *config_model(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_models; i++)
        if (str_eq(config->models[i].name, name))
            return &config->models[i];
    return NULL;
}

void config_model_print_defaults(FILE *out)
{
    config_print_rows(rows, LEN(rows), out);
}
