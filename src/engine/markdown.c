/*
 * A renderer for md4c: its callbacks write HTML into a bounded buffer.
 *
 * md4c finds the structure, this file decides what of it may become a tag. Text goes through html_escape() and
 * addresses through link_address(); nothing else that comes from outside reaches the buffer. What md4c tells of holds
 * placeholders for mathematics (markdown_math.h), so everything of it is read in parts.
 */
#include <md4c.h>
#include <string.h>
#include <strings.h>

#include "engine/markdown.h"
#include "engine/markdown_cost.h"
#include "engine/markdown_math.h"

enum {
    MAX_DEPTH = 64, /* blocks within blocks, and spans within spans: more is an attack on the reader's browser */
    MAX_LANGUAGE_BYTES = 32,
    MAX_ADDRESS_BYTES = 4096,
};

struct render {
    struct buf *out;
    const struct markdown_math *math;
    unsigned depth; /* blocks open */
    MD_SPANTYPE spans[MAX_DEPTH];
    unsigned n_spans;     /* open, the innermost last; links and images too that became no anchor */
    unsigned anchor_at;   /* how many were open with the one that is the anchor; 0: none. Anchors cannot nest */
    size_t anchor_begins; /* out->len just after its tag */
};

/* What md4c takes for "stop": it does not look at positive values. */
static int go_on(const struct render *r)
{
    return r->out->failed || r->depth > MAX_DEPTH ? -1 : 0;
}

/* ---- text ---- */

/* The number in "&#65;" or "&#x41;"; what no document may hold becomes U+FFFD. */
static uint32_t entity_number(const char *text, size_t len)
{
    bool hex = len > 2 && (text[2] == 'x' || text[2] == 'X');
    uint32_t n = 0;

    for (size_t i = hex ? 3 : 2; i < len && hex_digit(text[i]) >= 0 && n <= 0x10FFFF; i++)
        n = n * (hex ? 16 : 10) + (uint32_t)hex_digit(text[i]);
    if (n > 0x10FFFF || (n >= 0xD800 && n <= 0xDFFF))
        return 0xFFFD;
    return n < 0x20 && n != '\t' && n != '\n' ? 0xFFFD : n;
}

