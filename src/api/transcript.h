/* A conversation as it is kept (doc/api-pages.md 3.2). */
#ifndef API_TRANSCRIPT_H
#define API_TRANSCRIPT_H

#include "colloquy/api.h"

struct transcript {
    const struct ai_experience_row *experience;
    const struct conversation_row *conversation;
    struct course_names course;
    struct student_row student;
    struct message_list messages;
    struct progress progress;
};

/* ---- transcript_markdown.c ---- */

/*
 * All of it to be read. Messages have the numbers of their places, which the opening one, that is left out, does not
 * take from them. What was said stands in quotations: nothing in it can be taken for a heading of ours.
 */
enum cq_status write_transcript_markdown(struct cq_ctx *ctx, struct buf *out, const struct transcript *t) MUST_USE;

/*
 * UTF-8 as a quotation, every line of it, whatever ends its lines; a < that could begin a tag, which could end the
 * quotation, is written as an entity. Source: CommonMark 0.30, sections 5.1 and 6.6.
 */
void markdown_quote(struct buf *out, const char *text);

/* UTF-8 within a line, behind something else: as it is, with nothing in it that Markdown would read as more than text. */
void markdown_plain(struct buf *out, const char *text);

#endif
