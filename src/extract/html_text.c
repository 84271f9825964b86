/* The text of HTML. */
#include <ctype.h>
#include <strings.h>

#include "extract/text.h"

struct reader {
    const char *at, *end;
    struct buf *out;
    size_t start;      /* of what is added */
    unsigned n_breaks; /* line ends that are due before the next text: 0 to 2 */
    bool is_blank_due; /* or a blank */
    unsigned n_pre;    /* elements in which white space counts */
};

/* ---- writing ---- */

static void put(struct reader *r, const char *text, size_t len)
{
    bool is_first = r->out->len == r->start;

    if (!is_first && r->n_breaks)
        buf_append(r->out, "\n\n", r->n_breaks);
    else if (!is_first && r->is_blank_due)
        buf_char(r->out, ' ');
    r->n_breaks = 0;
    r->is_blank_due = false;
    buf_append(r->out, text, len);
}

static void put_space(struct reader *r, char c)
{
    if (r->n_pre && c == '\n' && r->n_breaks < 2)
        r->n_breaks++;
    else if (r->n_pre && !r->n_breaks && c != '\r')
        put(r, &c, 1);
    else
        r->is_blank_due = true;
}

static void put_break(struct reader *r, unsigned n_breaks)
{
    r->n_breaks = n_breaks > r->n_breaks ? n_breaks : r->n_breaks;
}

/* ---- characters ---- */

/* Names of successive code points. Source: HTML 4.01, section 24. */
static const struct names {
    uint32_t first;
    const char *names;
} entities[] = {
    {160, "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute"
          " micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring"
          " AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml"
          " times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil"
          " egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash"
          " ugrave uacute ucirc uuml yacute thorn yuml"},
    {913, "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho"},
    {931, "Sigma Tau Upsilon Phi Chi Psi Omega"},
    {945, "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau"
          " upsilon phi chi psi omega"},
    {'"', "quot"},
    {'&', "amp"},
    {'\'', "apos"},
    {'<', "lt"},
    {'>', "gt"},
    {338, "OElig oelig"},
    {352, "Scaron scaron"},
    {376, "Yuml"},
    {402, "fnof"},
    {710, "circ"},
    {732, "tilde"},
    {0x2002, "ensp emsp"},
    {0x2009, "thinsp"},
    {0x200c, "zwnj zwj lrm rlm"},
    {0x2013, "ndash mdash"},
    {0x2018, "lsquo rsquo sbquo"},
    {0x201c, "ldquo rdquo bdquo"},
    {0x2020, "dagger Dagger bull"},
    {0x2026, "hellip"},
    {0x2030, "permil"},
    {0x2032, "prime Prime"},
    {0x2039, "lsaquo rsaquo"},
    {0x203e, "oline"},
    {0x2044, "frasl"},
    {0x20ac, "euro"},
    {0x2111, "image"},
    {0x2118, "weierp"},
    {0x211c, "real"},
    {0x2122, "trade"},
    {0x2135, "alefsym"},
    {0x2190, "larr uarr rarr darr harr"},
    {0x21b5, "crarr"},
    {0x21d0, "lArr uArr rArr dArr hArr"},
    {0x2200, "forall"},
    {0x2202, "part exist"},
    {0x2205, "empty"},
    {0x2207, "nabla isin notin"},
    {0x220b, "ni"},
    {0x220f, "prod"},
    {0x2211, "sum minus"},
    {0x2217, "lowast"},
    {0x221a, "radic"},
    {0x221d, "prop infin"},
    {0x2220, "ang"},
    {0x2227, "and or cap cup int"},
    {0x2234, "there4"},
    {0x223c, "sim"},
    {0x2245, "cong"},
    {0x2248, "asymp"},
    {0x2260, "ne equiv"},
    {0x2264, "le ge"},
    {0x2282, "sub sup nsub"},
    {0x2286, "sube supe"},
    {0x2295, "oplus"},
    {0x2297, "otimes"},
    {0x22a5, "perp"},
    {0x22c5, "sdot"},
    {0x2308, "lceil rceil lfloor rfloor"},
    {0x27e8, "lang rang"},
    {0x25ca, "loz"},
    {0x2660, "spades"},
    {0x2663, "clubs"},
    {0x2665, "hearts diams"},
};

