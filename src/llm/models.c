/* Models: their words and prices read, and the lists of names that say who is asked what. */
#include <stdlib.h>
#include <string.h>

#include "llm/models.h"

enum { NAME_BYTES = 256, SECTION_BYTES = 80, MAX_BORROWED = 64 };

static const struct {
    const char *word;
    enum llm_ability ability;
} words[] = {
    {"images", LLM_CAN_SEE},    {"documents", LLM_CAN_READ},   {"tools", LLM_CAN_CALL},
    {"schema", LLM_CAN_FOLLOW}, {"reasoning", LLM_CAN_REASON}, {"sampling", LLM_CAN_BE_DRAWN},
};

/* ---- lists of words ---- */

/* The next word of a comma-separated list, without the blanks around it. False: there is none, or it is too long. */
static bool next_word(const char **at, char word[NAME_BYTES])
{
    while (**at == ',' || **at == ' ' || **at == '\t')
        (*at)++;
    size_t len = strcspn(*at, ",");
    const char *start = *at;

    *at += len;
    while (len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\t'))
        len--;
    if (!len || len >= NAME_BYTES)
        return false;
    memcpy(word, start, len);
    word[len] = '\0';
    return true;
}

/* ---- abilities and prices ---- */

static bool read_ability(const char *word, unsigned *abilities)
{
    for (size_t i = 0; i < LEN(words); i++)
        if (str_eq(words[i].word, word)) {
            *abilities |= words[i].ability;
            return true;
        }
    return str_eq(word, "none");
}

static bool read_abilities(const struct config_model *config, const char *section, unsigned *out, struct buf *problems)
{
    const char *at = config->abilities;
    char word[NAME_BYTES];

    if (!at) {
        *out |= config->is_reasoning ? LLM_CAN_REASON : 0;
        return true;
    }
    *out = 0;
    while (*at) {
        bool is_word = next_word(&at, word);

        if (is_word && read_ability(word, out))
            continue;
        buf_printf(
            problems,
            "%s.abilities: %s%smust be words of images, documents, tools, schema, reasoning, sampling; or none\n",
            section, is_word ? word : "", is_word ? " is not known; " : "");
        return false;
    }
    return true;
}

/* A decimal number with at most nine places, in 1e-9. */
static bool read_price(const char **at, uint64_t *out)
{
    uint64_t whole = 0, fraction = 0, scale = 1000000000;
    const char *start = *at;

    for (; **at >= '0' && **at <= '9' && whole < 1000000; (*at)++)
        whole = whole * 10 + (uint64_t)(**at - '0');
    if (*at == start)
        return false;
    if (**at == '.')
        for ((*at)++; **at >= '0' && **at <= '9' && scale > 1; (*at)++) {
            scale /= 10;
            fraction += (uint64_t)(**at - '0') * scale;
        }
    *out = whole * 1000000000 + fraction;
    return true;
}

/* input/output[/cache_read/cache_write]; what the provider caches costs as much as input unless it is said. */
static bool read_prices(const struct config_model *config, const char *section, struct llm_prices *out,
                        struct buf *problems)
{
    uint64_t price[4];
    size_t n = 0;
    const char *at = config->prices;

    if (!at)
        return true;
    while (n < LEN(price) && read_price(&at, &price[n])) {
        n++;
        if (*at != '/')
            break;
        at++;
    }
    if (*at || at[-1] == '/' || (n != 2 && n != 4)) {
        buf_printf(problems, "%s.prices: must be input/output or input/output/cache_read/cache_write, as 2.50/10\n",
                   section);
        return false;
    }
    *out = (struct llm_prices){price[0], price[1], n == 4 ? price[2] : price[0], n == 4 ? price[3] : price[0]};
    return true;
}

/* ---- a model ---- */

/* What stands before the names of its keys. */
static void name_section(const struct config_model *config, char out[SECTION_BYTES])
{
    snprintf(out, SECTION_BYTES, config->has_section ? "model.%s" : "llm", config->name);
}

/* Several may be as [llm] has them: what is wrong with it is said of the first of them. */
static bool is_said(const struct config *config, size_t i)
{
    bool has_section = config->models[i].has_section;

    while (i-- > 0)
        if (!has_section && !config->models[i].has_section)
            return true;
    return false;
}

static bool read_model(const struct config_model *config, const char *section, struct llm_model *out,
                       struct buf *problems)
{
    const struct llm_provider *provider = llm_provider_find(config->provider);

    if (!provider) {
        buf_printf(problems, "%s.provider: must be one of ", section);
        llm_provider_list(problems);
        buf_char(problems, '\n');
        return false;
    }
    *out = (struct llm_model){.config = config, .provider = provider, .abilities = provider->abilities};
    bool is_valid = provider->config_valid(config, section, problems);

    is_valid &= read_abilities(config, section, &out->abilities, problems);
    return read_prices(config, section, &out->prices, problems) && is_valid;
}

static const struct llm_model *find_model(const struct llm_models *models, const char *name)
{
    for (size_t i = 0; i < models->n; i++)
        if (str_eq(models->all[i].config->name, name))
            return &models->all[i];
    return NULL;
}

/* ---- names without a section ---- */

/* builtin, or else an id at llm.provider. The config is the models' own. */
static bool borrow_model(struct llm_models *models, const char *name, struct buf *problems)
{
    struct config_model *config = calloc(1, sizeof(*config));
    char *copy = strdup(name);

    if (!config || !copy) {
        free(config);
        free(copy);
        return false;
    }
    *config = config_model_of_llm(&models->config->llm, copy);
    if (str_eq(name, llm_provider_builtin.name))
        config->provider = llm_provider_builtin.name;
    return read_model(config, "llm", &models->all[models->n++], problems);
}

static bool borrow_models(struct llm_models *models, const char *list, struct buf *problems)
{
    char name[NAME_BYTES];
    bool is_valid = true;

    for (const char *at = list ? list : ""; *at;)
        if (next_word(&at, name) && !find_model(models, name) && models->n < models->config->n_models + MAX_BORROWED)
            is_valid &= borrow_model(models, name, problems);
    return is_valid;
}

/* A name that is not taken would be missed only when it is needed. */
static bool check_list(const char *key, const char *list, size_t max, struct buf *problems)
{
    char name[NAME_BYTES];
    size_t n = 0;

    for (const char *at = list ? list : ""; at[strspn(at, ", \t")];) {
        if (!next_word(&at, name)) {
            buf_printf(problems, "%s: a name of a model has at most %d bytes\n", key, NAME_BYTES - 1);
            return false;
        }
        n++;
    }
    if (n > max)
        buf_printf(problems, "%s: names more than %zu model%s\n", key, max, max > 1 ? "s" : "");
    return n <= max;
}

static bool check_lists(const struct config *config, struct buf *problems)
{
    const struct {
        const char *key, *list;
        size_t max;
    } lists[] = {{"llm.fallback", config->llm.fallback, LLM_MAX_CHAIN - 1},
                 {"roles.tutor", config->roles.tutor, LLM_MAX_CHAIN},
                 {"roles.assessment", config->roles.assessment, LLM_MAX_CHAIN},
                 {"roles.evaluation", config->roles.evaluation, LLM_MAX_CHAIN},
                 {"embeddings.model", config->embeddings.model, 1}};
    bool is_valid = true;

    for (size_t i = 0; i < LEN(lists); i++)
        is_valid &= check_list(lists[i].key, lists[i].list, lists[i].max, problems);
    return is_valid;
}

bool llm_models_read(struct llm_models *models, const struct config *config, struct buf *problems)
{
    const char *const lists[] = {config->llm.fallback, config->roles.tutor, config->roles.assessment,
                                 config->roles.evaluation, config->embeddings.model};
    bool is_valid = check_lists(config, problems);
    struct buf said;

    *models =
        (struct llm_models){.config = config, .all = calloc(config->n_models + MAX_BORROWED, sizeof(*models->all))};
    if (!models->all)
        return false;
    buf_init(&said, 64 << 10);
    for (size_t i = 0; i < config->n_models; i++) {
        char section[SECTION_BYTES];

        name_section(&config->models[i], section);
        is_valid &=
            read_model(&config->models[i], section, &models->all[models->n++], is_said(config, i) ? &said : problems);
    }
    buf_release(&said);
    for (size_t i = 0; is_valid && i < LEN(lists); i++)
        is_valid &= borrow_models(models, lists[i], problems);
    return is_valid;
}

void llm_models_release(struct llm_models *models)
{
    for (size_t i = models->config->n_models; models->all && i < models->n; i++) {
        free((char *)models->all[i].config->name);
        free((struct config_model *)models->all[i].config);
    }
    free(models->all);
    *models = (struct llm_models){.config = models->config};
}

/* ---- who is asked ---- */

static const char *list_of(const struct config *config, const struct llm_ask *ask)
{
    if (ask->model)
        return ask->model;
    switch (ask->task) {
    case LLM_ASSESS:
        return config->roles.assessment;
    case LLM_EVALUATE:
        return config->roles.evaluation;
    case LLM_TITLE:
        return config->chat.title_model;
    case LLM_EMBED:
        return config->embeddings.model;
    default:
        return config->roles.tutor;
    }
}

size_t llm_max_texts(const struct llm_model *model)
{
    const struct llm_provider *provider = model->provider;

    return provider->max_texts_of ? provider->max_texts_of(model->config) : provider->max_texts;
}

static bool can_do(const struct llm_model *model, enum llm_task task)
{
    if (task == LLM_EMBED)
        return llm_max_texts(model) > 0;
    return (task != LLM_SUMMARIZE && task != LLM_TITLE) || !model->provider->answer;
}

static void add_model(struct llm_chain *chain, const struct llm_model *model, enum llm_task task)
{
    if (!model || !can_do(model, task) || chain->n == LLM_MAX_CHAIN)
        return;
    for (size_t i = 0; i < chain->n; i++)
        if (chain->models[i] == model)
            return;
    chain->models[chain->n++] = model;
}

static void add_list(struct llm_chain *chain, const struct llm_models *models, const char *list, enum llm_task task)
{
    char name[NAME_BYTES];

    for (const char *at = list; *at;)
        if (next_word(&at, name))
            add_model(chain, find_model(models, name), task);
}

void llm_chain_find(const struct llm_models *models, const struct llm_ask *ask, struct llm_chain *out)
{
    const char *list = list_of(models->config, ask), *fallback = models->config->llm.fallback;

    out->n = 0;
    if (list)
        add_list(out, models, list, ask->task);
    else if (ask->task != LLM_EMBED)
        add_model(out, &models->all[0], ask->task);
    /* Vectors of another model are not to be compared with these. */
    if (fallback && ask->task != LLM_EMBED && !ask->is_alone)
        add_list(out, models, fallback, ask->task);
    if (ask->is_alone && out->n)
        out->n = 1;
}

/* ---- what others want to know of a config ---- */

/* A key of [llm] goes nowhere but to its own provider. */
static void advise_key(const struct llm_model *model, const char *section, struct buf *problems)
{
    const struct config_model *config = model->config;

    if (model->provider->is_keyed && !config->base_url && (!config->api_key || !*config->api_key))
        buf_printf(problems, "%s.api_key: none is given, and the provider's own address takes nobody without\n",
                   section);
}

/* A model of vectors writes nothing. */
static void advise_room(const struct llm_model *model, const char *section, const char *of_vectors,
                        struct buf *problems)
{
    const struct config_model *config = model->config;

    if (!model->provider->answer && !str_eq(config->name, of_vectors) &&
        config->max_tokens > config->context_tokens / 2)
        buf_printf(problems, "%s.max_tokens: more than half of its context_tokens, which leaves too little to read\n",
                   section);
}

/* Names that no section has may be meant as ids, or be mistyped. */
static void advise(const struct llm_models *models, struct buf *problems)
{
    const struct config *config = models->config;
    char section[SECTION_BYTES];

    for (size_t i = 0; i < config->n_models; i++) {
        if (is_said(config, i))
            continue;
        name_section(&config->models[i], section);
        advise_key(&models->all[i], section, problems);
        advise_room(&models->all[i], section, config->embeddings.model, problems);
    }
    for (size_t i = config->n_models; i < models->n; i++)
        if (!str_eq(models->all[i].config->name, llm_provider_builtin.name))
            buf_printf(problems,
                       "%s: no section [model %s] with a key in it, so it is taken as an id at llm.provider\n",
                       models->all[i].config->name, models->all[i].config->name);
}

bool llm_config_valid(const struct config *config, struct buf *problems)
{
    struct llm_models models;
    bool is_valid = llm_models_read(&models, config, problems);

    if (is_valid)
        advise(&models, problems);
    llm_models_release(&models);
    return is_valid;
}

/* The models that a task is given to; what is wrong with them was said when the config was read. */
static void read_chain(struct llm_models *models, const struct config *config, enum llm_task task,
                       struct llm_chain *chain)
{
    const struct llm_ask ask = {.task = task};
    struct buf problems;

    chain->n = 0;
    buf_init(&problems, 64 << 10);
    if (llm_models_read(models, config, &problems))
        llm_chain_find(models, &ask, chain);
    buf_release(&problems);
}

const char *llm_notice(const struct config *config)
{
    struct llm_models models;
    struct llm_chain chain;

    read_chain(&models, config, LLM_REPLY, &chain);
    const char *notice = chain.n ? chain.models[0]->provider->notice : NULL;
    llm_models_release(&models);
    return notice;
}

const char *llm_reply_model(struct arena *arena, const struct config *config)
{
    struct llm_models models;
    struct llm_chain chain;

    read_chain(&models, config, LLM_REPLY, &chain);
    const char *name = chain.n ? arena_strdup(arena, chain.models[0]->config->name) : NULL;
    llm_models_release(&models);
    return name;
}

/* What a model of that name can read beside what it writes. builtin reads no prompt: it has all the room there is. */
static uint32_t room_of(const struct config *config, const char *name)
{
    const struct config_model *model = config_model(config, name);
    const char *provider = model ? model->provider : name;
    uint32_t context = model ? model->context_tokens : config->llm.context_tokens,
             reply = model ? model->max_tokens : config->llm.max_tokens;

    if (str_eq(provider, llm_provider_builtin.name))
        return UINT32_MAX;
    return context > reply ? context - reply : 0;
}

static uint32_t least_room(const struct config *config, const char *list)
{
    char name[NAME_BYTES];
    uint32_t least = UINT32_MAX;

    for (const char *at = list ? list : ""; *at;) {
        if (!next_word(&at, name))
            continue;
        uint32_t room = room_of(config, name);

        if (room < least)
            least = room;
    }
    return least;
}

uint32_t llm_context_tokens(const struct config *config, enum llm_task task)
{
    const char *list = list_of(config, &(struct llm_ask){.task = task});
    uint32_t own = list ? least_room(config, list) : room_of(config, config->models[0].name),
             fallback = least_room(config, config->llm.fallback);

    return own < fallback ? own : fallback;
}

uint32_t llm_context_tokens_of(const struct config *config, const char *model)
{
    uint32_t own = room_of(config, model), fallback = least_room(config, config->llm.fallback);

    return own < fallback ? own : fallback;
}

bool llm_can_see(const struct config *config, const char *name)
{
    struct llm_models models;
    struct buf problems;

    buf_init(&problems, 64 << 10);
    bool is_valid = llm_models_read(&models, config, &problems);
    const struct llm_model *model = is_valid ? find_model(&models, name) : NULL;
    bool can_see = model && (model->abilities & LLM_CAN_SEE);

    llm_models_release(&models);
    buf_release(&problems);
    return can_see;
}

size_t llm_embed_max(const struct config *config)
{
    struct llm_models models;
    struct llm_chain chain;

    read_chain(&models, config, LLM_EMBED, &chain);
    size_t max = chain.n ? llm_max_texts(chain.models[0]) : 0;
    llm_models_release(&models);
    return max;
}
