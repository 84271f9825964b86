/* HTML as markdown_html() may write it: what a page can take without looking at it again. */
#ifndef TESTS_FUZZ_HTML_H
#define TESTS_FUZZ_HTML_H

/*
 * CHECKs that every tag is one of ours with our attributes, each is closed in its turn, no anchor stands within
 * another, addresses begin with http://, https:// or mailto:, and everything else is text.
 */
void check_html(const char *html);

#endif
