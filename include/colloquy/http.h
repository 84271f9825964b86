/*
 * http: a request and its answer, whatever carries them.
 *
 * The server room fills a struct request from FastCGI (a test fills it by hand: no socket is needed), the api room
 * routes it and lets a handler answer into req->response, and the server writes that out. Everything lives in the
 * request's arena. This room knows no table, no path and no error form of any API.
 */
#ifndef COLLOQUY_HTTP_H
#define COLLOQUY_HTTP_H

#include "colloquy/base.h"

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_HEAD, HTTP_OPTIONS, HTTP_OTHER };

enum { HTTP_MAX_PATH_PARAMS = 6, HTTP_MAX_PARAMS = 1000, HTTP_MAX_HEADERS = 16, HTTP_MAX_FILES = 100 };

struct http_header {
    const char *name, *value;
};

struct response {
    int status;               /* 0: not answered yet */
    const char *content_type; /* NULL: application/json; charset=utf-8 */
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t n_headers;
    struct buf *body;   /* NULL until begun; read body->failed before sending it */
    struct buf no_body; /* what body is when memory is short: every append fails */
    bool is_stream;     /* body holds what is to be sent next; more may follow until the request ends */
};

struct path_param {
    const char *name, *value; /* value: one segment of the path, never empty */
};

/* A part of a multipart body that has a file name. */
struct form_file {
    const char *name; /* of the field; "": none */
    const char *filename;
    size_t filename_len;      /* any bytes may be in it, if any: it is the client's */
    const char *content_type; /* as the client says; "": it says nothing */
    const char *data;         /* within the body */
    size_t len;
};

struct request {
    struct cq_ctx ctx;
    const struct config *config;

    /* As it came. Strings are never NULL ("" when absent) unless said otherwise. */
    enum http_method method;
    const char *path;  /* decoded and normalised by nginx, no query: "/api/v1/courses/7/ai_experiences" */
    const char *query; /* raw, without "?" */
    const char *scheme, *host, *remote_addr;
    const char *content_type, *accept;
    const char *authorization, *cookie, *csrf_token, *idempotency_key; /* NULL when absent */
    const char *origin, *sec_fetch_site; /* NULL when absent: what a browser says of a page */
    const char *remote_user;             /* who the campus's own sign-on says it is; NULL: nobody */
    const char *user_agent;              /* NULL when absent; any bytes may be in it */
    const char *body;
    size_t body_len;
    bool body_too_large; /* the body was larger than allowed and was not read */
    bool body_is_lost;   /* there was no room on disk for it */
    bool body_is_raw;    /* it is a file: there are no parameters in it, whatever its type says */

    /* As understood. */
    struct path_param path_params[HTTP_MAX_PATH_PARAMS];
    size_t n_path_params;
    struct json_object *params; /* query and body as one object; NULL until params_read() */
    struct form_file *files;    /* of a multipart body: see request_file() */
    size_t n_files;
    bool params_from_form; /* all came as text (no JSON body), so that "true" may be a boolean and "" a null */

    struct response response;

    /* Owned by the api room. */
    struct loaded *loaded; /* what the route's load brought */
    struct db *db;         /* the connection of the thread that has the request now; NULL in a loop */
};

/* ---- methods and routes ---- */

enum http_method http_method_parse(const char *text);
const char *http_method_name(enum http_method method);

/*
 * The beginning of a row of a route table, whatever else the row holds. Patterns:
 * "/api/v1/courses/:course_id/things/:id".
 */
struct route_key {
    enum http_method method;
    const char *pattern;
};

/*
 * Find the row for req->method and req->path in n rows of row_bytes each, each beginning with a struct route_key;
 * fills req->path_params. The first row that matches wins, so literal segments stand before parameters. HEAD finds
 * GET. A ".json" at the end of the path changes nothing. CQ_NOT_FOUND: no row has this path. CQ_METHOD_NOT_ALLOWED:
 * some have, with other methods: the header Allow is set.
 */
enum cq_status route_find(struct request *req, const void *rows, size_t n, size_t row_bytes, size_t *out) MUST_USE;

/* A path parameter as text; "" when the pattern has none of that name. */
const char *path_param(const struct request *req, const char *name);

/* A path parameter as an id (1 to 2^63-1); 0, which no row ever has, when it is none. */
uint64_t path_param_id(const struct request *req, const char *name);

/* ---- parameters: query and body become one tree ---- */

