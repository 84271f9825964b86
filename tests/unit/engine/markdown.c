/* Markdown to HTML: what it looks like, what it never lets through, and that no text makes it long. */
#include <stdlib.h>

#include "engine/markdown.h"
#include "unit.h"

#define REL " rel=\"noopener nofollow ugc\">"

struct example {
    const char *name, *text, *want;
};

static const char *render(const char *text, size_t len)
{
    const char *html = "(failed)";

    if (markdown_html(unit_ctx(), text, len, &html))
        return "(failed)";
    return html;
}

static void check_examples(const struct example *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ROW_ASSERT(rows[i].name, str_eq(render(rows[i].text, strlen(rows[i].text)), rows[i].want));
}

static void test_blocks(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"nothing", "", ""},
        {"paragraphs", "a\nb\n\nc", "<p>a\nb</p>\n<p>c</p>\n"},
        {"hard breaks", "a  \nb\\\nc", "<p>a<br>\nb<br>\nc</p>\n"},
        {"line ends of Windows", "a\r\nb\r\n\r\nc\r\n", "<p>a\nb</p>\n<p>c</p>\n"},
        {"headings begin at h3", "# a\n## b\n### c\n#### d\n##### e\n###### f",
         "<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h6>d</h6>\n<h6>e</h6>\n<h6>f</h6>\n"},
        {"underlined heading", "a\n===\nb\n---", "<h3>a</h3>\n<h4>b</h4>\n"},
        {"rule", "***", "<hr>\n"},
        {"quote", "> a\n> b", "<blockquote>\n<p>a\nb</p>\n</blockquote>\n"},
        {"tight list", "- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"},
        {"loose list", "- a\n\n- b", "<ul>\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ul>\n"},
        {"list in a list", "- a\n  1. b", "<ul>\n<li>a<ol>\n<li>b</li>\n</ol>\n</li>\n</ul>\n"},
        {"numbers begin where they did", "3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
        {"tasks", "- [ ] a\n- [x] b",
         "<ul>\n<li class=\"task\"><input type=\"checkbox\" disabled aria-label=\"to do\"> a</li>\n"
         "<li class=\"task\"><input type=\"checkbox\" disabled checked aria-label=\"done\"> b</li>\n</ul>\n"},
        {"code", "```c\nif (a < b && c)\n\n  x;\n```",
         "<pre tabindex=\"0\"><code class=\"language-c\">if (a &lt; b &amp;&amp; c)\n\n  x;\n</code></pre>\n"},
        {"code in C++", "~~~ c++ -O2\nx\n~~~", "<pre tabindex=\"0\"><code class=\"language-c++\">x\n</code></pre>\n"},
        {"code that is not closed yet", "```py\nx = 1", "<pre tabindex=\"0\"><code class=\"language-py\">x = 1\n</code></pre>\n"},
        {"indented code", "    *a*", "<pre tabindex=\"0\"><code>*a*\n</code></pre>\n"},
        {"table", "a|b|c\n:---|---:|:---:\n1|`|`|3\n4",
         "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table\">\n<table>\n<thead>\n<tr>\n<th scope=\"col\" class=\"left\">a</th>\n<th scope=\"col\" class=\"right\">b</th>\n"
         "<th scope=\"col\" class=\"center\">c</th>\n</tr>\n</thead>\n<tbody>\n"
         "<tr>\n<td class=\"left\">1</td>\n<td class=\"right\"><code>|</code></td>\n<td class=\"center\">3</td>\n</tr>\n"
         "<tr>\n<td class=\"left\">4</td>\n<td class=\"right\"></td>\n<td class=\"center\"></td>\n</tr>\n"
         "</tbody>\n</table>\n</div>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

static void test_spans(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"emphasis", "*a* **b** ***c*** _d_", "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em></p>\n"},
        {"within words", "snake_case_name a*b*c", "<p>snake_case_name a<em>b</em>c</p>\n"},
        {"strikethrough", "~~a~~ b", "<p><del>a</del> b</p>\n"},
        {"code", "`a<b` `` ` ``", "<p><code>a&lt;b</code> <code>`</code></p>\n"},
        {"escapes", "\\*a\\* & < > \" '", "<p>*a* &amp; &lt; &gt; &quot; '</p>\n"},
        {"entities", "&amp;&lt;&gt;&quot;&nbsp;&#65;&#x1F600;", "<p>&amp;&lt;&gt;&quot;\u00A0A\U0001F600</p>\n"},
        {"entities that we do not know", "&eacute;&bogus; &x &#;", "<p>&eacute;&bogus; &amp;x &amp;#;</p>\n"},
        {"numbers of no character", "&#0;&#xD800;&#x110000;&#1;", "<p>\uFFFD\uFFFD\uFFFD\uFFFD</p>\n"},
        {"entity in code", "`&lt;`", "<p><code>&amp;lt;</code></p>\n"},
        {"other scripts", "**Ünïcödé** 数学 \U0001F600", "<p><strong>Ünïcödé</strong> 数学 \U0001F600</p>\n"},
        {"bare address", "see https://a.example/ or www.a.example or a@b.example",
         "<p>see https://a.example/ or www.a.example or a@b.example</p>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

static void test_links(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"https", "[a *b*](https://c.example/?d=1&e=2)",
         "<p><a href=\"https://c.example/?d=1&amp;e=2\"" REL "a <em>b</em></a></p>\n"},
        {"http, in capitals", "[a](HTTP://c.example)", "<p><a href=\"HTTP://c.example\"" REL "a</a></p>\n"},
        {"mailto", "[a](mailto:b@c.example)", "<p><a href=\"mailto:b@c.example\"" REL "a</a></p>\n"},
        {"in angle brackets", "<https://c.example> <b@c.example>",
         "<p><a href=\"https://c.example\"" REL "https://c.example</a> <a href=\"mailto:b@c.example\"" REL "b@c.example</a></p>\n"},
        {"title", "[a](http://c.example \"t & &eacute;\")",
         "<p><a href=\"http://c.example\" title=\"t &amp; &eacute;\"" REL "a</a></p>\n"},
        {"by reference", "[a]\n\n[a]: http://c.example", "<p><a href=\"http://c.example\"" REL "a</a></p>\n"},
        {"no text", "[](http://c.example)", "<p><a href=\"http://c.example\"" REL "http://c.example</a></p>\n"},
        {"relative", "[a](/b) [c](d) [e](#f) [g](//h.example) [i](?j)", "<p>a c e g i</p>\n"},
        {"no host", "[a](http:b) [c](https:) [d](http://)", "<p>a c d</p>\n"},
        {"other schemes", "[a](ftp://b) [c](file:///d) [e](tel:1) <irc://f>", "<p>a c e irc://f</p>\n"},
        {"image", "![a *b*](http://c.example/d.png \"t\")",
         "<p><a href=\"http://c.example/d.png\" title=\"t\"" REL "a <em>b</em></a></p>\n"},
        {"image without a text", "![](http://c.example/d.png)",
         "<p><a href=\"http://c.example/d.png\"" REL "http://c.example/d.png</a></p>\n"},
        {"relative image", "![a](b.png) ![](c.png)", "<p>a </p>\n"},
        {"image in a link", "[![a](http://b.example/c.png)](http://d.example)",
         "<p><a href=\"http://d.example\"" REL "a</a></p>\n"},
        {"image in a link that is none", "[![a](http://b.example/c.png)](/d)",
         "<p><a href=\"http://b.example/c.png\"" REL "a</a></p>\n"},
        {"link in an image", "![a [b](http://c.example) d](http://e.example)",
         "<p><a href=\"http://e.example\"" REL "a b d</a></p>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

static void test_attacks(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"script block", "<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"},
        {"handler", "a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n"},
        {"comment", "<!-- a --><style>*{}</style>", "<p>&lt;!-- a --&gt;&lt;style&gt;*{}&lt;/style&gt;</p>\n"},
        {"closing the page's own element", "</div></article>", "<p>&lt;/div&gt;&lt;/article&gt;</p>\n"},
        {"HTML in a heading", "# <svg/onload=alert(1)>", "<h3>&lt;svg/onload=alert(1)&gt;</h3>\n"},
        {"HTML in code", "```\n</code></pre><script>\n```",
         "<pre tabindex=\"0\"><code>&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;\n</code></pre>\n"},
        {"HTML by entities", "&lt;script&gt; &#60;b&#x3E;", "<p>&lt;script&gt; &lt;b&gt;</p>\n"},
        {"javascript", "[a](javascript:alert(1))", "<p>a</p>\n"},
        {"in capitals", "[a](JaVaScRiPt:alert(1))", "<p>a</p>\n"},
        {"in angle brackets", "<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n"},
        {"data", "[a](data:text/html;base64,PHNjcmlwdD4=)", "<p>a</p>\n"},
        {"vbscript", "[a](vbscript:msgbox(1))", "<p>a</p>\n"},
        {"decimal entity", "[a](javascript&#58;alert(1))", "<p>a</p>\n"},
        {"hexadecimal entity", "[a](&#x6A;avascript:alert(1))", "<p>a</p>\n"},
        {"named entity", "[a](javascript&colon;alert(1))", "<p>a</p>\n"},
        {"entity of an entity", "[a](javascript&amp;#58;alert(1))", "<p>a</p>\n"},
        {"tab in the scheme", "[a](<java\tscript:alert(1)>)", "<p>a</p>\n"},
        {"tab by entity", "[a](java&#9;script:alert(1))", "<p>a</p>\n"},
        {"tab by name", "[a](java&Tab;script:alert(1))", "<p>a</p>\n"},
        {"line end by entity", "[a](java&#10;script:alert(1))", "<p>a</p>\n"},
        {"control character before", "[a](&#1;javascript:alert(1))", "<p>a</p>\n"},
        {"space before", "[a](< javascript:alert(1)>)", "<p>a</p>\n"},
        {"what is judged is what is written", "[a](ht&#10;tp://b.example)", "<p><a href=\"http://b.example\"" REL "a</a></p>\n"},
        {"scheme within a scheme", "[a](https:javascript:alert(1))", "<p>a</p>\n"},
        {"percent", "[a](javascript%3Aalert(1))", "<p>a</p>\n"},
        {"by reference", "[a][b]\n\n[b]: javascript:alert(1)", "<p>a</p>\n"},
        {"image", "![a](javascript:alert(1))", "<p>a</p>\n"},
        {"out of an address", "[a](http://b.example/\"onmouseover=\"alert(1))",
         "<p><a href=\"http://b.example/&quot;onmouseover=&quot;alert(1)\"" REL "a</a></p>\n"},
        {"out of an address, by entity", "[a](http://b.example/&quot;&gt;&lt;script&gt;)",
         "<p><a href=\"http://b.example/&quot;&gt;&lt;script&gt;\"" REL "a</a></p>\n"},
        {"out of a title", "[a](http://b.example '\" onclick=\"x')",
         "<p><a href=\"http://b.example\" title=\"&quot; onclick=&quot;x\"" REL "a</a></p>\n"},
        {"out of a title, by entity", "[a](http://b.example \"&#34;><script>\")",
         "<p><a href=\"http://b.example\" title=\"&quot;&gt;&lt;script&gt;\"" REL "a</a></p>\n"},
        {"out of an image's text", "![\" onerror=\"alert(1)](http://b.example)",
         "<p><a href=\"http://b.example\"" REL "&quot; onerror=&quot;alert(1)</a></p>\n"},
        {"out of a language", "```\"onclick=\"x\na\n```", "<pre tabindex=\"0\"><code>a\n</code></pre>\n"},
        {"language by entity", "```&quot;&gt;\na\n```", "<pre tabindex=\"0\"><code>a\n</code></pre>\n"},
        {"language too long", "```aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\na\n```", "<pre tabindex=\"0\"><code>a\n</code></pre>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

static void test_encoding(void)
{
    static const char with_nul[] = "a\0b `\0` [c](http://d\0e)";
    const char *html = "untouched";

    ASSERT_TEXT(render(with_nul, sizeof(with_nul) - 1), "<p>a\uFFFDb <code>\uFFFD</code> [c](http://d\uFFFDe)</p>\n");
    CU_ASSERT_EQUAL(markdown_html(unit_ctx(), "a\xFF", 2, &html), CQ_INVALID_ENCODING);
    CU_ASSERT_STRING_EQUAL(html, "untouched");
}

/* The end of the text is the end of what is read, whatever stands open there: the sanitizer watches. */
static void test_cut_anywhere(void)
{
    static const char text[] = "[x]: /r\n\n- [ ] **a** `b`\n\n[x](http://o \"t\") ![x](<y>) &amp; "
                               "~~c~~\n\n1|2\n---|---\n3|4\n\n```c\nd\n```\n";

    for (size_t len = 0; len < sizeof(text); len++) {
        char *exact = malloc(len ? len : 1);

        memcpy(exact, text, len);
        CU_ASSERT(strcmp(render(exact, len), "(failed)") != 0);
        free(exact);
    }
}

/* md4c also pairs stars and tildes with those within an address, whose half it then does not tell. */
static void test_unpaired_spans(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"opened in an address", "[a](https://b.example/*c) d* e", "<p><a href=\"https://b.example/*c\"" REL "a</a> d e</p>\n"},
        {"in an address of ours", "[](*)*", "<p></p>\n"},
        {"two of them", "[a](http://b/**c) d** *e*", "<p><a href=\"http://b/**c\"" REL "a</a> d <em>e</em></p>\n"},
        {"closed in an address", "~~a [b](http://c/~~d) e\n\nf",
         "<p><del>a <a href=\"http://c/~~d\"" REL "b</a> e</del></p>\n<p>f</p>\n"},
        {"within a list", "- [a](http://b/*c) d*\n- e", "<ul>\n<li><a href=\"http://b/*c\"" REL "a</a> d</li>\n<li>e</li>\n</ul>\n"},
        {"within emphasis", "**[a](http://b/*c) d* e**", "<p><strong><a href=\"http://b/*c\"" REL "a</a> d e</strong></p>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

/* Whether every "<" begins a tag that we write. */
static bool only_our_tags(const char *html)
{
    static const char *const names[] = {
        "a href=\"http://",
        "p>",
        "br>",
        "h3>",
        "h4>",
        "ul>",
        "ol",
        "li>",
        "li class=\"task\">",
        "blockquote>",
        "input type",
        "pre tabindex=\"0\">",
        "em>",
        "hr>",
        "th ",
        "td",
        "strong>",
        "del>",
        "code",
        "div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table\">",
        "span class=\"math\">",
        "span class=\"math\" data-display>",
        "t",
    };

    for (const char *tag = html; (tag = strchr(tag, '<')); tag++) {
        bool ours = tag[1] == '/';

        for (size_t i = 0; i < LEN(names) && !ours; i++)
            ours = str_starts(tag + 1, names[i]);
        if (!ours)
            return false;
    }
    return true;
}

/* head, then body again and again, then tail as often, up to size bytes. */
static void check_bounded(const char *name, const char *head, const char *body, const char *tail, size_t size)
{
    struct buf text;
    size_t unit = strlen(body) + strlen(tail);

    buf_init(&text, size + 64);
    buf_str(&text, head);
    for (size_t i = 0; i < size / unit; i++)
        buf_str(&text, body);
    for (size_t i = 0; i < size / unit && *tail; i++)
        buf_str(&text, tail);

    const char *html = render(text.data, text.len);

    ROW_ASSERT(name, !text.failed && strcmp(html, "(failed)") != 0);
    ROW_ASSERT(name, strlen(html) <= 8 * text.len + (64 << 10) && only_our_tags(html));
    buf_release(&text);
}

static void test_hostile(void)
{
    // clang-format off
    static const struct {
        const char *name, *head, *body, *tail;
    } rows[] = {
        {"quotes", "", "> ", ""},
        {"quotes in lists", "", ">- ", ""},
        {"lists in lists", "a\n\n", "- + ", ""},
        {"lists in lists, then blank lines", "", "- ", "\n"},
        {"brackets", "", "[", ""},
        {"brackets closed", "", "[", "]"},
        {"links in links", "", "[", "](http://b)"},
        {"images in images", "", "![", "](http://b)"},
        {"broken images", "", "![[]()", ""},
        {"links over many lines", "", "[a\n](b\n", ""},
        {"titles that do not end", "", "[a](b \"", ""},
        {"emphasis nested", "", "*a **a ", " a** a*"},
        {"emphasis crossed", "", "*a_ ", ""},
        {"emphasis opened", "", "_a ", ""},
        {"emphasis of three", "a**b", "c* ", ""},
        {"stars", "", "*", ""},
        {"tildes", "", "~~a~b", ""},
        {"tildes opened, then closed", "", "~a ", " a~"},
        {"brackets on many lines", "", "[a]\n", ""},
        {"brackets opened over many lines, then closed", "", "[a\n", "]("},
        {"backticks", "", "`", "``\\"},
        {"at signs", "", "a@", ""},
        {"angle brackets", "", "<a:", ""},
        {"ampersands", "", "&", ";"},
        {"quotation marks", "", "\"\n\n", ""},
        {"control characters", "", "\x01\x7F", ""},
        {"pipes", "", "|", "\n|-"},
        {"wide table", "", "|a", "\n|---"},
        {"table of many rows", "a|b|c|d|e|f|g|h\n---|---|---|---|---|---|---|---\n", "x\n", ""},
        {"table of many rows that end in CR", "a|b|c|d|e|f|g|h\n---|---|---|---|---|---|---|---\n", "x\r", ""},
        {"a reference used often", "[a]: http://b\n\n", "[a] ", ""},
        {"references that are not there", "[a]: http://b\n\n", "[c] ", ""},
        {"definitions", "", "[a]: http://b\n", "[a]"},
        {"a long reference used often", "[a]: http://b", "c", " [a]"},
        {"a long title used often", "[a]: http://b \"", "c\n", "\"\n\n[a]"},
        {"fences", "", "```\n", ""},
        {"headings", "", "# a\n", ""},
        {"tabs", "", "\t", "- a\n"},
        {"dollars", "", "$", ""},
        {"dollars apart", "", "$ ", ""},
        {"pairs of dollars", "", "$$\n", ""},
        {"little formulas", "", "$x$ ", ""},
        {"little formulas of quotation marks", "", "\\[\"\\]", ""},
        {"formulas opened", "", "\\(", ""},
        {"formulas opened over lines", "", "\\[\n", ""},
        {"formulas opened, then closed", "", "\\[a\n", "\\]"},
        {"formulas of all kinds", "", "\\( \\[ $$ $", "\\) \\] $$ $"},
        {"formulas in quotes", ">>>>>>>>", "\\[\n>\\] ", ""},
        {"a line of quotes, then formulas", ">>>>>>>>>>>>>>>>", "$x$ \\[a\nb\\] ", ""},
        {"a reference to a long formula", "[a]: http://b/\\[c", "c", " \\]\n\n[a]"},
        {"a formula in an address used often", "[a]: <x$$ccccccccccccccccccccccccccccccccccccccccccccc$$>\n\n", "[a] ", ""},
        {"private-use characters", "", "\U000F0000", ""},
        {"private-use characters in formulas", "", "$\U000F0000$ \U0010FFFF", ""},
        {"backslashes", "", "\\", ""},
        {"rows of a matrix", "\\[", "a & b \\\\\n", ""},
    };
    // clang-format on

    for (size_t i = 0; i < LEN(rows); i++) {
        check_bounded(rows[i].name, rows[i].head, rows[i].body, rows[i].tail, 32 << 10);
        check_bounded(rows[i].name, rows[i].head, rows[i].body, rows[i].tail, 250 << 10);
        check_bounded(rows[i].name, rows[i].head, rows[i].body, rows[i].tail, 300 << 10);
    }
}

static void test_growing_backticks(void)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    for (size_t n = 1; text.len < 200 << 10; n++) {
        buf_char(&text, 'e');
        for (size_t i = 0; i < n; i++)
            buf_char(&text, '`');
    }
    CU_ASSERT_EQUAL(strlen(render(text.data, text.len)), text.len + strlen("<p></p>\n"));
    buf_release(&text);
}

/* A text that costs too much is given as it was typed, in paragraphs. */
static void test_plain(void)
{
    static const struct example rows[] = {
        {"paragraphs", "*a*\n<b>\n\n \t\n\nc\n", "<p>*a*<br>\n&lt;b&gt;</p>\n<p>c</p>\n"},
        {"line ends of Windows", "*a*\r\nb\r\n\r\nc", "<p>*a*<br>\nb</p>\n<p>c</p>\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf text;
        size_t n = strlen(rows[i].text);

        buf_init(&text, 1 << 20);
        buf_append(&text, rows[i].text, n);
        while (text.len <= MARKDOWN_MAX_BYTES)
            buf_str(&text, "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n");
        ROW_ASSERT(rows[i].name, str_eq(render(text.data, text.len), rows[i].want));
        buf_release(&text);
    }
}

/* Spans within spans are counted: a browser would have to keep them all open. */
static void test_deep_spans(void)
{
    struct buf text;

    buf_init(&text, 4096);
    for (int i = 0; i < 65; i++)
        buf_str(&text, i % 2 ? "_a " : "*a ");
    for (int i = 65; i-- > 0;)
        buf_str(&text, i % 2 ? " a_" : " a*");
    CU_ASSERT(str_starts(render(text.data, text.len), "<p>*a _a "));
    CU_ASSERT(str_starts(render(text.data + 3, text.len - 6), "<p><em>a <em>a "));
    buf_release(&text);
}

/* An ordinary reply is far from every limit, also when it is long. */
static void test_long_reply(void)
{
    static const char part[] =
        "## Part\n\nSome **text** with a [link](https://a.example) and `code`.\n\n- one\n  - two\n    1. three\n\n"
        "| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n\n```c\nint x[3] = {0}; /* [a]: b */\n```\n\n";
    struct buf text;

    buf_init(&text, 1 << 20);
    while (text.len < 100 << 10)
        buf_str(&text, part);

    const char *html = render(text.data, text.len);

    CU_ASSERT_PTR_NOT_NULL(strstr(html, "<h4>Part</h4>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(html, "<table>"));
    CU_ASSERT_PTR_NULL(strstr(html, "**"));
    buf_release(&text);
}

SUITE(markdown, {"blocks", test_blocks}, {"spans", test_spans}, {"links", test_links}, {"attacks", test_attacks},
      {"NUL and broken UTF-8", test_encoding}, {"cut anywhere", test_cut_anywhere},
      {"unpaired spans", test_unpaired_spans}, {"hostile texts", test_hostile},
      {"growing backticks", test_growing_backticks}, {"too costly: plain", test_plain},
      {"spans too deep: plain", test_deep_spans}, {"a long reply", test_long_reply});
