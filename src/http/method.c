/* Methods by name. */
#include "colloquy/http.h"

static const char *const names[] = {
    [HTTP_GET] = "GET",       [HTTP_POST] = "POST", [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH",
    [HTTP_DELETE] = "DELETE", [HTTP_HEAD] = "HEAD", [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER",
};

/* Methods are case-sensitive (RFC 9110 section 9.1): "get" is another method than GET. */
enum http_method http_method_parse(const char *text)
{
    for (size_t i = 0; i < HTTP_OTHER; i++)
        if (str_eq(text, names[i]))
            return (enum http_method)i;
    return HTTP_OTHER;
}

const char *http_method_name(enum http_method method)
{
    return (size_t)method < LEN(names) ? names[method] : names[HTTP_OTHER];
}
