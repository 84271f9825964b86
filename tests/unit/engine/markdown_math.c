/* Mathematics in Markdown: what is taken for it, what is not, and that nothing of a text is lost or forged. */
#include <stdlib.h>

#include "engine/markdown.h"
#include "engine/markdown_math.h"
#include "unit.h"

#define MATH    "<span class=\"math\">"
#define DISPLAY "<span class=\"math\" data-display>"
#define END     "</span>"
#define CODE    "<pre tabindex=\"0\"><code>"
#define REL     " rel=\"noopener nofollow ugc\">"

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
    for (size_t i = 0; i < n; i++) {
        ROW_ASSERT(rows[i].name, str_eq(render(rows[i].text, strlen(rows[i].text)), rows[i].want));
    }
}

static void test_marks(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"round", "a \\(x_1 * y_1 * z\\) b", "<p>a " MATH "x_1 * y_1 * z" END " b</p>\n"},
        {"square", "\\[a \\\\ b\\]", "<p>" DISPLAY "a \\\\ b" END "</p>\n"},
        {"dollar", "the $n_0$, $a*b*c$.", "<p>the " MATH "n_0" END ", " MATH "a*b*c" END ".</p>\n"},
        {"two dollars", "$$x^2$$", "<p>" DISPLAY "x^2" END "</p>\n"},
        {"over lines", "so\n\\[\nx\n= y\n- z\n\\]\nb", "<p>so\n" DISPLAY "\nx\n= y\n- z\n" END "\nb</p>\n"},
        {"two dollars over lines", "$$\n# x\n===\n$$", "<p>" DISPLAY "\n# x\n===\n" END "</p>\n"},
        {"over lines of Windows", "\\[\r\nx\r\n\\]", "<p>" DISPLAY "\r\nx\r\n" END "</p>\n"},
        {"escaped in HTML", "\\(a<b & c>\"d\"\\)", "<p>" MATH "a&lt;b &amp; c&gt;&quot;d&quot;" END "</p>\n"},
        {"a tag", "$$</span><script>$$", "<p>" DISPLAY "&lt;/span&gt;&lt;script&gt;" END "</p>\n"},
        {"an entity", "\\(&lt;\\)", "<p>" MATH "&amp;lt;" END "</p>\n"},
        {"a dollar within", "$\\$5 + x$ $$\\$$$ \\($5\\)",
         "<p>" MATH "\\$5 + x" END " " DISPLAY "\\$" END " " MATH "$5" END "</p>\n"},
        {"inline within display", "\\[\\text{if \\(x\\), $y$}\\]", "<p>" DISPLAY "\\text{if \\(x\\), $y$}" END "</p>\n"},
        {"beside Chinese", "\u8BBE$x$\u4E3A", "<p>\u8BBE" MATH "x" END "\u4E3A</p>\n"},
        {"in brackets and before marks", "($x$), $y$-axis: \"$z$\"",
         "<p>(" MATH "x" END "), " MATH "y" END "-axis: &quot;" MATH "z" END "&quot;</p>\n"},
        {"numbers", "$5$ and $-3$ and $2x$ and $3 x$ and $2ab$",
         "<p>" MATH "5" END " and " MATH "-3" END " and " MATH "2x" END " and " MATH "3 x" END " and " MATH "2ab" END "</p>\n"},
        {"in emphasis", "**$x$** *a \\(b\\)*", "<p><strong>" MATH "x" END "</strong> <em>a " MATH "b" END "</em></p>\n"},
        {"in a heading", "# On $x$", "<h3>On " MATH "x" END "</h3>\n"},
        {"in a list", "- $x$\n- \\[\n  y\n  \\]\n- z",
         "<ul>\n<li>" MATH "x" END "</li>\n<li>" DISPLAY "\n  y\n  " END "</li>\n<li>z</li>\n</ul>\n"},
        {"in a quote over lines", "> \\[\n> x > y\n>> z\n> \\]\n\nb",
         "<blockquote>\n<p>" DISPLAY "\nx &gt; y\n&gt; z\n" END "</p>\n</blockquote>\n<p>b</p>\n"},
        {"a bar in a cell", "$|a|$|b\n---|---\n\\(c|d\\)|$e$",
         "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table\">\n<table>\n<thead>\n<tr>\n"
         "<th scope=\"col\">" MATH "|a|" END "</th>\n<th scope=\"col\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n"
         "<td>" MATH "c|d" END "</td>\n<td>" MATH "e" END "</td>\n</tr>\n</tbody>\n</table>\n</div>\n"},
        {"in the text of a link", "[$x$](http://b) ![\\(y\\)](http://c)",
         "<p><a href=\"http://b\"" REL MATH "x" END "</a> <a href=\"http://c\"" REL MATH "y" END "</a></p>\n"},
        {"first and last", "\\(a\\)\n\n\\(b\\)", "<p>" MATH "a" END "</p>\n<p>" MATH "b" END "</p>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

static void test_no_math(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"money", "$5 and $6", "<p>$5 and $6</p>\n"},
        {"money before money", "$5,$6 and $7-$8", "<p>$5,$6 and $7-$8</p>\n"},
        {"money, marked behind", "$5 or 6$, $5/month or 10$", "<p>$5 or 6$, $5/month or 10$</p>\n"},
        {"money, then a formula", "$5 for $x$", "<p>$5 for " MATH "x" END "</p>\n"},
        {"other countries' money", "US$5 to A$6", "<p>US$5 to A$6</p>\n"},
        {"letter before", "a$x$", "<p>a$x$</p>\n"},
        {"letter behind", "$x$b", "<p>$x$b</p>\n"},
        {"digit behind", "$x$5", "<p>$x$5</p>\n"},
        {"blank within", "$ x$ $x $", "<p>$ x$ $x $</p>\n"},
        {"variables", "$HOME/$USER", "<p>$HOME/$USER</p>\n"},
        {"over a line", "$x\ny$ \\(x\ny\\)", "<p>$x\ny$ (x\ny)</p>\n"},
        {"backtick", "$a`b$", "<p>$a`b$</p>\n"},
        {"escaped", "\\$x$ \\\\(a\\\\) \\\\[b\\\\]", "<p>$x$ \\(a\\) \\[b\\]</p>\n"},
        {"not closed", "\\(x \\[y $$z $q", "<p>(x [y $$z $q</p>\n"},
        {"not opened", "x\\) y\\] z$$ q$", "<p>x) y] z$$ q$</p>\n"},
        {"opened twice", "\\(a \\(b\\)", "<p>(a " MATH "b" END "</p>\n"},
        {"empty", "\\(\\) \\[ \\] $$ $$ $$", "<p>() [ ] $$ $$ $$</p>\n"},
        {"more dollars", "$$$x$$$ $$$$", "<p>$$$x$$$ $$$$</p>\n"},
        {"over a blank line", "\\[a\n\nb\\]", "<p>[a</p>\n<p>b]</p>\n"},
        {"over a line of blanks", "$$a\n \t\nb$$", "<p>$$a</p>\n<p>b$$</p>\n"},
        {"over a blank line of a quote", "> \\[a\n>\n> b\\]", "<blockquote>\n<p>[a</p>\n<p>b]</p>\n</blockquote>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

/* What a program's source, an address or a title holds is none, and stands there as it was written. */
static void test_verbatim(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"code", "`$x$` ``\\(a\\)``", "<p><code>$x$</code> <code>\\(a\\)</code></p>\n"},
        {"from code to code", "`\\[` and `\\]`, `$$` `$$`",
         "<p><code>\\[</code> and <code>\\]</code>, <code>$$</code> <code>$$</code></p>\n"},
        {"from text into code", "\\(a `\\)` $b `$`", "<p>(a <code>\\)</code> $b <code>$</code></p>\n"},
        {"code behind a formula", "\\(a\\) `$x$`", "<p>" MATH "a" END " <code>$x$</code></p>\n"},
        {"code over lines", "`a\n\\(b\\)`", "<p><code>a \\(b\\)</code></p>\n"},
        {"fence", "```\n$x$\n\\[\ny\n\\]\n```", CODE "$x$\n\\[\ny\n\\]\n</code></pre>\n"},
        {"fence that is not closed", "~~~\n$x$", CODE "$x$\n</code></pre>\n"},
        {"fence in a list", "- ```\n  \\[\n  x\n  \\]\n  ```\n\n$y$",
         "<ul>\n<li>" CODE "\\[\nx\n\\]\n</code></pre>\n</li>\n</ul>\n<p>" MATH "y" END "</p>\n"},
        {"fence in a quote that ends it", "> ```\n> $x$\n\n$y$",
         "<blockquote>\n" CODE "$x$\n</code></pre>\n</blockquote>\n<p>" MATH "y" END "</p>\n"},
        {"from before a fence into it", "\\[\n```\n\\]\n```", "<p>[</p>\n" CODE "\\]\n</code></pre>\n"},
        {"indented code", "    \\[\n      x\n    \\]\n\n\\[\n      y\n    \\]",
         CODE "\\[\n  x\n\\]\n</code></pre>\n<p>" DISPLAY "\n      y\n    " END "</p>\n"},
        {"address", "[a](http://b/$c$?\\[d\\])", "<p><a href=\"http://b/$c$?\\[d\\]\"" REL "a</a></p>\n"},
        {"address in angle brackets", "<http://b/?c=$d$>",
         "<p><a href=\"http://b/?c=$d$\"" REL "http://b/?c=$d$</a></p>\n"},
        {"title", "[a](http://b \"$c$ & \\\\(d\\\\)\")", "<p><a href=\"http://b\" title=\"$c$ &amp; \\(d\\)\"" REL "a</a></p>\n"},
        {"by reference", "[a]\n\n[a]: http://b/$c$ '$d$'", "<p><a href=\"http://b/$c$\" title=\"$d$\"" REL "a</a></p>\n"},
        {"an address that is read with escapes", "[a](http://b/\\*$c$)", "<p><a href=\"http://b/*$c$\"" REL "a</a></p>\n"},
        {"a title with an entity", "[a](http://b '&lt;$c$ \"')",
         "<p><a href=\"http://b\" title=\"&lt;$c$ &quot;\"" REL "a</a></p>\n"},
        {"a link only without its formula", "[a](http://b/\\\\$c d\"e$)", "<p><a href=\"http://b/\\$cd&quot;e$\"" REL "a</a></p>\n"},
        {"no scheme by a formula", "[a](\\*$javascript:b$)", "<p>a</p>\n"},
        {"language", "```$x$\na\n```", CODE "a\n</code></pre>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

/* Characters that could be taken for our placeholders are the text's own wherever it holds them. */
static void test_forged(void)
{
    // clang-format off
    static const struct example rows[] = {
        {"alone", "\U000F0000 \U0010FFFF", "<p>\U000F0000 \U0010FFFF</p>\n"},
        {"beside a formula", "$x$ \U000F0000 \U000F0001", "<p>" MATH "x" END " \U000F0000 \U000F0001</p>\n"},
        {"in a formula", "\\(\U000F0000\\) $y$", "<p>" MATH "\U000F0000" END " " MATH "y" END "</p>\n"},
        {"escaped", "$x$ \\\U000F0000", "<p>" MATH "x" END " \\\U000F0000</p>\n"},
        {"in code", "$x$ `\U000F0000`\n\n    \U000F0000", "<p>" MATH "x" END " <code>\U000F0000</code></p>\n" CODE "\U000F0000\n</code></pre>\n"},
        {"in an address", "$x$ [a](http://b/\U000F0000 '\U000F0000')",
         "<p>" MATH "x" END " <a href=\"http://b/\U000F0000\" title=\"\U000F0000\"" REL "a</a></p>\n"},
        {"by number", "$x$ &#xF0000; [a](http://b/&#xF0000; '&#xF0000;')",
         "<p>" MATH "x" END " \U000F0000 <a href=\"http://b/\U000F0000\" title=\"\U000F0000\"" REL "a</a></p>\n"},
        {"of the other private area", "$x$ \uE000\uF8FF", "<p>" MATH "x" END " \uE000\uF8FF</p>\n"},
    };
    // clang-format on

    check_examples(rows, LEN(rows));
}

/* n characters between the marks, each of them of three bytes. */
static bool is_taken(size_t n)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_str(&text, "\\[");
    for (size_t i = 0; i < n; i++)
        buf_str(&text, "\u2200");
    buf_str(&text, "\\]");

    bool is_math = strstr(render(text.data, text.len), DISPLAY) != NULL;

    buf_release(&text);
    return is_math;
}

static void test_longest(void)
{
    CU_ASSERT(is_taken(MARKDOWN_MATH_MAX_CHARS));
    CU_ASSERT(!is_taken(MARKDOWN_MATH_MAX_CHARS + 1));
}

/* More pieces than the placeholders of one plane, each put back where it was. */
static void test_very_many(void)
{
    struct buf text;
    struct markdown_math math;
    const char *at;
    size_t len, n = 0;
    struct math_part part;

    buf_init(&text, MARKDOWN_MAX_BYTES);
    while (text.len < MARKDOWN_MAX_BYTES - 4)
        buf_str(&text, n++ % 2 ? "$x$\n" : "$y$\n");
    CU_ASSERT(markdown_math_take(&math, text.data, text.len, 0));
    at = math.text.data, len = math.len;
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_FATAL(markdown_math_next(&math, &at, &len, &part));
        CU_ASSERT_FATAL(part.kind == MATH_INLINE && part.len == 3 && part.text == text.data + 4 * i);
        CU_ASSERT_FATAL(markdown_math_next(&math, &at, &len, &part) && part.kind == MATH_NONE);
    }
    markdown_math_release(&math);
    buf_release(&text);
}

/* The end of the text is the end of what is read: the sanitizer watches. */
static void test_cut_anywhere(void)
{
    static const char text[] = "> \\[x\n> y\\] \\(a\\) `$` $b$ $$c$$\n\n```\n$d$\n```\n[e](http://f/$g$) \U000F0000 \\";

    for (size_t len = 0; len < sizeof(text); len++) {
        char *exact = malloc(len ? len : 1);

        memcpy(exact, text, len);
        CU_ASSERT(!utf8_valid(exact, len) || strcmp(render(exact, len), "(failed)") != 0);
        free(exact);
    }
}

SUITE(markdown_math, {"marks", test_marks}, {"no mathematics", test_no_math}, {"verbatim", test_verbatim},
      {"forged placeholders", test_forged}, {"the longest", test_longest}, {"very many", test_very_many},
      {"cut anywhere", test_cut_anywhere});
