/* A reader of just the HTML that Markdown may become; anything else does not hold. */
#include "html.h"

#include <string.h>
#include <strings.h>

#include "fuzz.h"

/* A tag as it must be written; name: what closes it, NULL when nothing does. */
static const struct tag {
    const char *text, *name;
} tags[] = {
    {"<br>", NULL},
    {"<hr>", NULL},
    {"<input type=\"checkbox\" disabled aria-label=\"to do\">", NULL},
    {"<input type=\"checkbox\" disabled checked aria-label=\"done\">", NULL},
    {"<p>", "p"},
    {"<h3>", "h3"},
    {"<h4>", "h4"},
    {"<h5>", "h5"},
    {"<h6>", "h6"},
    {"<blockquote>", "blockquote"},
    {"<ul>", "ul"},
    {"<ol>", "ol"},
    {"<li>", "li"},
    {"<li class=\"task\">", "li"},
    {"<pre tabindex=\"0\">", "pre"},
    {"<code>", "code"},
    {"<em>", "em"},
    {"<strong>", "strong"},
    {"<del>", "del"},
    {"<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table\">", "div"},
    {"<span class=\"math\">", "span"},
    {"<span class=\"math\" data-display>", "span"},
    {"<table>", "table"},
    {"<thead>", "thead"},
    {"<tbody>", "tbody"},
    {"<tr>", "tr"},
    {"<td>", "td"},
    {"<td class=\"left\">", "td"},
    {"<td class=\"center\">", "td"},
    {"<td class=\"right\">", "td"},
    {"<th scope=\"col\">", "th"},
    {"<th scope=\"col\" class=\"left\">", "th"},
    {"<th scope=\"col\" class=\"center\">", "th"},
    {"<th scope=\"col\" class=\"right\">", "th"},
};

/* What is open: names with a separator behind each, so that it grows as it must. */
struct open {
    struct buf names;
    unsigned anchors;
};

static void open_tag(struct open *open, const char *name)
{
    buf_printf(&open->names, "<%s", name);
    CHECK(!open->names.failed);
}

/* At "</". Returns what follows it. */
static const char *close_tag(struct open *open, const char *at)
{
    size_t len = strcspn(at + 2, ">");
    const char *last = memrchr(open->names.data, '<', open->names.len);

    CHECK(last && strlen(last + 1) == len && memcmp(last + 1, at + 2, len) == 0 && at[2 + len] == '>');
    if (str_eq(last, "<a"))
        open->anchors--;
    open->names.len = (size_t)(last - open->names.data);
    open->names.data[open->names.len] = '\0';
    return at + 2 + len + 1;
}

/* "&name;" or nothing: no number, since those are decoded, and in an address only what must be escaped. */
static const char *skip_entity(const char *at, bool in_address)
{
    static const char *const escapes[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    size_t len = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    bool escaped = false;

    for (size_t i = 0; i < LEN(escapes); i++)
        escaped |= str_starts(at, escapes[i]);
    CHECK(escaped || (!in_address && len > 0 && at[1 + len] == ';'));
    return at + 1 + len + 1;
}

/* A value up to its quotation mark. */
static const char *skip_value(const char *at, bool is_address)
{
    while (*at != '"') {
        CHECK(*at && *at != '<' && *at != '>');
        CHECK(!is_address || ((unsigned char)*at > ' ' && *at != 0x7f));
        at = *at == '&' ? skip_entity(at, is_address) : at + 1;
    }
    return at + 1;
}

static const char *skip(const char *at, const char *text)
{
    CHECK(str_starts(at, text));
    return at + strlen(text);
}

static const char *open_anchor(struct open *open, const char *at)
{
    static const char title[] = " title=\"";

    at = skip(at, "<a href=\"");
    CHECK(strncasecmp(at, "http://", 7) == 0 || strncasecmp(at, "https://", 8) == 0 ||
          strncasecmp(at, "mailto:", 7) == 0);
    at = skip_value(at, true);
    if (str_starts(at, title))
        at = skip_value(at + strlen(title), false);
    at = skip(at, " rel=\"noopener nofollow ugc\">");
    CHECK(open->anchors++ == 0);
    open_tag(open, "a");
    return at;
}

static const char *open_numbered(struct open *open, const char *at)
{
    at = skip(at, "<ol start=\"");
    size_t n = strspn(at, "0123456789");

    CHECK(n > 0 && n <= 10);
    open_tag(open, "ol");
    return skip(at + n, "\">");
}

static const char *open_code(struct open *open, const char *at)
{
    at = skip(at, "<code class=\"language-");
    size_t n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-");

    CHECK(n > 0 && n <= 32);
    open_tag(open, "code");
    return skip(at + n, "\">");
}

static const char *read_tag(struct open *open, const char *at)
{
    if (at[1] == '/')
        return close_tag(open, at);
    for (size_t i = 0; i < LEN(tags); i++) {
        if (!str_starts(at, tags[i].text))
            continue;
        if (tags[i].name)
            open_tag(open, tags[i].name);
        return at + strlen(tags[i].text);
    }
    if (str_starts(at, "<a"))
        return open_anchor(open, at);
    return str_starts(at, "<ol") ? open_numbered(open, at) : open_code(open, at);
}

void check_html(const char *html)
{
    struct open open = {.anchors = 0};

    check_text(html, strlen(html));
    buf_init(&open.names, 8 << 20);
    while (*html) {
        CHECK(*html != '>' && *html != '"');
        html = *html == '<' ? read_tag(&open, html) : *html == '&' ? skip_entity(html, false) : html + 1;
    }
    CHECK(open.names.len == 0);
    buf_release(&open.names);
}
