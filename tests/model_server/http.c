/* Heads of requests are read leniently: what comes is our own client's, or a test's. */
#include "http.h"

#include <stdio.h>
#include <string.h>

void http_header(const char *head, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);

    *out = '\0';
    for (const char *line = head; (line = strstr(line, "\r\n")) && line[2] != '\r';) {
        line += 2;
        if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
            continue;
        line += name_len + 1;
        line += strspn(line, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(line, "\r"), line);
        return;
    }
}

bool http_has_header(const char *head, const char *name)
{
    char value[2];

    http_header(head, name, value, sizeof(value));
    return *value != '\0';
}

bool http_read(struct http_request *request, const struct buf *in)
{
    const char *end = memmem(in->data, in->len, "\r\n\r\n", 4);
    char value[64];
    uint64_t length = 0;

    if (!end)
        return false;
    request->head = in->data;
    request->head_bytes = (size_t)(end - in->data) + 4;
    if (sscanf(in->data, "%15s %2047s", request->method, request->target) != 2)
        *request->method = *request->target = '\0';
    http_header(in->data, "Content-Length", value, sizeof(value));
    if (*value && !parse_u64(value, strlen(value), MAX_BODY_BYTES, &length))
        length = (uint64_t)MAX_BODY_BYTES + 1;
    request->body = in->data + request->head_bytes;
    request->body_bytes = (size_t)length;
    http_header(in->data, "Expect", value, sizeof(value));
    request->expects_continue = !strcasecmp(value, "100-continue");
    http_header(in->data, "Connection", value, sizeof(value));
    request->keep_alive = strcasecmp(value, "close") != 0;
    http_header(in->data, "Transfer-Encoding", value, sizeof(value));
    request->is_chunked = *value != '\0';
    return true;
}

size_t http_path_length(const struct http_request *request)
{
    return strcspn(request->target, "?");
}

bool http_is(const struct http_request *request, const char *method, const char *path)
{
    size_t len = strlen(path);

    return str_eq(request->method, method) && http_path_length(request) == len &&
           memcmp(request->target, path, len) == 0;
}

void answer_write(struct buf *out, unsigned status, const char *type, const char *headers, const char *body, size_t len)
{
    buf_printf(out, "HTTP/1.1 %u Scripted\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n", status, type, headers,
               len);
    buf_append(out, body, len);
}

void answer_json(struct buf *out, unsigned status, const char *headers, const struct buf *json)
{
    answer_write(out, status, "application/json", headers, json->data, json->len);
}
