/* Request headers: types and their parameters, what a client accepts, what it signs in with, where it comes from. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http/header_value.h"

#include "colloquy/http.h"

static const char STRING_IDS[] = "application/json+canvas-string-ids";

struct parameter {
    const char *name, *value;
    size_t name_len, value_len;
    bool quoted; /* value stands between quotes and may hold backslashes */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* The closing quote for an opening one just before at; NULL when it is missing. */
static const char *closing_quote(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '"')
            return at;
        if (*at == '\\' && end - at > 1 && (at[1] == '"' || at[1] == '\\'))
            at++;
    }
    return NULL;
}

/* A quoted or plain value at *at, which moves behind it. */
static bool read_value(const char **at, const char *end, struct parameter *out)
{
    const char *stop;

    out->quoted = *at < end && **at == '"';
    out->value = *at + out->quoted;
    if (out->quoted) {
        stop = closing_quote(out->value, end);
        if (!stop)
            return false;
        *at = stop + 1;
    } else {
        stop = memchr(out->value, ';', (size_t)(end - out->value));
        stop = stop ? stop : end;
        *at = stop;
        while (stop > out->value && is_blank(stop[-1]))
            stop--;
    }
    out->value_len = (size_t)(stop - out->value);
    return true;
}

/* The next "; name=value"; *at moves behind it. False at the end, and at a quote that is never closed. */
static bool next_parameter(const char **at, const char *end, struct parameter *out)
{
    const char *semicolon = memchr(*at, ';', (size_t)(end - *at));

    *out = (struct parameter){.value = ""};
    if (!semicolon)
        return false;
    out->name = skip_blanks(semicolon + 1, end);
    *at = out->name;
    while (*at < end && **at != '=' && **at != ';')
        ++*at;
    out->name_len = (size_t)(*at - out->name);
    if (*at == end || **at == ';')
        return true;
    ++*at;
    return read_value(at, end, out);
}

static bool parameter_is(const struct parameter *parameter, const char *name)
{
    return parameter->name_len == strlen(name) && strncasecmp(parameter->name, name, parameter->name_len) == 0;
}

/*
 * Copy a value without its escapes. Only a quote and a backslash can be escaped: browsers send other backslashes as
 * they were typed.
 */
static bool copy_value(const struct parameter *parameter, char *out, size_t out_bytes, size_t *len)
{
    size_t n = 0;

    if (parameter->value_len >= out_bytes)
        return false;
    for (size_t i = 0; i < parameter->value_len; i++) {
        const char *at = parameter->value + i;

        if (parameter->quoted && *at == '\\' && i + 1 < parameter->value_len && (at[1] == '"' || at[1] == '\\'))
            out[n++] = parameter->value[++i];
        else
            out[n++] = *at;
    }
    out[n] = '\0';
    if (len)
        *len = n;
    return true;
}

bool header_parameter(const char *value, const char *name, char *out, size_t out_bytes, size_t *len)
{
    const char *end = value + strlen(value);
    struct parameter parameter;

    while (next_parameter(&value, end, &parameter))
        if (parameter_is(&parameter, name))
            return copy_value(&parameter, out, out_bytes, len);
    return false;
}

/* "%41" as the byte that it is; -1: it is none. */
static int escaped_byte(const char *at)
{
    int high = hex_digit(at[1]), low = high < 0 ? -1 : hex_digit(at[2]);

    return low < 0 ? -1 : high << 4 | low;
}

bool header_extended_value(char *value, size_t *len)
{
    const char *at = strncasecmp(value, "UTF-8'", 6) == 0 ? strchr(value + 6, '\'') : NULL;
    size_t n = 0;

    if (!at)
        return false;
    while (*++at) {
        int byte = *at == '%' ? escaped_byte(at) : (unsigned char)*at;

        if (byte < 0)
            return false;
        if (*at == '%')
            at += 2;
        value[n++] = (char)byte;
    }
    value[n] = '\0';
    *len = n;
    return true;
}

static bool type_is(const char *at, const char *end, const char *type)
{
    const char *semicolon = memchr(at, ';', (size_t)(end - at));

    end = semicolon ? semicolon : end;
    at = skip_blanks(at, end);
    while (end > at && is_blank(end[-1]))
        end--;
    return (size_t)(end - at) == strlen(type) && strncasecmp(at, type, (size_t)(end - at)) == 0;
}

bool header_type_is(const char *value, const char *type)
{
    return type_is(value, value + strlen(value), type);
}

/*
 * Where one element of a comma-separated list ends; commas between quotes belong to it. A quote never closed runs to
 * the end.
 */
static const char *element_end(const char *at, const char *end)
{
    while (at < end && *at != ',') {
        if (*at++ != '"')
            continue;
        const char *quote = closing_quote(at, end);

        at = quote ? quote + 1 : end;
    }
    return at;
}

