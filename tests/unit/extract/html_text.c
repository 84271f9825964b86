#include "extract/text.h"

#include "unit.h"

static void test_text(void)
{
    static const struct {
        const char *name, *html, *want;
    } rows[] = {
        {"words", "one <b>two</b> th<i>re</i>e", "one two three"},
        {"white space", "  one\n\t two \r\n", "one two"},
        {"paragraphs", "<p>one</p>\n<p>two", "one\n\ntwo"},
        {"lines", "one<br>two<div>three</div>four", "one\ntwo\nthree\nfour"},
        {"a heading", "<h1>One</h1>two", "One\n\ntwo"},
        {"a list", "<ul><li>one<li>two</ul>three", "one\ntwo\n\nthree"},
        {"a table", "<table><tr><th>a<th>b<tr><td>1</td><td>2</td></table>", "a b\n1 2"},
        {"text as it is set", "<pre>a\n  b\n\n\nc</pre>d  e", "a\nb\n\nc\n\nd e"},
        {"the title", "<html><head><title>T</title></head><body>b", "T\n\nb"},
        {"a script", "a<script>if (x < 1) alert('</p>')</script>b", "a b"},
        {"a script in capitals", "a<SCRIPT type=x>evil</sCript >b", "a b"},
        {"a script that does not end", "a<script>evil</scripty>evil", "a"},
        {"a script's name within a name", "a<scripted>b</scripted>", "ab"},
        {"styles", "<style>p > b { color: red }</style>a", "a"},
        {"a template", "<template><p>evil</template>a", "a"},
        {"a comment", "a<!-- <p>evil --> b", "a b"},
        {"an empty comment", "a<!-->b", "ab"},
        {"a comment that does not end", "a<!-- evil", "a"},
        {"a declaration", "<!DOCTYPE html><?xml evil?>a", "a"},
        {"a value with a bracket", "a<img alt=\"1 > 0\" title='>'>b", "ab"},
        {"a quotation mark that is no value's", "a<p it's>b", "a\n\nb"},
        {"a value that does not end", "a<a href=\"b>c</a>", "a"},
        {"less than", "1 < 2 and 3<4", "1 < 2 and 3<4"},
        {"an end without a name", "a</ evil>b", "ab"},
        {"the last byte", "a<", "a<"},
        {"references", "&lt;b&gt; &amp;amp; &quot;q&quot;&apos;", "<b> &amp; \"q\"'"},
        {"named letters", "&Uuml;&szlig;&yuml;&Omega;&omega;&euro;&rsquo;&hellip;&le;&rang;",
         "Üßÿ"
         "Ωω€’…≤⟩"},
        {"numbers", "&#65;&#x42;&#X1f600;", "AB😀"},
        {"a number of Windows", "&#128;&#x99;", "€™"},
        {"numbers of nothing", "&#0;&#xd800;&#1114112;&#99999999999;",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"no references", "a & b &; &x; &#; &#x; &amp &notaname;", "a & b &; &x; &#; &#x; &amp &notaname;"},
        {"blanks that are references", "a&nbsp;&#10;&#32;b", "a  b"},
        {"a place to break a word", "dis&shy;tance", "distance"},
        {"control characters", "a&#1;b", "ab"},
        {"nothing", "", ""},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf out;

        buf_init(&out, 1024);
        html_text(rows[i].html, strlen(rows[i].html), &out);
        ROW_ASSERT(rows[i].name, str_eq(out.data, rows[i].want));
        buf_release(&out);
    }
}

/* What is already there is no text that a paragraph would have to be set apart from. */
static void test_appended(void)
{
    struct buf out;

    buf_init(&out, 1024);
    buf_str(&out, "before:");
    html_text("<p>a<p>b", 8, &out);
    ASSERT_TEXT(out.data, "before:a\n\nb");
    buf_release(&out);
}

SUITE(html_text, {"text", test_text}, {"appended", test_appended});