/*
 * Read the query string and the body (form, multipart or JSON, by content type) into req->params. Names may nest as
 * Rails nests them: a[b]=c, a[]=x, a[][k]=v (a repeated k starts the next object). The body wins over the query.
 * CQ_PAYLOAD_TOO_LARGE, CQ_BUSY (body_is_lost), CQ_UNSUPPORTED_TYPE (a body of another type), CQ_INVALID_ENCODING (not UTF-8 after
 * percent-decoding), CQ_INVALID_JSON (also when the body is no object), CQ_INVALID_REQUEST (broken multipart, more than
 * HTTP_MAX_PARAMS names or HTTP_MAX_FILES files, nesting deeper than JSON_MAX_DEPTH). A JSON type with an empty body is an empty object; an
 * empty body needs no type. Files in multipart bodies are no parameters. When only the body is at fault, req->params holds
 * what the query says.
 */
enum cq_status params_read(struct request *req) MUST_USE;

/*
 * For a form body on POST: put req->method to what _method names (put, patch, delete); else nothing. After
 * params_read().
 */
void params_override_method(struct request *req);

enum param_state {
    PARAM_ABSENT,
    PARAM_NULL,
    PARAM_VALUE,
    PARAM_WRONG, /* there, but of another type than asked for, or text that holds U+0000 */
};

struct param {
    enum param_state state;
    const char *text; /* PARAM_VALUE of param_text(): UTF-8 without NUL */
    size_t len;
    struct json_object *json; /* PARAM_VALUE of param_list(): an array; of param_any(): whatever is there */
};

/*
 * A parameter by name, as text, as an array, or as it is. root: the object that may hold it ("ai_experience"), which
 * then wins over the flat name; NULL for flat names only. Form values are text; an empty one stays an empty text.
 */
struct param param_text(const struct request *req, const char *root, const char *name);
struct param param_list(const struct request *req, const char *root, const char *name);
struct param param_any(const struct request *req, const char *root, const char *name);

/* ---- files in a multipart body ---- */

/* The i-th file of a field, from 0; NULL behind the last one. After params_read(). */
const struct form_file *request_file(const struct request *req, const char *name, size_t i);

/* Its name without the folders that some clients put before it. *len gets its bytes. */
const char *form_file_base_name(const struct form_file *file, size_t *len);

/* ---- headers ---- */

/*
 * The token of "Authorization: Bearer T" (scheme in any case), else the parameter access_token if params were read,
 * else NULL.
 */
const char *request_access_token(const struct request *req);

/*
 * The value of a cookie, its name in its case, into out with a NUL behind it: as it came, and the first of that name.
 * False when there is none or it does not fit. Source: RFC 6265 section 4.2.
 */
bool request_cookie(const struct request *req, const char *name, char *out, size_t out_bytes);

/*
 * Whether a browser says that a page of another site made the request: an Origin that is neither the request's own
 * scheme and host nor server.public_url's ("null" is nobody's), or Sec-Fetch-Site: cross-site. False for clients that
 * say neither.
 */
bool request_is_cross_site(const struct request *req);

bool request_accepts(const struct request *req,
                     const char *media_type); /* named in Accept with q > 0; "*" does not count */

/*
 * Whether Accept gives media_type, by name, more weight than other, or as much while other is not named. Source: RFC
 * 9110 section 12.5.1.
 */
bool request_prefers(const struct request *req, const char *media_type, const char *other);
bool request_wants_string_ids(const struct request *req);
bool request_is_form(const struct request *req);

/* ---- the answer ---- */

/* Set or replace a header. NULL, and a value with control characters, is dropped. The strings must live as long as the request. */
void response_header(struct request *req, const char *name, const char *value);

/* The same, beside what was set of that name before: Set-Cookie stands once for each cookie. */
void response_header_add(struct request *req, const char *name, const char *value);

/*
 * Begin an answer of any type: sets the status, empties the body and gives it. content_type lives as long as the
 * request.
 */
struct buf *response_begin(struct request *req, int status, const char *content_type);

/* Begin a JSON answer: sets the status, empties the body, gives a writer on it. string_ids follows the request. */
struct json_out response_json(struct request *req, int status);

/* ---- pages of a list ---- */

struct page {
    uint64_t number;   /* from 1 */
    uint64_t per_page; /* 1 to max */
};

/*
 * page and per_page as Canvas reads them: per_page is clamped to 1…max_per_page, what is no number counts as 1,
 * absent is the default; page absent is 1. CQ_NOT_FOUND: page is not a positive integer.
 */
enum cq_status page_read(struct request *req, uint64_t default_per_page, uint64_t max_per_page,
                         struct page *out) MUST_USE;

/*
 * Set the Link header for a list of total rows: current, next, prev, first, last, each where it applies, in that
 * order, as absolute URLs of the request's scheme and host, keeping the list's other query parameters but
 * access_token. Source: Canvas API, "Pagination".
 */
void page_link(struct request *req, const struct page *page, uint64_t total);

/*
 * The same for a list that is paged by key, of which more is to come: rel="next" alone, with the parameter cursor, of letters,
 * digits and "-".
 */
void page_link_next(struct request *req, const char *cursor);

#endif