/* The text that an entity stands for, put at utf8; 0 when it is a name that we leave to the browser. */
static size_t entity_decode(const char *text, size_t len, char utf8[4])
{
    static const struct {
        const char *entity;
        uint32_t code_point;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", 0xA0}};

    if (len > 3 && text[1] == '#')
        return utf8_put(utf8, entity_number(text, len));
    for (size_t i = 0; i < LEN(names); i++)
        if (strlen(names[i].entity) == len && !memcmp(names[i].entity, text, len))
            return utf8_put(utf8, names[i].code_point);
    return 0;
}

/* md4c gives an entity only when it has the form of one, so a name that we do not know is harmless as it stands. */
static void entity_write(struct buf *out, const char *text, size_t len)
{
    char utf8[4];
    size_t n = entity_decode(text, len, utf8);

    if (n)
        html_escape(out, utf8, n);
    else
        buf_append(out, text, len);
}

/* Code, and what stands within a tag: mathematics comes out as it was written. */
static void source_write(struct render *r, const char *text, size_t len)
{
    struct math_part part;

    while (markdown_math_next(r->math, &text, &len, &part))
        html_escape(r->out, part.text, part.len);
}

/* Whether the pages can set it is not asked here: they show the source of what they cannot. */
static void text_write(struct render *r, const char *text, size_t len)
{
    struct math_part part;

    while (markdown_math_next(r->math, &text, &len, &part)) {
        if (part.kind == MATH_NONE) {
            html_escape(r->out, part.text, part.len);
            continue;
        }
        buf_str(r->out, part.kind == MATH_DISPLAY ? "<span class=\"math\" data-display>" : "<span class=\"math\">");
        markdown_math_write(r->out, &part);
        buf_str(r->out, "</span>");
    }
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user)
{
    struct render *r = user;

    switch (type) {
    case MD_TEXT_BR:
        buf_str(r->out, "<br>\n");
        break;
    case MD_TEXT_SOFTBR:
        buf_str(r->out, "\n");
        break;
    case MD_TEXT_ENTITY:
        entity_write(r->out, text, size);
        break;
    case MD_TEXT_CODE:
        source_write(r, text, size);
        break;
    default: /* also NUL */
        text_write(r, text, size);
        break;
    }
    return go_on(r);
}

/* ---- links ---- */

/* A title, say: text and entities in turn. */
static void attribute_write(struct render *r, const MD_ATTRIBUTE *attr)
{
    for (size_t i = 0; attr->size && attr->substr_offsets[i] < attr->size; i++) {
        const char *piece = attr->text + attr->substr_offsets[i];
        size_t len = attr->substr_offsets[i + 1] - attr->substr_offsets[i];

        if (attr->substr_types[i] == MD_TEXT_ENTITY)
            entity_write(r->out, piece, len);
        else
            source_write(r, piece, len);
    }
}

static size_t address_put(char address[MAX_ADDRESS_BYTES], size_t n, const char *piece, size_t len)
{
    for (size_t i = 0; i < len && n < MAX_ADDRESS_BYTES; i++) {
        unsigned char c = (unsigned char)piece[i];

        if (c > ' ' && c != 0x7F)
            address[n++] = (char)c;
    }
    return n;
}

static size_t address_put_source(const struct render *r, char address[MAX_ADDRESS_BYTES], size_t n, const char *piece,
                                 size_t len)
{
    struct math_part part;

    while (markdown_math_next(r->math, &piece, &len, &part))
        n = address_put(address, n, part.text, part.len);
    return n;
}

/*
 * The address with its entities decoded and without what browsers skip when they read a scheme (control characters
 * and white space), so that what is judged is what is written. Unknown entities stay text: "javascript&colon;" has no
 * scheme.
 */
static size_t address_read(const struct render *r, const MD_ATTRIBUTE *attr, char address[MAX_ADDRESS_BYTES])
{
    size_t n = 0;

    if (attr->size >= MAX_ADDRESS_BYTES)
        return 0;
    for (size_t i = 0; attr->size && attr->substr_offsets[i] < attr->size; i++) {
        const char *piece = attr->text + attr->substr_offsets[i];
        size_t len = attr->substr_offsets[i + 1] - attr->substr_offsets[i];
        char utf8[4];
        size_t decoded = attr->substr_types[i] == MD_TEXT_ENTITY ? entity_decode(piece, len, utf8) : 0;

        n = decoded ? address_put(address, n, utf8, decoded) : address_put_source(r, address, n, piece, len);
    }
    return n < MAX_ADDRESS_BYTES ? n : 0;
}

/* Length of an address that we link to; 0 when we do not. */
static size_t link_address(const struct render *r, const MD_ATTRIBUTE *attr, char address[MAX_ADDRESS_BYTES])
{
    static const char *const schemes[] = {"https://", "http://", "mailto:"};
    size_t n = address_read(r, attr, address);

    for (size_t i = 0; i < LEN(schemes); i++)
        if (n > strlen(schemes[i]) && !strncasecmp(address, schemes[i], strlen(schemes[i])))
            return n;
    return 0;
}

static void link_enter(struct render *r, const MD_ATTRIBUTE *to, const MD_ATTRIBUTE *title)
{
    char address[MAX_ADDRESS_BYTES];
    size_t n = link_address(r, to, address);

    if (!n || r->anchor_at)
        return;
    buf_str(r->out, "<a href=\"");
    html_escape(r->out, address, n);
    if (title->size) {
        buf_str(r->out, "\" title=\"");
        attribute_write(r, title);
    }
    buf_str(r->out, "\" rel=\"noopener nofollow ugc\">");
    r->anchor_at = r->n_spans;
    r->anchor_begins = r->out->len;
}

/*
 * An anchor without text could be neither seen nor named by a screen reader: it shows its address. to is NULL when that
 * is not told.
 */
static void anchor_leave(struct render *r, const MD_ATTRIBUTE *to)
{
    char address[MAX_ADDRESS_BYTES];

    if (to && r->out->len == r->anchor_begins)
        html_escape(r->out, address, link_address(r, to, address));
    buf_str(r->out, "</a>");
    r->anchor_at = 0;
}

/* ---- spans ---- */

static const char *span_tag(MD_SPANTYPE type)
{
    switch (type) {
    case MD_SPAN_EM:
        return "em>";
    case MD_SPAN_STRONG:
        return "strong>";
    case MD_SPAN_CODE:
        return "code>";
    case MD_SPAN_DEL:
        return "del>";
    default:
        return NULL;
    }
}

static int on_enter_span(MD_SPANTYPE type, void *detail, void *user)
{
    struct render *r = user;
    const char *tag = span_tag(type);

    if (r->n_spans == MAX_DEPTH)
        return -1;
    r->spans[r->n_spans++] = type;
    if (type == MD_SPAN_A) {
        const MD_SPAN_A_DETAIL *a = detail;
        link_enter(r, &a->href, &a->title);
    } else if (type == MD_SPAN_IMG) {
        const MD_SPAN_IMG_DETAIL *img = detail;
        link_enter(r, &img->src, &img->title);
    } else if (tag) {
        buf_char(r->out, '<');
        buf_str(r->out, tag);
    }
    return go_on(r);
}

/* Close the innermost span; to: the address of a link or an image, if known. */
static void span_close(struct render *r, const MD_ATTRIBUTE *to)
{
    const char *tag = span_tag(r->spans[r->n_spans - 1]);

    if (r->anchor_at == r->n_spans)
        anchor_leave(r, to);
    if (tag) {
        buf_str(r->out, "</");
        buf_str(r->out, tag);
    }
    r->n_spans--;
}

/* No span outlives its block: one that md4c did not close would go on through the reader's page. */
static void spans_end(struct render *r)
{
    while (r->n_spans)
        span_close(r, NULL);
}

/*
 * md4c 0.4.8 also pairs stars and tildes with those within an address, and then tells only of the one that is outside.
 * What was never opened is not closed, and what is open within a span ends with it.
 */
static int on_leave_span(MD_SPANTYPE type, void *detail, void *user)
{
    struct render *r = user;
    unsigned open = r->n_spans;

    while (open && r->spans[open - 1] != type)
        open--;
    if (!open)
        return go_on(r);
    while (r->n_spans > open)
        span_close(r, NULL);
    if (type == MD_SPAN_A)
        span_close(r, &((const MD_SPAN_A_DETAIL *)detail)->href);
    else if (type == MD_SPAN_IMG)
        span_close(r, &((const MD_SPAN_IMG_DETAIL *)detail)->src);
    else
        span_close(r, NULL);
    return go_on(r);
}

/* ---- blocks ---- */

/*
 * A wide table scrolls in a box of its own, and is reached by keyboard as code is. A named group, not a region: a reply
 * with five tables would else have five landmarks of one name.
 */
#define TABLE_OPEN "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table\">\n<table>\n"

/* The tags of a block that has nothing to decide, without "<" and "</". */
static const struct block_tags {
    const char *open, *close;
} block_tags[] = {
    // clang-format off
    [MD_BLOCK_QUOTE] = {"<blockquote>\n", "</blockquote>\n"},
    [MD_BLOCK_UL]    = {"<ul>\n",         "</ul>\n"},
    [MD_BLOCK_OL]    = {NULL,             "</ol>\n"},
    [MD_BLOCK_LI]    = {NULL,             "</li>\n"},
    [MD_BLOCK_HR]    = {"<hr>\n",         NULL},
    [MD_BLOCK_CODE]  = {NULL,             "</code></pre>\n"},
    [MD_BLOCK_P]     = {"<p>",            "</p>\n"},
    [MD_BLOCK_TABLE] = {TABLE_OPEN,       "</table>\n</div>\n"},
    [MD_BLOCK_THEAD] = {"<thead>\n",      "</thead>\n"},
    [MD_BLOCK_TBODY] = {"<tbody>\n",      "</tbody>\n"},
    [MD_BLOCK_TR]    = {"<tr>\n",         "</tr>\n"},
    [MD_BLOCK_TH]    = {NULL,             "</th>\n"},
    [MD_BLOCK_TD]    = {NULL,             "</td>\n"},
    // clang-format on
};

static void code_enter(struct buf *out, const MD_ATTRIBUTE *language)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";
    size_t n = 0;

    while (n < language->size && language->text[n] && strchr(allowed, language->text[n]))
        n++;
    if (n && n == language->size && n <= MAX_LANGUAGE_BYTES)
        buf_printf(out, "<pre tabindex=\"0\"><code class=\"language-%.*s\">", (int)n, language->text);
    else
        buf_str(out, "<pre tabindex=\"0\"><code>");
}

