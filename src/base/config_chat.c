/* The models of the chat API: what chat.models and its like add to those of the sections. */
#include <string.h>

#include "base/config_set.h"

enum {
    NAME_MAX_BYTES = 64, /* as breakers show it */
    ID_MAX_BYTES = 255,
    PRICE_MAX_PLACES = 12,
    PRICE_MAX_DIGITS = 4,
};

/* ---- lists ---- */

/* The next entry of a comma-separated list, without the blanks around it; false: there is none. In the config's arena. */
static bool next_entry(struct config_load *load, const char **at, char **out)
{
    *at += strspn(*at, ", \t");
    size_t len = strcspn(*at, ",");
    const char *start = *at;

    *at += len;
    while (len && (start[len - 1] == ' ' || start[len - 1] == '\t'))
        len--;
    if (!len)
        return false;
    *out = arena_strndup(load->config->arena, start, len);
    if (!*out)
        config_fault(load, "memory is short");
    return *out != NULL;
}

/* Cut "a=b", without the blanks beside the mark; NULL: it has none. */
static char *cut_at(char *entry, char *mark)
{
    if (!mark)
        return NULL;
    char *second = mark + 1 + strspn(mark + 1, " \t");

    while (mark > entry && (mark[-1] == ' ' || mark[-1] == '\t'))
        mark--;
    *mark = '\0';
    return second;
}

static struct config_model *find_model(struct config_load *load, const char *name)
{
    for (size_t i = 0; i < load->n_models; i++)
        if (str_eq(load->models[i].name, name))
            return &load->models[i];
    return NULL;
}

/* ---- chat.models ---- */

/* The name of the model that [llm] describes. */
static bool is_default(const struct config_load *load, const char *name)
{
    const struct config_llm *llm = &load->config->llm;

    return str_eq(name, llm->model ? llm->model : llm->provider);
}

/* What a section says of a model counts more than what chat.models says. */
static void add_model(struct config_load *load, const char *name, const char *id)
{
    struct config_model *model = find_model(load, name);

    if (!model && !id && is_default(load, name))
        return;
    if (!model && load->n_models == CONFIG_MAX_MODELS) {
        config_fault(load, "chat.models: there are more than %d models", CONFIG_MAX_MODELS);
        return;
    }
    if (!model) {
        model = &load->models[load->n_models++];
        model->name = name;
    }
    if (!model->id)
        model->id = id;
}

static bool is_offered(const struct config_chat *chat, const char *name)
{
    for (size_t i = 0; i < chat->n_names; i++)
        if (str_eq(chat->names[i], name))
            return true;
    return false;
}

static void offer(struct config_load *load, char *entry)
{
    struct config_chat *chat = &load->config->chat;
    const char *id = cut_at(entry, strchr(entry, '='));

    if (!*entry || strlen(entry) > NAME_MAX_BYTES || (id && (!*id || strlen(id) > ID_MAX_BYTES)))
        config_fault(load, "chat.models: must be name or name=id, of 1 to %d and 1 to %d bytes, with commas between",
                     NAME_MAX_BYTES, ID_MAX_BYTES);
    else if (is_offered(chat, entry))
        config_fault(load, "chat.models: names the same model twice");
    else if (chat->n_names == CONFIG_MAX_MODELS)
        config_fault(load, "chat.models: names more than %d models", CONFIG_MAX_MODELS);
    else {
        chat->names[chat->n_names++] = entry;
        add_model(load, entry, id);
    }
}

/* ---- what is known of them ---- */

static void doubt_name(struct config_load *load, const char *key, const char *name)
{
    if (!is_offered(&load->config->chat, name))
        buf_printf(load->problems, "%s: %s is none of chat.models, ignored\n", key, name);
}

/* Room for the default model, which no section may describe: it is as if one did. */
static struct config_model *model_to_change(struct config_load *load, const char *name)
{
    struct config_model *model = find_model(load, name);

    if (model || !is_default(load, name) || load->n_models == CONFIG_MAX_MODELS)
        return model;
    model = &load->models[load->n_models++];
    model->name = name;
    model->id = load->config->llm.model;
    return model;
}

static void set_reasoning(struct config_load *load, const char *name)
{
    struct config_model *model = is_offered(&load->config->chat, name) ? model_to_change(load, name) : NULL;

    doubt_name(load, "chat.reasoning_models", name);
    if (model)
        model->is_reasoning = true;
}

/* A decimal number per thousand, as one per million. False: it is none, or larger or finer than prices are. */
static bool put_price(struct buf *out, const char **at)
{
    size_t digits = strspn(*at, "0123456789"), places = 0;

    if (!digits || digits > PRICE_MAX_DIGITS)
        return false;
    buf_append(out, *at, digits);
    *at += digits;
    if (**at == '.') {
        places = strspn(++*at, "0123456789");
        if (!places || places > PRICE_MAX_PLACES)
            return false;
    }
    for (size_t i = 0; i < 3; i++)
        buf_char(out, i < places ? (*at)[i] : '0');
    if (places > 3) {
        buf_char(out, '.');
        buf_append(out, *at + 3, places - 3);
    }
    *at += places;
    return true;
}

static bool put_prices(struct buf *out, const char *at)
{
    size_t n = 1;

    for (; put_price(out, &at) && *at == '/'; at++, n++)
        buf_char(out, '/');
    return !*at && at[-1] != '/' && (n == 2 || n == 4);
}

static void set_prices(struct config_load *load, char *entry)
{
    const char *text = cut_at(entry, strrchr(entry, ':'));
    struct buf *prices = buf_in_arena(load->config->arena, 256);

    if (!text || !*entry || !prices || !put_prices(prices, text) || prices->failed) {
        config_fault(load, "chat.prices: must be name:input/output or name:input/output/cache_read/cache_write, as"
                           " small:0.0025/0.01, with commas between");
        return;
    }
    doubt_name(load, "chat.prices", entry);
    struct config_model *model = is_offered(&load->config->chat, entry) ? model_to_change(load, entry) : NULL;

    if (model && !model->prices)
        model->prices = prices->data;
}

/* ---- all of it ---- */

void config_chat_models(struct config_load *load)
{
    struct config_chat *chat = &load->config->chat;
    char *entry;

    chat->names = arena_zalloc(load->config->arena, CONFIG_MAX_MODELS, sizeof(*chat->names));
    if (!chat->names) {
        config_fault(load, "memory is short");
        return;
    }
    for (const char *at = chat->models ? chat->models : ""; next_entry(load, &at, &entry);)
        offer(load, entry);
    if (!chat->n_names)
        chat->names[chat->n_names++] = load->config->llm.model ? load->config->llm.model : load->config->llm.provider;
    for (const char *at = chat->reasoning_models ? chat->reasoning_models : ""; next_entry(load, &at, &entry);)
        set_reasoning(load, entry);
    for (const char *at = chat->prices ? chat->prices : ""; next_entry(load, &at, &entry);)
        set_prices(load, entry);
    if (chat->title_model && !is_offered(chat, chat->title_model) && !find_model(load, chat->title_model))
        config_fault(load, "chat.title_model: must be one of chat.models, or a section [model NAME]");
}