/* 0: no such name. */
static uint32_t named(const char *name, size_t len)
{
    for (size_t i = 0; i < LEN(entities); i++) {
        uint32_t c = entities[i].first;

        for (const char *at = entities[i].names; *at; c++) {
            size_t n = strcspn(at, " ");

            if (n == len && memcmp(at, name, n) == 0)
                return c;
            at += n + (at[n] == ' ');
        }
    }
    return 0;
}

/* 0x80 to 0x9f are meant as Windows-1252. Source: WHATWG HTML, "Numeric character reference end state". */
static uint32_t numbered(uint32_t c)
{
    if (c >= 0x80 && c < 0xa0)
        return windows_1252((uint8_t)c);
    return c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c;
}

/* "#8364;" or "#x20ac;". Returns its bytes; 0: it is none. */
static size_t read_number(const char *text, size_t len, uint32_t *out)
{
    bool is_hex = len > 1 && (text[1] == 'x' || text[1] == 'X');
    size_t begin = is_hex ? 2 : 1, i = begin;
    uint32_t c = 0;

    for (; i < len; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0 || (!is_hex && digit > 9))
            break;
        c = c > 0x10ffff ? c : c * (is_hex ? 16 : 10) + (uint32_t)digit;
    }
    if (i == begin || i == len || text[i] != ';')
        return 0;
    *out = numbered(c);
    return i + 1;
}

static size_t read_name(const char *text, size_t len, uint32_t *out)
{
    enum { MAX_NAME = 8 };
    size_t n = 0;

    while (n < len && n <= MAX_NAME && isalnum((unsigned char)text[n]))
        n++;
    *out = n && n < len && text[n] == ';' ? named(text, n) : 0;
    return *out ? n + 1 : 0;
}

