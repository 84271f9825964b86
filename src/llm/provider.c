/* The table of providers, their settings, and what their requests are made of. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "llm/provider.h"

static const struct llm_provider *const providers[] = {
    &llm_provider_openai,
    &llm_provider_builtin,
};

const struct llm_provider *llm_provider_find(const char *name)
{
    for (size_t i = 0; i < LEN(providers); i++)
        if (str_eq(providers[i]->name, name))
            return providers[i];
    return NULL;
}

static void list_providers(struct buf *problems)
{
    buf_str(problems, "llm.provider: must be one of ");
    for (size_t i = 0; i < LEN(providers); i++)
        buf_printf(problems, "%s%s", i ? ", " : "", providers[i]->name);
    buf_char(problems, '\n');
}

bool llm_config_valid(const struct config *config, struct buf *problems)
{
    const struct llm_provider *provider = llm_provider_find(config->llm.provider);

    if (!provider) {
        list_providers(problems);
        return false;
    }
    return provider->config_valid(&config->llm, problems);
}

const char *llm_notice(const struct config *config)
{
    const struct llm_provider *provider = llm_provider_find(config->llm.provider);

    return provider ? provider->notice : NULL;
}

/* ---- addresses ---- */

/* localhost, 127.0.0.0/8 or [::1], as curl writes a host that it has parsed. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;

    if (strcasecmp(host, "localhost") == 0 || str_eq(host, "[::1]"))
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

/* NULL, or what is wrong with it. */
static const char *url_fault(CURLU *url, const char *text, bool allow_http)
{
    char *scheme = NULL, *host = NULL;
    const char *fault = NULL;

    if (curl_url_set(url, CURLUPART_URL, text, 0) || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) || (!str_eq(scheme, "https") && !str_eq(scheme, "http")))
        fault = "must be an https URL";
    else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) || has_part(url, CURLUPART_QUERY) ||
             has_part(url, CURLUPART_FRAGMENT))
        fault = "must have neither user, password, query nor fragment";
    else if (str_eq(scheme, "http") && !is_loopback(host) && !allow_http)
        fault = "http is taken on loopback only, unless llm.allow_http is on";
    curl_free(scheme);
    curl_free(host);
    return fault;
}

bool llm_base_url_valid(const char *text, bool allow_http, struct buf *problems)
{
    CURLU *url = curl_url();
    const char *fault = "memory is short";

    if (strlen(text) > LLM_URL_MAX_BYTES / 2)
        fault = "is too long";
    else if (url)
        fault = url_fault(url, text, allow_http);
    curl_url_cleanup(url);
    if (fault)
        buf_printf(problems, "llm.base_url: %s\n", fault);
    return !fault;
}

/* ---- requests ---- */

void llm_request_init(struct llm_request *request)
{
    request->headers = NULL;
    buf_init(&request->url, LLM_URL_MAX_BYTES);
    buf_init(&request->body, LLM_REQUEST_MAX_BYTES);
}

void llm_request_release(struct llm_request *request)
{
    buf_release(&request->url);
    buf_release(&request->body);
    curl_slist_free_all(request->headers);
    request->headers = NULL;
}

/* A line break within would begin a header of its own. */
static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

bool llm_request_header(struct llm_request *request, const char *fmt, ...)
{
    struct curl_slist *longer = NULL;
    char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    int len = vasprintf(&line, fmt, ap);
    va_end(ap);
    if (len < 0)
        return false;
    if (!has_control(line))
        longer = curl_slist_append(request->headers, line);
    explicit_bzero(line, (size_t)len); /* it may hold a key */
    free(line);
    if (longer)
        request->headers = longer;
    return longer != NULL;
}