static void item_enter(struct buf *out, const MD_BLOCK_LI_DETAIL *item)
{
    if (!item->is_task)
        buf_str(out, "<li>");
    else if (item->task_mark == ' ')
        buf_str(out, "<li class=\"task\"><input type=\"checkbox\" disabled aria-label=\"to do\"> ");
    else
        buf_str(out, "<li class=\"task\"><input type=\"checkbox\" disabled checked aria-label=\"done\"> ");
}

/* By class: the pages' content security policy allows no style attribute. */
static void cell_enter(struct buf *out, const char *tag, MD_ALIGN align)
{
    static const char *const classes[] = {
        [MD_ALIGN_DEFAULT] = "",
        [MD_ALIGN_LEFT] = " class=\"left\"",
        [MD_ALIGN_CENTER] = " class=\"center\"",
        [MD_ALIGN_RIGHT] = " class=\"right\"",
    };

    buf_printf(out, "<%s%s>", tag, classes[align]);
}

static unsigned heading_level(const MD_BLOCK_H_DETAIL *heading)
{
    return heading->level + 2 > 6 ? 6 : heading->level + 2;
}

static int on_enter_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct render *r = user;

    spans_end(r);
    r->depth++;
    switch (type) {
    case MD_BLOCK_OL:
        if (((const MD_BLOCK_OL_DETAIL *)detail)->start == 1)
            buf_str(r->out, "<ol>\n");
        else
            buf_printf(r->out, "<ol start=\"%u\">\n", ((const MD_BLOCK_OL_DETAIL *)detail)->start);
        break;
    case MD_BLOCK_LI:
        item_enter(r->out, detail);
        break;
    case MD_BLOCK_H:
        buf_printf(r->out, "<h%u>", heading_level(detail));
        break;
    case MD_BLOCK_CODE:
        code_enter(r->out, &((const MD_BLOCK_CODE_DETAIL *)detail)->lang);
        break;
    case MD_BLOCK_TH:
        cell_enter(r->out, "th scope=\"col\"", ((const MD_BLOCK_TD_DETAIL *)detail)->align);
        break;
    case MD_BLOCK_TD:
        cell_enter(r->out, "td", ((const MD_BLOCK_TD_DETAIL *)detail)->align);
        break;
    default:
        if (type < LEN(block_tags) && block_tags[type].open)
            buf_str(r->out, block_tags[type].open);
        break;
    }
    return go_on(r);
}