/* At "&". */
static void read_reference(struct reader *r)
{
    const char *text = r->at + 1;
    size_t len = (size_t)(r->end - text);
    uint32_t c = 0;
    size_t n = len && *text == '#' ? read_number(text, len, &c) : read_name(text, len, &c);
    char bytes[4];

    r->at += 1 + n;
    if (!n)
        put(r, "&", 1);
    else if (c == 0xa0 || (c < ' ' && isspace((int)c)))
        r->is_blank_due = true;
    else if (c >= ' ' && c != 0xad) /* a place to break a word is none of its letters */
        put(r, bytes, utf8_put(bytes, c));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* Text up to the next mark, reference or space. */
static void read_text(struct reader *r)
{
    const char *from = r->at++;

    while (r->at < r->end && *r->at != '<' && *r->at != '&' && !is_space(*r->at))
        r->at++;
    put(r, from, (size_t)(r->at - from));
}

/* ---- marks ---- */

enum effect { NOTHING, LINE = 1, PARAGRAPH = 2, BLANK, RAW, PRE };

static const struct element {
    const char *name;
    enum effect effect;
} elements[] = {
    {"script", RAW},        {"style", RAW},
    {"iframe", RAW},        {"noembed", RAW},
    {"noframes", RAW},      {"template", RAW},
    {"pre", PRE},           {"textarea", PRE},
    {"br", LINE},           {"div", LINE},
    {"li", LINE},           {"tr", LINE},
    {"dt", LINE},           {"dd", LINE},
    {"option", LINE},       {"caption", LINE},
    {"legend", LINE},       {"td", BLANK},
    {"th", BLANK},          {"p", PARAGRAPH},
    {"h1", PARAGRAPH},      {"h2", PARAGRAPH},
    {"h3", PARAGRAPH},      {"h4", PARAGRAPH},
    {"h5", PARAGRAPH},      {"h6", PARAGRAPH},
    {"ul", PARAGRAPH},      {"ol", PARAGRAPH},
    {"dl", PARAGRAPH},      {"table", PARAGRAPH},
    {"title", PARAGRAPH},   {"blockquote", PARAGRAPH},
    {"hr", PARAGRAPH},      {"section", PARAGRAPH},
    {"article", PARAGRAPH}, {"header", PARAGRAPH},
    {"footer", PARAGRAPH},  {"main", PARAGRAPH},
    {"nav", PARAGRAPH},     {"aside", PARAGRAPH},
    {"figure", PARAGRAPH},  {"figcaption", PARAGRAPH},
    {"form", PARAGRAPH},    {"fieldset", PARAGRAPH},
    {"address", PARAGRAPH},
};

static const struct element *element_of(const char *name, size_t len)
{
    for (size_t i = 0; i < LEN(elements); i++)
        if (strlen(elements[i].name) == len && strncasecmp(elements[i].name, name, len) == 0)
            return &elements[i];
    return NULL;
}

static void skip_past(struct reader *r, const char *text)
{
    const char *found = memmem(r->at, (size_t)(r->end - r->at), text, strlen(text));

    r->at = found ? found + strlen(text) : r->end;
}

/* To the end of a tag, whose values may hold ">". */
static void skip_attributes(struct reader *r)
{
    char quote = '\0', before = ' ';

    for (; r->at < r->end; r->at++) {
        char c = *r->at;

        if (quote) {
            quote = c == quote ? '\0' : quote;
            continue;
        }
        if (c == '>') {
            r->at++;
            return;
        }
        if ((c == '"' || c == '\'') && before == '=')
            quote = c;
        before = is_space(c) ? before : c;
    }
}

/* To the tag that ends it; what it holds is no text. */
static void skip_raw(struct reader *r, const struct element *element)
{
    size_t len = strlen(element->name);

    while ((r->at = memmem(r->at, (size_t)(r->end - r->at), "</", 2))) {
        r->at += 2;
        if ((size_t)(r->end - r->at) > len && strncasecmp(r->at, element->name, len) == 0 &&
            !isalnum((unsigned char)r->at[len])) {
            skip_attributes(r);
            return;
        }
    }
    r->at = r->end;
}

static void apply(struct reader *r, const struct element *element, bool is_end)
{
    switch (element->effect) {
    case LINE:
    case PARAGRAPH:
        put_break(r, element->effect);
        break;
    case PRE:
        put_break(r, PARAGRAPH);
        r->n_pre += !is_end;
        r->n_pre -= is_end && r->n_pre;
        break;
    case BLANK:
        r->is_blank_due = true;
        break;
    case RAW:
        r->is_blank_due = true;
        if (!is_end)
            skip_raw(r, element);
        break;
    case NOTHING:
        break;
    }
}

/* At the "<" of "<name" or "</name". */
static void read_tag(struct reader *r)
{
    bool is_end = r->at[1] == '/';
    const char *name = r->at + 1 + is_end;
    size_t len = 0;

    while (name + len < r->end && isalnum((unsigned char)name[len]))
        len++;
    const struct element *element = element_of(name, len);

    r->at = name + len;
    skip_attributes(r);
    if (element)
        apply(r, element, is_end);
}

/* At "<". */
static void read_mark(struct reader *r)
{
    size_t len = (size_t)(r->end - r->at);
    char next = len > 1 ? r->at[1] : ' ', after = len > 2 ? r->at[2] : ' ';

    if (len >= 4 && memcmp(r->at, "<!--", 4) == 0) {
        r->at += 2; /* "<!-->" is a whole one */
        skip_past(r, "-->");
    } else if (next == '!' || next == '?' || (next == '/' && !isalpha((unsigned char)after))) {
        skip_past(r, ">");
    } else if (next == '/' || isalpha((unsigned char)next)) {
        read_tag(r);
    } else {
        read_text(r);
    }
}

void html_text(const char *html, size_t len, struct buf *out)
{
    struct reader r = {.at = html, .end = html + len, .out = out, .start = out->len};

    while (r.at < r.end)
        if (*r.at == '<')
            read_mark(&r);
        else if (*r.at == '&')
            read_reference(&r);
        else if (is_space(*r.at))
            put_space(&r, *r.at++);
        else
            read_text(&r);
}