/* The weight of an element in thousandths; 1000 when it says none, or nothing that is a weight. */
static unsigned element_weight(const char *at, const char *end)
{
    struct parameter parameter;
    unsigned weight = 0, digits = 0;

    while (next_parameter(&at, end, &parameter)) {
        if (!parameter_is(&parameter, "q"))
            continue;
        if (!parameter.value_len || parameter.value[0] != '0')
            return 1000;
        for (size_t i = 2; i < parameter.value_len && digits < 3; i++, digits++)
            weight = 10 * weight +
                     (unsigned)(parameter.value[i] >= '0' && parameter.value[i] <= '9' ? parameter.value[i] - '0' : 0);
        for (; digits < 3; digits++)
            weight *= 10;
        return weight;
    }
    return 1000;
}

bool request_accepts(const struct request *req, const char *media_type)
{
    const char *at = req->accept, *end = at + strlen(at);

    while (at < end) {
        const char *stop = element_end(at, end);

        if (type_is(at, stop, media_type) && element_weight(at, stop))
            return true;
        at = stop < end ? stop + 1 : end;
    }
    return false;
}

/* What Accept says of a type: by name, else by its range, else by all of them; -1: nothing. */
static int accept_weight(const struct request *req, const char *media_type, bool *is_named)
{
    const char *end = req->accept + strlen(req->accept);
    char range[64];
    const char *const names[] = {media_type, range, "*/*"};

    snprintf(range, sizeof(range), "%.*s/*", (int)strcspn(media_type, "/"), media_type);
    for (size_t i = 0; i < LEN(names); i++)
        for (const char *at = req->accept; at < end;) {
            const char *stop = element_end(at, end);

            *is_named = i == 0;
            if (type_is(at, stop, names[i]))
                return (int)element_weight(at, stop);
            at = stop < end ? stop + 1 : end;
        }
    return -1;
}

bool request_prefers(const struct request *req, const char *media_type, const char *other)
{
    bool is_named = false, is_other_named = false;
    int weight = accept_weight(req, media_type, &is_named);
    int other_weight = accept_weight(req, other, &is_other_named);

    if (!is_named || weight <= 0)
        return false;
    return weight > other_weight || (weight == other_weight && !is_other_named);
}

bool request_wants_string_ids(const struct request *req)
{
    return request_accepts(req, STRING_IDS);
}

bool request_is_form(const struct request *req)
{
    return header_type_is(req->content_type, "application/x-www-form-urlencoded") ||
           header_type_is(req->content_type, "multipart/form-data");
}

/* What follows "Bearer" and its blanks; NULL for another scheme and for nothing. */
static const char *bearer_token(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    size_t len = sizeof(scheme) - 1;

    if (!authorization || strncasecmp(authorization, scheme, len) != 0)
        return NULL;
    authorization += len;
    authorization += strspn(authorization, " ");
    return *authorization ? authorization : NULL;
}

const char *request_access_token(const struct request *req)
{
    const char *token = bearer_token(req->authorization);
    struct param param;

    if (token)
        return token;
    param = param_text(req, NULL, "access_token");
    return param.state == PARAM_VALUE && param.len ? param.text : NULL;
}

bool request_cookie(const struct request *req, const char *name, char *out, size_t out_bytes)
{
    size_t name_len = strlen(name);
    const char *at = req->cookie ? req->cookie : "";

    for (at += strspn(at, " \t"); *at; at += strspn(at, "; \t")) {
        size_t len = strcspn(at, ";");

        if (len <= name_len || memcmp(at, name, name_len) != 0 || at[name_len] != '=') {
            at += len;
            continue;
        }
        at += name_len + 1;
        len -= name_len + 1;
        while (len > 0 && is_blank(at[len - 1]))
            len--;
        if (len >= out_bytes)
            return false;
        memcpy(out, at, len);
        out[len] = '\0';
        return true;
    }
    return false;
}

/* Behind what ends TLS for us the scheme that we see is not the browser's: there the site's own address says it. */
static bool is_public_origin(const struct request *req, const char *origin)
{
    const char *url = req->config ? req->config->server.public_url : NULL, *host = url ? strstr(url, "://") : NULL;
    size_t len = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;

    return len && strncasecmp(origin, url, len) == 0 && !origin[len];
}

/* Scheme and host are compared as browsers write them, which is in lower case, and without a port that is the usual one. */
static bool is_own_origin(const struct request *req, const char *origin)
{
    size_t len = strlen(req->scheme);
    bool is_asked_one = strncasecmp(origin, req->scheme, len) == 0 && str_starts(origin + len, "://") &&
                        strcasecmp(origin + len + 3, req->host) == 0;

    return is_asked_one || is_public_origin(req, origin);
}

bool request_is_cross_site(const struct request *req)
{
    if (req->origin && !is_own_origin(req, req->origin))
        return true;
    return req->sec_fetch_site && strcasecmp(req->sec_fetch_site, "cross-site") == 0;
}
