/* Pages of a list: which one is asked for, and links to its neighbours. */
#include <json-c/json.h>
#include <string.h>

#include "http/form.h"

enum {
    LINK_MAX_BYTES = 8192,  /* a longer one is left out: it would not fit where nginx keeps the header */
    OWN_NAME_MAX_BYTES = 12 /* "access_token" */
};

/* Decimal digits as a number, however many: what exceeds max counts as max. False when it is no number. */
static bool parse_clamped(const char *text, size_t len, uint64_t max, uint64_t *out)
{
    if (!len || strspn(text, "0123456789") != len)
        return false;
    if (!parse_u64(text, len, max, out))
        *out = max;
    return true;
}

/* A parameter as a number up to max, be it text or a JSON integer. False when it is neither. */
static bool read_number(const struct request *req, const char *name, uint64_t max, uint64_t *out)
{
    struct param param = param_any(req, NULL, name);
    int64_t number;

    if (json_object_is_type(param.json, json_type_int)) {
        number = json_object_get_int64(param.json);
        *out = number < 0 ? 0 : (uint64_t)number > max ? max : (uint64_t)number;
        return true;
    }
    param = param_text(req, NULL, name);
    return param.state == PARAM_VALUE && parse_clamped(param.text, param.len, max, out);
}

static bool is_given(const struct request *req, const char *name)
{
    enum param_state state = param_any(req, NULL, name).state;

    return state != PARAM_ABSENT && state != PARAM_NULL;
}

enum cq_status page_read(struct request *req, uint64_t default_per_page, uint64_t max_per_page, struct page *out)
{
    struct page page = {.number = 1, .per_page = default_per_page};

    if (is_given(req, "per_page") && (!read_number(req, "per_page", max_per_page, &page.per_page) || !page.per_page))
        page.per_page = 1;
    /*
     * Pages that no list can have are kept within what number * per_page can count: they are past the end all the
     * same.
     */
    if (is_given(req, "page") &&
        (!read_number(req, "page", (uint64_t)INT64_MAX / page.per_page, &page.number) || !page.number))
        return cq_fail(&req->ctx, CQ_NOT_FOUND, "page is not a positive integer");
    *out = page;
    return CQ_OK;
}

/* Whether a pair of the query has a name that the links give anew, or that must not be in them. */
static bool is_own_name(const char *pair, size_t len, const char *parameter)
{
    const char *const names[] = {parameter, str_eq(parameter, "page") ? "per_page" : parameter, "access_token"};
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    char name[3 * OWN_NAME_MAX_BYTES + 1];

    if (name_len >= sizeof(name))
        return false;
    name[form_decode(pair, name_len, name)] = '\0';
    for (size_t i = 0; i < LEN(names); i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

/* Bytes as they are where a URL may hold them; percent-encoded where they would end it, or are not ASCII. */
static void append_safely(struct buf *buf, const char *text, size_t len, const char *also_encoded)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c <= ' ' || c >= 0x7f || strchr("<>\"\\^`{|}", c) || strchr(also_encoded, c))
            buf_printf(buf, "%%%02X", c);
        else
            buf_char(buf, (char)c);
    }
}

static void append_kept_pairs(struct buf *buf, const char *query, const char *parameter)
{
    while (*query) {
        size_t len = strcspn(query, "&");

        if (len && !is_own_name(query, len, parameter)) {
            append_safely(buf, query, len, "#");
            buf_char(buf, '&');
        }
        query += len + (query[len] == '&');
    }
}

/* Scheme and host may be the client's words: nothing goes into a header that could be more than a host and a port. */
static bool origin_valid(const struct request *req)
{
    static const char host_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:[]-_";

    return (str_eq(req->scheme, "http") || str_eq(req->scheme, "https")) && *req->host &&
           !req->host[strspn(req->host, host_bytes)];
}

/* All that the links have in common, up to the value of the parameter. */
static void append_base(struct buf *buf, const struct request *req, const char *parameter)
{
    buf_printf(buf, "%s://%s", req->scheme, req->host);
    append_safely(buf, req->path, strlen(req->path), "%?#");
    buf_char(buf, '?');
    append_kept_pairs(buf, req->query, parameter);
    buf_printf(buf, "%s=", parameter);
}

static void append_link(struct buf *links, const char *base, uint64_t number, uint64_t per_page, const char *rel)
{
    if (links->len)
        buf_char(links, ',');
    buf_char(links, '<');
    buf_str(links, base);
    buf_u64(links, number);
    buf_str(links, "&per_page=");
    buf_u64(links, per_page);
    buf_printf(links, ">; rel=\"%s\"", rel);
}

static void append_links(struct buf *links, const char *base, const struct page *page, uint64_t total)
{
    uint64_t last = total ? (total - 1) / page->per_page + 1 : 1;

    append_link(links, base, page->number, page->per_page, "current");
    if (page->number < last)
        append_link(links, base, page->number + 1, page->per_page, "next");
    if (total && page->number > 1)
        append_link(links, base, page->number - 1, page->per_page, "prev");
    append_link(links, base, 1, page->per_page, "first");
    append_link(links, base, last, page->per_page, "last");
}

void page_link(struct request *req, const struct page *page, uint64_t total)
{
    struct buf *base, *links;

    if (!origin_valid(req) || !(base = buf_in_arena(req->ctx.arena, LINK_MAX_BYTES)) ||
        !(links = buf_in_arena(req->ctx.arena, LINK_MAX_BYTES)))
        return;
    append_base(base, req, "page");
    append_links(links, base->data, page, total);
    if (!base->failed && !links->failed)
        response_header(req, "Link", links->data);
}

void page_link_next(struct request *req, const char *cursor)
{
    struct buf *link = origin_valid(req) ? buf_in_arena(req->ctx.arena, LINK_MAX_BYTES) : NULL;

    if (!link)
        return;
    buf_char(link, '<');
    append_base(link, req, "cursor");
    buf_printf(link, "%s>; rel=\"next\"", cursor);
    if (!link->failed)
        response_header(req, "Link", link->data);
}
