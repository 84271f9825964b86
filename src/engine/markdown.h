/*
 * Markdown, as models write it, to HTML that is safe to put into a page.
 *
 * Every tag in the answer is one of ours; whatever the text holds beside Markdown, raw HTML included, comes out as
 * text.
 */
#ifndef COLLOQUY_ENGINE_MARKDOWN_H
#define COLLOQUY_ENGINE_MARKDOWN_H

#include "colloquy/base.h"

enum { MARKDOWN_MAX_BYTES = 256 << 10 };

/*
 * Render text[0..len), well-formed UTF-8, to a fragment of HTML in ctx->arena.
 *
 * CommonMark with tables, strikethrough and task lists. Headings begin at h3, since a page has its own h1 and h2.
 * Links go to http, https and mailto and nowhere else: of any other link, relative ones too, only the text remains.
 * An image becomes a link to it, so that reading a reply never asks another server for anything. Mathematics
 * (markdown_math.h) becomes <span class="math">, and on a line of its own <span class="math" data-display>, with its TeX as
 * text. Code and tables, which may be wider than the page, can be scrolled by keyboard.
 *
 * The same text always gives the same HTML, in time linear in len, of at most 8 * len + 64 KiB. A text longer than
 * MARKDOWN_MAX_BYTES, or one built to be expensive, is given as plain paragraphs instead.
 *
 * CQ_INVALID_ENCODING: not UTF-8. CQ_INTERNAL: the arena is full.
 * Source: CommonMark 0.30; GitHub Flavored Markdown 0.29, the three extensions.
 */
enum cq_status markdown_html(struct cq_ctx *ctx, const char *text, size_t len, const char **out) MUST_USE;

#endif