static int on_leave_block(MD_BLOCKTYPE type, void *detail, void *user)
{
    struct render *r = user;

    spans_end(r);
    r->depth--;
    if (type == MD_BLOCK_H)
        buf_printf(r->out, "</h%u>\n", heading_level(detail));
    else if (type < LEN(block_tags) && block_tags[type].close)
        buf_str(r->out, block_tags[type].close);
    return go_on(r);
}

/* ---- the whole ---- */

/*
 * Paragraphs at blank lines, breaks at line ends: what is left when Markdown costs too much. At most 8 times the
 * text.
 */
static void plain_write(struct buf *out, const char *text, size_t len)
{
    bool open = false;

    for (size_t i = 0, next; i < len; i = next) {
        size_t end = markdown_line_end(text, len, i, &next);

        if (markdown_line_blank(text + i, end - i)) {
            buf_str(out, open ? "</p>\n" : "");
            open = false;
        } else {
            buf_str(out, open ? "<br>\n" : "<p>");
            html_escape(out, text + i, end - i);
            open = true;
        }
    }
    buf_str(out, open ? "</p>\n" : "");
}

static unsigned parser_flags(const struct markdown_cost *cost)
{
    unsigned flags = MD_FLAG_TASKLISTS | MD_FLAG_NOHTML;

    if (cost->tables)
        flags |= MD_FLAG_TABLES;
    if (cost->strikethrough)
        flags |= MD_FLAG_STRIKETHROUGH;
    return flags;
}

/* False when md4c was stopped, or stopped itself for want of memory. */
static bool markdown_write(struct buf *out, const struct markdown_math *math, unsigned flags)
{
    struct render render = {.out = out, .math = math};
    const MD_PARSER parser = {
        .flags = flags,
        .enter_block = on_enter_block,
        .leave_block = on_leave_block,
        .enter_span = on_enter_span,
        .leave_span = on_leave_span,
        .text = on_text,
    };

    return !md_parse(math->text.data, (MD_SIZE)math->len, &parser, &render) && !out->failed;
}

/* The text with its mathematics and the text without it must both be cheap: each is parsed. */
static bool math_write(struct buf *out, const char *text, size_t len)
{
    struct markdown_math math;
    struct markdown_cost cost = {0};

    if (len <= MARKDOWN_MAX_BYTES)
        cost = markdown_cost(text, len);
    if (!cost.parse)
        return false;

    bool done = markdown_math_take(&math, text, len, parser_flags(&cost));

    if (done && math.pieces.len)
        cost = markdown_cost(math.text.data, math.len);
    done = done && cost.parse && markdown_write(out, &math, parser_flags(&cost));
    markdown_math_release(&math);
    return done;
}

static void html_write(struct buf *out, const char *text, size_t len)
{
    if (math_write(out, text, len))
        return;
    buf_clear(out);
    plain_write(out, text, len);
}

enum cq_status markdown_html(struct cq_ctx *ctx, const char *text, size_t len, const char **out)
{
    struct buf html;

    if (!utf8_valid(text, len))
        return cq_fail(ctx, CQ_INVALID_ENCODING, "Markdown is not UTF-8");
    buf_init(&html, 8 * len + (64 << 10));
    html_write(&html, text, len);

    const char *copy = html.failed ? NULL : arena_strndup(ctx->arena, html.data, html.len);

    buf_release(&html);
    if (!copy)
        return cq_fail(ctx, CQ_INTERNAL, "no memory for %zu bytes of Markdown", len);
    *out = copy;
    return CQ_OK;
}
